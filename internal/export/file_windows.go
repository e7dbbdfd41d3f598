package export

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/windows"
)

// keepGroup does nothing: a file's owner and rights come from its folder.
func keepGroup(*os.File, fs.FileInfo) bool { return true }

// markInUse does nothing: Windows removes no file that is open.
func markInUse(*os.File) {}

func removeUnused(name string) { _ = os.Remove(name) }

// explainBusy says that another program has the file open, as Excel has a list.
// ACCESS_DENIED on rename means the same: the file was writable a moment ago.
func explainBusy(err error) error {
	var renaming *os.LinkError
	if errors.Is(err, windows.ERROR_SHARING_VIOLATION) || errors.Is(err, windows.ERROR_LOCK_VIOLATION) ||
		errors.As(err, &renaming) && errors.Is(err, windows.ERROR_ACCESS_DENIED) {
		return &explained{"another program has it open; close it there", errno(err)}
	}
	return err
}

// errno leaves the call and the path out.
func errno(err error) error {
	var e windows.Errno
	_ = errors.As(err, &e)
	return e
}
