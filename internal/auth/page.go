package auth

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"errors"
	"html"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// pageHTML is the template of every page. html/template would make each start of
// the program a tenth slower.
//
//go:embed page.html
var pageHTML string

// page is what the browser shows. Nothing in it comes from a request. Only
// Account is foreign text.
type page struct {
	Mark    string // "yes", "no" or "wait": the color and the sign
	Title   string
	Text    string
	Account string // shown instead of Text
	Next    string // what to do now
}

var (
	signedIn = page{Mark: "yes", Title: "You are signed in",
		Next: "You can close this tab and go back to the terminal."}
	declined = page{Mark: "wait", Title: "Sign-in declined",
		Text: "You didn’t grant access, so nothing was saved.",
		Next: "If that was a mistake, run “spotauth login” again in the terminal."}
	failed = page{Mark: "no", Title: "Sign-in failed",
		Text: "Spotify sent you back here, but the sign-in could not be completed.",
		Next: "The terminal shows what went wrong and what to do."}
	otherLogin = page{Mark: "wait", Title: "Not this sign-in",
		Text: "This tab belongs to another sign-in. The current one is still waiting.",
		Next: "Close this tab and open the URL that the terminal shows."}
	finished = page{Mark: "wait", Title: "Already answered",
		Text: "This sign-in has already been answered.",
		Next: "The terminal shows how it ended. You can close this tab."}
	badRequest = page{Mark: "wait", Title: "Request not understood",
		Text: "This address only accepts Spotify’s answer to a sign-in.",
		Next: "Close this tab and open the URL that the terminal shows."}
	startedTwice = page{Mark: "wait", Title: "Already opened",
		Text: "This address works only once. If you haven’t opened it before, someone else has.",
		Next: "Press Ctrl-C in the terminal and run “spotauth login” again."}
	notFound = page{Mark: "wait", Title: "Nothing here",
		Text: "There is no page at this address.",
		Next: "Close this tab and open the URL that the terminal shows."}
)

// ending returns the page for a login that ended with err.
func ending(account string, err error) page {
	switch {
	case err == nil:
		p := signedIn
		p.Account = account
		return p
	case errors.Is(err, ErrDenied):
		return declined
	}
	return failed
}

// html renders the page.
func (p page) html() string {
	text := html.EscapeString(p.Text)
	if p.Account != "" {
		text = "Spotify account: <strong><bdi>" + html.EscapeString(p.Account) + "</bdi></strong>"
	}
	sign := map[string]string{"yes": "M16.5 27l6.5 6.5L36 20", "no": "M18.5 18.5l15 15m0-15l-15 15", "wait": "M26 15.5v13m0 7.5v.1"}[p.Mark]
	return strings.NewReplacer(
		"{{mark}}", p.Mark, "{{sign}}", sign, "{{title}}", html.EscapeString(p.Title), "{{text}}", text, "{{next}}", html.EscapeString(p.Next),
	).Replace(pageHTML)
}

// policy is the Content-Security-Policy of every page. It allows only the page's own style.
func policy() string {
	_, style, _ := strings.Cut(pageHTML, "<style>")
	style, _, _ = strings.Cut(style, "</style>")
	hash := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

// write sends p, or no body if p is empty. The headers keep the page out of
// caches, frames and other pages, and let it load nothing.
func (p page) write(w http.ResponseWriter, status int) {
	body := ""
	if p != (page{}) {
		body = p.html()
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", policy())
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body) // the browser may have gone
}
