//go:build unix

package session

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/spotauth/spotauth/internal/keychaintest"
)

// The login in pass, through Debian's golang-docker-credential-helpers.
func TestHelperPass(t *testing.T) {
	keychaintest.Need(t, "docker-credential-pass", "pass", "gpg")
	home := shortDir(t) // gpg-agent's socket is in it
	env := append(os.Environ(), "HOME="+home, "GNUPGHOME="+home+"/gnupg")
	for _, line := range []string{
		"mkdir -m 700 gnupg",
		"gpg --batch --quiet --passphrase '' --quick-gen-key test@example.com default default never",
		"pass init test@example.com",
	} {
		cmd := exec.Command("sh", "-c", line)
		cmd.Dir, cmd.Env = home, env
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", line, err, out)
		}
	}
	t.Cleanup(func() {
		cmd := exec.Command("gpgconf", "--kill", "gpg-agent")
		cmd.Env = env
		_ = cmd.Run()
	})
	t.Setenv("HOME", home)
	t.Setenv("GNUPGHOME", home+"/gnupg")
	helperKeepsALogin(t, "helper:pass")
}

// The login in the gnome-keyring, through the helper for the Secret Service.
func TestHelperSecretService(t *testing.T) {
	keychaintest.Need(t, "docker-credential-secretservice")
	bus := startBus(t)
	startKeyring(t, bus, t.TempDir(), "pass")
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", bus)
	helperKeepsALogin(t, "helper:secretservice")
}

func helperKeepsALogin(t *testing.T, store string) {
	o := fileOptions(t)
	o.Settings.Store = store
	s := mustOpen(t, o)
	if _, err := s.Load(t.Context()); !errors.Is(err, ErrNone) {
		t.Errorf("before: %v", err)
	}
	if err := s.Probe(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Save(t.Context(), testLogin()); err != nil {
			t.Fatal(err)
		}
	}
	l, err := mustOpen(t, Options{ConfigDir: o.ConfigDir, StateDir: o.StateDir}).Load(t.Context())
	if err != nil || !l.Refresh.Equal(testLogin().Refresh) {
		t.Errorf("%v, refresh %q", err, l.Refresh.Reveal())
	}
	for range 2 {
		if err := s.Forget(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if _, err := s.Load(t.Context()); !errors.Is(err, ErrNone) {
		t.Errorf("afterwards: %v", err)
	}
}

// A helper that misbehaves is named, but its output is not shown: it may be the login.
func TestHelpersThatFail(t *testing.T) {
	for _, c := range []struct {
		name, script string
		class, err   string
		hint         string
	}{
		{"missing", "", "Unavailable", "docker-credential-test is not in PATH", "install docker-credential-test"},
		{"none found", "echo credentials not found in native keychain; exit 1", "None", "", ""},
		{"fails", "echo refresh-0; echo refresh-0 >&2; exit 3", "Unavailable", "test: exit status 3", `see what "docker-credential-test list" says`},
		{"answers nonsense", "echo refresh-0", "Unavailable", "test: its answer is not in the protocol's form", `see what "docker-credential-test list" says`},
		{"hangs", "sleep 60", "Unavailable", "test: no answer in 300ms", `see what "docker-credential-test list" says`},
		{"answers another thing", `echo '{"Username":"x","Secret":"refresh-0"}'`, "Corrupt", "the saved login is damaged", `see what "docker-credential-test list" says`},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if c.script != "" {
				if err := os.WriteFile(dir+"/docker-credential-test", []byte("#!/bin/sh\ncat >/dev/null\n"+c.script+"\n"), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
			o := fileOptions(t)
			o.Settings.Store = "helper:test"
			s := mustOpen(t, o)
			s.timeouts.call = 300 * time.Millisecond
			if c.name != "hangs" {
				s.timeouts.call = 30 * time.Second
			}
			s.store = records{helper{"test", s.timeouts}}
			began := time.Now()
			_, err := s.Load(t.Context())
			if class(err) != c.class || !strings.HasSuffix(err.Error(), c.err) || strings.Contains(err.Error(), "refresh-0") {
				t.Errorf("class %q: %v", class(err), err)
			}
			fault := (*StoreError)(nil)
			if errors.As(err, &fault) && (fault.Hint != c.hint || c.class == "Unavailable" && c.script != "" && !strings.HasPrefix(err.Error(), "reading the login with helper:test: ")) {
				t.Errorf("hint %q, error %v", fault.Hint, err)
			}
			if took := time.Since(began); took > 30*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

// B-41: a helper that prints without end is ended, and takes no memory.
func TestHelperThatPrintsWithoutEnd(t *testing.T) {
	dir := t.TempDir()
	script := "#!/bin/sh\ncat >/dev/null\nexec cat /dev/zero\n"
	if err := os.WriteFile(dir+"/docker-credential-test", []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := time.Now()
	timeouts := newTimeouts(Options{})
	timeouts.call = 20 * time.Second // that is 20 GB of zeros
	_, err := helper{"test", timeouts}.get(t.Context(), recordKey{profile: "default", clientID: testClient})
	runtime.ReadMemStats(&after)
	if class(err) != "Unavailable" || !strings.HasSuffix(err.Error(), "its answer is too long") || time.Since(began) > 18*time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 4<<20 {
		t.Errorf("%d bytes", grown)
	}
}

// A child that the helper leaves behind with its output open holds up nothing.
func TestHelperThatLeavesAChild(t *testing.T) {
	dir := t.TempDir()
	script := "#!/bin/sh\ncat >/dev/null\nsleep 40 &\necho '{\"Username\":\"spotauth\",\"Secret\":\"data\"}'\n"
	if err := os.WriteFile(dir+"/docker-credential-test", []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	began := time.Now()
	timeouts := newTimeouts(Options{})
	timeouts.call = 30 * time.Second
	data, err := helper{"test", timeouts}.get(t.Context(), recordKey{profile: "default", clientID: testClient})
	if took := time.Since(began); took > 20*time.Second || err != nil || data != "data" {
		t.Errorf("took %v: %q, %v", took, data, err)
	}
}
