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
	Mark    string // "yes", "no", "wait" or "plain": the color and the sign
	Title   string
	Text    string
	Account string
	Until   string // the day on which the login ends
	Next    string // what to do now: a line for each paragraph, commands in backquotes
}

var (
	signedIn = page{Mark: "yes", Title: "You are signed in",
		Next: "You can close this tab."}
	declined = page{Mark: "plain", Title: "Sign-in declined",
		Text: "You didn’t grant access, so nothing was saved.",
		Next: "If that was a mistake, run `spotauth login` again in the terminal."}
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
		Next: "Press Ctrl-C in the terminal and run `spotauth login` again."}
	notFound = page{Mark: "wait", Title: "Nothing here",
		Text: "There is no page at this address.",
		Next: "Close this tab and open the URL that the terminal shows."}
)

// ending returns the page for a login that ended with err.
func ending(who SignedIn, err error) page {
	switch {
	case err == nil:
		return signedIn.with(who)
	case errors.Is(err, ErrDenied):
		return declined
	}
	return failed
}

// with adds the account, the date and the next command that Finish returned.
func (p page) with(who SignedIn) page {
	p.Account = who.Account
	if !who.Until.IsZero() {
		p.Until = who.Until.Local().Format("2 January 2006")
	}
	if who.Next != "" {
		p.Next += "\nBack in the terminal, try `" + who.Next + "`."
	}
	return p
}

// html renders the page.
func (p page) html() string {
	sign := map[string]string{
		"yes": "M16.5 27l6.5 6.5L36 20", "no": "M18.5 18.5l15 15m0-15l-15 15", "wait": "M26 15.5v13m0 7.5v.1", "plain": "M17 26h18",
	}[p.Mark]
	return strings.NewReplacer(
		"{{mark}}", p.Mark, "{{sign}}", sign, "{{title}}", html.EscapeString(p.Title), "{{text}}", html.EscapeString(p.Text),
		"{{facts}}", p.facts(), "{{next}}", p.next(),
	).Replace(pageHTML)
}

func (p page) facts() string {
	facts := ""
	if p.Account != "" {
		facts += "<dt>Spotify account</dt><dd><bdi>" + html.EscapeString(p.Account) + "</bdi></dd>"
	}
	if p.Until != "" {
		facts += "<dt>This login ends on</dt><dd>" + p.Until + "</dd>"
	}
	return facts
}

func (p page) next() string {
	return withCode(strings.ReplaceAll(html.EscapeString(p.Next), "\n", "</p>\n<p>"))
}

// withCode turns backquotes into code elements. A command and each of its flags is a span,
// because a browser would otherwise break it anywhere, even between two dashes.
func withCode(text string) string {
	for {
		before, rest, found := strings.Cut(text, "`")
		code, after, closed := strings.Cut(rest, "`")
		if !found || !closed {
			return text
		}
		text = before + "<code><span>" + strings.ReplaceAll(code, " --", "</span> <span>--") + "</span></code>" + after
	}
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
