// Package console handles the three streams. It knows which of them are terminals, talks to
// the person there, and escapes text from elsewhere so that it cannot act on the terminal.
//
// Data goes to stdout, and everything for a person goes to stderr. Standard input is read only
// by the methods that say so. Without a terminal, no one is asked anything.
package console

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"
)

// Console is the three standard streams. Its methods may be called from
// several goroutines.
type Console struct {
	// Out is stdout. Writes to a terminal are escaped by [Safe].
	Out io.Writer
	// RawOut is stdout unescaped, for callers that escape cell by cell.
	RawOut io.Writer
	// Err is stderr. Writes are always escaped. A progress line or a prompt
	// is moved out of their way.
	Err io.Writer

	InIsTerminal, OutIsTerminal, ErrIsTerminal bool

	// Color reports whether stdout understands escape sequences for bold and
	// color. Clear it if the user wants none (NO_COLOR).
	Color bool

	// Links reports whether stdout understands escape sequences for links. They stay without
	// color.
	Links bool

	// Dumb says that the terminal only prints: no escape sequences, and nothing that is
	// overwritten (TERM=dumb). Set it, and clear Color and Links, before anything is shown.
	Dumb bool

	in       io.Reader
	out, err io.Writer
	last     lastLine
	ctx      context.Context
}

// New finds out which of the streams are terminals. Only an [*os.File] can be.
func New(in io.Reader, out, err io.Writer) *Console {
	c := &Console{
		in: in, out: out, err: err, ctx: context.Background(),
		InIsTerminal: isTerminal(in), ErrIsTerminal: isTerminal(err),
	}
	c.last.w = &bounded{c: c, w: err, grace: lastWords}
	c.last.escapes = c.ErrIsTerminal && understandsEscapes(err.(*os.File))
	c.Err = SafeWriter(stream{&c.last, c.last.w})
	c.Out = &bounded{c: c, w: out}
	if c.RawOut, c.OutIsTerminal = c.Terminal(out); c.OutIsTerminal {
		c.Out = SafeWriter(c.RawOut)
		c.Color = understandsEscapes(out.(*os.File))
		c.Links = c.Color
	}
	return c
}

// Terminal reports whether w is a terminal. If it is, the writer that it gives puts
// the progress line aside, as RawOut does; foreign text is still to be made safe.
func (c *Console) Terminal(w io.Writer) (io.Writer, bool) {
	if !isTerminal(w) {
		return &bounded{c: c, w: w}, false
	}
	return stream{&c.last, &bounded{c: c, w: w}}, true
}

// EndWith makes every write give up when ctx ends, because a full pipe or a stopped terminal
// can hold one up forever. Nothing more is written to stdout then. Call it before the command runs.
func (c *Console) EndWith(ctx context.Context) { c.ctx = ctx }

// lastWords is how long a write to stderr may take after ctx has ended, because it may say why
// the program ends.
const lastWords = 100 * time.Millisecond

// bounded writes to w until the console's context ends, and for a grace period after it.
type bounded struct {
	c     *Console
	w     io.Writer
	grace time.Duration

	mu   sync.Mutex
	text []byte // what is being written, because the write may outlast the call
}

func (b *bounded) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	ctx := b.c.ctx
	switch {
	case ctx.Done() == nil:
		return b.w.Write(p)
	case ctx.Err() != nil && b.grace == 0:
		return 0, context.Cause(ctx)
	}
	done := make(chan error, 1)
	text := append(b.text[:0], p...)
	b.text = nil
	go func() {
		_, err := b.w.Write(text)
		done <- err
	}()
	select {
	case err := <-done:
		b.text = text
		return len(p), err
	case <-ctx.Done():
	}
	select {
	case err := <-done:
		b.text = text
		return len(p), err
	case <-time.After(b.grace):
		return 0, context.Cause(ctx)
	}
}

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Width is how many columns the terminal at stdout has, 0 if there is none.
func (c *Console) Width() int { return width(c.out) }

func width(stream any) int {
	if !isTerminal(stream) {
		return 0
	}
	w, _, err := term.GetSize(int(stream.(*os.File).Fd()))
	if err != nil || w <= 0 {
		return 80 // a terminal that doesn't say, such as a serial line
	}
	return w
}

// Note says "spotauth: ..." on stderr if a person sits there. Texts among args are made safe,
// line ends included; those of format stay. Say, Warn, Hint and Error do the same.
func (c *Console) Note(format string, args ...any) {
	if c.ErrIsTerminal {
		c.Say(format, args...)
	}
}

// Say is Note for what must be read even if stderr is not a terminal, such as an address to
// open.
func (c *Console) Say(format string, args ...any) { c.say("", format, args) }

// Warn says "spotauth: warning: ...".
func (c *Console) Warn(format string, args ...any) { c.say("warning: ", format, args) }

// Error says "spotauth: error: ...".
func (c *Console) Error(format string, args ...any) { c.say("error: ", format, args) }

// Hint says "spotauth: hint: ...": what to do next, as a command to paste.
func (c *Console) Hint(format string, args ...any) { c.say("hint: ", format, args) }

func (c *Console) say(kind, format string, args []any) {
	// If stderr fails, there is nowhere to report it.
	_, _ = io.WriteString(c.Err, "spotauth: "+kind+fmt.Sprintf(format, safeArgs(args)...)+"\n")
}

func safeArgs(args []any) []any {
	safe := make([]any, len(args))
	for i, arg := range args {
		switch a := arg.(type) {
		case string:
			safe[i] = Safe(a)
		case error:
			safe[i] = Safe(a.Error())
		default:
			safe[i] = arg
		}
	}
	return safe
}

// lastLine is the line in which stderr's cursor stands: a progress line or a
// prompt, or "" when it is empty.
type lastLine struct {
	mu      sync.Mutex
	w       io.Writer
	escapes bool // the terminal understands escape sequences
	text    string
	turn    int  // counts the texts
	prompt  bool // someone may be typing in it
	stays   bool // a prompt that cannot be taken back
	drawn   bool
	above   int // writes above it that are under way
}

// stream writes whole lines above the last one.
type stream struct {
	last *lastLine
	w    io.Writer
}

// Write holds no lock while it writes. If nothing reads stderr, Done must not wait.
func (s stream) Write(p []byte) (int, error) {
	s.last.mu.Lock()
	s.last.erase()
	s.last.above++
	s.last.mu.Unlock()
	n, err := s.w.Write(p)
	s.last.mu.Lock()
	defer s.last.mu.Unlock()
	s.last.above--
	if len(p) > 0 && p[len(p)-1] == '\n' {
		s.last.draw()
	}
	return n, err
}
