package sandbox

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// The rules of https://developer.spotify.com/documentation/web-api/concepts/redirect_uri:
// https, http on a loopback IP literal, or a scheme of the app's own, but never
// localhost. The request must repeat the registered text exactly, with one exception:
// a loopback literal that is registered without a port may come with any port
// (RFC 8252, section 7.3).

// checkRegistrable says why the dashboard would refuse a redirect URI.
func checkRegistrable(uri string) error {
	u, err := url.Parse(uri)
	switch {
	case err != nil || u.Scheme == "" || u.Fragment != "":
		return fmt.Errorf("redirect URI %q is not an absolute URI without a fragment", uri)
	case u.Hostname() == "localhost":
		return fmt.Errorf("redirect URI %q: localhost is not allowed, use 127.0.0.1", uri)
	case u.Scheme == "http" && !isLoopback(u):
		return fmt.Errorf("redirect URI %q: http is only for a loopback address", uri)
	}
	return nil
}

// isRegistered reports whether a request may name uri.
func isRegistered(all []string, uri string) bool {
	if slices.Contains(all, uri) {
		return true
	}
	u, err := url.Parse(uri)
	if err != nil || u.Port() == "" || !isLoopback(u) {
		return false
	}
	portless := strings.TrimSuffix(u.Host, ":"+u.Port())
	return slices.Contains(all, strings.Replace(uri, u.Host, portless, 1))
}

func isLoopback(u *url.URL) bool {
	a, err := netip.ParseAddr(u.Hostname())
	return err == nil && a.IsLoopback()
}
