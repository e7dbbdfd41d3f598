package sandbox

import (
	"cmp"
	_ "embed"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"
)

// pageHTML is the template of the stand-in's pages. Its stylesheet is the one of
// the sign-in's pages, because people see one after the other.
//
//go:embed page.html
var pageHTML string

// The mark of a page: its color in the stylesheet, and the path of its sign.
const (
	markQuestion = "plain M20 21a6 6 0 1 1 8.8 5.3c-1.9 1-2.8 2-2.8 4.2m0 6v.1"
	markProblem  = "wait M26 15.5v13m0 7.5v.1"
)

// htmlPage makes a page. Its policy has no form-action, because Chromium also applies
// that to the redirect after the form and would stop the callback.
func htmlPage(status int, mark, title, body string) *answer {
	class, sign, _ := strings.Cut(mark, " ")
	text := strings.NewReplacer("{{mark}}", class, "{{sign}}", sign, "{{title}}", html.EscapeString(title), "{{body}}", body).Replace(pageHTML)
	a := newAnswer(status, typeHTML, []byte(text))
	a.header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'")
	a.header.Set("Referrer-Policy", "no-referrer")
	a.header.Set("Cache-Control", "no-store")
	return a
}

func problemPage(problem string) *answer {
	return htmlPage(http.StatusBadRequest, markProblem, problem, fmt.Sprintf(`<h1>%s</h1>
<p class="text">The request was refused, so there is nowhere to go back to. Spotify shows a page like this one and tells the client nothing.</p>`,
		html.EscapeString(problem)))
}

func (s *Server) consentPage(r *http.Request, q url.Values) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return htmlPage(http.StatusOK, markQuestion, "Allow access? (stand-in)", fmt.Sprintf(`<h1>Allow this app to use your account?</h1>
%s
<form method="post" action="%s">
<fieldset>
<legend>Account</legend>
%s</fieldset>
<dl>
<dt>Client ID</dt><dd><code>%s</code></dd>
<dt>Redirect URI</dt><dd><code>%s</code></dd>
</dl>
<div class="buttons">
<button class="agree" name="decision" value="agree">Agree</button>
<button name="decision" value="cancel">Cancel</button>
</div>
</form>`, listOf(q.Get("scope")), html.EscapeString(r.URL.RequestURI()), s.accountChoice(),
		html.EscapeString(q.Get("client_id")), html.EscapeString(q.Get("redirect_uri"))))
}

// accountChoice lists the accounts to choose from, the proposed one first.
func (s *Server) accountChoice() string {
	var list strings.Builder
	choice := func(a *account, checked string) {
		fmt.Fprintf(&list, "<label><input type=\"radio\" name=\"account\" value=\"%s\"%s/><span>%s <code>%s</code></span></label>\n",
			html.EscapeString(a.id), checked, html.EscapeString(a.name), html.EscapeString(a.id))
	}
	choice(s.account, ` checked="checked"`)
	for _, a := range s.accounts {
		if a != s.account {
			choice(a, "")
		}
	}
	return list.String()
}

// listOf describes what known scopes let an app do.
func listOf(scope string) string {
	if strings.TrimSpace(scope) == "" {
		return `<p class="text">It asks only for your public profile.</p>`
	}
	var list strings.Builder
	list.WriteString("<p class=\"text\">It will be able to</p>\n<ul>\n")
	words := Scopes()
	for name := range strings.FieldsSeq(scope) {
		fmt.Fprintf(&list, "<li>%s <code>%s</code></li>\n", cmp.Or(words[name], "other access"), name)
	}
	list.WriteString("</ul>")
	return list.String()
}
