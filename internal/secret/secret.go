// Package secret holds strings that must not be printed: tokens, authorization
// codes, code verifiers and client secrets. It never writes one anywhere; only
// [String.Reveal] gives the text out, and a test lists who may call it.
package secret

import (
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

const redacted = "[redacted]"

// String is a text that prints as "[redacted]" under every fmt verb, in slog,
// JSON and text encodings. The zero value is the empty text.
//
// The text sits behind a pointer, because fmt walks through unexported fields
// of other structs without calling their methods: there it meets an address.
type String struct{ text *string }

// New makes a String of s.
func New(s string) String {
	if s == "" {
		return String{}
	}
	return String{&s}
}

// Reveal gives the text out. Callers send it where it belongs (a request to
// Spotify, the keychain, the stdout of `spotauth token`) and keep no copy.
func (s String) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// Empty reports whether there is no text.
func (s String) Empty() bool { return s.text == nil }

// Equal compares two texts in a time that depends on their lengths alone.
func (s String) Equal(t String) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(t.Reveal())) == 1
}

// Format prints "[redacted]" whatever the verb.
func (String) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// String returns "[redacted]".
func (String) String() string { return redacted }

// GoString returns "[redacted]".
func (String) GoString() string { return redacted }

// LogValue logs "[redacted]".
func (String) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText encodes "[redacted]"; JSON uses it too.
func (String) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// IsVisible reports whether a text has only the characters that codes and tokens are made of:
// visible ASCII (RFC 6749, appendix A).
func IsVisible(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' })
}
