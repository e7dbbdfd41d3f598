package session

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spotauth/spotauth/internal/secret"
)

const (
	testClient  = "0123456789abcdef0123456789abcdef"
	otherClient = "fedcba9876543210fedcba9876543210"
)

// testLogin is a login whose access token ended long ago.
func testLogin() Login {
	agreed := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	return Login{
		ClientID: testClient, Account: Account{ID: "user1", Name: "Ana"}, Scopes: []string{"user-follow-read"},
		AuthorizedAt: agreed, ObtainedAt: agreed, AccessExpiresAt: agreed.Add(-time.Second),
		Access: secret.New("access-0"), Refresh: secret.New("refresh-0"),
	}
}

// class is the sentinel that an error wraps.
func class(err error) string {
	for _, c := range []struct {
		name string
		is   error
	}{
		{"NotSaved", ErrNotSaved}, {"None", ErrNone}, {"Dead", ErrDead}, {"Busy", ErrBusy}, {"Locked", ErrLocked},
		{"Unavailable", ErrUnavailable}, {"Corrupt", ErrCorrupt}, {"Newer", ErrNewer}, {"TooBig", ErrTooBig},
		{"Invalid", ErrInvalid}, {"NoProfile", ErrNoProfile}, {"Passphrase", ErrPassphrase}, {"Origin", ErrOrigin}, {"NoPending", ErrNoPending}, {"OthersFailed", ErrOthersFailed}, {"Foreign", ErrForeign},
	} {
		if errors.Is(err, c.is) {
			return c.name
		}
	}
	if err != nil {
		return "other"
	}
	return ""
}

// fileOptions are those of a session in files in a new folder.
func fileOptions(t *testing.T) Options {
	dir := t.TempDir()
	return Options{ConfigDir: dir + "/config", StateDir: dir + "/state", Settings: Settings{ClientID: testClient, Store: "file"}}
}

func mustOpen(t *testing.T, o Options) *Session {
	t.Helper()
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSaveLoadForget(t *testing.T) {
	t.Parallel()
	o := fileOptions(t)
	o.Settings.RedirectURI = "http://127.0.0.1/callback"
	s := mustOpen(t, o)
	if _, err := s.Load(t.Context()); !errors.Is(err, ErrNone) {
		t.Errorf("before: %v", err)
	}
	if err := errors.Join(s.Probe(t.Context()), s.Save(t.Context(), testLogin())); err != nil {
		t.Fatal(err)
	}
	// A later command is told no more than the folders.
	later := mustOpen(t, Options{ConfigDir: o.ConfigDir, StateDir: o.StateDir})
	if want := (Settings{testClient, o.Settings.RedirectURI, "file"}); later.Settings() != want || later.Profile() != "default" {
		t.Errorf("settings %+v of %q, want %+v", later.Settings(), later.Profile(), want)
	}
	l, err := later.Load(t.Context())
	if err != nil || l.Account != testLogin().Account || !l.Refresh.Equal(testLogin().Refresh) || !l.AuthorizedAt.Equal(testLogin().AuthorizedAt) {
		t.Errorf("%v, %+v", err, l)
	}
	for range 2 { // forgetting what is gone is no fault
		if err := later.Forget(t.Context()); err != nil {
			t.Error(err)
		}
	}
	again := mustOpen(t, Options{ConfigDir: o.ConfigDir, StateDir: o.StateDir})
	if _, err := again.Load(t.Context()); !errors.Is(err, ErrNone) || again.Settings().ClientID != testClient {
		t.Errorf("afterwards: %v, settings %+v", err, again.Settings())
	}
}

// The settings of a sign-in that failed are there for the next one. They replace none.
func TestSaveSettings(t *testing.T) {
	t.Parallel()
	o := fileOptions(t)
	o.Settings.RedirectURI = "http://127.0.0.1:5000/callback"
	first := mustOpen(t, o)
	if err := first.SaveSettings(t.Context()); err != nil {
		t.Fatal(err)
	}
	other := o
	other.Settings.ClientID = otherClient
	if err := mustOpen(t, other).SaveSettings(t.Context()); err != nil {
		t.Fatal(err)
	}
	bare := Options{ConfigDir: o.ConfigDir, StateDir: o.StateDir}
	if got := mustOpen(t, bare).Settings(); got != o.Settings {
		t.Errorf("settings %+v, want %+v", got, o.Settings)
	}
	if profiles, err := Profiles(bare); err != nil || len(profiles) != 1 || !profiles[0].SignedOut {
		t.Errorf("profiles %+v (%v), want one that is signed out", profiles, err)
	}
	if err := first.Save(t.Context(), testLogin()); err != nil {
		t.Fatal(err)
	}
	if profiles, _ := Profiles(bare); profiles[0].SignedOut {
		t.Error("signed out after signing in")
	}
}

// K-05: another client ID is another login, and does not see this one.
func TestLoginOfAnotherClient(t *testing.T) {
	t.Parallel()
	o := fileOptions(t)
	if err := mustOpen(t, o).Save(t.Context(), testLogin()); err != nil {
		t.Fatal(err)
	}
	o.Settings.ClientID = otherClient
	if _, err := mustOpen(t, o).Load(t.Context()); !errors.Is(err, ErrNone) {
		t.Errorf("%v", err)
	}
	s, f := savedSession(t, testLogin()) // and were it under this one's key
	for user, data := range f.items {
		f.items[user] = strings.Replace(data, testClient, otherClient, 1)
	}
	if _, err := s.Load(t.Context()); !errors.Is(err, ErrNone) {
		t.Errorf("under the same key: %v", err)
	}
}

// Signing in with another client ID or another store leaves no secret behind.
func TestSaveForgetsWhatWasThereBefore(t *testing.T) {
	t.Parallel()
	o := fileOptions(t)
	if err := mustOpen(t, o).Save(t.Context(), testLogin()); err != nil {
		t.Fatal(err)
	}
	o.Settings.ClientID = otherClient
	l := testLogin()
	l.ClientID = otherClient
	if err := mustOpen(t, o).Save(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	files, _ := os.ReadDir(o.StateDir + "/logins")
	if len(files) != 1 {
		t.Errorf("kept: %v", files)
	}
	if l, err := mustOpen(t, Options{ConfigDir: o.ConfigDir, StateDir: o.StateDir}).Load(t.Context()); err != nil || l.ClientID != otherClient {
		t.Errorf("%v, client %q", err, l.ClientID)
	}

	s := mustOpen(t, o)
	s.settings.Store = "keychain"
	s.store = records{fakeKeychain(&fakeItems{})}
	if err := s.Save(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	if files, _ := os.ReadDir(o.StateDir + "/logins"); len(files) != 0 {
		t.Errorf("kept in files: %v", files)
	}
}

// If the old login can't be deleted, the new one is saved all the same, and the person is told.
func TestSaveTellsWhatItCannotForget(t *testing.T) {
	t.Parallel()
	o := fileOptions(t)
	if err := mustOpen(t, o).Save(t.Context(), testLogin()); err != nil {
		t.Fatal(err)
	}
	edit := func(tree map[string]any) error {
		table(table(tree, "profile"), "default")["store"] = "helper:none"
		return nil
	}
	if err := editConfig(t.Context(), o, edit); err != nil {
		t.Fatal(err)
	}
	var warnings []string
	o.Warn = func(what string) { warnings = append(warnings, what) }
	if err := mustOpen(t, o).Save(t.Context(), testLogin()); err != nil {
		t.Fatal(err)
	}
	if len(warnings) != 1 || !strings.HasPrefix(warnings[0], "the login that this profile had before is still kept: ") {
		t.Errorf("warnings %q", warnings)
	}
}

// Two sign-ins of one profile that overlap, with different client IDs: the later one leaves
// nothing of the earlier one behind, though its session is older.
func TestOverlappingSignIns(t *testing.T) {
	t.Parallel()
	o := fileOptions(t)
	first := mustOpen(t, o)
	o.Settings.ClientID = otherClient
	l := testLogin()
	l.ClientID = otherClient
	if err := errors.Join(mustOpen(t, o).Save(t.Context(), l), first.Save(t.Context(), testLogin())); err != nil {
		t.Fatal(err)
	}
	if files, _ := os.ReadDir(o.StateDir + "/logins"); len(files) != 1 {
		t.Errorf("kept: %v", files)
	}
}

// Ctrl-C just after a login was saved does not leave it without the settings that lead to it.
func TestEndedWhileALoginIsSaved(t *testing.T) {
	t.Parallel()
	s, _ := fakeSession(t)
	ctx, cancel := context.WithCancel(t.Context())
	s.store = endingStore{s.store, cancel}
	held, err := acquire(t.Context(), filepath.Join(s.options.stateFolder(), "locks", "settings.lock"), 0, func() {})
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(50*time.Millisecond, held.release) // another process changes the settings
	err = s.Save(ctx, testLogin())
	if _, loadErr := s.Load(t.Context()); loadErr != nil {
		t.Fatalf("not saved: %v, %v", err, loadErr)
	}
	later := s.options
	later.Settings = Settings{}
	if id := mustOpen(t, later).Settings().ClientID; id != testClient {
		t.Errorf("%v; the settings lead to %q", err, id)
	}
}

// endingStore ends a context just after a write.
type endingStore struct {
	store
	end func()
}

func (e endingStore) save(ctx context.Context, k recordKey, l Login) error {
	defer e.end()
	return e.store.save(ctx, k, l)
}

// A refresh does not lead the settings back to a login that a person has left meanwhile.
func TestRefreshLeavesNewSettings(t *testing.T) {
	t.Parallel()
	o := fileOptions(t)
	if err := mustOpen(t, o).Save(t.Context(), testLogin()); err != nil {
		t.Fatal(err)
	}
	old := mustOpen(t, o)
	o.Settings.ClientID = otherClient
	_, _ = tokenBy(old, t.Context(), 0, secret.String{}, func(context.Context, Login) (Tokens, error) {
		s := mustOpen(t, o)
		err := s.editProfile(t.Context(), func(t map[string]any) { t["client_id"], t["account"] = otherClient, "Bea" })
		return Tokens{Access: secret.New("a"), ConsentExpiresIn: time.Hour}, err
	})
	list, err := Profiles(o)
	if err != nil || len(list) != 1 || list[0].Settings.ClientID != otherClient || list[0].Account != "Bea" {
		t.Errorf("%v, %+v", err, list)
	}
}

// L-12: the login that a new one would replace is found in any store.
func TestReplaced(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(*Options)
		spoil  bool // what is saved
		want   string
		err    error
	}{
		{"the same place", func(*Options) {}, false, "user1", nil},
		{"another client id", func(o *Options) { o.Settings.ClientID = otherClient }, false, "user1", nil},
		{"another store", func(o *Options) { o.Settings.Store = "helper:none" }, false, "", ErrUnavailable}, // the new one is at fault
		{"another profile", func(o *Options) { o.Profile = "other" }, false, "", ErrNone},
		{"damaged", func(*Options) {}, true, "", ErrCorrupt},
		{"damaged, under another client id", func(o *Options) { o.Settings.ClientID = otherClient }, true, "", ErrNone},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := fileOptions(t)
			if err := mustOpen(t, o).Save(t.Context(), testLogin()); err != nil {
				t.Fatal(err)
			}
			if tt.spoil {
				files, _ := filepath.Glob(o.StateDir + "/logins/*")
				if err := os.WriteFile(files[0], []byte("{"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			tt.change(&o)
			l, err := mustOpen(t, o).Replaced(t.Context())
			if l.Account.ID != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("account %q, %v", l.Account.ID, err)
			}
		})
	}

	o := fileOptions(t)
	if err := mustOpen(t, o).Save(t.Context(), testLogin()); err != nil {
		t.Fatal(err)
	}
	s := mustOpen(t, o)
	s.settings.Store, s.store = "keychain", records{fakeKeychain(&fakeItems{})}
	if l, err := s.Replaced(t.Context()); err != nil || l.Account.ID != "user1" {
		t.Errorf("from a file into a keychain: account %q, %v", l.Account.ID, err)
	}
}

// Settings that a person wrote need not name the store: it is the keychain, and not
// another place that a login leaves.
func TestSettingsWithoutAStore(t *testing.T) {
	t.Parallel()
	o := fileOptions(t)
	o.Settings.Store = ""
	if err := writeFile(o.configPath(), []byte("[profile.default]\nclient_id = \""+testClient+"\"\n")); err != nil {
		t.Fatal(err)
	}
	s := mustOpen(t, o)
	if st, k, err := s.old(); st != nil || err != nil {
		t.Errorf("saving would delete %v, %v", k, err)
	}
}

func TestALoginWithoutRefreshTokenIsNotSaved(t *testing.T) { // T-01
	s, f := savedSession(t, testLogin())
	before := maps.Clone(f.items)
	l := testLogin()
	l.Refresh = secret.String{}
	if err := s.Save(t.Context(), l); err == nil || err.Error() != "writing the keychain: the login has no refresh token" {
		t.Errorf("%v", err)
	}
	if !maps.Equal(f.items, before) {
		t.Error("the saved login was changed")
	}
}

// A profile is removed completely, even if the environment names another client ID.
func TestRemoveUnderAnotherClientID(t *testing.T) {
	t.Parallel()
	o := fileOptions(t)
	if err := mustOpen(t, o).Save(t.Context(), testLogin()); err != nil {
		t.Fatal(err)
	}
	o.Settings.ClientID = otherClient
	if err := mustOpen(t, o).Remove(t.Context()); err != nil {
		t.Fatal(err)
	}
	if files, _ := os.ReadDir(o.StateDir + "/logins"); len(files) != 0 {
		t.Errorf("kept: %v", files)
	}
}

// T-05: while another process has the lock, a new consent is saved all the same, but
// nothing is deleted or refreshed. The person is told once.
func TestWhileAnotherHasTheLock(t *testing.T) {
	t.Parallel()
	s, _ := savedSession(t, testLogin())
	held, err := s.hold(t.Context())
	if err != nil || held.file == nil {
		t.Fatal(err)
	}
	said := make(chan string, 9)
	s.options.Waiting = onceEach(func(what string) { said <- what })
	s.timeouts.lock, s.timeouts.lockNotice = 60*time.Millisecond, time.Millisecond
	posts := 0
	_, refreshed := tokenBy(s, t.Context(), 0, secret.String{}, counted(&posts, fresh, nil))
	l := living(time.Hour)
	for _, c := range []struct {
		doing string
		err   error
		class string
	}{
		{"refreshing", refreshed, "Busy"},
		{"forgetting", s.Forget(t.Context()), "Busy"},
		{"saving", s.Save(t.Context(), l), ""},
	} {
		if class(c.err) != c.class {
			t.Errorf("%s: %v", c.doing, c.err)
		}
	}
	if l, err := s.Load(t.Context()); err != nil || posts != 0 || !l.isValidFor(s.now(), margin) {
		t.Errorf("%v, %d posts, expires %v", err, posts, l.AccessExpiresAt)
	}
	if len(said) != 1 || <-said != "waiting for another spotauth" {
		t.Errorf("said %d more things", len(said))
	}
	held.release()
	if err := s.Forget(t.Context()); err != nil {
		t.Error(err)
	}
}

// B-07: a login is saved after a refresh that is under way, not in the middle of it.
func TestSaveWaitsForARefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := savedSession(t, testLogin())
		held, err := s.hold(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		time.AfterFunc(5*time.Second, held.release)
		if err := s.Save(t.Context(), living(time.Hour)); err != nil || time.Since(began) < 5*time.Second || time.Since(began) > 6*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

// L-20: a stand-in takes its own logins with it, and no others.
func TestRemoveSandbox(t *testing.T) {
	t.Parallel()
	o := fileOptions(t)
	if err := mustOpen(t, o).Save(t.Context(), testLogin()); err != nil {
		t.Fatal(err)
	}
	before := tree(t, filepath.Dir(o.ConfigDir))
	at := o
	at.Sandbox = "http://127.0.0.1:5000"
	if err := mustOpen(t, at).Save(t.Context(), testLogin()); err != nil {
		t.Fatal(err)
	}
	if err := RemoveSandbox(t.Context(), at); err != nil {
		t.Error(err)
	}
	if err := RemoveSandbox(t.Context(), o); !errors.Is(err, ErrInvalid) {
		t.Errorf("without a stand-in: %v", err)
	}
	if after := tree(t, filepath.Dir(o.ConfigDir)); !maps.Equal(before, after) {
		t.Errorf("what was saved for Spotify is not as it was: %q", slices.Sorted(maps.Keys(after)))
	}
}

// L-20: under a sandbox a real login can be neither read, sent, overwritten nor forgotten.
func TestSandboxHasLoginsOfItsOwn(t *testing.T) {
	t.Parallel()
	original := fileOptions(t)
	if err := mustOpen(t, original).Save(t.Context(), testLogin()); err != nil {
		t.Fatal(err)
	}
	before := tree(t, filepath.Dir(original.ConfigDir))
	addresses := []string{"http://127.0.0.1:5000", "http://127.0.0.1:5001", "http://[::1]:5000"}
	for _, address := range addresses {
		o := original
		o.Sandbox = address
		s := mustOpen(t, o)
		if _, err := s.Load(t.Context()); !errors.Is(err, ErrNone) {
			t.Errorf("%s: sees a login: %v", address, err)
		}
		l := testLogin()
		l.Refresh = secret.New("of " + address)
		if err := s.Save(t.Context(), l); err != nil {
			t.Error(err)
		}
		if err := s.SetCoolDown(webAPILimit, time.Now().Add(time.Hour)); err != nil {
			t.Error(err)
		}
	}
	for _, address := range addresses {
		o := Options{ConfigDir: original.ConfigDir, StateDir: original.StateDir, Sandbox: address}
		s := mustOpen(t, o)
		if l, err := s.Load(t.Context()); err != nil || l.Refresh.Reveal() != "of "+address {
			t.Errorf("%s: %v, refresh %q", address, err, l.Refresh.Reveal())
		}
		if err := s.Remove(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if s := mustOpen(t, original); !s.CoolDown(webAPILimit).IsZero() {
		t.Error("a sandbox's cool-down holds for Spotify")
	}
	after := tree(t, filepath.Dir(original.ConfigDir))
	maps.DeleteFunc(after, func(path, _ string) bool { return strings.Contains(filepath.ToSlash(path), "/sandbox/") })
	if !maps.Equal(before, after) {
		t.Errorf("changed: before %v, after %v", slices.Sorted(maps.Keys(before)), slices.Sorted(maps.Keys(after)))
	}
	users := map[string]bool{}
	for _, sandbox := range append(addresses, "") {
		k := recordKey{sandbox, "default", testClient}
		users[k.user()], users[k.hash()], users[k.url()] = true, true, true
		if sandbox != "" && (!strings.Contains(k.user(), sandbox) || !strings.HasPrefix(k.url(), sandbox+"/")) {
			t.Errorf("keys without the address: %q, %q", k.user(), k.url())
		}
	}
	if len(users) != 12 {
		t.Errorf("keys are shared: %v", users)
	}
}

// tree is what is in each file under a folder.
func tree(t *testing.T, folder string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(folder, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		files[path] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// L-20: nothing but a loopback literal is a sandbox.
func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	good := fileOptions(t)
	for _, c := range []struct {
		name   string
		change func(*Options)
		class  string
	}{
		{"nothing", func(*Options) {}, ""},
		{"a sandbox", func(o *Options) { o.Sandbox = "http://127.0.0.1:5000" }, ""},
		{"a sandbox on ::1", func(o *Options) { o.Sandbox = "http://[::1]:5000" }, ""},
		{"a public sandbox", func(o *Options) { o.Sandbox = "http://192.0.2.1:80" }, "Invalid"},
		{"a sandbox by name", func(o *Options) { o.Sandbox = "http://localhost:5000" }, "Invalid"},
		{"a sandbox behind an @", func(o *Options) { o.Sandbox = "http://127.0.0.1:5000@evil.example" }, "Invalid"},
		{"a sandbox with a path", func(o *Options) { o.Sandbox = "http://127.0.0.1:5000/.." }, "Invalid"},
		{"a sandbox over TLS", func(o *Options) { o.Sandbox = "https://127.0.0.1:5000" }, "Invalid"},
		{"a sandbox without a port", func(o *Options) { o.Sandbox = "http://127.0.0.1" }, "Invalid"},
		{"a profile", func(o *Options) { o.Profile = "Work.2-b_c" }, ""},
		{"a profile that is a path", func(o *Options) { o.Profile = "../x" }, "Invalid"},
		{"a profile with a blank", func(o *Options) { o.Profile = "a b" }, "Invalid"},
		{"a profile like a flag", func(o *Options) { o.Profile = "-x" }, "Invalid"},
		{"a long profile", func(o *Options) { o.Profile = strings.Repeat("x", 33) }, "Invalid"},
		{"an unknown store", func(o *Options) { o.Settings.Store = "cloud" }, "Invalid"},
		{"a helper", func(o *Options) { o.Settings.Store = "helper:1password" }, ""},
		{"a helper that is a path", func(o *Options) { o.Settings.Store = "helper:../x" }, "Invalid"},
		{"a helper without a name", func(o *Options) { o.Settings.Store = "helper:" }, "Invalid"},
		{"no folder", func(o *Options) { o.StateDir = "" }, "Invalid"},
	} {
		o := good
		c.change(&o)
		s, err := Open(o)
		if class(err) != c.class || (s == nil) == (err == nil) {
			t.Errorf("%s: class %q: %v", c.name, class(err), err)
		}
		if o.Sandbox != "" {
			if _, err := Profiles(o); class(err) != c.class {
				t.Errorf("%s: listing the profiles: class %q: %v", c.name, class(err), err)
			}
			if err := SetDefault(t.Context(), o, "none"); err == nil || c.class != "" && class(err) != c.class {
				t.Errorf("%s: using a profile: %v", c.name, err)
			}
		}
	}
}
