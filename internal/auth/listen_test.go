package auth

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// freePort is one that was free a moment ago. It is below those that systems give to whoever
// asks for any port, so that it is still free when it is used.
func freePort(t *testing.T) int {
	t.Helper()
	for range 1000 {
		port := 10000 + rand.IntN(20000)
		if ln, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			ln.Close()
			return port
		}
	}
	t.Fatal("no free port was found")
	return 0
}

func TestCheckRedirectURI(t *testing.T) { // L-07, L-10: loopback IP literals over http, and nothing else
	tests := []struct {
		uri  string
		want string // "" is fine
	}{
		{"http://127.0.0.1/callback", ""},
		{"http://127.0.0.1:5000/spotify/callback", ""},
		{"http://[::1]/callback", ""},
		{"http://[::1]:8888/", ""},
		{"http://127.0.0.1", ""},
		{"http://127.0.0.1:1/a/", ""},
		{"http://127.0.0.1:65535/a", ""},
		{"https://127.0.0.1/callback", "its scheme must be http"},
		{"http://localhost/callback", "its host must be 127.0.0.1 or [::1]"},
		{"http://localhost:8888/callback", "its host must be 127.0.0.1 or [::1]"},
		{"http://127.0.0.2/callback", "its host must be 127.0.0.1 or [::1]"},
		{"http://0.0.0.0:5000/callback", "its host must be 127.0.0.1 or [::1]"},
		{"http://127.0.0.1.evil.example/", "its host must be 127.0.0.1 or [::1]"},
		{"http://[::]:5000/callback", "its host must be 127.0.0.1 or [::1]"},
		{"http://[::ffff:127.0.0.1]/", "its host must be 127.0.0.1 or [::1]"},
		{"http://2130706433/callback", "its host must be 127.0.0.1 or [::1]"},
		{"http://127.0.0.1@evil.example/", "it is not a plain URI such as http://127.0.0.1/callback"},
		{"http://user@127.0.0.1/", "it is not a plain URI such as http://127.0.0.1/callback"},
		{"HTTP://127.0.0.1/callback", "it is not a plain URI such as http://127.0.0.1/callback"},
		{"http://127.0.0.1/%63allback", "it is not a plain URI such as http://127.0.0.1/callback"},
		{"http://127.0.0.1/call back", "it is not a plain URI such as http://127.0.0.1/callback"},
		{"http://127.0.0.1/a\n", "it is not a plain URI such as http://127.0.0.1/callback"},
		{"127.0.0.1/callback", "its scheme must be http"},
		{"", "its scheme must be http"},
		{"http://127.0.0.1:0/callback", "its port must be a number from 1 to 65535"},
		{"http://127.0.0.1:/callback", "its port must be a number from 1 to 65535"},
		{"http://127.0.0.1:65536/callback", "its port must be a number from 1 to 65535"},
		{"http://127.0.0.1:05000/callback", "its port must be a number from 1 to 65535"},
		{"http://127.0.0.1/callback?x=1", "it must have no query and no fragment"},
		{"http://127.0.0.1/callback?", "it must have no query and no fragment"},
		{"http://127.0.0.1/callback#x", "it must have no query and no fragment"},
		{"http://127.0.0.1/a/../callback", "browsers would change its path"},
		{"http://127.0.0.1/./callback", "browsers would change its path"},
		{"http://127.0.0.1//callback", "browsers would change its path"},
	}
	for _, tt := range tests {
		err := CheckRedirectURI(tt.uri)
		got := ""
		if err != nil {
			got = strings.TrimPrefix(err.Error(), ErrRedirectURI.Error()+": ")
		}
		if got != tt.want || errors.Is(err, ErrRedirectURI) != (tt.want != "") {
			t.Errorf("%q: %v", tt.uri, err)
		}
	}
}

func TestCheckClientID(t *testing.T) { // L-06: before the browser opens
	for id, good := range map[string]bool{
		testID:                           true,
		strings.Repeat("0", 32):          true,
		"":                               false,
		testID[1:]:                       false,
		testID + "0":                     false,
		"g" + testID[1:]:                 false,
		" " + testID[1:]:                 false,
		testID[:31] + "\n":               false,
		testID[:15] + "-" + testID[16:]:  false,
		strings.Repeat("é", 16):          false,
		"12345678-1234-1234-1234-123456": false,
	} {
		if err := CheckClientID(id); (err == nil) != good || errors.Is(err, ErrClientID) == good {
			t.Errorf("%q: %v", id, err)
		}
	}
}

func TestNothingGoesToAForeignOrigin(t *testing.T) { // L-20
	for origin, good := range map[string]bool{
		Origin: true, "http://127.0.0.1:8080": true, "http://[::1]:8080": true,
		"https://evil.example": false, "http://accounts.spotify.com": false, "https://accounts.spotify.com/": false,
		"https://accounts.spotify.com.evil.example": false, "http://localhost:8080": false,
		"http://127.0.0.1@evil.example": false, "http://127.0.0.1:80@evil.example": false,
		"http://127.0.0.1": false, "http://127.0.0.1:8080/": false, "https://127.0.0.1:8080": false,
		"http://127.0.0.1:8080?x": false, "http://127.0.0.1:": false, "://": false,
	} {
		_, _, err := Client{Origin: origin, ID: testID}.Begin(Request{})
		if (err == nil) != good {
			t.Errorf("%s: %v", origin, err)
		}
	}
}

// L-18: a port in the redirect URI is kept, with its path, or the login ends
// before a browser opens.
func TestLoginOnAFixedPort(t *testing.T) {
	port := freePort(t)
	uri := fmt.Sprintf("http://127.0.0.1:%d/spotify/callback", port)
	l := start(t, func(c *config) { c.RedirectURI = uri })
	if l.Addr != netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(port)) {
		t.Errorf("waiting at %v", l.Addr)
	}
	if !strings.HasPrefix(l.answerWith("x"), uri+"?") {
		t.Errorf("asked for an answer at %s", l.answerWith("x"))
	}

	c := l.config(t)
	c.RedirectURI = uri
	c.Ready = func(Waiting) { t.Error("the browser was opened") }
	_, err := c.Login(t.Context(), c.Request)
	if want := fmt.Sprintf("cannot listen on 127.0.0.1:%d: the port is in use", port); !errors.Is(err, ErrPortInUse) || err.Error() != want {
		t.Errorf("error %v", err)
	}
	visit(t, l.answerWith("canary-code"))
	l.mustEnd(t)
}

// L-06: a user who waits in vain learns which redirect URI the app must have.
func TestUnansweredLoginNamesTheRedirectURI(t *testing.T) {
	checkUnanswered(t, "", DefaultRedirectURI)
	checkUnanswered(t, "http://127.0.0.1/x", "http://127.0.0.1/x")
	fixed := fmt.Sprintf("http://127.0.0.1:%d/callback", freePort(t))
	checkUnanswered(t, fixed, fixed)
}

func checkUnanswered(t *testing.T, uri, register string) {
	t.Helper()
	c := newAccounts(t).config(t)
	c.RedirectURI, c.Timeout = uri, time.Millisecond
	_, err := c.Login(t.Context(), c.Request)
	var unanswered *UnansweredError
	if !errors.As(err, &unanswered) || !errors.Is(err, ErrTimeout) || unanswered.Register != register {
		t.Errorf("%q: %#v", uri, err)
	}
}

func TestListenErrorKnowsWindows(t *testing.T) { // L-18
	wrap := func(n int) error {
		return &net.OpError{Op: "listen", Err: os.NewSyscallError("bind", syscall.Errno(n))}
	}
	for _, tt := range []struct {
		name string
		err  error
		want error
	}{
		{"in use", wrap(int(syscall.EADDRINUSE)), ErrPortInUse},
		{"in use on Windows", wrap(10048), ErrPortInUse},
		{"privileged", wrap(int(syscall.EACCES)), ErrPortReserved},
		{"reserved on Windows", wrap(10013), ErrPortReserved},
	} {
		if err := listenError("127.0.0.1:80", tt.err); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if err := listenError("h", wrap(int(syscall.EMFILE))); !errors.Is(err, syscall.EMFILE) {
		t.Errorf("another error became %v", err)
	}
}

func TestLoginOnPort80AsBrowsersSpellIt(t *testing.T) { // L-10, L-18: browsers leave port 80 out
	p := Client{Origin: Origin, ID: testID}.newPending(nil, "http://127.0.0.1:80/callback")
	for _, address := range []string{"http://127.0.0.1/callback", "http://127.0.0.1:80/callback"} {
		if _, err := p.readPasted(address + "?code=x&state=" + p.state.Reveal()); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
	if _, err := p.readPasted("http://127.0.0.1:8080/callback?code=x&state=" + p.state.Reveal()); !errors.Is(err, ErrAnswer) {
		t.Errorf("another port: %v", err)
	}
	if got := withoutPort80("127.0.0.1:80"); got != "127.0.0.1" {
		t.Errorf("host %s", got)
	}
}

// L-10: only the loopback interface listens.
func TestLoginListensOnLoopbackAlone(t *testing.T) {
	l := start(t, nil)
	defer func() { visit(t, l.answerWith("canary-code")); l.mustEnd(t) }()
	if !l.Addr.Addr().IsLoopback() {
		t.Errorf("listening on %v", l.Addr)
	}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addrs {
		ip, ok := a.(*net.IPNet)
		if !ok || ip.IP.Equal(net.IPv4(127, 0, 0, 1)) || ip.IP.IsLinkLocalUnicast() {
			continue
		}
		to := net.JoinHostPort(ip.IP.String(), fmt.Sprint(l.Addr.Port()))
		if conn, err := net.DialTimeout("tcp", to, time.Second); err == nil {
			conn.Close()
			t.Errorf("reached at %s", to)
		}
	}
	tables, _ := filepath.Glob("/proc/self/net/tcp*") // none outside Linux
	for _, table := range tables {
		text, err := os.ReadFile(table)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			f := strings.Fields(line)
			const listening, loopback4 = "0A", "0100007F"
			if f[3] == listening && strings.HasSuffix(f[1], fmt.Sprintf(":%04X", l.Addr.Port())) && !strings.HasPrefix(f[1], loopback4) {
				t.Errorf("%s: listening on %s", table, f[1])
			}
		}
	}
}

// L-11: without 127.0.0.1, [::1] is used, and the user learns which redirect URI to
// register.
func TestLoginOnIPv6Alone(t *testing.T) {
	const inside = "SPOTAUTH_TEST_IPV6_ALONE"
	if os.Getenv(inside) == "" {
		runWithoutIPv4(t, inside)
		return
	}
	l := start(t, nil)
	if l.Addr.Addr() != netip.IPv6Loopback() {
		t.Errorf("listening on %v", l.Addr)
	}
	checkUnanswered(t, "", "http://[::1]/callback")
	if status, _ := visit(t, l.answerWith("canary-code")); status != 200 {
		t.Errorf("status %d", status)
	}
	l.mustEnd(t)

	c := l.config(t)
	c.RedirectURI = "http://127.0.0.1:5000/callback"
	c.Ready = func(Waiting) { t.Error("the browser was opened") }
	if _, err := c.Login(t.Context(), c.Request); err == nil || !strings.HasPrefix(err.Error(), "cannot listen on 127.0.0.1:5000: ") {
		t.Errorf("a fixed port on 127.0.0.1: %v", err)
	}
}

// runWithoutIPv4 runs the test that calls it in a network of its own.
func runWithoutIPv4(t *testing.T, marker string) {
	t.Helper()
	const script = `ip link set lo up && ip addr del 127.0.0.1/8 dev lo && ip -6 addr show lo | grep -q ::1`
	if out, err := exec.Command("unshare", "-rn", "sh", "-c", script).CombinedOutput(); err != nil {
		t.Skipf("no network namespace with [::1] alone: %v %s", err, out)
	}
	cmd := exec.Command("unshare", "-rn", "sh", "-c", script+` && exec "$0" "$@"`,
		os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=60s")
	cmd.Env = append(os.Environ(), marker+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("%v\n%s", err, out)
	}
}
