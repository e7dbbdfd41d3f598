package main

import (
	"testing"

	"github.com/spotauth/spotauth/internal/keychaintest"
)

func needKeychain(t *testing.T) {
	t.Helper()
	keychaintest.Need(t, "dbus-daemon", "gnome-keyring-daemon", "secret-tool")
}

const (
	keychainUnlocked = "unlocked"
	keychainLocked   = "locked" // a keychain that is locked, without a prompt to unlock it
	keychainAbsent   = "absent" // a bus without a Secret Service
)

// startKeychain starts a session bus and a gnome-keyring for one test.
func startKeychain(home, state string) (address string, stop func(), err error) {
	address, stopBus, err := keychaintest.StartBus()
	if err != nil || state == keychainAbsent {
		return address, stopBus, err
	}
	password := ""
	if state == keychainUnlocked {
		password = "password of the test's keychain"
	}
	stopKeyring, err := keychaintest.StartKeyring(address, home, password)
	if err != nil {
		stopBus()
		return "", nil, err
	}
	return address, func() { stopKeyring(); stopBus() }, nil
}
