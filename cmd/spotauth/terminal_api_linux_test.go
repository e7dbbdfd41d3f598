package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/spotauth/spotauth/internal/sandbox"
)

// O-04: on a terminal JSON is indented and stays the same JSON, and no body can act on it.
func TestAPIOnATerminal(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.standIn(sandbox.Options{Artists: 60, Seed: 1, Faults: []string{"escapes", "/me/top/artists:200,type=text/plain,body=a\x1b[2Jb\u202ec\nd"}})
	m.signIn()
	m.env["TERM"] = "xterm-256color"
	path := "me/following?type=artist&limit=50"
	piped := m.run("api", path)
	shown := m.onTerminal(100, nil, "api", path).wait()
	harmless(t, shown.stderr, "\r\n")
	var want, got any
	if err := json.Unmarshal([]byte(piped.stdout), &want); err != nil || piped.status != 0 {
		t.Fatalf("in a pipe: %v, status %d", err, piped.status)
	}
	if err := json.Unmarshal([]byte(shown.stderr), &got); err != nil || shown.status != 0 {
		t.Fatalf("on the terminal: %v, status %d:\n%s", err, shown.status, shown.stderr)
	}
	a, _ := json.Marshal(want)
	b, _ := json.Marshal(got)
	if string(a) != string(b) || !strings.HasPrefix(shown.stderr, "{\r\n  \"artists\": {\r\n    \"") {
		t.Errorf("the terminal shows\n%s", shown.stderr)
	}

	for _, args := range [][]string{
		{path, "--paginate"}, {path, "--paginate", "--format", "ndjson"}, {path, "--jq", ".artists.items[].name"},
		{path, "--include"}, {path, "--output", "/dev/tty"}, {"me/top/artists"},
	} {
		r := m.onTerminal(100, nil, append([]string{"api"}, args...)...).wait()
		if r.status != 0 {
			t.Errorf("%q: status %d", args, r.status)
		}
		harmless(t, r.stderr, "\r\n")
		if args[0] == "me/top/artists" && !strings.Contains(r.stderr, `a\u001b[2Jb\u202ec`+"\r\nd") {
			t.Errorf("the terminal shows %q", r.stderr)
		}
	}
}
