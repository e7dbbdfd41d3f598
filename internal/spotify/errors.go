package spotify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/spotauth/spotauth/internal/wire"
)

// Kind says what went wrong, as far as it decides what to do next.
type Kind string

// The kinds of an [Error].
const (
	LoginNeeded   Kind = "login_needed"   // 401, with a new token too
	ScopeMissing  Kind = "scope_missing"  // 403: the login does not cover this
	NotRegistered Kind = "not_registered" // 403: the account is not on the app's list of users
	PremiumLapsed Kind = "premium_lapsed" // 403: the app's owner has no Premium
	Forbidden     Kind = "forbidden"      // 403: any other reason, such as a path closed in 2026
	NotFound      Kind = "not_found"      // 404
	Rejected      Kind = "rejected"       // any other 4xx
	RateLimited   Kind = "rate_limited"   // 429 that asks for too long a wait
	QuotaExceeded Kind = "quota_exceeded" // 429 or 403: the developer account's quota is used up
	Unreachable   Kind = "unreachable"    // 5xx, or no answer: then Unwrap leads to a [wire.Error]
	BadAnswer     Kind = "bad_answer"     // not what the Web API documents
)

// Error is why the Web API gave no answer that can be used.
type Error struct {
	Kind    Kind
	Method  string // "GET"
	Path    string // "/v1/me"
	Query   string // encoded; not a part of the error's text
	Status  int    // the HTTP status, 0 if it is not the reason
	Message string // Spotify's own words or ours: one line, at most 200 characters, printable, without the token

	// RetryAfter is the wait that a limit asks for, or what is left of one that
	// an earlier process was told of; 0 if there is none.
	RetryAfter time.Duration

	// Group is the requests that a limit counts for: those of one [Group] if a quota
	// is used up, [APIGroup] for a plain rate limit, and "" for any other error.
	Group string

	// MayBeDone says that a request that must not be sent twice may have had its
	// effect, in spite of the error.
	MayBeDone bool

	cause error
	tries int // as many are worth making
}

func (e *Error) Error() string {
	if network := (*wire.Error)(nil); errors.As(e.cause, &network) {
		return network.Error()
	}
	text := e.Method + " " + e.Path
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

// newError is an Error about req. text may come from anywhere.
func (r *run) newError(kind Kind, req *http.Request, text string) *Error {
	return &Error{Kind: kind, Method: req.Method, Path: req.URL.Path, Query: req.URL.RawQuery, Message: wire.Line(wire.Redact(text, r.token))}
}

// networkError makes an Error of what the transport or the reading of a body
// returned. The end of the caller's context stays what it is.
func (r *run) networkError(req *http.Request, cause error) error {
	if context.Cause(req.Context()) == errRepeated {
		e := r.newError(Unreachable, req, errRepeated.Error())
		e.tries = maxTries
		return e
	}
	err := wire.RequestError(req, cause)
	var network *wire.Error
	if !errors.As(err, &network) {
		return err
	}
	e := r.newError(Unreachable, req, network.Error())
	e.cause, e.tries = network, maxTries
	switch network.Kind {
	case wire.Untrusted, wire.ProxyPassword:
		e.tries = 1
	case wire.TooLarge:
		e.Kind, e.tries = BadAnswer, 1
	}
	return e
}

// unreadable makes an Error of what a reader of answers returned. A body may
// end early without an error of the network's, if it is delimited by the end of
// the connection; only the decoder notices.
func (r *run) unreadable(req *http.Request, cause error) error {
	if errors.Is(cause, io.EOF) || errors.Is(cause, io.ErrUnexpectedEOF) {
		return r.networkError(req, io.ErrUnexpectedEOF)
	}
	text := cause.Error()
	if syntax := (*jsontext.SyntacticError)(nil); errors.As(cause, &syntax) {
		text = "the answer can't be read as JSON: " + strings.TrimPrefix(text, "jsontext: ")
	}
	e := r.newError(BadAnswer, req, text)
	e.cause = cause
	if cause == errMissing {
		e.tries = 2
	}
	return e
}

// badPage makes an Error of what is wrong with the page of a list at a path.
func badPage(path string, cause error) *Error {
	return &Error{Kind: BadAnswer, Method: http.MethodGet, Path: path, Message: cause.Error(), cause: cause}
}

// statusError makes an Error of an answer that is no success.
func (r *run) statusError(req *http.Request, res *http.Response) *Error {
	text, reason := errorBody(res)
	e := r.newError(Rejected, req, text)
	e.Status = res.StatusCode
	switch status := res.StatusCode; {
	case reason == "QUOTA_EXCEEDED" && (status == http.StatusTooManyRequests || status == http.StatusForbidden):
		e.Kind, e.Group = QuotaExceeded, Group(e.Method, e.Path)
		e.RetryAfter = wire.RetryAfter(res.Header, time.Now())
	case status == http.StatusUnauthorized:
		e.Kind = LoginNeeded
	case status == http.StatusForbidden:
		e.Kind = whyForbidden(text)
	case status == http.StatusNotFound:
		e.Kind = NotFound
	case status == http.StatusTooManyRequests:
		e.Kind, e.Group = RateLimited, APIGroup
		e.RetryAfter = wire.RetryAfter(res.Header, time.Now())
	case status >= 500:
		e.Kind = Unreachable
		if slices.Contains([]int{500, 502, 503, 504}, status) {
			e.tries = maxTries
		}
	case status < 400:
		e.Kind = BadAnswer // a redirect, or a success that the Web API does not document
	}
	return e
}

// whyForbidden distinguishes the reasons of a 403 by Spotify's words, because the answer
// has nothing else to go by.
func whyForbidden(text string) Kind {
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

// errorBody reads the message and the reason of an error body, which is a JSON
// object, plain text, a page of some gateway (without a message), or nothing.
func errorBody(res *http.Response) (text, reason string) {
	body, _ := io.ReadAll(io.LimitReader(res.Body, maxErrorBody)) // what has arrived is enough
	var envelope struct {
		Error struct{ Message, Reason string }
	}
	text = string(body)
	if err := json.Unmarshal(body, &envelope); err == nil {
		return envelope.Error.Message, envelope.Error.Reason
	}
	if strings.HasPrefix(strings.TrimSpace(text), "<") {
		return "", ""
	}
	return text, ""
}
