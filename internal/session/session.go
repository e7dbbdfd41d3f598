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
	"log/slog"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Options says which login is meant and where things are. The funcs and Log may be nil.
type Options struct {
	ConfigDir string // the folder of config.toml
	StateDir  string // the folder of locks, cool-downs and logins in files
	// Sandbox is "" for Spotify, or the stand-in's address, "http://127.0.0.1:PORT". It is a
	// part of every key, and the settings move to a folder of its own in StateDir: a real
	// login can be neither seen nor changed under it.
	Sandbox string
	Profile string // "": the default one

	// These override the profile's settings, and replace them at Save.
	ClientID, RedirectURI, Store string

	BusAddress  string           // Linux: the value of DBUS_SESSION_BUS_ADDRESS
	Interactive bool             // a person is there to unlock a keychain
	Waiting     func(string)     // told once, by any goroutine, what takes long: "waiting for another spotauth"
	Warn        func(string)     // told what went wrong beside the matter
	Now         func() time.Time // the wall clock
	Log         *slog.Logger     // for debugging; never given a secret
}

func (o Options) configFolder() string {
	if o.Sandbox != "" {
		return o.stateFolder()
	}
	return o.ConfigDir
}

func (o Options) stateFolder() string {
	if o.Sandbox != "" {
		address := strings.TrimPrefix(o.Sandbox, "http://")
		return filepath.Join(o.StateDir, "sandbox", strings.NewReplacer(":", "-", "[", "", "]", "").Replace(address))
	}
	return o.StateDir
}

func (o Options) filled() Options {
	if o.Waiting == nil {
		o.Waiting = func(string) {}
	}
	o.Waiting = onceEach(o.Waiting)
	if o.Warn == nil {
		o.Warn = func(string) {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// onceEach says each thing once, from whichever goroutine.
func onceEach(say func(string)) func(string) {
	var said sync.Map
	return func(what string) {
		if _, before := said.LoadOrStore(what, true); !before {
			say(what)
		}
	}
}

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
	if err := checkSandbox(o.Sandbox); err != nil {
		return nil, err
	}
	if o.ConfigDir == "" || o.StateDir == "" {
		return nil, fmt.Errorf("folder of the settings: %w: it has no name", ErrInvalid)
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

// Memory makes a session of a login that is kept nowhere: the demo's, and one that
// came in through the environment.
func Memory(l Login, o Options) *Session {
	o = o.filled()
	return &Session{
		options: o, patience: newPatience(o), profile: o.Profile, work: exportWork, current: &l,
		settings: Settings{ClientID: l.ClientID, RedirectURI: o.RedirectURI, Store: "memory"},
	}
}

// Settings are the profile's, with the overrides of the options. Store is "memory"
// where nothing is stored.
func (s *Session) Settings() Settings { return s.settings }

// Profile is the name of the profile.
func (s *Session) Profile() string { return s.profile }

// Probe finds out whether the store keeps and deletes, with an item that means nothing.
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
	return erase(ctx, s.store, k)
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
	data, err := s.store.get(ctx, s.key())
	if err != nil {
		return Login{}, err
	}
	l, err := decode(data)
	switch {
	case err != nil:
		return Login{}, s.store.fault("reading", err)
	case l.ClientID != s.settings.ClientID:
		return Login{}, ErrNone
	}
	return l, nil
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
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	defer held.release() // without the lock too: better a race than a lost consent
	if err := s.write(ctx, l); err != nil {
		return err
	}
	if err := s.editProfile(ctx, s.settings); err != nil {
		return err
	}
	s.current = nil
	s.forgetOld(ctx)
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

// hold takes the lock of this login.
func (s *Session) hold(ctx context.Context) (lock, error) {
	wait, cancel := context.WithTimeout(ctx, s.patience.lock)
	defer cancel()
	return s.holdUntil(wait)
}

func (s *Session) holdUntil(ctx context.Context) (lock, error) {
	path := filepath.Join(s.options.stateFolder(), "locks", s.key().hash()+".lock")
	l, err := acquire(ctx, path, s.patience.lockNotice, func() {
		s.options.Waiting("waiting for another spotauth")
	})
	if err == nil && l.file == nil {
		s.options.Log.Debug("going on without a lock", "file", path)
	}
	return l, err
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

// forgetOld deletes what the settings led to before Save.
func (s *Session) forgetOld(ctx context.Context) {
	old := s.saved
	if old.ClientID == "" || old.ClientID == s.settings.ClientID && old.Store == s.settings.Store {
		return
	}
	st, err := s.open(first(old.Store, storeKeychain))
	if err == nil {
		err = erase(ctx, st, key{s.options.Sandbox, s.profile, old.ClientID})
	}
	if err != nil {
		s.options.Warn("the login that this profile had before is still kept: " + err.Error())
	}
}

func checkSandbox(address string) error {
	if address == "" {
		return nil
	}
	at, err := netip.ParseAddrPort(strings.TrimPrefix(address, "http://"))
	if err != nil || !at.Addr().IsLoopback() || address != "http://"+at.String() {
		return fmt.Errorf("sandbox address %q: %w: http://127.0.0.1:PORT", address, ErrInvalid)
	}
	return nil
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
