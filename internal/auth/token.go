package auth

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/spotauth/spotauth/internal/secret"
)

const (
	tokenTimeout  = 30 * time.Second
	maxTokenBytes = 1 << 20
)

var errTooLarge = errors.New("the answer is too large")

// Refresh asks for a new access token, with exactly one request (RFC 6749
// section 6). Of c it uses Origin, ClientID, ClientSecret, Transport and, as the
// scopes of an answer that names none, Scopes.
//
// ErrDead alone means that the refresh token is of no more use: Spotify said
// invalid_grant. After ErrNetwork and any other *Error it may well work later.
func Refresh(ctx context.Context, c Config, refresh secret.String) (Grant, error) {
	c, err := c.checked()
	if err != nil {
		return Grant{}, err
	}
	if refresh.Empty() {
		return Grant{}, errors.New("there is no refresh token")
	}
	source := c.oauth("").TokenSource(c.client(ctx), &oauth2.Token{RefreshToken: refresh.Reveal()})
	token, err := source.Token()
	if err != nil {
		err = tokenError(ctx, err, refresh, c.ClientSecret)
		var refused *Error
		if errors.As(err, &refused) && refused.isInvalidGrant() {
			return Grant{}, fmt.Errorf("%w: %w", ErrDead, err)
		}
		return Grant{}, err
	}
	return c.grant(token)
}

// exchange turns an answer into a grant of all scopes asked for (RFC 6749
// section 4.1.3).
func (c Config) exchange(ctx context.Context, p Pending, a answer) (Grant, error) {
	if err := a.err(); err != nil {
		return Grant{}, err
	}
	token, err := c.oauth(p.RedirectURI).Exchange(c.client(ctx), a.code.Reveal(),
		oauth2.VerifierOption(p.verifier.Reveal()))
	if err != nil {
		return Grant{}, tokenError(ctx, err, a.code, p.verifier, c.ClientSecret)
	}
	grant, err := c.grant(token)
	if err != nil {
		return Grant{}, err
	}
	if grant.Refresh.Empty() {
		return Grant{}, unusable("no refresh token")
	}
	for _, scope := range c.Scopes {
		if !slices.Contains(grant.Scopes, scope) {
			return Grant{}, fmt.Errorf("%w: %s is missing", ErrScope, scope)
		}
	}
	return grant, nil
}

// oauth describes the client to x/oauth2. The style is always given: left to
// find out, the library would send a code or refresh token twice.
func (c Config) oauth(redirectURI string) *oauth2.Config {
	style := oauth2.AuthStyleInParams
	if !c.ClientSecret.Empty() {
		style = oauth2.AuthStyleInHeader
	}
	return &oauth2.Config{
		ClientID:     c.ClientID,
		ClientSecret: c.ClientSecret.Reveal(),
		RedirectURL:  redirectURI,
		Scopes:       c.Scopes,
		Endpoint: oauth2.Endpoint{
			AuthURL:   c.Origin + "/authorize",
			TokenURL:  c.Origin + "/api/token",
			AuthStyle: style,
		},
	}
}

// client gives x/oauth2 its HTTP client: bounded in time, and one that takes a
// secret nowhere else, since a 307 would have the form sent again to wherever
// it points.
func (c Config) client(ctx context.Context) context.Context {
	return context.WithValue(ctx, oauth2.HTTPClient, &http.Client{
		Transport:     wholeAnswers{c.Transport},
		Timeout:       tokenTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	})
}

// wholeAnswers reads each answer to its end, so that one cut short or too large
// is an error of the network and not of its content. It calls every answer JSON,
// which is all that Spotify sends: x/oauth2 would read text/plain as a form.
type wholeAnswers struct{ http.RoundTripper }

func (t wholeAnswers) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := t.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxTokenBytes+1))
	if err != nil {
		return nil, err
	}
	if len(body) > maxTokenBytes {
		return nil, errTooLarge
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	res.Header.Set("Content-Type", "application/json")
	return res, nil
}

// grant checks a token answer (RFC 6749 section 5.1).
func (c Config) grant(t *oauth2.Token) (Grant, error) {
	switch {
	case !strings.EqualFold(t.TokenType, "bearer"):
		return Grant{}, unusable("a token that is not a bearer token")
	case !isVisible(t.AccessToken) || t.RefreshToken != "" && !isVisible(t.RefreshToken):
		return Grant{}, unusable("a token that is not plain text")
	}
	g := Grant{
		Access:    secret.New(t.AccessToken),
		Refresh:   secret.New(t.RefreshToken),
		Scopes:    slices.Clone(c.Scopes),
		ExpiresIn: time.Hour, // what Spotify documents
	}
	if scope, ok := t.Extra("scope").(string); ok {
		g.Scopes = strings.Fields(scope)
	}
	if t.Extra("expires_in") != nil {
		g.ExpiresIn = time.Duration(min(max(t.ExpiresIn, 1), 86400)) * time.Second
	}
	return g, nil
}

// tokenError is err in this package's terms: the library's errors hold whole
// bodies and URLs. An echo of one of the secrets that were sent is taken out.
func tokenError(ctx context.Context, err error, sent ...secret.String) error {
	var asURL *url.Error
	if errors.As(err, &asURL) {
		return networkError(ctx, err)
	}
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) {
		return unusable("no token that can be read")
	}
	clean := func(text string) string {
		for _, s := range sent {
			if !s.Empty() {
				text = strings.ReplaceAll(text, s.Reveal(), s.String())
			}
		}
		return printable(text)
	}
	return &Error{
		Endpoint:    "token",
		Status:      refused.Response.StatusCode,
		Code:        clean(refused.ErrorCode),
		Description: clean(refused.ErrorDescription),
		RetryAfter:  retryAfter(refused.Response.Header.Get("Retry-After")),
	}
}

func (e *Error) isInvalidGrant() bool {
	return e.Code == "invalid_grant" && (e.Status == http.StatusBadRequest || e.Status == http.StatusUnauthorized)
}

// unusable is a success of the token endpoint that is none.
func unusable(what string) error {
	return &Error{Endpoint: "token", Status: http.StatusOK, Description: what}
}

// retryAfter reads the header of RFC 9110, section 10.2.3, at most a year.
func retryAfter(value string) time.Duration {
	const year = 365 * 24 * time.Hour
	if at, err := http.ParseTime(value); err == nil {
		return min(max(time.Until(at), 0), year)
	}
	seconds, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil && !math.IsInf(seconds, 1) || math.IsNaN(seconds) || seconds <= 0 {
		return 0
	}
	return time.Duration(math.Ceil(min(seconds, year.Seconds()))) * time.Second
}
