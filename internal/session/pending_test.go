package session

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spotauth/spotauth/internal/secret"
)

const testVerifier = `{"verifier":"verifier-0"}`

// L-01: a sign-in that one process begins is finished by another one, with its settings.
func TestPending(t *testing.T) {
	t.Parallel()
	o := fileOptions(t)
	o.Profile, o.Settings.RedirectURI = "work", "http://127.0.0.1:5000/callback"
	if err := mustOpen(t, o).SavePending(secret.New(testVerifier), time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	for _, store := range []string{"", "helper:other"} {
		later := Options{ConfigDir: o.ConfigDir, StateDir: o.StateDir, Profile: "work", Settings: Settings{ClientID: otherClient, Store: store}}
		s := mustOpen(t, later)
		login, err := s.Pending()
		want := o.Settings
		if store != "" {
			want.Store = store
		}
		if err != nil || login.Reveal() != testVerifier || s.Settings() != want {
			t.Errorf("%v, %q, settings %+v", err, login.Reveal(), s.Settings())
		}
	}
	o.Profile = "other"
	if _, err := mustOpen(t, o).Pending(); !errors.Is(err, ErrNoPending) {
		t.Errorf("another profile: %v", err)
	}
}

// B-26: a verifier is kept no longer than somebody can finish the sign-in.
func TestPendingEnds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		end  func(t *testing.T, o Options) error
	}{
		{"finished", func(t *testing.T, o Options) error { return mustOpen(t, o).DropPending() }},
		{"logged out", func(t *testing.T, o Options) error { return mustOpen(t, o).Forget(t.Context()) }},
		{"logged out without a client ID", func(t *testing.T, o Options) error {
			o.Settings.ClientID = ""
			return mustOpen(t, o).Forget(t.Context())
		}},
		{"removed", func(t *testing.T, o Options) error {
			s := mustOpen(t, o)
			if err := s.Save(t.Context(), testLogin()); err != nil {
				return err
			}
			return s.Remove(t.Context())
		}},
		{"too late, and another profile is opened", func(t *testing.T, o Options) error {
			o.Profile, o.Now = "other", func() time.Time { return time.Now().Add(11 * time.Minute) }
			_, err := Open(o)
			return err
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := fileOptions(t)
			o.StateDir += ".json.[x" // a home folder may have any name
			if err := mustOpen(t, o).SavePending(secret.New(testVerifier), time.Now().Add(10*time.Minute)); err != nil {
				t.Fatal(err)
			}
			if len(heldVerifiers(t, o)) != 1 {
				t.Fatal("not saved")
			}
			if err := c.end(t, o); err != nil {
				t.Fatal(err)
			}
			if left := heldVerifiers(t, o); len(left) > 0 {
				t.Errorf("left: %q", left)
			}
			if _, err := mustOpen(t, o).Pending(); !errors.Is(err, ErrNoPending) {
				t.Errorf("%v", err)
			}
		})
	}
}

// A logout that can't delete the verifier says so.
func TestPendingThatStays(t *testing.T) {
	t.Parallel()
	s := mustOpen(t, fileOptions(t))
	if err := os.MkdirAll(filepath.Join(s.pendingPath(), "not a file"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := s.Forget(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "deleting the pending sign-in: ") {
		t.Errorf("%v", err)
	}
}

// heldVerifiers are the files that have the verifier in them.
func heldVerifiers(t *testing.T, o Options) (files []string) {
	for path, text := range tree(t, filepath.Dir(o.StateDir)) {
		if strings.Contains(text, "verifier-0") {
			files = append(files, path)
		}
	}
	return files
}

func TestDamagedPending(t *testing.T) {
	t.Parallel()
	o := fileOptions(t)
	s := mustOpen(t, o)
	for _, text := range []string{"", "{", "[]", `{"login":`} {
		write(t, s.pendingPath(), text)
		if _, err := s.Pending(); !errors.Is(err, ErrNoPending) {
			t.Errorf("%q: %v", text, err)
		}
		if _, err := os.Stat(s.pendingPath()); err != nil {
			t.Fatal(err)
		}
		mustOpen(t, o)
		if _, err := os.Stat(s.pendingPath()); err == nil {
			t.Errorf("%q: kept", text)
		}
	}
}
