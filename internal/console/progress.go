package console

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/clipperhouse/displaywidth"
)

// Progress shows how far the work is, in one line on stderr that the next call
// overwrites and [Console.Done] removes. It does nothing without a terminal there,
// or on one that cannot take a line back.
func (c *Console) Progress(format string, args ...any) {
	if c.animates() {
		c.last.set(c.fit(fmt.Sprintf(format, args...)), false)
	}
}

// Countdown is Progress for a wait: it shows "WHAT in 42s", and counts down until the wait
// is over or something else is shown. Where Progress does nothing, it is a note.
func (c *Console) Countdown(what string, wait time.Duration) {
	if !c.animates() {
		c.Note("%s in %s", what, brief(wait))
		return
	}
	end := time.Now().Add(wait)
	turn := c.last.set(c.fit(what+" in "+brief(wait)), false)
	go func() {
		for left := wait; left > time.Second; left = time.Until(end) {
			time.Sleep(left - (left - 1).Truncate(time.Second)) // to the next full second
			now := func() string { return c.fit(what + " in " + brief(time.Until(end))) }
			if !c.last.update(turn, now) {
				return
			}
		}
	}()
}

// brief is a duration of full seconds, rounded up, without parts that are zero: "1m", "2h0m5s".
func brief(d time.Duration) string {
	text := max(d+time.Second-1, time.Second).Truncate(time.Second).String()
	text = strings.Replace(text, "m0s", "m", 1)
	return strings.Replace(text, "h0m", "h", 1)
}

// Done removes the progress line.
func (c *Console) Done() { c.last.set("", false) }

func (c *Console) animates() bool { return c.ErrIsTerminal && !c.Dumb }

// fit makes text safe and shortens it to one line: one that wraps cannot be taken back.
func (c *Console) fit(text string) string {
	return displaywidth.TruncateString(Safe(text), max(1, width(c.err)-1), "…")
}

// set puts text in the last line, and returns the turn with which update may change it.
func (l *lastLine) set(text string, prompt bool) (turn int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.prompt {
		return -1 // someone is typing: progress can wait
	}
	l.erase()
	l.turn++
	l.text, l.prompt = text, prompt
	l.draw()
	return l.turn
}

// update changes the text, unless another one has been set since turn.
func (l *lastLine) update(turn int, text func() string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.turn != turn {
		return false
	}
	l.erase()
	l.text = text()
	l.draw()
	return true
}

// erase takes back the line, with a ^C that the terminal has echoed behind it. Old Windows
// consoles know no escape sequence for it, so there blanks overwrite the text. A prompt after
// which typed text shows stays above.
func (l *lastLine) erase() {
	if !l.drawn {
		return
	}
	l.drawn = false
	erased := "\r\x1b[K"
	switch {
	case l.prompt && l.stays:
		erased = "\n"
	case !l.escapes:
		erased = "\r" + strings.Repeat(" ", displaywidth.String(l.text)) + "\r"
	}
	_, _ = io.WriteString(l.w, erased)
}

func (l *lastLine) draw() {
	if l.text != "" && l.above == 0 {
		_, _ = io.WriteString(l.w, l.text)
		l.drawn = true
	}
}
