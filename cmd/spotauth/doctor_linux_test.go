package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spotauth/spotauth/internal/sandbox"
)

// The doctor finds each thing that can be wrong, says what next, ends with status
// 1, and names nobody: not the person whose folder it is, nor the account.
func TestDoctorFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, finding, next string
		spoil               func(*program)
	}{
		{"nothing", "", "", func(*program) {}},
		{"clock ahead", "FAIL  clock         is 3h0m ahead of Spotify's\n", "set this machine's clock",
			func(b *program) { b.now = b.now.Add(3 * time.Hour) }},
		{"clock behind", "FAIL  clock         is 3h0m behind Spotify's\n", "set this machine's clock",
			func(b *program) { b.now = b.now.Add(-3 * time.Hour) }},
		{"about to end", "note  login         saved; scopes user-follow-read; ", `run "spotauth login"`,
			func(b *program) { b.now = b.now.AddDate(0, 0, 175) }},
		{"dead", "FAIL  login         Spotify no longer accepts the saved login", "spotauth login", func(b *program) {
			b.server.RevokeRefreshTokens()
			b.server.ExpireAccessTokens()
			b.run("whoami")
		}},
		{"limit", "FAIL  rate limit    rate-limited by Spotify until ", "try again then", func(b *program) { b.run("artists") }},
		{"unreachable", "FAIL  stand-in      cannot reach 127.0.0.1:", "check that the stand-in is running, or unset SPOTAUTH_SANDBOX to use Spotify", func(b *program) {
			b.dial = refusing{&net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}} // if the stand-in ended, another one could get its port
		}},
		{"proxy", "FAIL  proxy         the proxy address in the environment is malformed", "set HTTPS_PROXY=http://HOST:PORT",
			func(b *program) { b.env["HTTPS_PROXY"] = "http://user:hidden@[::1" }},
		{"shared file", "FAIL  login         ~/state/", "check what changed it, then run: chmod 600 ~/state", func(b *program) {
			for name := range b.logins() {
				if err := os.Chmod(name, 0o644); err != nil {
					b.t.Fatal(err)
				}
			}
		}},
		{"no store", "FAIL  file          cannot write ~/state/", "", func(b *program) {
			for name := range b.logins() {
				folder := filepath.Dir(name)
				if err := os.RemoveAll(folder); err != nil {
					b.t.Fatal(err)
				}
				if err := os.WriteFile(folder, nil, 0o600); err != nil {
					b.t.Fatal(err)
				}
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newProgram(t, sandbox.Options{Artists: 2, Consent: sandbox.ConsentAgree, Faults: []string{"page=1:429,retry-after=5000"}})
			b.now = time.Now()
			b.login()
			tt.spoil(b)
			status, stdout, stderr := b.run("doctor")
			if found := strings.Contains(stdout, "FAIL"); found != (tt.finding != "") || found != (status == exitOther) {
				t.Errorf("status %d: %s", status, stderr)
			}
			if !strings.Contains(stdout, tt.finding) || !strings.Contains(stdout, tt.next) {
				t.Errorf("want %q with %q, got\n%s", tt.finding, tt.next, stdout)
			}
			for _, private := range []string{os.Getenv("HOME"), "Wren", "hidden"} {
				if strings.Contains(stdout+stderr, private) {
					t.Errorf("%q is told:\n%s%s", private, stdout, stderr)
				}
			}
		})
	}
}

// Without a loopback interface, no browser can bring an answer back.
func TestDoctorWithoutLoopback(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.standIn(sandbox.Options{})
	if out, err := exec.Command("unshare", "-rn", "true").CombinedOutput(); err != nil {
		t.Skipf("no network namespace: %v %s", err, out)
	}
	m.signIn()
	out, _ := m.program("unshare", "-rn", "spotauth", "doctor").Output()
	const want = "\nFAIL  loopback      a browser can reach neither 127.0.0.1 nor [::1]\n                    bring the loopback interface up\n"
	if !strings.Contains(string(out), want) {
		t.Errorf("%q is missing in\n%s", want, out)
	}
}

// On a terminal a finding wraps under its own column, and its state has a color.
func TestDoctorOnATerminal(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.standIn(sandbox.Options{})
	m.signIn()
	m.env["TERM"] = "xterm-256color"
	m.env["DISPLAY"] = ""
	r := m.onTerminal(60, nil, "doctor").wait()
	for _, want := range []string{
		"\x1b[32mok  \x1b[0m  client ID     5107a0c3d9e84b6f8a2b1c4d7e9f0a35\r\n",
		"\x1b[32mok  \x1b[0m  redirect URI  http://127.0.0.1/callback (must be the\r\n                    same, character by character, in the\r\n                    app's settings)\r\n",
		"\x1b[33mnote\x1b[0m  browser       none here; login prints the URL to open\r\n",
	} {
		if !strings.Contains(r.stderr, want) {
			t.Errorf("%q is missing in\n%s", want, r.stderr)
		}
	}
}

// B-35: the home folder is shortened where a path begins, and not inside another one.
func TestHomeIsShortenedAtTheBeginning(t *testing.T) {
	t.Parallel()
	a := &app{environ: []string{"HOME=/ann"}}
	for text, want := range map[string]string{
		"/ann/.local/state":               "~/.local/state",
		`cannot read "/ann/x", or /ann/y`: `cannot read "~/x", or ~/y`,
		"/srv/ann/x":                      "/srv/ann/x",
		"/anna/x":                         "/anna/x",
		"/ann/backup/ann/x":               "~/backup/ann/x",
		"/ann":                            "/ann",
	} {
		if got := a.withoutHome(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}
