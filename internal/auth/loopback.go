package auth

import (
	"context"
	"crypto/rand"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"path"
	"sync"
	"time"
)

const (
	silence = 15 * time.Second // then something is probably wrong in the app's settings
	grace   = time.Second      // for the last page to arrive
)

// loopback is the web server that a login waits on (RFC 8252 section 7.3).
//
// Any program and any web page can send requests to it, so only the answer that
// has this login's state changes anything. That answer is redirected at once, so
// that the code leaves the address bar. The page behind the redirect is written
// when the login has ended, and tells how.
type loopback struct {
	pending  Pending
	host     string // the Host header to expect
	callback string // the path that Spotify redirects to
	result   string // the random path that the answer is redirected to
	start    string // the random path that redirects to consent, once
	consent  string // the authorization URL
	register string // the redirect URI for an UnansweredError
	notice   func(error)
	server   *http.Server
	serving  sync.WaitGroup

	answers chan answer   // receives the one answer
	ended   chan struct{} // closed when ending is set
	settled chan struct{} // closed when ended and no page is owed

	mu      sync.Mutex
	answer  *answer // the one that was taken
	started bool    // start was used
	ending  *page   // nil until the login has ended
	owed    int     // redirects whose page has not been written

	noticing sync.Mutex
	noticed  map[error]bool
}

func newLoopback(p Pending, consent string, notice func(error)) *loopback {
	u, _ := url.Parse(p.RedirectURI) // was checked
	callback := u.Path
	if callback == "" {
		callback = "/"
	}
	l := &loopback{
		pending:  p,
		host:     u.Host,
		callback: callback,
		result:   path.Join(callback, rand.Text()),
		start:    "/" + rand.Text(),
		consent:  consent,
		notice:   notice,
		noticed:  map[error]bool{},
		answers:  make(chan answer, 1),
		ended:    make(chan struct{}),
		settled:  make(chan struct{}),
	}
	// No body is read and every page fits the buffer of a connection, so the time
	// for the header is the only limit that a slow caller can meet.
	l.server = &http.Server{
		Handler:                      l,
		ReadHeaderTimeout:            5 * time.Second,
		MaxHeaderBytes:               16 << 10,
		ErrorLog:                     log.New(io.Discard, "", 0),
		DisableGeneralOptionsHandler: true,
	}
	l.server.SetKeepAlivesEnabled(false)
	return l
}

// serve starts answering on ln.
func (l *loopback) serve(ln net.Listener) {
	limited := &limitedListener{Listener: ln}
	l.server.ConnState = limited.connState
	l.serving.Go(func() { _ = l.server.Serve(limited) }) // returns when close is called
}

// wait returns the login's one answer.
func (l *loopback) wait(ctx context.Context, timeout time.Duration) (answer, error) {
	quiet, limit := time.NewTimer(silence), time.NewTimer(timeout)
	defer quiet.Stop()
	defer limit.Stop()
	for {
		select {
		case a := <-l.answers:
			return a, nil
		case <-quiet.C:
			l.notify(&UnansweredError{Register: l.register})
		case <-limit.C:
			return answer{}, &UnansweredError{l.register, true}
		case <-ctx.Done():
			return answer{}, context.Cause(ctx)
		}
	}
}

// readPastes reads addresses until one is this login's answer.
func (l *loopback) readPastes(ctx context.Context, paste func(context.Context) (string, error)) {
	for {
		address, err := paste(ctx)
		if err != nil || ctx.Err() != nil {
			return
		}
		a, err := l.pending.readPasted(address)
		if err == nil {
			l.take(a, false)
			return
		}
		l.notify(err)
	}
}

// close shows the ending in the browser and stops the server. It waits only if a
// page is still owed, and not as long if ctx has ended.
func (l *loopback) close(ctx context.Context, ending page) {
	l.end(ending)
	limit := grace
	if ctx.Err() != nil {
		limit = grace / 10
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	select {
	case <-l.settled:
	case <-ctx.Done():
	}
	if l.server.Shutdown(ctx) != nil {
		_ = l.server.Close()
	}
	l.serving.Wait()
}

// take makes a the answer unless another came first. It reports whether the tab that sent a
// gets the result page, and then keeps the server running for it. The same answer again
// gets a page too, because browsers repeat requests.
func (l *loopback) take(a answer, fromTab bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.answer == nil {
		l.answer = &a
		l.answers <- a
	}
	if !fromTab || l.ending != nil || !l.answer.equal(a) {
		return false
	}
	l.owed++
	return true
}

// takeStart reports whether this is the first use of the start path.
func (l *loopback) takeStart() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	first := !l.started
	l.started = true
	return first
}

// end sets the page to show for the answer.
func (l *loopback) end(ending page) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ending = &ending
	close(l.ended)
	l.settle()
}

// settle closes settled if there is nothing left to wait for. l.mu is held.
func (l *loopback) settle() {
	if l.ending == nil || l.owed > 0 {
		return
	}
	select {
	case <-l.settled:
	default:
		close(l.settled)
	}
}

func (l *loopback) notify(what error) {
	l.noticing.Lock()
	defer l.noticing.Unlock()
	l.notice(what)
}

// notifyOnce reports something once, because anyone can cause it a thousand times.
func (l *loopback) notifyOnce(what error) {
	l.noticing.Lock()
	defer l.noticing.Unlock()
	if !l.noticed[what] {
		l.noticed[what] = true
		l.notice(what)
	}
}
