package auth

import (
	"errors"
	"net/http"
	"strings"
	"time"
)

func (l *loopback) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength != 0 {
		// No valid request has a body, so do not wait for one.
		_ = http.NewResponseController(w).SetReadDeadline(time.Now())
	}
	switch {
	case r.Method != http.MethodGet:
		w.Header().Set("Allow", http.MethodGet)
		badRequest.write(w, http.StatusMethodNotAllowed)
	case withoutPort80(r.Host) != withoutPort80(l.host): // a rebound DNS name
		badRequest.write(w, http.StatusMisdirectedRequest)
	case isPrefetch(r.Header):
		badRequest.write(w, http.StatusServiceUnavailable)
	case !isNavigation(r.Header):
		badRequest.write(w, http.StatusForbidden)
	case r.URL.Path == l.result:
		l.serveResult(w)
	case r.URL.Path == l.start:
		l.serveStart(w)
	case r.URL.Path == l.callback:
		l.serveCallback(w, r.URL.RawQuery)
	default:
		notFound.write(w, http.StatusNotFound)
	}
}

// serveStart redirects the browser to Spotify, once. Every user of the machine can
// read the command line of a browser, so it holds this path and not the state. A
// second request means that the first may be from someone who read it there.
func (l *loopback) serveStart(w http.ResponseWriter) {
	if !l.takeStart() {
		l.notifyOnce(ErrStartedTwice)
		startedTwice.write(w, http.StatusGone)
		return
	}
	w.Header().Set("Location", l.consent)
	page{}.write(w, http.StatusSeeOther)
}

func (l *loopback) serveCallback(w http.ResponseWriter, query string) {
	a, err := l.pending.readAnswer(query)
	switch {
	case errors.Is(err, ErrForeign):
		l.notifyOnce(err)
		otherLogin.write(w, http.StatusBadRequest)
	case err != nil:
		l.notifyOnce(err)
		badRequest.write(w, http.StatusBadRequest)
	case l.take(a, true):
		w.Header().Set("Location", l.result)
		page{}.write(w, http.StatusSeeOther)
	default:
		finished.write(w, http.StatusGone)
	}
}

// serveResult waits for the end of the login and shows it.
func (l *loopback) serveResult(w http.ResponseWriter) {
	<-l.ended
	l.ending.write(w, http.StatusOK)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.owed--
	l.settle()
}

// isPrefetch reports whether a browser requests the page before the user opens it.
func isPrefetch(h http.Header) bool {
	for _, name := range []string{"Sec-Purpose", "Purpose", "X-Moz"} {
		if strings.Contains(strings.ToLower(h.Get(name)), "prefetch") {
			return true
		}
	}
	return false
}

// isNavigation reports whether a tab may have sent the request, and not an image,
// frame or script of another page. Old browsers and curl send neither header.
// Origin is null after a form was posted to Spotify.
func isNavigation(h http.Header) bool {
	dest, origin := h.Values("Sec-Fetch-Dest"), h.Values("Origin")
	return (len(dest) == 0 || len(dest) == 1 && dest[0] == "document") &&
		(len(origin) == 0 || len(origin) == 1 && origin[0] == "null")
}
