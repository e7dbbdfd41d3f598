package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spotauth/spotauth/internal/wire"
)

// newTransport makes the only transport of the program. It has the system's proxy and
// certificate settings, TLS 1.2 at least, a limit on every step, and one connection to each
// host, because requests go out one at a time.
//
// It does not speak HTTP/2. With one request at a time that has no use, and net/http then
// repeats a request as often as a server resets it, and prints tokens if GODEBUG has
// http2debug.
func newTransport(proxy func(*http.Request) (*url.URL, error)) *http.Transport {
	http1 := new(http.Protocols)
	http1.SetHTTP1(true)
	return &http.Transport{
		Proxy:                  proxy,
		OnProxyConnectResponse: wire.CheckProxy,
		DialContext:            (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		TLSHandshakeTimeout:    10 * time.Second,
		ResponseHeaderTimeout:  20 * time.Second,
		IdleConnTimeout:        time.Minute,
		Protocols:              http1,
		MaxConnsPerHost:        1,
		ReadBufferSize:         16 << 10, // a page of artists, compressed, in one read
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
	}
}

// proxy is the one in the environment, which net/http reads by itself. Errors do not repeat
// the address: it may hold a password.
func (a *app) proxy(r *http.Request) (*url.URL, error) {
	if r.URL.Scheme == "https" {
		if err := a.checkProxyAddress(); err != nil {
			return nil, err
		}
	}
	u, err := http.ProxyFromEnvironment(r)
	if err != nil {
		return nil, errProxyAddress
	}
	return u, nil
}

var errProxyAddress = errors.New("the proxy address in the environment is malformed")

// checkProxyAddress finds what Go overlooks. Go bypasses a proxy whose address it cannot
// parse, or looks for a host named "http".
func (a *app) checkProxyAddress() error {
	address := cmp.Or(a.env("HTTPS_PROXY"), a.env("https_proxy"))
	if address == "" {
		return nil
	}
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme) {
		return errProxyAddress
	}
	return nil
}

// connectEarly starts a connection to origin, so that the first request finds one that is open
// or nearly so. Nothing is sent over it: the request that asks for it is canceled before
// dialing, and a Transport completes the connection for the next request.
func connectEarly(t http.RoundTripper, origin string) {
	if logged, ok := t.(debugTransport); ok {
		t = logged.next // it would log a request that failed
	}
	ctx, cancel := context.WithCancel(context.Background())
	givenUp := make(chan struct{})
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{ConnectStart: func(string, string) {
		cancel()
		<-givenUp
	}})
	r, err := http.NewRequestWithContext(ctx, http.MethodHead, origin, nil)
	if err != nil {
		cancel()
		return
	}
	go func() {
		defer cancel()
		defer close(givenUp)
		if resp, err := t.RoundTrip(r); err == nil { // there was a connection already
			resp.Body.Close()
		}
	}()
}

// shownHeaders may appear in the --debug log. It lists what is allowed, so a header that we
// didn't think of stays out.
var shownHeaders = []string{"Content-Type", "Content-Length", "Content-Encoding", "Date", "Retry-After", "Server", "Via"}

// A debugTransport logs requests and responses, without bodies and queries.
type debugTransport struct {
	next http.RoundTripper
	log  *slog.Logger
}

func (t debugTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	start := time.Now()
	resp, err := t.next.RoundTrip(r)
	attrs := []any{"method", r.Method, "host", r.URL.Host, "path", r.URL.Path, "duration", time.Since(start).Round(time.Millisecond)}
	if err != nil {
		t.log.Debug("request failed", append(attrs, "error", fmt.Sprintf("%T", err))...)
		return nil, err
	}
	attrs = append(attrs, "status", resp.StatusCode, "protocol", resp.Proto)
	for _, name := range shownHeaders {
		if v := resp.Header.Get(name); v != "" {
			attrs = append(attrs, name, v)
		}
	}
	t.log.Debug("request", attrs...)
	return resp, nil
}

// A delayedWriter holds text back while it must not be written. Between the answer of
// the token endpoint and the save, the log must neither block on a full pipe nor end the
// program with SIGPIPE: the new refresh token would be lost (B-06).
type delayedWriter struct {
	w io.Writer

	mu      sync.Mutex
	isHeld  bool
	waiting bytes.Buffer
}

func (d *delayedWriter) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.isHeld {
		return d.waiting.Write(p)
	}
	return d.w.Write(p)
}

// hold holds back what is written until release is called.
func (d *delayedWriter) hold() (release func()) {
	if d == nil {
		return func() {}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.isHeld = true
	return d.release
}

func (d *delayedWriter) release() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.isHeld = false
	_, _ = d.waiting.WriteTo(d.w)
}
