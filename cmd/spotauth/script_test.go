package main

import (
	"archive/zip"
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/spotauth/spotauth/internal/sandbox"
)

// Most tests start this binary as a program, thousands of times. A module whose
// init takes milliseconds, such as jsonschema, is not for the tests of this package.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"spotauth": func() { leaveTerminal(); main() },
		"person":   atTerminal,
		"xdg-open": browserStandIn,
		"storm":    storm,
		"await":    awaitFile,
	})
}

// TestScripts runs the real main against the stand-in, with the login in a file.
func TestScripts(t *testing.T) {
	t.Parallel()
	runScripts(t, scriptsIn(t, "testdata/script"), func(*testscript.Env) ([]string, error) { return []string{"STORE=file"}, nil })
}

// TestScriptsKeychain runs the same scripts, each with a session bus and an
// unlocked gnome-keyring of its own.
func TestScriptsKeychain(t *testing.T) {
	if testing.Short() {
		t.Skip("only make test runs the scripts again with a keychain")
	}
	needKeychain(t)
	runScripts(t, scriptsIn(t, "testdata/script"), withKeychain)
	runScripts(t, scriptsIn(t, "testdata/keychain"), withKeychain)
}

func withKeychain(env *testscript.Env) ([]string, error) {
	address, stop, err := startKeychain(env.Getenv("HOME"), keychainUnlocked)
	if err != nil {
		return nil, err
	}
	env.Defer(stop)
	return []string{"STORE=keychain", "DBUS_SESSION_BUS_ADDRESS=" + address}, nil
}

func scriptsIn(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts in %s: %v", dir, err)
	}
	return files
}

func runScripts(t *testing.T, files []string, store func(*testscript.Env) ([]string, error)) {
	testscript.RunT(&scriptT{T: t}, testscript.Params{
		Files: files,
		Setup: func(env *testscript.Env) error {
			home := filepath.Join(env.WorkDir, "home")
			if err := os.MkdirAll(home, 0o700); err != nil {
				return err
			}
			user := userAt(home)
			for name, value := range user.env {
				env.Setenv(name, value)
			}
			env.Setenv("CONFIG", user.config)
			env.Setenv("STATE", user.state)
			env.Setenv("DISPLAY", ":0")               // the browser stand-in needs none
			env.Setenv("GORACE", "atexit_sleep_ms=0") // a second for each command otherwise
			env.Setenv("BROWSER_MODE", "agree")
			vars, err := store(env)
			env.Vars = append(env.Vars, vars...)
			self := env.T().(*scriptT)
			env.Values[scriptKey{}] = self
			env.Defer(func() { self.sweepFiles(env.WorkDir) })
			return err
		},
		Cmds:                commands,
		Condition:           scriptCondition,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	})
}

type scriptKey struct{}

func scriptCondition(cond string) (bool, error) {
	if cond == "root" {
		return os.Getuid() == 0, nil
	}
	return false, fmt.Errorf("unknown condition %q", cond)
}

// scriptT keeps everything that a script's commands printed, and at its end
// looks for the secrets that its stand-ins gave or were given.
type scriptT struct {
	*testing.T
	log     strings.Builder
	servers []*sandbox.Server
}

func (s *scriptT) Verbose() bool { return true } // so that the whole log is given to Log

func (s *scriptT) Log(args ...any) { fmt.Fprintln(&s.log, args...) }

func (s *scriptT) Run(name string, f func(testscript.T)) {
	s.T.Run(name, func(t *testing.T) {
		sub := &scriptT{T: t}
		defer func() {
			sub.sweep("what the commands printed", sub.log.String(), strings.HasPrefix(name, "token"))
			for _, server := range sub.servers {
				server.Close()
			}
			if t.Failed() || testing.Verbose() {
				t.Log(sub.log.String())
			}
		}()
		f(sub)
	})
}

// sweep is the canary sweep (S-01). Only a script about tokens may print access tokens.
func (s *scriptT) sweep(what, text string, tokens bool) {
	s.Helper()
	for _, server := range s.servers {
		for _, canary := range server.Secrets() {
			if strings.Contains(text, canary) && !(tokens && isAccessToken(server, canary)) {
				s.Errorf("a secret reached %s", what)
				s.log.Reset()
				return
			}
		}
	}
}

// isAccessToken reports whether the stand-in's API was asked with this text.
func isAccessToken(server *sandbox.Server, text string) bool {
	return slices.ContainsFunc(server.Requests(), func(r sandbox.Request) bool {
		return r.Header.Get("Authorization") == "Bearer "+text
	})
}

// sweepFiles sweeps all files that the script left, but the logins that were
// asked to be in files, and those whose name says that a token is in them.
func (s *scriptT) sweepFiles(dir string) {
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil
		}
		if filepath.Base(filepath.Dir(path)) == "logins" || strings.HasPrefix(d.Name(), "token") || strings.Contains(path, "keyrings") {
			return nil
		}
		if text, err := os.ReadFile(path); err == nil {
			s.sweep(strings.TrimPrefix(path, dir), string(text), false)
		}
		return nil
	})
}

// commands are the commands that the scripts have in addition to testscript's own.
var commands = map[string]func(*testscript.TestScript, bool, []string){
	"sandbox":   startSandbox,
	"tell":      tellSandbox,
	"requests":  countRequests,
	"records":   countRecords,
	"exits":     exits,
	"usedtoken": setToken,
	"head":      head,
	"spotipy":   writeSpotipy,
	"elsewhere": agreeElsewhere,
	"zip":       writeZIP,
	"readline":  readLine,
	"mark":      markRefresh,
}

// exits runs a command and asserts its exit status: exits 4 spotauth token
func exits(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

// setToken sets a variable to a token that was used and a line end (B-33): SPOTIFY_ACCESS_TOKEN,
// SPOTAUTH_REFRESH_TOKEN, or to the stand-in's SPOTAUTH_CLIENT_SECRET.
func setToken(ts *testscript.TestScript, neg bool, args []string) {
	server := lastSandbox(ts)
	if args[0] == "SPOTAUTH_CLIENT_SECRET" {
		ts.Setenv(args[0], sandbox.ClientSecret+"\n")
		return
	}
	if args[0] == refreshTokenVar {
		for _, r := range server.Requests() {
			if token := r.Form.Get("refresh_token"); token != "" {
				ts.Setenv(args[0], token+"\n")
				return
			}
		}
	}
	for _, secret := range slices.Backward(server.Secrets()) {
		if isAccessToken(server, secret) {
			ts.Setenv(args[0], secret+"\n")
			return
		}
	}
	ts.Fatalf("no access token was used")
}

// markRefresh makes a file when the stand-in is first asked to refresh a login: mark refreshing
func markRefresh(ts *testscript.TestScript, neg bool, args []string) {
	server, file := lastSandbox(ts), ts.MkAbs(args[0])
	ts.Check(os.RemoveAll(file))
	over := make(chan struct{})
	ts.Defer(func() { close(over) })
	go func() {
		for !slices.ContainsFunc(server.Requests(), isRefresh) {
			select {
			case <-over:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
		_ = os.WriteFile(file, nil, 0o600)
	}()
}

func isRefresh(r sandbox.Request) bool { return r.Form.Get("grant_type") == "refresh_token" }

// head copies the first bytes of a file to another: head 300 login.age short.age
func head(ts *testscript.TestScript, neg bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(ts.ReadFile(args[1])[:n]), 0o600))
}

// writeSpotipy makes the file that spotipy keeps of a login in a file: spotipy default token.cache
func writeSpotipy(ts *testscript.TestScript, neg bool, args []string) {
	names, err := filepath.Glob(filepath.Join(ts.Getenv("SANDBOX_STATE"), "logins", args[0]+"-*"))
	ts.Check(err)
	if len(names) != 1 {
		ts.Fatalf("the logins of %s are %v", args[0], names)
	}
	text, err := spotipyCache(ts.ReadFile(names[0]))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o600))
}

// spotipyCache is the file that spotipy would keep of a login in a file.
func spotipyCache(record string) (string, error) {
	var login struct {
		Refresh string `json:"refresh_token"`
	}
	err := json.Unmarshal([]byte(record), &login)
	return fmt.Sprintf(`{"access_token":"x","refresh_token":%q,"scope":"user-follow-read","expires_at":1}`, login.Refresh), err
}

// readLine sets a variable to the Nth line of a file: readline 1 ID ids.txt
func readLine(ts *testscript.TestScript, neg bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	lines := strings.Split(ts.ReadFile(args[2]), "\n")
	if n > len(lines) || lines[n-1] == "" {
		ts.Fatalf("%s has no line %d", args[2], n)
	}
	ts.Setenv(args[1], strings.TrimSuffix(lines[n-1], "\r"))
}

// writeZIP makes a ZIP as Spotify's account data has them: zip data.zip YourLibrary.json
func writeZIP(ts *testscript.TestScript, neg bool, args []string) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range args[1:] {
		w, err := z.Create("Spotify Account Data/" + name)
		ts.Check(err)
		_, err = io.WriteString(w, ts.ReadFile(name))
		ts.Check(err)
	}
	ts.Check(z.Close())
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b.Bytes(), 0o600))
}

// agreeElsewhere opens the address in a file on a machine where the program does not
// listen, and writes down the address that the browser ends on: elsewhere url token-address
func agreeElsewhere(ts *testscript.TestScript, neg bool, args []string) {
	resp, err := http.DefaultTransport.RoundTrip(httptest.NewRequest(http.MethodGet, strings.TrimSpace(ts.ReadFile(args[0])), nil))
	ts.Check(err)
	resp.Body.Close()
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(resp.Header.Get("Location")+"\n"), 0o600))
}

// startSandbox starts a stand-in with artists=N, tracks=N, names=..., fault=SPEC,
// consent=..., mode=..., client=ID, redirect=URI, rotate. The names are nasty unless
// the script says otherwise.
func startSandbox(ts *testscript.TestScript, neg bool, args []string) {
	o := sandbox.Options{Artists: 120, Seed: 1, Names: sandbox.NamesNasty}
	for _, arg := range args {
		name, value, _ := strings.Cut(arg, "=")
		switch name {
		case "artists":
			n, err := strconv.Atoi(value)
			ts.Check(err)
			o.Artists = n
		case "fault":
			o.Faults = append(o.Faults, value)
		case "consent":
			o.Consent = sandbox.Consent(value)
		case "rotate":
			o.Rotate = true
		case "names":
			o.Names = sandbox.Names(value)
		case "client":
			o.ClientID = value
		case "tracks":
			n, err := strconv.Atoi(value)
			ts.Check(err)
			o.Tracks = n
		case "mode":
			o.Mode = sandbox.Mode(value)
		case "redirect":
			o.RedirectURIs = append(o.RedirectURIs, value)
		default:
			ts.Fatalf("sandbox: unknown option %s", arg)
		}
	}
	server, err := sandbox.New(o)
	ts.Check(err)
	self := scriptOf(ts)
	self.servers = append(self.servers, server)
	ts.Setenv("SPOTAUTH_SANDBOX", server.URL())
	_, address, _ := strings.Cut(server.URL(), "://")
	ts.Setenv("SANDBOX_STATE", filepath.Join(ts.Getenv("STATE"), "sandbox", strings.ReplaceAll(address, ":", "-")))
}

func scriptOf(ts *testscript.TestScript) *scriptT { return ts.Value(scriptKey{}).(*scriptT) }

func lastSandbox(ts *testscript.TestScript) *sandbox.Server {
	servers := scriptOf(ts).servers
	if len(servers) == 0 {
		ts.Fatalf("no sandbox was started")
	}
	return servers[len(servers)-1]
}

// tellSandbox makes something happen on Spotify's side.
func tellSandbox(ts *testscript.TestScript, neg bool, args []string) {
	server := lastSandbox(ts)
	switch args[0] {
	case "expire":
		server.ExpireAccessTokens()
	case "revoke":
		server.RevokeRefreshTokens()
	case "advance":
		d, err := time.ParseDuration(args[1])
		ts.Check(err)
		server.Advance(d)
	case "unfollow": // the first N artists
		n, err := strconv.Atoi(args[1])
		ts.Check(err)
		for _, artist := range server.Artists()[:n] {
			server.Unfollow(artist.ID)
		}
	case "account":
		server.SignInAs(args[1], args[2])
	default:
		ts.Fatalf("tell: unknown event %s", args[0])
	}
}

// countRequests asserts how many requests a path has had: requests 3 /v1/me/following.
// A method may come before the path, and a path may end with *: requests 0 'PUT *'
func countRequests(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	method, path, found := strings.Cut(args[1], " ")
	if !found {
		method, path = "", args[1]
	}
	got := 0
	for _, r := range lastSandbox(ts).Requests() {
		prefix, isPrefix := strings.CutSuffix(path, "*")
		isPath := r.Path == path || isPrefix && strings.HasPrefix(r.Path, prefix)
		if isPath && (method == "" || r.Method == method) && (len(args) < 3 || r.Form.Get("grant_type") == args[2]) {
			got++
		}
	}
	if got != want {
		ts.Fatalf("%d requests %s, want %d", got, args[1], want)
	}
}

// countRecords asserts that an export is whole: it has the artists that the
// stand-in serves, in that order, with their names. records json stdout 120
func countRecords(ts *testscript.TestScript, neg bool, args []string) {
	var ids, names []string
	switch text := ts.ReadFile(args[1]); args[0] {
	case "csv":
		rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		ts.Check(err)
		for _, row := range rows[1:] {
			ids, names = append(ids, row[slices.Index(rows[0], "id")]), append(names, row[slices.Index(rows[0], "name")])
		}
	case "json":
		var rows []struct{ ID, Name string }
		ts.Check(json.Unmarshal([]byte(text), &rows))
		for _, row := range rows {
			ids, names = append(ids, row.ID), append(names, row.Name)
		}
	default:
		ts.Fatalf("records: unknown format %s", args[0])
	}
	served := lastSandbox(ts).Artists()
	if args[2] != strconv.Itoa(len(ids)) || len(ids) > len(served) {
		ts.Fatalf("%d records, want %s of %d", len(ids), args[2], len(served))
	}
	for i, id := range ids {
		if id != served[i].ID || names[i] != strings.ReplaceAll(served[i].Name, "\r\n", "\n") {
			ts.Fatalf("record %d is %s %q, want %s %q", i+1, id, names[i], served[i].ID, served[i].Name)
		}
	}
}

// browserStandIn is the browser of the scripts: the program's opener finds it
// as xdg-open. $BROWSER_MODE says what happens in it. It leaves its arguments
// and environment in $WORK, where the canary sweep reads them.
func browserStandIn() {
	address := os.Args[len(os.Args)-1]
	trace := strings.Join(append(os.Args, os.Environ()...), "\n")
	_ = os.WriteFile(traceFile(), []byte(trace), 0o600)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	consent := "" // the page to which the address leads, once
	for step := range strings.SplitSeq(os.Getenv("BROWSER_MODE"), ",") {
		if err := browse(ctx, step, address, &consent); err != nil {
			fmt.Fprintln(os.Stderr, "xdg-open:", err)
			os.Exit(1)
		}
	}
}

func traceFile() string {
	return filepath.Join(os.Getenv("WORK"), fmt.Sprintf("browser-%d.trace", os.Getpid()))
}

func watchedFile(work string) string { return filepath.Join(work, "watched") }

func browse(ctx context.Context, step, address string, consent *string) (err error) {
	switch step {
	case "agree", "cancel":
		if *consent == "" {
			if *consent, err = followStart(ctx, address); err != nil {
				return err
			}
		}
		if step == "cancel" {
			return sandbox.Cancel(ctx, http.DefaultClient, *consent)
		}
		return sandbox.Agree(ctx, http.DefaultClient, *consent)
	case "look": // at the page, and do nothing
		resp, err := http.Get(address)
		if err == nil {
			resp.Body.Close()
			*consent = cmp.Or(*consent, resp.Request.URL.String())
		}
		return err
	case "noisy":
		fmt.Println("Opening in existing browser session.")
		fmt.Fprintln(os.Stderr, "Gtk-WARNING: something nobody asked about")
	case "slow":
		time.Sleep(300 * time.Millisecond)
	case "watched": // until a test has seen it at work
		for _, err := os.Stat(watchedFile(os.Getenv("WORK"))); err != nil && ctx.Err() == nil; _, err = os.Stat(watchedFile(os.Getenv("WORK"))) {
			time.Sleep(20 * time.Millisecond)
		}
	case "foreground": // until the test is over, for Windows deletes no program that runs
		for _, err := os.Stat(traceFile()); err == nil && ctx.Err() == nil; _, err = os.Stat(traceFile()) {
			time.Sleep(20 * time.Millisecond)
		}
	case "fork":
		self, err := os.Executable()
		if err != nil {
			return err
		}
		child := exec.Command(self)
		child.Env = append(os.Environ(), "BROWSER_MODE=foreground")
		child.Stdout, child.Stderr = os.Stdout, os.Stderr
		return child.Start()
	case "fail":
		os.Exit(3)
	case "nothing":
	default:
		return fmt.Errorf("unknown step %q", step)
	}
	return nil
}

// followStart returns the consent page to which the listener sends a browser.
func followStart(ctx context.Context, address string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	consent, err := resp.Location()
	if err != nil {
		return "", fmt.Errorf("the listener answered %s: %w", resp.Status, err)
	}
	return consent.String(), nil
}

// awaitFile waits until there is a file, with a text that matches a pattern if one is given:
// await out 'no browser'
func awaitFile() {
	pattern := regexp.MustCompile(strings.Join(os.Args[2:], " "))
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if text, err := os.ReadFile(os.Args[1]); err == nil && pattern.Match(text) {
			return
		}
	}
	os.Exit(1)
}

// storm runs a command N times at once: exec storm 20 spotauth token
// All must succeed and print the same, which it prints once.
func storm() {
	n, err := strconv.Atoi(os.Args[1])
	if err != nil {
		panic(err)
	}
	outs, errs := make([][]byte, n), make([]error, n)
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			cmd := exec.Command(os.Args[2], os.Args[3:]...)
			cmd.Stderr = os.Stderr
			outs[i], errs[i] = cmd.Output()
		})
	}
	group.Wait()
	for i := range n {
		if errs[i] != nil || !bytes.Equal(outs[i], outs[0]) {
			fmt.Fprintf(os.Stderr, "storm: command %d of %d: %v; stdout:\n%s", i+1, n, errs[i], outs[i])
			os.Exit(1)
		}
	}
	os.Stdout.Write(outs[0])
}
