package auth

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"errors"
	"html/template"
	"net/http"
	"strconv"
	"strings"
)

//go:embed page.html
var pageHTML string

// page is what the browser shows. Nothing in it comes from a request; Account
// alone is foreign, and escaped.
type page struct {
	Mark    string // "yes", "no" or "wait": the colour and the sign
	Title   string
	Text    string
	Account string
	Next    string // what to do now
}

var (
	signedIn = page{Mark: "yes", Title: "You are signed in",
		Next: "You can close this tab and go back to the terminal."}
	declined = page{Mark: "no", Title: "Sign-in declined",
		Text: "Access was not given, and nothing was saved.",
		Next: "If that was a mistake, run “spotauth login” again in the terminal."}
	failed = page{Mark: "no", Title: "Sign-in failed",
		Text: "Spotify sent you back here, but the sign-in could not be completed.",
		Next: "Look at the terminal: it says what went wrong and what to do."}
	otherLogin = page{Mark: "wait", Title: "Not this sign-in",
		Text: "This tab does not belong to the login now running, which goes on waiting.",
		Next: "Close this tab and use the address that the terminal shows."}
	finished = page{Mark: "wait", Title: "Already answered",
		Text: "This login has had its answer and takes no other.",
		Next: "Look at the terminal: it says how the login ended. You can close this tab."}
	badRequest = page{Mark: "wait", Title: "Request not understood",
		Text: "This address takes nothing but Spotify’s answer to a sign-in.",
		Next: "Close this tab and use the address that the terminal shows."}
	notFound = page{Mark: "wait", Title: "Nothing here",
		Text: "There is no page at this address.",
		Next: "Close this tab and use the address that the terminal shows."}
)

// ending is the page for a login that ended so.
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

// pages writes pages, all with the same headers.
type pages struct {
	template *template.Template
	policy   string // Content-Security-Policy
}

func newPages() pages {
	_, style, _ := strings.Cut(pageHTML, "<style>")
	style, _, _ = strings.Cut(style, "</style>")
	hash := sha256.Sum256([]byte(style))
	return pages{
		template: template.Must(template.New("page").Parse(pageHTML)),
		policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) +
			"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	}
}

// write answers with p, or with no body where p is empty. The page must work
// from nothing else, lead nowhere, stay in no cache and open to no other page.
func (s pages) write(w http.ResponseWriter, status int, p page) {
	var body bytes.Buffer
	if p != (page{}) {
		_ = s.template.Execute(&body, p) // fixed template, text data, memory: cannot fail
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(body.Len()))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", s.policy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes()) // who hung up has seen enough
}
