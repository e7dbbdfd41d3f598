package console

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"unicode/utf16"
	"unicode/utf8"
)

// Safe makes foreign text (an artist's name, a server's message) harmless in
// one line of a terminal. It makes visible what acts on a terminal, changes the
// direction of writing, ends a line or is no character at all, and bytes that
// are not UTF-8. Everything else stays, emoji and combining marks too.
//
// A character is written as in JSON (\n, \u202e), so that JSON made safe is the
// same JSON; a stray byte as \xff.
func Safe(s string) string {
	if i := strings.IndexFunc(s, isHostile); i < 0 && utf8.ValidString(s) {
		return s
	}
	return string(appendSafe(nil, s, false))
}

// appendSafe keeps line ends where ours are among them.
func appendSafe(dst []byte, s string, keepLF bool) []byte {
	for i, r := range s {
		size := utf8.RuneLen(r)
		if r == utf8.RuneError {
			_, size = utf8.DecodeRuneInString(s[i:])
		}
		switch {
		case r == utf8.RuneError && size == 1:
			dst = fmt.Appendf(dst, `\x%02x`, s[i])
		case isHostile(r) && !(keepLF && r == '\n'):
			dst = appendEscaped(dst, r)
		default:
			dst = append(dst, s[i:i+size]...)
		}
	}
	return dst
}

func appendEscaped(dst []byte, r rune) []byte {
	switch r {
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	}
	for _, unit := range utf16.Encode([]rune{r}) { // JSON has no longer form
		dst = fmt.Appendf(dst, `\u%04x`, unit)
	}
	return dst
}

// isHostile reports whether a character acts on a terminal instead of showing in
// it: C0, DEL and C1 controls, the bidirectional controls (UAX 9) with their
// deprecated neighbors, the line and paragraph separators, and noncharacters,
// which terminals treat as they like (Unicode, section 23.7).
func isHostile(r rune) bool {
	switch {
	case r < 0x20, 0x7f <= r && r <= 0x9f:
		return true
	case r == 0x061c, r == 0x200e, r == 0x200f:
		return true
	case 0x2028 <= r && r <= 0x202e, 0x2066 <= r && r <= 0x206f:
		return true
	case 0xfdd0 <= r && r <= 0xfdef, r&0xfffe == 0xfffe:
		return true
	}
	return false
}

// SafeWriter makes a stream safe as [Safe] does one line: only line ends pass.
// A character that is cut between two writes waits for its other half.
func SafeWriter(w io.Writer) io.Writer { return &safeWriter{w: w} }

type safeWriter struct {
	mu   sync.Mutex
	w    io.Writer
	half []byte
}

func (s *safeWriter) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := append(s.half, p...)
	whole := len(text) - incomplete(text)
	s.half = append([]byte(nil), text[whole:]...)
	if whole == 0 {
		return len(p), nil
	}
	if _, err := s.w.Write(appendSafe(nil, string(text[:whole]), true)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// incomplete counts the bytes at the end of p that may begin a character.
func incomplete(p []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(p); n++ {
		if tail := p[len(p)-n:]; utf8.RuneStart(tail[0]) {
			if utf8.FullRune(tail) {
				return 0
			}
			return n
		}
	}
	return 0
}
