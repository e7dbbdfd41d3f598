package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"
)

// startKeychain starts a session bus and a gnome-keyring that holds nothing.
func startKeychain(folder string) (address string, stop func(), err error) {
	var started []*exec.Cmd
	stop = func() {
		for _, cmd := range started {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	}
	address = "unix:path=" + filepath.Join(folder, "bus")
	config := filepath.Join(folder, "bus.conf")
	if err := os.WriteFile(config, fmt.Appendf(nil, busConfig, address), 0o600); err != nil {
		return "", stop, err
	}
	bus := exec.Command("dbus-daemon", "--config-file="+config, "--nofork")
	keyring := exec.Command("gnome-keyring-daemon", "--foreground", "--components=secrets", "--unlock")
	keyring.Stdin = strings.NewReader("password of the benchmark's keychain")
	keyring.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + folder, "XDG_RUNTIME_DIR=" + folder, "DBUS_SESSION_BUS_ADDRESS=" + address}
	for _, service := range []struct {
		cmd  *exec.Cmd
		name string
	}{{bus, "org.freedesktop.DBus"}, {keyring, "org.freedesktop.secrets"}} {
		if err := service.cmd.Start(); err != nil {
			return "", stop, err
		}
		started = append(started, service.cmd)
		if err := await(address, service.name); err != nil {
			return "", stop, err
		}
	}
	return address, stop, nil
}

// await waits until the bus answers and somebody has the name.
func await(address, name string) error {
	for range 400 {
		time.Sleep(25 * time.Millisecond)
		conn, err := dbus.Connect(address)
		if err != nil {
			continue
		}
		var there bool
		err = conn.BusObject().Call("org.freedesktop.DBus.NameHasOwner", 0, name).Store(&there)
		conn.Close()
		if err == nil && there {
			return nil
		}
	}
	return fmt.Errorf("%s did not come up in 10 s", name)
}

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
