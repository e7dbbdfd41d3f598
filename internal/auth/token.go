package auth

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spotauth/spotauth/internal/secret"
	"github.com/spotauth/spotauth/internal/wire"
)

const (
	tokenTimeout  = 30 * time.Second
	maxTokenBytes = 1 << 20
)

// Refresh asks for a new access token, with exactly one request (RFC 6749
// section 6).
//
// ErrDead means that the refresh token is unusable: Spotify said invalid_grant.
// After a [*wire.Error] or another *Error it may work later.
func (c Client) Refresh(ctx context.Context, refresh secret.String) (Grant, error) {
	c, err := c.checked()
	if err != nil {
		return Grant{}, err
	}
	if refresh.Empty() {
		return Grant{}, errors.New("there is no refresh token")
	}
	grant, err := c.post(ctx, url.Values{
		"grant_type":    {"refresh_token"},
		"refresh_token": {refresh.Reveal()},
	}, refresh)
	var refused *Error
	if errors.As(err, &refused) && refused.isInvalidGrant() {
		return Grant{}, fmt.Errorf("%w: %w", ErrDead, err)
	}
	if err == nil && grant.Refresh.Empty() {
		grant.Refresh = refresh
	}
	return grant, err
}

// exchange turns an answer into a grant of every requested scope (RFC 6749
// section 4.1.3, RFC 7636 section 4.5).
func (c Client) exchange(ctx context.Context, p Pending, a answer) (Grant, error) {
	if err := a.err(); err != nil {
		return Grant{}, err
	}
	grant, err := c.post(ctx, url.Values{
		"grant_type":    {"authorization_code"},
		"code":          {a.code.Reveal()},
		"redirect_uri":  {p.RedirectURI},
		"code_verifier": {p.verifier.Reveal()},
	}, a.code, p.verifier)
	if err != nil {
		return Grant{}, err
	}
	if grant.Refresh.Empty() {
		return Grant{}, unusable("no refresh token")
	}
	if grant.Scopes == nil { // all that was asked for (RFC 6749 section 5.1)
		grant.Scopes = slices.Clone(p.Scopes)
	}
	for _, scope := range p.Scopes {
		if !slices.Contains(grant.Scopes, scope) {
			return Grant{}, fmt.Errorf("%w: %s is missing", ErrScope, scope)
		}
	}
	return grant, nil
}

// post makes one request of the token endpoint. Secrets that were sent are
// removed from the errors of the answer.
func (c Client) post(ctx context.Context, form url.Values, sent ...secret.String) (Grant, error) {
	ctx, cancel := context.WithTimeout(ctx, tokenTimeout)
	defer cancel()
	req, err := c.tokenRequest(ctx, form)
	if err != nil {
		return Grant{}, err
	}
	// An http.Client would follow a redirect with the secrets: a 307 sends the
	// form again, to wherever it points.
	res, err := c.Transport.RoundTrip(req)
	if err != nil {
		return Grant{}, wire.RequestError(req, err)
	}
	defer res.Body.Close()
	var body bytes.Buffer
	if err := wire.ReadBody(&body, res.Body, maxTokenBytes); err != nil {
		return Grant{}, wire.RequestError(req, err)
	}
	// A wrong type costs that one field. If it is not JSON, all fields stay empty.
	var t tokenResponse
	_ = json.Unmarshal(body.Bytes(), &t)
	if res.StatusCode/100 != 2 || t.Error != "" {
		sent = append(sent, c.Secret, secret.New(strings.TrimPrefix(req.Header.Get("Authorization"), "Basic ")))
		return Grant{}, &Error{
			Endpoint:    "token",
			Status:      res.StatusCode,
			Code:        wire.Line(wire.Redact(t.Error, sent...)),
			Description: wire.Line(wire.Redact(t.Description, sent...)),
			RetryAfter:  wire.RetryAfter(res.Header, time.Now()),
		}
	}
	return t.grant()
}

// tokenRequest authenticates the client (RFC 6749 section 2.3.1). A code or
// refresh token may work only once, so net/http must not send it again. Under
// HTTP/2 it would, as often as the server resets a stream; without GetBody it
// cannot. A connection of its own cannot have been closed while it was idle.
func (c Client) tokenRequest(ctx context.Context, form url.Values) (*http.Request, error) {
	if c.Secret.Empty() {
		form.Set("client_id", c.ID)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.Origin+"/api/token", strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.GetBody, req.Close = nil, true
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if !c.Secret.Empty() {
		req.SetBasicAuth(url.QueryEscape(c.ID), url.QueryEscape(c.Secret.Reveal()))
	}
	return req, nil
}

// tokenResponse is the response of the token endpoint: RFC 6749 sections 5.1 and
// 5.2, and the two members of draft-ietf-oauth-refresh-token-expiration.
type tokenResponse struct {
	AccessToken  string  `json:"access_token"`
	RefreshToken string  `json:"refresh_token"`
	TokenType    string  `json:"token_type"`
	Scope        *string `json:"scope"`

	ExpiresIn              seconds `json:"expires_in"`
	RefreshTokenExpiresIn  seconds `json:"refresh_token_expires_in"`
	AuthorizationExpiresIn seconds `json:"authorization_expires_in"`

	Error       string `json:"error"`
	Description string `json:"error_description"`
}

// grant checks a successful response.
func (t tokenResponse) grant() (Grant, error) {
	switch {
	case t.AccessToken == "":
		return Grant{}, unusable("no token that can be read")
	case !strings.EqualFold(t.TokenType, "bearer"):
		return Grant{}, unusable("a token that is not a bearer token")
	case !isToken(t.AccessToken) || t.RefreshToken != "" && !isToken(t.RefreshToken):
		return Grant{}, unusable("a token that is not plain text")
	}
	const day = 24 * 60 * 60
	g := Grant{
		Access:           secret.New(t.AccessToken),
		Refresh:          secret.New(t.RefreshToken),
		ExpiresIn:        t.ExpiresIn.upTo(day),
		RefreshExpiresIn: t.RefreshTokenExpiresIn.upTo(10 * 365 * day),
		ConsentExpiresIn: t.AuthorizationExpiresIn.upTo(10 * 365 * day),
	}
	if g.ExpiresIn == 0 {
		g.ExpiresIn = time.Hour // what Spotify documents
	}
	if t.Scope != nil {
		g.Scopes = strings.Fields(*t.Scope)
	}
	return g, nil
}

// seconds is a lifetime: a number of any form, or a string that holds one. An
// unreadable one is ignored, because the tokens next to it still work.
type seconds struct {
	value float64
	known bool
}

// UnmarshalJSON implements [json.Unmarshaler].
func (s *seconds) UnmarshalJSON(text []byte) error {
	value, err := strconv.ParseFloat(strings.Trim(string(text), `" `), 64)
	if err == nil || errors.Is(err, strconv.ErrRange) {
		*s = seconds{value, !math.IsNaN(value)}
	}
	return nil
}

// upTo returns s as 1 second to most seconds, or 0 if it is unknown.
func (s seconds) upTo(most float64) time.Duration {
	if !s.known {
		return 0
	}
	return time.Duration(min(max(s.value, 1), most)) * time.Second
}

func (e *Error) isInvalidGrant() bool {
	return e.Code == "invalid_grant" && (e.Status == http.StatusBadRequest || e.Status == http.StatusUnauthorized)
}

// unusable is an error for a response with status 200 that grants nothing usable.
func unusable(what string) error {
	return &Error{Endpoint: "token", Status: http.StatusOK, Description: what}
}
