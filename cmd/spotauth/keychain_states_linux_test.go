package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spotauth/spotauth/internal/sandbox"
)

// outOfOrder are the ways in which a keychain cannot be used.
var outOfOrder = []struct {
	name   string
	bus    func(*machine) string // DBUS_SESSION_BUS_ADDRESS
	stderr string
}{
	{"locked", keychainOn(keychainLocked), "the keychain is locked"},
	{"absent", keychainOn(keychainAbsent), "no Secret Service is running"},
	{"no bus", noBus, "cannot use the keychain: none is running"},
	{"dead bus", deadBus, "the session bus can't be reached"},
	{"mute bus", muteBus, "no answer in 5s"},
}

// K-01: a keychain that can't be used is found out before the user is asked for consent, is
// waited for no longer than a script can bear, and is replaced by nothing in clear. A file
// is used only if it is asked for by name.
func TestKeychainOutOfOrder(t *testing.T) {
	if testing.Short() {
		t.Skip("only make test runs keychains that misbehave")
	}
	needKeychain(t)
	for _, tt := range outOfOrder {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			spotify := m.standIn(sandbox.Options{Artists: 3})
			m.env["BROWSER_MODE"] = "agree"
			m.env["DBUS_SESSION_BUS_ADDRESS"] = tt.bus(m)

			r := m.run("login")
			if r.status != exitStore || r.stdout != "" || r.took > tooLong {
				t.Errorf("status %d after %v; stdout %q", r.status, r.took, r.stdout)
			}
			lines := strings.Split(strings.TrimSpace(r.stderr), "\n")
			if len(lines) != 2 || !strings.HasPrefix(lines[0], "spotauth: error: ") || !strings.Contains(lines[0], tt.stderr) ||
				!strings.HasPrefix(lines[1], "spotauth: hint: ") || !strings.Contains(lines[1], "save the login with --store file") {
				t.Errorf("stderr:\n%s", r.stderr)
			}
			if asked, opened := len(spotify.Requests()), len(m.traces()); asked+opened > 0 {
				t.Errorf("%d requests to spotify, %d browsers opened", asked, opened)
			}
			for _, name := range m.files() {
				if !strings.HasSuffix(name, ".lock") && !strings.Contains(name, "keyrings/") {
					t.Errorf("%s was left", name)
				}
			}

			if r := m.run("login", "--store", "file"); r.status != 0 {
				t.Fatalf("with a file: status %d; stderr:\n%s", r.status, r.stderr)
			}
			if r := m.run("whoami"); r.status != 0 || !strings.HasPrefix(r.stdout, "Wren Demo (") {
				t.Errorf("whoami: status %d; stdout %q; stderr:\n%s", r.status, r.stdout, r.stderr)
			}
			m.checkLoginFile()
		})
	}
}

// K-01, T-03: a login in a keychain that cannot be used is not taken for none,
// and is there again when the keychain is.
func TestKeychainOutOfOrderAfterLogin(t *testing.T) {
	if testing.Short() {
		t.Skip("only make test runs keychains that misbehave")
	}
	needKeychain(t)
	m := newMachine(t)
	spotify := m.standIn(sandbox.Options{Artists: 3})
	m.env["BROWSER_MODE"] = "agree"
	m.env["DBUS_SESSION_BUS_ADDRESS"] = keychainOn(keychainUnlocked)(m)
	if r := m.run("login"); r.status != 0 {
		t.Fatalf("login: status %d; stderr:\n%s", r.status, r.stderr)
	}
	before := len(spotify.Requests())
	t.Run("out of order", func(t *testing.T) {
		for _, tt := range outOfOrder {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				m := m.with(t)
				m.env["DBUS_SESSION_BUS_ADDRESS"] = tt.bus(m)
				r := m.run("artists")
				if r.status != exitStore || r.stdout != "" || !strings.Contains(r.stderr, tt.stderr) || r.took > tooLong {
					t.Errorf("status %d after %v; stdout %q; stderr:\n%s", r.status, r.took, r.stdout, r.stderr)
				}
			})
		}
	})
	if n := len(spotify.Requests()) - before; n > 0 {
		t.Errorf("spotify was asked %d times", n)
	}
	if r := m.run("artists", "--format", "csv"); r.status != 0 || strings.Count(r.stdout, "\n") != 4 {
		t.Errorf("with the keychain back: status %d; stdout %q; stderr:\n%s", r.status, r.stdout, r.stderr)
	}
}

// checkLoginFile asserts that the machine's one login file is its owner's alone.
func (m *machine) checkLoginFile() {
	m.Helper()
	var logins []string
	for _, name := range m.files() {
		if text, err := os.ReadFile(filepath.Join(m.home, name)); err != nil || strings.Contains(string(text), sandbox.TokenPrefix) {
			logins = append(logins, name)
		}
	}
	if len(logins) != 1 {
		m.Fatalf("tokens are in %q; want one file", logins)
	}
	name := filepath.Join(m.home, logins[0])
	for path, want := range map[string]os.FileMode{name: 0o600, filepath.Dir(name): os.ModeDir | 0o700} {
		info, err := os.Stat(path)
		if err != nil || info.Mode() != want {
			m.Errorf("%s has the mode %v, %v; want %v", path, info.Mode(), err, want)
		}
	}
}

func keychainOn(state string) func(*machine) string {
	return func(m *machine) string {
		address, stop, err := startKeychain(m.home, state)
		if err != nil {
			m.Fatal(err)
		}
		m.Cleanup(stop)
		return address
	}
}

func noBus(m *machine) string {
	for _, name := range []string{"bus", "dbus-session"} {
		if path := fmt.Sprintf("/run/user/%d/%s", os.Getuid(), name); fileExists(path) {
			m.Skipf("this machine has a session bus that is found without an address: %s", path)
		}
	}
	return ""
}

func fileExists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// deadBus is a socket without a listener.
func deadBus(m *machine) string {
	listener, path := listenOnBus(m)
	listener.SetUnlinkOnClose(false)
	listener.Close()
	return path
}

// muteBus is a socket that takes calls and says nothing.
func muteBus(m *machine) string {
	listener, path := listenOnBus(m)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			m.Cleanup(func() { conn.Close() })
		}
	}()
	return path
}

func listenOnBus(m *machine) (listener *net.UnixListener, address string) {
	m.Helper()
	dir, err := os.MkdirTemp("", "spotauth") // a socket's name may have 107 bytes
	if err != nil {
		m.Fatal(err)
	}
	m.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "bus")
	listener, err = net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		m.Fatal(err)
	}
	m.Cleanup(func() { listener.Close() })
	return listener, "unix:path=" + path
}
