package export_test

import (
	"errors"
	"syscall"
	"testing"

	"github.com/spotauth/spotauth/internal/export"
)

// O-02, O-03: a disk that fills up while the list is written keeps the old file.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		required(t, "mounting a small disk needs root: "+err.Error())
	}
	defer syscall.Unmount(dir, 0)
	put(t, dir+"/out", "old", 0o600)
	for _, f := range export.Formats() {
		err := export.File(t.Context(), dir+"/out", export.Guard{}, list(t, export.Options{Format: f}, 2000))
		if !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%s: error %v, want ENOSPC", f, err)
		}
		if content(t, dir+"/out") != "old" || folder(t, dir) != "out" {
			t.Errorf("%s: out is %q in %q", f, content(t, dir+"/out"), folder(t, dir))
		}
	}
}
