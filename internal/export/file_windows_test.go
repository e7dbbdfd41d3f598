package export_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spotauth/spotauth/internal/export"
	"golang.org/x/sys/windows"
)

// O-03: a list that Excel has open is left alone, and the message says why.
func TestFileThatAnotherProgramHasOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.csv")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		t.Fatal(err)
	}
	h, err := windows.CreateFile(name, windows.GENERIC_READ, windows.FILE_SHARE_READ, nil, windows.OPEN_EXISTING, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	called := false
	err = export.File(t.Context(), path, export.Guard{}, func(io.Writer) (int, error) {
		called = true
		return 0, nil
	})
	var failed *export.WriteError
	if !errors.As(err, &failed) || !strings.HasPrefix(err.Error(), "cannot write "+path+": another program has it open; close it there") {
		t.Errorf("error %v", err)
	}
	if called {
		t.Error("the list was fetched")
	}
	if err := windows.CloseHandle(h); err != nil {
		t.Fatal(err)
	}
	if b, _ := os.ReadFile(path); string(b) != "old" {
		t.Errorf("the file holds %q", b)
	}
	alone(t, path)
}
