package sandbox

import (
	_ "embed"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"
)

// pageHTML is what the stand-in's pages have in common, around {{title}} and {{body}}.
//
//go:embed page.html
var pageHTML string

// page makes a page. Its policy has no form-action: Chromium applies that to the
// redirect after the form too, and would stop the callback.
func page(status int, title, body string) *answer {
	text := strings.NewReplacer("{{title}}", html.EscapeString(title), "{{body}}", body).Replace(pageHTML)
	a := newAnswer(status, typeHTML, []byte(text))
	a.header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'")
	a.header.Set("Referrer-Policy", "no-referrer")
	a.header.Set("Cache-Control", "no-store")
	return a
}

func problemPage(problem string) *answer {
	return page(http.StatusBadRequest, problem, fmt.Sprintf(`<h1>%s</h1>
<p>The client's request was refused, so there is nowhere to go back to. Spotify shows a page like this and tells the client nothing.</p>`,
		html.EscapeString(problem)))
}

func (s *Server) consentPage(r *http.Request, q url.Values) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return page(http.StatusOK, "Allow access? (stand-in)", fmt.Sprintf(`<h1>Allow this app to use your account?</h1>
%s
<dl>
<dt>Client ID</dt><dd><code>%s</code></dd>
<dt>Goes back to</dt><dd><code>%s</code></dd>
</dl>
<form method="post" action="%s">
<fieldset><legend>Account</legend>%s</fieldset>
<button class="agree" name="decision" value="agree">Agree</button>
<button name="decision" value="cancel">Cancel</button>
</form>`, listOf(q.Get("scope")), html.EscapeString(q.Get("client_id")), html.EscapeString(q.Get("redirect_uri")),
		html.EscapeString(r.URL.RequestURI()), s.accountChoice()))
}

// accountChoice has the accounts to choose from, the proposed one first.
func (s *Server) accountChoice() string {
	var list strings.Builder
	choice := func(a *account, checked string) {
		fmt.Fprintf(&list, `<label><input type="radio" name="account" value="%s"%s/> %s <code>%s</code></label>`,
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

// listOf tells what the scopes let an app do. They are known ones.
func listOf(scope string) string {
	if strings.TrimSpace(scope) == "" {
		return "<p>It asks for your public profile alone.</p>"
	}
	var list strings.Builder
	list.WriteString("<p>It will be able to</p>\n<ul>\n")
	words := scopes()
	for name := range strings.FieldsSeq(scope) {
		if words[name] == "" {
			fmt.Fprintf(&list, "<li><code>%s</code></li>\n", name)
		} else {
			fmt.Fprintf(&list, "<li>%s <code>(%s)</code></li>\n", words[name], name)
		}
	}
	list.WriteString("</ul>")
	return list.String()
}
