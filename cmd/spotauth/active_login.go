package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/spotauth/spotauth/internal/auth"
	"github.com/spotauth/spotauth/internal/secret"
	"github.com/spotauth/spotauth/internal/session"
	"github.com/spotauth/spotauth/internal/spotify"
)

// An activeLogin is the login that a command uses. The command opens it once. One that
// uses its tokens closes it with its error.
type activeLogin struct {
	*session.Session
	app      *app
	loginVar string // the environment variable that holds the login; "" for a saved one

	apiSince time.Time // when the command began to use the Web API; zero if it doesn't
}

// open opens the login to use: the one in the environment if there is one, else the
// profile's.
func (a *app) open() (*activeLogin, error) {
	inEnvironment, loginVar, err := a.loginFromEnvironment()
	if err != nil {
		return nil, err
	}
	if loginVar == "" {
		return a.openSaved(session.Settings{}, requireProfile)
	}
	o, err := a.sessionOptions(session.Settings{})
	if err != nil && !errors.Is(err, errNoFolder) { // nothing is stored, so no folder is needed
		return nil, err
	}
	l := &activeLogin{app: a, loginVar: loginVar}
	o.Refresh = l.refresh
	l.Session = session.Memory(inEnvironment, o)
	return l, nil
}

// openWithAPI opens the login to use, and the Web API with it.
func (a *app) openWithAPI() (*activeLogin, *spotify.Client, error) {
	l, err := a.open()
	if err != nil {
		return nil, nil, err
	}
	client, err := l.api()
	return l, client, err
}

// openToSave opens the profile's login in order to save a new one there. overrides replace
// the profile's settings.
func (a *app) openToSave(overrides session.Settings) (*activeLogin, error) {
	return a.openSaved(overrides, func(session.Options, string) error { return nil })
}

func (a *app) openSaved(overrides session.Settings, checkProfile func(session.Options, string) error) (*activeLogin, error) {
	o, err := a.sessionOptions(overrides)
	if err != nil {
		return nil, err
	}
	l := &activeLogin{app: a}
	o.Refresh = l.refresh
	if l.Session, err = session.Open(o); err == nil {
		err = checkProfile(o, o.Profile)
	}
	return l, err
}

// close ends the use of the login by a command that returns *err. It remembers a limit
// for later processes, and says what the user should know about the login. One that could
// not be saved is an error: the work may be done, but the saved login has probably stopped
// working (B-16).
func (l *activeLogin) close(err *error) {
	l.rememberLimit(*err)
	l.warn()
	switch unsaved := l.Unsaved(); {
	case unsaved == nil:
	case *err == nil:
		*err = unsaved
	default:
		l.warnUnsaved()
	}
	if *err != nil && l.loginVar != "" {
		*err = variableError{*err, l.loginVar}
	}
}

// warn says what the user should know about the login that the command used.
func (l *activeLogin) warn() {
	used := l.Current()
	l.warnOfEnd(used)
	if l.loginVar == refreshTokenVar && !used.Refresh.Empty() && !used.Refresh.Equal(secret.New(l.app.credential(refreshTokenVar))) {
		// Nothing is stored, so the new one ends with this process.
		l.app.console.Warn("Spotify issued a new refresh token; the one in %s may have stopped working", refreshTokenVar)
	}
}

// warnUnsaved says that a refreshed login could not be saved, if that is so.
func (l *activeLogin) warnUnsaved() {
	if err := l.Unsaved(); err != nil {
		l.app.console.Warn("%s", l.app.explain(err).Message)
	}
}

// rememberLimit keeps a limit that ended a command, so that the next process waits for
// its end too: asking earlier would make it longer.
func (l *activeLogin) rememberLimit(err error) {
	var api *spotify.Error
	var token *auth.Error
	var group string
	var wait time.Duration
	switch {
	case errors.As(err, &api) && api.Status != 0: // 0: an earlier process met it
		group, wait = api.Group, cmp.Or(api.RetryAfter, guessedLimit(api.Kind))
	case errors.As(err, &token) && token.Status == http.StatusTooManyRequests:
		group, wait = session.TokenGroup, cmp.Or(token.RetryAfter, guessedLimit(spotify.RateLimited))
	}
	if wait == 0 {
		return
	}
	if err := l.SetCoolDown(group, l.app.now().Add(wait)); err != nil {
		l.app.log.Debug("the limit could not be remembered", "error", err)
	}
}

// guessedLimit is how long to leave Spotify alone if it doesn't say. A quota that was used up
// took 12 to 24 hours to come back. A plain limit counts the requests of 30 seconds:
// https://developer.spotify.com/documentation/web-api/concepts/rate-limits
func guessedLimit(kind spotify.Kind) time.Duration {
	switch kind {
	case spotify.QuotaExceeded:
		return time.Hour
	case spotify.RateLimited:
		return 30 * time.Second
	}
	return 0
}

// warnOfEnd says that a login is about to end, while there is time.
func (l *activeLogin) warnOfEnd(saved session.Login) {
	by, now := saved.ReauthBy(), l.app.now()
	if !by.IsZero() && by.Sub(now) <= lastDays {
		l.app.console.Warn("this login ends by %s (%s); run %q", day(by), inDays(now, by), l.app.withProfile(loginCommand))
	}
}

const lastDays = 14 * 24 * time.Hour

// refresh is the Refresh of the session: it asks the token endpoint.
func (l *activeLogin) refresh(ctx context.Context, saved session.Login) (session.Tokens, error) {
	origin, err := l.app.origin()
	if err != nil {
		return session.Tokens{}, err
	}
	if origin == "" && l.needsConnection(saved) && checkDestination(origin, saved.Refresh, saved.ClientSecret) == nil { // a stand-in is on this machine
		connectEarly(l.app.transport, spotify.Origin) // 85 ms less at a round trip of 40 ms
	}
	g, err := refreshGrant(ctx, auth.Client{
		Origin: origin, ID: saved.ClientID, Secret: saved.ClientSecret, Transport: l.app.transport,
	}, saved.Refresh)
	if errors.Is(err, auth.ErrDead) {
		err = fmt.Errorf("%w: %w", session.ErrDead, err)
	}
	return session.Tokens(g), err
}

// needsConnection reports whether the Web API comes next and has not been contacted yet.
// If the access token was still good when the command began, it has.
func (l *activeLogin) needsConnection(saved session.Login) bool {
	return !l.apiSince.IsZero() && saved.AccessExpiresAt.Sub(l.apiSince) < time.Minute
}

// api is the Web API with this login.
func (l *activeLogin) api() (*spotify.Client, error) {
	origin, err := l.app.origin()
	if err != nil {
		return nil, err
	}
	l.apiSince = l.app.now()
	client := l.app.client(origin, l.AccessToken)
	client.CoolDown = func(group string) time.Duration { return l.CoolDown(group).Sub(l.app.now()) }
	return client, nil
}

// waitForLimits waits for the limits that a sign-in can meet: it needs the token endpoint
// and the Web API.
func (l *activeLogin) waitForLimits(ctx context.Context) error {
	until := l.CoolDown(session.TokenGroup)
	if api := l.CoolDown(spotify.APIGroup); api.After(until) {
		until = api
	}
	return l.app.waitForLimit(ctx, until)
}
