package session

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/BurntSushi/toml"
)

// Settings is what is remembered of a profile in config.toml. None of it is secret.
type Settings struct {
	ClientID    string `toml:"client_id"`
	RedirectURI string `toml:"redirect_uri"`
	Store       string `toml:"store"` // "keychain", "file" or "helper:NAME"
}

// Profile is one named login in the settings.
type Profile struct {
	Name     string
	Default  bool // used if no profile is named
	Settings Settings
}

// config is config.toml.
type config struct {
	Default string              `toml:"default"`
	Profile map[string]Settings `toml:"profile"`
}

const configHead = "# Settings of spotauth. Tokens are never kept here.\n\n"

// Profiles lists the profiles by name. It reads the settings alone, so that shell
// completion may call it.
func Profiles(o Options) ([]Profile, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	c, err := readConfig(o.configPath())
	if err != nil {
		return nil, err
	}
	var list []Profile
	for _, name := range slices.Sorted(maps.Keys(c.Profile)) {
		list = append(list, Profile{Name: name, Default: name == c.defaultName(), Settings: c.Profile[name]})
	}
	return list, nil
}

// Use makes a profile the default.
func Use(ctx context.Context, o Options, name string) error {
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

func (c config) defaultName() string {
	if c.Default == "" {
		return "default"
	}
	return c.Default
}

func checkProfile(name string) error {
	if !regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$`).MatchString(name) {
		return fmt.Errorf("profile %q: %w: at most 32 letters, digits, dots, dashes and underscores, the first one a letter or digit", name, ErrInvalid)
	}
	return nil
}

func (o Options) configPath() string { return filepath.Join(o.configFolder(), "config.toml") }

func (o Options) realConfigPath() string {
	path := o.configPath()
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real // people keep their settings in a repository and link to them
	}
	return path
}

func readConfig(path string) (config, error) {
	var c config
	err := patiently(func() error {
		_, err := toml.DecodeFile(path, &c)
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return config{}, fmt.Errorf("reading the settings in %s: %w", path, err)
	}
	return c, nil
}

// probeConfig finds out whether editConfig could write.
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
	if _, err := readConfig(path); err != nil { // nor is anything written over what cannot be read
		return err
	}
	tree := map[string]any{}
	if _, err := toml.DecodeFile(path, &tree); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("reading the settings in %s: %w", path, err)
	}
	if err := edit(tree); err != nil {
		return err
	}
	text := bytes.NewBufferString(configHead)
	encoder := toml.NewEncoder(text)
	encoder.Indent = ""
	if err := encoder.Encode(tree); err != nil {
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

// table is the table of a name in a tree, made where it is not there.
func table(tree map[string]any, name string) map[string]any {
	t, ok := tree[name].(map[string]any)
	if !ok {
		t = map[string]any{}
		tree[name] = t
	}
	return t
}
