package sandbox

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// deliver sends the answer to a request that came at start, or as much of it as
// the fault lets through.
func (s *Server) deliver(w http.ResponseWriter, r *http.Request, f *fault, a *answer, record *Request, start time.Time) {
	what := ""
	if f != nil {
		what = f.what
	}
	s.mu.Lock()
	w.Header().Set("Date", s.now().UTC().Format(http.TimeFormat))
	s.mu.Unlock()
	switch what {
	case "hang":
		s.wait(r.Context(), 1<<62)
		panic(http.ErrAbortHandler)
	case "reset", "lost":
		reset(w)
	case "cut-quiet":
		cutQuietly(w, a)
	case "delay":
		d, _ := time.ParseDuration(f.arg)
		s.wait(r.Context(), d)
	}
	s.compress(r, a)
	if strings.HasPrefix(r.URL.Path, "/v1/") {
		s.wait(r.Context(), s.options.Latency-time.Since(start))
	}
	a.writeHead(w)
	switch what {
	case "cut":
		_, _ = w.Write(a.body[:len(a.body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	case "drip":
		s.drip(w, r, f, a.body)
	default:
		_, _ = w.Write(a.body)
	}
	s.answered(record, a.status)
}

// reset ends the connection in the rudest way that it allows: RST for plain
// TCP, an end without an answer otherwise.
func reset(w http.ResponseWriter) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = conn.Close()
	}
	panic(http.ErrAbortHandler)
}

// cutQuietly sends half of a body whose end is the end of the connection, so
// that only the JSON tells that something is missing (RFC 9112, section 6.3).
func cutQuietly(w http.ResponseWriter, a *answer) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		_, _ = fmt.Fprintf(conn, "HTTP/1.1 %d %s\r\nConnection: close\r\n", a.status, http.StatusText(a.status))
		_ = a.header.Write(conn)
		_, _ = io.WriteString(conn, "\r\n"+string(a.body[:len(a.body)/2]))
		_ = conn.Close()
	}
	panic(http.ErrAbortHandler)
}

func (s *Server) drip(w http.ResponseWriter, r *http.Request, f *fault, body []byte) {
	every, err := time.ParseDuration(f.with["every"])
	if err != nil {
		every = time.Second
	}
	for i := range body {
		_, _ = w.Write(body[i : i+1])
		_ = http.NewResponseController(w).Flush()
		s.wait(r.Context(), every)
		if r.Context().Err() != nil {
			panic(http.ErrAbortHandler)
		}
	}
}
