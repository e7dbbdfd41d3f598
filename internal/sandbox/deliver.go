package sandbox

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// delivery is an answer on its way to the client.
type delivery struct {
	w      http.ResponseWriter
	r      *http.Request
	fault  *fault
	answer *answer
	start  time.Time // when the request came
}

// send delivers the answer, or as much of it as the fault lets through.
func (s *Server) send(d delivery) {
	s.mu.Lock()
	d.w.Header().Set("Date", s.now().UTC().Format(http.TimeFormat))
	s.mu.Unlock()
	if d.fault != nil && d.fault.deliver != nil {
		d.fault.deliver(s, d)
		return
	}
	s.sendWhole(d)
}

func (s *Server) sendWhole(d delivery) {
	s.sendHead(d)
	_, _ = d.w.Write(d.answer.body)
}

func (s *Server) sendHead(d delivery) {
	s.compress(d.r, d.answer)
	if strings.HasPrefix(d.r.URL.Path, "/v1/") {
		s.wait(d.r.Context(), s.options.Latency-time.Since(d.start))
	}
	d.answer.writeHead(d.w)
}

func (s *Server) delay(d delivery) {
	by, _ := time.ParseDuration(d.fault.arg)
	s.wait(d.r.Context(), by)
	s.sendWhole(d)
}

func (s *Server) hang(d delivery) {
	s.wait(d.r.Context(), 1<<62)
	panic(http.ErrAbortHandler)
}

func (s *Server) cut(d delivery) {
	if len(d.answer.body) == 0 {
		panic(http.ErrAbortHandler)
	}
	s.sendHead(d)
	_, _ = d.w.Write(d.answer.body[:len(d.answer.body)/2])
	_ = http.NewResponseController(d.w).Flush()
	panic(http.ErrAbortHandler)
}

// reset ends the connection with RST if it is plain TCP, otherwise without an
// answer.
func (s *Server) reset(d delivery) {
	if conn, _, err := http.NewResponseController(d.w).Hijack(); err == nil {
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = conn.Close()
	}
	panic(http.ErrAbortHandler)
}

// cutQuietly sends half of a body that ends with the connection, so only the JSON
// shows that something is missing (RFC 9112, section 6.3).
func (s *Server) cutQuietly(d delivery) {
	a := d.answer
	if conn, _, err := http.NewResponseController(d.w).Hijack(); err == nil {
		_, _ = fmt.Fprintf(conn, "HTTP/1.1 %d %s\r\nConnection: close\r\n", a.status, http.StatusText(a.status))
		_ = a.header.Write(conn)
		_, _ = io.WriteString(conn, "\r\n"+string(a.body[:len(a.body)/2]))
		_ = conn.Close()
	}
	panic(http.ErrAbortHandler)
}

func (s *Server) drip(d delivery) {
	every, err := time.ParseDuration(d.fault.with["every"])
	if err != nil {
		every = time.Second
	}
	s.sendHead(d)
	body := d.answer.body
	for i := range body {
		_, _ = d.w.Write(body[i : i+1])
		_ = http.NewResponseController(d.w).Flush()
		s.wait(d.r.Context(), every)
		if d.r.Context().Err() != nil {
			panic(http.ErrAbortHandler)
		}
	}
}
