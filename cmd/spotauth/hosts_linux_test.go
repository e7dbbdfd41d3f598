package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"maps"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spotauth/spotauth/internal/sandbox"
)

// The program as it is, real host names included: it is made to reach the
// stand-in by nothing but a proxy and a certificate authority, as a company's
// network would. Go reads SSL_CERT_FILE on Linux.

const (
	accountsHost = "accounts.spotify.com"
	apiHost      = "api.spotify.com"
)

// L-20, H-02, T-02, T-01: every request goes to the right host in the right
// form; the bearer to the API alone, one POST for each grant, no Authorization
// header for a public client; and nothing else goes out.
func TestRealHosts(t *testing.T) {
	t.Parallel()
	m, spotify, proxy := realHosts(t)

	login := m.start(m.command("login", "--no-browser", "--store", "file"))
	consent := login.consentURL()
	if !strings.HasPrefix(consent, "https://"+accountsHost+"/authorize?") {
		t.Errorf("consent is asked for at %.40s", consent)
	}
	if err := sandbox.Agree(t.Context(), m.browser(), consent); err != nil {
		t.Fatal(err)
	}
	if r := login.wait(); r.status != 0 || r.stdout != "" {
		t.Fatalf("login: status %d; stdout %q; stderr:\n%s", r.status, r.stdout, r.stderr)
	}
	artists := m.run("artists")
	var list []struct{ ID string }
	if err := json.Unmarshal([]byte(artists.stdout), &list); err != nil || len(list) != 120 || artists.status != 0 {
		t.Errorf("artists: status %d, %d artists, %v; stderr:\n%s", artists.status, len(list), err, artists.stderr)
	}
	if r := m.run("whoami"); r.status != 0 || !strings.HasPrefix(r.stdout, "Wren Demo (") {
		t.Errorf("whoami: status %d; stdout %q; stderr:\n%s", r.status, r.stdout, r.stderr)
	}
	if r := m.run("api", "https://api.spotify.com/v1/me/following?type=artist", "--paginate", "--jq", ".artists.items | length"); r.status != 0 || r.stdout != "120\n" {
		t.Errorf("api: status %d; stdout %q; stderr:\n%s", r.status, r.stdout, r.stderr)
	}
	if r := m.run("api", "-X", "PUT", "me/library", "--query", "uris=spotify:album:0OdUWJ0sBjDrqHygGUXeCF"); r.status != exitLogin || r.stdout != "" {
		t.Errorf("api, without the scope: status %d; stdout %q; stderr:\n%s", r.status, r.stdout, r.stderr)
	}
	spotify.ExpireAccessTokens()
	if r := m.run("whoami"); r.status != 0 || r.stderr != "" {
		t.Errorf("whoami, refreshed: status %d; stderr:\n%s", r.status, r.stderr)
	}

	want := []string{
		"GET accounts.spotify.com/authorize?client_id,code_challenge,code_challenge_method,redirect_uri,response_type,scope,state", // the browser's
		"POST accounts.spotify.com/authorize?client_id,code_challenge,code_challenge_method,redirect_uri,response_type,scope,state [account,decision]",
		"POST accounts.spotify.com/api/token [client_id,code,code_verifier,grant_type=authorization_code,redirect_uri]",
		"GET api.spotify.com/v1/me Bearer",
		"GET api.spotify.com/v1/me/following?limit=50,type=artist Bearer",
		"GET api.spotify.com/v1/me/following?after,limit=50,type=artist Bearer",
		"GET api.spotify.com/v1/me/following?after,limit=50,type=artist Bearer",
		"GET api.spotify.com/v1/me Bearer",
		"GET api.spotify.com/v1/me/following?limit=50,type=artist Bearer",
		"GET api.spotify.com/v1/me/following?after,limit=50,type=artist Bearer",
		"GET api.spotify.com/v1/me/following?after,limit=50,type=artist Bearer",
		"PUT api.spotify.com/v1/me/library?uris Bearer",
		"GET api.spotify.com/v1/me Bearer", // 401
		"POST accounts.spotify.com/api/token [client_id,grant_type=refresh_token,refresh_token]",
		"GET api.spotify.com/v1/me Bearer",
	}
	requests := spotify.Requests()
	if got := inWords(requests); !slices.Equal(got, want) {
		t.Errorf("the requests are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	checkExchange(t, consent, requests[2])
	if hosts := proxy.hosts(); !slices.Equal(hosts, []string{"CONNECT " + accountsHost + ":443", "CONNECT " + apiHost + ":443"}) {
		t.Errorf("the proxy was asked for %q", hosts)
	}
}

// checkExchange holds the token request to the authorization request (RFC 6749
// section 4.1.3, RFC 7636 section 4.5).
func checkExchange(t *testing.T, consent string, exchange sandbox.Request) {
	t.Helper()
	u, err := url.Parse(consent)
	if err != nil {
		t.Fatal(err)
	}
	asked, form := u.Query(), exchange.Form
	for name, want := range map[string]string{"response_type": "code", "code_challenge_method": "S256",
		"scope": "user-follow-read", "client_id": sandbox.ClientID} {
		if asked.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, asked.Get(name), want)
		}
	}
	if form.Get("redirect_uri") != asked.Get("redirect_uri") || form.Get("client_id") != sandbox.ClientID {
		t.Error("the exchange has another redirect URI or client")
	}
	sum := sha256.Sum256([]byte(form.Get("code_verifier")))
	if base64.RawURLEncoding.EncodeToString(sum[:]) != asked.Get("code_challenge") {
		t.Error("the verifier is not that of the challenge")
	}
	if kind := exchange.Header.Get("Content-Type"); kind != "application/x-www-form-urlencoded" {
		t.Errorf("the form is sent as %q", kind)
	}
}

// A login in the environment is used with the real hosts, and kept nowhere.
func TestRealHostsWithALoginInTheEnvironment(t *testing.T) {
	t.Parallel()
	m, spotify, _ := realHosts(t)
	access, refresh := m.signInAtRealHosts()
	m.canaries = append(m.canaries, access, refresh)

	for _, tt := range []struct {
		name string
		env  map[string]string
		dead bool // access tokens so far are
		want []string
		exit int
	}{
		{"refresh token", map[string]string{"SPOTAUTH_CLIENT_ID": sandbox.ClientID, "SPOTAUTH_REFRESH_TOKEN": refresh}, false, []string{
			"POST accounts.spotify.com/api/token [client_id,grant_type=refresh_token,refresh_token]",
			"GET api.spotify.com/v1/me Bearer",
		}, 0},
		{"access token", map[string]string{"SPOTAUTH_CLIENT_ID": "", "SPOTIFY_ACCESS_TOKEN": access}, false, []string{
			"GET api.spotify.com/v1/me Bearer",
		}, 0},
		{"dead access token", map[string]string{"SPOTAUTH_CLIENT_ID": "", "SPOTIFY_ACCESS_TOKEN": access}, true, []string{
			"GET api.spotify.com/v1/me Bearer",
		}, exitLogin},
	} {
		t.Run(tt.name, func(t *testing.T) {
			here := m.with(t)
			here.moveTo(t.TempDir()) // if nothing is saved
			maps.Copy(here.env, tt.env)
			if tt.dead {
				spotify.ExpireAccessTokens()
			}
			before := len(spotify.Requests())
			r := here.run("whoami")
			if r.status != tt.exit || (r.stdout == "") != (tt.exit != 0) {
				t.Errorf("status %d, want %d; stdout %q; stderr:\n%s", r.status, tt.exit, r.stdout, r.stderr)
			}
			if got := inWords(spotify.Requests()[before:]); !slices.Equal(got, tt.want) {
				t.Errorf("the requests are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
			if files := here.files(); len(files) > 0 {
				t.Errorf("something was kept: %q", files)
			}
		})
	}
}

// H-08, T-03: an answer of something between the program and Spotify is told from one of
// Spotify, in the same words at both hosts, with what to do about it.
func TestRealHostsOutOfReach(t *testing.T) {
	t.Parallel()
	for _, host := range []struct{ name, fault string }{
		{apiHost, ""},
		{accountsHost, "exchange:expires_in=1"}, // so that a refresh comes first
	} {
		for _, tt := range []struct {
			name    string
			want    failure
			prepare func(*machine, *tunnel)
		}{
			{"proxy wants a password", failure{Code: "proxy", Message: "the proxy from HTTPS_PROXY wants a user name and a password",
				Hint: "set HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT"},
				func(_ *machine, proxy *tunnel) { proxy.answer(http.StatusProxyAuthRequired) }},
			{"proxy refuses", failure{Code: "proxy", Message: "the proxy from HTTPS_PROXY refused to connect to " + host.name + " (status 403)",
				Hint: "allow " + host.name + " in the proxy, or set NO_PROXY=" + host.name + " to connect without it"},
				func(_ *machine, proxy *tunnel) { proxy.answer(http.StatusForbidden) }},
			{"no proxy there", failure{Code: "proxy", Message: "cannot reach the proxy from HTTPS_PROXY: connection refused",
				Hint: "check the address in HTTPS_PROXY, and that the proxy is running"},
				func(m *machine, _ *tunnel) { m.env["HTTPS_PROXY"] = "http://127.0.0.1:1" }},
			{"foreign authority", failure{Code: "certificate", Message: "cannot reach " + host.name + ": its certificate is signed by an unknown authority",
				Hint: "check this machine's clock, and install the certificate of any proxy that inspects TLS"},
				func(m *machine, _ *tunnel) { m.env["SSL_CERT_FILE"] = newAuthority(t).file }},
		} {
			t.Run(host.name+", "+tt.name, func(t *testing.T) {
				t.Parallel() // the pauses between tries are real
				m, spotify, proxy := realHosts(t, host.fault)
				m.signInAtRealHosts()
				tt.prepare(m, proxy)
				before, kept := len(spotify.Requests()), m.kept()
				m.failsWith(tt.want, "whoami")
				if after := len(spotify.Requests()); after != before {
					t.Errorf("%d requests arrived all the same", after-before)
				}
				if m.kept() != kept {
					t.Error("the saved login was changed")
				}
			})
		}
	}
}

// failsWith runs a command that must fail with status 6, and compares all that it prints, as
// text and as JSON.
func (m *machine) failsWith(want failure, args ...string) {
	m.Helper()
	want.Exit = exitNetwork
	asJSON := m.start(m.command(append(args, "--error-format", "json")...)) // both try again for seconds
	text := "spotauth: error: " + want.Message + "\nspotauth: hint: " + want.Hint + "\n"
	if r := m.run(args...); r.status != exitNetwork || r.stdout != "" || r.stderr != text {
		m.Errorf("status %d; stdout %q; stderr:\n%swant:\n%s", r.status, r.stdout, r.stderr, text)
	}
	var got struct{ Error failure }
	r := asJSON.wait()
	if err := json.Unmarshal([]byte(r.stderr), &got); err != nil || r.status != exitNetwork || got.Error != want {
		m.Errorf("status %d; %v; stderr:\n%s", r.status, err, r.stderr)
	}
}

// S-03: the password of a proxy is the proxy's alone, whatever goes wrong.
func TestProxyPassword(t *testing.T) {
	t.Parallel()
	m, spotify, proxy := realHosts(t, "exchange:expires_in=1") // so that a refresh comes first
	m.signInAtRealHosts()
	good := strings.TrimPrefix(m.env["HTTPS_PROXY"], "http://")
	const canary = "Pa55word-canary"
	basic := base64.StdEncoding.EncodeToString([]byte("user:" + canary))
	m.canaries = append(m.canaries, canary, basic)
	malformed := "the proxy address in the environment is malformed"
	for _, tt := range []struct {
		name, address string
		answer        int // of the proxy
		stderr        string
	}{
		{"refused", "http://user:" + canary + "@" + good, http.StatusProxyAuthRequired, "the proxy from HTTPS_PROXY wants a user name and a password"},
		{"proxy in trouble", "http://user:" + canary + "@" + good, http.StatusBadGateway, "the proxy from HTTPS_PROXY refused to connect to accounts.spotify.com (status 502)"},
		{"nobody there", "http://user:" + canary + "@127.0.0.1:1", 0, "connection refused"},
		{"port is no number", "http://user:" + canary + "@127.0.0.1:80port", 0, malformed},
		{"bracket open", "http://user:" + canary + "@[::1", 0, malformed},
		{"space", "user:" + canary + "@ 127.0.0.1:80", 0, malformed},
		{"control character", "http://user:" + canary + "\x7f@127.0.0.1:80", 0, malformed},
		{"unknown scheme", "gopher://user:" + canary + "@127.0.0.1:80", 0, malformed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := m.with(t)
			m.env["HTTPS_PROXY"] = tt.address
			proxy.answer(tt.answer)
			commands := [][]string{
				{"whoami", "--debug"},
				{"artists", "--error-format", "json"},
				{"doctor"},
			}
			if tt.stderr == malformed {
				commands = append(commands, []string{"login", "--debug"})
			}
			for _, args := range commands {
				r := m.run(args...)
				if args[0] == "doctor" {
					if r.status != exitOther || strings.Contains(r.stdout, "ok    proxy") != (tt.stderr != malformed) {
						t.Errorf("doctor: status %d; stdout:\n%s", r.status, r.stdout)
					}
				} else if r.status != exitNetwork || !strings.Contains(r.stderr, tt.stderr) || r.took > tooLong {
					t.Errorf("%q: status %d after %v; stderr:\n%s", args, r.status, r.took, r.stderr)
				}
			}
		})
	}
	asked := len(proxy.credentials())
	m.env["HTTPS_PROXY"] = "http://user:" + canary + "@" + good
	proxy.answer(0)
	if r := m.run("whoami", "--debug"); r.status != 0 || !slices.Contains(proxy.credentials()[asked:], "Basic "+basic) {
		t.Errorf("the proxy was not given the password: status %d; stderr:\n%s", r.status, r.stderr)
	}
	for _, r := range spotify.Requests() {
		if r.Header.Get("Proxy-Authorization") != "" || strings.Contains(r.Header.Get("Authorization"), basic) {
			t.Errorf("%s got the proxy's password", r.Host)
		}
	}
}

// B-19: GODEBUG makes net/http print what it sends over HTTP/2, so spotauth
// does not speak it, even with a server that does.
func TestGODEBUGPrintsNoToken(t *testing.T) {
	t.Parallel()
	m, spotify, _ := realHosts(t)
	m.env["GODEBUG"] = "http2debug=2"
	access, refresh := m.signInAtRealHosts()
	m.canaries = append(m.canaries, access, refresh)
	spotify.ExpireAccessTokens()
	if r := m.run("artists", "--format", "csv"); r.status != 0 || r.stderr != "" {
		t.Errorf("status %d; stderr:\n%s", r.status, r.stderr)
	}
}

// A stand-in, and a browser's answer, are reached without the proxy.
func TestLoopbackIsNotProxied(t *testing.T) {
	t.Parallel()
	m, _, proxy := realHosts(t)
	proxy.answer(http.StatusBadGateway)
	m.standIn(sandbox.Options{Artists: 3})
	m.env["HTTP_PROXY"] = m.env["HTTPS_PROXY"]
	m.env["http_proxy"] = m.env["HTTPS_PROXY"]
	m.signIn()
	if r := m.run("artists", "--format", "csv"); r.status != 0 || strings.Count(r.stdout, "\n") != 4 {
		t.Errorf("status %d; stdout %q; stderr:\n%s", r.status, r.stdout, r.stderr)
	}
	if hosts := proxy.hosts(); len(hosts) > 0 {
		t.Errorf("the proxy was asked for %q", hosts)
	}
}

// realHosts is a machine on a network where Spotify's names lead to a stand-in.
// Of faults, "" is none.
func realHosts(t *testing.T, faults ...string) (*machine, *sandbox.Server, *tunnel) {
	t.Helper()
	m := newMachine(t)
	faults = slices.DeleteFunc(faults, func(f string) bool { return f == "" })
	spotify := m.standIn(sandbox.Options{Artists: 120, Seed: 1, Faults: faults, TokenPrefix: "BQ"})
	delete(m.env, sandboxVar)
	authority := newAuthority(t)
	front := httptest.NewUnstartedServer(spotify)
	front.TLS = &tls.Config{Certificates: []tls.Certificate{authority.certify(t, accountsHost, apiHost)}}
	front.EnableHTTP2 = true
	front.Config.ErrorLog = log.New(io.Discard, "", 0) // of handshakes that must fail
	front.StartTLS()
	t.Cleanup(front.Close)
	p := newTunnel(t, front.Listener.Addr().String())
	m.env["HTTPS_PROXY"] = p.URL
	m.env["SSL_CERT_FILE"] = authority.file
	m.env["SPOTAUTH_CLIENT_ID"] = sandbox.ClientID
	return m, spotify, p
}

// browser is a client that knows the machine's proxy and authority.
func (m *machine) browser() *http.Client {
	m.Helper()
	pool := x509.NewCertPool()
	file, err := os.ReadFile(m.env["SSL_CERT_FILE"])
	if err != nil || !pool.AppendCertsFromPEM(file) {
		m.Fatalf("reading the authority: %v", err)
	}
	address, err := url.Parse(m.env["HTTPS_PROXY"])
	if err != nil {
		m.Fatal(err)
	}
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool},
		Proxy: func(r *http.Request) (*url.URL, error) {
			if ip := net.ParseIP(r.URL.Hostname()); ip != nil && ip.IsLoopback() {
				return nil, nil // as browsers do
			}
			return address, nil
		},
	}
	m.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

// signInAtRealHosts leaves a login in a file and returns its tokens.
func (m *machine) signInAtRealHosts() (access, refresh string) {
	m.Helper()
	login := m.start(m.command("login", "--no-browser", "--store", "file"))
	if err := sandbox.Agree(m.Context(), m.browser(), login.consentURL()); err != nil {
		m.Fatal(err)
	}
	if r := login.wait(); r.status != 0 {
		m.Fatalf("signing in: status %d: %s", r.status, r.stderr)
	}
	var tokens struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
	}
	if err := json.Unmarshal([]byte(m.kept()), &tokens); err != nil || tokens.Access == "" || tokens.Refresh == "" {
		m.Fatalf("the login that was kept cannot be read: %v", err)
	}
	return tokens.Access, tokens.Refresh
}

// kept is the one login in a file, byte for byte.
func (m *machine) kept() string {
	m.Helper()
	names, err := filepath.Glob(filepath.Join(m.home, "state", "spotauth", "logins", "*"))
	if err != nil || len(names) != 1 {
		m.Fatalf("the logins are %q, %v; want one", names, err)
	}
	text, err := os.ReadFile(names[0])
	if err != nil {
		m.Fatal(err)
	}
	return string(text)
}

// inWords tells of each request where it went and what was in it, by name.
func inWords(requests []sandbox.Request) []string {
	var all []string
	for _, r := range requests {
		line := r.Method + " " + r.Host + r.Path
		if len(r.Query) > 0 {
			line += "?" + names(r.Query)
		}
		if len(r.Form) > 0 {
			line += " [" + names(r.Form) + "]"
		}
		if kind, _, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok {
			line += " " + kind
		}
		all = append(all, line)
	}
	return all
}

func names(values url.Values) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		switch name {
		case "grant_type", "limit", "type":
			all = append(all, name+"="+strings.Join(values[name], "+"))
		default:
			all = append(all, name+strings.Repeat("!", len(values[name])-1))
		}
	}
	return strings.Join(all, ",")
}

// A tunnel is a proxy that connects to Spotify's two hosts, at addresses of its own choice,
// and refuses any other.
type tunnel struct {
	*httptest.Server
	upstream string

	mu     sync.Mutex
	asked  []string
	creds  []string
	status int // instead of connecting
}

func newTunnel(t *testing.T, upstream string) *tunnel {
	p := &tunnel{upstream: upstream}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

func (p *tunnel) answer(status int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status = status
}

func (p *tunnel) credentials() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.creds)
}

// hosts are those that were asked for, sorted, each once.
func (p *tunnel) hosts() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Compact(slices.Sorted(slices.Values(p.asked)))
}

func (p *tunnel) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.asked = append(p.asked, r.Method+" "+r.Host)
	p.creds = append(p.creds, r.Header.Get("Proxy-Authorization"))
	status := p.status
	p.mu.Unlock()
	host, _, _ := strings.Cut(r.Host, ":")
	if status == 0 && (r.Method != http.MethodConnect || host != accountsHost && host != apiHost) {
		status = http.StatusForbidden
	}
	if status != 0 {
		w.WriteHeader(status)
		return
	}
	up, err := net.Dial("tcp", p.upstream)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	down, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		up.Close()
		return
	}
	fmt.Fprint(down, "HTTP/1.1 200 Connection established\r\n\r\n")
	go pipe(up, down)
	go pipe(down, up)
}

func pipe(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	to.Close()
}

// An authority certifies names, for those who trust its file.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	file        string
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority of a test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	a := authority{template, key, filepath.Join(t.TempDir(), "ca.pem")}
	var text bytes.Buffer
	if err := pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: der}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(a.file, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return a
}

func (a authority) certify(t *testing.T, hosts ...string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), DNSNames: hosts,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
