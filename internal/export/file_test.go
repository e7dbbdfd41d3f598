//go:build unix

package export_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/spotauth/spotauth/internal/export"
)

// text writes s, as one row.
func text(s string) func(io.Writer) (int, error) {
	return func(w io.Writer) (int, error) {
		_, err := io.WriteString(w, s)
		return 1, err
	}
}

func put(t *testing.T, path, content string, mode fs.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func content(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func mode(t *testing.T, path string) fs.FileMode {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode()
}

// O-03: what stands at the name decides how it is written.
func TestFile(t *testing.T) {
	umask := syscall.Umask(0o027)
	defer syscall.Umask(umask)
	rows := []struct {
		name  string
		setup func(t *testing.T, dir string)
		mode  fs.FileMode // of "out" afterwards, links not followed
		left  string      // the folder afterwards
	}{
		{"absent: umask", func(*testing.T, string) {}, 0o640, "out"},
		{"regular: its mode", func(t *testing.T, dir string) { put(t, dir+"/out", "old, and much longer than the new one", 0o604) }, 0o604, "out"},
		{"link", func(t *testing.T, dir string) {
			put(t, dir+"/real", "old", 0o600)
			symlink(t, "real", dir+"/out")
		}, fs.ModeSymlink | 0o777, "out real"},
		{"link to a link", func(t *testing.T, dir string) {
			put(t, dir+"/real", "old", 0o600)
			symlink(t, dir+"/real", dir+"/middle")
			symlink(t, "middle", dir+"/out")
		}, fs.ModeSymlink | 0o777, "middle out real"},
		{"dangling link", func(t *testing.T, dir string) { symlink(t, "later", dir+"/out") }, fs.ModeSymlink | 0o777, "later out"},
		{"link into another folder", func(t *testing.T, dir string) {
			if err := os.Mkdir(dir+"/sub", 0o700); err != nil {
				t.Fatal(err)
			}
			symlink(t, "sub/file", dir+"/out")
		}, fs.ModeSymlink | 0o777, "out sub"},
		{"link to the longest name there is", func(t *testing.T, dir string) {
			symlink(t, strings.Repeat("長", 85), dir+"/out")
		}, fs.ModeSymlink | 0o777, "out " + strings.Repeat("長", 85)},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			dir := t.TempDir()
			out := filepath.Join(dir, "out")
			row.setup(t, dir)
			if err := export.File(t.Context(), out, export.Guard{}, text("new\n")); err != nil {
				t.Fatal(err)
			}
			if got := content(t, out); got != "new\n" {
				t.Errorf("content %q", got)
			}
			got := mode(t, out)
			if got&fs.ModeSymlink != 0 {
				got |= fs.ModePerm // which Linux gives to every link, and macOS does not
			}
			if got != row.mode {
				t.Errorf("mode %v, want %v", got, row.mode)
			}
			if got := folder(t, dir); got != row.left {
				t.Errorf("the folder holds %q, want %q", got, row.left)
			}
		})
	}
}

func symlink(t *testing.T, to, name string) {
	t.Helper()
	if err := os.Symlink(to, name); err != nil {
		t.Fatal(err)
	}
}

func folder(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

// O-03: the file that a link means keeps its mode, and its owner when root writes.
func TestFileKeepsModeAndOwner(t *testing.T) {
	dir := t.TempDir()
	put(t, dir+"/real", "old", 0o640)
	if os.Getuid() == 0 {
		if err := os.Chown(dir+"/real", 4711, 4712); err != nil {
			t.Fatal(err)
		}
	}
	before, _ := os.Stat(dir + "/real")
	symlink(t, "real", dir+"/out")
	if err := export.File(t.Context(), dir+"/out", export.Guard{}, text("new")); err != nil {
		t.Fatal(err)
	}
	after, err := os.Stat(dir + "/real")
	if err != nil {
		t.Fatal(err)
	}
	a, b := before.Sys().(*syscall.Stat_t), after.Sys().(*syscall.Stat_t)
	if after.Mode() != 0o640 || a.Uid != b.Uid || a.Gid != b.Gid {
		t.Errorf("mode %v, owner %d:%d; want %v, %d:%d", after.Mode(), b.Uid, b.Gid, before.Mode(), a.Uid, a.Gid)
	}
}

// O-01, O-03: a list that breaks off leaves the old file and nothing beside it.
func TestFileKeepsTheOldListOnError(t *testing.T) {
	cause := errors.New("page 3: unreachable")
	for _, old := range []string{"", "old"} {
		for _, f := range export.Formats() {
			for _, k := range []int{0, 1, len(artists())} {
				dir := t.TempDir()
				out := filepath.Join(dir, "out")
				if old != "" {
					put(t, out, old, 0o600)
				}
				err := export.File(t.Context(), out, export.Guard{}, func(w io.Writer) (int, error) {
					res, err := export.Write(t.Context(), w, export.Options{Format: f}, failing(artists(), k, cause))
					return res.Rows, err
				})
				if err != cause {
					t.Errorf("%s broken at %d: %v, want the list's own error", f, k, err)
				}
				want := ""
				if old != "" {
					want = "out"
					if got := content(t, out); got != old {
						t.Errorf("%s broken at %d: the file holds %q", f, k, got)
					}
				}
				if got := folder(t, dir); got != want {
					t.Errorf("%s broken at %d: the folder holds %q, want %q", f, k, got, want)
				}
			}
		}
	}
}

// O-03: a panic on the way is no reason to leave half a file about.
func TestFileCleansUpAfterAPanic(t *testing.T) {
	dir := t.TempDir()
	func() {
		defer func() { _ = recover() }()
		_ = export.File(t.Context(), dir+"/out", export.Guard{}, func(io.Writer) (int, error) { panic("bug") })
	}()
	if got := folder(t, dir); got != "" {
		t.Errorf("the folder holds %q", got)
	}
}

// O-02, O-03: if the file can't be written, the error comes once, before the list is
// fetched.
func TestFileErrors(t *testing.T) {
	rows := []struct {
		name  string
		setup func(t *testing.T, dir string) string
		cause error
		says  string // after "cannot write NAME: "
	}{
		{"folder", func(_ *testing.T, dir string) string { return dir }, syscall.EISDIR, "is a directory"},
		{"no folder", func(_ *testing.T, dir string) string { return dir + "/no/out" }, syscall.ENOENT, "the folder .../no does not exist"},
		{"empty name", func(*testing.T, string) string { return "" }, syscall.ENOENT, "no such file or directory"},
		{"file as a folder", func(t *testing.T, dir string) string {
			put(t, dir+"/file", "", 0o600)
			return dir + "/file/out"
		}, syscall.ENOTDIR, "not a directory"},
		{"links in a circle", func(t *testing.T, dir string) string {
			symlink(t, "b", dir+"/a")
			symlink(t, "a", dir+"/b")
			return dir + "/a"
		}, syscall.ELOOP, "too many levels of symbolic links"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			name := row.setup(t, t.TempDir())
			called := false
			err := export.File(t.Context(), name, export.Guard{}, func(io.Writer) (int, error) {
				called = true
				return 0, nil
			})
			var failed *export.WriteError
			if !errors.As(err, &failed) || failed.Name != name || !errors.Is(err, row.cause) {
				t.Fatalf("error %v, want a WriteError of %q for %v", err, name, row.cause)
			}
			wantName := name
			if name == "" {
				wantName = "the output"
			}
			says := strings.Replace(row.says, "...", filepath.Dir(filepath.Dir(name)), 1)
			if got, want := err.Error(), "cannot write "+wantName+": "+says; got != want {
				t.Errorf("error %q, want %q", got, want)
			}
			if called {
				t.Error("the list was fetched")
			}
		})
	}
}

const childEnv = "SPOTAUTH_TEST_CHILD"

// child runs a test of this binary again, alone and with an instruction, to be killed or demoted.
func child(t *testing.T, test, instruction string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+test+"$", "-test.timeout=60s", "-test.v")
	cmd.Env = append(os.Environ(), childEnv+"="+instruction)
	cmd.Stderr = os.Stderr
	return cmd
}

// O-03: a folder or file that may not be written: an error, and no writing in place.
func TestReadOnly(t *testing.T) {
	if dir := os.Getenv(childEnv); dir != "" {
		for _, name := range []string{"closed/out", "closed/new", "open/locked"} {
			err := export.File(t.Context(), filepath.Join(dir, name), export.Guard{}, text("new"))
			fmt.Printf("%s: %v\n", name, strings.ReplaceAll(fmt.Sprint(err), dir+"/", ""))
		}
		return
	}
	dir := t.TempDir()
	for _, d := range []string{"closed", "open"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	put(t, dir+"/closed/out", "old", 0o666)
	put(t, dir+"/open/locked", "old", 0o444)
	if err := errors.Join(os.Chmod(dir+"/closed", 0o555), os.Chmod(dir+"/open", 0o777)); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(dir+"/closed", 0o755)

	out := asNobody(t, child(t, "TestReadOnly", dir))
	for _, want := range []string{
		"closed/out: cannot write closed/out: cannot create a file in its folder: permission denied\n",
		"closed/new: cannot write closed/new: cannot create a file in its folder: permission denied\n",
		"open/locked: cannot write open/locked: permission denied\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("want %q in %s", want, out)
		}
	}
	if content(t, dir+"/closed/out") != "old" || content(t, dir+"/open/locked") != "old" {
		t.Error("an old file has changed")
	}
}

// asNobody runs a child as a user who may not write everywhere, and returns its output.
func asNobody(t *testing.T, cmd *exec.Cmd, groups ...uint32) string {
	t.Helper()
	if os.Getuid() == 0 {
		exe := filepath.Join(t.TempDir(), "test")
		if err := errors.Join(copyFile(os.Args[0], exe), openUp(filepath.Dir(exe))); err != nil {
			t.Fatal(err)
		}
		cmd.Path, cmd.Dir = exe, "/"
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody, Groups: groups}}
	}
	out, err := cmd.Output()
	if errors.Is(err, syscall.EACCES) {
		required(t, "another user cannot reach the temporary folder")
	} else if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out)
}

const nobody = 65534

// B-21: if the owner can't be kept, the group is; and if that can't be kept
// either, the new group may do no more than everybody could.
func TestFileKeepsTheGroupOfATeam(t *testing.T) {
	const owner, team = 4711, 4712
	if dir := os.Getenv(childEnv); dir != "" {
		for _, name := range []string{"/team", "/others"} {
			if err := export.File(t.Context(), dir+name, export.Guard{}, text("new")); err != nil {
				t.Fatal(err)
			}
		}
		return
	}
	if os.Getuid() != 0 {
		required(t, "only root can make files of other users")
	}
	rows := []struct {
		name         string
		before, want fs.FileMode
		groups       []uint32
		gid          uint32
	}{
		{"/team", 0o660, 0o660, []uint32{team}, team},
		{"/others", 0o662, 0o622, nil, nobody},
	}
	for _, row := range rows {
		dir := t.TempDir()
		if err := errors.Join(openUp(dir), os.Chmod(dir, 0o777)); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"/team", "/others"} {
			put(t, dir+name, "old", 0o666)
		}
		put(t, dir+row.name, "old", row.before)
		if err := os.Chown(dir+row.name, owner, team); err != nil {
			t.Fatal(err)
		}
		asNobody(t, child(t, "TestFileKeepsTheGroupOfATeam", dir), row.groups...)
		info, err := os.Stat(dir + row.name)
		if err != nil {
			t.Fatal(err)
		}
		if s := info.Sys().(*syscall.Stat_t); s.Gid != row.gid || info.Mode() != row.want {
			t.Errorf("%s: group %d, mode %v; want %d, %v", row.name, s.Gid, info.Mode(), row.gid, row.want)
		}
	}
}

// B-22: a file that may be written but not read is not an empty one.
func TestGuardOverAnUnreadableFile(t *testing.T) {
	if dir := os.Getenv(childEnv); dir != "" {
		err := export.File(t.Context(), dir+"/out", export.Guard{Format: export.CSV, MaxDrop: 100}, list(t, export.Options{Format: export.CSV}, 0))
		fmt.Printf("%T\n", err)
		return
	}
	dir := t.TempDir()
	if err := errors.Join(openUp(dir), os.Chmod(dir, 0o777)); err != nil {
		t.Fatal(err)
	}
	put(t, dir+"/out", "id\n1\n", 0o200)
	if os.Getuid() == 0 {
		if err := os.Chown(dir+"/out", nobody, nobody); err != nil {
			t.Fatal(err)
		}
	}
	if out := asNobody(t, child(t, "TestGuardOverAnUnreadableFile", dir)); !strings.Contains(out, "*export.ShrunkError\n") {
		t.Errorf("got %s", out)
	}
}

func copyFile(from, to string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, b, 0o755)
}

// openUp lets another user reach dir.
func openUp(dir string) error {
	for ; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			return err
		}
	}
	return nil
}

// O-03: a device that root is told to write to stays a device.
func TestDevice(t *testing.T) {
	dev := filepath.Join(t.TempDir(), "null")
	if err := syscall.Mknod(dev, syscall.S_IFCHR|0o666, 1<<8|3); err != nil {
		required(t, "making a device needs root: "+err.Error())
	}
	link := dev + "-link"
	symlink(t, "null", link)
	for _, name := range []string{dev, link} {
		if err := export.File(t.Context(), name, export.Guard{Format: export.CSV}, text("new")); err != nil {
			if errors.Is(err, syscall.EACCES) || errors.Is(err, syscall.EPERM) {
				required(t, "devices are switched off in the temporary folder")
			}
			t.Fatal(err)
		}
	}
	if m := mode(t, dev); m&fs.ModeCharDevice == 0 {
		t.Errorf("the device has become %v", m)
	}
	if m := mode(t, link); m&fs.ModeSymlink == 0 {
		t.Errorf("the link has become %v", m)
	}
}

// O-02: a full disk is an error in every format, and leaves no file behind.
func TestFullDevice(t *testing.T) {
	full := filepath.Join(t.TempDir(), "full") // root could break the real one
	if syscall.Mknod(full, syscall.S_IFCHR|0o666, 1<<8|7) != nil {
		full = "/dev/full"
	}
	if f, err := os.OpenFile(full, os.O_WRONLY, 0); err == nil {
		f.Close()
	} else {
		t.Skipf("no full device here: %v", err)
	}
	for _, f := range export.Formats() {
		err := export.File(t.Context(), full, export.Guard{}, list(t, export.Options{Format: f}, 18))
		if !errors.Is(err, syscall.ENOSPC) || err.Error() != "cannot write "+full+": no space left on device" {
			t.Errorf("%s: error %v, want ENOSPC", f, err)
		}
	}
}

func fifo(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// O-03: a named pipe is written into, and stays one.
func TestFIFO(t *testing.T) {
	path := fifo(t)
	got := make(chan string, 1)
	go func() {
		b, err := os.ReadFile(path)
		got <- fmt.Sprint(string(b), err)
	}()
	if err := export.File(t.Context(), path, export.Guard{}, text("new\n")); err != nil {
		t.Fatal(err)
	}
	if s := <-got; s != "new\n<nil>" {
		t.Errorf("the reader got %q", s)
	}
	if mode(t, path)&fs.ModeNamedPipe == 0 {
		t.Errorf("the pipe has become %v", mode(t, path))
	}
}

// O-02: a reader that leaves is seen as EPIPE.
func TestFIFOWhoseReaderLeaves(t *testing.T) {
	path := fifo(t)
	go func() {
		if f, err := os.Open(path); err == nil {
			_, _ = f.Read(make([]byte, 1))
			f.Close()
		}
	}()
	err := export.File(t.Context(), path, export.Guard{}, func(w io.Writer) (int, error) {
		for {
			if _, err := w.Write(make([]byte, 1<<16)); err != nil {
				return 0, &export.WriteError{Err: err}
			}
		}
	})
	if !errors.Is(err, syscall.EPIPE) || err.Error() != "cannot write "+path+": broken pipe" {
		t.Errorf("error %v, want EPIPE", err)
	}
}

// L-17: Ctrl-C ends the wait for a pipe's reader.
func TestFIFOEndsWithItsContext(t *testing.T) {
	path := fifo(t)
	defer os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // lets the one that waits go
	endsSoon(t, func(ctx context.Context) error {
		return export.File(ctx, path, export.Guard{}, func(w io.Writer) (int, error) {
			res, err := export.Write(ctx, w, export.Options{Format: export.JSON}, listing(artists()))
			return res.Rows, err
		})
	})
}

// O-03, B-39, B-48: however a descriptor is spelled, it is the open file, which
// is appended to and never replaced. The names lie in /proc and /dev/fd, where
// nothing can be replaced even by root, or are links of the test's own.
func TestDescriptor(t *testing.T) {
	if name := os.Getenv(childEnv); name != "" {
		if err := export.File(t.Context(), name, export.Guard{Format: export.CSV}, text("list\n")); err != nil {
			t.Fatal(err)
		}
		os.Exit(0) // before the test binary adds its own lines
	}
	if _, err := os.Stat("/dev/fd/1"); err != nil {
		t.Skip("no /dev/fd here")
	}
	dir := t.TempDir()
	symlink(t, "/dev/fd/1", dir+"/stdout")
	symlink(t, "stdout", dir+"/link")
	symlink(t, "/dev", dir+"/dev")
	names := []string{"/dev/fd/1", "//dev/fd/1", "/dev/./fd/1", "/tmp/../dev/fd/1", dir + "/dev/fd/1", dir + "/stdout", dir + "/link"}
	if _, err := os.Stat("/proc/self/fd/1"); err == nil {
		names = append(names, "/proc/self/fd/1", "/proc//self/fd/1")
	}
	for _, name := range names {
		log := filepath.Join(t.TempDir(), "log")
		put(t, log, "log\n", 0o600)
		f, err := os.OpenFile(log, os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		before, _ := os.Stat(log)
		cmd := child(t, "TestDescriptor", name)
		cmd.Stdout = f
		if err := cmd.Run(); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		after, _ := os.Stat(log)
		if got := content(t, log); !strings.HasPrefix(got, "log\n") || !strings.HasSuffix(got, "list\n") || !os.SameFile(before, after) {
			t.Errorf("%s: the log holds %q", name, got)
		}
	}
}

// O-03: kill -9 at any moment leaves the old list or the new one, whole.
func TestKill(t *testing.T) {
	if dir := os.Getenv(childEnv); dir != "" {
		for i := 0; ; i++ {
			err := export.File(t.Context(), filepath.Join(dir, "out"), export.Guard{}, func(w io.Writer) (int, error) {
				for range 50 {
					if _, err := fmt.Fprintf(w, "%06d %s\n", i, strings.Repeat("x", 1000)); err != nil {
						return 0, err
					}
				}
				return 50, nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if i == 0 {
				fmt.Println("\nready")
			}
		}
	}
	dir := t.TempDir()
	for round := range 20 {
		cmd := child(t, "TestKill", dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for lines := bufio.NewScanner(out); lines.Scan() && lines.Text() != "ready"; {
		}
		time.Sleep(time.Duration(round*311) * time.Microsecond) // another moment each time
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		whole(t, content(t, dir+"/out"), 50)
	}
}

// What a killed process left is removed by the next export to the same file.
// What a running one writes, or belongs to somebody else, stays.
func TestFileRemovesWhatAKilledOneLeft(t *testing.T) {
	dir := t.TempDir()
	if os.Getenv(childEnv) != "" {
		_ = export.File(t.Context(), os.Getenv(childEnv), export.Guard{}, func(io.Writer) (int, error) {
			fmt.Println("\nready")
			select {}
		})
		return
	}
	start := func() *exec.Cmd {
		cmd := child(t, "TestFileRemovesWhatAKilledOneLeft", dir+"/out")
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for lines := bufio.NewScanner(out); lines.Scan() && lines.Text() != "ready"; {
		}
		return cmd
	}
	kill := func(cmd *exec.Cmd) {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	kill(start())
	running := start()
	defer kill(running)
	for _, name := range []string{"/.out.ABCDEFGHI1", "/.out.ABCDEFGHI", "/.out.abcdefghij", "/.other.ABCDEFGHIJ"} { // others' files
		put(t, dir+name, "", 0o600)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 6 {
		t.Fatalf("%v, error %v", entries, err)
	}
	past := time.Now().Add(-time.Hour)
	for _, e := range entries {
		if err := os.Chtimes(filepath.Join(dir, e.Name()), past, past); err != nil {
			t.Fatal(err)
		}
	}
	put(t, dir+"/.out.JUSTBEGUNX", "", 0o600) // not yet locked
	if err := export.File(t.Context(), dir+"/out", export.Guard{}, text("new")); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 7 { // less the killed one's, and with out and the new one
		t.Errorf("%v, error %v", left, err)
	}
	kill(running)
	if err := export.File(t.Context(), dir+"/out", export.Guard{}, text("new")); err != nil {
		t.Fatal(err)
	}
	if got, want := folder(t, dir), ".other.ABCDEFGHIJ .out.ABCDEFGHI .out.ABCDEFGHI1 .out.JUSTBEGUNX .out.abcdefghij out"; got != want {
		t.Errorf("the folder holds %s, want %s", got, want)
	}
}

// whole checks that all n lines are there and of one list.
func whole(t *testing.T, text string, n int) {
	t.Helper()
	lines := strings.SplitAfter(text, "\n")
	if len(lines) != n+1 || lines[n] != "" {
		t.Fatalf("%d lines, want %d", len(lines)-1, n)
	}
	for _, line := range lines[:n] {
		if line[:6] != lines[0][:6] || len(line) != len(lines[0]) {
			t.Fatalf("line %.10q does not belong to the list of %.10q", line, lines[0])
		}
	}
}

// O-03: of two writers at once one wins, whole.
func TestTwoWriters(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "out")
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 20 {
				err := export.File(t.Context(), out, export.Guard{}, func(w io.Writer) (int, error) {
					for range 50 {
						if _, err := io.WriteString(w, fmt.Sprintf("%06d %s\n", i, strconv.Itoa(1000+i))); err != nil {
							return 0, err
						}
					}
					return 50, nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	whole(t, content(t, out), 50)
	alone(t, out)
}
