package wire_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf8"

	"github.com/spotauth/spotauth/internal/secret"
	"github.com/spotauth/spotauth/internal/wire"
)

func TestIsTrusted(t *testing.T) {
	const real = "https://api.spotify.com"
	for origin, want := range map[string]bool{
		real:                          true,
		"http://127.0.0.1:8080":       true,
		"http://127.9.9.9:1":          true,
		"http://[::1]:8080":           true,
		"":                            false,
		"http://api.spotify.com":      false,
		real + "/":                    false,
		real + ":443":                 false,
		real + "@example.com":         false,
		real + ".example.com":         false,
		"HTTPS://api.spotify.com":     false,
		"https://127.0.0.1:8080":      false,
		"http://127.0.0.1":            false,
		"http://127.0.0.1:0":          false,
		"http://127.0.0.1:080":        false,
		"http://127.0.0.1:99999":      false,
		"http://127.0.0.1:80@x.com":   false,
		"http://x@127.0.0.1:80":       false,
		"http://127.0.0.1:80/":        false,
		"http://127.0.0.1:80?":        false,
		"http://127.1:80":             false,
		"http://2130706433:80":        false,
		"http://localhost:80":         false,
		"http://10.0.0.1:80":          false,
		"http://0.0.0.0:80":           false,
		"http://[::1%25lo]:80":        false,
		"http://[::1%lo]:80":          false,
		"http://[0:0:0:0:0:0:0:1]:80": false,
		"http://\u0661.0.0.1:80":      false,
		"127.0.0.1:80":                false,
	} {
		if got := wire.IsTrusted(origin, real); got != want {
			t.Errorf("IsTrusted(%q) = %v", origin, got)
		}
	}
}

func TestReadBody(t *testing.T) {
	var to bytes.Buffer
	for _, row := range []struct {
		body io.Reader
		want string
		err  error
	}{
		{strings.NewReader("12345678"), "12345678", nil},
		{strings.NewReader("short"), "short", nil},
		{strings.NewReader("123456789"), "123456789", wire.ErrTooLarge},
		{io.MultiReader(strings.NewReader("1"), iotest.ErrReader(io.ErrUnexpectedEOF)), "1", io.ErrUnexpectedEOF},
		{io.MultiReader(strings.NewReader(strings.Repeat("x", 99)), iotest.ErrReader(io.EOF)), "xxxxxxxxx", wire.ErrTooLarge},
	} {
		if err := wire.ReadBody(&to, row.body, 8); err != row.err || to.String() != row.want {
			t.Errorf("read %q, %v; want %q, %v", to.String(), err, row.want, row.err)
		}
	}
}

// B-54: one rule for both services, by the server's clock.
func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	const (
		day     = 24 * time.Hour
		noon    = "Wed, 01 Jul 2026 12:00:00 GMT"
		oneAway = "Wed, 01 Jul 2026 12:01:00 GMT"
	)
	for _, row := range []struct {
		value, date string
		want        time.Duration
	}{
		{"", "", 0},
		{"7", "", 7 * time.Second},
		{" 7 ", "", 7 * time.Second},
		{"1.5", "", 1500 * time.Millisecond},
		{"0", "", time.Second},
		{"-5", "", 0},
		{"NaN", "", 0},
		{"soon", "", 0},
		{"Inf", "", 30 * day},
		{"1e999", "", 30 * day},
		{"99999999999999999999", "", 30 * day},
		{oneAway, "", time.Minute},
		{oneAway, oneAway, time.Second},
		{oneAway, noon, time.Minute},
		{oneAway, "Wed, 01 Jul 2026 11:00:00 GMT", time.Hour + time.Minute}, // this machine's clock is an hour fast
		{oneAway, "yesterday", time.Minute},
		{"Wed, 01 Jul 2020 12:00:00 GMT", noon, time.Second},
		{"Wed, 01 Jul 2037 12:00:00 GMT", noon, 30 * day},
	} {
		h := http.Header{"Retry-After": {row.value}, "Date": {row.date}}
		if got := wire.RetryAfter(h, now); got != row.want {
			t.Errorf("%q at %q: %v, want %v", row.value, row.date, got, row.want)
		}
	}
	if got := wire.RetryAfter(http.Header{}, now); got != 0 {
		t.Errorf("without the header: %v", got)
	}
}

func TestLine(t *testing.T) {
	for text, want := range map[string]string{
		"":                               "",
		"Invalid access token":           "Invalid access token",
		" two\r\n\tlines\u2028more\x00 ": "two lines more",
		"\x1b[31mred\x07":                "[31mred",
		"a\u202eb\ufffec":                "a b c",
		"caf\xe9":                        "caf\ufffd",
		strings.Repeat("é", 200):         strings.Repeat("é", 200),
		strings.Repeat("é", 201):         strings.Repeat("é", 199) + "…",
	} {
		if got := wire.Line(text); got != want || !utf8.ValidString(got) {
			t.Errorf("Line(%q) = %q", text, got)
		}
	}
}

func TestRedact(t *testing.T) {
	token, password := secret.New("AQ-token"), secret.New("pass+word/=")
	for text, want := range map[string]string{
		"nothing":                              "nothing",
		"bad AQ-token, AQ-token!":              "bad [redacted], [redacted]!",
		"grant=pass%2Bword%2F%3D, pass+word/=": "grant=[redacted], [redacted]",
	} {
		if got := wire.Redact(text, secret.String{}, token, password); got != want {
			t.Errorf("Redact(%q) = %q", text, got)
		}
	}
}

func TestReadBodyErrorsKeepTheirCause(t *testing.T) {
	req, _ := http.NewRequest(http.MethodGet, "https://api.spotify.com/v1/me", nil)
	for _, row := range []struct {
		cause error
		kind  wire.Kind
		text  string
	}{
		{wire.ErrTooLarge, wire.TooLarge, "the response from api.spotify.com is too large"},
		{io.ErrUnexpectedEOF, wire.CutShort, "the response from api.spotify.com was cut short"},
	} {
		err := wire.RequestError(req, row.cause)
		var e *wire.Error
		if !errors.As(err, &e) || e.Kind != row.kind || err.Error() != row.text || !errors.Is(err, row.cause) {
			t.Errorf("%v", err)
		}
	}
}

// H-01: what is read of a Retry-After is nothing, or within bounds.
func FuzzRetryAfter(f *testing.F) {
	for _, value := range []string{"", "0", "1", "7.5", "-5", "86400", "9223372037", "99999999999999999999", "NaN", "inf", "0x1p4",
		"1e300", "Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 GMT", "Sunday, 06-Nov-94 08:49:37 GMT"} {
		f.Add(value, "", int64(0))
		f.Add(value, "Fri, 31 Dec 9999 23:59:59 GMT", int64(math.MaxInt64))
	}
	f.Fuzz(func(t *testing.T, value, date string, now int64) {
		h := http.Header{"Retry-After": {value}, "Date": {date}}
		got := wire.RetryAfter(h, time.Unix(0, now))
		if got != 0 && (got < time.Second || got > 30*24*time.Hour) {
			t.Errorf("%q: %v", value, got)
		}
	})
}
