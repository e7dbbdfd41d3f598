package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/spotauth/spotauth/internal/sandbox"
)

const (
	realToken  = "AQ-refresh-token-of-a-real-login"
	realSecret = "0123456789abcdef0123456789abcdef"
)

// B-03: no way into the program leads a real secret to a stand-in's address, or a
// stand-in's to Spotify. docs/security.md lists these ways by the same names.
func TestSecretsGoToTheirOwnSpotify(t *testing.T) {
	t.Parallel()
	standIns := sandbox.TokenPrefix + "made-up"
	ways := []struct {
		way string
		run func(m *machine, token, clientSecret string) []result
	}{
		{"`SPOTAUTH_REFRESH_TOKEN`", func(m *machine, token, _ string) []result {
			m.env["SPOTAUTH_REFRESH_TOKEN"] = token
			return m.useLogin()
		}},
		{"`SPOTIFY_ACCESS_TOKEN`", func(m *machine, token, _ string) []result {
			m.env["SPOTIFY_ACCESS_TOKEN"] = token
			return []result{m.run("whoami"), m.run("artists"), m.run("status", "--check")}
		}},
		{"`SPOTAUTH_CLIENT_SECRET`", func(m *machine, token, clientSecret string) []result {
			m.env["SPOTAUTH_CLIENT_SECRET"] = clientSecret
			m.env["SPOTAUTH_REFRESH_TOKEN"] = m.matchingToken()
			return append(m.useLogin(), m.finishLogin("made-up"))
		}},
		{"`login --client-secret-stdin`", func(m *machine, token, clientSecret string) []result {
			return []result{m.runWith(clientSecret, "login", "--client-secret-stdin", "--store", "file", "--import", m.spotipyCache(m.matchingToken()))}
		}},
		{"`login --import`", func(m *machine, token, _ string) []result {
			return []result{m.run("login", "--store", "file", "--import", m.spotipyCache(token))}
		}},
		{"`login --finish`, or a URL pasted into a terminal", func(m *machine, token, _ string) []result {
			return []result{m.finishLogin("of-another-login")}
		}},
		{"`session import`", func(m *machine, token, _ string) []result {
			elsewhere := m.with(m.T)
			elsewhere.moveTo(m.TempDir())
			delete(elsewhere.env, sandboxVar)
			elsewhere.keepInFile(token)
			elsewhere.env["SPOTAUTH_PASSPHRASE"] = "correct horse"
			sealed := elsewhere.run("session", "export")
			if sealed.status != 0 {
				m.Fatalf("exporting: %s", sealed.stderr)
			}
			m.env["SPOTAUTH_PASSPHRASE"] = "correct horse"
			m.runWith(sealed.stdout, "session", "import", "--store", "file")
			return m.useLogin()
		}},
		{"a keychain item, a helper's answer or a login file", func(m *machine, token, _ string) []result {
			m.keepInFile(token)
			results := m.useLogin()
			if runtime.GOOS != "windows" {
				m.keepWithHelper(token)
				results = append(results, m.useLogin()...)
			}
			return results
		}},
	}
	told, err := os.ReadFile("../../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range ways {
		if !strings.Contains(string(told), "\n| "+tt.way+" |") {
			t.Errorf("docs/security.md does not list %s", tt.way)
		}
		for _, isReal := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, real=%v", tt.way, isReal), func(t *testing.T) {
				t.Parallel()
				m, contacts := newMachineWithListener(t, isReal)
				token, clientSecret := standIns, sandbox.ClientSecret
				if isReal {
					token, clientSecret = realToken, realSecret
				}
				for _, r := range tt.run(m, token, clientSecret) {
					if r.status == 0 || r.stdout != "" {
						t.Errorf("status %d; stdout %q; stderr:\n%s", r.status, r.stdout, r.stderr)
					}
				}
				if n := contacts.Load(); n > 0 {
					t.Errorf("%d connections", n)
				}
			})
		}
	}
}

// newMachineWithListener is a machine on which a plain listener counts who connects: at a
// stand-in's address, or as the proxy on the way to Spotify.
func newMachineWithListener(t *testing.T, atStandIn bool) (*machine, *atomic.Int64) {
	m := newMachine(t)
	m.canaries = []string{realToken, realSecret}
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	var contacts atomic.Int64
	go func() {
		for conn, err := ln.Accept(); err == nil; conn, err = ln.Accept() {
			contacts.Add(1)
			conn.Close()
		}
	}()
	m.env["SPOTAUTH_CLIENT_ID"] = sandbox.ClientID
	if atStandIn {
		m.env[sandboxVar] = "http://" + ln.Addr().String()
	} else {
		m.env["HTTPS_PROXY"] = "http://" + ln.Addr().String()
	}
	return m, &contacts
}

// matchingToken is a refresh token that may go to the same place as the requests of the machine's
// programs.
func (m *machine) matchingToken() string {
	if m.env[sandboxVar] == "" {
		return realToken
	}
	return sandbox.TokenPrefix + "made-up"
}

// useLogin runs commands that would send the login's refresh token.
func (m *machine) useLogin() []result {
	m.Helper()
	return []result{m.run("token"), m.run("whoami"), m.run("artists"), m.run("exec", "--", "spotauth", "version")}
}

func (m *machine) runWith(stdin string, args ...string) result {
	m.Helper()
	cmd := m.command(args...)
	cmd.Stdin = strings.NewReader(stdin)
	return m.start(cmd).wait()
}

// finishLogin ends a login that --begin began, by an address with this state or its own.
func (m *machine) finishLogin(state string) result {
	m.Helper()
	begun := m.run("login", "--begin", "--store", "file")
	u, err := url.Parse(strings.TrimSpace(begun.stdout))
	if err != nil || begun.status != 0 {
		m.Fatalf("beginning: status %d, %v: %s", begun.status, err, begun.stderr)
	}
	if state == "made-up" {
		state = u.Query().Get("state")
	}
	return m.runWith(u.Query().Get("redirect_uri")+"?code=AQmade-up&state="+state, "login", "--finish")
}

func (m *machine) spotipyCache(token string) string {
	m.Helper()
	name := filepath.Join(m.TempDir(), "spotipy.cache")
	text := fmt.Sprintf(`{"access_token":"x","refresh_token":%q,"scope":"user-follow-read","expires_at":1}`, token)
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		m.Fatal(err)
	}
	return name
}

const savedLogin = `{"version":1,"client_id":"` + sandbox.ClientID + `","account":{"id":"wren","name":"Wren"},"scopes":["user-follow-read"],"refresh_token":%q}`

// keepInFile saves a login as --store file does.
func (m *machine) keepInFile(token string) {
	m.Helper()
	sum := sha256.Sum256([]byte(m.env[sandboxVar] + "\x00default\x00" + sandbox.ClientID))
	config, state := m.folders()
	m.putFile(filepath.Join(config, "config.toml"), "[profile.default]\nclient_id = \""+sandbox.ClientID+"\"\nstore = \"file\"\n", 0o600)
	m.putFile(filepath.Join(state, "logins", "default-"+hex.EncodeToString(sum[:8])+".json"), fmt.Sprintf(savedLogin, token), 0o600)
}

// keepWithHelper puts a helper into PATH that returns a login to any caller.
func (m *machine) keepWithHelper(token string) {
	m.Helper()
	config, _ := m.folders()
	m.putFile(filepath.Join(config, "config.toml"), "[profile.default]\nclient_id = \""+sandbox.ClientID+"\"\nstore = \"helper:any\"\n", 0o600)
	answer := fmt.Sprintf(`{"ServerURL":"x","Username":"spotauth","Secret":%q}`, fmt.Sprintf(savedLogin, token))
	bin := filepath.Join(m.home, "bin")
	m.putFile(filepath.Join(bin, "docker-credential-any"), "#!/bin/sh\ncat <<'END'\n"+answer+"\nEND\n", 0o700)
	m.env["PATH"] = bin + string(filepath.ListSeparator) + m.env["PATH"]
}

// folders are those of the program's settings and state, for the Spotify in use.
func (m *machine) folders() (config, state string) {
	user := userAt(m.home)
	address, atStandIn := strings.CutPrefix(m.env[sandboxVar], "http://")
	if !atStandIn {
		return user.config, user.state
	}
	state = filepath.Join(user.state, "sandbox", strings.ReplaceAll(address, ":", "-"))
	return state, state
}

func (m *machine) putFile(name, text string, mode os.FileMode) {
	m.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		m.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), mode); err != nil {
		m.Fatal(err)
	}
}
