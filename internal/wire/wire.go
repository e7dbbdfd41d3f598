// Package wire is what the clients of both Spotify services know about HTTP:
// which origins may get a secret, how a failed request is put into words, how
// long a server asks to wait, and what may be shown of a text that it sent.
package wire

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/spotauth/spotauth/internal/secret"
)

// IsTrusted reports whether a request to origin may carry a secret: origin is
// real, the constant of one of Spotify's services, or a stand-in at an address
// such as "http://127.0.0.1:8080". Names do not count, not even "localhost".
//
// The spelling must be exact, so a path that begins with "/" can be appended
// to a trusted origin and cannot change its host.
func IsTrusted(origin, real string) bool {
	if origin == real {
		return true
	}
	host, found := strings.CutPrefix(origin, "http://")
	at, err := netip.ParseAddrPort(host)
	return found && err == nil && at.Addr().IsLoopback() && at.Addr().Zone() == "" &&
		at.Port() != 0 && host == at.String()
}

// ErrTooLarge says that a body is longer than its limit.
var ErrTooLarge = errors.New("the response is too large")

// ReadBody replaces the content of to with body. Its errors are ErrTooLarge if
// there are more than limit bytes, and those of body, for [RequestError].
func ReadBody(to *bytes.Buffer, body io.Reader, limit int64) error {
	to.Reset()
	size, err := to.ReadFrom(io.LimitReader(body, limit+1))
	if err == nil && size > limit {
		return ErrTooLarge
	}
	return err
}

// A wait of 0 or a date in the past must not become a loop without pauses, and
// sums of the longest wait must not overflow.
const (
	minRetryAfter = time.Second
	maxRetryAfter = 30 * 24 * time.Hour
)

// RetryAfter reads the Retry-After header, seconds or a date (RFC 9110 section
// 10.2.3), as 1 second to 30 days. It is 0 if there is none that makes sense.
// A date counts from the server's own Date if there is one, else from now.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	value := strings.TrimSpace(h.Get("Retry-After"))
	var wait time.Duration
	if seconds, err := strconv.ParseFloat(value, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		if !(seconds >= 0) { // negative or NaN
			return 0
		}
		wait = time.Duration(min(seconds, maxRetryAfter.Seconds()) * float64(time.Second))
	} else if until, err := http.ParseTime(value); err == nil {
		if date, err := http.ParseTime(h.Get("Date")); err == nil {
			now = date
		}
		wait = until.Sub(now)
	} else {
		return 0
	}
	return min(max(wait, minRetryAfter), maxRetryAfter)
}

// Line makes one printable line of at most 200 runes from a foreign text.
// Control characters and those that change the direction of writing are spaces.
func Line(text string) string {
	const most = 200
	text = strings.Map(func(c rune) rune {
		if unicode.IsPrint(c) {
			return c
		}
		return ' '
	}, text)
	line := []rune(strings.Join(strings.Fields(text), " "))
	if len(line) > most {
		line = append(line[:most-1], '…')
	}
	return string(line)
}

// Redact removes the secrets of a request from a text that answers it, as they
// are and as a form encodes them.
func Redact(text string, sent ...secret.String) string {
	for _, s := range sent {
		if s.Empty() {
			continue
		}
		for _, form := range []string{s.Reveal(), url.QueryEscape(s.Reveal())} {
			text = strings.ReplaceAll(text, form, s.String())
		}
	}
	return text
}
