package auth

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"path"
	"strings"
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
	pages    pages
	notice   func(error)
	server   *http.Server
	serving  sync.WaitGroup

	answers chan answer   // gets the one answer
	told    chan struct{} // closed once ending is set
	settled chan struct{} // closed once told, and every redirect got its page

	mu       sync.Mutex
	answer   *answer // the one that was taken
	ending   page
	promised int // redirects whose page has not been written
	isTold   bool

	noticing sync.Mutex
	noticed  map[error]bool
}

func newLoopback(p Pending, notice func(error)) *loopback {
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
		pages:    newPages(),
		notice:   notice,
		noticed:  map[error]bool{},
		answers:  make(chan answer, 1),
		told:     make(chan struct{}),
		settled:  make(chan struct{}),
	}
	l.server = &http.Server{ // with limits for whoever is slow or large
		Handler:                      l,
		ReadHeaderTimeout:            5 * time.Second,
		ReadTimeout:                  10 * time.Second,
		WriteTimeout:                 10 * time.Second,
		IdleTimeout:                  5 * time.Second,
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
			l.say(ErrNoCallback)
		case <-limit.C:
			return answer{}, ErrTimeout
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

func (l *loopback) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength != 0 {
		// Nothing that is wanted here has a body: do not let it be waited for.
		_ = http.NewResponseController(w).SetReadDeadline(time.Now())
	}
	switch {
	case r.Method != http.MethodGet:
		w.Header().Set("Allow", http.MethodGet)
		l.pages.write(w, http.StatusMethodNotAllowed, badRequest)
	case withoutPort80(r.Host) != withoutPort80(l.host): // a rebound DNS name
		l.pages.write(w, http.StatusMisdirectedRequest, badRequest)
	case isPrefetch(r.Header):
		l.pages.write(w, http.StatusServiceUnavailable, badRequest)
	case !isNavigation(r.Header):
		l.pages.write(w, http.StatusForbidden, badRequest)
	case r.URL.Path == l.result:
		l.serveResult(w)
	case r.URL.Path == l.callback:
		l.serveCallback(w, r.URL.RawQuery)
	default:
		l.pages.write(w, http.StatusNotFound, notFound)
	}
}

func (l *loopback) serveCallback(w http.ResponseWriter, query string) {
	a, err := l.pending.readAnswer(query)
	switch {
	case errors.Is(err, ErrForeign):
		l.sayOnce(err)
		l.pages.write(w, http.StatusBadRequest, otherLogin)
	case err != nil:
		l.sayOnce(err)
		l.pages.write(w, http.StatusBadRequest, badRequest)
	case l.take(a, true):
		w.Header().Set("Location", l.result)
		l.pages.write(w, http.StatusSeeOther, page{})
	default:
		l.pages.write(w, http.StatusGone, finished)
	}
}

// serveResult waits for the end of the login and tells it. The browser may
// have waited longer than the server's limits allow for a request.
func (l *loopback) serveResult(w http.ResponseWriter) {
	<-l.told
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(grace))
	l.pages.write(w, http.StatusOK, l.ending)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.promised--
	l.settle()
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

// isPrefetch says whether a browser asks ahead of the person.
func isPrefetch(h http.Header) bool {
	for _, name := range []string{"Sec-Purpose", "Purpose", "X-Moz"} {
		if strings.Contains(strings.ToLower(h.Get(name)), "prefetch") {
			return true
		}
	}
	return false
}

// isNavigation says whether the request may be a tab that goes somewhere, and
// not a picture, frame or script of another page. Old browsers and curl send
// neither header; Origin is null after a form was posted to Spotify.
func isNavigation(h http.Header) bool {
	dest, origin := h.Values("Sec-Fetch-Dest"), h.Values("Origin")
	return (len(dest) == 0 || len(dest) == 1 && dest[0] == "document") &&
		(len(origin) == 0 || len(origin) == 1 && origin[0] == "null")
}

// withoutPort80 is how browsers write an address: they leave the default port out.
func withoutPort80(address string) string {
	before, after, found := strings.Cut(address, ":80/")
	if found {
		return before + "/" + after
	}
	return strings.TrimSuffix(address, ":80")
}
