package spotify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spotauth/spotauth/internal/secret"
)

// fake is a transport that answers without a network, so that it works with
// fake time. It keeps what it was asked.
type fake struct {
	answer func(req *http.Request, n int) (*http.Response, error) // n counts from 1

	isOffline bool // errors come before anything is sent

	mu      sync.Mutex
	asked   []string // the query of each request, or its path if it has none
	tokens  []string // the Authorization field of each request
	running int      // requests now in flight, their bodies included
	most    int      // the most that ever were
}

func (f *fake) RoundTrip(req *http.Request) (*http.Response, error) {
	f.mu.Lock()
	asked := req.URL.RawQuery
	if asked == "" {
		asked = req.URL.Path
	}
	f.asked = append(f.asked, asked)
	f.tokens = append(f.tokens, req.Header.Get("Authorization"))
	f.running++
	f.most = max(f.most, f.running)
	n := len(f.asked)
	f.mu.Unlock()
	if trace := httptrace.ContextClientTrace(req.Context()); trace != nil && !f.isOffline {
		trace.WroteHeaders()
	}
	res, err := f.answer(req, n)
	if err != nil {
		f.done()
		return nil, err
	}
	res.Body = &body{res.Body, sync.OnceFunc(f.done)}
	return res, nil
}

func (f *fake) done() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.running--
}

func (f *fake) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.asked)
}

type body struct {
	io.ReadCloser
	close func()
}

func (b *body) Close() error {
	b.close()
	return b.ReadCloser.Close()
}

// script answers each request with the next step; the last one stays.
func script(steps ...step) *fake {
	return &fake{answer: func(req *http.Request, n int) (*http.Response, error) {
		return steps[min(n, len(steps))-1](req)
	}}
}

type step func(*http.Request) (*http.Response, error)

// says answers with a status, a body and fields ("Name: value").
func says(status int, text string, fields ...string) step {
	return func(*http.Request) (*http.Response, error) {
		h := http.Header{"Content-Type": {"application/json; charset=utf-8"}}
		for _, field := range fields {
			name, value, _ := strings.Cut(field, ": ")
			h.Set(name, value)
		}
		return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(text))}, nil
	}
}

func breaks(err error) step {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

// hangs answers nothing until the request is given up.
func hangs(req *http.Request) (*http.Response, error) {
	<-req.Context().Done()
	return nil, req.Context().Err()
}

const (
	me      = `{"id":"someone","display_name":"Some One"}`
	expired = `{"error":{"status":401,"message":"The access token expired"}}`
	missing = `{"error":{"status":401,"message":"Access token missing"}}`
	limited = `{"error":{"status":429,"message":"API rate limit exceeded"}}`
)

// tokens gives token-1, then a new one for each that was refused, and keeps
// what it was told of.
type tokens struct {
	refused []string
	given   int
}

func (t *tokens) token(_ context.Context, refused secret.String) (secret.String, error) {
	t.refused = append(t.refused, refused.Reveal())
	t.given++
	return secret.New("token-" + strconv.Itoa(t.given)), nil
}

func client(transport http.RoundTripper) *Client {
	return &Client{Transport: transport, Token: new(tokens).token, MaxWait: time.Minute}
}

// id makes an artist id of the usual 22 characters.
func id(n int) string { return fmt.Sprintf("%022d", n) }

func ids(from, to int) (list []string) {
	for n := from; n <= to; n++ {
		list = append(list, id(n))
	}
	return list
}

// pageOf makes a page; an item "null" becomes null, an empty cursor the end.
func pageOf(total int, after string, items ...string) string {
	var list []string
	for _, item := range items {
		if item != "null" {
			item = fmt.Sprintf(`{"id":%q,"name":"Artist %s","uri":"spotify:artist:%s"}`, item, item, item)
		}
		list = append(list, item)
	}
	cursor, next := "null", "null"
	if after != "" {
		cursor, next = strconv.Quote(after), strconv.Quote(Origin+"/v1/me/following?type=artist&after="+after)
	}
	return fmt.Sprintf(`{"artists":{"items":[%s],"next":%s,"total":%d,"cursors":{"after":%s},"limit":50}}`,
		strings.Join(list, ","), next, total, cursor)
}

// server answers as Spotify does for an account that follows the given ids.
func server(following ...string) *fake {
	return &fake{answer: func(req *http.Request, _ int) (*http.Response, error) {
		q := req.URL.Query()
		limit, err := strconv.Atoi(q.Get("limit"))
		if err != nil || limit < 1 || limit > 50 || q.Get("type") != "artist" {
			return says(400, `{"error":{"status":400,"message":"Invalid limit"}}`)(req)
		}
		rest := following
		if after := q.Get("after"); after != "" {
			for n, id := range following {
				if id == after {
					rest = following[n+1:]
				}
			}
		}
		items, after := rest, ""
		if len(rest) > limit {
			items, after = rest[:limit], rest[limit-1]
		}
		return says(200, pageOf(len(following), after, items...))(req)
	}}
}

// collect returns the ids that a listing yields and the error that ends it.
func collect(t *testing.T, seq iter.Seq2[Artist, error]) (list []string, err error) {
	t.Helper()
	for a, e := range seq {
		if err != nil {
			t.Fatal("something came after the error")
		}
		if e != nil {
			err = e
			continue
		}
		list = append(list, a.ID)
	}
	return list, err
}

func kindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return ""
}
