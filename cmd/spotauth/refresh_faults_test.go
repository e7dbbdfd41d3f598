package main

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spotauth/spotauth/internal/sandbox"
)

// T-03, T-02: whatever the token endpoint does, other than saying invalid_grant, the
// program asks it once, leaves every byte of the saved login, and works the next time.
func TestTokenEndpointFaultsLeaveTheLogin(t *testing.T) {
	t.Parallel()
	for fault, want := range map[string]int{
		"400": exitOther, "401": exitOther, "403": exitOther, "404": exitOther, "418": exitOther,
		"invalid_client": exitOther, "redirect=http://127.0.0.1:1/": exitOther, "html": exitOther,
		"no-access_token": exitOther, "token_type=mac": exitOther, "access_token=a b": exitOther,
		"200,type=application/json,body={}": exitOther, "200,body=invalid_grant": exitOther,
		"429": exitLimited, "429-text": exitLimited, "429,retry-after=86400": exitLimited,
		"500": exitNetwork, "502-html": exitNetwork, "503": exitNetwork, "504": exitNetwork,
		"reset": exitNetwork, "cut": exitNetwork, "huge": exitNetwork, "bomb": exitNetwork,
	} {
		t.Run(fault, func(t *testing.T) {
			b := newProgram(t, sandbox.Options{Artists: 2, Consent: sandbox.ConsentAgree, Faults: []string{"refresh:" + fault}})
			b.login()
			before := b.logins()
			b.now = b.now.Add(2 * time.Hour)
			status, stdout, stderr := b.run("artists")
			if status != want || stdout != "" || !strings.HasPrefix(stderr, "spotauth: error: ") {
				t.Errorf("status %d, want %d; stdout %q, stderr %q", status, want, stdout, stderr)
			}
			if !maps.Equal(b.logins(), before) {
				t.Error("the saved login was changed")
			}
			asked := 0
			for _, r := range b.server.Requests() {
				if r.Form.Get("grant_type") == "refresh_token" {
					asked++
				}
			}
			if asked != 1 {
				t.Errorf("asked %d times", asked)
			}
			b.now = b.now.Add(24 * time.Hour)
			if status, _, stderr := b.run("artists"); status != 0 {
				t.Errorf("the next time: status %d: %s", status, stderr)
			}
		})
	}
}

// logins are the saved logins by the names of their files.
func (b *program) logins() map[string]string {
	b.t.Helper()
	names, err := filepath.Glob(filepath.Join(b.state, "sandbox/*/logins/*"))
	if err != nil || len(names) == 0 {
		b.t.Fatal("no login is saved", err)
	}
	all := map[string]string{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			b.t.Fatal(err)
		}
		all[name] = string(text)
	}
	return all
}
