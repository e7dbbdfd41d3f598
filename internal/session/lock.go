package session

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// lock is held on a file of its own, never on the data. The system releases it when the
// holder dies. The file is never deleted, so that all processes lock the same one.
type lock struct {
	file     *flock.Flock // nil: there is nothing to release
	failed   error        // why there is no lock, so that no other process is kept out
	waited   bool         // another process had it first
	passedOn bool         // with ErrBusy: one process has passed it on to another
}

func (l lock) release() {
	if l.file != nil {
		_ = l.file.Unlock()
	}
}

// acquire takes the lock at path. It waits until the context ends, then returns ErrBusy. If
// the folder cannot be written to or does not support locks, it goes on without one.
func acquire(ctx context.Context, path string, notice time.Duration, waiting func()) (lock, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return lock{failed: err}, nil
	}
	defer time.AfterFunc(notice, waiting).Stop()
	l := lock{file: flock.New(path)}
	ok, err := tryLock(ctx, l.file)
	before := modTime(path)
	for err == nil && !ok {
		l.waited = true
		select {
		case <-ctx.Done():
			return lock{passedOn: !modTime(path).Equal(before)}, ErrBusy
		case <-time.After(20 * time.Millisecond):
		}
		ok, err = tryLock(ctx, l.file)
	}
	if err != nil {
		return lock{failed: err}, nil
	}
	now := time.Now()
	_ = os.Chtimes(path, now, now) // shows those who wait that the holder has changed
	return l, nil
}

// tryLock gives up at the end of the context: on a network file system the call may hang.
func tryLock(ctx context.Context, file *flock.Flock) (bool, error) {
	type outcome struct {
		ok  bool
		err error
	}
	done := make(chan outcome)
	go func() {
		ok, err := file.TryLock()
		select {
		case done <- outcome{ok, err}:
		case <-ctx.Done():
			_ = file.Unlock()
		}
	}()
	select {
	case o := <-done:
		return o.ok, o.err
	case <-ctx.Done():
		return false, nil
	}
}

func modTime(path string) time.Time {
	info, err := os.Stat(path)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

// hold takes the lock of this login.
func (s *Session) hold(ctx context.Context) (lock, error) {
	wait, cancel := context.WithTimeout(ctx, s.timeouts.lock)
	defer cancel()
	l, err := s.holdUntil(wait)
	if err != nil && ctx.Err() != nil {
		return lock{}, ctx.Err()
	}
	return l, err
}

func (s *Session) holdUntil(ctx context.Context) (lock, error) {
	if s.inMemory() {
		return lock{}, nil
	}
	path := filepath.Join(s.options.stateFolder(), "locks", s.key().hash()+".lock")
	l, err := acquire(ctx, path, s.timeouts.lockNotice, func() {
		s.options.Waiting("waiting for another spotauth")
	})
	switch {
	case errors.Is(l.failed, fs.ErrPermission): // as a command with sudo leaves it; a file system without locks says something else
		s.options.Warn("commands that run at the same time can disturb each other: " + l.failed.Error())
	case l.failed != nil:
		s.options.Log.Debug("going on without a lock", "error", l.failed)
	}
	return l, err
}
