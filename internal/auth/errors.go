package auth

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"
)

// What a login or a refresh ends with.
var (
	ErrClientID     = errors.New("the client id must be 32 hexadecimal digits")
	ErrRedirectURI  = errors.New("the redirect uri cannot be used")
	ErrPortInUse    = errors.New("the port is in use")
	ErrPortReserved = errors.New("the system does not give this port out")
	ErrDenied       = errors.New("access was declined in the browser")
	ErrTimeout      = errors.New("no answer came from the browser in time")
	ErrScope        = errors.New("spotify did not grant every scope that was asked for")
	ErrDead         = errors.New("spotify no longer accepts the refresh token")
	ErrNetwork      = errors.New("cannot reach the token endpoint")
	ErrProxyAuth    = errors.New("the proxy wants a user name and a password") // comes with ErrNetwork
	ErrPending      = errors.New("this is not a login that can be finished here")
)

// What a login waits past, and what [Complete] refuses.
var (
	ErrForeign    = errors.New("the answer does not belong to the login now running")
	ErrIssuer     = errors.New("the answer names another authorization server")
	ErrAnswer     = errors.New("this is not an address that spotify's answer arrives at")
	ErrNoCallback = errors.New("no answer has come from the browser yet")
)

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

// printable makes foreign text safe to show and short.
func printable(text string) string {
	const most = 200
	var b strings.Builder
	n := 0
	for _, r := range text {
		if n++; n > most {
			break
		}
		if !unicode.IsPrint(r) {
			r = '?'
		}
		b.WriteRune(r)
	}
	return b.String()
}

// networkError is err without the URL of a *url.Error, and without bytes that
// the other side sent: net/http quotes those of a malformed answer, which may
// hold an echo of the request.
func networkError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var asURL *url.Error
	if errors.As(err, &asURL) && asURL.Timeout() {
		return fmt.Errorf("%w: no answer in time", ErrNetwork)
	}
	if errors.As(err, &asURL) && asURL.Err.Error() == http.StatusText(http.StatusProxyAuthRequired) {
		// All that net/http tells of a CONNECT that was refused is the status text.
		return fmt.Errorf("%w: %w", ErrNetwork, ErrProxyAuth)
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return fmt.Errorf("%w: %w", ErrNetwork, op)
	}
	var cert *tls.CertificateVerificationError
	if errors.As(err, &cert) {
		return fmt.Errorf("%w: %w", ErrNetwork, cert)
	}
	if errors.Is(err, errTooLarge) {
		return fmt.Errorf("%w: %w", ErrNetwork, errTooLarge)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: the connection was closed", ErrNetwork)
	}
	return fmt.Errorf("%w: the connection failed", ErrNetwork)
}
