//go:build linux && amd64

package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/spotauth/spotauth/internal/sandbox"
)

// TestWindows runs the program for Windows under wine: with its files, its
// consoles and its Credential Manager, and with a stand-in in this process.
func TestWindows(t *testing.T) {
	need(t, "wine", "wineserver", "x86_64-w64-mingw32-gcc")
	w := newWine(t)
	t.Run("login to logout", w.testLoginToLogout)
	t.Run("sizes", w.testSizes)
	t.Run("Ctrl-C", w.testCtrlC)
	t.Run("rooms", w.testRooms)
	t.Run("scripts", w.testScripts)
}

// A wine is a Windows with the program in it. A folder of wrappers lets tests
// call its programs as if they were of this system.
type wine struct{ dir, prefix, bin string }

func newWine(t *testing.T) *wine {
	t.Helper()
	dir := t.TempDir()
	w := &wine{dir: dir, prefix: filepath.Join(dir, "prefix"), bin: filepath.Join(dir, "bin")}
	for _, d := range []string{w.prefix, w.bin} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { _ = w.command(context.Background(), "wineserver", "--kill").Run() })
	// Started first and for good: otherwise Windows boots for each command.
	w.must(t, "wineserver", "--persistent")
	w.must(t, "wine", "cmd", "/c", "exit") // the first command boots; wineboot would, twice
	const compiler, sources = "x86_64-w64-mingw32-gcc", "testdata/wine/"
	w.must(t, compiler, "-shared", "-o", filepath.Join(w.prefix, "drive_c/windows/system32/bcryptprimitives.dll"), sources+"bcryptprimitives.c", "-ladvapi32")
	for _, name := range []string{"launch", "hold"} {
		w.must(t, compiler, "-o", w.add(t, name), sources+name+".c")
	}
	w.must(t, "go", "build", "-o", w.add(t, "spotauth"), ".")
	return w
}

// add makes a program known, and says where it is to be put.
func (w *wine) add(t *testing.T, name string) string {
	t.Helper()
	program := filepath.Join(w.dir, name+".exe")
	wrapper := fmt.Sprintf("#!/bin/sh\nexec wine %s/launch.exe %s \"$@\"\n", w.dir, program)
	if err := os.WriteFile(filepath.Join(w.bin, name), []byte(wrapper), 0o700); err != nil {
		t.Fatal(err)
	}
	return program
}

// env is what wine needs: a server of its own, no display, no chatter, and
// nothing put into the menus of whoever runs the tests.
func (w *wine) env() []string {
	return []string{
		"WINEPREFIX=" + w.prefix, "WINEDEBUG=-all", "WINEDLLOVERRIDES=mscoree,mshtml,winemenubuilder.exe=", "DISPLAY=",
		"WINEPATH=Z:" + strings.ReplaceAll(w.dir, "/", `\`), // where Windows looks for programs
		"TMPDIR=" + w.dir,
	}
}

func (w *wine) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), w.env()...)
	cmd.Env = append(cmd.Env, "CGO_ENABLED=0", "GOOS=windows", "GOARCH=amd64")
	return cmd
}

// must runs a command. Its output goes to a file, for what it starts keeps it open.
func (w *wine) must(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := w.command(ctx, name, args...)
	cmd.Stdout, cmd.Stderr = out, out
	err = cmd.Run()
	text, _ := os.ReadFile(out.Name())
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, text)
	}
	return string(text)
}

// machine is this Windows, as its user meets it.
func (w *wine) machine(t *testing.T) *machine {
	m := newMachine(t)
	m.spotauth = filepath.Join(w.bin, "spotauth")
	for _, v := range w.env() {
		name, value, _ := strings.Cut(v, "=")
		m.env[name] = value
	}
	return m
}

// agree signs in with a browser that the test is.
func (m *machine) agree(args ...string) result {
	m.Helper()
	login := m.start(m.command(append([]string{"login", "--no-browser"}, args...)...))
	if err := sandbox.Agree(m.Context(), http.DefaultClient, login.consentURL()); err != nil {
		m.Fatal(err)
	}
	return login.wait()
}

// credentials are the names of what the Credential Manager keeps, and its passwords as wine encrypts them.
func (w *wine) credentials(t *testing.T) string {
	t.Helper()
	const key = `HKCU\Software\Wine\Credential Manager`
	return w.must(t, "wine", "reg", "query", key, "/s")
}

// The README's way, on Windows: sign in, look, export, get a token, log out.
func (w *wine) testLoginToLogout(t *testing.T) {
	m := w.machine(t)
	spotify := m.standIn(sandbox.Options{Artists: 120})
	if r := m.agree(); r.status != 0 || r.stdout != "" {
		t.Fatalf("status %d: %s%s", r.status, r.stdout, r.stderr)
	}
	kept := w.credentials(t)
	m.sweep("the registry", kept)
	if item := "spotauth:default " + sandbox.ClientID + " " + spotify.URL(); !strings.Contains(kept, item) {
		t.Errorf("no credential %q in:\n%s", item, kept)
	}
	list := filepath.Join(t.TempDir(), "follows.csv")
	for _, c := range []struct {
		args           []string
		status         int
		stdout, stderr string // parts
	}{
		{[]string{"status"}, 0, "kept in       keychain", ""},
		{[]string{"artists", "--format", "csv", "--output", list}, 0, "", "excel-csv"},
		{[]string{"artists", "--output", list, "--format", "excel-csv"}, 0, "", ""}, // over the first one
		{[]string{"doctor"}, 0, "keychain      keeps, gives back and deletes", ""},
		{[]string{"logout"}, 0, "", "removed the saved login"},
		{[]string{"token"}, 4, "", "not signed in"},
		{[]string{"logout"}, 0, "", ""},
	} {
		r := m.run(c.args...)
		if r.status != c.status || !strings.Contains(r.stdout, c.stdout) || !strings.Contains(r.stderr, c.stderr) {
			t.Errorf("%v: status %d\n%s%s", c.args, r.status, r.stdout, r.stderr)
		}
	}
	if kept := w.credentials(t); strings.Contains(kept, spotify.URL()) {
		t.Errorf("the credential is still there:\n%s", kept)
	}
	if text, err := os.ReadFile(list); err != nil || strings.Count(string(text), "spotify:artist:") != 120 {
		t.Errorf("the list has %d artists (%v)", strings.Count(string(text), "spotify:artist:"), err)
	}
}

// K-03: a login near the limit is kept without its access token; one beyond is refused in words.
func (w *wine) testSizes(t *testing.T) {
	for _, c := range []struct {
		refresh int // the length of the refresh token
		status  int
		stderr  string
		kept    int // status of `status`
	}{
		{1900, 0, "signed in as", 0},
		{2400, 7, "the login is too big to be saved", 4},
	} {
		m := w.machine(t)
		m.standIn(sandbox.Options{Faults: []string{"exchange:refresh_token=" + strings.Repeat("r", c.refresh)}})
		if r := m.agree(); r.status != c.status || !strings.Contains(r.stderr, c.stderr) {
			t.Errorf("%d: status %d: %s", c.refresh, r.status, r.stderr)
		}
		if r := m.run("status"); r.status != c.kept || strings.Contains(r.stdout, "access token") {
			t.Errorf("%d: status %d: %s%s", c.refresh, r.status, r.stdout, r.stderr)
		}
	}
}

// L-17: Ctrl-C in a Windows console ends the wait for the browser.
func (w *wine) testCtrlC(t *testing.T) {
	m := w.machine(t)
	m.standIn(sandbox.Options{})
	login := m.onTerminal(100, nil, "login", "--no-browser")
	login.see(`/authorize\?`)
	login.press(ctrlC)
	if r := login.process.wait(); r.status != 130 {
		t.Errorf("status %d: %q", r.status, r.stderr)
	}
}

// testRooms runs the tests that only a Windows can run.
func (w *wine) testRooms(t *testing.T) {
	for room, name := range map[string]string{"session": "TestCredentialManager"} {
		program := filepath.Join(w.dir, room+".test.exe")
		w.must(t, "go", "test", "-c", "-o", program, "../../internal/"+room)
		if out := w.must(t, "wine", program, "-test.v", "-test.run", name); !strings.Contains(out, "--- PASS: "+name) {
			t.Errorf("%s did not run:\n%s", name, out)
		}
	}
}

// notUnderWine are the scripts that cannot run there, each with the reason.
func notUnderWine() map[string]string {
	const unixCommands = "has the program run commands of Unix; testdata/wine/exec.txtar runs those of Windows"
	return map[string]string{
		"artists_output":    "wine takes the symbolic links of Unix for files; see testdata/wine/output.txtar",
		"exec":              unixCommands,
		"sandbox":           unixCommands,
		"keychain_absent":   "there is no Windows without the Credential Manager",
		"login_no_browser":  "Windows does not tell how the browser ended",
		"login_opener":      "wine gives its own stderr to the browser",
		"signals":           "Windows has none",
		"token_environment": "wine gives its own environment to the browser, not the program's",
	}
}

// testScripts runs the scripts of all systems and those of Windows, with the
// login in the Credential Manager.
func (w *wine) testScripts(t *testing.T) {
	excused := notUnderWine()
	files := slices.DeleteFunc(scriptsIn(t, "testdata/script"), func(path string) bool {
		name := strings.TrimSuffix(filepath.Base(path), ".txtar")
		_, ok := excused[name]
		delete(excused, name)
		return ok
	})
	for name := range excused {
		t.Errorf("there is no script %s", name)
	}
	runScripts(t, append(files, scriptsIn(t, "testdata/wine")...), func(env *testscript.Env) ([]string, error) {
		return append(w.env(), "STORE=keychain", "PATH="+w.bin+":"+env.Getenv("PATH")), nil
	})
}
