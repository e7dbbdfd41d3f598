package session

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"
)

// Settings are what config.toml keeps of a profile for the next sign-in. None of it is
// secret.
type Settings struct {
	ClientID    string
	RedirectURI string
	Store       string // "keychain", "file" or "helper:NAME"
}

// Profile is one named login in config.toml.
type Profile struct {
	Name      string
	Default   bool // used if no profile is named
	Settings  Settings
	Account   string    // the name of the account, or its ID; "" if not known
	LoginEnds time.Time // see [Login.ReauthBy]
	SignedOut bool      // the login was deleted, or Spotify no longer accepts it
}

// config is config.toml.
type config struct {
	defaultName string
	profiles    map[string]Profile
}

const configHead = "# Settings of spotauth. It never keeps tokens here. Comments are lost when it writes this file.\n\n"

// Profiles lists the profiles by name. It reads only the settings, so that shell
// completion may call it.
func Profiles(o Options) ([]Profile, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	c, _, err := readConfig(o.configPath())
	if err != nil {
		return nil, err
	}
	var list []Profile
	for _, name := range slices.Sorted(maps.Keys(c.profiles)) {
		list = append(list, c.profiles[name])
	}
	return list, nil
}

// SetDefault makes a profile the default.
func SetDefault(ctx context.Context, o Options, name string) error {
	if err := o.check(); err != nil {
		return err
	}
	return editConfig(ctx, o, func(tree map[string]any) error {
		if _, ok := table(tree, "profile")[name]; !ok {
			return fmt.Errorf("%w: %q", ErrNoProfile, name)
		}
		tree["default"] = name
		return nil
	})
}

func checkProfile(name string) error {
	if !isName(name, "._-", 32) {
		return fmt.Errorf("profile %q is %w: use at most 32 letters, digits, dots, dashes and underscores, the first one a letter or digit", name, ErrInvalid)
	}
	return nil
}

// isName reports whether name has at most longest letters, digits and marks, the first one a
// letter or digit. A regular expression would take 0.1 ms of every command.
func isName(name, marks string, longest int) bool {
	for i, c := range []byte(name) {
		isLetter := 'a' <= c|0x20 && c|0x20 <= 'z'
		isDigit := '0' <= c && c <= '9'
		if !isLetter && !isDigit && (i == 0 || strings.IndexByte(marks, c) < 0) {
			return false
		}
	}
	return 0 < len(name) && len(name) <= longest
}

// checkNew refuses a new profile whose name differs from another one's in case alone: some
// keychains and file systems take both for one.
func (c config) checkNew(name string) error {
	if _, ok := c.profiles[name]; ok || name == "default" {
		return nil
	}
	for _, other := range append(slices.Sorted(maps.Keys(c.profiles)), "default") {
		if strings.EqualFold(other, name) {
			return fmt.Errorf("profile %q is %w: there is already a profile %q", name, ErrInvalid, other)
		}
	}
	return nil
}

func (o Options) configPath() string { return filepath.Join(o.configFolder(), "config.toml") }

func (o Options) realConfigPath() string {
	path := o.configPath()
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target // people keep their settings in a repository and link to them
	}
	return path
}

// readConfig reads the settings, both as they are used and as the tree that they are.
func readConfig(path string) (config, map[string]any, error) {
	tree := map[string]any{}
	err := retryWhileOpen(func() error {
		text, err := readRegular(path)
		if err == nil {
			err = parseTOML(text, &tree)
		}
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	var c config
	if err == nil {
		c, err = parseConfig(tree)
	}
	if err != nil {
		return config{}, nil, settingsError(path, err)
	}
	return c, tree, nil
}

// settingsError names the file once, which a [fs.PathError] would do again.
func settingsError(path string, err error) error {
	if file := (*fs.PathError)(nil); errors.As(err, &file) {
		err = file.Err
	}
	return fmt.Errorf("reading the settings in %s: %w", path, err)
}

// blame says that the settings hold a value that can't be used, if they do. Then it is no
// longer [ErrInvalid], which is about what the caller gave.
func blame(path string, isSaved bool, err error) error {
	if !isSaved {
		return err
	}
	return settingsError(path, errors.New(err.Error()))
}

// parseTOML ignores the byte order mark that some editors of Windows write, and names the line
// of a mistake.
func parseTOML(text []byte, tree *map[string]any) error {
	err := toml.Unmarshal(bytes.TrimPrefix(text, []byte("\ufeff")), tree)
	var mistake *toml.DecodeError
	if errors.As(err, &mistake) {
		line, _ := mistake.Position()
		return fmt.Errorf("line %d: %s", line, strings.TrimPrefix(err.Error(), "toml: "))
	}
	return err
}

// parseConfig is by hand because the library takes "Profile" for "profile", and writing would
// then add a second table.
func parseConfig(tree map[string]any) (config, error) {
	name, err := field[string](tree, "", "default")
	if err != nil {
		return config{}, err
	}
	c := config{cmp.Or(name, "default"), map[string]Profile{}}
	profiles, err := field[map[string]any](tree, "", "profile")
	if err != nil {
		return config{}, err
	}
	for name := range profiles {
		if c.profiles[name], err = parseProfile(profiles, name); err != nil {
			return config{}, err
		}
		p := c.profiles[name]
		p.Default = name == c.defaultName
		c.profiles[name] = p
	}
	return c, nil
}

func parseProfile(profiles map[string]any, name string) (Profile, error) {
	t, err := field[map[string]any](profiles, "profile.", name)
	if err != nil {
		return Profile{}, err
	}
	p, path := Profile{Name: name}, "profile."+name+"."
	for key, text := range map[string]*string{
		"client_id": &p.Settings.ClientID, "redirect_uri": &p.Settings.RedirectURI, "store": &p.Settings.Store, "account": &p.Account,
	} {
		if *text, err = field[string](t, path, key); err != nil {
			return Profile{}, err
		}
	}
	if p.LoginEnds, err = field[time.Time](t, path, "login_ends"); err == nil {
		p.SignedOut, err = field[bool](t, path, "signed_out")
	}
	return p, err
}

// field is the value of a key in the table at path, or the zero value if there is none.
func field[T any](t map[string]any, path, key string) (T, error) {
	value, ok := t[key]
	typed, fits := value.(T)
	if ok && !fits {
		kind := map[string]string{"string": "text", "bool": "true or false", "time.Time": "time"}[fmt.Sprintf("%T", typed)]
		return typed, fmt.Errorf("%q is not a %s", path+key, cmp.Or(kind, "table"))
	}
	for other := range t {
		// Names of profiles may differ in case alone, as they could in earlier versions.
		if other != key && path != "profile." && strings.EqualFold(other, key) {
			return typed, fmt.Errorf("%q must be written %q", path+other, key)
		}
	}
	return typed, nil
}

// probeConfig checks that editConfig could write.
func probeConfig(o Options) error {
	path := o.realConfigPath()
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	if err == nil {
		var probe *os.File
		if probe, err = os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*"); err == nil {
			err = errors.Join(probe.Close(), os.Remove(probe.Name()))
		}
	}
	if err != nil {
		return fmt.Errorf("writing the settings: %w", err)
	}
	return nil
}

// editConfig changes the settings under a lock. It works on the whole tree, so that
// what a later version or another program wrote there stays.
func editConfig(ctx context.Context, o Options, edit func(tree map[string]any) error) error {
	path := o.realConfigPath()
	ctx, cancel := context.WithTimeout(ctx, newTimeouts(o).lock)
	defer cancel()
	l, err := acquire(ctx, filepath.Join(o.stateFolder(), "locks", "settings.lock"), 0, func() {})
	if err != nil {
		return fmt.Errorf("changing the settings: %w", err)
	}
	defer l.release()
	removeTemporary(path, time.Minute)
	_, tree, err := readConfig(path)
	if err != nil {
		return err // nothing is written over what cannot be read
	}
	if err := edit(tree); err != nil {
		return err
	}
	text := bytes.NewBufferString(configHead)
	if err := toml.NewEncoder(text).Encode(tree); err != nil {
		return fmt.Errorf("writing the settings: %w", err)
	}
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, text.Bytes()) {
		return nil
	}
	if err := writeFile(path, text.Bytes()); err != nil {
		return fmt.Errorf("writing the settings: %w", err)
	}
	return nil
}

// table is the table of a name in a tree. It is made if it is not there.
func table(tree map[string]any, name string) map[string]any {
	t, ok := tree[name].(map[string]any)
	if !ok {
		t = map[string]any{}
		tree[name] = t
	}
	return t
}
