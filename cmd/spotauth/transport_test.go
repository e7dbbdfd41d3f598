package main

import (
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
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
			case <-time.After(10 * time.Second):
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
