package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/clipperhouse/displaywidth"
)

// ErrNotTerminal says that there is no one to ask: the program has no terminal.
var ErrNotTerminal = errors.New("not a terminal")

// InForeground reports whether stdin is a terminal and this program may read from it. A job in
// the background may not.
func (c *Console) InForeground() bool {
	return c.InIsTerminal && inForeground(int(c.in.(*os.File).Fd()))
}

// CanAsk reports whether there is a terminal that [Console.Ask] can ask on.
func (c *Console) CanAsk() bool {
	in, err := c.terminal()
	if err == nil {
		in.close()
	}
	return err == nil
}

// Ask shows prompt and reads one line from the terminal, without its line end. The terminal
// is stdin, or else the one that the program was started on, so stdin may hold something else.
// Ask gives up as soon as ctx ends. The end of input (Ctrl-D) is io.EOF.
func (c *Console) Ask(ctx context.Context, prompt string) (string, error) {
	return c.ask(ctx, prompt, true)
}

// AskSecret is [Console.Ask] for what must not stay on the screen: nothing
// that is typed shows. The terminal is back to normal when it returns, also
// when ctx ended.
func (c *Console) AskSecret(ctx context.Context, prompt string) (string, error) {
	return c.ask(ctx, prompt, false)
}

func (c *Console) ask(ctx context.Context, prompt string, echo bool) (string, error) {
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	in, err := c.terminal()
	if err != nil {
		return "", ErrNotTerminal
	}
	defer in.close()
	last := &c.last
	if !c.ErrIsTerminal {
		last = &lastLine{w: in.screen}
	}
	text := Safe(prompt)
	stays := echo || c.Dumb || displaywidth.String(text) >= width(c.err)
	line, err := readTerminal(ctx, in.keys, echo, func() { last.ask(text, stays) })
	typed := echo && err == nil // then the terminal has moved on to the next line
	last.answered(typed)
	return strings.TrimRight(line, "\r\n"), err
}

// A keyboard is the terminal that a person is asked on.
type keyboard struct {
	keys   *os.File
	screen io.Writer // if stderr is no terminal
	close  func()
}

func (c *Console) terminal() (keyboard, error) {
	if c.InIsTerminal && c.ErrIsTerminal {
		return keyboard{c.in.(*os.File), nil, func() {}}, nil
	}
	keys, screen, err := openTerminal()
	if err != nil {
		return keyboard{}, err
	}
	return keyboard{keys, screen, func() { keys.Close(); screen.Close() }}, nil
}

func (l *lastLine) ask(prompt string, stays bool) {
	l.mu.Lock()
	l.stays = stays
	l.mu.Unlock()
	l.set(prompt, true)
}

// answered ends the prompt's line, unless the person's Enter has.
func (l *lastLine) answered(typed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stays = true; !typed {
		l.erase()
	}
	l.turn++
	l.text, l.prompt, l.drawn = "", false, false
}

// ReadLine reads one line of at most limit bytes from stdin, terminal or not, without its
// line end. Call it only if the user said that stdin holds something. An empty stdin is
// io.EOF.
func (c *Console) ReadLine(ctx context.Context, limit int) (string, error) {
	type answer struct {
		string
		error
	}
	done := make(chan answer, 1)
	go func() { // nothing can end the read, but the process will soon end
		line, err := readLine(c.in, limit)
		done <- answer{line, err}
	}()
	select {
	case a := <-done:
		return a.string, a.error
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// readLine takes single bytes, so that what follows the line is left unread.
func readLine(r io.Reader, limit int) (string, error) {
	var line []byte
	for b := make([]byte, 1); ; {
		n, err := r.Read(b)
		switch {
		case n == 1 && b[0] == '\n', err == io.EOF && len(line) > 0:
			return strings.TrimSuffix(string(line), "\r"), nil
		case n == 1 && len(line) == limit:
			return "", fmt.Errorf("the line on standard input is longer than %d bytes", limit)
		case n == 1:
			line = append(line, b[0])
		case err != nil:
			return "", err
		}
	}
}
