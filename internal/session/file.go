package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// files keeps records in plain files that only their owner can read. It is used only on
// request, and never replaces a keychain that does not answer.
type files struct{ folder string }

func (f files) path(k recordKey) string { return filepath.Join(f.folder, k.hash()+".json") }

func (f files) get(_ context.Context, k recordKey) (string, error) {
	data, err := readPrivate(f.path(k))
	if errors.Is(err, fs.ErrNotExist) {
		return "", ErrNone
	}
	if err != nil {
		return "", f.storeError("reading", fmt.Errorf("%w: %w", ErrUnavailable, err))
	}
	return data, nil
}

func (f files) set(_ context.Context, k recordKey, data string) error {
	if err := writeFile(f.path(k), []byte(data)); err != nil {
		return f.storeError("writing", fmt.Errorf("%w: %w", ErrUnavailable, err))
	}
	return nil
}

func (f files) remove(_ context.Context, k recordKey) error {
	removeTemporary(f.path(k), 0)
	err := retryWhileOpen(func() error { return os.Remove(f.path(k)) })
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return f.storeError("deleting", fmt.Errorf("%w: %w", ErrUnavailable, err))
}

func (files) storeError(doing string, err error) error {
	e := &StoreError{Store: storeFile, Doing: doing, Err: err}
	if shared := (*sharedError)(nil); errors.As(err, &shared) && shared.remedy != "" {
		e.Hint = "check what changed it, then run: " + shared.remedy
	}
	return e
}

// sharedError says that others could read or replace a file that holds a login, or that it is
// no file.
type sharedError struct{ path, why, remedy string }

// Reasons of a sharedError.
const (
	ofAnother  = "belongs to another user"
	notRegular = "is not a regular file"
)

func (e *sharedError) Error() string { return e.path + " " + e.why }

// readPrivate reads a file, if it and its folder are the user's alone.
func readPrivate(path string) (string, error) {
	file, err := openNoFollow(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	for _, what := range []struct {
		path string
		stat func() (fs.FileInfo, error)
		mode fs.FileMode
	}{
		{filepath.Dir(path), func() (fs.FileInfo, error) { return os.Stat(filepath.Dir(path)) }, 0o700},
		{path, file.Stat, 0o600},
	} {
		info, err := what.stat()
		if err != nil {
			return "", err
		}
		if err := checkPrivate(what.path, info, what.mode); err != nil {
			return "", err
		}
	}
	data, err := io.ReadAll(io.LimitReader(file, 1<<16))
	return string(data), err
}

// readRegular reads a file that anyone may read, such as the settings. It refuses a pipe or a
// device, from which every command would read forever.
func readRegular(path string) ([]byte, error) {
	file, err := openNoWait(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it " + notRegular)
	}
	return io.ReadAll(file)
}

// writeFile replaces a file completely or not at all. Only the user can open it from its
// first byte on. If its folder has to be made, only the user can open that too.
func writeFile(path string, data []byte) (err error) {
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	removeTemporary(path, time.Minute)
	file, err := os.CreateTemp(folder, filepath.Base(path)+".*") // 0600, and never an existing file
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file.Name())
		}
	}()
	_, err = file.Write(data)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err = retryWhileOpen(func() error { return os.Rename(file.Name(), path) }); err != nil {
		return err
	}
	if dir, err := os.Open(folder); err == nil { // so that the new name survives a power cut
		_ = dir.Sync() // not every file system can
		_ = dir.Close()
	}
	return nil
}

// removeTemporary deletes what killed processes left behind in a writeFile of path. Only a
// file that is older than a minute is certain to belong to such a process.
func removeTemporary(path string, older time.Duration) {
	entries, _ := os.ReadDir(filepath.Dir(path))
	for _, entry := range entries {
		number, ok := strings.CutPrefix(entry.Name(), filepath.Base(path)+".")
		if !ok || number == "" || strings.Trim(number, "0123456789") != "" {
			continue
		}
		if info, err := entry.Info(); err == nil && (older == 0 || time.Since(info.ModTime()) > older) {
			_ = os.Remove(filepath.Join(filepath.Dir(path), entry.Name()))
		}
	}
}
