package spotify

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/spotauth/spotauth/internal/secret"
)

// Kind says what went wrong, so far as it decides what to do next.
type Kind string

// The kinds of an [Error].
const (
	LoginNeeded    Kind = "login_needed"    // 401, with a fresh token too
	ScopeMissing   Kind = "scope_missing"   // 403: the login does not cover this
	NotRegistered  Kind = "not_registered"  // 403: the account is not on the app's list of users
	PremiumLapsed  Kind = "premium_lapsed"  // 403: the app's owner has no Premium
	Forbidden      Kind = "forbidden"       // 403: any other reason
	Rejected       Kind = "rejected"        // any other 4xx
	RateLimited    Kind = "rate_limited"    // 429 that asks for too long a wait
	QuotaExceeded  Kind = "quota_exceeded"  // 429: the developer account's quota is used up
	Unreachable    Kind = "unreachable"     // network, or 5xx, after the retries
	BadAnswer      Kind = "bad_answer"      // not what the Web API documents
	BadCertificate Kind = "bad_certificate" // no TLS session: certificate or version
	ProxyAuth      Kind = "proxy_auth"      // the proxy wants a password
)

// Error is why the Web API gave no answer that could be used.
type Error struct {
	Kind    Kind
	Path    string // "/v1/me"
	Status  int    // the HTTP status, 0 where it is not the reason
	Message string // Spotify's or the network's own words: one line, at most 200 characters, printable

	// RetryAfter is the wait that a 429 asks for; 0 if it does not say.
	RetryAfter time.Duration

	cause error
	tries int // as many are worth making
}

func (e *Error) Error() string {
	text := "GET " + e.Path
	if e.Status != 0 {
		text += strings.TrimRight(fmt.Sprintf(": %d %s", e.Status, http.StatusText(e.Status)), " ")
	}
	if e.Message != "" && e.Message != http.StatusText(e.Status) {
		text += ": " + e.Message
	}
	return text
}

// Unwrap returns what the network or the decoder said, if that is the reason.
func (e *Error) Unwrap() error { return e.cause }

func badAnswer(path string, cause error) *Error {
	return &Error{Kind: BadAnswer, Path: path, Message: sanitize(cause.Error()), cause: cause}
}

// decodingError makes an Error of what a decoder returned. A body may end early
// without an error of the network's, if it is delimited by the end of the
// connection; only the decoder notices.
func decodingError(path string, cause error) error {
	switch {
	case cause == nil:
		return nil
	case errors.Is(cause, io.EOF), errors.Is(cause, io.ErrUnexpectedEOF):
		return networkError(path, io.ErrUnexpectedEOF)
	}
	e := badAnswer(path, cause)
	if cause == errMissing {
		e.tries = 2
	}
	return e
}

// networkError makes an Error of what a transport returned.
func networkError(path string, cause error) *Error {
	e := &Error{Kind: Unreachable, Path: path, Message: sanitize(cause.Error()), cause: cause, tries: maxTries}
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(cause, &certificate):
		e.Kind, e.Message, e.tries = BadCertificate, sanitize(certificate.Err.Error()), 1
	case isHandshake(cause):
		e.Kind, e.tries = BadCertificate, 1
	case strings.EqualFold(cause.Error(), http.StatusText(http.StatusProxyAuthRequired)):
		// All that net/http tells of a CONNECT that was refused is the status text.
		e.Kind, e.Status, e.tries = ProxyAuth, http.StatusProxyAuthRequired, 1
	case errors.Is(cause, context.DeadlineExceeded):
		e.Message = fmt.Sprintf("no whole answer within %v", tryTime)
	case errors.Is(cause, io.EOF), errors.Is(cause, io.ErrUnexpectedEOF):
		e.Message = "the answer was cut short"
	}
	return e
}

// isHandshake says whether two ends could not agree on TLS, which trying again
// does not change. crypto/tls has no type for most of these.
func isHandshake(err error) bool {
	var header tls.RecordHeaderError
	var op *net.OpError
	return errors.As(err, &header) ||
		errors.As(err, &op) && (op.Op == "remote error" || op.Op == "local error") ||
		strings.HasPrefix(err.Error(), "tls: ")
}

// statusError makes an Error of an answer that is not 200.
func statusError(path string, res *http.Response, token secret.String) *Error {
	text, reason := explain(res, token)
	e := &Error{Path: path, Status: res.StatusCode, Message: text}
	switch status := res.StatusCode; {
	case status == http.StatusUnauthorized:
		e.Kind = LoginNeeded
	case status == http.StatusForbidden:
		e.Kind = forbidden(text)
	case status == http.StatusProxyAuthRequired:
		e.Kind = ProxyAuth
	case status == http.StatusTooManyRequests:
		e.Kind, e.RetryAfter = RateLimited, retryAfter(res.Header, time.Now())
		if reason == "QUOTA_EXCEEDED" {
			e.Kind = QuotaExceeded
		}
	case status >= 500:
		e.Kind = Unreachable
		if slices.Contains([]int{500, 502, 503, 504}, status) {
			e.tries = maxTries
		}
	case status >= 400:
		e.Kind = Rejected
	default:
		e.Kind = BadAnswer // a redirect, or a success that documents no body
	}
	return e
}

// forbidden tells the reasons of a 403 apart by Spotify's words; there is
// nothing else in the answer to go by.
func forbidden(text string) Kind {
	text = strings.ToLower(text)
	for _, known := range []struct {
		words string
		kind  Kind
	}{
		{"insufficient client scope", ScopeMissing},
		{"premium subscription required", PremiumLapsed},
		{"may not be registered", NotRegistered},
		{"user not registered", NotRegistered},
	} {
		if strings.Contains(text, known.words) {
			return known.kind
		}
	}
	return Forbidden
}

// explain reads the message and the reason of an error body, which is a JSON
// object, plain text, a page of some gateway (without a message), or nothing.
// What a server repeats of the token is cut out.
func explain(res *http.Response, token secret.String) (text, reason string) {
	body, _ := io.ReadAll(io.LimitReader(res.Body, maxErrorBody)) // what came of it will do
	var envelope struct {
		Error struct{ Message, Reason string }
	}
	text = string(body)
	if err := json.Unmarshal(body, &envelope); err == nil {
		text, reason = envelope.Error.Message, envelope.Error.Reason
	} else if strings.HasPrefix(strings.TrimSpace(text), "<") {
		text = ""
	}
	if !token.Empty() {
		text = strings.ReplaceAll(text, token.Reveal(), token.String())
	}
	return sanitize(text), reason
}

// sanitize makes one printable line of at most 200 characters of a foreign text.
func sanitize(text string) string {
	const most = 200
	text = strings.Map(func(c rune) rune {
		if unicode.IsPrint(c) { // neither controls nor what turns the direction of writing
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
