package auth

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// L-16: silent callers and huge requests keep no one out.
func TestLoginSurvivesSilentCallers(t *testing.T) {
	l := start(t, nil)
	for i := range 200 {
		conn, err := net.Dial("tcp", l.Addr.String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if i%2 == 0 {
			_, _ = io.WriteString(conn, "GET /callback?state=")
		}
	}
	huge, err := net.Dial("tcp", l.Addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer huge.Close()
	go io.WriteString(huge, "GET / HTTP/1.1\r\nHost: x\r\nX: "+strings.Repeat("x", 1<<20))
	began := time.Now()
	if status, _ := visit(t, l.answerWith("canary-code")); status != 200 {
		t.Errorf("status %d", status)
	}
	l.mustEnd(t)
	if took := time.Since(began); took >= 5*time.Second { // when the silent ones are hung up on
		t.Errorf("took %v", took)
	}
}

// L-16: a request whose header is over the limit is refused, not read.
func TestLoginRefusesAHugeHeader(t *testing.T) {
	l := start(t, nil)
	res, _ := l.raw(t, "GET /callback HTTP/1.1\r\nHost: "+l.Addr.String()+"\r\nX: "+strings.Repeat("x", 22<<10)+"\r\n\r\n")
	if res.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("status %d", res.StatusCode)
	}
	visit(t, l.answerWith("canary-code"))
	l.mustEnd(t)
}

// pipes is a listener without a network, for fake time.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	conn, ok := <-p
	if !ok {
		return nil, net.ErrClosed
	}
	return conn, nil
}

func (p pipes) Close() error { close(p); return nil }

func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }

// L-16: a connection without a whole request within 5 s is closed, however busily it sends.
func TestLoginHangsUpOnSlowCallers(t *testing.T) {
	for name, call := range map[string]func(net.Conn){
		"silent": func(net.Conn) {},
		"half a header": func(conn net.Conn) {
			_, _ = io.WriteString(conn, "GET /callback HTTP/1.1\r\nHo")
		},
		"a byte a second": func(conn net.Conn) {
			for _, err := io.WriteString(conn, "GET /"); err == nil; time.Sleep(time.Second) {
				_, err = io.WriteString(conn, "x")
			}
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := newLoopback(Pending{RedirectURI: DefaultRedirectURI}, "https://accounts.spotify.com/authorize", nil)
			ln := make(pipes)
			l.serve(ln)
			caller, server := net.Pipe()
			began := time.Now()
			ln <- server
			var calling sync.WaitGroup
			calling.Go(func() { call(caller) })
			_, _ = io.ReadAll(caller)
			if took := time.Since(began); took != 5*time.Second {
				t.Errorf("%s: hung up after %v", name, took)
			}
			calling.Wait()
			l.close(t.Context(), failed)
		})
	}
}

// L-16: a body is not waited for, and its connection not kept.
func TestLoginWaitsForNoBody(t *testing.T) {
	l := start(t, nil)
	conn, err := net.Dial("tcp", l.Addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: %s\r\nContent-Length: 200000\r\n\r\n", l.Addr)
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	if text, err := io.ReadAll(conn); err != nil || !strings.HasPrefix(string(text), "HTTP/1.1 404 ") {
		t.Errorf("answered %.20q, then %v", text, err)
	}
	visit(t, l.answerWith("canary-code"))
	l.mustEnd(t)
}

// L-16: silent connections have a limit, and the longest silent goes first.
func TestCrowdTurnsOutTheLongestSilent(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &limitedListener{Listener: ln}
	defer c.Close()
	var callers []net.Conn
	for range maxSilent + 3 {
		conn, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		callers = append(callers, conn)
		server, err := c.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer server.Close() // and no collector before that
		if len(callers) == 2 {
			c.connState(server, http.StateActive) // has spoken: is not silent
		}
	}
	for i, conn := range callers {
		turnedOut, limit := i == 0 || i == 2, 20*time.Millisecond
		if turnedOut {
			limit = patience
		}
		_ = conn.SetReadDeadline(time.Now().Add(limit))
		_, err := conn.Read(make([]byte, 1))
		gone := errors.Is(err, io.EOF)
		if gone != turnedOut {
			t.Errorf("caller %d: %v", i, err)
		}
	}
}
