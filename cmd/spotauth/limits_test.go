package main

import (
	"strings"
	"testing"
	"time"

	"github.com/spotauth/spotauth/internal/sandbox"
)

// H-01: a limit that ends a command is remembered, however the command met it: the next
// process does not ask Spotify.
func TestLimitsAreRemembered(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, fault, command string
		maxWait              string
		later                time.Duration // than the login
	}{
		{"longer than the longest wait", "page=1:429*,retry-after=86400", "artists", "1m", 0},
		{"a quota that comes back soon", "page=1:429-quota*,retry-after=30", "artists", "1m", 0},
		{"a quota without an end", "page=1:429-quota*", "artists", "1m", 0},
		{"a quota without an end, as 403", `page=1:403*,type=application/json,body={"error":{"status":403,"message":"Forbidden","reason":"QUOTA_EXCEEDED"}}`, "artists", "1m", 0},
		{"without an end", "page=1:429*", "artists", "1s", 0},
		{"said again and again", "page=1:429*,retry-after=1", "artists", "1s", 0},
		{"at the token endpoint", "refresh:429*,retry-after=100", "artists", "1m", 2 * time.Hour},
		{"at the token endpoint, without an end", "refresh:429*", "artists", "1s", 2 * time.Hour},
		{"at the token endpoint, for a token", "refresh:429*,retry-after=100", "token", "1m", 2 * time.Hour},
		{"at the token endpoint, soon over", "refresh:429*,retry-after=30", "token", "1m", 2 * time.Hour},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newProgram(t, sandbox.Options{Artists: 2, Consent: sandbox.ConsentAgree, Faults: []string{tt.fault}})
			b.login()
			b.now = b.now.Add(tt.later)
			if status, _, stderr := b.run(tt.command, "--max-wait", tt.maxWait); status != exitLimited {
				t.Fatalf("status %d: %s", status, stderr)
			}
			asked := len(b.server.Requests())
			status, _, stderr := b.run(tt.command, "--max-wait", "0s")
			if status != exitLimited || !strings.Contains(stderr, " still ") || !strings.Contains(stderr, " until ") {
				t.Errorf("the next time: status %d: %s", status, stderr)
			}
			if n := len(b.server.Requests()) - asked; n != 0 {
				t.Errorf("%d more requests", n)
			}
		})
	}
}

// H-01: if Spotify doesn't say how long a quota is used up, its group of paths is left alone
// for an hour. Everything else goes on.
func TestQuotaWithoutAnEnd(t *testing.T) {
	const refusal = "/me/albums:429-quota*1"
	b := newProgram(t, sandbox.Options{Artists: 2, Tracks: 3, Consent: sandbox.ConsentAgree, Faults: []string{refusal}})
	b.login("--scope", "user-library-read")
	status, _, stderr := b.run("api", "me/albums")
	for _, want := range []string{
		"error: the quota of the app's owner is used up for GET /v1/me/albums\n", "; other paths still work\n",
		"hint: Spotify doesn't say when it comes back; spotauth won't ask again for an hour\n",
	} {
		if status != exitLimited || !strings.Contains(stderr, want) {
			t.Errorf("status %d, no %q in %s", status, want, stderr)
		}
	}
	for _, tt := range []struct {
		after   time.Duration
		path    string
		status  int
		asks    int
		because string
	}{
		{0, "me/tracks", 0, 1, ""},
		{59 * time.Minute, "me/albums", exitLimited, 0, "is still used up for GET /v1/me/albums until "},
		{59 * time.Minute, "me/shows", 0, 1, ""},
		{61 * time.Minute, "me/albums", 0, 1, ""},
	} {
		begin := b.now
		b.now = begin.Add(tt.after)
		asked := len(b.server.Requests())
		status, _, stderr := b.run("api", tt.path, "--max-wait", "0s")
		n := 0
		for _, r := range b.server.Requests()[asked:] {
			if r.Path == "/v1/"+tt.path {
				n++
			}
		}
		if status != tt.status || n != tt.asks || !strings.Contains(stderr, tt.because) {
			t.Errorf("%s after %v: status %d, %d requests: %s", tt.path, tt.after, status, n, stderr)
		}
		b.now = begin
	}
}

// H-01: what a remembered limit is waited for is a request. A token that lives needs none.
func TestRememberedLimitOfATokenThatLives(t *testing.T) {
	t.Parallel()
	b := newProgram(t, sandbox.Options{Artists: 2, Consent: sandbox.ConsentAgree, Faults: []string{"page=1:429*,retry-after=100"}})
	b.login()
	if status, _, stderr := b.run("artists"); status != exitLimited {
		t.Fatalf("status %d: %s", status, stderr)
	}
	asked := len(b.server.Requests())
	if status, stdout, stderr := b.run("token"); status != 0 || stdout == "" {
		t.Errorf("status %d: %s", status, stderr)
	}
	if n := len(b.server.Requests()) - asked; n != 0 {
		t.Errorf("%d more requests", n)
	}
	b.now = b.now.Add(2 * time.Hour) // both are over
	if status, stdout, stderr := b.run("token"); status != 0 || stdout == "" {
		t.Errorf("later: status %d: %s", status, stderr)
	}
}
