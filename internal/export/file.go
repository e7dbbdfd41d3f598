package export

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// File replaces the file name with what write writes, if write returns its
// number of rows and no error. It writes a second file in the same folder, syncs
// it and renames it, so the name always holds the old list or the new one. Mode,
// owner and group stay if the system allows it, and a symbolic link keeps
// pointing to the file. A file that may not be written is not replaced either.
//
// If name is not a regular file (a device, a pipe, /dev/stdout), it is written
// to directly. File waits for the reader of a pipe only until ctx ends.
//
// An error of write comes back as it is. If the file is at fault, the error is
// a [*WriteError] with its name; if g holds the list back, a [*ShrunkError].
func File(ctx context.Context, name string, g Guard, write func(io.Writer) (rows int, err error)) error {
	old, err := os.Stat(name)
	switch {
	case name == "":
		return writeError(name, syscall.ENOENT)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return writeError(name, err)
	case old != nil && old.IsDir():
		return writeError(name, syscall.EISDIR)
	}
	path, err := resolve(name)
	switch {
	case err != nil:
		return writeError(name, err)
	case old != nil && (!old.Mode().IsRegular() || isDescriptor(path)):
		return direct(ctx, name, write)
	}
	if err := checkWritable(path); err != nil {
		return writeError(name, explainBusy(err))
	}
	return replace(name, path, old, g, write)
}

// isDescriptor reports whether name stands for an open file of this process.
// Behind it may be a regular file that the shell opened and goes on using.
// Its folder is /dev/fd, or on Linux what that is a link to: /proc/PID/fd.
func isDescriptor(name string) bool {
	folder, err := filepath.EvalSymlinks(filepath.Dir(name))
	if err != nil {
		return false
	}
	if folder, err = filepath.Abs(folder); err != nil {
		return false
	}
	return folder == "/dev/fd" || strings.HasPrefix(folder, "/proc/")
}

// direct appends, so that `--output /dev/stdout >>log` keeps the log.
func direct(ctx context.Context, name string, write func(io.Writer) (int, error)) error {
	f, err := open(ctx, name)
	if err != nil {
		return err
	}
	_, err = write(f)
	return finish(name, err, f.Close())
}

// open waits for a FIFO's reader until ctx ends. Nothing can interrupt the call
// that waits in the kernel, but the process ends soon.
func open(ctx context.Context, name string) (*os.File, error) {
	type opened struct {
		*os.File
		error
	}
	done := make(chan opened, 1)
	go func() {
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
		done <- opened{f, err}
	}()
	select {
	case o := <-done:
		return o.File, writeError(name, o.error)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// finish returns the first of what went wrong: the list, the writing, the closing.
func finish(name string, err, closing error) error {
	var failed *WriteError
	switch {
	case errors.As(err, &failed):
		return writeError(name, err)
	case err != nil:
		return err
	}
	return writeError(name, closing)
}

// resolve follows the symbolic links of name to a file, which need not exist,
// or to a descriptor.
func resolve(name string) (string, error) {
	for range 40 { // as many as Linux follows
		link, err := os.Readlink(name)
		if err != nil || isDescriptor(name) {
			return name, nil // no link: the file itself, or nothing yet
		}
		if !filepath.IsAbs(link) {
			link = filepath.Join(filepath.Dir(name), link)
		}
		name = link
	}
	return "", errors.New("too many symbolic links")
}

// checkWritable fails if an existing file can't be written.
func checkWritable(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

func replace(name, path string, old fs.FileInfo, g Guard, write func(io.Writer) (int, error)) error {
	f, err := createBeside(path, old)
	if err != nil {
		return writeError(name, err)
	}
	renamed := false
	defer func() {
		if !renamed {
			_ = f.Close()
			_ = os.Remove(f.Name())
		}
	}()
	rows, err := write(f)
	if err != nil {
		return finish(name, err, nil)
	}
	if err := g.check(name, path, rows); err != nil {
		return err
	}
	if err := commit(f, path); err != nil {
		return writeError(name, explainBusy(err))
	}
	renamed = true
	return nil
}

// createBeside creates the file that will take path's place: in the same folder, under a
// name that can't be guessed, with the mode and owner of old. Until it has these, only its
// owner can open it.
func createBeside(path string, old fs.FileInfo) (*os.File, error) {
	dir, base := filepath.Split(path)
	prefix := "." + strings.ToValidUTF8(base[:min(len(base), 200)], "") + "." // a name may have 255 bytes, these ends included
	removeAbandoned(dir, prefix)
	mode := fs.FileMode(0o666)
	if old != nil {
		mode = 0o600
	}
	f, err := os.OpenFile(filepath.Join(dir, prefix+rand.Text()[:randomLength]), os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if cause := (*fs.PathError)(nil); errors.As(err, &cause) {
		why := "cannot create a file in its folder: " + cause.Err.Error()
		if errors.Is(err, fs.ErrNotExist) {
			why = "the folder " + filepath.Clean(dir) + " does not exist"
		}
		return nil, &explained{why, cause.Err}
	}
	markInUse(f)
	if old != nil {
		mode := old.Mode().Perm()
		if !keepGroup(f, old) {
			mode = mode&^0o070 | mode&0o007<<3 // the new group may do what everyone may
		}
		if err := f.Chmod(mode); err != nil {
			return nil, errors.Join(err, f.Close(), os.Remove(f.Name()))
		}
	}
	return f, nil
}

const randomLength = 10 // of rand.Text, at the end of a name

// removeAbandoned removes what processes that were killed left. A file that is
// younger than a minute may belong to one that has not yet marked it.
func removeAbandoned(dir, prefix string) {
	entries, _ := os.ReadDir(cmp.Or(dir, "."))
	for _, entry := range entries {
		random, ok := strings.CutPrefix(entry.Name(), prefix)
		if !ok || len(random) != randomLength || strings.Trim(random, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" {
			continue
		}
		if info, err := entry.Info(); err == nil && info.Mode().IsRegular() && time.Since(info.ModTime()) > time.Minute {
			removeUnused(filepath.Join(dir, entry.Name()))
		}
	}
}

func commit(f *os.File, path string) error {
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	// Without this, a crash could bring the old name back. Not every file
	// system can do it, and the list is whole either way.
	if dir, err := os.Open(filepath.Dir(path)); err == nil {
		_ = dir.Sync()
		_ = dir.Close()
	}
	return nil
}
