package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spotauth/spotauth/internal/session"
	"github.com/spotauth/spotauth/internal/spotify"
	"github.com/spotauth/spotauth/internal/wire"
)

// sessionOptions are those of the flags and the environment, all but Refresh.
func (a *app) sessionOptions(overrides session.Settings) (session.Options, error) {
	o := session.Options{Settings: overrides}
	var err error
	if o.Sandbox, err = a.sandboxAddress(); err != nil {
		return o, err
	}
	if o.Sandbox != "" {
		a.console.Note("using the stand-in at %s, not Spotify", o.Sandbox)
	}
	o.Settings.ClientID = cmp.Or(o.Settings.ClientID, a.credential("SPOTAUTH_CLIENT_ID"))
	o.Profile = a.profile
	o.BusAddress = a.env("DBUS_SESSION_BUS_ADDRESS")
	o.Interactive = a.console.ErrIsTerminal
	o.Waiting = func(what string) { a.console.Note("%s ...", what) }
	o.Warn = func(what string) { a.console.Warn("%s", what) }
	o.WaitForLimit = a.waitForLimit
	o.HoldLog = a.logWriter.hold
	o.Now = a.now
	o.Log = a.log
	o.ConfigDir, o.StateDir, err = a.folders()
	return o, err
}

// savedOptions lead to what a profile has saved, whatever SPOTAUTH_CLIENT_ID says: that
// is the app of a new login.
func (a *app) savedOptions() (session.Options, error) {
	o, err := a.sessionOptions(session.Settings{})
	o.Settings.ClientID = ""
	return o, err
}

// origin is the address of the stand-in, or "" for Spotify. It fails if the proxy settings are
// malformed.
func (a *app) origin() (string, error) {
	address, err := a.sandboxAddress()
	if err == nil && address == "" {
		err = a.checkProxyAddress()
	}
	return address, err
}

// waitForLimit waits for the end of a limit that an earlier process met.
func (a *app) waitForLimit(ctx context.Context, until time.Time) error {
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
	reason := "Spotify does not answer"
	var network *wire.Error
	switch {
	case why.Kind == spotify.RateLimited, why.Kind == spotify.QuotaExceeded:
		reason = "rate-limited by Spotify"
	case why.Kind == spotify.LoginNeeded:
		reason = "Spotify rejected a fresh token"
	case why.Status != 0:
		reason = fmt.Sprintf("Spotify answered %d", why.Status)
	case errors.As(why, &network) && network.Kind != wire.CutShort:
		reason = network.Error()
	case network != nil, why.Kind == spotify.BadAnswer:
		reason = "Spotify's response was cut short"
	}
	a.console.Countdown(reason+"; trying again", pause)
}
