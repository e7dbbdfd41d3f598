package auth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path"
	"strconv"
	"strings"
	"syscall"

	"github.com/spotauth/spotauth/internal/wire"
)

// CheckClientID returns ErrClientID unless id looks like a Spotify client ID.
func CheckClientID(id string) error {
	if len(id) != 32 || strings.Trim(id, "0123456789abcdefABCDEF") != "" {
		return ErrClientID
	}
	return nil
}

// CheckRedirectURI returns ErrRedirectURI, with the reason, unless uri is an
// http URI on a loopback IP literal. Spotify rejects "localhost" and compares the
// rest exactly: https://developer.spotify.com/documentation/web-api/concepts/redirect_uri.
func CheckRedirectURI(uri string) error {
	u, err := url.Parse(uri)
	switch {
	case err != nil || u.String() != uri || u.User != nil || u.EscapedPath() != u.Path:
		return fmt.Errorf("%w: it is not a plain URI such as %s", ErrRedirectURI, DefaultRedirectURI)
	case u.Scheme != "http":
		return fmt.Errorf("%w: its scheme must be http", ErrRedirectURI)
	case !isLoopback(u):
		return fmt.Errorf("%w: its host must be 127.0.0.1 or [::1]", ErrRedirectURI)
	case !isPort(u):
		return fmt.Errorf("%w: its port must be a number from 1 to 65535", ErrRedirectURI)
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return fmt.Errorf("%w: it must have no query and no fragment", ErrRedirectURI)
	case strings.TrimSuffix(u.Path, "/") != strings.TrimSuffix(path.Clean("/"+u.Path), "/"):
		return fmt.Errorf("%w: browsers would change its path", ErrRedirectURI)
	}
	return nil
}

// checkOrigin allows only Spotify and a stand-in on this machine.
func checkOrigin(origin string) error {
	if !wire.IsTrusted(origin, Origin) {
		return errors.New("the origin must be " + Origin + " or http://127.0.0.1:PORT")
	}
	return nil
}

func isLoopback(u *url.URL) bool {
	return u.Host == "127.0.0.1" || u.Host == "[::1]" ||
		strings.HasPrefix(u.Host, "127.0.0.1:") || strings.HasPrefix(u.Host, "[::1]:")
}

// isPort reports whether u has a valid port or none.
func isPort(u *url.URL) bool {
	n, err := strconv.ParseUint(u.Port(), 10, 16)
	return u.Host == strings.TrimSuffix(u.Host, ":") && (u.Port() == "" || err == nil && n > 0 && strconv.FormatUint(n, 10) == u.Port())
}

// listen opens the port of the redirect URI, or any free one if it has none, and
// returns the redirect URI to send. Only a URI without a port may move to [::1],
// for machines that have no 127.0.0.1 (RFC 8252 section 7.3).
func listen(ctx context.Context, redirectURI string) (net.Listener, string, error) {
	u, err := url.Parse(redirectURI)
	if err != nil {
		return nil, "", err
	}
	port := cmp.Or(u.Port(), "0")
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil && u.Host == "127.0.0.1" {
		if six, err6 := new(net.ListenConfig).Listen(ctx, "tcp", "[::1]:0"); err6 == nil {
			ln, err = six, nil
		}
	}
	if err != nil {
		return nil, "", listenError(u.Host, err)
	}
	u.Host = ln.Addr().String()
	return ln, u.String(), nil
}

// listenError distinguishes a port in use from a reserved one. Windows returns
// numbers that errors.Is does not know.
func listenError(host string, err error) error {
	const wsaEACCES, wsaEADDRINUSE = 10013, 10048
	var number syscall.Errno
	errors.As(err, &number)
	switch number {
	case syscall.EADDRINUSE, wsaEADDRINUSE:
		err = ErrPortInUse
	case syscall.EACCES, wsaEACCES:
		err = ErrPortReserved
	}
	return fmt.Errorf("cannot listen on %s: %w", host, err)
}

// withoutPort80 removes the default port, as browsers do.
func withoutPort80(address string) string {
	before, after, found := strings.Cut(address, ":80/")
	if found {
		return before + "/" + after
	}
	return strings.TrimSuffix(address, ":80")
}
