//go:build unix

package session

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// openNoWait opens a file for reading. It does not wait for the other end of a pipe.
func openNoWait(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}

// openNoFollow is openNoWait, but refuses a symbolic link.
func openNoFollow(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if errors.Is(err, syscall.ELOOP) { // "too many levels of symbolic links" is not what happened
		err = &sharedError{path: path, why: "is a symbolic link"}
	}
	return file, err
}

// checkPrivate refuses a file (mode 0600) or folder (mode 0700) that others could use.
func checkPrivate(path string, info fs.FileInfo, mode fs.FileMode) error {
	if mode == 0o600 && !info.Mode().IsRegular() {
		return &sharedError{path: path, why: notRegular}
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok && int(stat.Uid) != os.Getuid() {
		return &sharedError{path, ofAnother, "ls -l " + path}
	}
	if info.Mode().Perm()&^mode != 0 {
		return &sharedError{path, "can be read or changed by others", fmt.Sprintf("chmod %o %s", mode, path)}
	}
	return nil
}

// retryWhileOpen calls do once: unlike on Windows, a file can be replaced while others read
// it.
func retryWhileOpen(do func() error) error { return do() }
