package auth

import (
	"errors"
	"net/http"
	"strings"
	"time"
)

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
