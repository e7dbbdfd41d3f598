package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/windows"

	"github.com/spotauth/spotauth/internal/sandbox"
)

// TestScriptsCredentialManager runs the scripts with the login in the
// Credential Manager, and leaves nothing there.
func TestScriptsCredentialManager(t *testing.T) {
	runScripts(t, scriptsIn(t, "testdata/script"), func(env *testscript.Env) ([]string, error) {
		env.Defer(func() {
			for _, server := range env.T().(*scriptT).servers {
				cmd := exec.Command("spotauth", "logout", "--all")
				cmd.Env = append(slices.Clone(env.Vars), sandboxVar+"="+server.URL())
				_ = cmd.Run() // fails if a script has broken the settings
			}
		})
		return []string{"STORE=keychain"}, nil
	})
}

// O-03: a list that another program has open, as Excel does, is left as it is, and
// the message says why; so is one that may be written but not replaced.
func TestListThatIsOpenElsewhere(t *testing.T) {
	m := newMachine(t)
	m.standIn(sandbox.Options{Artists: 60})
	m.signIn()
	for name, share := range map[string]uint32{
		"readable": windows.FILE_SHARE_READ,
		"writable": windows.FILE_SHARE_READ | windows.FILE_SHARE_WRITE,
	} {
		t.Run(name, func(t *testing.T) {
			m := m.with(t)
			const old = "id,name,uri,url,image_url\n1,the file of yesterday,,,\n"
			list := filepath.Join(t.TempDir(), "follows.csv")
			if err := os.WriteFile(list, []byte(old), 0o600); err != nil {
				t.Fatal(err)
			}
			path, err := windows.UTF16PtrFromString(list)
			if err != nil {
				t.Fatal(err)
			}
			open, err := windows.CreateFile(path, windows.GENERIC_READ, share, nil, windows.OPEN_EXISTING, 0, 0)
			if err != nil {
				t.Fatal(err)
			}
			r := m.run("artists", "--format", "csv", "--output", list)
			if err := windows.CloseHandle(open); err != nil {
				t.Fatal(err)
			}
			if r.status != exitOutput || !strings.HasPrefix(r.stderr, "spotauth: error: cannot write "+list+": another program has it open; close it there") {
				t.Errorf("status %d: %s", r.status, r.stderr)
			}
			if text, err := os.ReadFile(list); err != nil || string(text) != old {
				t.Errorf("the list holds %q (%v)", text, err)
			}
			if left, err := os.ReadDir(filepath.Dir(list)); err != nil || len(left) != 1 {
				t.Errorf("beside the list: %v (%v)", left, err)
			}
		})
	}
}

// O-02: without a reader it ends as by SIGPIPE, without a word.
func TestReaderIsGone(t *testing.T) {
	m := newMachine(t)
	m.standIn(sandbox.Options{Artists: 60})
	m.signIn()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	artists := m.command("artists", "--format", "csv")
	var stderr strings.Builder
	artists.Stdout, artists.Stderr = w, &stderr
	_ = artists.Run()
	if status := artists.ProcessState.ExitCode(); status != 141 || stderr.String() != "" {
		t.Errorf("status %d: %s", status, stderr.String())
	}
}

// leaveTerminal keeps the program from asking the developer who runs the tests.
func leaveTerminal() {
	_, _, _ = windows.NewLazySystemDLL("kernel32.dll").NewProc("FreeConsole").Call()
}

// atTerminal runs a program with what it shows in a pipe: the tests have no console here.
func atTerminal() {
	cmd := exec.Command(os.Args[1], os.Args[2:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	_ = cmd.Run()
	os.Exit(cmd.ProcessState.ExitCode())
}
