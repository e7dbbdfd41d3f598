package auth

import (
	"net"
	"net/http"
	"slices"
	"sync"
)

// maxSilent is how many connections may be open without a whole request.
const maxSilent = 64

// limitedListener closes the connection that has been silent longest if there are
// too many. Queueing instead would let silent connections hold up the browser.
type limitedListener struct {
	net.Listener
	mu     sync.Mutex
	silent []net.Conn // oldest first
}

// Accept implements [net.Listener].
func (l *limitedListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.silent) == maxSilent {
		_ = l.silent[0].Close()
		l.silent = slices.Delete(l.silent, 0, 1)
	}
	l.silent = append(l.silent, conn)
	return conn, nil
}

// connState is the server's hook: a whole request has arrived, or the connection is closed.
func (l *limitedListener) connState(conn net.Conn, state http.ConnState) {
	if state == http.StateNew {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if i := slices.Index(l.silent, conn); i >= 0 {
		l.silent = slices.Delete(l.silent, i, i+1)
	}
}

// Close also closes the silent connections. Browsers open some in advance, and the
// server's Shutdown would wait seconds for them.
func (l *limitedListener) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, conn := range l.silent {
		_ = conn.Close()
	}
	return l.Listener.Close()
}
