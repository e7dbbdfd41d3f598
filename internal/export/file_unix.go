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

// markInUse locks f as long as it is open. It may fail on a network file system,
// where removeUnused then fails too.
func markInUse(f *os.File) { _ = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }

// removeUnused removes a file that no process has marked.
func removeUnused(name string) {
	f, err := os.Open(name)
	if err != nil {
		return
	}
	defer f.Close()
	if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
		_ = os.Remove(name)
	}
}

// explainBusy says what to do about a file that can't be replaced.
func explainBusy(err error) error {
	if errors.Is(err, syscall.EBUSY) {
		return &explained{"it is a mount point, so it can't be replaced; mount its folder instead", syscall.EBUSY}
	}
	return err
}
