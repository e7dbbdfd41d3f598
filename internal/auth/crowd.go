package auth

import (
	"net"
	"net/http"
	"slices"
	"sync"
)

// maxCallers is how many connections may be open without a whole request.
const maxCallers = 64

// crowd is a listener on which no one is kept out by callers that say nothing:
// when there are too many of these, the one that has been silent longest goes.
// Queueing would let as many silent ones hold up the browser.
type crowd struct {
	net.Listener
	mu     sync.Mutex
	silent []net.Conn // oldest first
}

// Accept implements [net.Listener].
func (c *crowd) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.silent) == maxCallers {
		_ = c.silent[0].Close()
		c.silent = slices.Delete(c.silent, 0, 1)
	}
	c.silent = append(c.silent, conn)
	return conn, nil
}

// changed is the server's ConnState hook: a request is whole, or a connection gone.
func (c *crowd) changed(conn net.Conn, state http.ConnState) {
	if state == http.StateNew {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := slices.Index(c.silent, conn); i >= 0 {
		c.silent = slices.Delete(c.silent, i, i+1)
	}
}

// Close also ends the silent connections, such as those that browsers open
// ahead: the server's Shutdown would wait seconds for them.
func (c *crowd) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.silent {
		_ = conn.Close()
	}
	return c.Listener.Close()
}
