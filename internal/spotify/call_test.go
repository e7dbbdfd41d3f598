package spotify

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// A success is one of four statuses, with a body of any type or none.
func TestCall(t *testing.T) {
	for _, row := range []struct {
		status int
		kind   string
		body   string
	}{
		{200, "application/json", `{ "a": 1 }`}, {201, "application/json; charset=utf-8", `{"id":"x"}`}, {202, "text/plain", "accepted"},
		{204, "", ""}, {200, "image/jpeg", "\xff\xd8"}, {200, "application/json", "not JSON"}, {200, "", ""},
	} {
		for _, method := range []string{"GET", "PUT", "POST", "DELETE"} {
			var sent string
			f := &fake{answer: func(req *http.Request, _ int) (*http.Response, error) {
				body, _ := io.ReadAll(req.Body)
				sent = req.Method + " " + req.URL.String() + " " + req.Header.Get("Content-Type") + " " + string(body)
				return says(row.status, row.body, "Content-Type: "+row.kind)(req)
			}}
			a, err := client(f).Call(t.Context(), method, "/v1/me/library", "uris=spotify:album:x,y&a=%20", []byte(`{"name":"é"}`))
			if err != nil || a.Status != row.status || string(a.Body) != row.body || a.Header.Get("Content-Type") != row.kind {
				t.Errorf("%s: %+v, %v", method, a, err)
			}
			if want := method + ` https://api.spotify.com/v1/me/library?uris=spotify:album:x,y&a=%20 application/json {"name":"é"}`; sent != want {
				t.Errorf("sent %q", sent)
			}
		}
	}
}

func TestCallWithoutABody(t *testing.T) {
	f := &fake{answer: func(req *http.Request, _ int) (*http.Response, error) {
		if req.Body != nil || req.Header.Get("Content-Type") != "" {
			t.Errorf("a body of type %q", req.Header.Get("Content-Type"))
		}
		return says(204, "")(req)
	}}
	if _, err := client(f).Call(t.Context(), "DELETE", "/v1/me/library", "", nil); err != nil {
		t.Error(err)
	}
}

func TestCallErrors(t *testing.T) {
	for _, row := range []struct {
		status int
		body   string
		kind   Kind
		want   string
	}{
		{400, `{"error":{"status":400,"message":"Invalid limit"}}`, Rejected, "DELETE /v1/x: 400 Bad Request: Invalid limit"},
		{403, `{"error":{"status":403,"message":"Forbidden"}}`, Forbidden, "DELETE /v1/x: 403 Forbidden"},
		{403, "Insufficient client scope", ScopeMissing, "DELETE /v1/x: 403 Forbidden: Insufficient client scope"},
		{404, `{"error":{"status":404,"message":"Resource not found"}}`, NotFound, "DELETE /v1/x: 404 Not Found: Resource not found"},
		{302, "", BadAnswer, "DELETE /v1/x: 302 Found"},
		{206, "{}", BadAnswer, "DELETE /v1/x: 206 Partial Content"},
		{200, strings.Repeat("x", 8<<20+1), BadAnswer, "the response from api.spotify.com is too large"},
	} {
		a, err := client(script(says(row.status, row.body))).Call(t.Context(), "DELETE", "/v1/x", "", nil)
		if a != nil || kindOf(err) != row.kind || err.Error() != row.want {
			t.Errorf("%d: %v, %v", row.status, a, err)
		}
	}
}

// Only what can be repeated without harm is sent again if it may have had an effect.
func TestCallIsRepeated(t *testing.T) {
	ok := says(200, "{}")
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	for _, row := range []struct {
		name       string
		steps      []step
		isOffline  bool
		gets, post int // requests
		postKind   Kind
	}{
		{"503", []step{says(503, ""), ok}, false, 2, 1, Unreachable},
		{"cut", []step{breaks(io.ErrUnexpectedEOF), ok}, false, 2, 1, Unreachable},
		{"cut body", []step{truncated("{}", io.ErrUnexpectedEOF), ok}, false, 2, 1, Unreachable},
		{"no answer", []step{hangs, ok}, false, 2, 1, Unreachable},
		{"no connection", []step{breaks(refused), ok}, true, 2, 2, ""},
		{"503 before anything was counted", []step{says(503, ""), ok}, true, 2, 1, Unreachable},
		{"401", []step{says(401, expired), ok}, false, 2, 2, ""},
		{"spurious 401", []step{says(401, missing), ok}, false, 2, 2, ""},
		{"429", []step{says(429, limited, "Retry-After: 1"), ok}, false, 2, 2, ""},
		{"401, then 503", []step{says(401, expired), says(503, ""), ok}, false, 3, 2, Unreachable},
		{"400", []step{says(400, "")}, false, 1, 1, Rejected},
	} {
		for _, method := range []string{"GET", "PUT", "DELETE", "POST", "PATCH"} {
			t.Run(row.name+", "+method, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f := script(row.steps...)
					f.isOffline = row.isOffline
					want, kind := row.gets, Kind("")
					if method == "POST" || method == "PATCH" {
						want, kind = row.post, row.postKind
					}
					if row.name == "400" {
						kind = Rejected
					}
					_, err := client(f).Call(t.Context(), method, "/v1/x", "", nil)
					if f.count() != want || kindOf(err) != kind {
						t.Errorf("%d requests, %v", f.count(), err)
					}
					if e := (*Error)(nil); errors.As(err, &e) && e.MayBeDone != (kind == Unreachable) {
						t.Errorf("may be done: %v, after %v", e.MayBeDone, err)
					}
				})
			})
		}
	}
}

// What never left this machine had no effect.
func TestPostWithoutAConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := script(breaks(&net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}))
		f.isOffline = true
		_, err := client(f).Call(t.Context(), "POST", "/v1/x", "", nil)
		if e := (*Error)(nil); !errors.As(err, &e) || e.Kind != Unreachable || e.MayBeDone || f.count() != 4 {
			t.Errorf("%#v after %d requests", err, f.count())
		}
	})
}

// B-05: nor does the transport send a POST again by itself.
func TestPostOverHTTP2(t *testing.T) {
	for name, answer := range refusals {
		for _, body := range [][]byte{nil, []byte("{}")} {
			s := newHTTP2(t, answer)
			_, err := client(s.transport(t)).Call(t.Context(), "POST", "/v1/me/player/next", "", body)
			if kindOf(err) != Unreachable || s.requests.Load() != 1 {
				t.Errorf("%s: %v after %d requests", name, err, s.requests.Load())
			}
		}
	}
}

// A connection that was closed while idle is no reason for a POST to fail.
func TestPostAfterAnIdleConnection(t *testing.T) {
	var posts atomic.Int32
	p := &pipes{answer: func(n int, c net.Conn) {
		posts.Add(1)
		send(c, "HTTP/1.1 204 No Content\r\n\r\n")
	}}
	transport := &http.Transport{DialContext: p.dial}
	defer p.close()
	defer transport.CloseIdleConnections()
	c := client(transport)
	c.Origin = "http://127.0.0.1:80"
	for range 3 {
		if _, err := c.Call(t.Context(), "POST", "/v1/me/player/next", "", nil); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Millisecond)
	}
	if posts.Load() != 3 {
		t.Errorf("%d requests", posts.Load())
	}
}

// H-02: no path leads to another host or adds a query.
func TestCallPaths(t *testing.T) {
	for _, path := range []string{"", "v1/me", "@example.com/", ".example.com/v1/me", ":80/v1", "/v1/me?a=b", "/v1/me#a", "/v1/%zz", "/v1/\x00"} {
		f := script(says(200, me))
		if _, err := client(f).Call(t.Context(), "GET", path, "", nil); err == nil || f.count() != 0 || errors.Is(err, io.EOF) {
			t.Errorf("%q: %v after %d requests", path, err, f.count())
		}
	}
	for _, path := range []string{"//example.com/v1/me", "/v1/users/a%2Fb", "/v1/a@example.com"} {
		var host string
		f := &fake{answer: func(req *http.Request, _ int) (*http.Response, error) {
			host = req.URL.Host
			return says(200, me)(req)
		}}
		if _, err := client(f).Call(t.Context(), "GET", path, "", nil); err != nil || host != "api.spotify.com" {
			t.Errorf("%q: asked %q, %v", path, host, err)
		}
	}
}
