package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/spotauth/spotauth/internal/auth"
	"github.com/spotauth/spotauth/internal/secret"
	"github.com/spotauth/spotauth/internal/session"
	"github.com/spotauth/spotauth/internal/spotify"
)

// open opens the login to use: the one in the environment if there is one, else the
// profile's. overrides replace the profile's settings.
func (a *app) open(overrides session.Settings) (*session.Session, error) {
	l, loginVar, err := a.loginFromEnvironment()
	if err != nil {
		return nil, err
	}
	o, err := a.sessionOptions(overrides)
	if loginVar != "" && errors.Is(err, errNoFolder) {
		err = nil // nothing is stored
	}
	if err != nil {
		return nil, err
	}
	if loginVar != "" {
		a.given, a.session = loginVar, session.Memory(l, o)
		return a.session, nil
	}
	if a.session, err = session.Open(o); err == nil {
		err = requireProfile(o, o.Profile)
	}
	return a.session, err
}

// requireProfile refuses a profile that no login has created. "default" always exists.
func requireProfile(o session.Options, name string) error {
	if name == "" || name == "default" {
		return nil
	}
	profiles, err := session.Profiles(o)
	if err != nil {
		return err
	}
	names := []string{"default"}
	for _, p := range profiles {
		if p.Name == name {
			return nil
		}
		if p.Name != "default" {
			names = append(names, p.Name)
		}
	}
	return noProfileError{name, names}
}

func (a *app) sessionOptions(overrides session.Settings) (session.Options, error) {
	o := session.Options{Settings: overrides, Refresh: a.refresh}
	var err error
	if o.Sandbox, err = a.sandboxAddress(); err != nil {
		return o, err
	}
	if o.Sandbox != "" && a.console.ErrIsTerminal {
		a.console.Note("using the stand-in at %s, not Spotify", o.Sandbox)
	}
	o.Settings.ClientID = cmp.Or(o.Settings.ClientID, a.credential("SPOTAUTH_CLIENT_ID"))
	o.Profile = a.profile
	o.BusAddress = a.env("DBUS_SESSION_BUS_ADDRESS")
	o.Interactive = a.console.ErrIsTerminal
	o.Waiting = func(what string) { a.console.Note("%s ...", what) }
	o.Warn = func(what string) { a.console.Warn("%s", what) }
	o.Now = a.now
	o.Log = a.log
	o.ConfigDir, o.StateDir, err = a.folders()
	return o, err
}

// token returns a login with an access token that lives for at least minLife.
// If a refresh is due during a limit that an earlier process met, it waits first.
func (a *app) token(ctx context.Context, s *session.Session, minLife time.Duration, refused secret.String) (session.Login, error) {
	l, err := s.Token(ctx, minLife, refused)
	var cooling *session.CoolingDownError
	if errors.As(err, &cooling) {
		if err = a.coolDown(ctx, cooling.Until); err == nil {
			l, err = s.Token(ctx, minLife, refused)
		}
	}
	if err == nil {
		a.remind(l)
		a.tellIfReplaced(l)
	}
	return l, err
}

// tellIfReplaced warns that the refresh token in the environment is used up:
// nothing is stored, so the new one ends with this process.
func (a *app) tellIfReplaced(l session.Login) {
	given := secret.New(a.credential(refreshTokenVar))
	if a.given != refreshTokenVar || l.Refresh.Equal(given) || a.replaced {
		return
	}
	a.replaced = true
	a.console.Warn("spotify gave a new refresh token; the one in SPOTAUTH_REFRESH_TOKEN may have stopped working")
}

// origin is where to ask: the address of a stand-in, or "" for Spotify if the
// way there can be used at all.
func (a *app) origin() (string, error) {
	address, err := a.sandboxAddress()
	if err == nil && address == "" {
		err = checkProxyAddress()
	}
	return address, err
}

// refresh is refreshGrant in the terms of session.
func (a *app) refresh(ctx context.Context, l session.Login) (session.Tokens, error) {
	address, err := a.origin()
	if err != nil {
		return session.Tokens{}, err
	}
	if a.callsAPI && address == "" && checkDestination(address, l.Refresh) == nil { // a stand-in is on this machine
		connectEarly(a.transport, spotify.Origin) // 85 ms less at a round trip of 40 ms
	}
	g, err := refreshGrant(ctx, auth.Client{
		Origin: address, ID: l.ClientID, Secret: l.ClientSecret, Transport: a.transport,
	}, l.Refresh)
	if errors.Is(err, auth.ErrDead) {
		err = fmt.Errorf("%w: %w", session.ErrDead, err)
	}
	return tokens(g), err
}

func tokens(g auth.Grant) session.Tokens {
	return session.Tokens{Access: g.Access, Refresh: g.Refresh, ExpiresIn: g.ExpiresIn, Scopes: g.Scopes,
		RefreshExpiresIn: g.RefreshExpiresIn, ConsentExpiresIn: g.ConsentExpiresIn}
}

// api is the Web API as the session's account sees it, once it may be asked.
func (a *app) api(ctx context.Context, s *session.Session) (*spotify.Client, error) {
	address, err := a.origin()
	if err != nil {
		return nil, err
	}
	a.callsAPI = true
	client := a.client(address, func(ctx context.Context, refused secret.String) (secret.String, error) {
		l, err := a.token(ctx, s, 0, refused)
		a.callsAPI = false // from now on there is a connection
		return l.Access, err
	})
	client.CoolDown = func(limits string) time.Duration { return s.CoolDown(limits).Sub(a.now()) }
	return client, nil
}

// coolDown waits for the end of a limit that an earlier process met.
func (a *app) coolDown(ctx context.Context, until time.Time) error {
	rest := until.Sub(a.now())
	switch {
	case until.IsZero() || rest <= 0:
		return nil
	case rest > a.maxWait:
		return &session.CoolingDownError{Until: until}
	}
	a.waiting(&spotify.Error{Kind: spotify.RateLimited}, rest)
	select {
	case <-time.After(rest):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// waiting tells the person why nothing happens.
func (a *app) waiting(why *spotify.Error, pause time.Duration) {
	reason := "spotify does not answer"
	switch {
	case why.Kind == spotify.RateLimited, why.Kind == spotify.QuotaExceeded:
		reason = "rate limited by spotify"
	case why.Kind == spotify.LoginNeeded:
		reason = "spotify did not take a fresh token"
	case why.Status != 0:
		reason = fmt.Sprintf("spotify answered %d", why.Status)
	case why.Kind == spotify.BadAnswer, errors.Is(why, io.ErrUnexpectedEOF):
		reason = "spotify's answer was not whole"
	}
	a.console.Countdown(reason+"; trying again", pause)
}

// remember keeps a limit that ended a command, so that the next process does
// not knock and lengthen it.
func (a *app) remember(err error) {
	var api *spotify.Error
	var token *auth.Error
	var group string
	var wait time.Duration
	switch {
	case errors.As(err, &api) && api.Status == http.StatusTooManyRequests:
		group, wait = api.Limits, api.RetryAfter
	case errors.As(err, &token) && token.Status == http.StatusTooManyRequests:
		group, wait = session.TokenLimit, token.RetryAfter
	}
	if a.session == nil || wait == 0 {
		return
	}
	if err := a.session.SetCoolDown(group, a.now().Add(wait)); err != nil {
		a.log.Debug("the limit could not be remembered", "error", err)
	}
}

const lastDays = 14 * 24 * time.Hour

// remind says once that a login is about to end, while there is time.
func (a *app) remind(l session.Login) {
	by := l.ReauthBy()
	if by.IsZero() || a.reminded || by.Sub(a.now()) > lastDays {
		return
	}
	a.reminded = true
	a.console.Warn("this login ends by %s (%s); run: %s", day(by), inDays(a.now(), by), a.here(loginHint))
}

func day(t time.Time) string { return t.Local().Format("2 January 2006") }

// inDays counts as a calendar does.
func inDays(now, t time.Time) string {
	midnight := func(t time.Time) time.Time {
		y, m, d := t.Local().Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}
	switch days := int(midnight(t).Sub(midnight(now)) / (24 * time.Hour)); {
	case t.Before(now):
		return "overdue"
	case days == 0:
		return "today"
	case days == 1:
		return "tomorrow"
	default:
		return fmt.Sprintf("in %d days", days)
	}
}
