package main

import (
	"cmp"
	"context"
	"encoding/json"
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
	a.console.Note("open this address; give the one that the browser ends on to: %s", a.here("spotauth login --finish"))
	return write(a.console.Out, address+"\n")
}

func (a *app) finishLogin(ctx context.Context, o loginOptions) error {
	pasted, err := a.console.ReadLine(ctx, 8<<10)
	if err != nil {
		return usageError{errors.New("no address on stdin: give the one that the browser ended on")}
	}
	s, pending, err := a.parked(o)
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
	if err := a.coolDown(ctx, s.CoolDown()); err != nil {
		return err
	}
	g, err := exchange(ctx, c, pending, strings.TrimSpace(pasted))
	if errors.Is(err, auth.ErrTimeout) {
		return errors.Join(err, a.unpark(s))
	}
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

// begun is what is parked: what --begin was told, and what this login alone may know.
type begun struct {
	Store       string          `json:"store"`
	RedirectURI string          `json:"redirect_uri,omitempty"`
	Login       json.RawMessage `json:"login"`
}

// park writes a file that its owner alone can read, from its first byte on.
func (a *app) park(s *session.Session, login secret.String) error {
	path, err := a.parkedPath(s)
	if err != nil {
		return err
	}
	text, err := json.Marshal(begun{s.Settings().Store, s.Settings().RedirectURI, json.RawMessage(login.Reveal())})
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
	_, err = file.Write(text)
	return errors.Join(err, file.Close())
}

// parked takes a login up, and opens the session that it will be saved in.
func (a *app) parked(o loginOptions) (*session.Session, auth.Pending, error) {
	s, err := a.openToSave(session.Options{})
	if err != nil {
		return nil, auth.Pending{}, err
	}
	path, err := a.parkedPath(s)
	if err != nil {
		return nil, auth.Pending{}, err
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, auth.Pending{}, usageError{fmt.Errorf("no login was begun here; start with: %s", a.here("spotauth login --begin"))}
	}
	if err != nil {
		return nil, auth.Pending{}, fmt.Errorf("reading the begun login: %w", err)
	}
	var b begun
	if json.Unmarshal(text, &b) != nil {
		return nil, auth.Pending{}, auth.ErrPending
	}
	pending, err := auth.DecodePending(secret.New(string(b.Login)))
	if err != nil {
		return nil, auth.Pending{}, err
	}
	s, err = a.openToSave(session.Options{ClientID: pending.ClientID, RedirectURI: b.RedirectURI, Store: cmp.Or(o.store, b.Store)})
	return s, pending, err
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
