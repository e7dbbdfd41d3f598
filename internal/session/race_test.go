//go:build unix

package session

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// place is a store with what surrounds it, for tests that run over real ones.
type place struct {
	store string
	env   []string
}

// places are the file store and the gnome-keyring, each fresh.
func places(t *testing.T, test func(t *testing.T, p place)) {
	t.Run("file", func(t *testing.T) {
		t.Parallel()
		test(t, place{store: "file"})
	})
	t.Run("keyring", func(t *testing.T) {
		if testing.Short() {
			t.Skip("only make test runs storms on a keychain")
		}
		t.Parallel()
		bus := startBus(t)
		startKeyring(t, bus, t.TempDir(), "pass")
		test(t, place{"keychain", []string{"DBUS_SESSION_BUS_ADDRESS=" + bus}})
	})
}

// T-05: twenty processes meet an expired token and a server that revokes on reuse.
func TestOneOfManyProcessesRefreshes(t *testing.T) {
	t.Parallel()
	places(t, func(t *testing.T, p place) {
		const processes = 20
		server := newEndpoint(t, true, 200*time.Millisecond)
		base := task{Dir: t.TempDir(), Store: p.store, Endpoint: server.URL}
		base.Do = "save"
		if r := base.do(t, p.env...); r.Err != "" {
			t.Fatal(r.Err)
		}
		base.Do = "token"
		var wg sync.WaitGroup
		results := make([]result, processes)
		for i := range processes {
			wg.Go(func() { results[i] = base.do(t, p.env...) })
		}
		wg.Wait()
		if posts, reuses := server.counts(); posts != 1 || reuses != 0 {
			t.Errorf("%d posts and %d reuses, want 1 and 0", posts, reuses)
		}
		for i, r := range results {
			if r.Err != "" || r.Access != "access-1" || r.Refresh != "refresh-1" {
				t.Errorf("process %d: %q, access %q, refresh %q", i, r.Err, r.Access, r.Refresh)
			}
		}
	})
}

// T-05, H-05: twenty processes are told "401" for the same access token.
func TestARefusedTokenIsRefreshedOnce(t *testing.T) {
	t.Parallel()
	server := newEndpoint(t, true, 50*time.Millisecond)
	base := task{Dir: t.TempDir(), Store: "file", Endpoint: server.URL, Do: "save"}
	base.do(t)
	base.Do = "token"
	base.do(t) // now access-1 is good by the clock
	base.Refused = "access-1"
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if r := base.do(t); r.Err != "" || r.Access != "access-2" {
				t.Errorf("%q, access %q", r.Err, r.Access)
			}
		})
	}
	wg.Wait()
	if posts, reuses := server.counts(); posts != 2 || reuses != 0 {
		t.Errorf("%d posts and %d reuses, want 2 and 0", posts, reuses)
	}
}

// T-05: the lock of a killed process is free at once, that of a stopped one ends the
// others' wait with a word of its own.
func TestTheHolderOfTheLock(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		signal syscall.Signal
		class  string
		access string
		posts  int
	}{
		{"killed", syscall.SIGKILL, "", "access-1", 1},
		{"stopped", syscall.SIGSTOP, "Busy", "", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := newEndpoint(t, true, 0)
			base := task{Dir: t.TempDir(), Store: "file", Endpoint: server.URL, Do: "save", Lock: time.Second}
			base.do(t)
			base.Do = "lock"
			holder := base.command()
			out, err := holder.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			stop := start(t, holder)
			if line, _ := bufio.NewReader(out).ReadString('\n'); line != "held\n" {
				t.Fatalf("the holder says %q", line)
			}
			if err := holder.Process.Signal(c.signal); err != nil {
				t.Fatal(err)
			}
			if c.signal == syscall.SIGKILL {
				stop()
			}
			base.Do = "token"
			r := base.do(t)
			if r.Class != c.class || r.Access != c.access || r.Took > 20*time.Second {
				t.Errorf("class %q, access %q after %v", r.Class, r.Access, r.Took)
			}
			if posts, _ := server.counts(); posts != c.posts {
				t.Errorf("%d posts, want %d", posts, c.posts)
			}
		})
	}
}

// T-06: a kill at any moment of a refresh leaves a login that works, or one that says
// that it is dead.
func TestKilledInARefresh(t *testing.T) {
	t.Parallel()
	type want struct {
		class   string
		refresh string // of the login after the next run
		posts   int    // of both runs
	}
	works := func(refresh string, posts int) want { return want{"", refresh, posts} }
	dead := want{"Dead", "", 2}
	for _, c := range []struct {
		step     string
		rotating want
		staying  want
	}{
		{"before proof", works("refresh-1", 1), works("refresh-0", 1)},
		{"half proved", works("refresh-1", 1), works("refresh-0", 1)},
		{"during proof", works("refresh-1", 1), works("refresh-0", 1)},
		{"before post", works("refresh-1", 1), works("refresh-0", 1)},
		{"after answer", dead, works("refresh-0", 2)},
		{"before save", dead, works("refresh-0", 2)},
		{"half saved", dead, works("refresh-0", 2)},
		{"during save", works("refresh-1", 1), works("refresh-0", 1)},
		{"after save", works("refresh-1", 1), works("refresh-0", 1)},
	} {
		for _, rotate := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s rotate=%v", c.step, rotate), func(t *testing.T) {
				places(t, func(t *testing.T, p place) {
					w := c.staying
					if rotate {
						w = c.rotating
					}
					server := newEndpoint(t, rotate, 0)
					base := task{Dir: t.TempDir(), Store: p.store, Endpoint: server.URL, Do: "save"}
					base.do(t, p.env...)
					base.Do, base.Step, base.Signal = "token", c.step, "KILL"
					base.do(t, p.env...)
					base.Step, base.Signal = "", ""
					makeOld(t, base.Dir)
					for range 2 { // the second time it must not ask again
						r := base.do(t, p.env...)
						if r.Class != w.class || r.Refresh != w.refresh || r.Dead != (w.class == "Dead") {
							t.Errorf("class %q (%s), refresh %q, dead %v", r.Class, r.Err, r.Refresh, r.Dead)
						}
					}
					if posts, _ := server.counts(); posts != w.posts {
						t.Errorf("%d posts, want %d", posts, w.posts)
					}
					left, _ := filepath.Glob(base.Dir + "/state/logins/*.json.*")
					if len(left) > 0 {
						t.Errorf("left behind: %q", left)
					}
				})
			})
		}
	}
}

// makeOld makes what a killed process left look as if it had been there for an hour.
func makeOld(t *testing.T, folder string) {
	t.Helper()
	left, _ := filepath.Glob(folder + "/state/logins/*.json.*")
	for _, path := range left {
		if err := os.Chtimes(path, time.Now().Add(-time.Hour), time.Now().Add(-time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
}

// T-06: Ctrl-C between the answer and the save does not lose the new refresh token.
func TestInterruptedInARefresh(t *testing.T) {
	t.Parallel()
	places(t, func(t *testing.T, p place) {
		for _, step := range []string{"before post", "after answer", "before save"} {
			server := newEndpoint(t, true, 0)
			base := task{Dir: t.TempDir(), Store: p.store, Endpoint: server.URL, Do: "save"}
			base.do(t, p.env...)
			base.Do, base.Step, base.Signal = "token", step, "INT"
			base.do(t, p.env...)
			base.Do, base.Step, base.Signal = "load", "", ""
			if r := base.do(t, p.env...); r.Refresh != "refresh-1" {
				t.Errorf("%s: %q, refresh %q", step, r.Err, r.Refresh)
			}
		}
	})
}

// K-04: no secret is in the arguments or the environment of a process that is started.
func TestNoSecretInArguments(t *testing.T) {
	t.Parallel()
	dir := shortDir(t)
	script := "#!/bin/sh\n{ echo \"$0 $*\"; env; } >>" + dir + "/seen\ncat >/dev/null\nexit 1\n"
	if err := os.WriteFile(dir+"/docker-credential-spy", []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	r := task{Do: "save", Dir: t.TempDir(), Store: "helper:spy"}.do(t, "PATH="+dir+":"+os.Getenv("PATH"))
	if r.Class != "Unavailable" {
		t.Errorf("class %q: %s", r.Class, r.Err)
	}
	seen, err := os.ReadFile(dir + "/seen")
	if err != nil || !strings.Contains(string(seen), "docker-credential-spy store") {
		t.Fatalf("the helper was not started: %v %q", err, seen)
	}
	if strings.Contains(string(seen), "refresh-0") || strings.Contains(string(seen), "access-0") {
		t.Errorf("a token was in reach of others: %s", seen)
	}
}
