//go:build unix

package session

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spotauth/spotauth/internal/secret"
)

// The file store reads a login only if no other user could have read or changed it.
func TestFileStoreIsPrivate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(path string) error
		class  string
		err    string
		hint   string
	}{
		{"as written", func(string) error { return nil }, "", "", ""},
		{"readable by others", func(p string) error { return os.Chmod(p, 0o644) }, "Unavailable", "can be read or changed by others", "chmod 600 "},
		{"folder open to the group", func(p string) error { return os.Chmod(filepath.Dir(p), 0o750) }, "Unavailable", "can be read or changed by others", "chmod 700 "},
		{"of another user", func(p string) error { return os.Chown(p, 12345, -1) }, "Unavailable", "belongs to another user", "ls -l "},
		{"a link", func(p string) error { return errors.Join(os.Rename(p, p+"x"), os.Symlink(p+"x", p)) }, "Unavailable", "is a symbolic link", ""},
		{"a pipe", func(p string) error { return errors.Join(os.Remove(p), syscall.Mkfifo(p, 0o600)) }, "Unavailable", "is not a regular file", ""},
		{"a folder", func(p string) error { return errors.Join(os.Remove(p), os.Mkdir(p, 0o755)) }, "Unavailable", "is not a regular file", ""},
		{"empty", func(p string) error { return os.Truncate(p, 0) }, "Corrupt", "damaged", ""},
		{"gone", os.Remove, "None", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := fileOptions(t)
			s := mustOpen(t, o)
			if err := s.Save(t.Context(), testLogin()); err != nil {
				t.Fatal(err)
			}
			if err := c.change(files{o.StateDir + "/logins"}.path(s.key())); errors.Is(err, fs.ErrPermission) {
				t.Skip("only root can do this")
			} else if err != nil {
				t.Fatal(err)
			}
			_, err := s.Load(t.Context())
			var hint string
			if fault := (*StoreError)(nil); errors.As(err, &fault) {
				hint = fault.Hint
			}
			if class(err) != c.class || err != nil && !strings.Contains(err.Error(), c.err) || !strings.Contains(hint, c.hint) || (hint == "") != (c.hint == "") {
				t.Errorf("class %q, error %v, hint %q", class(err), err, hint)
			}
		})
	}
}

// B-26: a pending sign-in that others could have read or replaced is not finished, and goes.
func TestPendingIsPrivate(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(path string) error{
		"readable by others":     func(p string) error { return os.Chmod(p, 0o644) },
		"folder open to a group": func(p string) error { return os.Chmod(filepath.Dir(p), 0o770) },
		"a link":                 func(p string) error { return errors.Join(os.Rename(p, p+"x"), os.Symlink(p+"x", p)) },
	} {
		o := fileOptions(t)
		s := mustOpen(t, o)
		if err := s.SavePending(secret.New(`{"verifier":"verifier-0"}`), time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		if err := change(s.pendingPath()); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Pending(); err == nil {
			t.Errorf("%s: read", name)
		}
		if _, err := mustOpen(t, o).Pending(); !errors.Is(err, ErrNoPending) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Lstat(s.pendingPath()); err == nil {
			t.Errorf("%s: kept", name)
		}
	}
}

// A command run with sudo must not delete the sign-in that its user has begun.
func TestPendingOfAnotherUser(t *testing.T) {
	t.Parallel()
	o := fileOptions(t)
	s := mustOpen(t, o)
	if err := s.SavePending(secret.New(`{"verifier":"verifier-0"}`), time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(s.pendingPath(), 12345, -1); err != nil {
		t.Skip("only root can do this")
	}
	if _, err := mustOpen(t, o).Pending(); err == nil || !strings.Contains(err.Error(), "belongs to another user") {
		t.Errorf("read: %v", err)
	}
	if _, err := os.Stat(s.pendingPath()); err != nil {
		t.Errorf("deleted: %v", err)
	}
}

// A pipe in the place of the settings or of a note would make every command wait forever.
func TestPipesAreNotRead(t *testing.T) {
	t.Parallel()
	o := fileOptions(t)
	s := mustOpen(t, o)
	for _, path := range []string{o.configPath(), filepath.Join(s.options.stateFolder(), s.countNote())} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), syscall.Mkfifo(path, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	done := make(chan error, 1)
	go func() {
		_ = s.LastCount()
		_, err := Open(o)
		done <- err
	}()
	select {
	case err := <-done:
		if want := "reading the settings in " + o.configPath() + ": it is not a regular file"; err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("still waiting")
	}
}

// A device that the settings link to is not replaced by a file.
func TestSettingsThatLinkToAPipe(t *testing.T) {
	t.Parallel()
	o := fileOptions(t)
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := errors.Join(syscall.Mkfifo(pipe, 0o600), os.MkdirAll(o.ConfigDir, 0o700), os.Symlink(pipe, o.configPath())); err != nil {
		t.Fatal(err)
	}
	if err := SetDefault(t.Context(), o, "default"); err == nil {
		t.Error("changed")
	}
	if info, err := os.Lstat(pipe); err != nil || info.Mode().IsRegular() {
		t.Errorf("%v, %v", info, err)
	}
}

// Not in parallel: the umask is that of the whole process.
func TestFilesArePrivateFromBirth(t *testing.T) {
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	o := fileOptions(t)
	s := mustOpen(t, o)
	if err := errors.Join(s.SavePending(secret.New("{}"), s.now().Add(time.Hour)), s.Save(t.Context(), testLogin()), s.SetCoolDown(webAPILimit, s.now().Add(time.Hour))); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(filepath.Dir(o.ConfigDir), func(path string, d os.DirEntry, err error) error {
		if err != nil || path == filepath.Dir(o.ConfigDir) {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// The file is replaced as a whole: a folder that takes no new file leaves the old login.
func TestFileStoreThatCannotWrite(t *testing.T) {
	t.Parallel()
	f := files{t.TempDir() + "/file"}
	write(t, f.folder, "in the way")
	err := put(t.Context(), f, recordKey{"", "default", testClient}, "x")
	if class(err) != "Unavailable" || err.Error() != "cannot write "+f.folder+": not a directory" {
		t.Errorf("%v", err)
	}
}

// A write that fails leaves no half of a login behind.
func TestFailedWriteLeavesNothing(t *testing.T) {
	t.Parallel()
	f, k := files{t.TempDir()}, recordKey{"", "default", testClient}
	if err := os.Mkdir(f.path(k), 0o700); err != nil { // which no file replaces
		t.Fatal(err)
	}
	err := put(t.Context(), f, k, "x")
	if left, _ := os.ReadDir(f.folder); class(err) != "Unavailable" || len(left) != 1 {
		t.Errorf("%v, left: %v", err, left)
	}
}

// B-40: what killed processes left is deleted: the next write deletes what is old, and
// logging out everything. The file of a process that writes just now stays while one does
// not log out, and so does the login of a profile with such a name.
func TestLeftoversOfKilledProcesses(t *testing.T) {
	t.Parallel()
	o := fileOptions(t)
	o.Profile = "a"
	s := mustOpen(t, o)
	if err := s.Save(t.Context(), testLogin()); err != nil {
		t.Fatal(err)
	}
	file := files{o.StateDir + "/logins"}.path(s.key())
	named := o
	named.Profile = filepath.Base(file) + ".b"
	if len(named.Profile) > 32 {
		t.Fatalf("profile %q is too long", named.Profile)
	}
	if err := mustOpen(t, named).Save(t.Context(), testLogin()); err != nil {
		t.Fatal(err)
	}
	left := func() (names string) {
		for _, path := range slices.Sorted(maps.Keys(tree(t, o.StateDir+"/logins"))) {
			if path != file {
				names += " " + strings.TrimPrefix(path, file)
			}
		}
		return names
	}
	write(t, file+".111", "refresh-0, half")
	write(t, file+".222", "refresh-1, half")
	hourAgo := time.Now().Add(-time.Hour)
	if err := os.Chtimes(file+".111", hourAgo, hourAgo); err != nil {
		t.Fatal(err)
	}
	other := filepath.Base(files{""}.path(mustOpen(t, named).key()))
	other = strings.TrimPrefix(other, filepath.Base(file))
	if err := s.Save(t.Context(), testLogin()); err != nil || left() != " "+".222 "+other && left() != " "+other+" .222" {
		t.Errorf("%v, left after a write:%s", err, left())
	}
	if err := s.Forget(t.Context()); err != nil || left() != " "+other {
		t.Errorf("%v, left after logging out:%s", err, left())
	}
	if _, err := mustOpen(t, named).Load(t.Context()); err != nil {
		t.Errorf("the other profile: %v", err)
	}
}

// What a process that was killed left of the settings goes with the next sign-in, even if
// that changes nothing in them.
func TestLeftoverSettings(t *testing.T) {
	t.Parallel()
	o := fileOptions(t)
	s := mustOpen(t, o)
	if err := s.Save(t.Context(), testLogin()); err != nil {
		t.Fatal(err)
	}
	left := o.configPath() + ".111"
	write(t, left, "half")
	hourAgo := time.Now().Add(-time.Hour)
	if err := errors.Join(os.Chtimes(left, hourAgo, hourAgo), s.Save(t.Context(), testLogin())); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(left); err == nil {
		t.Error("kept")
	}
}

// A lock file of another user, as one command with sudo leaves it, does not stop a refresh.
// But it takes away a protection, so the user hears of it.
func TestLockOfAnotherUser(t *testing.T) {
	t.Parallel()
	if os.Getuid() == 0 {
		t.Skip("root can open every file")
	}
	o := fileOptions(t)
	var warned []string
	o.Warn = func(what string) { warned = append(warned, what) }
	s := mustOpen(t, o)
	if err := s.Save(t.Context(), testLogin()); err != nil {
		t.Fatal(err)
	}
	locks, _ := filepath.Glob(o.StateDir + "/locks/*")
	for _, path := range locks {
		if err := os.Chmod(path, 0); err != nil {
			t.Fatal(err)
		}
	}
	posts := 0
	if _, err := tokenBy(s, t.Context(), 0, secret.String{}, counted(&posts, fresh, nil)); err != nil || posts != 1 {
		t.Errorf("%v, %d posts", err, posts)
	}
	if len(warned) == 0 || !strings.HasPrefix(warned[0], "commands that run at the same time can disturb each other: open "+o.StateDir+"/locks/") {
		t.Errorf("warned %q", warned)
	}
}

// A lock file on a network file system can hang, like a pipe without a writer. Then a
// command ends in time, and at once at Ctrl-C.
func TestLockThatHangs(t *testing.T) {
	t.Parallel()
	o := fileOptions(t)
	s := mustOpen(t, o)
	if err := s.Save(t.Context(), testLogin()); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(o.StateDir, "locks", s.key().hash()+".lock")
	if err := errors.Join(os.Remove(path), syscall.Mkfifo(path, 0o600)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // frees the threads that hang
		if pipe, err := os.OpenFile(path, os.O_RDWR, 0); err == nil {
			pipe.Close()
		}
	})
	s.timeouts.lock = 300 * time.Millisecond
	done := make(chan error, 1)
	go func() { done <- s.Forget(t.Context()) }()
	select {
	case err := <-done:
		if class(err) != "Busy" {
			t.Errorf("%v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it hangs")
	}
	s.timeouts.lock = time.Minute
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	began := time.Now()
	if err := s.Forget(ctx); !errors.Is(err, context.Canceled) || time.Since(began) > 10*time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
}
