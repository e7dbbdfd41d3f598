package export_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/spotauth/spotauth/internal/export"
)

// O-02, O-03: a disk that fills up while the list is written keeps the old file.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		required(t, "mounting a small disk needs root: "+err.Error())
	}
	defer syscall.Unmount(dir, 0)
	put(t, dir+"/out", "old", 0o600)
	for _, f := range export.Formats() {
		err := export.File(t.Context(), dir+"/out", export.Guard{}, list(t, export.Options{Format: f}, 2000))
		if !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%s: error %v, want ENOSPC", f, err)
		}
		if content(t, dir+"/out") != "old" || folder(t, dir) != "out" {
			t.Errorf("%s: out is %q in %q", f, content(t, dir+"/out"), folder(t, dir))
		}
	}
}

// B-46: a file that is a mount point can't be replaced, and the error says what to do.
func TestMountPoint(t *testing.T) {
	dir := t.TempDir()
	put(t, dir+"/source", "old", 0o600)
	put(t, dir+"/out", "", 0o600)
	if err := syscall.Mount(dir+"/source", dir+"/out", "", syscall.MS_BIND, ""); err != nil {
		required(t, "mounting a file needs root: "+err.Error())
	}
	defer syscall.Unmount(dir+"/out", 0)
	err := export.File(t.Context(), dir+"/out", export.Guard{}, text("new"))
	want := "cannot write " + dir + "/out: it is a mount point, so it can't be replaced; mount its folder instead"
	if !errors.Is(err, syscall.EBUSY) || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	if content(t, dir+"/source") != "old" || folder(t, dir) != "out source" {
		t.Errorf("source holds %q, the folder %q", content(t, dir+"/source"), folder(t, dir))
	}
}

// B-20: the new file is its owner's alone until it has the mode of the old one.
// After a power cut the name holds the old list or the new one, so the file
// is on the disk before it gets its name, and then the folder.
func TestReplacingIsDurable(t *testing.T) {
	if dir := os.Getenv(childEnv); dir != "" {
		if err := export.File(t.Context(), dir+"/out", export.Guard{}, text("new")); err != nil {
			t.Fatal(err)
		}
		return
	}
	strace, err := exec.LookPath("strace")
	if err != nil {
		required(t, "strace is not installed")
	}
	dir := t.TempDir()
	put(t, dir+"/out", "old", 0o640)
	calls := filepath.Join(t.TempDir(), "calls")
	cmd := child(t, "TestReplacingIsDurable", dir)
	cmd.Path, cmd.Args = strace, append([]string{"strace", "-f", "-y", "-o", calls, "-e", "trace=openat,fchmod,write,fsync,close,/rename"}, cmd.Args...)
	if out, err := cmd.Output(); err != nil {
		if strings.Contains(content(t, calls), "new") {
			t.Fatalf("%v: %s", err, out)
		}
		required(t, "strace can't trace here: "+err.Error())
	}
	beside := regexp.QuoteMeta(dir) + `/\.out\.\w+`
	for _, step := range []string{
		`openat\(.*"` + beside + `", O_WRONLY\|O_CREAT\|O_EXCL\|O_CLOEXEC, 0600\)`,
		`fchmod\(\d+<` + beside + `>, 0640\)`,
		`write\(\d+<` + beside + `>, "new"`,
		`fsync\(\d+<` + beside + `>`,
		`close\(\d+<` + beside + `>`,
		`rename.*"` + beside + `".*"` + regexp.QuoteMeta(dir) + `/out"`,
		`fsync\(\d+<` + regexp.QuoteMeta(dir) + `>`,
	} {
		before, after, found := cutAt(regexp.MustCompile(step), content(t, calls))
		if !found {
			t.Fatalf("no %s after\n%s", step, before)
		}
		put(t, calls, after, 0o600)
	}
}

// cutAt is strings.Cut for a pattern.
func cutAt(pattern *regexp.Regexp, s string) (before, after string, found bool) {
	at := pattern.FindStringIndex(s)
	if at == nil {
		return s, "", false
	}
	return s[:at[0]], s[at[1]:], true
}
