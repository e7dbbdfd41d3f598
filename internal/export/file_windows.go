package export

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/windows"
)

// keepOwner does nothing: a file's owner and rights come from its folder.
func keepOwner(*os.File, fs.FileInfo) {}

// busy says in words that a file is open elsewhere, as a list in Excel is. What
// may be written but not renamed over is so, too.
func busy(err error) error {
	var renaming *os.LinkError
	if errors.Is(err, windows.ERROR_SHARING_VIOLATION) || errors.Is(err, windows.ERROR_LOCK_VIOLATION) ||
		errors.As(err, &renaming) && errors.Is(err, windows.ERROR_ACCESS_DENIED) {
		return fmt.Errorf("another program has it open, close it there: %w", errno(err))
	}
	return err
}

// errno leaves the call and the path out.
func errno(err error) error {
	var e windows.Errno
	_ = errors.As(err, &e)
	return e
}
