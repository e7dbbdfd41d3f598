package session

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spotauth/spotauth/internal/secret"
)

func TestProfiles(t *testing.T) {
	t.Parallel()
	o := fileOptions(t)
	if list, err := Profiles(o); err != nil || len(list) != 0 {
		t.Errorf("before: %v, %v", list, err)
	}
	for _, name := range []string{"work", "default", "home"} {
		o.Profile = name
		l := testLogin()
		l.Account.ID = name
		if err := mustOpen(t, o).Save(t.Context(), l); err != nil {
			t.Fatal(err)
		}
	}
	names := func() string {
		list, err := Profiles(o)
		if err != nil {
			t.Fatal(err)
		}
		var text []string
		for _, p := range list {
			if p.Settings.ClientID != testClient || p.Settings.Store != "file" {
				t.Errorf("%+v", p)
			}
			if p.Default {
				p.Name += "*"
			}
			text = append(text, p.Name)
		}
		return strings.Join(text, " ")
	}
	if got := names(); got != "default* home work" {
		t.Errorf("profiles: %s", got)
	}
	if err := SetDefault(t.Context(), o, "work"); err != nil || names() != "default home work*" {
		t.Errorf("%v, profiles: %s", err, names())
	}
	bare := Options{ConfigDir: o.ConfigDir, StateDir: o.StateDir}
	if l, err := mustOpen(t, bare).Load(t.Context()); err != nil || l.Account.ID != "work" {
		t.Errorf("the default: %v, %q", err, l.Account.ID)
	}
	if err := mustOpen(t, bare).Remove(t.Context()); err != nil || names() != "default* home" {
		t.Errorf("%v, profiles: %s", err, names())
	}
	if files, _ := os.ReadDir(o.StateDir + "/logins"); len(files) != 2 {
		t.Errorf("logins left: %v", files)
	}
	o.Profile = "gone"
	if err := SetDefault(t.Context(), o, "gone"); class(err) != "NoProfile" {
		t.Errorf("using none: %v", err)
	}
	if err := mustOpen(t, o).Remove(t.Context()); class(err) != "NoProfile" {
		t.Errorf("removing none: %v", err)
	}
}

func TestSettingsOfOthersStay(t *testing.T) {
	t.Parallel()
	o := fileOptions(t)
	write(t, o.configPath(), "colour = 'blue'\n[later]\nx = [1, 2]\n[profile.default]\nnote = 'mine'\nredirect_uri = 'http://127.0.0.1:5000/spotify/callback'\n")
	if err := mustOpen(t, o).Save(t.Context(), testLogin()); err != nil {
		t.Fatal(err)
	}
	got, _ := os.ReadFile(o.configPath())
	want := configHead + `colour = 'blue'

[later]
x = [1, 2]

[profile]
[profile.default]
account = 'Ana'
client_id = '` + testClient + `'
login_ends = 2027-05-23T12:00:00Z
note = 'mine'
redirect_uri = 'http://127.0.0.1:5000/spotify/callback'
store = 'file'
`
	if string(got) != want {
		t.Errorf("got %s", got)
	}
	before, _ := os.Stat(o.configPath())
	time.Sleep(10 * time.Millisecond) // more than the clock of a file system
	if err := mustOpen(t, o).Save(t.Context(), testLogin()); err != nil {
		t.Fatal(err)
	}
	if after, _ := os.Stat(o.configPath()); !after.ModTime().Equal(before.ModTime()) || runtime.GOOS != "windows" && after.Mode().Perm() != 0o600 {
		t.Errorf("written again, or mode %v", after.Mode())
	}
}

func TestSettingsThroughALink(t *testing.T) {
	t.Parallel()
	o := fileOptions(t)
	dotfiles := filepath.Join(t.TempDir(), "spotauth.toml")
	write(t, dotfiles, "")
	if err := os.MkdirAll(o.ConfigDir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(dotfiles, o.configPath()); err != nil {
		t.Skipf("no links here: %v", err)
	}
	if err := mustOpen(t, o).Save(t.Context(), testLogin()); err != nil {
		t.Fatal(err)
	}
	data, _ := os.ReadFile(dotfiles)
	if link, err := os.Readlink(o.configPath()); link != dotfiles || !strings.Contains(string(data), testClient) {
		t.Errorf("%v: %s", err, data)
	}
}

func TestBrokenSettings(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"client_id = ", "default = 7\n", "[profile]\ndefault = 'x'\n", "[profile.default]\nstore = 7\n"} {
		o := fileOptions(t)
		write(t, o.configPath(), text)
		if _, err := Open(o); err == nil || !strings.HasPrefix(err.Error(), "reading the settings in "+o.configPath()+": ") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v", text, err)
		}
		if err := SetDefault(t.Context(), o, "default"); err == nil {
			t.Errorf("%q: changed", text)
		}
		if got, _ := os.ReadFile(o.configPath()); string(got) != text {
			t.Errorf("%q: became %q", text, got)
		}
	}
}

// Someone who gave no --store and no --profile must learn where the bad one stands. An override
// still works, so that a sign-in can correct the settings.
func TestSettingsThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"default = 'a b'\n":                  "profile \"a b\" is not valid: ",
		"[profile.default]\nstore = 'fil'\n": "store \"fil\" is not valid: ",
	} {
		o := fileOptions(t)
		write(t, o.configPath(), text)
		fixed := o
		fixed.Profile = "default"
		if _, err := Open(fixed); err != nil {
			t.Errorf("%q with an override: %v", text, err)
		}
		o.Settings.Store = ""
		_, err := Open(o)
		if err == nil || !strings.HasPrefix(err.Error(), "reading the settings in "+o.configPath()+": "+want) {
			t.Errorf("%q: %v", text, err)
		}
		if errors.Is(err, ErrInvalid) {
			t.Errorf("%q counts as a mistake in the command line", text)
		}
		o.Profile, o.Settings.Store = "a b", "fil"
		if _, err := Open(o); !errors.Is(err, ErrInvalid) || strings.Contains(err.Error(), o.configPath()) {
			t.Errorf("the command line: %v", err)
		}
	}
}

func TestManyChangeTheSettings(t *testing.T) {
	t.Parallel()
	o := fileOptions(t)
	names := []string{"a", "b", "c", "d", "e", "f", "g", "h"}
	var wg sync.WaitGroup
	for _, name := range names {
		wg.Go(func() {
			o := o
			o.Profile = name
			s, err := Open(o)
			if err == nil {
				err = s.Save(t.Context(), testLogin())
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	list, err := Profiles(o)
	var got []string
	for _, p := range list {
		got = append(got, p.Name)
	}
	if err != nil || !slices.Equal(got, names) {
		t.Errorf("%v: %v", err, got)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// B-13: Windows and macOS have keychains and file systems that ignore case, so two profiles
// that differ only in case would share one login there.
func TestNewProfileDiffersInMoreThanCase(t *testing.T) {
	t.Parallel()
	o := fileOptions(t)
	o.Profile = "Work"
	if err := mustOpen(t, o).Save(t.Context(), testLogin()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, class string }{
		{"work", "Invalid"}, {"WORK", "Invalid"}, {"Work", ""}, {"work2", ""}, {"Default", "Invalid"}, {"default", ""},
	} {
		o.Profile = c.name
		before := tree(t, o.StateDir+"/logins")
		s := mustOpen(t, o) // a command that only reads says that there is no login
		for doing, err := range map[string]error{"probing": s.Probe(t.Context()), "saving": s.Save(t.Context(), testLogin())} {
			if class(err) != c.class {
				t.Errorf("%s: %s: %v", c.name, doing, err)
			}
		}
		if c.class != "" && !maps.Equal(before, tree(t, o.StateDir+"/logins")) {
			t.Errorf("%s: a login was written", c.name)
		}
	}
}

// B-30, B-31: settings that a person wrote in a way that spotauth would not find again, or
// would replace, are refused in one line that names the place.
func TestSettingsByHand(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, err string }{
		{"[Profile.work]\nclient_id = 'x'\n", `"Profile" must be written "profile"`},
		{"Default = 'work'\n", `"Default" must be written "default"`},
		{"[profile.work]\nClient_ID = 'x'\n", `"profile.work.Client_ID" must be written "client_id"`},
		{"profile = 'work'\n", `"profile" is not a table`},
		{"[[profile]]\nname = 'work'\n", `"profile" is not a table`},
		{"profile.work = 'x'\n", `"profile.work" is not a table`},
		{"default = 7\n", `"default" is not a text`},
		{"default = ['a']\n", `"default" is not a text`},
		{"[profile.work]\nstore = 7\n", `"profile.work.store" is not a text`},
		{"[profile.work]\nclient_id = { a = 1 }\n", `"profile.work.client_id" is not a text`},
		{"default = 'work'\ndefault = 'home'\n", `line 2: key default is already defined`},
		{"\n[profile.work\n", `line 2: expected ']' to close table name`},
	} {
		o := fileOptions(t)
		write(t, o.configPath(), c.text)
		s, err := Open(o)
		if err == nil || err.Error() != "reading the settings in "+o.configPath()+": "+c.err {
			t.Errorf("%q: %v, %v", c.text, s, err)
		}
		if err := SetDefault(t.Context(), o, "work"); err == nil {
			t.Errorf("%q: changed", c.text)
		}
		if got, _ := os.ReadFile(o.configPath()); string(got) != c.text {
			t.Errorf("%q: became %q", c.text, got)
		}
	}
}

// Editors of Windows begin a file with a byte order mark, and end lines in their own way.
func TestSettingsFromWindows(t *testing.T) {
	o := fileOptions(t)
	write(t, o.configPath(), "\ufeffdefault = 'work'\r\n[profile.work]\r\nclient_id = '"+testClient+"'\r\n")
	list, err := Profiles(o)
	if err != nil || len(list) != 1 || list[0].Name != "work" || !list[0].Default || list[0].Settings.ClientID != testClient {
		t.Errorf("%+v, %v", list, err)
	}
}

// The settings know whose login a profile has and when it ends, so that a list of profiles
// needs no keychain.
func TestProfilesTellWhoAndHowLong(t *testing.T) {
	t.Parallel()
	o := fileOptions(t)
	now := testLogin().AuthorizedAt
	o.Now = func() time.Time { return now }
	ends := testLogin().ReauthBy()
	nameless, undated := testLogin(), testLogin()
	nameless.Account.Name = ""
	undated.AuthorizedAt = time.Time{}
	save := func(l Login) func(*Session) error {
		return func(s *Session) error { return s.Save(t.Context(), l) }
	}
	refresh := func(answer Tokens, err error) func(*Session) error {
		return func(s *Session) error {
			var posts int
			s.timeouts.settle = 0
			_, failed := tokenBy(s, t.Context(), 0, secret.New("access-0"), counted(&posts, answer, err))
			if !errors.Is(failed, err) || posts != 1 {
				return fmt.Errorf("%w after %d posts", failed, posts)
			}
			return nil
		}
	}
	for _, c := range []struct {
		name   string
		before func(*Session) error
		do     func(*Session) error
		want   Profile
	}{
		{"signed in", save(testLogin()), nil, Profile{Account: "Ana", LoginEnds: ends}},
		{"an account without a name", save(nameless), nil, Profile{Account: "user1", LoginEnds: ends}},
		{"no known end", save(testLogin()), save(undated), Profile{Account: "Ana"}},
		{"logged out", save(testLogin()), func(s *Session) error { return s.Forget(t.Context()) }, Profile{SignedOut: true}},
		{"signed in again", func(s *Session) error { return errors.Join(save(testLogin())(s), s.Forget(t.Context())) }, save(testLogin()), Profile{Account: "Ana", LoginEnds: ends}},
		{"found dead", save(testLogin()), refresh(Tokens{}, ErrDead), Profile{Account: "Ana", SignedOut: true}},
		{"refreshed", save(testLogin()), refresh(fresh, nil), Profile{Account: "Ana", LoginEnds: ends}},
		{"Spotify says when it ends", save(testLogin()), refresh(Tokens{Access: secret.New("a"), ConsentExpiresIn: time.Hour}, nil), Profile{Account: "Ana", LoginEnds: now.Add(time.Hour)}},
		{"settings of an earlier version", func(s *Session) error {
			return errors.Join(save(testLogin())(s), os.WriteFile(o.configPath(), []byte("[profile.default]\nclient_id = '"+testClient+"'\nstore = 'file'\n"), 0o600))
		}, refresh(fresh, nil), Profile{Account: "Ana", LoginEnds: ends}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.before(mustOpen(t, o)); err != nil {
				t.Fatal(err)
			}
			if c.do != nil {
				if err := c.do(mustOpen(t, o)); err != nil {
					t.Fatal(err)
				}
			}
			list, err := Profiles(o)
			if err != nil || len(list) != 1 {
				t.Fatalf("%v, %+v", err, list)
			}
			if got := list[0]; got.Account != c.want.Account || !got.LoginEnds.Equal(c.want.LoginEnds) || got.SignedOut != c.want.SignedOut {
				t.Errorf("%+v", got)
			}
		})
	}

	other := o // a client ID from the environment that the profile has no login of
	other.Settings.ClientID = otherClient
	before := tree(t, o.ConfigDir)
	if err := mustOpen(t, other).Forget(t.Context()); err != nil || !maps.Equal(before, tree(t, o.ConfigDir)) {
		t.Errorf("%v, or the settings were changed", err)
	}
}

// Profiles of an earlier version may differ in case alone, and are still found.
func TestOldProfilesDifferInCase(t *testing.T) {
	t.Parallel()
	o := fileOptions(t)
	write(t, o.configPath(), "[profile.Work]\nclient_id = '"+testClient+"'\n[profile.work]\nclient_id = '"+otherClient+"'\n")
	for name, id := range map[string]string{"Work": testClient, "work": otherClient} {
		o.Profile, o.Settings.ClientID = name, ""
		s := mustOpen(t, o)
		if s.Settings().ClientID != id || s.Probe(t.Context()) != nil {
			t.Errorf("%s: %+v", name, s.Settings())
		}
	}
}
