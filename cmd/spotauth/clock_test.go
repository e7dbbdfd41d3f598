package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/spotauth/spotauth/internal/auth"
	"github.com/spotauth/spotauth/internal/sandbox"
	"github.com/spotauth/spotauth/internal/spotify"
)

// A program is spotauth in this process, with a clock and an environment that
// the test sets, in front of a stand-in.
type program struct {
	t      *testing.T
	server *sandbox.Server
	now    time.Time
	env    map[string]string
	state  string            // the program's folder
	dial   http.RoundTripper // nil: the real one
}

func newProgram(t *testing.T, o sandbox.Options) *program {
	o.Names = cmp.Or(o.Names, sandbox.NamesNasty)
	server, err := sandbox.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	user := userAt(t.TempDir())
	user.env[sandboxVar] = server.URL()
	user.env["BROWSER"] = "curl -sSLo " + os.DevNull
	return &program{t: t, server: server, state: user.state, now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.Local), env: user.env}
}

var processors = runtime.GOMAXPROCS(0)

func (b *program) run(args ...string) (status int, stdout, stderr string) {
	b.t.Helper()
	defer runtime.GOMAXPROCS(processors) // an export changes both for its process
	defer debug.SetGCPercent(100)
	var out, errs bytes.Buffer
	a := newApp(strings.NewReader(""), &out, &errs)
	a.now = func() time.Time { return b.now }
	a.environ = b.environ()
	if b.dial != nil {
		a.transport = b.dial
	}
	status = a.run(b.t.Context(), args)
	return status, out.String(), errs.String()
}

func (b *program) environ() (all []string) {
	for name, value := range b.env {
		all = append(all, name+"="+value)
	}
	return all
}

func (b *program) login(flags ...string) {
	b.t.Helper()
	// The opener would be a copy of the test; sign in without it.
	status, address, stderr := b.run(append([]string{"login", "--begin", "--store", "file"}, flags...)...)
	if status != 0 {
		b.t.Fatal(stderr)
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Get(strings.TrimSpace(address))
	if err != nil {
		b.t.Fatal(err)
	}
	resp.Body.Close()
	var out, errs bytes.Buffer
	a := newApp(strings.NewReader(resp.Header.Get("Location")), &out, &errs)
	a.now, a.environ = func() time.Time { return b.now }, b.environ()
	if status := a.run(b.t.Context(), []string{"login", "--finish", "--store", "file"}); status != 0 {
		b.t.Fatal(errs.String())
	}
}

// T-04: the consent lasts six months; from 14 days before its end every command says so.
func TestConsentClock(t *testing.T) {
	t.Parallel()
	b := newProgram(t, sandbox.Options{Artists: 2, Consent: sandbox.ConsentAgree})
	b.login()
	consent := b.now
	for _, tt := range []struct {
		days   int
		warns  string
		status string
		within int // exit status of status --check --within 14d
	}{
		{0, "", "login ends  23 May 2027 (in 181 days)", 0},
		{165, "", "(in 16 days)", 0},
		{166, "", "(in 15 days)", 0},
		{167, "this login ends by 23 May 2027 (in 14 days); run \"spotauth login\"", "(in 14 days)", 4},
		{180, "this login ends by 23 May 2027 (tomorrow); run \"spotauth login\"", "(tomorrow)", 4},
		{181, "this login ends by 23 May 2027 (today); run \"spotauth login\"", "(today)", 4},
		{184, "this login ends by 23 May 2027 (overdue); run \"spotauth login\"", "(overdue)", 4},
	} {
		b.now = consent.Add(time.Duration(tt.days) * 24 * time.Hour) // whether summer time begins or not
		for _, command := range []string{"artists", "whoami", "token"} {
			status, _, stderr := b.run(command)
			if status != 0 {
				t.Fatalf("day %d, %s: status %d: %s", tt.days, command, status, stderr)
			}
			if got := strings.Count(stderr, "spotauth: warning: "); tt.warns == "" && got != 0 || tt.warns != "" && (got != 1 || !strings.Contains(stderr, tt.warns)) {
				t.Errorf("day %d, %s: want warning %q, got %q", tt.days, command, tt.warns, stderr)
			}
		}
		if _, stdout, _ := b.run("status"); !strings.Contains(stdout, tt.status) {
			t.Errorf("day %d: status says\n%s", tt.days, stdout)
		}
		if status, _, stderr := b.run("status", "--check", "--within", "14d"); status != tt.within {
			t.Errorf("day %d: --within 14d gives %d: %s", tt.days, status, stderr)
		}
	}
}

// T-07: a clock that was set wrong costs a refresh and nothing else.
func TestClockSetWrong(t *testing.T) {
	t.Parallel()
	b := newProgram(t, sandbox.Options{Artists: 2, Consent: sandbox.ConsentAgree})
	b.login()
	start := b.now
	for _, shift := range []time.Duration{-24 * time.Hour, 24 * time.Hour, 10 * 365 * 24 * time.Hour, 0} {
		b.now = start.Add(shift)
		if status, _, stderr := b.run("artists"); status != 0 {
			t.Errorf("clock off by %v: status %d: %s", shift, status, stderr)
		}
	}
}

type panicking struct{ text string }

func (p panicking) RoundTrip(*http.Request) (*http.Response, error) {
	panic(errors.New(p.text))
}

// S-02, B-52: a bug ends as one line and status 70, with the place where it happened, without what the panic carried.
func TestPanicEndsInOneLine(t *testing.T) {
	t.Parallel()
	b := newProgram(t, sandbox.Options{Artists: 2, Consent: sandbox.ConsentAgree})
	b.login()
	const canary = "canary-in-a-panic"
	b.dial = panicking{canary}
	for _, command := range []string{"whoami", "artists"} {
		status, stdout, stderr := b.run(command)
		if status != 70 || stdout != "" || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: status %d, stdout %q, stderr %q", command, status, stdout, stderr)
		}
		if !strings.HasPrefix(stderr, "spotauth: error: internal error at clock_test.go:") ||
			!strings.Contains(stderr, "; please report it at https://github.com/spotauth/spotauth/issues, with the version: ") || strings.Contains(stderr, canary) {
			t.Errorf("%s: stderr %q", command, stderr)
		}
	}
}

// L-20: the hosts are constants; nothing in the environment but the stand-in's
// address changes them.
func TestHostsAreConstants(t *testing.T) {
	if auth.Origin != "https://accounts.spotify.com" || spotify.Origin != "https://api.spotify.com" {
		t.Errorf("%s %s", auth.Origin, spotify.Origin)
	}
}

// L-17: SIGTERM is 143, as shells count it.
func TestStatusOfASignal(t *testing.T) {
	ctx, stop := context.WithCancelCause(context.Background())
	stop(signalError{15})
	if status, ok := signalStatus(ctx); !ok || status != 143 {
		t.Errorf("%d %v", status, ok)
	}
	if _, ok := signalStatus(t.Context()); ok {
		t.Error("a context that nobody ended has a status")
	}
}
