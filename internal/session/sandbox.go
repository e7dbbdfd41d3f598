package session

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// temporary is a file in the folder of a stand-in on a free port, an address that no later
// one will have. It is locked while the stand-in runs.
const temporary = "temporary"

// BeginSandbox notes whether what will be kept for a stand-in is temporary. end deletes it if
// it is, and what is left of other temporary stand-ins that were killed.
func BeginSandbox(o Options, isTemporary bool) (end func(context.Context) error, err error) {
	path := filepath.Join(o.stateFolder(), temporary)
	if !isTemporary {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		return func(ctx context.Context) error { return removeAbandonedSandboxes(ctx, o) }, nil
	}
	if err := os.MkdirAll(o.stateFolder(), 0o700); err != nil {
		return nil, err
	}
	mark := flock.New(path)
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_, _ = tryLock(ctx, mark) // if there are no locks, others leave it alone
	return func(ctx context.Context) error {
		_ = mark.Unlock() // on Windows, no file can be deleted while it is open
		return errors.Join(RemoveSandbox(ctx, o), removeAbandonedSandboxes(ctx, o))
	}, nil
}

func removeAbandonedSandboxes(ctx context.Context, o Options) (failed error) {
	folder := filepath.Join(o.StateDir, "sandbox")
	entries, _ := os.ReadDir(folder)
	for _, entry := range entries {
		path := filepath.Join(folder, entry.Name(), temporary)
		if _, err := os.Stat(path); err != nil {
			continue
		}
		mark := flock.New(path)
		if ok, err := tryLock(ctx, mark); err != nil || !ok {
			continue // it still runs, or nobody can tell
		}
		_ = mark.Unlock()
		o.Sandbox = "http://" + strings.Replace(entry.Name(), "-", ":", 1)
		failed = errors.Join(failed, RemoveSandbox(ctx, o))
	}
	return failed
}

// RemoveSandbox deletes everything that is kept for a stand-in that has ended: the logins of
// all profiles and the folder of its settings.
func RemoveSandbox(ctx context.Context, o Options) error {
	if o.Sandbox == "" {
		return fmt.Errorf("sandbox address: %w: it is empty", ErrInvalid)
	}
	profiles, err := Profiles(o)
	for _, p := range profiles {
		o.Profile, o.Settings = p.Name, Settings{}
		s, failed := Open(o)
		if failed == nil {
			failed = s.Forget(ctx)
		}
		err = errors.Join(err, failed)
	}
	return errors.Join(err, os.RemoveAll(o.stateFolder()))
}
