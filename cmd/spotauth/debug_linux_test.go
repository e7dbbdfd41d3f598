package main

import (
	"os"
	"testing"

	"github.com/spotauth/spotauth/internal/sandbox"
)

// B-06: the reader of the --debug log is gone. The write that finds out ends the program,
// but not between the answer to a refresh and the save: the new refresh token would be
// lost.
func TestDebugLosesNoRefreshToken(t *testing.T) {
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
