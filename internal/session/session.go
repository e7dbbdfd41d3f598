// Package session keeps a login. It hides which store holds it, how that store
// misbehaves, how processes take turns at refreshing it, when Spotify must not be
// contacted, and which clocks run.
//
// A profile has one login. Its record is one item in one store (keychain, file or
// helper), chosen when a person signs in. Its settings are in config.toml. The package
// asks for no consent and speaks no HTTP: refreshing is a function in [Options]. It reads
// no environment and prints nothing.
package session

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"
)

// Session is one profile's login. Its methods may be called by several goroutines.
type Session struct {
	options    Options
	timeouts   timeouts
	profile    string
	configured Profile // as config.toml has it
	work       int     // of encrypting an export

	mu       sync.Mutex
	settings Settings // with the overrides
	store    store
	current  *Login // what the last Token returned
	unsaved  error
}

// Open finds the profile's settings. It reads no login and contacts no keychain. It
// deletes pending sign-ins whose time is over.
func Open(o Options) (*Session, error) {
	o = o.filled()
	if err := o.check(); err != nil {
		return nil, err
	}
	c, _, err := readConfig(o.configPath())
	if err != nil {
		return nil, err
	}
	s := &Session{options: o, timeouts: newTimeouts(o), profile: cmp.Or(o.Profile, c.defaultName), work: o.exportWork()}
	if err := checkProfile(s.profile); err != nil {
		return nil, blame(o.configPath(), o.Profile == "", err)
	}
	s.configured = c.profiles[s.profile]
	s.dropExpired()
	err = s.use(Settings{
		ClientID:    cmp.Or(o.Settings.ClientID, s.configured.Settings.ClientID),
		RedirectURI: cmp.Or(o.Settings.RedirectURI, s.configured.Settings.RedirectURI),
		Store:       cmp.Or(o.Settings.Store, s.configured.Settings.Store, storeKeychain),
	})
	if err != nil {
		return nil, blame(o.configPath(), o.Settings.Store == "", err)
	}
	return s, nil
}

// InMemory is the Store in the [Settings] of a session that keeps nothing.
const InMemory = "memory"

// Memory makes a session of a login that is kept nowhere: the demo's, and one that
// came from the environment. Without Options.StateDir it notes no cool-downs.
func Memory(l Login, o Options) *Session {
	o = o.filled()
	return &Session{
		options: o, timeouts: newTimeouts(o), profile: o.Profile, work: o.exportWork(), store: &memory{&l},
		settings: Settings{ClientID: l.ClientID, RedirectURI: o.Settings.RedirectURI, Store: InMemory},
	}
}

// use takes over settings and opens their store.
func (s *Session) use(settings Settings) error {
	st, err := s.open(settings.Store)
	if err != nil {
		return err
	}
	s.settings, s.store, s.current = settings, st, nil
	return nil
}

// Settings are the profile's, with the overrides of the options. Store is [InMemory]
// if nothing is stored.
func (s *Session) Settings() Settings {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.settings
}

// SetClientID sets a client ID that was learned after Open, for a login that will be saved.
// Save writes it to the profile's settings.
func (s *Session) SetClientID(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settings.ClientID, s.current = id, nil
}

// SaveSettings saves the settings of a profile that has none yet. It keeps a client ID that
// a person has typed even if the sign-in fails later.
func (s *Session) SaveSettings(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inMemory() || s.configured.Settings.ClientID != "" {
		return nil
	}
	p := Profile{Settings: s.settings, SignedOut: true}
	err := s.editProfile(ctx, p.write)
	if err == nil {
		s.configured = p
	}
	return err
}

// Profile is the name of the profile.
func (s *Session) Profile() string { return s.profile }

// File is the file with the login, or "" if the login is in no file.
func (s *Session) File() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, ok := s.store.(records); ok {
		if f, ok := r.items.(files); ok {
			return f.path(s.key())
		}
	}
	return ""
}

// Probe checks that the store keeps and deletes, with an item that means nothing, and
// that the settings can be written. It comes before a person is asked for consent.
func (s *Session) Probe(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inMemory() {
		return nil
	}
	if err := s.rereadSettings(); err != nil {
		return err
	}
	if err := s.store.probe(ctx, recordKey{s.options.Sandbox, "probe", rand.Text()}); err != nil {
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

func (s *Session) load(ctx context.Context) (Login, error) { return s.store.load(ctx, s.key()) }

// Replaced reads the login that Save would replace: the saved one, or else what the
// profile has under another client ID or in another store. A store that is being left
// may well have stopped working, so its errors count as no login.
func (s *Session) Replaced(ctx context.Context) (Login, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, err := s.load(ctx)
	st, k, gone := s.old()
	if !errors.Is(err, ErrNone) || st == nil || gone != nil {
		return l, err
	}
	if l, err = st.load(ctx, k); err != nil && ctx.Err() == nil {
		err = ErrNone
	}
	return l, err
}

// Save keeps a login that a person has just agreed to, and the profile's settings with
// it. What the profile had before under another client ID or in another store is deleted
// then, because nothing would lead to it any more.
func (s *Session) Save(ctx context.Context, l Login) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settings.ClientID, s.current = l.ClientID, nil
	if s.inMemory() {
		return s.store.save(ctx, s.key(), l)
	}
	if err := s.rereadSettings(); err != nil {
		return err
	}
	held, err := s.hold(ctx)
	if err != nil && !errors.Is(err, ErrBusy) {
		return err
	}
	defer held.release() // when busy, go on: better a race than a consent that is lost
	if err := s.store.save(ctx, s.key(), l); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx) // without the settings nothing would lead to the login
	p := Profile{Settings: s.settings, Account: l.Account.label(), LoginEnds: l.ReauthBy()}
	if err := s.editProfile(ctx, p.write); err != nil {
		return err
	}
	if err := s.forgetOld(ctx); err != nil {
		s.options.Warn("the login that this profile had before is still kept: " + err.Error())
	}
	if p.Account != s.configured.Account {
		_ = s.setLastCount(0) // it was another account's; if it stays, an empty list is doubted once
	}
	s.configured = p
	return nil
}

// Forget deletes the saved login and the pending sign-in, and makes sure that they are
// gone. The profile's settings stay, so that the next sign-in needs no client ID.
func (s *Session) Forget(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inMemory() {
		return nil
	}
	if err := s.DropPending(); err != nil {
		return err
	}
	if s.settings.ClientID == "" {
		return nil
	}
	held, err := s.hold(ctx) // a refresh at the same time would bring it back
	if err != nil {
		return err
	}
	defer held.release()
	s.current = nil
	if err := s.store.remove(ctx, s.key()); err != nil {
		return err
	}
	if err := s.noteProfile(ctx, Profile{SignedOut: true}); err != nil {
		s.options.Warn("the login is gone, but the settings do not say so: " + err.Error())
	}
	return nil
}

// Remove deletes the login and the settings of the profile.
func (s *Session) Remove(ctx context.Context) error {
	if err := s.Forget(ctx); err != nil {
		return err
	}
	if err := s.forgetOld(ctx); err != nil { // if an override led elsewhere
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

// rereadSettings reads the profile's settings again: minutes may have passed since Open, and
// another process may have signed in. It checks the name in case Save makes the profile.
func (s *Session) rereadSettings() error {
	c, _, err := readConfig(s.options.configPath())
	if err != nil {
		return err
	}
	s.configured = c.profiles[s.profile]
	return c.checkNew(s.profile)
}

func (s *Session) key() recordKey {
	return recordKey{s.options.Sandbox, s.profile, s.settings.ClientID}
}

func (s *Session) inMemory() bool {
	_, ok := s.store.(*memory)
	return ok
}

func (s *Session) open(name string) (store, error) {
	return openStore(name, filepath.Join(s.options.stateFolder(), "logins"), s.options, s.timeouts)
}

// noteProfile saves the account and the end of the login in config.toml. It writes nothing if
// they are there already, or if config.toml points to a different login.
func (s *Session) noteProfile(ctx context.Context, p Profile) error {
	was := s.configured
	same := was.Account == p.Account && was.LoginEnds.Equal(p.LoginEnds) && was.SignedOut == p.SignedOut
	if s.inMemory() || was.Settings.ClientID == "" || !s.isConfigured() || same {
		return nil
	}
	p.Settings = was.Settings
	err := s.editProfile(ctx, func(t map[string]any) {
		if id, _ := t["client_id"].(string); id == p.Settings.ClientID { // nobody has signed in with another one meanwhile
			p.fill(t)
		}
	})
	if err == nil {
		s.configured = p
	}
	return err
}

func (s *Session) editProfile(ctx context.Context, edit func(t map[string]any)) error {
	return editConfig(ctx, s.options, func(tree map[string]any) error {
		edit(table(table(tree, "profile"), s.profile))
		return nil
	})
}

// write saves the settings of a profile, its account and the end of its login.
func (p Profile) write(t map[string]any) {
	t["client_id"], t["store"] = p.Settings.ClientID, p.Settings.Store
	if p.Settings.RedirectURI != "" {
		t["redirect_uri"] = p.Settings.RedirectURI
	}
	p.fill(t)
}

// fill sets the account and the end of the login in a profile's table.
func (p Profile) fill(t map[string]any) {
	for key, value := range map[string]any{"account": p.Account, "login_ends": p.LoginEnds.UTC(), "signed_out": p.SignedOut} {
		if t[key] = value; value == "" || value == (time.Time{}) || value == false {
			delete(t, key)
		}
	}
}

// forgetOld deletes the login that config.toml leads to, if it is not this session's.
func (s *Session) forgetOld(ctx context.Context) error {
	st, k, err := s.old()
	if st == nil || err != nil {
		return err
	}
	return st.remove(ctx, k)
}

// old is the store and key that config.toml leads to, or nil if that is this session's login.
func (s *Session) old() (store, recordKey, error) {
	id := s.configured.Settings.ClientID
	if id == "" || s.isConfigured() {
		return nil, recordKey{}, nil
	}
	st, err := s.open(cmp.Or(s.configured.Settings.Store, storeKeychain))
	return st, recordKey{s.options.Sandbox, s.profile, id}, err
}

// isConfigured reports whether config.toml leads to this session's login.
func (s *Session) isConfigured() bool {
	saved := s.configured.Settings
	return saved.ClientID == s.settings.ClientID && cmp.Or(saved.Store, storeKeychain) == s.settings.Store
}
