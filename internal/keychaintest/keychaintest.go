// Package keychaintest starts a session bus and a gnome-keyring that belong to one test or
// one benchmark. The keychain of whoever runs it is never touched.
package keychaintest

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

// busConfig knows no service files, so that no keyring comes up by itself.
const busConfig = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
 <type>session</type>
 <listen>%s</listen>
 <auth>EXTERNAL</auth>
 <policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
</busconfig>
`

// StartBus starts a session bus without any service. stop ends it.
func StartBus() (address string, stop func(), err error) {
	folder, stop, err := newFolder()
	if err != nil {
		return "", nil, err
	}
	address = "unix:path=" + filepath.Join(folder, "bus")
	config := filepath.Join(folder, "bus.conf")
	if err := os.WriteFile(config, fmt.Appendf(nil, busConfig, address), 0o600); err != nil {
		stop()
		return "", nil, err
	}
	stop, err = start(exec.Command("dbus-daemon", "--config-file="+config, "--nofork"), address, "org.freedesktop.DBus", stop)
	return address, stop, err
}

// StartKeyring starts a gnome-keyring on a bus. Its keyring is kept in home, so that a
// later one can open it. The password unlocks it; with "" it stays locked, and a new home
// has no keyring. stop ends it.
func StartKeyring(address, home, password string) (stop func(), err error) {
	folder, stop, err := newFolder()
	if err != nil {
		return nil, err
	}
	keyring := exec.Command("gnome-keyring-daemon", "--foreground", "--components=secrets")
	if password != "" {
		keyring.Args = append(keyring.Args, "--unlock")
		keyring.Stdin = strings.NewReader(password)
	}
	keyring.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_RUNTIME_DIR=" + folder, "DBUS_SESSION_BUS_ADDRESS=" + address}
	return start(keyring, address, "org.freedesktop.secrets", stop)
}

// newFolder makes a folder whose path is short: the name of a socket has 107 bytes at most.
func newFolder() (folder string, remove func(), err error) {
	folder, err = os.MkdirTemp("", "sa")
	return folder, func() { _ = os.RemoveAll(folder) }, err
}

// start starts a daemon and waits until it has its name on the bus. after runs at its end.
func start(daemon *exec.Cmd, address, name string, after func()) (stop func(), err error) {
	if err := daemon.Start(); err != nil {
		after()
		return nil, err
	}
	stop = func() {
		_ = daemon.Process.Kill()
		_ = daemon.Wait()
		after()
	}
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end); time.Sleep(25 * time.Millisecond) {
		if owned, err := hasOwner(address, name); err == nil && owned {
			return stop, nil
		}
	}
	stop()
	return nil, fmt.Errorf("%s did not come up in 15 s", daemon.Args[0])
}

func hasOwner(address, name string) (owned bool, err error) {
	conn, err := dbus.Connect(address)
	if err != nil {
		return false, err
	}
	defer conn.Close()
	err = conn.BusObject().Call("org.freedesktop.DBus.NameHasOwner", 0, name).Store(&owned)
	return owned, err
}

// Need skips a test if a program is not installed. With SPOTAUTH_TEST_REQUIRE, which
// `make test` and CI set, the test fails instead.
func Need(t *testing.T, programs ...string) {
	t.Helper()
	for _, program := range programs {
		if _, err := exec.LookPath(program); err == nil {
			continue
		}
		if os.Getenv("SPOTAUTH_TEST_REQUIRE") != "" {
			t.Fatalf("%s is not installed; make deps installs it on Debian", program)
		}
		t.Skipf("%s is not installed; make deps installs it on Debian", program)
	}
}
