package wire

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
)

// Kind is why a request got no response.
type Kind string

// The kinds of an [Error].
const (
	NameNotResolved   Kind = "name not resolved"
	ConnectionRefused Kind = "connection refused"
	NoAnswer          Kind = "no answer in time"
	CutShort          Kind = "cut short"         // the connection ended before the response did
	Malformed         Kind = "malformed"         // the response is not HTTP
	Untrusted         Kind = "untrusted"         // the certificate or the TLS handshake
	TooLarge          Kind = "too large"         // the response passed the limit of ReadBody
	ProxyUnreachable  Kind = "proxy unreachable" // no connection to the proxy
	ProxyPassword     Kind = "proxy password"    // the proxy answered 407
	ProxyRefused      Kind = "proxy refused"     // the proxy did not connect to the host
	Failed            Kind = "failed"            // anything else
)

// Error is a request that got no response that can be read. Its text is for
// people and holds nothing that the other side sent: net/http quotes malformed
// responses, and proxies repeat passwords. Unwrap gives the cause, which may.
type Error struct {
	Kind   Kind
	Host   string // that the request was for, also if a proxy is the reason
	reason string
	cause  error
}

// The proxy for https is always that of HTTPS_PROXY. Stand-ins are on a
// loopback address, where net/http uses no proxy.
const proxyName = "the proxy from HTTPS_PROXY"

func (e *Error) Error() string {
	switch e.Kind {
	case ProxyUnreachable:
		return "cannot reach " + proxyName + ": " + e.reason
	case ProxyPassword:
		return proxyName + " wants a user name and a password"
	case ProxyRefused:
		return proxyName + " refused to connect to " + e.Host + e.reason
	case CutShort, Malformed, TooLarge:
		return "the response from " + e.Host + " " + e.reason
	}
	return "cannot reach " + e.Host + ": " + e.reason
}

// Unwrap returns what net/http said.
func (e *Error) Unwrap() error { return e.cause }

// RequestError turns the error of a transport, or of reading a response's body, into an
// *Error about req. If req's context was canceled, it returns the cause of that instead. A
// deadline is no such cause: it becomes [NoAnswer].
func RequestError(req *http.Request, err error) error {
	if cause := context.Cause(req.Context()); cause != nil {
		if !errors.Is(cause, context.DeadlineExceeded) {
			return cause
		}
		err = cause
	}
	kind, reason := classify(err)
	return &Error{kind, req.URL.Host, reason, err}
}

// CheckProxy is the OnProxyConnectResponse of an [http.Transport]. Without it, net/http
// reports nothing of a refusal but the text that the proxy chose.
func CheckProxy(_ context.Context, _ *url.URL, _ *http.Request, res *http.Response) error {
	switch res.StatusCode {
	case http.StatusOK:
		return nil
	case http.StatusProxyAuthRequired:
		return &Error{Kind: ProxyPassword}
	}
	return &Error{Kind: ProxyRefused, reason: " (status " + strconv.Itoa(res.StatusCode) + ")"}
}

func classify(err error) (Kind, string) {
	var proxy *Error
	var op *net.OpError
	var timeout interface{ Timeout() bool }
	switch isOp := errors.As(err, &op); {
	case errors.As(err, &proxy):
		return proxy.Kind, proxy.reason
	case isOp && op.Op == "proxyconnect":
		_, reason := classify(op.Err)
		return ProxyUnreachable, reason
	case isOp && op.Op == "socks connect":
		return ProxyRefused, ""
	case errors.Is(err, ErrTooLarge):
		return TooLarge, "is too large"
	case isDNS(err):
		return NameNotResolved, "the name could not be resolved"
	case errors.As(err, &timeout) && timeout.Timeout():
		return NoAnswer, "no answer in time"
	}
	if reason := untrustedReason(err); reason != "" {
		return Untrusted, reason
	}
	return classifyConnection(err)
}

func isDNS(err error) bool {
	var dns *net.DNSError
	return errors.As(err, &dns)
}

// untrustedReason is why there was no TLS session, or "". The words of crypto/x509
// hold names from the certificate, so they are replaced.
func untrustedReason(err error) string {
	var certificate *tls.CertificateVerificationError
	var invalid x509.CertificateInvalidError
	var host x509.HostnameError
	var unknown x509.UnknownAuthorityError
	var header tls.RecordHeaderError
	var op *net.OpError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "its certificate has expired or is not valid yet"
	case errors.As(err, &host):
		return "its certificate is for another host"
	case errors.As(err, &unknown):
		return "its certificate is signed by an unknown authority"
	case errors.As(err, &certificate):
		return "its certificate is not valid"
	case errors.As(err, &header), errors.Is(err, http.ErrSchemeMismatch):
		return "it does not speak TLS"
	case errors.As(err, &op) && (op.Op == "remote error" || op.Op == "local error"),
		strings.HasPrefix(err.Error(), "tls: "): // crypto/tls has no type for these
		return "the TLS handshake failed"
	}
	return ""
}

// classifyConnection also knows the numbers of Windows: the constants of package syscall
// differ there from what the system returns.
func classifyConnection(err error) (Kind, string) {
	const wsaNETUNREACH, wsaCONNRESET, wsaCONNREFUSED, wsaHOSTUNREACH = 10051, 10054, 10061, 10065
	var number syscall.Errno
	errors.As(err, &number)
	switch number {
	case syscall.ECONNREFUSED, wsaCONNREFUSED:
		return ConnectionRefused, "connection refused"
	case syscall.ENETUNREACH, syscall.EHOSTUNREACH, wsaNETUNREACH, wsaHOSTUNREACH:
		return Failed, "the network is unreachable"
	case syscall.ECONNRESET, syscall.EPIPE, wsaCONNRESET:
		return CutShort, "was cut short"
	}
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return CutShort, "was cut short"
	case strings.Contains(err.Error(), "malformed"):
		return Malformed, "is malformed"
	}
	return Failed, "the connection failed"
}
