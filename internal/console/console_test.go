package console_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spotauth/spotauth/internal/console"
)

// unread fails the test that reads it.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("standard input was read")
	return 0, io.EOF
}

func TestMessagesGoToStderrInTheOneForm(t *testing.T) {
	var out, err bytes.Buffer
	c := console.New(unread{t}, &out, &err)
	rows := []struct {
		name string
		say  func(string, ...any)
		want string
	}{
		{"word", c.Say, "spotauth: 3 of Sigur Rós\n"},
		{"warning", c.Warn, "spotauth: warning: 3 of Sigur Rós\n"},
		{"error", c.Error, "spotauth: error: 3 of Sigur Rós\n"},
		{"hint", c.Hint, "spotauth: hint: 3 of Sigur Rós\n"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			err.Reset()
			row.say("%d of %s", 3, "Sigur Rós")
			if err.String() != row.want {
				t.Errorf("stderr %q, want %q", err.String(), row.want)
			}
			if out.Len() != 0 {
				t.Errorf("stdout %q, want nothing", out.String())
			}
		})
	}
}

// O-04: foreign text in a message can't start a line of its own, even if stderr is a file.
// Line ends of the message itself stay.
func TestMessagesMakeForeignTextSafe(t *testing.T) {
	var err bytes.Buffer
	c := console.New(unread{t}, io.Discard, &err)
	c.Warn("two:\n%s and %v", "a\nspotauth: done\x1b[2J", errors.New("b\nc\r\u202e"))
	want := "spotauth: warning: two:\n" + `a\nspotauth: done\u001b[2J and b\nc\r\u202e` + "\n"
	if err.String() != want {
		t.Errorf("stderr %q, want %q", err.String(), want)
	}
	err.Reset()
	if _, e := c.Err.Write([]byte("raw \x1b[2J\n")); e != nil {
		t.Fatal(e)
	}
	if want := `raw \u001b[2J` + "\n"; err.String() != want {
		t.Errorf("Err wrote %q, want %q", err.String(), want)
	}
}

func TestNothingIsATerminalButATerminal(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c := console.New(unread{t}, f, new(bytes.Buffer))
	if c.InIsTerminal || c.OutIsTerminal || c.ErrIsTerminal || c.Color || c.Width() != 0 {
		t.Errorf("in %t, out %t, err %t, color %t, width %d; want none",
			c.InIsTerminal, c.OutIsTerminal, c.ErrIsTerminal, c.Color, c.Width())
	}
}

// O-04, O-06: what goes into a file or a pipe is faithful.
func TestStdoutIsFaithfulWithoutATerminal(t *testing.T) {
	var out bytes.Buffer
	c := console.New(unread{t}, &out, io.Discard)
	const text = "a\x1b[2J\u202e\xff\r\n"
	for name, w := range map[string]io.Writer{"Out": c.Out, "RawOut": c.RawOut} {
		out.Reset()
		if _, err := io.WriteString(w, text); err != nil || out.String() != text {
			t.Errorf("%s: %q, %v; want %q", name, out.String(), err, text)
		}
	}
}

// O-06: without a terminal on stderr there is no progress.
func TestNoProgressWithoutATerminal(t *testing.T) {
	var err bytes.Buffer
	c := console.New(unread{t}, io.Discard, &err)
	c.Progress("%d of %d", 150, 312)
	c.Done()
	if err.Len() != 0 {
		t.Errorf("stderr %q, want nothing", err.String())
	}
}

// L-01: without a person who can answer, nothing is asked and stdin is not read.
func TestAskNeedsATerminal(t *testing.T) {
	if tty, err := os.Open("/dev/tty"); err == nil {
		tty.Close()
		t.Skip("whoever runs the tests would be asked")
	}
	var err bytes.Buffer
	c := console.New(unread{t}, io.Discard, &err)
	for name, ask := range map[string]func(context.Context, string) (string, error){"Ask": c.Ask, "AskSecret": c.AskSecret} {
		if line, e := ask(t.Context(), "name: "); line != "" || !errors.Is(e, console.ErrNotTerminal) {
			t.Errorf("%s = %q, %v; want ErrNotTerminal", name, line, e)
		}
	}
	if err.Len() != 0 {
		t.Errorf("stderr %q, want nothing", err.String())
	}
}

func TestReadLine(t *testing.T) {
	rows := []struct {
		name, in string
		limit    int
		want     string
		fails    string
		left     string
	}{
		{"line", "secret\n", 64, "secret", "", ""},
		{"no line end", "secret", 64, "secret", "", ""},
		{"CRLF", "secret\r\n", 64, "secret", "", ""},
		{"blanks are kept", " se cret \n", 64, " se cret ", "", ""},
		{"only one line end goes", "secret\n\n", 64, "secret", "", "\n"},
		{"the rest is left", "one\ntwo\n", 64, "one", "", "two\n"},
		{"empty line", "\n", 64, "", "", ""},
		{"at the limit", "12345\n", 5, "12345", "", ""},
		{"over the limit", "123456\n", 5, "", "the line on standard input is longer than 5 bytes", "\n"},
		{"nothing", "", 64, "", "EOF", ""},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			in := strings.NewReader(row.in)
			got, err := console.New(in, io.Discard, io.Discard).ReadLine(t.Context(), row.limit)
			var fails string
			if err != nil {
				fails = err.Error()
			}
			left, _ := io.ReadAll(in)
			if got != row.want || fails != row.fails || string(left) != row.left {
				t.Errorf("ReadLine = %q, %q, left %q; want %q, %q, left %q", got, fails, left, row.want, row.fails, row.left)
			}
		})
	}
}

func TestReadLineEndsWithItsContext(t *testing.T) {
	r, w := io.Pipe() // never answers
	defer w.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := console.New(r, io.Discard, io.Discard).ReadLine(ctx, 64); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("ReadLine: %v, want the context's error", err)
	}
}

// Messages from several goroutines come out whole; run with -race.
func TestMessagesFromManyGoroutines(t *testing.T) {
	var err bytes.Buffer
	c := console.New(unread{t}, io.Discard, &err)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			for range 20 {
				c.Say("%s", "a line")
			}
		})
	}
	all.Wait()
	if got, want := err.String(), strings.Repeat("spotauth: a line\n", 400); got != want {
		t.Errorf("%d bytes of messages, want %d whole lines", len(got), 400)
	}
}

func TestColumnsLineUp(t *testing.T) {
	rows := console.Columns([][]string{{"NAME", "ACCOUNT"}, {"default", "a\tb"}, {"椎名林檎", "c"}})
	var got []string
	for _, row := range rows {
		got = append(got, strings.Join(row, ""))
	}
	want := []string{"NAME      ACCOUNT", `default   a\tb`, "椎名林檎  c"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %q, want %q", got, want)
	}
}

// L-17: a write that waits for a reader gives up when the command's context ends.
func TestWriteEndsWithItsContext(t *testing.T) {
	reader, writer := io.Pipe() // no one reads
	defer reader.Close()
	c := console.New(nil, writer, io.Discard)
	ctx, cancel := context.WithCancelCause(t.Context())
	c.EndWith(ctx)
	stop := errors.New("Ctrl-C")
	time.AfterFunc(10*time.Millisecond, func() { cancel(stop) })
	for _, w := range []io.Writer{c.Out, c.RawOut} {
		if _, err := io.WriteString(w, "text\n"); !errors.Is(err, stop) {
			t.Errorf("error %v, want the cause", err)
		}
	}
}
