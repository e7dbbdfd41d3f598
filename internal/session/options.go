package session

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Options says which login to use and where things are. Log and all functions but Refresh
// may be nil.
type Options struct {
	ConfigDir string // the folder of config.toml
	StateDir  string // the folder of locks, cool-downs and logins in files
	// Sandbox is "" for Spotify, or the stand-in's address, "http://127.0.0.1:PORT". It is
	// part of every key, and its settings are in a folder of their own in StateDir, so that
	// a real login can be neither seen nor changed with it.
	Sandbox string
	Profile string // "": the default one

	// Settings that are not empty override the profile's, and replace them at Save.
	Settings Settings
	Refresh  Refresh // for Token

	// WaitForLimit waits until a limit of the token endpoint ends, or returns why it does
	// not. Without it, Token returns a [*CoolingDownError] at once.
	WaitForLimit func(ctx context.Context, until time.Time) error
	// HoldLog is called before a refresh, and what it returns after the save. In between,
	// nothing may block or end the process, or the new refresh token would be lost.
	HoldLog func() (release func())

	BusAddress  string           // Linux: the value of DBUS_SESSION_BUS_ADDRESS
	Interactive bool             // a person is there to unlock a keychain
	Waiting     func(string)     // receives once, from any goroutine, what takes long: "waiting for another spotauth"
	Warn        func(string)     // receives problems that do not fail the call
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

// check refuses a sandbox that is no loopback literal, and folders that are not known.
func (o Options) check() error {
	if o.ConfigDir == "" || o.StateDir == "" {
		return fmt.Errorf("folder of the settings: %w: it has no name", ErrInvalid)
	}
	if o.Sandbox == "" {
		return nil
	}
	at, err := netip.ParseAddrPort(strings.TrimPrefix(o.Sandbox, "http://"))
	if err != nil || !at.Addr().IsLoopback() || o.Sandbox != "http://"+at.String() {
		return fmt.Errorf("sandbox address %q: %w: http://127.0.0.1:PORT", o.Sandbox, ErrInvalid)
	}
	return nil
}

func (o Options) filled() Options {
	if o.Waiting == nil {
		o.Waiting = func(string) {}
	}
	o.Waiting = onceEach(o.Waiting)
	if o.Warn == nil {
		o.Warn = func(string) {}
	}
	o.Warn = onceEach(o.Warn)
	if o.HoldLog == nil {
		o.HoldLog = func() func() { return func() {} }
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
