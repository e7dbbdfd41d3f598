package main

import (
	"regexp"
	"strings"
	"testing"
)

// On a terminal the demo tells its story and shows ten artists.
func TestDemoOnATerminal(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.env["NO_COLOR"] = "1"
	r := m.onTerminal(100, nil, "demo").wait()
	story, table, _ := strings.Cut(r.stderr, "120 of 120 artists\r\n")
	lines := strings.Split(strings.TrimSuffix(table, "\r\n"), "\r\n")
	if r.status != 0 || !strings.Contains(story, "started a stand-in Spotify at ") || len(lines) != 1+demoRows+2 {
		t.Fatalf("status %d; the terminal shows\n%s", r.status, r.stderr)
	}
	if !regexp.MustCompile(`^10  \S`).MatchString(lines[demoRows]) || lines[demoRows+1] != "… and 110 more" ||
		lines[demoRows+2] != "spotauth: to export your own list, run: spotauth login" {
		t.Errorf("the terminal shows\n%s", r.stderr)
	}
}
