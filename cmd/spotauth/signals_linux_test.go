package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/spotauth/spotauth/internal/sandbox"
)

// B-42: a file that never comes does not keep the first Ctrl-C from ending the program.
func TestCtrlCEndsTheWaitForAFile(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"login", "--store", "file", "--import"}, {"session", "import", "--store", "file"}} {
		t.Run(args[0], func(t *testing.T) {
			m := newMachine(t)
			m.standIn(sandbox.Options{})
			fifo := filepath.Join(t.TempDir(), "fifo")
			if err := syscall.Mkfifo(fifo, 0o600); err != nil {
				t.Fatal(err)
			}
			p := m.onTerminal(100, nil, append(args, fifo)...)
			for end := time.Now().Add(patience); time.Now().Before(end) && !p.blocked("wait_for_partner"); time.Sleep(5 * time.Millisecond) {
			} // in open(2) of the file
			p.press(ctrlC)
			if r := p.wait(); r.status != 130 {
				t.Errorf("status %d; the terminal shows\n%s", r.status, r.stderr)
			}
		})
	}
}

// savedLogin reads the file of the only login.
func (m *machine) savedLogin() (name, record string) {
	m.Helper()
	logins, _ := filepath.Glob(filepath.Join(userAt(m.home).state, "sandbox", "*", "logins", "default-*"))
	if len(logins) != 1 {
		m.Fatalf("the logins are %q", logins)
	}
	text, err := os.ReadFile(logins[0])
	if err != nil {
		m.Fatal(err)
	}
	return logins[0], string(text)
}

// cacheOfLogin writes the saved login as spotipy would.
func (m *machine) cacheOfLogin() string {
	m.Helper()
	_, record := m.savedLogin()
	text, err := spotipyCache(record)
	if err != nil {
		m.Fatal(err)
	}
	cache := filepath.Join(m.TempDir(), ".cache")
	if err := os.WriteFile(cache, []byte(text), 0o600); err != nil {
		m.Fatal(err)
	}
	return cache
}

// B-18: Ctrl-C between the answer and the save does not lose a token that Spotify has replaced.
func TestCtrlCDuringAnImport(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	spotify := m.standIn(sandbox.Options{Rotate: true, Faults: []string{"refresh:delay=2s"}})
	m.signIn()
	cache := m.cacheOfLogin()
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

// B-11: Ctrl-C reaches the command of "sandbox -- CMD" once, from the terminal.
func TestCtrlCReachesTheCommandOfASandboxOnce(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	p := m.onTerminal(100, nil, "sandbox", "--", "sh", "-c",
		`trap 'echo caught' INT; trap 'exit 5' TERM; echo ready; while :; do :; done`)
	p.see("ready")
	p.press(ctrlC)
	p.see("caught")
	time.Sleep(300 * time.Millisecond) // for a second one to arrive
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	if r := p.wait(); r.status != 5 || strings.Count(r.stderr, "caught") != 1 {
		t.Errorf("status %d; the terminal shows\n%s", r.status, r.stderr)
	}
}

// B-11: nor is it passed on. The command here is out of the terminal's reach, so that two
// signals can't become one.
func TestCtrlCIsNotPassedOnByASandbox(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("setsid"); err != nil {
		t.Skip("needs setsid")
	}
	m := newMachine(t)
	p := m.onTerminal(100, nil, "sandbox", "--", "setsid", "sh", "-c",
		`trap 'echo caught' INT; trap 'exit 5' TERM; echo ready; while :; do sleep 0.1; done`)
	p.see("ready")
	p.press(ctrlC)
	time.Sleep(500 * time.Millisecond) // for it to arrive
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	if r := p.wait(); r.status != 5 || strings.Contains(r.stderr, "caught") {
		t.Errorf("status %d; the terminal shows\n%s", r.status, r.stderr)
	}
}

// B-37: the first Ctrl-\ ends a command as Ctrl-C does, the second one at once, both without
// a dump of the program's stacks.
func TestQuitFromTheKeyboard(t *testing.T) {
	t.Parallel()
	const ctrlBackslash = "\x1c"
	check := func(t *testing.T, p *terminal) {
		t.Helper()
		select {
		case <-p.ended:
		case <-time.After(patience):
		}
		if status, shown := p.cmd.ProcessState.ExitCode(), p.stderr.String(); status != 131 || strings.Contains(shown, "goroutine") {
			t.Errorf("status %d; the terminal shows\n%s", status, shown)
		}
	}
	t.Run("once", func(t *testing.T) {
		m := newMachine(t)
		m.standIn(sandbox.Options{})
		login := m.onTerminal(100, nil, "login", "--store", "file")
		login.see(pastePrompt)
		login.press(ctrlBackslash)
		check(t, login)
	})
	t.Run("twice", func(t *testing.T) {
		m := newMachine(t)
		spotify := m.standIn(sandbox.Options{Faults: []string{"exchange:expires_in=1", "refresh:hang"}})
		m.signIn()
		whoami := m.onTerminal(100, nil, "whoami") // the first one does not end a refresh
		awaitRequest(t, spotify, func(r sandbox.Request) bool { return r.Form.Get("grant_type") == "refresh_token" })
		whoami.press(ctrlBackslash)
		time.Sleep(200 * time.Millisecond) // for the first to have its effect: none
		whoami.press(ctrlBackslash)
		check(t, whoami)
	})
}

// B-38: a login in the background is not stopped for touching the terminal. It does not ask there.
func TestLoginInTheBackground(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.standIn(sandbox.Options{})
	m.env["BROWSER_MODE"] = "slow,slow,agree"
	cmd := m.command()
	cmd.Path, cmd.Args = "/bin/bash", []string{"bash", "-c", `set -m; spotauth login --store file & wait $!; echo "status $?"`}
	shell := m.sitAt(cmd, 100, nil)
	shell.see("status 0")
	if r := shell.wait(); strings.Contains(r.stderr, "paste its URL") {
		t.Errorf("the terminal shows\n%s", r.stderr)
	}
}

// The first signal ends a command without a reader: its stdout or stderr is a full pipe, or
// a terminal that has been stopped.
func TestSignalsEndACommandThatNobodyReads(t *testing.T) {
	t.Parallel()
	commands := [][]string{
		{"status"}, {"status", "--json"}, {"token"}, {"whoami"}, {"profile", "list"}, {"doctor"}, {"login", "--begin"},
		{"sandbox"}, {"session", "export"}, {"artists", "--limit", "1"}, {"demo"},
		{"diff", "old.csv", "new.csv"}, {"api", "me"}, {"restore", "old.csv", "--dry-run"},
		{"completion", "bash"}, {"help", "paths"},
	}
	for _, args := range commands {
		for _, full := range []string{"stdout", "stderr"} {
			if args[0] == "sandbox" && full == "stderr" {
				continue // it writes nothing there, and does not end
			}
			t.Run(strings.Join(args, " ")+" "+full, func(t *testing.T) {
				t.Parallel()
				m := newMachine(t)
				m.standIn(sandbox.Options{Artists: 3})
				m.signIn()
				m.env["SPOTAUTH_PASSPHRASE"] = "correct-horse"
				p := &process{machine: m, cmd: m.command(append([]string{"--debug"}, args...)...)}
				p.cmd.Dir = t.TempDir()
				list := "id,name,uri,url,image_url\n"
				for _, artist := range []string{"old.csv", "new.csv"} {
					list += strings.Repeat(artist[:1], 22) + ",Name,,,\n"
					if err := os.WriteFile(filepath.Join(p.cmd.Dir, artist), []byte(list), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				reader, writer := fullPipe(t)
				defer reader.Close()
				p.cmd.Stdout, p.cmd.Stderr = writer, &p.stderr
				if full == "stderr" {
					p.cmd.Stdout, p.cmd.Stderr = &p.stdout, writer
				}
				p.cmd.WaitDelay = time.Second
				p.started = time.Now()
				if err := p.cmd.Start(); err != nil {
					t.Fatal(err)
				}
				writer.Close()
				p.watch()
				for end := time.Now().Add(patience); time.Now().Before(end) && !p.blocked("pipe_write"); time.Sleep(20 * time.Millisecond) {
					select {
					case <-p.ended:
						t.Skip("it has written nothing there")
					default:
					}
				}
				_ = p.cmd.Process.Signal(syscall.SIGINT)
				if r := p.wait(); r.status != 130 {
					t.Errorf("status %d after %v; stderr:\n%s", r.status, r.took, r.stderr)
				}
			})
		}
	}
}

// B-02: nor does exec run its command after a signal that ended its last words before it.
func TestSignalBeforeTheCommandOfExec(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.standIn(sandbox.Options{})
	m.signIn()
	name, record := m.savedLogin()
	old := time.Now().AddDate(0, 0, -175).UTC().Format(time.RFC3339)
	ending := regexp.MustCompile(`"authorized_at":"[^"]*"`).ReplaceAllString(record, `"authorized_at":"`+old+`"`)
	m.putFile(name, ending, 0o600)

	p := &process{machine: m, cmd: m.command("exec", "--", "echo", "it ran")}
	reader, writer := fullPipe(t)
	defer reader.Close()
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, writer // for the warning that the login ends
	p.cmd.WaitDelay = time.Second
	p.started = time.Now()
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	writer.Close()
	p.watch()
	for end := time.Now().Add(patience); time.Now().Before(end) && !p.blocked("pipe_write"); time.Sleep(20 * time.Millisecond) {
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	if r := p.wait(); r.status != 143 || r.stdout != "" {
		t.Errorf("status %d; stdout %q", r.status, r.stdout)
	}
}

// B-02: a signal that arrives while the default actions are put back is not lost.
func TestSignalAsTheDefaultActionsReturn(t *testing.T) {
	runtime.LockOSThread() // the kernel delivers a signal to the calling thread before tgkill returns
	defer runtime.UnlockOSThread()
	for range 100 {
		_, stop := withSignals(t.Context())
		if err := unix.Tgkill(os.Getpid(), unix.Gettid(), unix.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if err := stop(); err != (signalError{syscall.SIGTERM}) {
			t.Fatalf("stop returns %v", err)
		}
	}
}

// blocked reports whether a thread of the program waits in that function of the kernel.
func (p *process) blocked(in string) bool {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/wchan", p.cmd.Process.Pid))
	for _, thread := range threads {
		if where, _ := os.ReadFile(thread); strings.HasSuffix(string(where), in) {
			return true
		}
	}
	return false
}

// fullPipe is a pipe that holds as much as it can.
func fullPipe(t *testing.T) (reader, writer *os.File) {
	t.Helper()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	size, err := unix.FcntlInt(writer.Fd(), unix.F_SETPIPE_SZ, 4096)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := writer.Write(make([]byte, size)); err != nil {
		t.Fatal(err)
	}
	return reader, writer
}

// A person who starts a sandbox is told how to use it and how to end it. A pipe gets only its address.
func TestSandboxAloneOnATerminal(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	var stdout output
	p := m.onTerminal(100, &stdout, "sandbox")
	p.see("press Ctrl-C to stop\r\n")
	address := stdout.await(t, `^(\S+)\n$`)
	if want := "spotauth: in another terminal: export SPOTAUTH_SANDBOX=" + address + "\r\n" +
		"spotauth: without a browser, add --consent agree; \"spotauth sandbox --help\" has an example\r\n"; !strings.Contains(p.stderr.String(), want) {
		t.Errorf("the terminal shows\n%s", p.stderr.String())
	}
	m.env[sandboxVar], m.env["BROWSER_MODE"] = address, "agree"
	if r := m.run("login", "--store", "file"); r.status != 0 {
		t.Fatalf("login: status %d: %s", r.status, r.stderr)
	}
	p.press(ctrlC)
	if r := p.wait(); r.status != 130 {
		t.Errorf("status %d; the terminal shows\n%s", r.status, r.stderr)
	}
	if left, _ := filepath.Glob(filepath.Join(userAt(m.home).state, "sandbox", "*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}
