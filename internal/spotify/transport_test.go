package spotify

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// H-02: the token goes to Spotify's API and to this machine, and to no host that looks like either.
func TestTrusted(t *testing.T) {
	for origin, want := range map[string]bool{
		"https://api.spotify.com":             true,
		"https://api.spotify.com:443":         false,
		"http://127.0.0.1:8080":               true,
		"http://127.8.9.1:8080":               true,
		"http://[::1]:8080":                   true,
		"http://api.spotify.com":              false,
		"https://api.spotify.com:444":         false,
		"https://api.spotify.com.":            false,
		"https://api.spotify.com@example.com": false,
		"https://api.spotify.com:x@127.0.0.1": false,
		"https://x@api.spotify.com":           false,
		"https://api.spotify.com.example.com": false,
		"https://api-spotify.com":             false,
		"https://accounts.spotify.com":        false,
		"https://x.api.spotify.com":           false,
		"https://example.com/api.spotify.com": false,
		"https://example.com#api.spotify.com": false,
		"ftp://api.spotify.com":               false,
		"ftp://127.0.0.1":                     false,
		"//127.0.0.1":                         false,
		"//api.spotify.com":                   false,
		"api.spotify.com":                     false,
		"http://localhost:8080":               false,
		"http://127.0.0.1@example.com":        false,
		"http://127.0.0.1.example.com":        false,
		"http://127.1":                        false,
		"http://2130706433":                   false,
		"http://0.0.0.0:80":                   false,
		"http://10.0.0.1":                     false,
		"https://127.0.0.1:8080":              false,
		"http://":                             false,
		"%":                                   false,
	} {
		f := script(says(200, me))
		c := client(f)
		c.Origin = origin
		_, err := c.Me(t.Context())
		if sent := f.count() == 1; sent != want || (err == nil) != want {
			t.Errorf("%s: %d requests, %v", origin, f.count(), err)
		}
	}
}

// H-02: a redirect is an error, whatever its kind and wherever it leads.
func TestRedirectIsNotFollowed(t *testing.T) {
	var visits atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visits.Add(1) }))
	defer elsewhere.Close()
	named := strings.Replace(elsewhere.URL, "127.0.0.1", "localhost", 1) // another name, not just another port
	for _, to := range []string{named, elsewhere.URL, "/v1/other", "//" + strings.TrimPrefix(named, "http://"), ""} {
		for _, status := range []int{301, 302, 303, 307, 308} {
			var asked atomic.Int32
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				http.Redirect(w, r, to, status)
			}))
			_, err := network(t, s.URL).Me(t.Context())
			s.Close()
			var e *Error
			if !errors.As(err, &e) || e.Kind != BadAnswer || e.Status != status || asked.Load() != 1 {
				t.Errorf("%d to %q: %v after %d requests", status, to, err, asked.Load())
			}
		}
	}
	if visits.Load() != 0 {
		t.Errorf("%d requests went elsewhere", visits.Load())
	}
}

// network is a client that asks a real server.
func network(t *testing.T, origin string) *Client {
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	c := client(transport)
	c.Origin = origin
	return c
}

// A whole listing takes one connection, and is compressed on the way.
func TestOneConnection(t *testing.T) {
	pages := server(ids(1, 230)...)
	var connections atomic.Int32
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		res, err := pages.RoundTrip(r)
		if err != nil || r.Header.Get("Accept-Encoding") != "gzip" {
			t.Errorf("%v, asked for encoding %q", err, r.Header.Get("Accept-Encoding"))
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		defer z.Close()
		_, _ = io.Copy(z, res.Body)
		_ = res.Body.Close()
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	s.Start()
	defer s.Close()
	// On a busy machine, net/http gives up a connection if the goroutine that writes to it has
	// not run within 50 ms of the answer (maxWriteWaitBeforeConnReuse).
	for try := 1; ; try++ {
		connections.Store(0)
		got, err := collect(t, network(t, s.URL).FollowedArtists(t.Context(), new(Listing)))
		n := connections.Load()
		if err != nil || len(got) != 230 || pages.most != 1 || n != 1 && try == 3 {
			t.Fatalf("%d artists by %d connections, %d at once, %v", len(got), n, pages.most, err)
		}
		if n == 1 {
			return
		}
	}
}

// H-07: a small answer that unpacks to a huge one is refused before it takes the memory.
func TestDecompressionBomb(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write(make([]byte, 1<<20))
	_ = z.Close()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		for range 200 { // members of one stream
			if _, err := w.Write(packed.Bytes()); err != nil {
				return
			}
		}
	}))
	defer s.Close()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := network(t, s.URL).Me(t.Context())
	runtime.ReadMemStats(&after)
	if kindOf(err) != BadAnswer || !strings.Contains(err.Error(), "too large") {
		t.Errorf("got %v", err)
	}
	if took := (after.TotalAlloc - before.TotalAlloc) >> 20; took > 64 {
		t.Errorf("it took %d MiB to refuse it", took)
	}
}

// H-06, H-07: what breaks on a connection, with net/http's own transport, and
// a clock that runs only while everything waits.
func TestBrokenConnections(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	whole := func(body string) string { return fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", head, len(body), body) }
	for _, row := range []struct {
		name  string
		first func(net.Conn) // the answer to the first request
		most  time.Duration
	}{
		{"closed without an answer", func(net.Conn) {}, time.Second},
		{"closed in the head", func(c net.Conn) { send(c, head[:20]) }, time.Second},
		{"cut body of a known length", func(c net.Conn) { send(c, whole(me)[:len(whole(me))-5]) }, time.Second},
		{"cut body that ends with the connection", func(c net.Conn) { send(c, head+"Connection: close\r\n\r\n"+me[:20]) }, time.Second},
		{"cut chunks", func(c net.Conn) { send(c, head+"Transfer-Encoding: chunked\r\n\r\n5\r\n"+me[:5]+"\r\n") }, time.Second},
		{"cut gzip", func(c net.Conn) {
			send(c, head+"Content-Encoding: gzip\r\nConnection: close\r\n\r\n\x1f\x8b\x08\x00\x00")
		}, time.Second},
		{"not gzip", func(c net.Conn) { send(c, head+"Content-Encoding: gzip\r\nConnection: close\r\n\r\n"+me) }, time.Second},
		{"not HTTP", func(c net.Conn) { send(c, "220 mail.example.com ESMTP\r\n") }, time.Second},
		{"no answer", silent, 31 * time.Second},
		{"no body", func(c net.Conn) { send(c, head+"Content-Length: 9\r\n\r\n"); silent(c) }, 31 * time.Second},
		{"one byte each second", func(c net.Conn) {
			send(c, head+"Content-Length: 100000\r\n\r\n")
			for send(c, " ") {
				time.Sleep(time.Second)
			}
		}, 31 * time.Second},
	} {
		for _, healed := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, healed %v", row.name, healed), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					p := &pipes{answer: func(n int, c net.Conn) {
						if n > 1 && healed {
							send(c, whole(me))
						} else {
							row.first(c)
						}
					}}
					transport := &http.Transport{DialContext: p.dial}
					defer p.close()
					defer transport.CloseIdleConnections()
					c := client(transport)
					c.Origin = "http://127.0.0.1:80"
					start := time.Now()
					user, err := c.Me(t.Context())
					took := time.Since(start)
					if healed && (err != nil || user.ID != "someone" || p.dialled != 2 || took > row.most) {
						t.Errorf("%v, %v after %d connections and %v", user, err, p.dialled, took)
					}
					if !healed && (kindOf(err) != Unreachable || p.dialled < 2 || p.dialled > 4 || took > time.Minute) {
						t.Errorf("%v after %d connections and %v", err, p.dialled, took)
					}
				})
			})
		}
	}
}

// pipes are connections in memory; each takes one request and one answer.
type pipes struct {
	answer  func(n int, c net.Conn)
	dialled int
	ends    []net.Conn
	open    sync.WaitGroup
}

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	near, far := net.Pipe()
	p.dialled++
	p.ends = append(p.ends, far)
	n := p.dialled
	p.open.Go(func() {
		defer far.Close()
		request := make([]byte, 4096)
		if _, err := far.Read(request); err == nil {
			p.answer(n, far)
		}
	})
	return near, nil
}

func (p *pipes) close() {
	for _, c := range p.ends {
		_ = c.Close()
	}
	p.open.Wait()
}

// silent says nothing until the other end has had enough.
func silent(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

func send(c net.Conn, text string) bool {
	_, err := io.WriteString(c, text)
	return err == nil
}

// B-28: a server or a proxy that repeats the token where HTTP has no place for it gets it into no error.
func TestEchoedToken(t *testing.T) {
	const token = "token-1" // of fake.tokens
	for name, answer := range map[string]string{
		"malformed answer": "Bearer_" + token + "\r\n\r\n",
		"malformed status": "HTTP/1.1 Bearer" + token + "\r\n\r\n",
		"malformed field":  "HTTP/1.1 200 OK\r\nBearer " + token + "\r\n\r\n",
		"status text":      "HTTP/1.1 404 " + token + "\r\nContent-Length: 0\r\n\r\n",
		"content type":     "HTTP/1.1 200 OK\r\nContent-Type: " + token + "\r\nContent-Length: 0\r\n\r\n",
		"location":         "HTTP/1.1 302 Found\r\nLocation: /" + token + "\r\nContent-Length: 0\r\n\r\n",
		"JSON":             "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{" + token + "}",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &pipes{answer: func(_ int, c net.Conn) { send(c, answer) }}
				transport := &http.Transport{DialContext: p.dial}
				defer p.close()
				defer transport.CloseIdleConnections()
				c := client(transport)
				c.Origin = "http://127.0.0.1:80"
				c.Waiting = func(why *Error, _ time.Duration) {
					if strings.Contains(why.Error(), token) {
						t.Errorf("told of %q", why)
					}
				}
				if _, err := c.Me(t.Context()); err == nil || strings.Contains(err.Error(), token) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}
