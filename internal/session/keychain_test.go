package session

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zalando/go-keyring"
)

// K-01: what a keychain is found to be before a browser opens, on real services.
func TestProbeOfTheKeychain(t *testing.T) {
	const fast = 3 * time.Second
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
			startKeyring(t, bus, home, "pass")()
			startKeyring(t, bus, home, "")
			return bus
		}, "Locked", "writing the keychain: it is locked", "unlock the login keyring"},
		{"without a keyring", func(t *testing.T) string {
			bus := startBus(t)
			startKeyring(t, bus, t.TempDir(), "")
			return bus
		}, "Locked", "writing the keychain: it is locked", "unlock the login keyring"},
		{"no service", startBus, "Unavailable", "org.freedesktop.secrets was not provided", "start gnome-keyring"},
		{"dead socket", func(t *testing.T) string { return "unix:path=" + shortDir(t) + "/none" },
			"Unavailable", "writing the keychain: not available: dial unix", "start gnome-keyring"},
		{"mute socket", muteSocket, "Unavailable", "writing the keychain: not available: no answer in 700ms", "unlock the login keyring"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := task{Do: "probe", Dir: t.TempDir(), Store: "keychain", Call: 700 * time.Millisecond}.
				do(t, "DBUS_SESSION_BUS_ADDRESS="+c.start(t))
			if r.Class != c.class || !strings.Contains(r.Err, c.err) || !strings.HasPrefix(r.Hint, c.hint) || (c.hint == "") != (r.Hint == "") {
				t.Errorf("class %q, error %q, hint %q", r.Class, r.Err, r.Hint)
			}
			if r.Took > fast {
				t.Errorf("took %v", r.Took)
			}
		})
	}
}

// K-01: without a bus the library is not called, for it would start one.
func TestNoBusIsStarted(t *testing.T) {
	if reachable("") == nil {
		t.Skip("this user has a session bus under /run/user")
	}
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/dbus-launch", []byte("#!/bin/sh\ntouch "+dir+"/launched\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{"", "autolaunch:"} {
		r := task{Do: "probe", Dir: dir, Store: "keychain"}.do(t, "PATH="+dir, "DBUS_SESSION_BUS_ADDRESS="+address)
		if r.Class != "Unavailable" || r.Err != "writing the keychain: not available: no session bus here" {
			t.Errorf("address %q: class %q, error %q", address, r.Class, r.Err)
		}
	}
	if _, err := os.Stat(dir + "/launched"); err == nil {
		t.Error("dbus-launch was run")
	}
}

// K-01, K-02: a Secret Service that hangs, dismisses, slows and lies.
func TestHostileSecretService(t *testing.T) {
	const limit = 700 * time.Millisecond
	waiting := []string{"waiting for the keychain to be unlocked"}
	for _, c := range []struct {
		fault   string
		do      string
		notice  time.Duration
		class   string
		err     string
		waiting []string
		atMost  time.Duration
	}{
		{"", "probe", 0, "", "", nil, limit},
		{"", "forget", 0, "", "", nil, limit},
		{"hangs", "probe", 0, "Unavailable", "no answer in 700ms", nil, 2 * time.Second},
		{"is slow", "save", 0, "", "", nil, 2 * limit},
		{"nobody unlocks", "probe", 0, "Unavailable", "no answer in 700ms", nil, 2 * time.Second},
		{"nobody unlocks", "probe", limit / 3, "Unavailable", "no answer in 700ms", waiting, 2 * time.Second},
		{"unlocked late", "save", limit / 3, "", "", waiting, 2 * limit},
		{"unlocking dismissed", "probe", limit / 3, "Locked", "it is locked", nil, limit},
		{"writing dismissed", "probe", 0, "Unavailable", "it said that it saved the login, and did not", nil, limit},
		{"writing dismissed", "save", 0, "Unavailable", "it said that it saved the login, and did not", nil, limit},
		{"writes nothing", "save", 0, "Unavailable", "it said that it saved the login, and did not", nil, limit},
		{"writes a part", "save", 0, "Unavailable", "it said that it saved the login, and did not", nil, limit},
		{"answers late", "save", 0, "", "", nil, 2 * limit},
		{"deleting dismissed", "forget", 0, "Unavailable", "it said that it deleted the login, and did not", nil, limit},
		{"deletes nothing", "forget", 0, "Unavailable", "it said that it deleted the login, and did not", nil, limit},
		{"replaced while read", "load", 0, "", "", nil, limit},
	} {
		t.Run(c.fault+" "+c.do, func(t *testing.T) {
			bus := "DBUS_SESSION_BUS_ADDRESS=" + startSecretService(t, c.fault)
			run := task{Dir: t.TempDir(), Store: "keychain", Call: limit, CallNotice: c.notice}
			if c.do == "forget" || c.do == "load" {
				save := run
				save.Do = "save"
				save.Call = 5 * time.Second
				save.do(t, bus)
			}
			run.Do = c.do
			r := run.do(t, bus)
			if r.Class != c.class || !strings.Contains(r.Err, c.err) || (c.err == "") != (r.Err == "") {
				t.Errorf("class %q, error %q", r.Class, r.Err)
			}
			if !slices.Equal(r.Waiting, c.waiting) {
				t.Errorf("said %q, want %q", r.Waiting, c.waiting)
			}
			if r.Took > c.atMost {
				t.Errorf("took %v, want at most %v", r.Took, c.atMost)
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

// K-01: how long a silent keychain is waited for, and when the person is told.
func TestPatienceWithTheKeychain(t *testing.T) {
	for _, c := range []struct {
		name        string
		interactive bool
		limit       time.Duration
		told        time.Duration // 0: never
	}{
		{"nobody there", false, 5 * time.Second, 0},
		{"somebody there", true, time.Minute, 3 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				var told atomic.Int64
				k := newKeychain(Options{}, newPatience(Options{
					Interactive: c.interactive,
					Waiting:     func(string) { told.Store(int64(time.Since(began))) },
				}))
				never := make(chan struct{})
				defer close(never)
				k.reachable = func() error { return nil }
				k.getItem = func(string, string) (string, error) { <-never; return "", nil }
				_, err := k.get(t.Context(), key{})
				if took := time.Since(began); took != c.limit || time.Duration(told.Load()) != c.told || !errors.Is(err, ErrUnavailable) {
					t.Errorf("gave up after %v, told after %v: %v", took, time.Duration(told.Load()), err)
				}
			})
		})
	}
}

// K-01: Ctrl-C does not wait for a keychain.
func TestInterruptedWaitForTheKeychain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		never := make(chan struct{})
		defer close(never)
		k := fakeKeychain(&fakeItems{})
		k.getItem = func(string, string) (string, error) { <-never; return "", nil }
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		began := time.Now()
		if _, err := k.get(ctx, key{}); err != context.Canceled || time.Since(began) != time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

// K-01: each library error in its class, with what helps on each system.
func TestClassesOfKeychainErrors(t *testing.T) {
	exit := func(code string) error { return exec.Command("sh", "-c", "exit "+code).Run() }
	for _, c := range []struct {
		name                string
		err                 error
		class               string
		linux, mac, windows string // what the hint begins with; "" for none
	}{
		{"no item", keyring.ErrNotFound, "None", "", "", ""},
		{"too big", keyring.ErrSetDataTooBig, "TooBig", "", "", ""},
		{"prompt unanswered", errors.New("failed to unlock correct collection '/org/freedesktop/secrets/aliases/default'"), "Locked", "unlock the login keyring", "run: security unlock-keychain", "sign in to Windows"},
		{"is locked", errors.New("Cannot create an item in a locked collection"), "Locked", "unlock the login keyring", "run: security unlock-keychain", "sign in to Windows"},
		{"macOS, no interaction", exit("36"), "Locked", "unlock the login keyring", "run: security unlock-keychain", "sign in to Windows"},
		{"macOS, no such keychain", exit("50"), "Unavailable", "start gnome-keyring", "run: security unlock-keychain", "sign in to Windows"},
		{"no service", errors.New("The name org.freedesktop.secrets was not provided by any .service files"), "Unavailable", "start gnome-keyring", "run: security unlock-keychain", "sign in to Windows"},
		{"unsupported", keyring.ErrUnsupportedPlatform, "Unavailable", "start gnome-keyring", "run: security unlock-keychain", "sign in to Windows"},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := fakeKeychain(&fakeItems{})
			k.getItem = func(string, string) (string, error) { return "", c.err }
			_, err := k.get(t.Context(), key{})
			if class(err) != c.class {
				t.Errorf("class %q: %v", class(err), err)
			}
			for goos, want := range map[string]string{"linux": c.linux, "darwin": c.mac, "windows": c.windows} {
				if got := keychainHint(goos, err); !strings.HasPrefix(got, want) || (want == "") != (got == "") {
					t.Errorf("hint on %s: %q", goos, got)
				}
			}
		})
	}
}

// fakeItems is a keychain in memory with the limit of Windows, where limit is set.
type fakeItems struct {
	items map[string]string
	limit int
	sets  int
	fail  func() error // for a set
}

func fakeKeychain(f *fakeItems) keychain {
	f.items = map[string]string{}
	return keychain{
		reachable: func() error { return nil },
		patience:  newPatience(Options{}),
		getItem: func(service, user string) (string, error) {
			if data, ok := f.items[service+":"+user]; ok {
				return data, nil
			}
			return "", keyring.ErrNotFound
		},
		setItem: func(service, user, data string) error {
			f.sets++
			if f.fail != nil {
				if err := f.fail(); err != nil {
					return err
				}
			}
			if f.limit > 0 && len(data) > f.limit {
				return keyring.ErrSetDataTooBig
			}
			f.items[service+":"+user] = data
			return nil
		},
		deleteItem: func(service, user string) error {
			if _, ok := f.items[service+":"+user]; !ok {
				return keyring.ErrNotFound
			}
			delete(f.items, service+":"+user)
			return nil
		},
	}
}
