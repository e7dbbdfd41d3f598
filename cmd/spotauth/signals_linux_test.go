package main

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/spotauth/spotauth/internal/sandbox"
)

// B-42: a file that never comes does not keep the first Ctrl-C from ending the program.
func TestCtrlCEndsTheWaitForAFile(t *testing.T) {
	for _, args := range [][]string{{"login", "--store", "file", "--import"}, {"session", "import", "--store", "file"}} {
		t.Run(args[0], func(t *testing.T) {
			m := newMachine(t)
			m.standIn(sandbox.Options{})
			fifo := filepath.Join(t.TempDir(), "fifo")
			if err := syscall.Mkfifo(fifo, 0o600); err != nil {
				t.Fatal(err)
			}
			p := m.onTerminal(100, nil, append(args, fifo)...)
			time.Sleep(200 * time.Millisecond) // for it to open the file
			p.press(ctrlC)
			if r := p.wait(); r.status != 130 {
				t.Errorf("status %d; the terminal shows\n%s", r.status, r.stderr)
			}
		})
	}
}

// B-18: Ctrl-C between the answer and the save does not lose a token that Spotify has replaced.
func TestCtrlCDuringAnImport(t *testing.T) {
	m := newMachine(t)
	spotify := m.standIn(sandbox.Options{Rotate: true, Faults: []string{"refresh:delay=500ms"}})
	m.signIn()
	logins, _ := filepath.Glob(filepath.Join(userAt(m.home).state, "sandbox", "*", "logins", "default-*"))
	if len(logins) != 1 {
		t.Fatalf("the logins are %q", logins)
	}
	record, err := os.ReadFile(logins[0])
	if err != nil {
		t.Fatal(err)
	}
	text, err := spotipyCache(string(record))
	if err != nil {
		t.Fatal(err)
	}
	cache := filepath.Join(t.TempDir(), ".cache")
	if err := os.WriteFile(cache, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p := m.onTerminal(100, nil, "login", "--profile", "taken", "--store", "file", "--import", cache)
	awaitRequest(t, spotify, func(r sandbox.Request) bool { return r.Form.Get("grant_type") == "refresh_token" })
	p.press(ctrlC)
	if r := p.wait(); r.status != 130 {
		t.Errorf("status %d; the terminal shows\n%s", r.status, r.stderr)
	}
	if r := m.run("whoami", "--profile", "taken"); r.status != 0 {
		t.Errorf("the imported login is lost: status %d; stderr:\n%s", r.status, r.stderr)
	}
}
