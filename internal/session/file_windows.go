package session

import (
	"errors"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/windows"
)

// openNoWait opens a file for reading.
func openNoWait(path string) (*os.File, error) { return os.Open(path) }

// openNoFollow opens a file for reading.
func openNoFollow(path string) (file *os.File, err error) {
	err = retryWhileOpen(func() error {
		file, err = os.Open(path)
		return err
	})
	return file, err
}

// checkPrivate has nothing to check: on Windows the access list of the user's profile folder
// keeps other users out, and file modes say nothing.
func checkPrivate(string, fs.FileInfo, fs.FileMode) error { return nil }

// retryWhileOpen tries again for a second if another process has the file open: on Windows
// a file can't be replaced while it is read, nor read while it is replaced.
func retryWhileOpen(do func() error) error {
	for end := time.Now().Add(time.Second); ; time.Sleep(10 * time.Millisecond) {
		err := do()
		if !errors.Is(err, windows.ERROR_SHARING_VIOLATION) && !errors.Is(err, windows.ERROR_ACCESS_DENIED) || time.Now().After(end) {
			return err
		}
	}
}
