package session

import (
	"os"
	"path/filepath"
	"testing"
)

// What a stand-in leaves that was killed goes when another one ends. What runs stays, and so
// does what a stand-in with a port of its own keeps for the next time.
func TestEndOfASandbox(t *testing.T) {
	t.Parallel()
	o := fileOptions(t)
	at := func(port string) Options {
		o := o
		o.Sandbox = "http://127.0.0.1:" + port
		if err := mustOpen(t, o).Save(t.Context(), testLogin()); err != nil {
			t.Fatal(err)
		}
		return o
	}
	write(t, filepath.Join(at("1001").stateFolder(), temporary), "") // killed
	running, err := BeginSandbox(at("1002"), true)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(at("1003").stateFolder(), temporary), "") // killed, and now runs with --port
	if _, err := BeginSandbox(at("1003"), false); err != nil {
		t.Fatal(err)
	}
	if _, err := BeginSandbox(at("1005"), false); err != nil { // --port from the beginning
		t.Fatal(err)
	}
	end, err := BeginSandbox(at("1004"), true)
	if err != nil {
		t.Fatal(err)
	}
	left := func() (names string) {
		entries, _ := os.ReadDir(filepath.Join(o.StateDir, "sandbox"))
		for _, entry := range entries {
			names += " " + entry.Name()
		}
		return names
	}
	if err := end(t.Context()); err != nil || left() != " 127.0.0.1-1002 127.0.0.1-1003 127.0.0.1-1005" {
		t.Errorf("%v, left:%s", err, left())
	}
	if err := running(t.Context()); err != nil || left() != " 127.0.0.1-1003 127.0.0.1-1005" {
		t.Errorf("%v, left:%s", err, left())
	}
}
