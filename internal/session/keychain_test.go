package session

import (
	"context"
	"errors"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zalando/go-keyring"
)

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
				k := newKeychain(Options{}, newTimeouts(Options{
					Interactive: c.interactive,
					Waiting:     func(string) { told.Store(int64(time.Since(began))) },
				}))
				never := make(chan struct{})
				defer close(never)
				k.checkBus = func() error { return nil }
				k.getItem = func(string, string) (string, error) { <-never; return "", nil }
				_, err := k.get(t.Context(), recordKey{})
				if took := time.Since(began); took != c.limit || time.Duration(told.Load()) != c.told || !errors.Is(err, ErrUnavailable) {
					t.Errorf("gave up after %v, told after %v: %v", took, time.Duration(told.Load()), err)
				}
			})
		})
	}
}

// K-01: a keychain that did not answer a write gets a second to show what it did, not
// another full limit.
func TestSecondLookAtASilentKeychain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		never := make(chan struct{})
		defer close(never)
		k := fakeKeychain(&fakeItems{})
		k.getItem = func(string, string) (string, error) { <-never; return "", nil }
		k.setItem = func(string, string, string) error { <-never; return nil }
		k.deleteItem = func(string, string) error { <-never; return nil }
		began := time.Now()
		if err := put(t.Context(), k, recordKey{}, "x"); !errors.Is(err, ErrUnavailable) || time.Since(began) != 6*time.Second {
			t.Errorf("writing: %v after %v", err, time.Since(began))
		}
		began = time.Now()
		if err := erase(t.Context(), k, recordKey{}); !errors.Is(err, ErrUnavailable) || time.Since(began) != 6*time.Second {
			t.Errorf("deleting: %v after %v", err, time.Since(began))
		}
	})
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
		if _, err := k.get(ctx, recordKey{}); err != context.Canceled || time.Since(began) != time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

// K-01: each library error in its class, with what helps on each system.
func TestClassesOfKeychainErrors(t *testing.T) {
	t.Parallel()
	exit := func(code string) error {
		if runtime.GOOS == "windows" {
			return exec.Command("cmd", "/c", "exit", code).Run()
		}
		return exec.Command("sh", "-c", "exit "+code).Run()
	}
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
		{"blocked", errors.New("operation blocked"), "Unavailable", "start gnome-keyring", "run: security unlock-keychain", "sign in to Windows"},
		{"no service", errors.New("The name org.freedesktop.secrets was not provided by any .service files"), "Unavailable", "start gnome-keyring", "run: security unlock-keychain", "sign in to Windows"},
		{"unsupported", keyring.ErrUnsupportedPlatform, "Unavailable", "start gnome-keyring", "run: security unlock-keychain", "sign in to Windows"},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := fakeKeychain(&fakeItems{})
			k.getItem = func(string, string) (string, error) { return "", c.err }
			_, err := k.get(t.Context(), recordKey{})
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

// fakeItems is a keychain in memory. With limit, it has the limit of Windows.
type fakeItems struct {
	items map[string]string
	limit int
	sets  int
	fail  func() error // for a set
}

func fakeKeychain(f *fakeItems) keychain {
	f.items = map[string]string{}
	return keychain{
		checkBus: func() error { return nil },
		timeouts: newTimeouts(Options{}),
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
