package main

import (
	"strings"
	"testing"

	"github.com/spotauth/spotauth/internal/sandbox"
)

// L-12: a person is asked before the login of one account replaces that of
// another, and anything but yes leaves the saved one as it was.
func TestLoginAsksBeforeTheAccountChanges(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, keys string
		status     int
		account    string // afterwards
	}{
		{"yes", "y\r", 0, "Mallory M (mallory)"},
		{"no", "n\r", exitOther, "Wren Demo"},
		{"nothing", "\r", exitOther, "Wren Demo"},
		{"Ctrl-D", ctrlD, exitOther, "Wren Demo"},
		{"Ctrl-C", ctrlC, 130, "Wren Demo"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newMachine(t)
			spotify := m.standIn(sandbox.Options{})
			m.signIn()
			spotify.SignInAs("mallory", "Mallory M")
			m.env["BROWSER_MODE"] = "agree"
			login := m.onTerminal(100, nil, "login")
			login.see(`this replaces the login of Wren Demo \(\w+\) with that of Mallory M \(mallory\)`)
			login.see(`replace the saved login\? \[y/N\] $`)
			login.press(tt.keys)
			if r := login.wait(); r.status != tt.status {
				t.Errorf("status %d, want %d; the terminal shows\n%s", r.status, tt.status, r.stderr)
			}
			if r := m.run("status"); !strings.Contains(r.stdout, "account     "+tt.account) {
				t.Errorf("afterwards:\n%s", r.stdout)
			}
		})
	}
}

// S-01: a client secret that is typed does not show, and the failed page's
// address can be pasted after it.
func TestLoginWithATypedSecret(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.standIn(sandbox.Options{Consent: sandbox.ConsentAgree})
	m.canaries = append(m.canaries, sandbox.ClientSecret)
	login := m.onTerminal(100, nil, "login", "--no-browser", "--store", "file", "--profile", "work",
		"--client-id", sandbox.SecretClientID, "--client-secret-stdin")
	login.see(`Paste the client secret \(hidden\): $`)
	login.press(sandbox.ClientSecret + "\r")
	address := answerTo(t, login.consentURL())
	login.see(pastePrompt)
	login.press(address.String() + "\r")
	if r := login.wait(); r.status != 0 || !strings.Contains(r.stderr, "spotauth: signed in as ") ||
		!strings.Contains(r.stderr, "spotauth: next: spotauth artists --profile work\r\n") {
		t.Errorf("status %d; the terminal shows\n%s", r.status, r.stderr)
	}
}
