package session

import (
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// K-01: what a keychain is found to be before a browser opens, on real services.
func TestProbeOfTheKeychain(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("only make test runs keychains that misbehave")
	}
	for _, c := range []struct {
		name  string
		start func(t *testing.T) (address string)
		class string
		err   string
		hint  string
	}{
		{"unlocked", func(t *testing.T) string {
			bus := startBus(t)
			startKeyring(t, bus, t.TempDir(), "pass")
			return bus
		}, "", "", ""},
		{"locked", func(t *testing.T) string {
			bus, home := startBus(t), t.TempDir()
			makeKeyring(t, bus, home, "pass")
			startKeyring(t, bus, home, "")
			return bus
		}, "Locked", "the keychain is locked", "unlock the login keyring"},
		{"without a keyring", func(t *testing.T) string {
			bus := startBus(t)
			startKeyring(t, bus, t.TempDir(), "")
			return bus
		}, "Locked", "the keychain is locked", "unlock the login keyring"},
		{"no service", startBus, "Unavailable", "no Secret Service is running", "start gnome-keyring"},
		{"dead socket", func(t *testing.T) string { return "unix:path=" + shortDir(t) + "/none" },
			"Unavailable", "cannot use the keychain: the session bus can't be reached", "start gnome-keyring"},
		{"mute socket", muteSocket, "Unavailable", "cannot use the keychain: no answer in 2s", "unlock the login keyring"},
	} {
		t.Run(c.name, func(t *testing.T) {
			probe := task{Do: "probe", Dir: t.TempDir(), Store: "keychain"}
			if c.name == "mute socket" {
				probe.Call = 2 * time.Second
			}
			r := probe.do(t, "DBUS_SESSION_BUS_ADDRESS="+c.start(t))
			if r.Class != c.class || !strings.Contains(r.Err, c.err) || !strings.HasPrefix(r.Hint, c.hint) || (c.hint == "") != (r.Hint == "") {
				t.Errorf("class %q, error %q, hint %q", r.Class, r.Err, r.Hint)
			}
			if r.Took > 20*time.Second {
				t.Errorf("took %v", r.Took)
			}
		})
	}
}

// K-01: without a bus the library is not called, for it would start one.
func TestNoBusIsStarted(t *testing.T) {
	t.Parallel()
	if checkBus("") == nil {
		t.Skip("this user has a session bus under /run/user")
	}
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/dbus-launch", []byte("#!/bin/sh\ntouch "+dir+"/launched\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{"", "autolaunch:"} {
		r := task{Do: "probe", Dir: dir, Store: "keychain"}.do(t, "PATH="+dir, "DBUS_SESSION_BUS_ADDRESS="+address)
		if r.Class != "Unavailable" || r.Err != "cannot use the keychain: none is running (are you on a server, in a container or in cron?)" {
			t.Errorf("address %q: class %q, error %q", address, r.Class, r.Err)
		}
	}
	if _, err := os.Stat(dir + "/launched"); err == nil {
		t.Error("dbus-launch was run")
	}
}

// K-01, K-02: a Secret Service that hangs, dismisses, slows and lies.
func TestHostileSecretService(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("only make test runs keychains that misbehave")
	}
	const limit, notice = 700 * time.Millisecond, 200 * time.Millisecond
	waiting := []string{"waiting for the keychain to be unlocked"}
	const notSaved, notDeleted = "it reported that it saved the login, and did not", "it reported that it deleted the login, and did not"
	for _, c := range []struct {
		fault   string
		do      string
		call    time.Duration // the limit of a call; 0: the usual one
		notice  time.Duration // until the person is told; 0: nobody is there
		class   string
		err     string
		waiting []string
	}{
		{"", "probe", 0, 0, "", "", nil},
		{"", "forget", 0, 0, "", "", nil},
		{"hangs", "probe", limit, 0, "Unavailable", "no answer in 700ms", nil},
		{"is slow", "save", 0, 0, "", "", nil},
		{"nobody unlocks", "probe", limit, 0, "Unavailable", "no answer in 700ms", nil},
		{"nobody unlocks", "probe", limit, notice, "Unavailable", "no answer in 700ms", waiting},
		{"unlocked late", "save", 0, notice, "", "", waiting},
		{"unlocking dismissed", "probe", 0, 0, "Locked", "the keychain is locked", nil},
		{"writing dismissed", "probe", 0, 0, "Unavailable", notSaved, nil},
		{"writing dismissed", "save", 0, 0, "Unavailable", notSaved, nil},
		{"writes nothing", "save", 0, 0, "Unavailable", notSaved, nil},
		{"writes a part", "save", 0, 0, "Unavailable", notSaved, nil},
		{"answers late", "save", limit, 0, "", "", nil},
		{"deleting dismissed", "forget", 0, 0, "Unavailable", notDeleted, nil},
		{"deletes nothing", "forget", 0, 0, "Unavailable", notDeleted, nil},
		{"replaced while read", "load", 0, 0, "", "", nil},
	} {
		t.Run(c.fault+" "+c.do, func(t *testing.T) {
			bus := "DBUS_SESSION_BUS_ADDRESS=" + startSecretService(t, c.fault)
			run := task{Dir: t.TempDir(), Store: "keychain", Call: c.call, CallNotice: c.notice}
			if c.do == "forget" || c.do == "load" {
				save := run
				save.Do = "save"
				if r := save.do(t, bus); r.Err != "" {
					t.Fatal(r.Err)
				}
			}
			run.Do = c.do
			r := run.do(t, bus)
			if r.Class != c.class || !strings.Contains(r.Err, c.err) || (c.err == "") != (r.Err == "") {
				t.Errorf("class %q, error %q", r.Class, r.Err)
			}
			if !slices.Equal(r.Waiting, c.waiting) {
				t.Errorf("said %q, want %q", r.Waiting, c.waiting)
			}
			if r.Took > 20*time.Second {
				t.Errorf("took %v", r.Took)
			}
		})
	}
}

// muteSocket accepts and never says anything.
func muteSocket(t *testing.T) string {
	path := shortDir(t) + "/bus"
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return "unix:path=" + path
}
