package auth

import (
	"crypto/sha256"
	"encoding/base64"
	"math"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// everyPage is each page that can be shown, by name.
func everyPage() map[string]page {
	named := signedIn.with(SignedIn{"Ada", time.Date(2027, 5, 24, 12, 0, 0, 0, time.Local), "spotauth artists --profile work"})
	return map[string]page{
		"signed in": signedIn, "signed in by name": named, "declined": declined, "failed": failed,
		"other login": otherLogin, "finished": finished, "bad request": badRequest, "not found": notFound,
		"started twice": startedTwice,
	}
}

// L-09: every answer has the whole set of headers, whatever its status.
func TestEveryAnswerHasTheHeaders(t *testing.T) {
	p := Client{Origin: Origin, ID: testID}.newPending(nil, "http://127.0.0.1:5000/callback")
	good := "/callback?code=canary-code&state=" + p.state.Reveal()
	tests := []struct {
		name, method, target, host, header string
		status                             int
	}{
		{"the answer", "GET", good, "127.0.0.1:5000", "", 303},
		{"wrong method", "POST", good, "127.0.0.1:5000", "", 405},
		{"HEAD", "HEAD", good, "127.0.0.1:5000", "", 405},
		{"wrong host", "GET", good, "evil.example", "", 421},
		{"prefetch", "GET", good, "127.0.0.1:5000", "Purpose", 503},
		{"wrong origin", "GET", good, "127.0.0.1:5000", "Origin", 403},
		{"favicon", "GET", "/favicon.ico", "127.0.0.1:5000", "", 404},
		{"other login", "GET", "/callback?code=x&state=x", "127.0.0.1:5000", "", 400},
		{"malformed", "GET", "/callback?state=" + p.state.Reveal(), "127.0.0.1:5000", "", 400},
		{"second answer", "GET", good + "x&code=y", "127.0.0.1:5000", "", 400},
		{"late", "GET", "LATE", "127.0.0.1:5000", "", 410},
		{"start", "GET", "START", "127.0.0.1:5000", "", 303},
		{"started twice", "GET", "AGAIN", "127.0.0.1:5000", "", 410},
		{"result", "GET", "RESULT", "127.0.0.1:5000", "", 200},
	}
	_, style, _ := strings.Cut(rendered(signedIn), "<style>")
	style, _, _ = strings.Cut(style, "</style>")
	hash := sha256.Sum256([]byte(style))
	want := map[string]string{
		"Content-Type":           "text/html; charset=utf-8",
		"X-Content-Type-Options": "nosniff",
		"Content-Security-Policy": "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) +
			"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
		"Referrer-Policy":              "no-referrer",
		"Cache-Control":                "no-store",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Cross-Origin-Opener-Policy":   "same-origin",
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := newLoopback(p, "https://accounts.spotify.com/authorize", func(error) {})
			target := tt.target
			switch target {
			case "LATE":
				l.take(answer{code: p.state}, true)
				target = good
			case "START":
				target = l.start
			case "AGAIN":
				l.takeStart()
				target = l.start
			case "RESULT":
				l.end(signedIn)
				target = l.result
			}
			r := httptest.NewRequest(tt.method, target, nil)
			r.Host = tt.host
			if tt.header != "" {
				r.Header.Set(tt.header, "prefetch")
			}
			w := httptest.NewRecorder()
			l.ServeHTTP(w, r)
			res := w.Result() // the headers as they were at WriteHeader
			if res.StatusCode != tt.status {
				t.Errorf("status %d", res.StatusCode)
			}
			for name, value := range want {
				if got := res.Header.Values(name); len(got) != 1 || got[0] != value {
					t.Errorf("%s: %q", name, got)
				}
			}
			if got := res.Header.Get("Content-Length"); got != strconv.Itoa(w.Body.Len()) {
				t.Errorf("Content-Length %s for %d bytes", got, w.Body.Len())
			}
		})
	}
}

// L-08, L-16: a connection serves one request and closes.
func TestListenerKeepsNoConnection(t *testing.T) {
	l := start(t, nil)
	res, _ := l.raw(t, "GET / HTTP/1.1\r\nHost: "+l.Addr.String()+"\r\n\r\n")
	if !res.Close {
		t.Error("the connection is kept")
	}
	visit(t, l.answerWith("canary-code"))
	<-l.ended
}

// L-09: an account's name is text, whatever is in it.
func TestPageEscapesTheAccount(t *testing.T) {
	p := signedIn
	p.Account = `<script>alert(1)</script>"'&{{next}}`
	body := rendered(p)
	if strings.Contains(body, "<script") || !strings.Contains(body, "<bdi>&lt;script&gt;alert(1)&lt;/script&gt;&#34;&#39;&amp;{{next}}</bdi>") {
		t.Errorf("page %s", body)
	}
}

// A person sees when the login ends, and what to do next.
func TestPageSaysWhenTheLoginEnds(t *testing.T) {
	body := rendered(everyPage()["signed in by name"])
	for _, must := range []string{"<dd><bdi>Ada</bdi></dd>", "<dd>24 May 2027</dd>", "<p class=\"next\">You can close this tab.</p>\n<p>Back in the terminal, try <code><span>spotauth artists</span> <span>--profile work</span></code>.</p>"} {
		if !strings.Contains(body, must) {
			t.Errorf("the page lacks %s", must)
		}
	}
}

// L-09: a page stands alone and says what it must.
func TestPagesStandAlone(t *testing.T) {
	for name, p := range everyPage() {
		body := rendered(p)
		if bad := regexp.MustCompile(`(?i)<script|<link|<img|<iframe|<form|<base|\bon\w+=|\bstyle=|src=|href=|url\(|@import|https?:`).FindString(body); bad != "" {
			t.Errorf("%s: holds %q", name, bad)
		}
		for _, must := range []string{
			`<html lang="en">`, `<meta name="viewport" content="width=device-width, initial-scale=1">`,
			"<title>" + p.Title + " – spotauth</title>", "<h1>" + p.Title + "</h1>", "<span>spotauth</span>",
			p.Text, p.next(), `<svg class="` + p.Mark + `"`, "@media (prefers-color-scheme: dark)", p.Account,
		} {
			if !strings.Contains(body, must) {
				t.Errorf("%s: lacks %q", name, must)
			}
		}
		if p.Next == "" || p.Title == "" {
			t.Errorf("%s: does not say what to do next", name)
		}
	}
}

// Text has the contrast of WCAG 2.2 AA (4.5 to 1) on what it stands on, and
// signs that of graphics (3 to 1), light and dark.
func TestPageContrast(t *testing.T) {
	schemes := regexp.MustCompile(`(?s):root \{(.*?)\}`).FindAllStringSubmatch(pageHTML, -1)
	if len(schemes) != 2 {
		t.Fatalf("%d colour schemes", len(schemes))
	}
	for i, scheme := range schemes {
		colour := map[string]float64{}
		for _, m := range regexp.MustCompile(`--(\w+): #(\w{6});`).FindAllStringSubmatch(scheme[1], -1) {
			colour[m[1]] = luminance(m[2])
		}
		for front, least := range map[string]float64{"ink": 4.5, "soft": 4.5, "yes": 4.5, "no": 4.5, "wait": 4.5} {
			if got := contrast(colour[front], colour["card"]); got < least {
				t.Errorf("scheme %d: %s has %.2f to 1", i, front, got)
			}
		}
	}
}

// luminance is the relative luminance of WCAG 2.2.
func luminance(hex string) float64 {
	rgb, _ := strconv.ParseUint(hex, 16, 32)
	part := func(shift int) float64 {
		c := float64(rgb>>shift&0xff) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*part(16) + 0.7152*part(8) + 0.0722*part(0)
}

func contrast(a, b float64) float64 { return (max(a, b) + 0.05) / (min(a, b) + 0.05) }
