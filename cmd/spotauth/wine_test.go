//go:build linux && amd64

package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spotauth/spotauth/internal/keychaintest"
	"github.com/spotauth/spotauth/internal/sandbox"
)

// TestWindows runs the program for Windows under wine, with its files, its
// consoles and its Credential Manager, and then the tests built for Windows.
func TestWindows(t *testing.T) {
	if testing.Short() {
		t.Skip("only make test runs wine")
	}
	keychaintest.Need(t, "wine", "wineserver", "x86_64-w64-mingw32-gcc")
	w := newWine(t)
	t.Run("login to logout", w.testLoginToLogout)
	t.Run("sizes", w.testSizes)
	t.Run("Ctrl-C", w.testCtrlC)
	t.Run("suite", w.testSuite)
}

// A wine is a Windows with the program in it, and a wrapper that lets tests
// call that as if it were of this system.
type wine struct{ dir, prefix, spotauth string }

func newWine(t *testing.T) *wine {
	t.Helper()
	dir := t.TempDir()
	w := &wine{dir: dir, prefix: filepath.Join(dir, "prefix"), spotauth: filepath.Join(dir, "spotauth")}
	if err := os.Mkdir(w.prefix, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.command(context.Background(), "wineserver", "--kill").Run() })
	// Started first, and left running: otherwise Windows boots for each command.
	w.must(t, "wineserver", "--persistent")
	w.must(t, "wine", "cmd", "/c", "exit") // the first command boots; wineboot would, twice
	const compiler, sources = "x86_64-w64-mingw32-gcc", "testdata/wine/"
	w.must(t, compiler, "-shared", "-o", filepath.Join(w.prefix, "drive_c/windows/system32/bcryptprimitives.dll"), sources+"bcryptprimitives.c", "-ladvapi32")
	w.must(t, compiler, "-o", filepath.Join(dir, "launch.exe"), sources+"launch.c")
	w.must(t, "go", "build", "-o", w.spotauth+".exe", ".")
	wrapper := fmt.Sprintf("#!/bin/sh\nexec wine %s/launch.exe %s.exe \"$@\"\n", dir, w.spotauth)
	if err := os.WriteFile(w.spotauth, []byte(wrapper), 0o700); err != nil {
		t.Fatal(err)
	}
	return w
}

// env is what wine needs: a server of its own, no display, no chatter, and
// nothing put into the menus of whoever runs the tests.
func (w *wine) env() []string {
	return []string{
		"WINEPREFIX=" + w.prefix, "WINEDEBUG=-all", "WINEDLLOVERRIDES=mscoree,mshtml,winemenubuilder.exe=", "DISPLAY=",
		"TMPDIR=" + w.dir, "SPOTAUTH_TEST_REQUIRE=", // what the tests need is here, not there
	}
}

func (w *wine) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), w.env()...)
	cmd.Env = append(cmd.Env, "CGO_ENABLED=0", "GOOS=windows", "GOARCH=amd64")
	return cmd
}

func (w *wine) must(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := w.try(t, 5*time.Minute, name, args...)
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return out
}

// try runs a command. Its output goes to a file, for what it starts keeps it open.
func (w *wine) try(t *testing.T, limit time.Duration, name string, args ...string) (string, error) {
	t.Helper()
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	cmd := w.command(ctx, name, args...)
	cmd.Stdout, cmd.Stderr = out, out
	err = cmd.Run()
	text, _ := os.ReadFile(out.Name())
	return string(text), err
}

// machine is this Windows, as its user meets it.
func (w *wine) machine(t *testing.T) *machine {
	m := newMachine(t)
	m.spotauth = w.spotauth
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
		{[]string{"status"}, 0, "stored in   keychain", ""},
		{[]string{"artists", "--format", "csv", "--output", list}, 0, "", ""},
		{[]string{"artists", "--output", list, "--format", "excel-csv"}, 0, "", ""}, // over the first one
		{[]string{"doctor"}, 0, "keychain      can save, read and delete", ""},
		{[]string{"logout"}, 0, "", ""},
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
		{1900, 0, "", 0},
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

// testSuite runs the tests themselves, built for Windows. What fails is run once
// more: where several programs are started at once, wine fails to start one in
// some thousand.
func (w *wine) testSuite(t *testing.T) {
	overlay := w.overlay(t)
	for pkg := range strings.FieldsSeq(w.must(t, "go", "list", "-f", "{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}", module+"/...")) {
		folder := strings.TrimPrefix(pkg, module+"/")
		t.Run(folder, func(t *testing.T) {
			program := filepath.Join(w.dir, filepath.Base(folder)+".test.exe")
			w.must(t, "go", "test", "-c", "-overlay", overlay, "-o", program, pkg)
			t.Chdir(filepath.Join("../..", folder))
			args := []string{program, "-test.v", "-test.timeout=12m", "-test.skip", strings.Join(notUnderWine, "|")}
			out, err := w.try(t, 13*time.Minute, "wine", args...)
			if failed := failures(out); err != nil && len(failed) > 0 {
				t.Logf("once more, one at a time: %v", failed)
				again, failing := w.try(t, 13*time.Minute, "wine", append(args, "-test.parallel=1", "-test.run", strings.Join(failed, "|"))...)
				out, err = out+again, failing
			}
			if err != nil {
				t.Errorf("%v\n%s", err, out)
			}
			if name := onWindowsAlone[folder]; !strings.Contains(out, "--- PASS: Test") || !strings.Contains(out, "--- PASS: "+name) {
				t.Errorf("%s did not run:\n%s", name, out)
			}
		})
	}
}

// failures are patterns for the tests that failed, without those that only hold such a one.
func failures(out string) (patterns []string) {
	failed := regexp.MustCompile(`--- FAIL: (\S+)`).FindAllStringSubmatch(out, -1)
	for _, f := range failed {
		inside := f[1] + "/"
		if !slices.ContainsFunc(failed, func(other []string) bool { return strings.HasPrefix(other[1], inside) }) {
			patterns = append(patterns, "^"+strings.ReplaceAll(regexp.QuoteMeta(f[1]), "/", "$/^")+"$")
		}
	}
	return patterns
}

// notUnderWine are the tests that cannot run there.
var notUnderWine = []string{
	"TestPackagesImportOnlyWhatTheyMay", "TestFormatsKnowOnlyTheArtist", "TestOnlyTheseModulesAreShipped", "TestNotice", // there is no Go there
	"TestSettingsThroughALink", // wine makes no symbolic links, and says that it did
}

// onWindowsAlone are the tests that must not be missed.
var onWindowsAlone = map[string]string{"internal/session": "TestCredentialManager", "cmd/spotauth": "TestScriptsCredentialManager"}

// overlay has tests clear up under wine: before 9 it lacks the newer way to delete
// a file, and does not say so in the words that Go falls back to the older one for.
func (w *wine) overlay(t *testing.T) string {
	t.Helper()
	source := filepath.Join(strings.TrimSpace(w.must(t, "go", "env", "GOROOT")), "src/internal/syscall/windows/at_windows.go")
	text, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	const notSupported, notImplemented = "STATUS_NOT_SUPPORTED", "NTStatus(0xC0000002)"
	if !strings.Contains(string(text), notSupported+":") {
		t.Fatalf("%s has no %s: any more", source, notSupported)
	}
	patched := filepath.Join(w.dir, "at_windows.go")
	text = []byte(strings.Replace(string(text), notSupported+":", notSupported+", "+notImplemented+":", 1))
	if err := os.WriteFile(patched, text, 0o600); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(w.dir, "overlay.json")
	if err := os.WriteFile(name, fmt.Appendf(nil, `{"Replace":{%q:%q}}`, source, patched), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}
