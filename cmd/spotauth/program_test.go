package main

import (
	"bytes"
	"cmp"
	"errors"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spotauth/spotauth/internal/sandbox"
)

// patience is how long a test waits for what should have happened long before.
const patience = 2 * time.Minute

// tooLong is more than a program takes that waits for nothing, or a few seconds for an
// answer, even if the computer is busy.
const tooLong = 20 * time.Second

// A machine is what a user runs the program on: a home and an environment of its own.
// Whatever its programs print is swept for secrets (S-01).
type machine struct {
	*testing.T
	spotauth string // the name of the program, or its path
	home     string
	env      map[string]string
	servers  []*sandbox.Server
	canaries []string // secrets that no stand-in knows of
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	m := &machine{T: t, spotauth: "spotauth", env: map[string]string{
		"PATH":         os.Getenv("PATH"),
		"GOCOVERDIR":   os.Getenv("GOCOVERDIR"),
		"GORACE":       "atexit_sleep_ms=0", // or each program takes a second more to end
		"WORK":         t.TempDir(),
		"DISPLAY":      ":0",
		"BROWSER_MODE": "nothing",
	}}
	m.moveTo(t.TempDir())
	return m
}

func (m *machine) moveTo(home string) {
	m.home = home
	maps.Copy(m.env, userAt(home).env)
}

// A user has all files below one folder, and the stand-in for a browser.
type user struct {
	config, state string            // the program's folders
	env           map[string]string // what says so
}

func userAt(home string) user {
	config, state := filepath.Join(home, "config"), filepath.Join(home, "state")
	u := user{config: filepath.Join(config, "spotauth"), state: filepath.Join(state, "spotauth")}
	switch runtime.GOOS {
	case "windows":
		u.env = map[string]string{"USERPROFILE": home, "AppData": config, "LocalAppData": state, "BROWSER": "xdg-open"}
	case "darwin":
		u.config = filepath.Join(home, "Library", "Application Support", "spotauth")
		u.state = filepath.Join(u.config, "state")
		u.env = map[string]string{"HOME": home, "BROWSER": "xdg-open"}
	default: // here the opener looks for xdg-open by itself
		u.env = map[string]string{"HOME": home, "XDG_CONFIG_HOME": config, "XDG_STATE_HOME": state}
	}
	return u
}

// with is the same machine for a part of the test, which may change its environment.
func (m *machine) with(t *testing.T) *machine {
	part := *m
	part.T, part.env = t, maps.Clone(m.env)
	return &part
}

// standIn starts a Spotify that the machine's programs talk to.
func (m *machine) standIn(o sandbox.Options) *sandbox.Server {
	m.Helper()
	o.Names = cmp.Or(o.Names, sandbox.NamesNasty)
	server, err := sandbox.New(o)
	if err != nil {
		m.Fatal(err)
	}
	m.Cleanup(func() { server.Close() })
	m.servers = append(m.servers, server)
	m.env[sandboxVar] = server.URL()
	return server
}

// signIn leaves a login of the stand-in in a file.
func (m *machine) signIn(flags ...string) {
	m.Helper()
	browser := m.env["BROWSER_MODE"]
	m.env["BROWSER_MODE"] = "agree"
	if r := m.run(append([]string{"login", "--store", "file"}, flags...)...); r.status != 0 {
		m.Fatalf("signing in: status %d: %s", r.status, r.stderr)
	}
	m.env["BROWSER_MODE"] = browser
}

func (m *machine) command(args ...string) *exec.Cmd {
	cmd := exec.Command(m.spotauth, args...)
	for _, name := range slices.Sorted(maps.Keys(m.env)) {
		cmd.Env = append(cmd.Env, name+"="+m.env[name])
	}
	return cmd
}

// A result is how a program ended.
type result struct {
	stdout, stderr string
	status         int // -1 if a signal killed it
	took           time.Duration
}

// run runs the program to its end.
func (m *machine) run(args ...string) result {
	m.Helper()
	return m.start(m.command(args...)).wait()
}

// A process is a program that runs.
type process struct {
	*machine
	cmd            *exec.Cmd
	stdout, stderr output
	started        time.Time
	took           time.Duration
	ended          chan struct{}
}

// start starts a program whose output only the test reads.
func (m *machine) start(cmd *exec.Cmd) *process {
	m.Helper()
	p := &process{machine: m, cmd: cmd}
	cmd.Stdout, cmd.Stderr = &p.stdout, &p.stderr
	cmd.WaitDelay = time.Second
	p.started = time.Now()
	if err := cmd.Start(); err != nil {
		m.Fatal(err)
	}
	p.watch()
	return p
}

// watch waits for the end, and sees to it that there is one.
func (p *process) watch() {
	p.ended = make(chan struct{})
	go func() {
		defer close(p.ended)
		_ = p.cmd.Wait() // the state has it all
		p.took = time.Since(p.started)
	}()
	p.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.ended
	})
}

// wait waits for the end of the program and sweeps what it printed.
func (p *process) wait() result {
	p.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.Fatalf("%v has not ended in %v; stderr so far:\n%s", p.cmd.Args, patience, p.stderr.String())
	}
	r := result{p.stdout.String(), p.stderr.String(), p.cmd.ProcessState.ExitCode(), p.took}
	p.sweep("stdout", r.stdout)
	p.sweep("stderr", r.stderr)
	return r
}

// sweep looks for secrets that should not be there.
func (m *machine) sweep(what, text string) {
	m.Helper()
	canaries := m.canaries
	for _, server := range m.servers {
		canaries = append(slices.Clone(canaries), server.Secrets()...)
	}
	for _, canary := range canaries {
		if strings.Contains(text, canary) {
			m.Errorf("a secret reached %s", what)
			return
		}
	}
}

// consentURL is the address that a login prints for the browser.
func (p *process) consentURL() string {
	p.Helper()
	return p.stderr.await(p, `(?m)^(https?://\S+/authorize\?\S+)\r?\n`)
}

// files are the names of all files below the machine's home.
func (m *machine) files() []string {
	m.Helper()
	var names []string
	err := filepath.WalkDir(m.home, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			name, _ := filepath.Rel(m.home, path)
			names = append(names, filepath.ToSlash(name))
		}
		return err
	})
	if err != nil {
		m.Fatal(err)
	}
	return names
}

// output is what a program has printed so far.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return standInNote.ReplaceAllString(o.text.String(), "")
}

// standInNote is what every program says on a terminal with a stand-in. Few tests are about
// it.
var standInNote = regexp.MustCompile(`spotauth: using the stand-in at \S+, not Spotify\r?\n`)

// await waits until the output matches and returns the (first group of the) match.
func (o *output) await(t testing.TB, pattern string) string {
	t.Helper()
	re := regexp.MustCompile(pattern)
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if m := re.FindStringSubmatch(o.String()); m != nil {
			return m[len(m)-1]
		}
	}
	t.Fatalf("no %s in:\n%s", pattern, o.String())
	return ""
}

// traces are what the browser stand-ins of the machine left: one for each that
// was started, with its arguments and environment.
func (m *machine) traces() map[string]string {
	m.Helper()
	names, err := filepath.Glob(filepath.Join(m.env["WORK"], "browser-*.trace"))
	if err != nil {
		m.Fatal(err)
	}
	all := map[string]string{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			m.Fatal(err)
		}
		all[name] = string(text)
	}
	return all
}
