package console

import (
	"fmt"
	"io"
	"strings"

	"github.com/mattn/go-runewidth"
)

// Progress shows how far the work is, in one line on stderr that the next call
// overwrites and [Console.Done] removes. Without a terminal there it does nothing.
func (c *Console) Progress(format string, args ...any) {
	if !c.ErrIsTerminal {
		return
	}
	text := Safe(fmt.Sprintf(format, args...))
	// A line that wraps cannot be taken back.
	text = runewidth.Truncate(text, max(1, width(c.err)-1), "…")
	c.last.set(text, false)
}

// Done removes the progress line.
func (c *Console) Done() { c.last.set("", false) }

func (l *lastLine) set(text string, prompt bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.prompt {
		return // somebody is typing: progress can wait
	}
	l.erase()
	l.text, l.prompt = text, prompt
	l.draw()
}

// erase overwrites with blanks: old Windows consoles know no escape sequence
// for it. A prompt with what was typed after it stays above.
func (l *lastLine) erase() {
	if !l.drawn {
		return
	}
	l.drawn = false
	if l.prompt {
		_, _ = io.WriteString(l.w, "\n")
		return
	}
	_, _ = io.WriteString(l.w, "\r"+strings.Repeat(" ", runewidth.StringWidth(l.text))+"\r")
}

func (l *lastLine) draw() {
	if l.text != "" && l.above == 0 {
		_, _ = io.WriteString(l.w, l.text)
		l.drawn = true
	}
}
