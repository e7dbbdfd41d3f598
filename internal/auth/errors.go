package auth

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// What a login or a refresh ends with.
var (
	ErrClientID     = errors.New("the client id must be 32 hexadecimal digits")
	ErrRedirectURI  = errors.New("the redirect uri cannot be used")
	ErrPortInUse    = errors.New("the port is in use")
	ErrPortReserved = errors.New("the system does not give this port out")
	ErrDenied       = errors.New("access was declined in the browser")
	ErrTimeout      = errors.New("no answer came from the browser in time") // of Login in an *UnansweredError
	ErrScope        = errors.New("spotify did not grant every scope that was asked for")
	ErrDead         = errors.New("spotify no longer accepts the refresh token")
	ErrPending      = errors.New("this is not a login that can be finished here")
)

// What a login waits past, and what [Complete] refuses.
var (
	ErrForeign = errors.New("the answer does not belong to the login now running")
	ErrIssuer  = errors.New("the answer names another authorization server")
	ErrAnswer  = errors.New("this is not an address that spotify's answer arrives at")

	// ErrStartedTwice is a second request for [Waiting.StartURL].
	ErrStartedTwice = errors.New("the address that starts the sign-in was opened twice")
)

// UnansweredError is a login without an answer. The usual reason is that the
// app has another redirect URI: then Spotify shows an error and never redirects.
type UnansweredError struct {
	Register string // the redirect URI that the app must have, exactly
	Over     bool   // the time is up, and the error is ErrTimeout
}

func (e *UnansweredError) Error() string {
	if e.Over {
		return ErrTimeout.Error()
	}
	return "no answer has come from the browser yet"
}

// Is reports whether target is ErrTimeout and the time is up.
func (e *UnansweredError) Is(target error) bool { return e.Over && target == ErrTimeout }

// Error is a refusal in the words of RFC 6749, sections 4.1.2.1 and 5.2. It
// holds no secret and nothing that could upset a terminal.
type Error struct {
	Endpoint    string        // "authorization" or "token"
	Status      int           // HTTP status; 0 for the authorization endpoint
	Code        string        // such as "invalid_client"; "" where none was given
	Description string        // Spotify's own words, at most 200 runes; may be ""
	RetryAfter  time.Duration // from a Retry-After header; 0 where none was given
}

func (e *Error) Error() string {
	var b strings.Builder
	switch {
	case e.Status != 0:
		fmt.Fprintf(&b, "the %s endpoint answered %d", e.Endpoint, e.Status)
	case e.Code == "invalid_scope":
		b.WriteString("spotify does not know a scope that was asked for")
	case e.Code == "server_error":
		b.WriteString("spotify met an error of its own")
	case e.Code == "temporarily_unavailable":
		b.WriteString("spotify cannot sign anyone in for the moment")
	default:
		b.WriteString("spotify refused the request to sign in")
	}
	if e.Code != "" {
		b.WriteString(": " + e.Code)
	}
	if e.Description != "" {
		b.WriteString(" (" + e.Description + ")")
	}
	return b.String()
}
