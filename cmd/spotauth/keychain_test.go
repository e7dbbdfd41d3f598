package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
)

// need skips a test for want of a program, or fails it where everything must
// run: `make test` and CI set SPOTAUTH_TEST_REQUIRE.
func need(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			if os.Getenv("SPOTAUTH_TEST_REQUIRE") != "" {
				t.Fatalf("%s is not installed; make deps installs it on Debian", p)
			}
			t.Skipf("%s is not installed; make deps installs it on Debian", p)
		}
	}
}

func needKeychain(t *testing.T) {
	t.Helper()
	need(t, "dbus-daemon", "gnome-keyring-daemon", "secret-tool")
}

const (
	keychainUnlocked = "unlocked"
	keychainLocked   = "locked" // a keychain that nobody has unlocked, and nobody can
	keychainAbsent   = "absent" // a bus without a Secret Service
)

// startKeychain starts a session bus and a gnome-keyring for one test alone.
func startKeychain(home, state string) (address string, stop func(), err error) {
	// Not below the test's folder: the name of a socket has room for 107 bytes.
	runtime, err := os.MkdirTemp("", "spotauth")
	if err != nil {
		return "", nil, err
	}
	var running []*exec.Cmd
	stop = func() {
		for _, cmd := range running {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
		_ = os.RemoveAll(runtime)
	}
	defer func() {
		if err != nil {
			stop()
		}
	}()
	start := func(cmd *exec.Cmd) error {
		running = append(running, cmd)
		return cmd.Start()
	}
	config := filepath.Join(runtime, "bus.conf")
	address = "unix:path=" + filepath.Join(runtime, "bus")
	if err = os.WriteFile(config, fmt.Appendf(nil, busConfig, address), 0o600); err != nil {
		return "", nil, err
	}
	if err = start(exec.Command("dbus-daemon", "--config-file="+config, "--nofork")); err != nil {
		return "", nil, err
	}
	if err = awaitKeychain(address, false); err != nil { // a keyring that comes before its bus never finds it
		return "", nil, err
	}
	if state != keychainAbsent {
		keyring := exec.Command("gnome-keyring-daemon", "--foreground", "--components=secrets")
		if state == keychainUnlocked {
			keyring.Args = append(keyring.Args, "--unlock")
			keyring.Stdin = strings.NewReader("password of the test's keychain")
		}
		keyring.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_RUNTIME_DIR=" + runtime, "DBUS_SESSION_BUS_ADDRESS=" + address}
		if err = start(keyring); err != nil {
			return "", nil, err
		}
	}
	return address, stop, awaitKeychain(address, state != keychainAbsent)
}

// awaitKeychain waits until the bus answers and, where one was started, the
// Secret Service is on it.
func awaitKeychain(address string, service bool) error {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(25 * time.Millisecond) {
		conn, err := dbus.Connect(address)
		if err != nil {
			continue
		}
		var owned bool
		err = conn.BusObject().Call("org.freedesktop.DBus.NameHasOwner", 0, "org.freedesktop.secrets").Store(&owned)
		conn.Close()
		if err == nil && owned == service {
			return nil
		}
	}
	return fmt.Errorf("the test's keychain did not come up in %v", patience)
}

// busConfig is a session bus that starts no services by itself.
const busConfig = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>%s</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
`
