package auth

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Reasons for a login or a refresh to fail.
var (
	ErrClientID     = errors.New("the client ID must be 32 hexadecimal digits")
	ErrRedirectURI  = errors.New("the redirect URI cannot be used")
	ErrPortInUse    = errors.New("the port is in use")
	ErrPortReserved = errors.New("the system reserves this port")
	ErrDenied       = errors.New("you declined in the browser")
	ErrTimeout      = errors.New("timed out waiting for the browser") // of Login in an *UnansweredError
	ErrScope        = errors.New("Spotify did not grant every requested scope")
	ErrDead         = errors.New("Spotify no longer accepts the refresh token")
	ErrPending      = errors.New("this sign-in cannot be finished here")
)

// Reasons to ignore what arrives while a login waits, and for [Client.Complete] to fail.
var (
	ErrForeign = errors.New("the URL belongs to another sign-in")
	ErrIssuer  = errors.New("the URL names another authorization server")
	ErrAnswer  = errors.New("this is not the URL that Spotify sent you to")

	// ErrStartedTwice is a second request for [Waiting.StartURL].
	ErrStartedTwice = errors.New("the sign-in page was opened twice")
)

// UnansweredError is a login without an answer. Usually the app has a different
// redirect URI: then Spotify shows an error and never redirects.
type UnansweredError struct {
	Register string // the redirect URI that the app must have, exactly
	Over     bool   // the time is up; errors.Is(err, ErrTimeout)
}

func (e *UnansweredError) Error() string {
	if e.Over {
		return ErrTimeout.Error()
	}
	return "no answer from the browser yet"
}

// Is reports whether target is ErrTimeout and the time is up.
func (e *UnansweredError) Is(target error) bool { return e.Over && target == ErrTimeout }

// Error is a refusal as RFC 6749 sections 4.1.2.1 and 5.2 define it. It holds no
// secret and is safe to print.
type Error struct {
	Endpoint    string        // "authorization" or "token"
	Status      int           // HTTP status; 0 for the authorization endpoint
	Code        string        // such as "invalid_client"; "" if there is none
	Description string        // Spotify's own words, at most 200 runes, or ""
	RetryAfter  time.Duration // see [wire.RetryAfter]; 0 if there is none
}

func (e *Error) Error() string {
	var b strings.Builder
	switch {
	case e.Status != 0:
		fmt.Fprintf(&b, "the %s endpoint answered %d", e.Endpoint, e.Status)
	case e.Code == "invalid_scope":
		b.WriteString("Spotify does not know a requested scope")
	case e.Code == "server_error":
		b.WriteString("Spotify had an internal error")
	case e.Code == "temporarily_unavailable":
		b.WriteString("Spotify cannot sign anyone in right now")
	default:
		b.WriteString("Spotify rejected the sign-in request")
	}
	if e.Code != "" {
		b.WriteString(": " + e.Code)
	}
	if e.Description != "" {
		b.WriteString(" (" + e.Description + ")")
	}
	return b.String()
}
