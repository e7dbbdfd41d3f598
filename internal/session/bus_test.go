//go:build unix

package session

import (
	"os"
	"os/exec"
	"testing"

	"github.com/spotauth/spotauth/internal/keychaintest"
)

// startBus starts a session bus for this test.
func startBus(t *testing.T) (address string) {
	t.Helper()
	keychaintest.Need(t, "dbus-daemon")
	address, stop, err := keychaintest.StartBus()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return address
}

// startKeyring starts a gnome-keyring for this test: see [keychaintest.StartKeyring].
func startKeyring(t *testing.T, address, home, password string) {
	t.Helper()
	keychaintest.Need(t, "gnome-keyring-daemon")
	stop, err := keychaintest.StartKeyring(address, home, password)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
}

// makeKeyring makes the keyring of a home, with its password, and leaves it locked.
func makeKeyring(t *testing.T, address, home, password string) {
	t.Helper()
	keychaintest.Need(t, "gnome-keyring-daemon")
	stop, err := keychaintest.StartKeyring(address, home, password)
	if err != nil {
		t.Fatal(err)
	}
	stop()
}

// start runs a process until the test ends, or stop is called.
func start(t *testing.T, cmd *exec.Cmd) (stop func()) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop = func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	t.Cleanup(stop)
	return stop
}

// shortDir is a temporary folder with a path so short that a socket's name fits below it.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "sa")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}
