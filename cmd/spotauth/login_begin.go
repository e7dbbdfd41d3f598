package main

import (
	"context"
	"errors"
	"strings"

	"github.com/spotauth/spotauth/internal/auth"
	"github.com/spotauth/spotauth/internal/secret"
	"github.com/spotauth/spotauth/internal/session"
)

// A login in two halves, for callers without a terminal: --begin saves what
// only this login may know, and --finish reads it within ten minutes.

func (a *app) beginLogin(ctx context.Context, o loginOptions) error {
	l, c, r, err := a.prepareLogin(ctx, o)
	if err != nil {
		return err
	}
	address, pending, err := c.Begin(r)
	if err != nil {
		return err
	}
	encoded, err := pending.Encode()
	if err != nil {
		return err
	}
	if err := l.SavePending(encoded, pending.Created.Add(auth.PendingLife)); err != nil {
		return err
	}
	a.console.Say("open this URL, then run %q and paste the URL of the page you end on (within 10 minutes)", a.withProfile("spotauth login --finish"))
	if err := write(a.console.Out, address+"\n"); err != nil {
		return errors.Join(err, l.DropPending()) // nobody has its URL
	}
	return nil
}

func (a *app) finishLogin(ctx context.Context, o loginOptions) (err error) {
	l, err := a.openToSave(session.Settings{Store: o.store})
	if err != nil {
		return err
	}
	defer l.close(&err)
	if _, err := pendingOf(l); err != nil { // before anyone looks for the URL
		return err
	}
	pasted, err := a.readPasted(ctx)
	if err != nil {
		return err
	}
	pending, err := pendingOf(l) // it may have ended in the meantime
	if err != nil {
		return err
	}
	c := auth.Client{Transport: a.transport, Secret: secret.New(a.credential("SPOTAUTH_CLIENT_SECRET"))}
	if c.Origin, err = a.origin(); err != nil {
		return err
	}
	if err := l.Probe(ctx); err != nil {
		return err
	}
	if err := l.waitForLimits(ctx); err != nil {
		return err
	}
	defer a.logWriter.hold()() // the code works once
	g, err := exchange(ctx, c, pending, strings.TrimSpace(pasted))
	if errors.Is(err, auth.ErrForeign) || errors.Is(err, auth.ErrAnswer) { // the right address can still come
		return err
	}
	if err == nil {
		c.ID = pending.ClientID
		err = a.acceptFinished(ctx, l, c, g, o)
	}
	return errors.Join(err, l.DropPending()) // its code is used up
}

// readPasted reads the URL that the browser ended on from stdin.
func (a *app) readPasted(ctx context.Context) (string, error) {
	read := func() (string, error) { return a.console.ReadLine(ctx, 8<<10) }
	if a.console.InIsTerminal {
		read = func() (string, error) {
			return a.console.AskSecret(ctx, "Paste the URL of the page that the browser ended on (hidden): ")
		}
	}
	pasted, err := read()
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	if err != nil {
		return "", usageError{errors.New("no URL on stdin: --finish needs the URL of the page that the browser ended on")}
	}
	return pasted, nil
}

func (a *app) acceptFinished(ctx context.Context, l *activeLogin, c auth.Client, g auth.Grant, o loginOptions) error {
	saved, err := a.accept(ctx, l, c, g, o)
	if err == nil {
		l.welcome(saved)
	}
	return err
}

// pendingOf reads what --begin left, and takes over its settings.
func pendingOf(l *activeLogin) (auth.Pending, error) {
	encoded, err := l.Pending()
	if errors.Is(err, session.ErrNoPending) {
		return auth.Pending{}, withCommand(usageError{errors.New("no sign-in is waiting to be finished (it must be within 10 minutes)")}, loginCommand+" --begin")
	}
	if err != nil {
		return auth.Pending{}, err
	}
	return auth.DecodePending(encoded)
}
