// Package session keeps a login: it hides which store holds it, how that store
// misbehaves, how processes take turns at refreshing it, and which clocks run.
//
// A profile has one login. Its record is one item in one store (keychain, file or
// helper), chosen when it signs in; its settings stand in config.toml. The package asks
// for no consent and speaks no HTTP: refreshing comes in as a func. It reads no
// environment and prints nothing.
package session

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
)

// Session is one profile's login. Its methods may be called by several goroutines.
type Session struct {
	options  Options
	patience patience
	profile  string
	saved    Settings // as config.toml has them
	settings Settings // with the overrides
	work     int      // of encrypting an export

	mu      sync.Mutex
	store   store  // nil: the login is in memory alone
	current *Login // what the last Token gave
}

// Open finds the profile's settings. It reads no login and asks no keychain.
func Open(o Options) (*Session, error) {
	o = o.filled()
	if err := o.check(); err != nil {
		return nil, err
	}
	c, err := readConfig(o.configPath())
	if err != nil {
		return nil, err
	}
	s := &Session{options: o, patience: newPatience(o), profile: o.Profile, work: exportWork}
	if s.profile == "" {
		s.profile = c.defaultName()
	}
	if err := checkProfile(s.profile); err != nil {
		return nil, err
	}
	s.saved = c.Profile[s.profile]
	s.settings = Settings{
		ClientID:    first(o.ClientID, s.saved.ClientID),
		RedirectURI: first(o.RedirectURI, s.saved.RedirectURI),
		Store:       first(o.Store, s.saved.Store, storeKeychain),
	}
	if s.store, err = s.open(s.settings.Store); err != nil {
		return nil, err
	}
	return s, nil
}

// InMemory stands in [Settings] for the store of a session that keeps nothing.
const InMemory = "memory"

// Memory makes a session of a login that is kept nowhere: the demo's, and one that
// came in through the environment.
func Memory(l Login, o Options) *Session {
	o = o.filled()
	return &Session{
		options: o, patience: newPatience(o), profile: o.Profile, work: exportWork, current: &l,
		settings: Settings{ClientID: l.ClientID, RedirectURI: o.RedirectURI, Store: InMemory},
	}
}

// Settings are the profile's, with the overrides of the options. Store is [InMemory]
// where nothing is stored.
func (s *Session) Settings() Settings {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.settings
}

// Profile is the name of the profile.
func (s *Session) Profile() string { return s.profile }

// Probe finds out whether the store keeps and deletes, with an item that means nothing,
// and whether the settings can be written.
// A person should not be asked for consent before it succeeds.
func (s *Session) Probe(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.store == nil {
		return nil
	}
	k := key{s.options.Sandbox, "probe", rand.Text()}
	if err := put(ctx, s.store, k, "probe"); err != nil {
		return err
	}
	if err := erase(ctx, s.store, k); err != nil {
		return err
	}
	return probeConfig(s.options)
}

// Load reads the saved login. A tombstone is a login too: see [Login].Dead.
func (s *Session) Load(ctx context.Context) (Login, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.load(ctx)
}

func (s *Session) load(ctx context.Context) (Login, error) {
	if s.store == nil {
		return *s.current, nil
	}
	if s.settings.ClientID == "" {
		return Login{}, ErrNone
	}
	return read(ctx, s.store, s.key())
}

func read(ctx context.Context, st store, k key) (Login, error) {
	data, err := st.get(ctx, k)
	if err != nil {
		return Login{}, err
	}
	l, err := decode(data)
	switch {
	case err != nil:
		return Login{}, st.fault("reading", err)
	case l.ClientID != k.clientID:
		return Login{}, ErrNone
	}
	return l, nil
}

// Replaced reads the login that Save would replace: the saved one, or else what the
// profile has under another client id or in another store. A store that is being left
// may well have stopped answering, so that counts as none.
func (s *Session) Replaced(ctx context.Context) (Login, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, err := s.load(ctx)
	st, k, gone := s.old()
	if !errors.Is(err, ErrNone) || st == nil || gone != nil {
		return l, err
	}
	if l, err = read(ctx, st, k); err != nil && ctx.Err() == nil {
		err = ErrNone
	}
	return l, err
}

// Save keeps a login that a person has just agreed to, and the profile's settings with
// it. What the profile had kept before under another client id or in another store is
// deleted then, because nothing would lead to it any more.
func (s *Session) Save(ctx context.Context, l Login) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.store == nil {
		s.current = &l
		return nil
	}
	s.settings.ClientID = l.ClientID
	held, err := s.hold(ctx)
	if err != nil && !errors.Is(err, ErrBusy) {
		return err
	}
	defer held.release() // when busy, go on: better a race than a consent that is lost
	if err := s.write(ctx, l); err != nil {
		return err
	}
	if err := s.editProfile(ctx, s.settings); err != nil {
		return err
	}
	s.current = nil
	if err := s.forgetOld(ctx); err != nil {
		s.options.Warn("the login that this profile had before is still kept: " + err.Error())
	}
	s.saved = s.settings
	return nil
}

// Forget deletes the saved login and makes sure that it is gone. The profile's settings
// stay, so that it can sign in again without being told the client id.
func (s *Session) Forget(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.store == nil || s.settings.ClientID == "" {
		return nil
	}
	held, err := s.hold(ctx) // a refresh in between would bring it back
	if err != nil {
		return err
	}
	defer held.release()
	s.current = nil
	return erase(ctx, s.store, s.key())
}

// Remove deletes the login and the settings of the profile.
func (s *Session) Remove(ctx context.Context) error {
	if err := s.Forget(ctx); err != nil {
		return err
	}
	if err := s.forgetOld(ctx); err != nil { // where an override led elsewhere
		return err
	}
	return editConfig(ctx, s.options, func(tree map[string]any) error {
		profiles := table(tree, "profile")
		if _, ok := profiles[s.profile]; !ok {
			return fmt.Errorf("%w: %q", ErrNoProfile, s.profile)
		}
		delete(profiles, s.profile)
		if tree["default"] == s.profile {
			delete(tree, "default")
		}
		return nil
	})
}

func (s *Session) key() key {
	return key{s.options.Sandbox, s.profile, s.settings.ClientID}
}

func (s *Session) open(name string) (store, error) {
	return openStore(name, filepath.Join(s.options.stateFolder(), "logins"), s.options, s.patience)
}

// write puts a login into the store. One that could not be refreshed never replaces one
// that can, unless it says that it is dead.
func (s *Session) write(ctx context.Context, l Login) error {
	if l.Refresh.Empty() && l.Dead == nil {
		return s.store.fault("writing", errors.New("the login has no refresh token"))
	}
	data, err := encode(l)
	if err != nil {
		return s.store.fault("writing", err)
	}
	return put(ctx, s.store, s.key(), data)
}

func (s *Session) editProfile(ctx context.Context, settings Settings) error {
	return editConfig(ctx, s.options, func(tree map[string]any) error {
		profile := table(table(tree, "profile"), s.profile)
		profile["client_id"], profile["store"] = settings.ClientID, settings.Store
		if settings.RedirectURI != "" {
			profile["redirect_uri"] = settings.RedirectURI
		}
		return nil
	})
}

// forgetOld deletes what config.toml leads to, where that is not this session's login.
func (s *Session) forgetOld(ctx context.Context) error {
	st, k, err := s.old()
	if st == nil || err != nil {
		return err
	}
	return erase(ctx, st, k)
}

// old is where config.toml leads to, or nil where that is this session's login.
func (s *Session) old() (store, key, error) {
	id, name := s.saved.ClientID, first(s.saved.Store, storeKeychain)
	if id == "" || id == s.settings.ClientID && name == s.settings.Store {
		return nil, key{}, nil
	}
	st, err := s.open(name)
	return st, key{s.options.Sandbox, s.profile, id}, err
}

// first is the first of the texts that is not empty.
func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
