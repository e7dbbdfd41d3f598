package spotify

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spotauth/spotauth/internal/wire"
)

// H-08: a certificate that is not right, or no common version of TLS, ends the call at the first try.
func TestTLS(t *testing.T) {
	authority := newAuthority(t)
	day := 24 * time.Hour
	stranger := newAuthority(t)
	for _, row := range []struct {
		name   string
		server *tls.Config
		want   string // in the error; "" is none
	}{
		{"an authority of its own", &tls.Config{Certificates: authority.issue(t, "api.spotify.com", day)}, ""},
		{"expired", &tls.Config{Certificates: authority.issue(t, "api.spotify.com", -day)}, "cannot reach api.spotify.com: its certificate has expired or is not valid yet"},
		{"another host", &tls.Config{Certificates: authority.issue(t, "example.com", day)}, "cannot reach api.spotify.com: its certificate is for another host"},
		{"unknown authority", &tls.Config{Certificates: stranger.issue(t, "api.spotify.com", day)}, "cannot reach api.spotify.com: its certificate is signed by an unknown authority"},
		{"TLS 1.1", &tls.Config{Certificates: authority.issue(t, "api.spotify.com", day), MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, "cannot reach api.spotify.com: the TLS handshake failed"},
		{"no TLS", nil, "cannot reach api.spotify.com: it does not speak TLS"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Host != "api.spotify.com" {
					t.Errorf("asked %q", r.Host)
				}
				w.Header().Set("Content-Type", "application/json")
				_, _ = io.WriteString(w, me)
			}))
			s.Config.ErrorLog = log.New(io.Discard, "", 0)
			var dialled atomic.Int32
			if row.server != nil {
				s.TLS = row.server
				s.StartTLS()
			} else {
				s.Start()
			}
			defer s.Close()
			transport := &http.Transport{
				TLSClientConfig: &tls.Config{RootCAs: authority.pool(), MinVersion: tls.VersionTLS12},
				DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
					dialled.Add(1)
					if address != "api.spotify.com:443" {
						t.Errorf("dialled %s", address)
					}
					return new(net.Dialer).DialContext(ctx, network, s.Listener.Addr().String())
				},
			}
			defer transport.CloseIdleConnections()
			_, err := client(transport).Me(t.Context())
			if dialled.Load() != 1 {
				t.Errorf("%d connections", dialled.Load())
			}
			if row.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if kindOf(err) != Unreachable || err.Error() != row.want {
				t.Errorf("got %v", err)
			}
		})
	}
}

// H-08: a proxy that wants a password is asked once, and what it says is not repeated.
func TestProxyRefuses(t *testing.T) {
	var asked atomic.Int32
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusProxyAuthRequired)
	}))
	defer proxy.Close()
	u, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword("me", "proxy-password")
	transport := &http.Transport{Proxy: http.ProxyURL(u), OnProxyConnectResponse: wire.CheckProxy}
	defer transport.CloseIdleConnections()
	_, err = client(transport).Me(t.Context())
	const want = "the proxy from HTTPS_PROXY wants a user name and a password"
	if kindOf(err) != Unreachable || asked.Load() != 1 || err.Error() != want {
		t.Errorf("%v after %d requests", err, asked.Load())
	}
}

type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a := authority{&x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "an authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(48 * time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}, key}
	raw, err := x509.CreateCertificate(rand.Reader, a.certificate, a.certificate, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	if a.certificate, err = x509.ParseCertificate(raw); err != nil {
		t.Fatal(err)
	}
	return a
}

func (a authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return pool
}

// issue makes a certificate for host that ends at so much from now.
func (a authority) issue(t *testing.T, host string, end time.Duration) []tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(2), DNSNames: []string{host}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		NotBefore:   time.Now().Add(-36 * time.Hour), NotAfter: time.Now().Add(end),
	}, a.certificate, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return []tls.Certificate{{Certificate: [][]byte{raw}, PrivateKey: key}}
}
