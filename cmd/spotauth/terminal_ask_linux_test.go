package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spotauth/spotauth/internal/sandbox"
)

// inShell runs a command line on a terminal, so that some of its streams can go elsewhere.
func (m *machine) inShell(line string) *terminal {
	m.Helper()
	cmd := exec.Command("sh", "-c", line)
	cmd.Env = append(m.command().Env, onTerminalVar+"=1")
	return m.sitAt(cmd, 100, nil)
}

// Commands that ask for something on a terminal say what is missing, and ask for nothing that
// they can't use.
func TestNothingIsEnteredOnTheTerminal(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.standIn(sandbox.Options{Artists: 3})
	m.signIn()
	for _, tt := range []struct {
		args []string
		see  string
		says string
	}{
		{[]string{"session", "export"}, `Choose a passphrase \(hidden\): $`, "spotauth: error: no passphrase was entered\r\n"},
		{[]string{"session", "import"}, "", "spotauth: error: spotauth session import needs FILE, or its content on stdin\r\n" +
			"spotauth: hint: run \"spotauth session import --help\"\r\n"},
		{[]string{"login", "--finish"}, "", "spotauth: error: no sign-in is waiting to be finished (it must be within 10 minutes)\r\n" +
			"spotauth: hint: run \"spotauth login --begin\"\r\n"},
	} {
		p := m.onTerminal(100, nil, tt.args...)
		if tt.see != "" {
			p.see(tt.see)
			p.press(ctrlD)
		}
		if r := p.wait(); r.status != exitUsage || !strings.HasSuffix(r.stderr, tt.says) {
			t.Errorf("%v: status %d; the terminal shows\n%s", tt.args, r.status, r.stderr)
		}
	}
}

// Passphrases and confirmations come from the terminal, wherever stdin, stdout and stderr lead.
func TestAPassphraseIsAskedForOnTheTerminal(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.canaries = append(m.canaries, "correct-horse")
	spotify := m.standIn(sandbox.Options{Artists: 3})
	m.signIn()
	parcel := filepath.Join(t.TempDir(), "login.age")

	export := m.inShell("spotauth session export < /dev/null > " + parcel + " 2> " + parcel + ".log")
	export.see(`Choose a passphrase \(hidden\): $`)
	export.press("\r")
	export.see(`Choose a passphrase \(hidden\): \r\nChoose a passphrase \(hidden\): $`)
	export.press("correct-horse\r")
	export.see(`Confirm the passphrase \(hidden\): $`)
	export.press("correct-horse\r")
	if r := export.wait(); r.status != 0 {
		t.Fatalf("export: status %d; the terminal shows\n%s", r.status, r.stderr)
	}
	if text, _ := os.ReadFile(parcel + ".log"); string(text) != "spotauth: the passphrase must not be empty\n" {
		t.Errorf("stderr has %q", text)
	}

	again := m.inShell("spotauth session export > " + os.DevNull)
	again.see(`Choose a passphrase \(hidden\): $`)
	again.press("correct-horse\r")
	again.see(`Confirm the passphrase \(hidden\): $`)
	again.press("wrong-horse\r")
	if r := again.wait(); r.status != exitUsage || !strings.Contains(r.stderr, "spotauth: error: the two passphrases differ\r\n") {
		t.Errorf("status %d; the terminal shows\n%s", r.status, r.stderr)
	}

	spotify.SignInAs("mallory", "Mallory M")
	m.env["BROWSER_MODE"] = "agree"
	if r := m.run("login", "--store", "file", "--profile", "taken"); r.status != 0 {
		t.Fatal(r.stderr)
	}
	take := m.inShell("spotauth session import --profile taken < " + parcel + " | cat")
	take.see(`Enter the passphrase \(hidden\): $`)
	take.press("correct-horse\r")
	take.see(`\[y/N\] $`)
	take.press("y\r")
	if r := take.wait(); r.status != 0 || !strings.Contains(r.stderr, "Wren Demo") {
		t.Errorf("import: status %d; the terminal shows\n%s", r.status, r.stderr)
	}
	if r := m.run("whoami", "--profile", "taken"); !strings.Contains(r.stdout, "Wren Demo") {
		t.Errorf("afterwards:\n%s", r.stdout)
	}
}

// A client secret is read from stdin, and not asked for, if stdin is no terminal.
func TestAClientSecretOnStdinIsNotAskedFor(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.standIn(sandbox.Options{})
	m.env["BROWSER_MODE"] = "agree"
	m.canaries = append(m.canaries, sandbox.ClientSecret)
	login := m.inShell("echo " + sandbox.ClientSecret + " | spotauth login --store file --client-secret-stdin --client-id " + sandbox.SecretClientID)
	if r := login.wait(); r.status != 0 || strings.Contains(r.stderr, "client secret:") {
		t.Errorf("status %d; the terminal shows\n%s", r.status, r.stderr)
	}
}
