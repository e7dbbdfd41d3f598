package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode"

	"github.com/clipperhouse/displaywidth"
	"github.com/creack/pty"
	"golang.org/x/term"

	"github.com/spotauth/spotauth/internal/sandbox"
)

const (
	ctrlC = "\x03"
	ctrlD = "\x04"

	pastePrompt = `paste its URL here.*: $`

	atOnce = 300 * time.Millisecond // what a person takes for at once
)

// A terminal is a pseudo-terminal that is the controlling one of a program, and
// that a person sits at. What it shows is in stderr.
type terminal struct {
	*process
	keys, tty *os.File // the person's side and the program's
	modes     string   // before the program
}

// onTerminal starts a program on a terminal; stdout nil is the terminal too.
func (m *machine) onTerminal(columns int, stdout io.Writer, args ...string) *terminal {
	m.Helper()
	return m.sitAt(m.command(args...), columns, stdout)
}

func (m *machine) sitAt(cmd *exec.Cmd, columns int, stdout io.Writer) *terminal {
	m.Helper()
	keys, tty, err := pty.Open()
	if err != nil {
		m.Fatal(err)
	}
	m.Cleanup(func() { tty.Close(); keys.Close() })
	if err := pty.Setsize(tty, &pty.Winsize{Rows: 50, Cols: uint16(columns)}); err != nil {
		m.Fatal(err)
	}
	t := &terminal{&process{machine: m, cmd: cmd}, keys, tty, modesOf(m, tty)}
	t.cmd.Stdin, t.cmd.Stdout, t.cmd.Stderr = tty, stdout, tty
	if stdout == nil {
		t.cmd.Stdout = tty
	}
	t.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	go func() { _, _ = io.Copy(&t.stderr, keys) }()
	t.started = time.Now()
	if err := t.cmd.Start(); err != nil {
		m.Fatal(err)
	}
	t.watch()
	return t
}

func modesOf(t testing.TB, tty *os.File) string {
	t.Helper()
	state, err := term.GetState(int(tty.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%+v", *state)
}

// see waits until the terminal shows what matches.
func (t *terminal) see(pattern string) {
	t.Helper()
	t.stderr.await(t, pattern)
}

// seeUnlessEnded is see for what a program may end without.
func (t *terminal) seeUnlessEnded(pattern string) bool {
	t.Helper()
	re := regexp.MustCompile(pattern)
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if re.MatchString(t.stderr.String()) {
			return true
		}
		select {
		case <-t.ended:
			return false
		default:
		}
	}
	t.Fatalf("no %s in:\n%s", pattern, t.stderr.String())
	return false
}

func (t *terminal) press(keys string) {
	t.Helper()
	if _, err := io.WriteString(t.keys, keys); err != nil {
		t.Fatal(err)
	}
}

// wait waits for the program's end, and for the terminal to show all of it.
// The terminal must be as it was.
func (t *terminal) wait() result {
	t.Helper()
	const mark = "<the end>"
	r := t.process.wait()
	if modes := modesOf(t, t.tty); modes != t.modes {
		t.Errorf("the terminal is left as %s; it was %s", modes, t.modes)
	}
	if _, err := io.WriteString(t.tty, mark); err != nil {
		t.Fatal(err)
	}
	t.see(mark)
	r.stderr, _, _ = strings.Cut(t.stderr.String(), mark)
	t.sweep("the terminal", r.stderr)
	return r
}

// Without a client ID, the user is told how to get one, and asked until the answer can be
// one.
func TestLoginAsksForTheClientID(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.env["HTTPS_PROXY"] = "http://127.0.0.1:1" // nothing here is for the network
	login := m.onTerminal(100, nil, "login", "--no-browser", "--store", "file")
	login.see(`Paste the client ID: $`)
	for _, step := range []string{
		"1. Open https://developer.spotify.com/dashboard",
		`2. Choose any name that doesn't begin with "Spot" (Spotify's rule).`,
		"3. Set the redirect URI to exactly   http://127.0.0.1/callback\r\n",
		"4. Save",
	} {
		if !strings.Contains(login.stderr.String(), step) {
			t.Errorf("step %q is missing in:\n%s", step, login.stderr.String())
		}
	}
	for i, wrong := range []string{"", "0123456789abcdef0123456789abcde", "0123456789abcdef0123456789abcdeg"} {
		login.press(wrong + "\r")
		login.see(fmt.Sprintf(`(?s)(that doesn't look like a client ID.*){%d}Paste the client ID: $`, i+1))
	}
	login.press(" 0123456789abcdef0123456789abcdef \r")
	if !strings.Contains(login.consentURL(), "client_id=0123456789abcdef0123456789abcdef&") {
		t.Error("the address has another client id")
	}
	login.press(ctrlC)
	if r := login.wait(); r.status != 130 {
		t.Errorf("status %d", r.status)
	}

	again := m.onTerminal(100, nil, "login", "--no-browser", "--store", "file")
	if !strings.Contains(again.consentURL(), "client_id=0123456789abcdef0123456789abcdef&") {
		t.Error("the client ID is forgotten, because the login failed")
	}
	again.press(ctrlC)
	again.wait()

	login = m.onTerminal(100, nil, "login", "--profile", "work", "--no-browser", "--store", "file")
	login.see(`Paste the client ID: $`)
	login.press(ctrlD)
	if r := login.wait(); r.status != exitUsage || !strings.HasSuffix(r.stderr, "spotauth: error: no client ID was entered\r\n") {
		t.Errorf("end of input: status %d; the terminal shows\n%s", r.status, r.stderr)
	}
}

// L-01: if the browser can't reach the listener, the address that it ended on can be
// pasted. What is no answer, or that to another login, is waited past.
func TestLoginByPasting(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.standIn(sandbox.Options{Artists: 3, Consent: sandbox.ConsentAgree})
	var stdout output
	login := m.onTerminal(100, &stdout, "login", "--no-browser", "--store", "file")
	address := answerTo(t, login.consentURL())
	login.see(pastePrompt)
	if modesOf(t, login.tty) == login.modes {
		t.Error("the terminal still echoes")
	}

	foreign := *address
	q := foreign.Query()
	q.Set("state", "of-another-login")
	foreign.RawQuery = q.Encode()
	for _, wrong := range []struct{ pasted, says string }{
		{"garbage", "ignored: this is not the URL that Spotify sent you to; still waiting"},
		{foreign.String(), "ignored: the URL belongs to another sign-in; still waiting"},
	} {
		login.press(wrong.pasted + "\r")
		login.see(regexp.QuoteMeta(wrong.says) + `(?s:.*)` + pastePrompt)
	}
	login.press(address.String() + "\r")

	r := login.wait()
	if r.status != 0 || stdout.String() != "" || !strings.Contains(r.stderr, "spotauth: signed in as ") {
		t.Errorf("status %d; stdout %q; the terminal shows\n%s", r.status, stdout.String(), r.stderr)
	}
	if strings.Contains(r.stderr, "code=") || strings.Contains(r.stderr, "of-another-login") || strings.Contains(r.stderr, "garbage") {
		t.Errorf("what was pasted is on the terminal:\n%s", r.stderr)
	}
}

// answerTo is the address that a consenting browser is sent to.
func answerTo(t *testing.T, consent string) *url.URL {
	t.Helper()
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Get(consent)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	address, err := resp.Location()
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// L-17: a signal ends the wait for the browser at once: the port is closed, the
// terminal echoes again, and the browser lives on.
func TestSignalsEndTheWaitForTheBrowser(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		end    func(*terminal)
		status int
	}{
		{"Ctrl-C", func(login *terminal) { login.press(ctrlC) }, 130},
		{"SIGTERM", func(login *terminal) { _ = login.cmd.Process.Signal(syscall.SIGTERM) }, 143},
		{"SIGHUP", func(login *terminal) { _ = login.cmd.Process.Signal(syscall.SIGHUP) }, 129},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			soon(t, func() time.Duration {
				m := newMachine(t)
				m.standIn(sandbox.Options{})
				m.env["BROWSER_MODE"] = "foreground"
				login := m.onTerminal(100, nil, "login", "--store", "file")
				address := answerAddress(t, login.consentURL())
				listener := listenerAt(t, address)
				if listener == "" {
					t.Fatal("nobody listens")
				}
				login.see(pastePrompt)
				browser := m.browserPID()

				start := time.Now()
				tt.end(login)
				r := login.wait()
				took := time.Since(start)
				if r.status != tt.status || strings.Contains(r.stderr, "spotauth: error") {
					t.Errorf("status %d, want %d; the terminal shows\n%s", r.status, tt.status, r.stderr)
				}
				if listenerAt(t, address) == listener {
					t.Error("the listener is still there")
				}
				if !lives(browser) {
					t.Error("the browser was taken along")
				}
				return took
			})
		})
	}
}

// K-01, L-17: a person at a terminal is told what is waited for when the
// keychain is silent, and need not wait for it.
func TestCtrlCWhileTheKeychainIsSilent(t *testing.T) {
	if testing.Short() {
		t.Skip("only make test runs keychains that misbehave")
	}
	soon(t, func() time.Duration {
		m := newMachine(t)
		spotify := m.standIn(sandbox.Options{})
		m.env["DBUS_SESSION_BUS_ADDRESS"] = muteBus(m)
		login := m.onTerminal(100, nil, "login")
		login.see("spotauth: waiting for the keychain to be unlocked ...")
		start := time.Now()
		login.press(ctrlC)
		r := login.wait()
		took := time.Since(start)
		if r.status != 130 || len(spotify.Requests())+len(m.traces()) > 0 {
			t.Errorf("status %d; the terminal shows\n%s", r.status, r.stderr)
		}
		return took
	})
}

// answerAddress is the address that a login listens on, "127.0.0.1:PORT".
func answerAddress(t *testing.T, consent string) string {
	t.Helper()
	u, err := url.Parse(consent)
	if err != nil {
		t.Fatal(err)
	}
	redirect, err := url.Parse(u.Query().Get("redirect_uri"))
	if err != nil {
		t.Fatal(err)
	}
	return redirect.Host
}

// listenerAt is the kernel's number of the socket that listens at an address of 127.0.0.1, "" if none
// does. Another program may listen there soon after.
func listenerAt(t *testing.T, address string) (inode string) {
	t.Helper()
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(address[strings.LastIndex(address, ":")+1:])
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(table)) {
		const listening = "0A"
		if f := strings.Fields(line); f[1] == fmt.Sprintf("0100007F:%04X", port) && f[3] == listening {
			return f[9]
		}
	}
	return ""
}

// browserPID waits for the browser stand-in, and ends it with the test.
func (m *machine) browserPID() int {
	m.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		for name := range m.traces() {
			digits := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(name), "browser-"), ".trace")
			pid, err := strconv.Atoi(digits)
			if err != nil {
				m.Fatal(err)
			}
			m.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGKILL) })
			return pid
		}
	}
	m.Fatal("no browser was started")
	return 0
}

// lives reports whether a process is there and no zombie.
func lives(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, state, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(state, "Z")
}

// soon runs f until it took no longer than atOnce, three times at most: a busy
// computer is slow now and then, a program that waits for something is always. How
// slow shows in a program that does nothing.
func soon(t *testing.T, f func() time.Duration) {
	t.Helper()
	var took []string
	for range 3 {
		d := f()
		if d <= atOnce || t.Failed() {
			return
		}
		slow := atOnce + 3*newMachine(t).run("version").took
		if d <= slow {
			return
		}
		took = append(took, fmt.Sprintf("%v of %v", d.Round(time.Millisecond), slow.Round(time.Millisecond)))
	}
	t.Errorf("took %q", took)
}

// L-17, H-01, H-06: Ctrl-C ends an export at once, whatever it waits for.
func TestCtrlCEndsAnExport(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, fault string
		waits       func(*terminal, *sandbox.Server) bool // until it waits, false if it has ended
		before      []string                              // what has met the fault already
	}{
		{"rate limit", "page=2:429,retry-after=30", func(artists *terminal, _ *sandbox.Server) bool {
			return artists.seeUnlessEnded(`rate-limited by Spotify; trying again in 30`)
		}, nil},
		{"remembered rate limit", "page=1:429,retry-after=50", func(artists *terminal, _ *sandbox.Server) bool {
			return artists.seeUnlessEnded(`rate-limited by Spotify; trying again in \d\d`)
		}, []string{"artists", "--max-wait", "1s"}},
		{"server error", "page=2:503*", func(artists *terminal, _ *sandbox.Server) bool {
			return artists.seeUnlessEnded(`trying again in [3-8]s`) // the third pause is at random, up to 8 s
		}, nil},
		{"hanging page", "page=2:hang", func(artists *terminal, spotify *sandbox.Server) bool {
			awaitRequest(artists, spotify, func(r sandbox.Request) bool { return r.Query.Get("after") != "" })
			return true
		}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			soon(t, func() time.Duration {
				m := newMachine(t)
				spotify := m.standIn(sandbox.Options{Artists: 120, Faults: []string{tt.fault}})
				m.signIn()
				if tt.before != nil {
					m.run(tt.before...)
				}
				var stdout output
				artists := m.onTerminal(100, &stdout, "artists", "--format", "csv")
				for tries := 1; !tt.waits(artists, spotify); tries++ {
					if r := artists.wait(); tries == 20 {
						t.Fatalf("it doesn't wait; status %d; the terminal shows\n%s", r.status, r.stderr)
					}
					artists = m.onTerminal(100, &stdout, "artists", "--format", "csv")
				}
				start := time.Now()
				artists.press(ctrlC)
				r := artists.wait()
				took := time.Since(start)
				if r.status != 130 || stdout.String() != "" || strings.Contains(r.stderr, "spotauth: error") {
					t.Errorf("status %d; stdout %q; the terminal shows\n%s", r.status, stdout.String(), r.stderr)
				}
				return took
			})
		})
	}
}

// L-17: a signal ends an export without a reader, on the way to a pipe or to another
// terminal.
func TestSignalsEndAnExportThatNobodyReads(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		open   func() (reader, writer *os.File, err error)
		args   []string
		signal syscall.Signal
		status int
	}{
		{"pipe", os.Pipe, []string{"--format", "json"}, syscall.SIGINT, 130},
		{"pipe, streaming", os.Pipe, []string{"--format", "ndjson"}, syscall.SIGTERM, 143},
		{"terminal", pty.Open, []string{"--format", "table"}, syscall.SIGTERM, 143},
		{"terminal, streaming", pty.Open, []string{"--format", "ndjson"}, syscall.SIGINT, 130},
		{"/dev/stdout", os.Pipe, []string{"--output", "/dev/stdout"}, syscall.SIGTERM, 143},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			m.standIn(sandbox.Options{Artists: 1000})
			m.signIn()
			soon(t, func() time.Duration {
				reader, writer, err := tt.open()
				if err != nil {
					t.Fatal(err)
				}
				defer reader.Close()
				artists := m.onTerminal(100, writer, append([]string{"artists"}, tt.args...)...)
				writer.Close()
				if _, err := reader.Read(make([]byte, 1)); err != nil { // it has begun
					t.Fatal(err)
				}
				time.Sleep(50 * time.Millisecond) // for it to fill what lies between
				start := time.Now()
				_ = artists.cmd.Process.Signal(tt.signal)
				r := artists.wait()
				took := time.Since(start)
				if r.status != tt.status || strings.Contains(r.stderr, "spotauth: error") {
					t.Errorf("status %d, want %d; the terminal shows\n%s", r.status, tt.status, r.stderr)
				}
				return took
			})
		})
	}
}

// awaitRequest waits until such a request has arrived.
func awaitRequest(t testing.TB, spotify *sandbox.Server, such func(sandbox.Request) bool) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		for _, r := range spotify.Requests() {
			if such(r) {
				return
			}
		}
	}
	t.Fatal("no such request arrived")
}

// T-06, L-17: one Ctrl-C does not tear a refresh that has begun, for the new
// token would be lost; the second one kills.
func TestCtrlCDuringARefresh(t *testing.T) {
	t.Parallel()
	start := func(t *testing.T, fault string) (*machine, *terminal) {
		m := newMachine(t)
		spotify := m.standIn(sandbox.Options{Rotate: true, Faults: []string{"exchange:expires_in=1", fault}})
		m.signIn()
		whoami := m.onTerminal(100, nil, "whoami")
		awaitRequest(t, spotify, func(r sandbox.Request) bool { return r.Form.Get("grant_type") == "refresh_token" })
		whoami.press(ctrlC)
		return m, whoami
	}
	t.Run("once", func(t *testing.T) {
		m, whoami := start(t, "refresh:delay=2s")
		if r := whoami.wait(); r.status != 130 {
			t.Errorf("status %d; the terminal shows\n%s", r.status, r.stderr)
		}
		if r := m.run("whoami"); r.status != 0 {
			t.Errorf("the refreshed login is lost: status %d; stderr:\n%s", r.status, r.stderr)
		}
	})
	t.Run("twice", func(t *testing.T) {
		_, whoami := start(t, "refresh:hang")
		time.Sleep(time.Second) // for the first to have its effect: none that can be seen
		select {
		case <-whoami.ended:
			t.Error("the first Ctrl-C has torn the refresh")
		default:
		}
		whoami.press(ctrlC)
		whoami.wait()
		if status, ok := whoami.cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGINT {
			t.Errorf("the second Ctrl-C did not kill: %v", whoami.cmd.ProcessState)
		}
	})
}

// B-45: on a terminal, a command says that it uses a stand-in.
func TestStandInIsSaidOnATerminal(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.standIn(sandbox.Options{Artists: 2, Seed: 1})
	m.signIn()
	artists := m.sitAt(m.command("artists"), 100, nil)
	artists.wait()
	artists.stderr.mu.Lock()
	defer artists.stderr.mu.Unlock()
	if n := len(standInNote.FindAllString(artists.stderr.text.String(), -1)); n != 1 {
		t.Errorf("it is said %d times", n)
	}
}

// O-04, O-06: on a terminal the artists are a table that fits, names cannot act
// on the terminal, and of the progress nothing is left.
func TestArtistsOnATerminal(t *testing.T) {
	t.Parallel()
	const count = 120
	for _, tt := range []struct {
		name    string
		columns int
		noColor string
		term    string
		escapes int // all of them bold, dim, a link or its end; without color, only links
	}{
		{"narrow", 60, "", "xterm-256color", 2 + 4*count},
		{"wide", 120, "", "xterm-256color", 2 + 4*count},
		{"without color", 120, "1", "xterm-256color", 2 * count},
		{"without escape sequences", 120, "", "dumb", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newMachine(t)
			spotify := m.standIn(sandbox.Options{Artists: count, Seed: 1, Faults: []string{"escapes"}})
			m.signIn()
			m.env["TERM"], m.env["NO_COLOR"] = tt.term, tt.noColor
			r := m.onTerminal(tt.columns, nil, "artists").wait()
			if r.status != 0 {
				t.Fatalf("status %d; the terminal shows\n%s", r.status, r.stderr)
			}
			escapes := regexp.MustCompile("\x1b\\[(?:0|1|2|22)m|\x1b]8;;(?:https://open\\.spotify\\.com/artist/\\w{22})?\x1b\\\\")
			if n := len(escapes.FindAllString(r.stderr, -1)); n != tt.escapes {
				t.Errorf("%d escape sequences, want %d", n, tt.escapes)
			}
			text := escapes.ReplaceAllString(r.stderr, "")
			harmless(t, text, "\r\n")
			if strings.Contains(text, fmt.Sprintf("of %d artists", count)) != (tt.term != "dumb") {
				t.Error("there is progress on a dumb terminal, or none on another one")
			}

			lines := screen(text, tt.columns)
			if foot := fmt.Sprintf("spotauth: %d artists", count); len(lines) != count+2 || lines[count+1] != foot {
				t.Fatalf("%d lines on the screen, want %d and %q:\n%s", len(lines), count+1, foot, strings.Join(lines, "\n"))
			}
			lines = lines[:count+1]
			for i, line := range lines {
				if displaywidth.String(line) > tt.columns || strings.Contains(line, " artists") {
					t.Errorf("line %d is %q", i, line)
				}
				if i > 0 && !strings.HasSuffix(line, spotify.Artists()[i-1].ID) {
					t.Errorf("line %d is not the artist's: %q", i, line)
				}
			}
			if fields := strings.Fields(lines[0]); fields[0] != "#" || fields[1] != "NAME" {
				t.Errorf("the head is %q", lines[0])
			}
		})
	}
}

// O-04: a terminal is one by whatever name: names cannot act on it, and of the
// progress nothing is left.
func TestArtistsToATerminalByItsName(t *testing.T) {
	t.Parallel()
	const count = 120
	for _, tt := range []struct {
		name   string
		stdout io.Writer
		args   []string
		head   string
	}{
		{"stdout, as a table", nil, []string{"--output", "/dev/stdout"}, "  #  NAME  "},
		{"stdout", nil, []string{"--output", "/dev/stdout", "--format", "csv", "--fields", "name"}, "name"},
		{"stdout by its number", nil, []string{"--output", "/dev/fd/1", "--format", "csv", "--fields", "name"}, "name"},
		{"terminal beside a pipe", new(output), []string{"--output", "/dev/tty", "--format", "tsv", "--fields", "name"}, "name"},
		{"streaming", new(output), []string{"--output", "/dev/tty", "--format", "ndjson", "--fields", "name"}, `{"name":"`},
		{"stderr", new(output), []string{"--output", "/dev/stderr", "--format", "excel-csv", "--fields", "name"}, "\ufeffname"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newMachine(t)
			m.standIn(sandbox.Options{Artists: count, Seed: 1, Faults: []string{"escapes"}})
			m.signIn()
			m.env["TERM"], m.env["NO_COLOR"] = "xterm-256color", "1"
			r := m.onTerminal(120, tt.stdout, append([]string{"artists"}, tt.args...)...).wait()
			if r.status != 0 {
				t.Fatalf("status %d; the terminal shows\n%s", r.status, r.stderr)
			}
			harmless(t, withoutLinks(r.stderr), "\r\n")
			if !strings.Contains(r.stderr, fmt.Sprintf("of %d artists", count)) {
				t.Error("no progress was shown")
			}
			lines := screen(r.stderr, 120)
			if !strings.HasPrefix(lines[0], tt.head) || len(lines) < count {
				t.Errorf("%d lines, the first is %q", len(lines), lines[0])
			}
			for i, line := range lines {
				if strings.Contains(line, " artists") && line != fmt.Sprintf("spotauth: %d artists", count) {
					t.Errorf("line %d is %q", i, line)
				}
			}
		})
	}
}

// harmless fails if something in text could act on a terminal, apart from our own
// sequences.
func harmless(t *testing.T, text, ours string) {
	t.Helper()
	for _, c := range strings.ReplaceAll(text, "\r\x1b[K", "\r") {
		if unicode.Is(unicode.Bidi_Control, c) || unicode.IsControl(c) && !strings.ContainsRune(ours, c) {
			t.Fatalf("%U reached the terminal", c)
		}
	}
}

// withoutLinks takes out the links of a table, of which a terminal shows only the names.
func withoutLinks(text string) string {
	return regexp.MustCompile(`\x1b]8;;(?:https://open\.spotify\.com/artist/\w{22})?\x1b\\`).ReplaceAllString(text, "")
}

// screen is what stands on a terminal of that width after text, but for the note about the
// stand-in. A line that is too long goes on in the next one.
func screen(text string, columns int) []string {
	text = withoutLinks(text)
	text = regexp.MustCompile(`(?m)^.*\r\x1b\[K|^spotauth: using the stand-in at \S+, not Spotify\r\n`).ReplaceAllString(text, "")
	var lines []string
	line, at := []rune{}, 0
	end := func() {
		lines = append(lines, strings.TrimRight(string(line), " "))
		line, at = nil, 0
	}
	for _, c := range text {
		switch width := displaywidth.Rune(c); {
		case c == '\n':
			end()
		case c == '\r':
			at = 0
		case width == 0 && at > 0:
			line = append(line[:at], append([]rune{c}, line[at:]...)...)
			at++
		default:
			if displaywidth.String(string(line[:at]))+width > columns {
				end()
			}
			line = append(line[:at], append([]rune{c}, line[min(at+1, len(line)):]...)...)
			at++
		}
	}
	if strings.TrimSpace(string(line)) != "" {
		end()
	}
	return lines
}

// O-04: no format lets a name act on the terminal that it is shown on.
func TestFormatsAreSafeOnATerminal(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.standIn(sandbox.Options{Artists: 120, Seed: 1, Faults: []string{"escapes"}})
	m.signIn()
	for _, args := range [][]string{
		{"--format", "json"}, {"--format", "ndjson"}, {"--format", "csv"}, {"--format", "excel-csv"}, {"--format", "tsv"},
		{"--jq", ".[].name"}, {"--raw"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			r := m.with(t).onTerminal(120, nil, append([]string{"artists"}, args...)...).wait()
			if r.status != 0 || !strings.Contains(r.stderr, `\u202e`) {
				t.Fatalf("status %d; the terminal shows\n%s", r.status, r.stderr)
			}
			ours := "\r\n"
			if slices.Contains(args, "tsv") {
				ours += "\t"
			}
			harmless(t, r.stderr, ours)
		})
	}
}

// O-06: the table fits the terminal that it is shown on, narrow or wide.
func TestTableFitsTheTerminal(t *testing.T) {
	t.Parallel()
	const count = 120
	m := newMachine(t)
	m.standIn(sandbox.Options{Artists: count, Seed: 1, Faults: []string{"escapes"}})
	m.signIn()
	m.env["NO_COLOR"] = "1"
	for _, columns := range []int{40, 80, 200} {
		t.Run(fmt.Sprint(columns), func(t *testing.T) {
			r := m.with(t).onTerminal(columns, nil, "artists").wait()
			lines := screen(r.stderr, columns)
			if r.status != 0 || len(lines) != count+2 {
				t.Fatalf("status %d; %d lines on the screen, want %d:\n%s", r.status, len(lines), count+2, strings.Join(lines, "\n"))
			}
			for i, line := range lines {
				if 0 < i && i <= count && !strings.HasPrefix(line, fmt.Sprintf("%3d  ", i)) {
					t.Errorf("line %d is not the artist's: %q", i, line)
				}
			}
		})
	}
}

// A column that was asked for and doesn't fit is named.
func TestATerminalTooNarrowForAField(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.standIn(sandbox.Options{Artists: 3})
	m.signIn()
	r := m.onTerminal(60, nil, "artists", "--fields", "name,url,uri").wait()
	if want := "spotauth: the terminal is too narrow for uri, url\r\nspotauth: 3 artists\r\n"; r.status != 0 || !strings.HasSuffix(r.stderr, want) {
		t.Errorf("status %d; the terminal shows\n%s", r.status, r.stderr)
	}
}

// Whatever reads the pipe may write to the same terminal: the progress is gone before the output begins.
func TestProgressEndsBeforeTheOutput(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.standIn(sandbox.Options{Artists: 120})
	m.signIn()
	for range 10 {
		r := m.inShell("spotauth artists --format csv --fields id | head -n 1").wait()
		if lines := screen(r.stderr, 100); r.status != 0 || lines[0] != "id" {
			t.Fatalf("status %d; the terminal shows\n%s", r.status, r.stderr)
		}
	}
}

// The help fits 80 columns, and no default in it is empty or says nothing.
func TestHelpFits(t *testing.T) {
	t.Parallel()
	for _, cmd := range commandsOf(bareRoot()) {
		help := newMachine(t).run(append(strings.Fields(cmd.CommandPath())[1:], "--help")...).stdout
		if strings.Contains(help, "(default )") || strings.Contains(help, "(default 0") {
			t.Errorf("%s:\n%s", cmd.CommandPath(), help)
		}
		for line := range strings.Lines(help) {
			if len(line) > 79 && !strings.Contains(cmd.CommandPath(), " completion ") { // those are Cobra's
				t.Errorf("%s: %q", cmd.CommandPath(), line)
			}
		}
	}
	for line := range strings.Lines(pathsHelp()) {
		if len(line) > 79 {
			t.Errorf("help paths: %q", line)
		}
	}
}

// On a terminal a line of diff has its tab, and a name does nothing there (O-04).
func TestDiffOnATerminal(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	var files []string
	for _, text := range []string{"[]", `[{"id":"1111111111111111111111","name":"a\tb\u001b[2J\u202e"}]`} {
		file := filepath.Join(m.home, fmt.Sprint(len(files)))
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	r := m.onTerminal(100, nil, "diff", files[0], files[1]).wait()
	if want := "+ 1111111111111111111111\ta\\tb\\u001b[2J\\u202e\r\n"; r.status != 0 || !strings.HasPrefix(r.stderr, want) {
		t.Errorf("status %d; the terminal shows %q, want %q", r.status, r.stderr, want)
	}
}
