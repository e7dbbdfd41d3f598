package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strconv"
	"time"

	"golang.org/x/oauth2"

	"github.com/spotauth/spotauth/internal/secret"
)

// PendingLife is how long after Begin a login can be completed.
const PendingLife = 10 * time.Minute

// Pending is a login between Begin and Complete. Its state and verifier are
// secrets; Encode includes them, for a file that only the user can read.
type Pending struct {
	ClientID    string
	RedirectURI string // as sent, with its port
	Scopes      []string
	Created     time.Time

	origin   string
	state    secret.String
	verifier secret.String
}

// Begin starts a login that another process ends with Complete, for callers
// without a terminal. It returns the URL to open in any browser. The page after
// consent fails to load, and its URL is the answer.
func (c Client) Begin(r Request) (string, Pending, error) {
	c, r, err := checked(c, r)
	if err != nil {
		return "", Pending{}, err
	}
	u, err := url.Parse(r.RedirectURI)
	if err != nil {
		return "", Pending{}, err
	}
	if u.Port() == "" {
		// Nothing listens there, and nothing should: without a port the answer
		// would go to whatever serves port 80 on the browser's machine.
		const dynamic, ports = 49152, 16384 // RFC 6335 section 6
		u.Host += ":" + strconv.Itoa(dynamic+rand.IntN(ports))
	}
	p := c.newPending(r.Scopes, u.String())
	return c.authorizeURL(p, r.ShowDialog), p, nil
}

// Complete ends a login from the URL that the browser ended on. c.Origin must be
// that of Begin; c.ID is taken from p. Errors: ErrTimeout after PendingLife,
// ErrPending, ErrForeign, ErrIssuer and ErrAnswer for a wrong URL, and those of
// the exchange in Login.
func (c Client) Complete(ctx context.Context, p Pending, pasted string) (Grant, error) {
	c.ID = p.ClientID
	c, err := c.checked()
	if err != nil || c.Origin != p.origin || CheckRedirectURI(p.RedirectURI) != nil {
		return Grant{}, ErrPending
	}
	if age := time.Since(p.Created); age < 0 || age > PendingLife {
		return Grant{}, ErrTimeout
	}
	a, err := p.readPasted(pasted)
	if err != nil {
		return Grant{}, err
	}
	return c.exchange(ctx, p, a)
}

func (c Client) newPending(scopes []string, redirectURI string) Pending {
	return Pending{
		ClientID:    c.ID,
		RedirectURI: redirectURI,
		Scopes:      slices.Clone(scopes),
		Created:     time.Now(),
		origin:      c.Origin,
		// The shape of a verifier suits a state too: 32 random bytes, base64url.
		state:    secret.New(oauth2.GenerateVerifier()),
		verifier: secret.New(oauth2.GenerateVerifier()),
	}
}

// authorizeURL is the authorization request of RFC 6749 section 4.1.1, with
// the challenge of RFC 7636 section 4.3.
func (c Client) authorizeURL(p Pending, showDialog bool) string {
	options := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(p.verifier.Reveal())}
	if showDialog {
		options = append(options, oauth2.SetAuthURLParam("show_dialog", "true"))
	}
	client := oauth2.Config{
		ClientID:    p.ClientID,
		RedirectURL: p.RedirectURI,
		Scopes:      p.Scopes,
		Endpoint:    oauth2.Endpoint{AuthURL: c.Origin + "/authorize"},
	}
	return client.AuthCodeURL(p.state.Reveal(), options...)
}

// pendingJSON is a type of its own, so that json.Marshal of a Pending cannot
// reveal the verifier by accident.
type pendingJSON struct {
	Version     int       `json:"version"`
	Origin      string    `json:"origin"`
	ClientID    string    `json:"client_id"`
	RedirectURI string    `json:"redirect_uri"`
	Scopes      []string  `json:"scopes"`
	Created     time.Time `json:"created"`
	State       string    `json:"state"`
	Verifier    string    `json:"verifier"`
}

// Encode returns p as JSON, for a file that only the user can read.
func (p Pending) Encode() (secret.String, error) {
	text, err := json.Marshal(pendingJSON{1, p.origin, p.ClientID, p.RedirectURI, p.Scopes, p.Created,
		p.state.Reveal(), p.verifier.Reveal()})
	if err != nil {
		return secret.String{}, fmt.Errorf("encoding the pending sign-in: %w", err)
	}
	return secret.New(string(text)), nil
}

// DecodePending reads what Encode wrote; anything else is ErrPending.
func DecodePending(text secret.String) (Pending, error) {
	var f pendingJSON
	if err := json.Unmarshal([]byte(text.Reveal()), &f); err != nil {
		return Pending{}, ErrPending
	}
	known := f.Version == 1 && len(f.State) == 43 && len(f.Verifier) == 43 // 32 bytes in base64url
	if !known || errors.Join(checkOrigin(f.Origin), CheckClientID(f.ClientID), CheckRedirectURI(f.RedirectURI)) != nil {
		return Pending{}, ErrPending
	}
	return Pending{f.ClientID, f.RedirectURI, f.Scopes, f.Created,
		f.Origin, secret.New(f.State), secret.New(f.Verifier)}, nil
}
