package session

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/windows"
)

// What another process has open for a moment is read, replaced and deleted all the same.
func TestFilesThatAreOpenElsewhere(t *testing.T) {
	const reading, replacing = windows.FILE_SHARE_READ | windows.FILE_SHARE_WRITE, 0 // what the other one lets us do
	load := func(s *Session) error { _, err := s.Load(t.Context()); return err }
	save := func(s *Session) error {
		l := testLogin()
		l.Account.Name = "Bea"
		s.settings.RedirectURI = "http://127.0.0.1/other"
		return s.Save(t.Context(), l)
	}
	forget := func(s *Session) error { return s.Forget(t.Context()) }
	for _, c := range []struct {
		name  string
		file  string
		share uint32
		do    func(*Session) error
	}{
		{"load a login that is replaced", "state/logins/*", replacing, load},
		{"load by settings that are replaced", "config/config.toml", replacing, load},
		{"save over a login that is read", "state/logins/*", reading, save},
		{"save over settings that are read", "config/config.toml", reading, save},
		{"forget a login that is read", "state/logins/*", reading, forget},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := fileOptions(t)
			if err := mustOpen(t, o).Save(t.Context(), testLogin()); err != nil {
				t.Fatal(err)
			}
			found, _ := filepath.Glob(filepath.Join(filepath.Dir(o.ConfigDir), c.file))
			if len(found) != 1 {
				t.Fatalf("found %v", found)
			}
			name, err := windows.UTF16PtrFromString(found[0])
			if err != nil {
				t.Fatal(err)
			}
			h, err := windows.CreateFile(name, windows.GENERIC_READ, c.share, nil, windows.OPEN_EXISTING, 0, 0)
			if err != nil {
				t.Fatal(err)
			}
			closed := make(chan error, 1)
			time.AfterFunc(100*time.Millisecond, func() { closed <- windows.CloseHandle(h) })
			s, err := Open(o)
			if err == nil {
				err = c.do(s)
			}
			if err != nil {
				t.Error(err)
			}
			if err := <-closed; err != nil {
				t.Fatal(err)
			}
			if left, err := os.ReadDir(filepath.Dir(found[0])); err != nil || len(left) > 1 {
				t.Errorf("left behind: %v (%v)", left, err)
			}
		})
	}
}
