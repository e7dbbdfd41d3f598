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
	"strings"
	"sync/atomic"
	"time"

	"github.com/spotauth/spotauth/internal/secret"
	"github.com/spotauth/spotauth/internal/wire"
)

const (
	tryTime      = 30 * time.Second // for one request, to the last byte of its answer
	maxBody      = 8 << 20          // decompressed; a page of 50 artists takes some 50 kB
	maxErrorBody = 64 << 10
)

// request is what to ask for; the origin and the token are the client's.
type request struct {
	method string
	path   string // "/v1/me"
	query  string // encoded
	body   []byte // JSON; nil is none

	// once forbids sending it again if an earlier try may have had an effect.
	once bool
}

func get(path, query string) request {
	return request{method: http.MethodGet, path: path, query: query}
}

// Answer is a successful answer of the Web API: 200, 201, 202 or 204.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte // of any type, maybe empty, at most 8 MiB
}

// exchange sends q once and gives read the answer, whose Body is valid until
// read returns. It adds to sent how many times q went out, because the
// transport may repeat it.
func (r *run) exchange(ctx context.Context, q request, sent *atomic.Int32, read func(*Answer) error) error {
	ctx, cancel := context.WithTimeout(ctx, tryTime)
	defer cancel()
	ctx, stop := countSending(ctx, q, sent)
	defer stop()
	req, err := r.client.newRequest(ctx, q, r.token)
	if err != nil {
		return err
	}
	// Not through an http.Client, which would follow redirects with the token
	// and put whole URLs into its errors.
	res, err := r.client.Transport.RoundTrip(req)
	if err != nil {
		return r.networkError(req, err)
	}
	defer res.Body.Close()
	switch res.StatusCode {
	case http.StatusOK, http.StatusCreated, http.StatusAccepted, http.StatusNoContent:
	default:
		return r.statusError(req, res)
	}
	if err := wire.ReadBody(&r.body, res.Body, maxBody); err != nil {
		return r.networkError(req, err)
	}
	if err := read(&Answer{res.StatusCode, res.Header, r.body.Bytes()}); err != nil {
		return r.unreadable(req, err)
	}
	return nil
}

var errRepeated = errors.New("the server refused the request each time")

// countSending counts in sent how many times a request goes out under the
// returned context, and ends it before there are too many. The transport
// repeats a request by itself and without a pause: once if a connection was
// closed while idle, but endlessly over HTTP/2 if the server refuses it.
func countSending(ctx context.Context, q request, sent *atomic.Int32) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	most := min(sent.Load()+2, maxTries)
	if q.once {
		most = 1
	}
	trace := &httptrace.ClientTrace{
		WroteHeaders: func() { sent.Add(1) },
		GotConn: func(httptrace.GotConnInfo) {
			if sent.Load() >= most {
				cancel(errRepeated)
			}
		},
	}
	return httptrace.WithClientTrace(ctx, trace), func() { cancel(nil) }
}

func (c *Client) newRequest(ctx context.Context, q request, token secret.String) (*http.Request, error) {
	origin := c.Origin
	if origin == "" {
		origin = Origin
	}
	if !wire.IsTrusted(origin, Origin) {
		return nil, errors.New("the access token goes to " + Origin + " or a stand-in on a loopback address, nowhere else")
	}
	if c.CheckToken != nil {
		if err := c.CheckToken(token); err != nil {
			return nil, err
		}
	}
	if !strings.HasPrefix(q.path, "/") || strings.ContainsAny(q.path, "?#") {
		return nil, fmt.Errorf("%q is not the path of a request", q.path)
	}
	var body io.Reader
	if q.body != nil {
		body = bytes.NewReader(q.body)
	}
	req, err := http.NewRequestWithContext(ctx, q.method, origin+q.path, body)
	if err != nil {
		return nil, fmt.Errorf("%q is not the path of a request", q.path)
	}
	req.URL.RawQuery = q.query
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Authorization", "Bearer "+token.Reveal())
	if q.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if q.once {
		req.GetBody = nil // the transport needs it to send a body again
	}
	return req, nil
}

// readJSON makes a reader of answers out of one that reads JSON.
func readJSON(read func(body []byte) error) func(*Answer) error {
	return func(a *Answer) error {
		if a.Status != http.StatusOK {
			return fmt.Errorf("the answer has status %d, not 200", a.Status)
		}
		kind, _, _ := mime.ParseMediaType(a.Header.Get("Content-Type"))
		if kind != "application/json" {
			return fmt.Errorf("the answer is of type %q, not JSON", kind)
		}
		return read(a.Body)
	}
}
