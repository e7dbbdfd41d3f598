package wire_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spotauth/spotauth/internal/wire"
)

// canary is what the other side sends and no error may repeat (B-28).
const canary = "CANARY"

// serve gives each connection on a loopback port to handle, and its address.
func serve(t *testing.T, handle func(net.Conn)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				handle(conn)
			}()
		}
	}()
	return ln.Addr().String()
}

// say answers one request with bytes as they are.
func say(answer string) func(net.Conn) {
	return func(conn net.Conn) {
		_, _ = conn.Read(make([]byte, 4096))
		_, _ = io.WriteString(conn, answer)
	}
}

// closedPort is one that nobody listens on. A free one could be in use again by the time that
// it is dialed.
const closedPort = "127.0.0.1:1"

// tlsServer has the certificate of package httptest, which is for example.com.
func tlsServer(t *testing.T, config *tls.Config) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.TLS = config
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// transportTo dials address, whatever the host.
func transportTo(address string) *http.Transport {
	return &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address)
		},
	}
}

func transportThrough(scheme, address string) *http.Transport {
	user := url.UserPassword("user", canary)
	return &http.Transport{
		DisableKeepAlives:      true,
		Proxy:                  http.ProxyURL(&url.URL{Scheme: scheme, User: user, Host: address}),
		OnProxyConnectResponse: wire.CheckProxy,
	}
}

// H-08, B-28: each way to get no response has a kind and words of our own.
func TestRequestErrors(t *testing.T) {
	plain := serve(t, say("HTTP/1.1 400 "+canary+"\r\n\r\n"))
	trusted := tlsServer(t, nil)
	old := tlsServer(t, &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}) //nolint:gosec // to be refused
	roots := x509.NewCertPool()
	roots.AddCert(trusted.Certificate())
	with := func(transport *http.Transport, config *tls.Config) *http.Transport {
		transport.TLSClientConfig = config
		return transport
	}
	late := func() time.Time { return trusted.Certificate().NotAfter.Add(time.Hour) }
	nameless := &http.Transport{DialContext: (&net.Dialer{Resolver: &net.Resolver{PreferGo: true,
		Dial: func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("no network") }}}).DialContext}
	echo := base64.StdEncoding.EncodeToString([]byte("user:" + canary))

	for _, row := range []struct {
		name      string
		transport *http.Transport
		kind      wire.Kind
		text      string // HOST stands for the host
	}{
		{"name", nameless, wire.NameNotResolved, "cannot reach HOST: the name could not be resolved"},
		{"refused", transportTo(closedPort), wire.ConnectionRefused, "cannot reach HOST: connection refused"},
		{"closed at once", transportTo(serve(t, func(net.Conn) {})), wire.CutShort, "the response from HOST was cut short"},
		{"no TLS", transportTo(plain), wire.Untrusted, "cannot reach HOST: it does not speak TLS"},
		{"bytes of its own", transportTo(serve(t, say(canary))), wire.Untrusted, "cannot reach HOST: it does not speak TLS"},
		{"old TLS", with(transportTo(old.Listener.Addr().String()), &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}),
			wire.Untrusted, "cannot reach HOST: the TLS handshake failed"},
		{"unknown authority", with(transportTo(trusted.Listener.Addr().String()), &tls.Config{RootCAs: x509.NewCertPool()}),
			wire.Untrusted, "cannot reach HOST: its certificate is signed by an unknown authority"},
		{"another host", with(transportTo(trusted.Listener.Addr().String()), &tls.Config{RootCAs: roots}),
			wire.Untrusted, "cannot reach HOST: its certificate is for another host"},
		{"expired", with(transportTo(trusted.Listener.Addr().String()), &tls.Config{RootCAs: roots, Time: late}),
			wire.Untrusted, "cannot reach HOST: its certificate has expired or is not valid yet"},

		{"proxy refused", transportThrough("http", closedPort), wire.ProxyUnreachable,
			"cannot reach the proxy from HTTPS_PROXY: connection refused"},
		{"SOCKS proxy refused", transportThrough("socks5", closedPort), wire.ProxyUnreachable,
			"cannot reach the proxy from HTTPS_PROXY: connection refused"},
		{"proxy without TLS", transportThrough("https", plain), wire.ProxyUnreachable,
			"cannot reach the proxy from HTTPS_PROXY: it does not speak TLS"},
		{"proxy wants a password", transportThrough("http", serve(t, say("HTTP/1.1 407 "+echo+"\r\n\r\n"))), wire.ProxyPassword,
			"the proxy from HTTPS_PROXY wants a user name and a password"},
		{"proxy says no", transportThrough("http", serve(t, say("HTTP/1.1 403 "+echo+"\r\n\r\n"))), wire.ProxyRefused,
			"the proxy from HTTPS_PROXY refused to connect to HOST (status 403)"},
		{"SOCKS proxy says no", transportThrough("socks5", serve(t, say("\x05\xff"))), wire.ProxyRefused,
			"the proxy from HTTPS_PROXY refused to connect to HOST"},
		{"proxy talks nonsense", transportThrough("http", serve(t, say(echo+"\r\n\r\n"))), wire.Malformed,
			"the response from HOST is malformed"},
	} {
		t.Run(row.name, func(t *testing.T) {
			host := "api.spotify.test"
			if row.name == "unknown authority" {
				host = "example.com"
			}
			check(t, row.transport, "https://"+host+"/v1/me", row.kind, row.text)
		})
	}
}

// The same without TLS, as a stand-in.
func TestRequestErrorsOfPlainHTTP(t *testing.T) {
	for _, row := range []struct {
		name   string
		handle func(net.Conn)
		kind   wire.Kind
		text   string
	}{
		{"malformed", say("Bearer_" + canary + "\r\n\r\n"), wire.Malformed, "the response from HOST is malformed"},
		{"malformed header", say("HTTP/1.1 200 OK\r\n" + canary + "\r\n\r\n"), wire.Malformed, "the response from HOST is malformed"},
		{"malformed status", say("HTTP/1.1 " + canary + "\r\n\r\n"), wire.Malformed, "the response from HOST is malformed"},
		{"empty", say(""), wire.CutShort, "the response from HOST was cut short"},
		{"half a header", say("HTTP/1.1 200 OK\r\nDate: x\r\n"), wire.CutShort, "the response from HOST was cut short"},
	} {
		t.Run(row.name, func(t *testing.T) {
			address := serve(t, row.handle)
			check(t, transportTo(address), "http://"+address+"/v1/me", row.kind, row.text)
		})
	}
}

func check(t *testing.T, transport *http.Transport, address string, kind wire.Kind, text string) {
	t.Helper()
	defer transport.CloseIdleConnections()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, cause := transport.RoundTrip(req)
	if cause == nil {
		res.Body.Close()
		t.Fatal("there is a response")
	}
	err = wire.RequestError(req, cause)
	var e *wire.Error
	if !errors.As(err, &e) || e.Kind != kind || e.Host != req.URL.Host {
		t.Errorf("%#v of %q", err, cause)
	}
	if want := strings.ReplaceAll(text, "HOST", req.URL.Host); err.Error() != want {
		t.Errorf("%q, want %q, of %q", err, want, cause)
	}
	if !errors.Is(err, cause) {
		t.Errorf("%v does not unwrap to %v", err, cause)
	}
	if strings.Contains(fmt.Sprintf("%v %s %q", err, err, err), canary) {
		t.Errorf("%v repeats what the other side sent", err)
	}
}

// B-04: a deadline is no answer in time; the end of the caller's context is the caller's.
func TestWhoseContextEnded(t *testing.T) {
	interrupted := errors.New("interrupted")
	address := serve(t, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
	for _, row := range []struct {
		name string
		end  func(context.Context) (context.Context, context.CancelFunc)
		want error
	}{
		{"deadline of the request", func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 20*time.Millisecond)
		}, nil},
		{"interrupted", func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancelCause(ctx)
			time.AfterFunc(20*time.Millisecond, func() { cancel(interrupted) })
			return context.WithTimeout(ctx, time.Hour)
		}, interrupted},
		{"canceled", func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(20*time.Millisecond, cancel)
			return ctx, cancel
		}, context.Canceled},
	} {
		t.Run(row.name, func(t *testing.T) {
			ctx, cancel := row.end(t.Context())
			defer cancel()
			req, _ := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address, nil)
			_, cause := transportTo(address).RoundTrip(req)
			err := wire.RequestError(req, cause)
			var e *wire.Error
			switch isWire := errors.As(err, &e); {
			case row.want != nil && (err != row.want || isWire):
				t.Errorf("%v, want %v", err, row.want)
			case row.want == nil && (!isWire || e.Kind != wire.NoAnswer || err.Error() != "cannot reach "+address+": no answer in time" || !errors.Is(err, context.DeadlineExceeded)):
				t.Errorf("%v", err)
			}
		})
	}
}

func TestTransportTimeoutIsNoAnswer(t *testing.T) {
	address := serve(t, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
	transport := transportTo(address)
	transport.ResponseHeaderTimeout = 20 * time.Millisecond
	check(t, transport, "http://"+address, wire.NoAnswer, "cannot reach HOST: no answer in time")
}

// What Windows returns has other numbers than its package syscall.
func TestErrorNumbers(t *testing.T) {
	req, _ := http.NewRequest(http.MethodGet, "https://api.spotify.com/", nil)
	for number, want := range map[syscall.Errno]string{
		10061: "cannot reach api.spotify.com: connection refused",
		10054: "the response from api.spotify.com was cut short",
		10051: "cannot reach api.spotify.com: the network is unreachable",
		10065: "cannot reach api.spotify.com: the network is unreachable",
	} {
		err := wire.RequestError(req, &net.OpError{Op: "dial", Net: "tcp", Err: number})
		if err.Error() != want {
			t.Errorf("%d: %v", number, err)
		}
	}
}
