package session

import (
	"errors"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/windows"
)

// openNoFollow opens a file for reading.
func openNoFollow(path string) (file *os.File, err error) {
	err = patiently(func() error {
		file, err = os.Open(path)
		return err
	})
	return file, err
}

// private takes the word of the system: the user's profile folder on Windows is closed
// to other users by its access list, and file modes say nothing there.
func private(string, fs.FileInfo, fs.FileMode) error { return nil }

// patiently tries again for a second where somebody has the file open: a file on Windows
// cannot be replaced while another process reads it, nor read while it is being replaced.
func patiently(do func() error) error {
	for end := time.Now().Add(time.Second); ; time.Sleep(10 * time.Millisecond) {
		err := do()
		if !errors.Is(err, windows.ERROR_SHARING_VIOLATION) && !errors.Is(err, windows.ERROR_ACCESS_DENIED) || time.Now().After(end) {
			return err
		}
	}
}
