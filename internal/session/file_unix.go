//go:build unix

package session

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// openNoFollow opens a file for reading. It refuses a symbolic link, and does not wait for
// the other end of a pipe.
func openNoFollow(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
}

// checkPrivate refuses a file (mode 0600) or folder (mode 0700) that others could use.
func checkPrivate(path string, info fs.FileInfo, mode fs.FileMode) error {
	if !info.Mode().IsRegular() && !info.IsDir() {
		return fmt.Errorf("%s is not a regular file", path)
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok && int(stat.Uid) != os.Getuid() {
		return &sharedError{path, "belongs to another user", "ls -l " + path}
	}
	if info.Mode().Perm()&^mode != 0 {
		return &sharedError{path, "can be read or changed by others", fmt.Sprintf("chmod %o %s", mode, path)}
	}
	return nil
}

// retryWhileOpen calls do once: unlike on Windows, a file can be replaced while others read
// it.
func retryWhileOpen(do func() error) error { return do() }
