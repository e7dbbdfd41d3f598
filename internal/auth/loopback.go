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
	silence = 15 * time.Second // after it, something is probably wrong in the app's settings
	grace   = time.Second      // for the last page to arrive
)

// loopback is the web server that a login waits on (RFC 8252 section 7.3).
//
// Any program and any web page can knock there, so all but the one answer that
// carries this login's state is turned away and changes nothing. That answer is
// redirected at once to a page of its own, for the code to leave the address
// bar; the page is written when the login has ended, and tells how.
type loopback struct {
	pending  Pending
	host     string // the Host header to expect
	callback string // the path that Spotify redirects to
	result   string // the path that the answer is redirected to, not to be guessed
	start    string // the path that leads to consent once, not to be guessed either
	consent  string // the authorization URL
	register string // the redirect URI for an UnansweredError
	notice   func(error)
	server   *http.Server
	serving  sync.WaitGroup

	answers chan answer   // gets the one answer
	told    chan struct{} // closed once ending is set
	settled chan struct{} // closed once told, and every redirect got its page

	mu       sync.Mutex
	answer   *answer // the one that was taken
	started  bool    // start was used
	ending   page
	promised int // redirects whose page has not been written
	isTold   bool

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
		told:     make(chan struct{}),
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
	callers := &crowd{Listener: ln}
	l.server.ConnState = callers.changed
	l.serving.Go(func() { _ = l.server.Serve(callers) }) // returns at close, and close alone
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
			l.say(&UnansweredError{Register: l.register})
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
		a, err := l.pending.readAddress(address)
		if err == nil {
			l.take(a, false)
			return
		}
		l.say(err)
	}
}

// close tells the browser how the login ended and leaves nothing behind. It
// takes a moment only where a page is still owed, and less where ctx has ended.
func (l *loopback) close(ctx context.Context, ending page) {
	l.tell(ending)
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

// take makes a the answer, unless another came first. It reports whether a tab
// that brought a may be sent to the result page, and then keeps the server up
// for it. The same answer again may: browsers repeat themselves.
func (l *loopback) take(a answer, fromTab bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.answer == nil {
		l.answer = &a
		l.answers <- a
	}
	if !fromTab || l.isTold || !l.answer.equal(a) {
		return false
	}
	l.promised++
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

func (l *loopback) tell(ending page) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ending, l.isTold = ending, true
	close(l.told)
	l.settle()
}

// settle closes settled when there is no more to wait for. l.mu is held.
func (l *loopback) settle() {
	if !l.isTold || l.promised > 0 {
		return
	}
	select {
	case <-l.settled:
	default:
		close(l.settled)
	}
}

func (l *loopback) say(what error) {
	l.noticing.Lock()
	defer l.noticing.Unlock()
	l.notice(what)
}

// sayOnce is say for what others can provoke a thousand times.
func (l *loopback) sayOnce(what error) {
	l.noticing.Lock()
	defer l.noticing.Unlock()
	if !l.noticed[what] {
		l.noticed[what] = true
		l.notice(what)
	}
}
