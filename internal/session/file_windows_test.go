package session

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/windows"
)

// What another process has open for a moment is saved and read all the same.
func TestFilesThatAreOpenElsewhere(t *testing.T) {
	o := fileOptions(t)
	s := mustOpen(t, o)
	if err := s.Save(t.Context(), testLogin()); err != nil {
		t.Fatal(err)
	}
	for path := range tree(t, filepath.Dir(o.ConfigDir)) {
		if filepath.Ext(path) == ".lock" {
			continue
		}
		for _, c := range []struct {
			name  string
			share uint32
		}{{"read", windows.FILE_SHARE_READ | windows.FILE_SHARE_WRITE}, {"replaced", 0}} {
			t.Run(filepath.Base(path)+" is "+c.name, func(t *testing.T) {
				name, err := windows.UTF16PtrFromString(path)
				if err != nil {
					t.Fatal(err)
				}
				h, err := windows.CreateFile(name, windows.GENERIC_READ, c.share, nil, windows.OPEN_EXISTING, 0, 0)
				if err != nil {
					t.Fatal(err)
				}
				closed := make(chan error, 1)
				time.AfterFunc(100*time.Millisecond, func() { closed <- windows.CloseHandle(h) })
				if _, err := mustOpen(t, o).Load(t.Context()); err != nil {
					t.Errorf("reading: %v", err)
				}
				l := testLogin()
				l.Account.Name = c.name
				o.RedirectURI = "http://127.0.0.1/" + c.name
				if err := mustOpen(t, o).Save(t.Context(), l); err != nil {
					t.Errorf("saving: %v", err)
				}
				if err := <-closed; err != nil {
					t.Fatal(err)
				}
			})
		}
	}
	if entries, _ := os.ReadDir(o.ConfigDir); len(entries) != 1 {
		t.Errorf("left behind: %v", entries)
	}
}
