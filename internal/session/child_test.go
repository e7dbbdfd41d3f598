//go:build unix

package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/spotauth/spotauth/internal/secret"
)

// task is what a child process does: this test binary, started again, so that locks,
// kills and D-Bus connections are those of real processes.
type task struct {
	Do          string // probe, load, save, forget, token, lock
	Dir         string
	Store       string
	Interactive bool
	Endpoint    string        // of the token endpoint
	Refused     string        // the access token to be refused
	Step        string        // where to end: see killAt
	Signal      string        // how: KILL, INT
	Lock, Call  time.Duration // shorter timeouts
	CallNotice  time.Duration
}

// result is what the child tells about it.
type result struct {
	Err, Hint       string
	Class           string // the sentinel
	Access, Refresh string
	Dead            bool
	Waiting         []string
	Took            time.Duration
}

func TestMain(m *testing.M) {
	if text := os.Getenv("SESSION_TEST_TASK"); text != "" {
		var c task
		if err := json.Unmarshal([]byte(text), &c); err != nil {
			panic(err)
		}
		_ = json.NewEncoder(os.Stdout).Encode(c.run())
		return
	}
	os.Exit(m.Run())
}

// command starts a task in a process of its own.
func (c task) command(env ...string) *exec.Cmd {
	text, err := json.Marshal(c)
	if err != nil {
		panic(err)
	}
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	cmd := exec.Command(self)
	// The race detector would wait for a second at the end of every child.
	cmd.Env = append([]string{"GORACE=atexit_sleep_ms=0", "PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "SESSION_TEST_TASK=" + string(text)}, env...)
	return cmd
}

// do runs a task to its end.
func (c task) do(t *testing.T, env ...string) result {
	t.Helper()
	cmd := c.command(env...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil && c.Signal == "" {
		t.Errorf("%s: %v\n%s", c.Do, err, stderr.String())
	}
	var r result
	if err := json.Unmarshal(out, &r); err != nil && c.Signal == "" {
		t.Errorf("%s: %v in %q", c.Do, err, out)
	}
	return r
}

func (c task) run() (r result) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT)
	defer stop()
	var mu sync.Mutex
	s, err := Open(Options{
		ConfigDir: c.Dir + "/config", StateDir: c.Dir + "/state", Settings: Settings{ClientID: testClient, Store: c.Store}, Refresh: c.refresh,
		BusAddress: os.Getenv("DBUS_SESSION_BUS_ADDRESS"), Interactive: c.Interactive,
		Waiting: func(what string) { mu.Lock(); defer mu.Unlock(); r.Waiting = append(r.Waiting, what) },
	})
	if err != nil {
		return result{Err: err.Error()}
	}
	c.impatient(s)
	if c.Step != "" {
		s.store = records{killStore{s.store.(records).items, c, new(int)}}
	}
	var l Login
	began := time.Now()
	switch c.Do {
	case "probe":
		err = s.Probe(ctx)
	case "load":
		l, err = s.Load(ctx)
	case "save":
		err = s.Save(ctx, testLogin())
	case "forget":
		err = s.Forget(ctx)
	case "token":
		l, err = s.Token(ctx, 0, secret.New(c.Refused))
		c.killAt("after save")
	case "lock":
		_, err = s.hold(ctx)
		fmt.Println("held")
		time.Sleep(time.Minute)
	}
	mu.Lock()
	defer mu.Unlock()
	r.Took = time.Since(began)
	r.Access, r.Refresh, r.Dead = l.Access.Reveal(), l.Refresh.Reveal(), l.Dead != nil
	if err != nil {
		r.Err, r.Class = err.Error(), class(err)
	}
	if fault := (*StoreError)(nil); errors.As(err, &fault) {
		r.Hint = fault.Hint
	}
	return r
}

func (c task) impatient(s *Session) {
	p := s.timeouts
	p.settle = 50 * time.Millisecond // these processes share their locks
	if c.Lock > 0 {
		p.lock = c.Lock
	}
	if c.Call > 0 {
		p.call = c.Call
	}
	if c.CallNotice > 0 {
		p.callNotice = c.CallNotice
	}
	s.timeouts = p
	s.store, _ = openStore(s.settings.Store, s.options.stateFolder()+"/logins", s.options, p)
}

// killAt ends the process, or interrupts it, at a step.
func (c task) killAt(step string) {
	if c.Step != step {
		return
	}
	if c.Signal == "INT" {
		_ = syscall.Kill(os.Getpid(), syscall.SIGINT)
		time.Sleep(300 * time.Millisecond) // the context is cancelled by another goroutine
		return
	}
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}

// killStore ends the process around a write: the one that proves the store, or the one
// that saves what a refresh brought.
type killStore struct {
	items
	task   task
	writes *int
}

func (k killStore) set(ctx context.Context, id recordKey, data string) error {
	*k.writes++
	before, half, during := "before proof", "half proved", "during proof"
	if *k.writes > 1 {
		before, half, during = "before save", "half saved", "during save"
	}
	k.task.killAt(before)
	if f, ok := k.items.(files); ok && k.task.Step == half { // what a kill inside writeFile leaves
		_ = os.WriteFile(f.path(id)+".123", []byte(data[:len(data)/2]), 0o600)
	}
	k.task.killAt(half)
	err := k.items.set(ctx, id, data)
	k.task.killAt(during)
	return err
}

// refresh asks the endpoint of a test.
func (c task) refresh(ctx context.Context, l Login) (Tokens, error) {
	c.killAt("before post")
	if ctx.Err() != nil {
		return Tokens{}, ctx.Err()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.Endpoint, strings.NewReader(url.Values{"refresh_token": {l.Refresh.Reveal()}}.Encode()))
	if err != nil {
		return Tokens{}, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return Tokens{}, errors.New("the endpoint cannot be reached")
	}
	defer resp.Body.Close()
	var body struct{ Access, Refresh, Error string }
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil {
		return Tokens{}, err
	}
	c.killAt("after answer")
	if body.Error != "" {
		return Tokens{}, fmt.Errorf("%w: %s", ErrDead, body.Error)
	}
	return Tokens{Access: secret.New(body.Access), Refresh: secret.New(body.Refresh), ExpiresIn: time.Hour}, nil
}

// endpoint is a token endpoint. When it rotates it revokes every refresh token at its
// first use, as Spotify did until 2026; a second use is "invalid_grant".
type endpoint struct {
	*httptest.Server
	mu     sync.Mutex
	rotate bool
	delay  time.Duration
	good   string // the refresh token
	posts  int
	reuses int
}

func newEndpoint(t *testing.T, rotate bool, delay time.Duration) *endpoint {
	e := &endpoint{rotate: rotate, delay: delay, good: testLogin().Refresh.Reveal()}
	e.Server = httptest.NewServer(e)
	t.Cleanup(e.Close)
	return e
}

func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	e.posts++
	body := map[string]string{}
	if r.PostFormValue("refresh_token") != e.good {
		e.reuses++
		body["Error"] = "invalid_grant"
	} else {
		body["Access"] = fmt.Sprintf("access-%d", e.posts)
		if e.rotate {
			e.good = fmt.Sprintf("refresh-%d", e.posts)
			body["Refresh"] = e.good
		}
	}
	e.mu.Unlock()
	time.Sleep(e.delay)
	_ = json.NewEncoder(w).Encode(body)
}

func (e *endpoint) counts() (posts, reuses int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.posts, e.reuses
}
