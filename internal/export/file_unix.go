//go:build unix

package export

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// keepGroup gives f the owner and group of old as far as the system lets it, and
// reports whether f has that group now. Only root may give a file to another
// user; others may choose among their own groups.
func keepGroup(f *os.File, old fs.FileInfo) bool {
	s, ok := old.Sys().(*syscall.Stat_t)
	if !ok {
		return false
	}
	uid, gid := int(s.Uid), int(s.Gid)
	return f.Chown(uid, gid) == nil || f.Chown(-1, gid) == nil
}

// explainBusy says what to do about a file that can't be replaced.
func explainBusy(err error) error {
	if errors.Is(err, syscall.EBUSY) {
		return &explained{"it is a mount point, so it can't be replaced; mount its folder instead", syscall.EBUSY}
	}
	return err
}
