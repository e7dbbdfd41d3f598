package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spotauth/spotauth/internal/auth"
	"github.com/spotauth/spotauth/internal/secret"
	"github.com/spotauth/spotauth/internal/session"
)

// A login in two halves, for callers without a terminal: --begin parks what
// only this login may know, and --finish takes it up within ten minutes.

func (a *app) beginLogin(ctx context.Context, o loginOptions) error {
	s, c, err := a.prepareLogin(ctx, o)
	if err != nil {
		return err
	}
	address, pending, err := auth.Begin(c)
	if err != nil {
		return err
	}
	parked, err := pending.Encode()
	if err != nil {
		return err
	}
	if err := a.park(s, parked); err != nil {
		return fmt.Errorf("parking the begun login: %w", err)
	}
	a.console.Note("open this address; give the one that the browser ends on to: spotauth login --finish")
	return write(a.console.Out, address+"\n")
}

func (a *app) finishLogin(ctx context.Context, o loginOptions) error {
	pasted, err := a.console.ReadLine(ctx, 8<<10)
	if err != nil {
		return usageError{errors.New("no address on stdin: give the one that the browser ended on")}
	}
	s, err := a.openToSave(session.Options{ClientID: o.clientID, RedirectURI: o.redirectURI, Store: o.store})
	if err != nil {
		return err
	}
	pending, err := a.parked(s)
	if err != nil {
		return err
	}
	c := auth.Config{Transport: a.transport, ClientSecret: secret.New(a.env("SPOTAUTH_CLIENT_SECRET"))}
	if c.Origin, err = a.origin(); err != nil {
		return err
	}
	if err := s.Probe(ctx); err != nil {
		return err
	}
	g, err := auth.Complete(ctx, c, pending, strings.TrimSpace(pasted))
	if err != nil {
		return err
	}
	c.ClientID = pending.ClientID
	who, err := a.accept(ctx, s, c, g, o)
	if err != nil {
		return err
	}
	a.welcome(who)
	return a.unpark(s)
}

// parkedPath names one begun login a profile; a new one replaces the old.
func (a *app) parkedPath(s *session.Session) (string, error) {
	_, state, err := a.folders()
	if err != nil {
		return "", err
	}
	name := s.Profile() + ".json"
	if address, err := a.sandboxAddress(); err == nil && address != "" {
		name = s.Profile() + " " + strings.NewReplacer(":", "-", "/", "").Replace(address) + ".json"
	}
	return filepath.Join(state, "begun", name), nil
}

// park writes a file that its owner alone can read, from its first byte on.
func (a *app) park(s *session.Session, parked secret.String) error {
	path, err := a.parkedPath(s)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if err := a.unpark(s); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = file.WriteString(parked.Reveal())
	return errors.Join(err, file.Close())
}

func (a *app) parked(s *session.Session) (auth.Pending, error) {
	path, err := a.parkedPath(s)
	if err != nil {
		return auth.Pending{}, err
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return auth.Pending{}, usageError{errors.New("no login was begun here; start with: spotauth login --begin")}
	}
	if err != nil {
		return auth.Pending{}, fmt.Errorf("reading the begun login: %w", err)
	}
	return auth.DecodePending(secret.New(string(text)))
}

func (a *app) unpark(s *session.Session) error {
	path, err := a.parkedPath(s)
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
