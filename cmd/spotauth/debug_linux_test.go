package main

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/spotauth/spotauth/internal/sandbox"
)

// B-06: the reader of the --debug log is gone. The write that finds out ends the program,
// but not between the answer to a refresh and the save: the new refresh token would be
// lost.
func TestDebugLosesNoRefreshToken(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	spotify := m.standIn(sandbox.Options{Artists: 2, Rotate: true, Faults: []string{"exchange:expires_in=1"}})
	m.signIn()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	read.Close()
	cmd := m.command("whoami", "--debug")
	cmd.Stderr = write
	_ = cmd.Run() // by SIGPIPE, or not
	write.Close()
	refreshed := 0
	for _, r := range spotify.Requests() {
		if r.Form.Get("grant_type") == "refresh_token" {
			refreshed++
		}
	}
	if refreshed != 1 {
		t.Fatalf("%d refreshes, want 1", refreshed)
	}
	if r := m.run("whoami"); r.status != 0 {
		t.Errorf("afterwards: status %d; stderr:\n%s", r.status, r.stderr)
	}
}

// B-06: nor does it lose a new login, or the token that replaces an imported one.
func TestDebugLosesNoNewLogin(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"login", "finish", "import"} {
		t.Run(how, func(t *testing.T) {
			m := newMachine(t)
			m.standIn(sandbox.Options{Artists: 2, Rotate: true, Consent: sandbox.ConsentAgree, Faults: []string{"exchange:delay=300ms*2"}})
			m.env["BROWSER_MODE"] = "agree"
			args := []string{"login", "--debug", "--store", "file", "--profile", "new"}
			stdin := ""
			switch how {
			case "finish":
				stdin = callbackOf(t, m.must("login", "--begin", "--store", "file", "--profile", "new").stdout)
				args = append(args, "--finish")
			case "import":
				m.signIn()
				args = append(args, "--import", m.cacheOfLogin())
			}
			read, write, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			cmd := m.command(args...)
			cmd.Stdin, cmd.Stderr = strings.NewReader(stdin), write
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			write.Close()
			for lines := bufio.NewScanner(read); how == "login" && lines.Scan() && !strings.Contains(lines.Text(), "state="); {
			}
			read.Close()
			_ = cmd.Wait() // by SIGPIPE, or not
			if r := m.run("whoami", "--profile", "new"); r.status != 0 {
				t.Errorf("the login is lost: status %d; stderr:\n%s", r.status, r.stderr)
			}
		})
	}
}

// callbackOf returns the URL to which the stand-in redirects after an immediate consent.
func callbackOf(t *testing.T, authorizeURL string) string {
	resp, err := http.DefaultTransport.RoundTrip(httptest.NewRequest(http.MethodGet, strings.TrimSpace(authorizeURL), nil))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.Header.Get("Location")
}
