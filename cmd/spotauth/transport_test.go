package main

import (
	"crypto/x509"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// The connection that was begun early is the one that the first request goes
// over, and carries nothing before it.
func TestConnectEarly(t *testing.T) {
	for _, tt := range []struct {
		name  string
		tls   bool
		http2 bool
		debug bool
		proto string
	}{
		{"HTTP/1.1 without TLS, as a stand-in", false, false, false, "HTTP/1.1"},
		{"HTTP/1.1", true, false, false, "HTTP/1.1"},
		{"a server that offers HTTP/2, as Spotify", true, true, false, "HTTP/1.1"},
		{"under --debug", true, true, true, "HTTP/1.1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var connections, requests atomic.Int64
			arrived := make(chan struct{}, 8)
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				requests.Add(1)
				_, _ = io.WriteString(w, r.Method+" "+r.Proto)
			}))
			server.EnableHTTP2 = tt.http2
			server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
				if state == http.StateNew {
					connections.Add(1)
					arrived <- struct{}{}
				}
			}
			transport := newTransport(http.ProxyFromEnvironment)
			defer transport.CloseIdleConnections()
			if tt.tls {
				server.StartTLS()
				transport.TLSClientConfig.RootCAs = x509.NewCertPool()
				transport.TLSClientConfig.RootCAs.AddCert(server.Certificate())
			} else {
				server.Start()
			}
			defer server.Close()
			way := http.RoundTripper(transport)
			if tt.debug {
				way = debugTransport{transport, nil} // a log of it would panic
			}

			connectEarly(way, server.URL)
			select {
			case <-arrived:
			case <-time.After(patience):
				t.Fatal("nobody connects")
			}
			if n := requests.Load(); n != 0 {
				t.Errorf("%d requests before the first", n)
			}
			resp, err := (&http.Client{Transport: transport}).Get(server.URL)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if body, err := io.ReadAll(resp.Body); err != nil || string(body) != "GET "+tt.proto {
				t.Errorf("%q, %v", body, err)
			}
			if c, r := connections.Load(), requests.Load(); c != 1 || r != 1 {
				t.Errorf("%d connections and %d requests, want one of each", c, r)
			}
		})
	}
}

// Whatever keeps the program from connecting to Spotify is told in the same words for both
// hosts, with what to do about it.
func TestCannotConnect(t *testing.T) {
	t.Parallel()
	for host, env := range map[string]map[string]string{
		"api.spotify.com":      {accessTokenVar: "secret-access-token"},
		"accounts.spotify.com": {refreshTokenVar: "secret-refresh-token", "SPOTAUTH_CLIENT_ID": "0123456789abcdef0123456789abcdef"},
	} {
		for reason, err := range map[string]error{
			"the name could not be resolved": &net.DNSError{Err: "no such host", Name: host, Server: "192.0.2.53:53", IsNotFound: true},
			"connection refused":             syscall.ECONNREFUSED,
			"the network is unreachable":     syscall.ENETUNREACH,
			"no answer in time":              os.ErrDeadlineExceeded,
		} {
			t.Run(host+", "+reason, func(t *testing.T) {
				t.Parallel() // the pauses between tries are real
				want := "spotauth: error: cannot reach " + host + ": " + reason + "\n" +
					"spotauth: hint: check your network; \"spotauth doctor\" tells more\n"
				home := userAt(t.TempDir())
				maps.Copy(home.env, env)
				p := &program{t: t, now: time.Now(), env: home.env, dial: refusing{&net.OpError{Op: "dial", Net: "tcp", Err: err}}}
				if status, stdout, stderr := p.run("whoami"); status != exitNetwork || stdout != "" || stderr != want {
					t.Errorf("status %d; stdout %q; stderr:\n%s", status, stdout, stderr)
				}
			})
		}
	}
}

// A refusing transport connects to no one.
type refusing struct{ err error }

func (r refusing) RoundTrip(*http.Request) (*http.Response, error) { return nil, r.err }
