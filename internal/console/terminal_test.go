//go:build unix

package console_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/spotauth/spotauth/internal/console"
	"golang.org/x/term"
)

// patience is how long a test waits for what must happen. What must be quick is measured by
// endsSoon.
const patience = 30 * time.Second

// screen is a real pseudo-terminal with a person in front of it.
type screen struct {
	t       *testing.T
	keys    *os.File // the person's side
	tty     *os.File // the program's side
	mu      sync.Mutex
	shown   []byte
	changed chan struct{}
}

func newScreen(t *testing.T) *screen {
	t.Helper()
	keys, tty, err := pty.Open()
	if err != nil {
		t.Skipf("no pseudo-terminal: %v", err)
	}
	s := &screen{t: t, keys: keys, tty: tty, changed: make(chan struct{}, 1)}
	go func() {
		for buf := make([]byte, 4096); ; {
			n, err := keys.Read(buf)
			if err != nil {
				return
			}
			s.mu.Lock()
			s.shown = append(s.shown, buf[:n]...)
			s.mu.Unlock()
			select {
			case s.changed <- struct{}{}:
			default:
			}
		}
	}()
	t.Cleanup(func() { tty.Close(); keys.Close() })
	return s
}

func (s *screen) console() *console.Console { return console.New(s.tty, s.tty, s.tty) }

func (s *screen) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(s.shown)
}

// see waits until want was shown.
func (s *screen) see(want string) {
	s.t.Helper()
	for end := time.After(patience); !strings.Contains(s.text(), want); {
		select {
		case <-s.changed:
		case <-end:
			s.t.Fatalf("the screen shows %q, never %q", s.text(), want)
		}
	}
}

func (s *screen) typeKeys(keys string) {
	s.t.Helper()
	if _, err := io.WriteString(s.keys, keys); err != nil {
		s.t.Fatal(err)
	}
}

// modes is the terminal's state, to be compared.
func (s *screen) modes() string {
	s.t.Helper()
	state, err := term.GetState(int(s.tty.Fd()))
	if err != nil {
		s.t.Fatal(err)
	}
	return fmt.Sprintf("%+v", *state)
}

// settle waits for all that was written so far to be on the screen.
func (s *screen) settle() string {
	s.t.Helper()
	const mark = "<end>"
	if _, err := io.WriteString(s.tty, mark); err != nil {
		s.t.Fatal(err)
	}
	s.see(mark)
	return strings.TrimSuffix(s.text(), mark)
}

type answer struct {
	line string
	err  error
}

// asked asks in the background, as the program does while it waits for the browser.
func asked(ctx context.Context, ask func(context.Context, string) (string, error)) chan answer {
	done := make(chan answer, 1)
	go func() {
		line, err := ask(ctx, "paste it: ")
		done <- answer{line, err}
	}()
	return done
}

func (s *screen) expect(done chan answer, line string, err error) {
	s.t.Helper()
	select {
	case a := <-done:
		if a.line != line || !errors.Is(a.err, err) {
			s.t.Errorf("answer %q, %v; want %q, %v", a.line, a.err, line, err)
		}
	case <-time.After(patience):
		s.t.Fatalf("no answer; the screen shows %q", s.text())
	}
}

func TestATerminalIsFound(t *testing.T) {
	s := newScreen(t)
	c := s.console()
	if !c.InIsTerminal || !c.OutIsTerminal || !c.ErrIsTerminal || !c.Color {
		t.Errorf("in %t, out %t, err %t, color %t; want all", c.InIsTerminal, c.OutIsTerminal, c.ErrIsTerminal, c.Color)
	}
	for columns, want := range map[uint16]int{40: 40, 80: 80, 200: 200, 0: 80} {
		if err := pty.Setsize(s.keys, &pty.Winsize{Rows: 24, Cols: columns}); err != nil {
			t.Fatal(err)
		}
		if got := c.Width(); got != want {
			t.Errorf("with %d columns Width is %d, want %d", columns, got, want)
		}
	}
}

func TestWrappedTextStaysInItsColumn(t *testing.T) {
	s := newScreen(t)
	if err := pty.Setsize(s.keys, &pty.Winsize{Rows: 24, Cols: 30}); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"one two three four five six":              "one two three four\n        five six",
		"in ~/.local/state/spotauth/logins/a.json": "in\n        ~/.local/state/spotaut\n        h/logins/a.json",
		"東京ナイトクラブ東京ナイトクラブ":                         "東京ナイトクラブ東京ナ\n        イトクラブ",
		"~/.local/state/spotaut":                   "~/.local/state/spotaut",
	} {
		if got := s.console().Wrap(text, 8); got != want {
			t.Errorf("%q is wrapped as\n%q, want\n%q", text, got, want)
		}
	}
}

// O-04: stdout on a terminal is safe. RawOut stays raw.
func TestStdoutOnATerminalIsSafe(t *testing.T) {
	s := newScreen(t)
	c := s.console()
	fmt.Fprint(c.Out, "a\x1b]52;c;eA==\a\u202eb\n")
	fmt.Fprint(c.RawOut, "\x1b[1mhead\x1b[0m\n")
	want := `a\u001b]52;c;eA==\u0007\u202eb` + "\r\n\x1b[1mhead\x1b[0m\r\n"
	if got := s.settle(); got != want {
		t.Errorf("screen %q, want %q", got, want)
	}
}

func TestAskShowsWhatIsTyped(t *testing.T) {
	s := newScreen(t)
	done := asked(t.Context(), s.console().Ask)
	s.see("paste it: ")
	s.typeKeys("Sigur Rós\n")
	s.expect(done, "Sigur Rós", nil)
	if got, want := s.settle(), "paste it: Sigur Rós\r\n"; got != want {
		t.Errorf("screen %q, want %q", got, want)
	}
}

// L-01: a pasted address holds the code: it must not stay on the screen.
func TestAskSecretShowsNothing(t *testing.T) {
	s := newScreen(t)
	before := s.modes()
	done := asked(t.Context(), s.console().AskSecret)
	s.see("paste it: ")
	s.waitForEchoOff(before)
	s.typeKeys("http://127.0.0.1/callback?code=AQD\n")
	s.expect(done, "http://127.0.0.1/callback?code=AQD", nil)
	if got, want := s.settle(), "paste it: \r\n"; got != want {
		t.Errorf("screen %q, want %q", got, want)
	}
	if after := s.modes(); after != before {
		t.Errorf("the terminal is left as %s, was %s", after, before)
	}
}

func (s *screen) waitForEchoOff(before string) {
	s.t.Helper()
	for end := time.Now().Add(patience); s.modes() == before; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatal("the echo stays on")
		}
	}
}

// L-18: when the browser was faster, or on Ctrl-C, the prompt ends at once, the terminal is
// as before, and the next line belongs to the next reader.
func TestACanceledPromptEndsAtOnceAndTakesNothing(t *testing.T) {
	for _, name := range []string{"Ask", "AskSecret"} {
		t.Run(name, func(t *testing.T) {
			endsSoon(t, func() time.Duration {
				s := newScreen(t)
				c := s.console()
				ask := map[string]func(context.Context, string) (string, error){"Ask": c.Ask, "AskSecret": c.AskSecret}[name]
				before := s.modes()
				ctx, cancel := context.WithCancel(t.Context())
				done := asked(ctx, ask)
				s.see("paste it: ")
				if name == "AskSecret" {
					s.waitForEchoOff(before)
				}
				start := time.Now()
				cancel()
				s.expect(done, "", context.Canceled)
				took := time.Since(start)
				if after := s.modes(); after != before {
					t.Errorf("the terminal is left as %s, was %s", after, before)
				}
				s.see("paste it: \r\n") // the shell's prompt starts on a line of its own

				done = asked(t.Context(), c.Ask)
				s.typeKeys("next\n")
				s.expect(done, "next", nil)
				return took
			})
		})
	}
}

func TestAPromptIsNotShownWhenItsContextHasEnded(t *testing.T) {
	s := newScreen(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.expect(asked(ctx, s.console().Ask), "", context.Canceled)
	if got := s.settle(); got != "" {
		t.Errorf("screen %q, want nothing", got)
	}
}

// longestLine is how much the system takes before Enter, but for some.
func longestLine() int {
	if runtime.GOOS == "linux" {
		return 4000
	}
	return 1000
}

func TestPromptAnswers(t *testing.T) {
	rows := []struct {
		name, keys, line string
		err              error
	}{
		{"corrected with backspace", "abd\x7fc\n", "abc", nil},
		{"only Enter", "\n", "", nil},
		{"end of input", "\x04", "", io.EOF},
		{"end of input after text", "abc\x04\x04", "abc", nil},
		{"as long as a terminal's line gets", strings.Repeat("a", longestLine()) + "\n", strings.Repeat("a", longestLine()), nil},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			s := newScreen(t)
			done := asked(t.Context(), s.console().AskSecret)
			s.see("paste it: ")
			s.typeKeys(row.keys)
			s.expect(done, row.line, row.err)
		})
	}
}

// A second line that was pasted along is not lost.
func TestTwoPastedLinesAreTwoAnswers(t *testing.T) {
	s := newScreen(t)
	c := s.console()
	s.typeKeys("one\ntwo\n")
	s.expect(asked(t.Context(), c.Ask), "one", nil)
	s.expect(asked(t.Context(), c.Ask), "two", nil)
}

func TestAMessageDuringAPromptRepeatsThePrompt(t *testing.T) {
	s := newScreen(t)
	c := s.console()
	done := asked(t.Context(), c.Ask)
	s.see("paste it: ")
	c.Hint("look here")
	s.see("paste it: \r\nspotauth: hint: look here\r\npaste it: ")
	c.Progress("1 of 2") // would hide what is being typed
	s.typeKeys("x\n")
	s.expect(done, "x", nil)
	if got, want := s.settle(), "paste it: \r\nspotauth: hint: look here\r\npaste it: x\r\n"; got != want {
		t.Errorf("screen %q, want %q", got, want)
	}
}

// Nothing that is typed after a hidden prompt shows, so the prompt moves down instead of being
// repeated. One that is wider than the terminal cannot be taken back.
func TestAMessageDuringAHiddenPromptRedrawsIt(t *testing.T) {
	for _, row := range []struct {
		name    string
		columns uint16
		dumb    bool
		want    string
	}{
		{"", 80, false, "spotauth: hint: look here\npaste it:\n"},
		{"narrow", 9, false, "paste it:\nspotauth: hint: look here\npaste it:\n"},
		{"dumb", 80, true, "paste it:\nspotauth: hint: look here\npaste it:\n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newScreen(t)
			if err := pty.Setsize(s.keys, &pty.Winsize{Rows: 24, Cols: row.columns}); err != nil {
				t.Fatal(err)
			}
			c := s.console()
			c.Dumb = row.dumb
			before := s.modes()
			done := asked(t.Context(), c.AskSecret)
			s.see("paste it: ")
			s.waitForEchoOff(before)
			c.Hint("look here")
			s.typeKeys("x\n")
			s.expect(done, "x", nil)
			if got := picture(s.settle()); got != row.want {
				t.Errorf("the picture is %q, want %q", got, row.want)
			}
		})
	}
}

func TestProgressIsOneLineThatGoes(t *testing.T) {
	s := newScreen(t)
	if err := pty.Setsize(s.keys, &pty.Winsize{Rows: 24, Cols: 20}); err != nil {
		t.Fatal(err)
	}
	c := s.console()
	c.Progress("%d of %d", 150, 312)
	if got := picture(s.settle()); got != "150 of 312" {
		t.Errorf("the picture is %q", got)
	}
	s.restart()
	c.Progress("waiting 30 s for \x1bSpotify, which asked for it")
	if got := picture(s.settle()); got != `waiting 30 s for \…` {
		t.Errorf("the picture is %q: too wide for 20 columns", got)
	}
	c.Done()
	s.restart()
	c.Progress("椎名林檎")
	c.Warn("half way")
	fmt.Fprintln(c.Out, "data")
	c.Progress("done")
	c.Done()
	if got := picture(s.settle()); got != "spotauth: warning: half way\ndata\n" {
		t.Errorf("the picture is %q: the progress line has left something behind", got)
	}
}

// A note is for a person, so it goes to a terminal alone.
func TestNotesGoToATerminalAlone(t *testing.T) {
	s := newScreen(t)
	s.console().Note("wrote %d artists", 3)
	if got, want := s.settle(), "spotauth: wrote 3 artists\r\n"; got != want {
		t.Errorf("screen %q, want %q", got, want)
	}
	var err strings.Builder
	console.New(s.tty, s.tty, &err).Note("wrote %d artists", 3)
	if err.Len() > 0 {
		t.Errorf("stderr in a pipe %q, want nothing", err.String())
	}
}

// A ^C that the terminal has echoed behind the progress line goes with it.
func TestProgressTakesAnEchoWithIt(t *testing.T) {
	s := newScreen(t)
	c := s.console()
	c.Progress("250 of 500 artists")
	fmt.Fprint(s.tty, "^C")
	c.Done()
	if got := picture(s.settle()); got != "" {
		t.Errorf("the picture is %q", got)
	}
}

// A terminal that only prints, such as a shell in Emacs, would show each progress line.
func TestNoProgressOnADumbTerminal(t *testing.T) {
	s := newScreen(t)
	c := s.console()
	c.Dumb, c.Color = true, false
	c.Progress("%d of %d", 150, 312)
	c.Countdown("rate-limited; trying again", 1500*time.Millisecond)
	c.Done()
	if got, want := s.settle(), "spotauth: rate-limited; trying again in 2s\r\n"; got != want {
		t.Errorf("screen %q, want %q", got, want)
	}
}

func TestACountdownCountsUntilSomethingElseIsShown(t *testing.T) {
	s := newScreen(t)
	c := s.console()
	c.Countdown("trying again", 61500*time.Millisecond)
	s.see("trying again in 1m2s")
	s.see("trying again in 1m1s")
	s.see("trying again in 1m")
	c.Progress("1 of 2")
	s.see("1 of 2")
	s.restart()
	time.Sleep(1100 * time.Millisecond) // for a tick that must not come
	if got := s.settle(); got != "" {
		t.Errorf("the screen shows %q, though progress has replaced the countdown", got)
	}
}

// restart clears the screen for the next look.
func (s *screen) restart() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shown = nil
}

// picture is what a person sees: each carriage return writes over the line.
func picture(shown string) string {
	var lines []string
	for line := range strings.SplitSeq(strings.ReplaceAll(shown, "\r\n", "\n"), "\n") {
		var cells []rune
		for part := range strings.SplitSeq(line, "\r") {
			rest, erased := strings.CutPrefix(part, "\x1b[K")
			if erased {
				cells = nil
			}
			over := []rune(rest)
			if len(over) < len(cells) {
				over = append(over, cells[len(over):]...)
			}
			cells = over
		}
		lines = append(lines, strings.TrimRight(string(cells), " "))
	}
	return strings.Join(lines, "\n")
}

const childEnv = "SPOTAUTH_TEST_PROMPT"

// TestPromptChild is the program that TestCtrlC runs in a terminal of its own.
func TestPromptChild(t *testing.T) {
	if os.Getenv(childEnv) == "" {
		t.Skip("only runs as the child of TestCtrlC")
	}
	ctx, stop := signal.NotifyContext(t.Context(), os.Interrupt)
	defer stop()
	_, err := console.New(os.Stdin, os.Stdout, os.Stderr).AskSecret(ctx, "secret: ")
	fmt.Printf("ended: %v\n", err)
}

// L-18: a real Ctrl-C in a real terminal ends the prompt within 300 ms and
// leaves the echo on.
func TestCtrlC(t *testing.T) {
	endsSoon(t, func() time.Duration { return interruptPrompt(t) })
}

func interruptPrompt(t *testing.T) time.Duration {
	t.Helper()
	s := newScreen(t)
	before := s.modes()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestPromptChild$", "-test.timeout=30s")
	child.Env = append(os.Environ(), childEnv+"=1")
	child.Stdin, child.Stdout, child.Stderr = s.tty, s.tty, s.tty
	child.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	s.see("secret: ")
	s.waitForEchoOff(before)
	start := time.Now()
	s.typeKeys("half a secret\x03")
	s.see("ended: context canceled")
	took := time.Since(start)
	if err := child.Wait(); err != nil {
		t.Error(err)
	}
	if strings.Contains(s.text(), "half") {
		t.Errorf("the screen shows %q", s.text())
	}
	if runtime.GOOS != "linux" {
		return took // elsewhere the terminal ends with its session
	}
	if after := s.modes(); after != before {
		t.Errorf("the terminal is left as %s, was %s", after, before)
	}
	return took
}

// endsSoon checks that what f measures took no longer than a person notices. A
// busy machine may be late: the best of five tries counts.
func endsSoon(t *testing.T, f func() time.Duration) {
	t.Helper()
	best := time.Hour
	for range 5 {
		if best = min(best, f()); best < 300*time.Millisecond {
			return
		}
	}
	t.Errorf("it took %v to end", best)
}
