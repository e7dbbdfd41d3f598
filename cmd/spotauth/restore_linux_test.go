package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spotauth/spotauth/internal/sandbox"
)

// restorer is a machine with a list of n artists in follows.csv, and a profile "new" of an
// account that follows none of them.
func restorer(t *testing.T, o sandbox.Options) (*machine, *sandbox.Server, string) {
	t.Helper()
	m := newMachine(t)
	m.env["BROWSER_MODE"] = "agree"
	spotify := m.standIn(o)
	file := filepath.Join(m.home, "follows.csv")
	m.must("login", "--store", "file")
	m.must("artists", "--output", file)
	spotify.SignInAs("robindemo", "Robin Demo")
	m.must("login", "--store", "file", "--profile", "new", "--scope", followScope)
	m.env["SPOTAUTH_PROFILE"] = "new"
	return m, spotify, file
}

func (m *machine) must(args ...string) result {
	m.Helper()
	r := m.run(args...)
	if r.status != 0 {
		m.Fatalf("%q: status %d: %s", args, r.status, r.stderr)
	}
	return r
}

// apiCalls are the requests to the Web API since the first n.
func apiCalls(spotify *sandbox.Server, n int) (calls []string) {
	for _, r := range spotify.Requests()[n:] {
		if strings.HasPrefix(r.Path, "/v1/") {
			calls = append(calls, r.Method+" "+r.Path)
		}
	}
	return calls
}

// A restore that is killed after any of its requests does the rest when it is run again,
// and follows no artist twice: of that, Spotify's total would be wrong.
func TestRestoreIsKilledAnywhere(t *testing.T) {
	t.Parallel()
	const calls = 2 + 2*3 // for 90 artists: none are listed, three batches are followed and checked
	for n := 1; n < calls; n++ {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			m, spotify, file := restorer(t, sandbox.Options{Artists: 90, Faults: []string{"follow:delay=500ms*", "contains:delay=500ms*"}})
			before := len(spotify.Requests())
			p := m.start(m.command("restore", "--yes", file))
			awaitRequest(t, spotify, func(sandbox.Request) bool { return len(apiCalls(spotify, before)) >= n })
			_ = p.cmd.Process.Kill()
			p.wait()
			m.must("restore", "--yes", file)
			if r := m.must("diff", "--strict", "--exit-code", file); r.stdout != "" {
				t.Errorf("the lists differ:\n%s", r.stdout)
			}
			followed := map[string]bool{}
			for _, r := range spotify.Requests() {
				if r.Method == "PUT" {
					for _, uri := range strings.Split(r.Query.Get("uris"), ",") {
						if followed[uri] {
							t.Fatalf("%s was followed twice", uri)
						}
						followed[uri] = true
					}
				}
				if r.Method == "DELETE" {
					t.Error("something was unfollowed")
				}
			}
		})
	}
}

// No artist is followed before the user has said yes.
func TestRestoreAsks(t *testing.T) {
	t.Parallel()
	m, spotify, file := restorer(t, sandbox.Options{Artists: 60})
	for _, answer := range []string{"\r", "n\r", "yess\r", "\x04"} {
		before := len(spotify.Requests())
		restore := m.inShell("spotauth restore " + file + " < /dev/null")
		restore.see(`follow 60 artists as Robin Demo \(robindemo\)\? 0 of 60 are already followed \[y/N\] $`)
		restore.press(answer)
		if r := restore.wait(); r.status != 1 || !strings.Contains(r.stderr, "spotauth: error: not confirmed; nothing was changed") {
			t.Errorf("%q: status %d; the terminal shows\n%s", answer, r.status, r.stderr)
		}
		if calls := fmt.Sprint(apiCalls(spotify, before)); calls != "[GET /v1/me/following]" {
			t.Errorf("%q: %s", answer, calls)
		}
	}
	restore := m.inShell("cat " + file + " | spotauth restore - | cat")
	restore.see(`\[y/N\] $`)
	restore.press("Yes\r")
	if r := restore.wait(); r.status != 0 || !strings.Contains(r.stderr, "spotauth: followed 60 artists") {
		t.Errorf("status %d; the terminal shows\n%s", r.status, r.stderr)
	}
}

// Ctrl-C says how far it got.
func TestCtrlCEndsARestore(t *testing.T) {
	t.Parallel()
	m, spotify, file := restorer(t, sandbox.Options{Artists: 60, Faults: []string{"follow=2:hang"}})
	restore := m.onTerminal(100, nil, "restore", "--yes", file)
	awaitRequest(t, spotify, func(r sandbox.Request) bool {
		return r.Method == "PUT" && strings.Count(r.Query.Get("uris"), ",") == 19
	})
	restore.press("\x03")
	if r := restore.wait(); r.status != 130 || !strings.Contains(r.stderr, "spotauth: hint: followed 40 of 60; run the same command again to continue") {
		t.Errorf("status %d; the terminal shows\n%s", r.status, r.stderr)
	}
	m.must("restore", "--yes", file)
	m.must("diff", "--strict", "--exit-code", file)
}

// A login from the environment has no saved name, so Spotify is asked for it.
func TestRestoreAsksWhoseTokenItIs(t *testing.T) {
	t.Parallel()
	m, spotify, file := restorer(t, sandbox.Options{Artists: 3})
	m.env[accessTokenVar] = strings.TrimSpace(m.tokenOf("new"))
	before := len(spotify.Requests())
	restore := m.inShell("spotauth restore " + file)
	restore.see(`follow 3 artists as Robin Demo \(robindemo\)\? 0 of 3 are already followed \[y/N\] $`)
	restore.press("y\r")
	if r := restore.wait(); r.status != 0 {
		t.Errorf("status %d; the terminal shows\n%s", r.status, r.stderr)
	}
	want := "[GET /v1/me/following GET /v1/me PUT /v1/me/library GET /v1/me/library/contains]"
	if calls := fmt.Sprint(apiCalls(spotify, before)); calls != want {
		t.Errorf("calls %s, want %s", calls, want)
	}
}

// tokenOf is the access token of a profile.
func (m *machine) tokenOf(profile string) string {
	m.Helper()
	text, err := m.command("token", "--profile", profile).Output()
	if err != nil {
		m.Fatal(err)
	}
	return string(text)
}
