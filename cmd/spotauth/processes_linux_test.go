package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/spotauth/spotauth/internal/sandbox"
)

// K-04, S-01: what every process can see of every other, its arguments, and
// what those of the same user can see, its environment, hold no secret while a
// person signs in, a token is refreshed and the login is forgotten.
func TestNoSecretAmongProcesses(t *testing.T) {
	t.Parallel()
	needKeychain(t)
	m := newMachine(t)
	spotify := m.standIn(sandbox.Options{Artists: 3, Rotate: true, Faults: []string{"page=1:delay=1s"}}) // enough to be seen
	m.env["BROWSER_MODE"] = "watched,agree"
	m.env["DBUS_SESSION_BUS_ADDRESS"] = keychainOn(keychainUnlocked)(m)
	seen := map[string]bool{}
	watch := func(stdin string, args ...string) {
		t.Helper()
		cmd := m.command(args...)
		cmd.Stdin = strings.NewReader(stdin)
		p := m.start(cmd)
		for watching := true; watching; time.Sleep(time.Millisecond) {
			select {
			case <-p.ended:
				watching = false
			default:
				look(cmd.Process.Pid, seen)
				if strings.Contains(all(seen), "xdg-open") {
					m.write(watchedFile(m.env["WORK"]), "")
				}
			}
		}
		if r := p.wait(); r.status != 0 {
			t.Fatalf("%q: status %d; stderr:\n%s", args, r.status, r.stderr)
		}
	}
	watch(sandbox.ClientSecret+"\n", "login", "--client-id", sandbox.SecretClientID, "--client-secret-stdin")
	spotify.ExpireAccessTokens()
	watch("", "artists", "--format", "csv")
	watch("", "logout")

	for _, program := range []string{"spotauth\x00login", openerCmd, "xdg-open", "spotauth\x00artists", "BROWSER_MODE=watched,agree"} {
		if !strings.Contains(all(seen), program) {
			t.Errorf("%q was not seen", program)
		}
	}
	if n := len(spotify.Secrets()); n < 6 {
		t.Errorf("only %d secrets to look for", n)
	}
	m.sweep("the arguments or the environment of a process", all(seen))
}

func all(seen map[string]bool) string {
	return strings.Join(slices.Collect(maps.Keys(seen)), "\n")
}

// S-01: a browser outlives the sign-in by days, and inherits none of the secrets
// in the environment of the shell.
func TestBrowserInheritsNoSecret(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.standIn(sandbox.Options{Artists: 3})
	m.env["BROWSER_MODE"] = "agree"
	for _, name := range []string{"SPOTAUTH_REFRESH_TOKEN", "SPOTAUTH_CLIENT_SECRET", "SPOTIFY_ACCESS_TOKEN", "SPOTAUTH_PASSPHRASE"} {
		m.env[name] = "canary-" + name
		m.canaries = append(m.canaries, m.env[name])
	}
	if r := m.run("login", "--store", "file"); r.status != 0 {
		t.Fatalf("status %d; stderr:\n%s", r.status, r.stderr)
	}
	if len(m.traces()) != 1 {
		t.Errorf("%d browsers were started", len(m.traces()))
	}
	for _, text := range m.traces() {
		m.sweep("the browser", text)
	}
}

// look adds the arguments and the environments of a process and all below it.
func look(root int, seen map[string]bool) {
	add := func(pid int) {
		for _, what := range []string{"cmdline", "environ"} {
			if text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, what)); err == nil {
				seen[string(text)] = true
			}
		}
	}
	add(root) // the rest takes a while on a busy machine
	parents := map[int]int{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range stats {
		pid, _ := strconv.Atoi(strings.Split(name, "/")[2])
		stat, err := os.ReadFile(name)
		if err != nil {
			continue // has just ended
		}
		fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
		parents[pid], _ = strconv.Atoi(string(fields[1]))
	}
	for pid := range parents {
		above := pid
		for above != root && above > 1 {
			above = parents[above]
		}
		if above == root {
			add(pid)
		}
	}
}
