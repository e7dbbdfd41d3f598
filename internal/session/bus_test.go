//go:build unix

package session

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
)

const busConfig = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
 <type>session</type><listen>unix:dir=%s</listen><auth>EXTERNAL</auth>
 <policy context="default"><allow send_destination="*"/><allow eavesdrop="true"/><allow own="*"/></policy>
</busconfig>`

// startBus starts a session bus that belongs to this test. It knows no service files,
// so that no keyring comes up that the test has not started.
func startBus(t *testing.T) (address string) {
	t.Helper()
	need(t, "dbus-daemon")
	folder := shortDir(t)
	conf := filepath.Join(folder, "bus.conf")
	if err := os.WriteFile(conf, fmt.Appendf(nil, busConfig, folder), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("dbus-daemon", "--config-file="+conf, "--nofork", "--print-address")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	start(t, cmd)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the bus told no address: %v", err)
	}
	return strings.TrimSpace(line)
}

// startKeyring starts a gnome-keyring on a bus and returns its home, which a later one
// can be started with. unlock is the password that opens its keyring at once; with ""
// it stays as it is: locked, or without a keyring where the home is new.
func startKeyring(t *testing.T, address, home, unlock string) (stop func()) {
	t.Helper()
	need(t, "gnome-keyring-daemon")
	args := []string{"--foreground", "--components=secrets"}
	if unlock != "" {
		args = append(args, "--unlock")
	}
	cmd := exec.Command("gnome-keyring-daemon", args...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_RUNTIME_DIR=" + shortDir(t), "DBUS_SESSION_BUS_ADDRESS=" + address}
	cmd.Stdin = strings.NewReader(unlock)
	stop = start(t, cmd)
	conn, err := dbus.Connect(address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for range 200 {
		var owned bool
		if err := conn.BusObject().Call("org.freedesktop.DBus.NameHasOwner", 0, "org.freedesktop.secrets").Store(&owned); err != nil {
			t.Fatal(err)
		}
		if owned {
			return stop
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Fatal("gnome-keyring did not come up in 5s")
	return nil
}

// start runs a daemon until the test ends, or stop is called.
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

// need skips a test whose programs are missing; where the whole suite is meant to run,
// that is a failure.
func need(t *testing.T, programs ...string) {
	t.Helper()
	for _, program := range programs {
		if _, err := exec.LookPath(program); err == nil {
			continue
		}
		if os.Getenv("SPOTAUTH_TEST_REQUIRE") != "" {
			t.Fatalf("%s is not installed, and SPOTAUTH_TEST_REQUIRE is set", program)
		}
		t.Skipf("%s is not installed", program)
	}
}

// shortDir is a temporary folder whose path leaves room for a socket's name in it.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "sa")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}
