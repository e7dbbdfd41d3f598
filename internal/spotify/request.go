package spotify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/spotauth/spotauth/internal/secret"
)

const (
	tryTime      = 30 * time.Second // for one request, to the last byte of its answer
	maxBody      = 8 << 20          // decompressed; a page of 50 artists takes some 50 kB
	maxErrorBody = 64 << 10
)

// exchange sends one request and hands the body of the answer to read.
func (r *run) exchange(ctx context.Context, sent *atomic.Int32, path, query string, read func(body []byte) error) error {
	ctx, cancel := context.WithTimeout(ctx, tryTime)
	defer cancel()
	ctx, refuse := context.WithCancelCause(ctx)
	defer refuse(nil)
	// The transport repeats a request by itself and without a pause: once if a
	// connection was closed while idle, but endlessly over HTTP/2 if the server
	// refuses it each time.
	before := sent.Load()
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteHeaders: func() { sent.Add(1) },
		GotConn: func(httptrace.GotConnInfo) {
			if n := sent.Load(); n-before >= 2 || n >= maxTries {
				refuse(errRepeated)
			}
		},
	})
	req, err := r.client.request(ctx, path, query, r.token)
	if err != nil {
		return err
	}
	// Not through an http.Client, which would follow redirects with the token
	// and put whole URLs into its errors.
	res, err := r.client.Transport.RoundTrip(req)
	if err != nil {
		if context.Cause(ctx) == errRepeated {
			err = errRepeated
		}
		return networkError(path, err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return statusError(path, res, r.token)
	}
	kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if kind != "application/json" {
		return badAnswer(path, fmt.Errorf("the answer is of type %q, not JSON", kind))
	}
	if err := readBody(&r.body, res.Body); errors.Is(err, errTooLarge) {
		return badAnswer(path, err)
	} else if err != nil {
		return networkError(path, err)
	}
	return decodingError(path, read(r.body.Bytes()))
}

var errRepeated = errors.New("the server refused the request each time")

func (c *Client) request(ctx context.Context, path, query string, token secret.String) (*http.Request, error) {
	origin := c.Origin
	if origin == "" {
		origin = Origin
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, origin+path, nil)
	if err != nil || !trusted(req.URL) {
		return nil, errors.New("the access token goes to " + Origin + " or a stand-in on a loopback address, nowhere else")
	}
	req.URL.RawQuery = query
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Authorization", "Bearer "+token.Reveal())
	return req, nil
}

// trusted says whether a request to u may carry the access token: to Spotify's
// API itself, or without TLS to an IP literal of this machine. It looks at the
// parsed URL, for a prefix does not tell hosts apart
// (https://api.spotify.com@example.com).
func trusted(u *url.URL) bool {
	if u.User != nil {
		return false
	}
	if u.Scheme == "https" {
		return u.Host == "api.spotify.com" || u.Host == "api.spotify.com:443"
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Scheme == "http" && err == nil && ip.IsLoopback()
}

var errTooLarge = errors.New("the answer is larger than 8 MiB")

func readBody(to *bytes.Buffer, body io.Reader) error {
	to.Reset()
	size, err := to.ReadFrom(io.LimitReader(body, maxBody+1))
	if err == nil && size > maxBody {
		err = errTooLarge
	}
	return err
}
