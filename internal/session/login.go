package session

import (
	"cmp"
	"slices"
	"time"

	"github.com/spotauth/spotauth/internal/secret"
)

// Login is one saved sign-in of one account with one client ID.
type Login struct {
	ClientID     string
	ClientSecret secret.String // empty for a public client, which is the usual kind
	Account      Account
	Scopes       []string // as granted

	AuthorizedAt    time.Time // when the person agreed: the six months run from here
	EndsAt          time.Time // when Spotify says that the login ends; zero if it does not say
	ObtainedAt      time.Time // when Spotify answered with Access
	AccessExpiresAt time.Time

	Access  secret.String
	Refresh secret.String
	Dead    *Death // not nil: Spotify refused the refresh token, and both tokens are gone
}

// Account is the account of a login, as GET /v1/me returns it.
type Account struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
}

// label names an account for a person.
func (a Account) label() string { return cmp.Or(a.Name, a.ID) }

// Death is when and why Spotify refused the refresh token.
type Death struct {
	At  time.Time `json:"at"`
	Why string    `json:"why,omitempty"`
}

// Tokens is an answer of the token endpoint.
type Tokens struct {
	Access    secret.String
	Refresh   secret.String // empty: the answer had none, and the old one stays good
	ExpiresIn time.Duration // 0: the answer did not say
	Scopes    []string      // nil: the answer did not say

	// How long the refresh token works, and how long the person's consent lasts
	// (draft-ietf-oauth-refresh-token-expiration). 0: the answer did not say.
	RefreshExpiresIn, ConsentExpiresIn time.Duration
}

const (
	// margin is the shortest life of an access token that Token returns.
	margin = time.Minute
	// An access token lives for an hour. More than a day is taken for a mistake.
	usualLife, longestLife = time.Hour, 24 * time.Hour
)

// With returns the login as it is after the token endpoint answered t at now. A new
// refresh token replaces the old one, none leaves it (RFC 6749 section 6); account
// and AuthorizedAt stay, because refreshing does not lengthen the six months.
func (l Login) With(t Tokens, now time.Time) Login {
	life := t.ExpiresIn
	if life == 0 {
		life = usualLife
	}
	life = min(max(life, time.Second), longestLife)
	now = now.UTC().Truncate(time.Second)
	l.Access, l.ObtainedAt, l.AccessExpiresAt = t.Access, now, now.Add(life)
	if !t.Refresh.Empty() {
		l.Refresh = t.Refresh
	}
	if t.Scopes != nil {
		l.Scopes = slices.Clone(t.Scopes)
	}
	if ends := cmp.Or(t.ConsentExpiresIn, t.RefreshExpiresIn); ends > 0 {
		l.EndsAt = now.Add(ends)
	}
	if l.AuthorizedAt.After(now) { // it was made under a clock that was wrong
		l.AuthorizedAt = now
	}
	return l
}

// ReauthBy is the time by which the account has to sign in again. It is EndsAt if Spotify
// has said so, and otherwise an estimate: six months after the person agreed (Spotify,
// "Refreshing tokens"). It is the zero time if that is not known either.
func (l Login) ReauthBy() time.Time {
	if !l.EndsAt.IsZero() || l.AuthorizedAt.IsZero() {
		return l.EndsAt
	}
	by := l.AuthorizedAt.AddDate(0, 6, 0)
	if by.Day() != l.AuthorizedAt.Day() { // 31 August: the last of February, not 3 March
		by = by.AddDate(0, 0, -by.Day())
	}
	return by
}

// isValidFor reports whether the access token works for at least d from now on. If the clock was
// set back, or forward and back again, that is not certain, and the answer is no.
func (l Login) isValidFor(now time.Time, d time.Duration) bool {
	return !l.Access.Empty() &&
		!now.Before(l.ObtainedAt) &&
		!l.AccessExpiresAt.After(now.Add(longestLife+time.Hour)) &&
		l.AccessExpiresAt.Sub(now) >= d
}

// tombstone is what remains of a dead login: whose it was, and why it ended.
func (l Login) tombstone(now time.Time, why error) Login {
	text := []rune(why.Error())
	l.Dead = &Death{At: now.UTC().Truncate(time.Second), Why: string(text[:min(len(text), 120)])}
	l.Access, l.Refresh, l.AccessExpiresAt = secret.String{}, secret.String{}, time.Time{}
	return l
}
