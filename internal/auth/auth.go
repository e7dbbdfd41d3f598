// Package auth is the OAuth protocol between spotauth and Spotify's accounts
// service: it signs a person in (authorization code with PKCE, RFC 6749 section
// 4.1 and RFC 7636, answered on a loopback listener as RFC 8252 section 7.3
// has it, or by a pasted address) and refreshes tokens (RFC 6749 section 6).
//
// It keeps nothing, opens no browser and prints nothing: callers hand in funcs
// for that. See https://developer.spotify.com/documentation/web-api/tutorials/code-pkce-flow.
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
	// DefaultRedirectURI has no port: Spotify lets a loopback IP literal that
	// is registered so take any port at the time of the request.
	DefaultRedirectURI = "http://127.0.0.1/callback"
	// DefaultTimeout is how long Login waits for the person.
	DefaultTimeout = 5 * time.Minute
)

// Config says who signs in where. ClientID is all that must be set.
type Config struct {
	Origin       string        // "" is Origin; a stand-in has "http://127.0.0.1:PORT"
	ClientID     string        // from the app's page on developer.spotify.com
	ClientSecret secret.String // empty for a public client, which most are
	RedirectURI  string        // as registered; "" is DefaultRedirectURI; a port in it is kept
	Scopes       []string      // asked for; a login that grants fewer is refused
	ShowDialog   bool          // ask again for consent, so that another account can be chosen
	Timeout      time.Duration // 0 is DefaultTimeout

	// Transport carries requests to the token endpoint; nil is http.DefaultTransport.
	Transport http.RoundTripper

	// Ready is called when the port is open, to print and open the URL. It must
	// not block: the listener answers after it.
	Ready func(Waiting)

	// Paste reads the address that the browser ended on, where the browser
	// cannot reach the listener. It is called again after a wrong one, until it
	// returns an error. It must return soon after its context ends: Login waits
	// for it. Nil: nobody is there to paste.
	Paste func(context.Context) (string, error)

	// Notice is called for what Login waits past: ErrForeign, ErrIssuer, ErrAnswer
	// (for the listener once each, for a pasted address every time),
	// ErrStartedTwice and ErrNoCallback. Calls come after Ready and do not overlap.
	Notice func(error)

	// Finish turns the grant into a kept login and returns the account's name
	// for the page in the browser, which is shown after it and tells its result.
	Finish func(context.Context, Grant) (account string, err error)
}

// Waiting describes a login that waits for its answer.
type Waiting struct {
	URL      string         // the authorization request; whoever has it can answer it
	StartURL string         // leads to URL once; for a command line, which all users can read
	Addr     netip.AddrPort // where the listener is, for port forwarding
	Register string         // the redirect URI that the app must have registered
}

// Grant is what Spotify granted.
type Grant struct {
	Access    secret.String
	Refresh   secret.String // after Refresh, the one sent unless Spotify gave a new one
	Scopes    []string      // granted; those asked for where Spotify does not say
	ExpiresIn time.Duration // life of Access, 1 s to 24 h

	// How long the refresh token works, and how long the person's consent
	// lasts (draft-ietf-oauth-refresh-token-expiration); 0 if Spotify did not say.
	RefreshExpiresIn, ConsentExpiresIn time.Duration
}

// Login signs a person in and returns what was granted, after Finish.
//
// It ends at the first answer that belongs to it, whatever else knocks. Errors:
// ErrDenied, ErrTimeout, ErrPortInUse, ErrPortReserved, ErrScope, *Error,
// [*wire.Error], the cause of ctx's end, and what Finish returns.
func Login(ctx context.Context, c Config) (Grant, error) {
	c, err := c.checked()
	if err != nil {
		return Grant{}, err
	}
	ln, redirect, err := listen(ctx, c.RedirectURI)
	if err != nil {
		return Grant{}, err
	}
	p := c.newPending(redirect)
	consent := c.authorizeURL(p)
	l := newLoopback(p, consent, c.Notice)
	if c.Ready != nil {
		c.Ready(c.waiting(consent, "http://"+l.host+l.start, ln.Addr().String()))
	}
	l.serve(ln) // after Ready, because Notice may use what Ready was told
	grant, account, err := c.finish(ctx, l)
	l.close(ctx, ending(account, err))
	return grant, err
}

// finish takes a waiting login to its end and names the account.
func (c Config) finish(ctx context.Context, l *loopback) (Grant, string, error) {
	a, err := c.await(ctx, l)
	if err != nil {
		return Grant{}, "", err
	}
	grant, err := c.exchange(ctx, l.pending, a)
	if err != nil || c.Finish == nil {
		return grant, "", err
	}
	account, err := c.Finish(ctx, grant)
	if err != nil {
		return Grant{}, "", err
	}
	return grant, account, nil
}

// await waits on the listener and for a pasted address; the first valid answer
// of either wins.
func (c Config) await(ctx context.Context, l *loopback) (answer, error) {
	pasting, stop := context.WithCancel(ctx)
	var paste sync.WaitGroup
	if c.Paste != nil {
		paste.Go(func() { l.readPastes(pasting, c.Paste) })
	}
	defer paste.Wait()
	defer stop()
	return l.wait(ctx, c.Timeout)
}

func (c Config) waiting(consent, start, addr string) Waiting {
	at := netip.MustParseAddrPort(addr)
	register := c.RedirectURI
	if u, _ := url.Parse(register); u.Hostname() != at.Addr().String() {
		u.Host = "[::1]" // 127.0.0.1 could not be had
		register = u.String()
	}
	return Waiting{URL: consent, StartURL: start, Addr: at, Register: register}
}

// checked returns c with its defaults, or what is wrong with it.
func (c Config) checked() (Config, error) {
	c.Origin = cmp.Or(c.Origin, Origin)
	c.RedirectURI = cmp.Or(c.RedirectURI, DefaultRedirectURI)
	c.Timeout = cmp.Or(c.Timeout, DefaultTimeout)
	if c.Transport == nil {
		c.Transport = http.DefaultTransport
	}
	if c.Notice == nil {
		c.Notice = func(error) {}
	}
	return c, cmp.Or(checkOrigin(c.Origin), CheckClientID(c.ClientID), CheckRedirectURI(c.RedirectURI))
}
