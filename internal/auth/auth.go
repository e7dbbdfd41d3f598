// Package auth is the OAuth protocol between spotauth and Spotify's accounts
// service: it signs a person in (authorization code with PKCE, RFC 6749 section
// 4.1 and RFC 7636, answered on a loopback listener as RFC 8252 section 7.3
// says, or by a pasted URL) and refreshes tokens (RFC 6749 section 6).
//
// It stores nothing, opens no browser and prints nothing: the caller's functions
// do. See https://developer.spotify.com/documentation/web-api/tutorials/code-pkce-flow.
package auth

import (
	"cmp"
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"github.com/spotauth/spotauth/internal/secret"
)

const (
	// Origin is Spotify's accounts service.
	Origin = "https://accounts.spotify.com"
	// DefaultRedirectURI has no port: Spotify then accepts any port on this
	// loopback address in a request.
	DefaultRedirectURI = "http://127.0.0.1/callback"
	// DefaultTimeout is how long Login waits for an answer.
	DefaultTimeout = 5 * time.Minute
)

// Client is an app that is registered with Spotify (RFC 6749 section 2). Only ID is required.
type Client struct {
	Origin string        // "" is Origin; a stand-in has "http://127.0.0.1:PORT"
	ID     string        // from the app's page on developer.spotify.com
	Secret secret.String // empty for a public client, which most are

	// Transport carries requests to the token endpoint; nil is http.DefaultTransport.
	Transport http.RoundTripper
}

// Request describes a login. All fields are optional. Begin uses the first three.
type Request struct {
	RedirectURI string   // as registered; "" is DefaultRedirectURI; without a port any free one is used
	Scopes      []string // all must be granted
	ShowDialog  bool     // show the consent page again, which lets the user choose another account

	Timeout time.Duration // 0 is DefaultTimeout

	// Ready is called when the port is open, to print and open the URL. It must
	// not block: the listener answers after it.
	Ready func(Waiting)

	// Paste reads the URL that the browser ended on, in case the browser cannot
	// reach the listener. It is called again after a wrong one, until it returns
	// an error. Login waits for it, so it must return soon after its context ends.
	Paste func(context.Context) (string, error)

	// Notice reports what does not end the login: ErrForeign, ErrIssuer, ErrAnswer
	// (from the listener once each, from Paste every time), ErrStartedTwice, and
	// an *UnansweredError after 15 s. Calls come after Ready and do not overlap.
	Notice func(error)

	// Finish saves the login. The page in the browser is shown after it, and tells
	// whether it succeeded and what it returned.
	Finish func(context.Context, Grant) (SignedIn, error)
}

// SignedIn is what the page in the browser says of a new login. All fields may be empty.
type SignedIn struct {
	Account string    // the name
	Until   time.Time // when the login ends
	Next    string    // a command to try
}

// Waiting describes a login that waits for an answer.
type Waiting struct {
	URL      string         // the authorization request; whoever has it can answer it
	StartURL string         // leads to URL once; for a command line, which all users can read
	Addr     netip.AddrPort // of the listener, for port forwarding
}

// Grant is what the token endpoint returns.
type Grant struct {
	Access    secret.String
	Refresh   secret.String // after Refresh, the one that was sent unless there is a new one
	ExpiresIn time.Duration // life of Access, 1 s to 24 h
	Scopes    []string      // nil after Refresh if Spotify did not say

	// How long the refresh token works, and how long the person's consent
	// lasts (draft-ietf-oauth-refresh-token-expiration); 0 if Spotify did not say.
	RefreshExpiresIn, ConsentExpiresIn time.Duration
}

// Login signs a user in, calls r.Finish, and returns what was granted. Only an
// answer with the login's state ends it. Errors:
// ErrDenied, *UnansweredError, ErrPortInUse, ErrPortReserved, ErrScope, *Error,
// [*wire.Error], the cause of ctx's end, and what Finish returns.
func (c Client) Login(ctx context.Context, r Request) (Grant, error) {
	c, r, err := checked(c, r)
	if err != nil {
		return Grant{}, err
	}
	ln, redirect, err := listen(ctx, r.RedirectURI)
	if err != nil {
		return Grant{}, err
	}
	addr := netip.MustParseAddrPort(ln.Addr().String())
	p := c.newPending(r.Scopes, redirect)
	l := newLoopback(p, c.authorizeURL(p, r.ShowDialog), r.Notice)
	l.register = uriToRegister(r.RedirectURI, addr)
	if r.Ready != nil {
		r.Ready(Waiting{URL: l.consent, StartURL: "http://" + l.host + l.start, Addr: addr})
	}
	l.serve(ln) // after Ready, because Notice may use what Ready was told
	grant, who, err := c.finish(ctx, r, l)
	l.close(ctx, ending(who, err))
	return grant, err
}

// finish waits for the answer, exchanges it, and calls r.Finish.
func (c Client) finish(ctx context.Context, r Request, l *loopback) (Grant, SignedIn, error) {
	a, err := await(ctx, r, l)
	if err != nil {
		return Grant{}, SignedIn{}, err
	}
	grant, err := c.exchange(ctx, l.pending, a)
	if err != nil || r.Finish == nil {
		return grant, SignedIn{}, err
	}
	who, err := r.Finish(ctx, grant)
	if err != nil {
		return Grant{}, SignedIn{}, err
	}
	return grant, who, nil
}

// await returns the first valid answer, from the listener or pasted.
func await(ctx context.Context, r Request, l *loopback) (answer, error) {
	pasting, stop := context.WithCancel(ctx)
	var paste sync.WaitGroup
	if r.Paste != nil {
		paste.Go(func() { l.readPastes(pasting, r.Paste) })
	}
	defer paste.Wait()
	defer stop()
	return l.wait(ctx, r.Timeout)
}

// uriToRegister returns the redirect URI to register for a listener at addr, which
// is on [::1] if this machine has no 127.0.0.1.
func uriToRegister(uri string, addr netip.AddrPort) string {
	u, err := url.Parse(uri)
	if err == nil && u.Hostname() != addr.Addr().String() {
		u.Host = "[::1]"
		return u.String()
	}
	return uri
}

// checked returns c and r with their defaults, or what is wrong with them.
func checked(c Client, r Request) (Client, Request, error) {
	r.RedirectURI = cmp.Or(r.RedirectURI, DefaultRedirectURI)
	r.Timeout = cmp.Or(r.Timeout, DefaultTimeout)
	if r.Notice == nil {
		r.Notice = func(error) {}
	}
	c, err := c.checked()
	return c, r, cmp.Or(err, CheckRedirectURI(r.RedirectURI))
}

func (c Client) checked() (Client, error) {
	c.Origin = cmp.Or(c.Origin, Origin)
	if c.Transport == nil {
		c.Transport = http.DefaultTransport
	}
	return c, cmp.Or(checkOrigin(c.Origin), CheckClientID(c.ID))
}
