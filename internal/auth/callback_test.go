package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Every request in this table reaches a waiting login and changes nothing. Then the real
// answer arrives and wins.
func TestLoginWaitsPastWhatIsNotItsAnswer(t *testing.T) {
	const get = "GET /callback?code=canary-code&state=STATE HTTP/1.1\r\nHost: HOST\r\n"
	callback := func(query string) string {
		return "GET /callback" + query + " HTTP/1.1\r\nHost: HOST\r\n"
	}
	tests := []struct {
		name    string
		request string // STATE, HOST and ORIGIN are filled in
		status  int
		page    page
		notice  error
	}{
		// L-02: what a browser sends besides the answer
		{"favicon", "GET /favicon.ico HTTP/1.1\r\nHost: HOST\r\n", 404, notFound, nil},
		{"root", "GET / HTTP/1.1\r\nHost: HOST\r\n", 404, notFound, nil},
		{"another path with the answer", strings.Replace(get, "/callback", "/callback/", 1), 404, notFound, nil},
		{"path in capitals", strings.Replace(get, "/callback", "/Callback", 1), 404, notFound, nil},
		{"HEAD", strings.Replace(get, "GET", "HEAD", 1), 405, page{}, nil},
		{"POST", strings.Replace(get, "GET", "POST", 1) + "Content-Length: 3\r\n", 405, badRequest, nil},
		{"OPTIONS", strings.Replace(get, "GET", "OPTIONS", 1), 405, badRequest, nil},
		{"OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: HOST\r\n", 405, badRequest, nil},
		{"PUT", strings.Replace(get, "GET", "PUT", 1), 405, badRequest, nil},
		{"prefetch", get + "Sec-Purpose: prefetch\r\n", 503, badRequest, nil},
		{"prerender", get + "Sec-Purpose: prefetch;prerender\r\n", 503, badRequest, nil},
		{"prefetch of old Chrome", get + "Purpose: prefetch\r\n", 503, badRequest, nil},
		{"prefetch of old Firefox", get + "X-Moz: Prefetch\r\n", 503, badRequest, nil},
		{"picture", get + "Sec-Fetch-Dest: image\r\n", 403, badRequest, nil},
		{"frame", get + "Sec-Fetch-Dest: iframe\r\n", 403, badRequest, nil},
		{"fetch", get + "Sec-Fetch-Dest: empty\r\n", 403, badRequest, nil},
		{"two destinations", get + "Sec-Fetch-Dest: document\r\nSec-Fetch-Dest: image\r\n", 403, badRequest, nil},
		{"script of a site", get + "Origin: https://evil.example\r\n", 403, badRequest, nil},

		// L-03: forged answers, with and without an error
		{"no query", callback(""), 400, otherLogin, ErrForeign},
		{"no state", callback("?code=canary-code"), 400, otherLogin, ErrForeign},
		{"empty state", callback("?code=canary-code&state="), 400, otherLogin, ErrForeign},
		{"wrong state", callback("?code=canary-code&state=x"), 400, otherLogin, ErrForeign},
		{"state and more", callback("?code=canary-code&state=STATEx"), 400, otherLogin, ErrForeign},
		{"two states, one right", callback("?code=canary-code&state=STATE&state=x"), 400, otherLogin, ErrForeign},
		{"error without state", callback("?error=access_denied"), 400, otherLogin, ErrForeign},
		{"error with wrong state", callback("?error=access_denied&state=x"), 400, otherLogin, ErrForeign},

		// L-10: another Host is a rebound name
		{"foreign host", strings.Replace(get, "HOST", "evil.example", 1), 421, badRequest, nil},
		{"localhost", strings.Replace(get, "HOST", "localhost:PORT", 1), 421, badRequest, nil},
		{"no port", strings.Replace(get, "HOST", "127.0.0.1", 1), 421, badRequest, nil},
		{"other port", strings.Replace(get, "HOST", "127.0.0.1:1", 1), 421, badRequest, nil},
		{"port 80", strings.Replace(get, "HOST", "127.0.0.1:80", 1), 421, badRequest, nil},
		{"empty host", strings.Replace(get, "HOST", "", 1), 421, badRequest, nil},
		{"other host in the request line", strings.Replace(get, "GET ", "GET http://evil.example", 1), 421, badRequest, nil},
		{"no host at all", "GET /callback?code=canary-code&state=STATE HTTP/1.0\r\n", 421, badRequest, nil},

		// L-14: repeated, malformed
		{"neither code nor error", callback("?state=STATE"), 400, badRequest, ErrAnswer},
		{"both empty", callback("?state=STATE&code=&error="), 400, badRequest, ErrAnswer},
		{"two codes", callback("?state=STATE&code=a&code=b"), 400, badRequest, ErrAnswer},
		{"two errors", callback("?state=STATE&error=a&error=b"), 400, badRequest, ErrAnswer},
		{"code with a space", callback("?state=STATE&code=a+b"), 400, badRequest, ErrAnswer},
		{"code not ASCII", callback("?state=STATE&code=%C3%A9"), 400, badRequest, ErrAnswer},
		{"code with NUL", callback("?state=STATE&code=a%00"), 400, badRequest, ErrAnswer},
		{"code too long", callback("?state=STATE&code=" + strings.Repeat("c", 2049)), 400, badRequest, ErrAnswer},
		{"semicolons", callback("?state=STATE;code=a"), 400, badRequest, ErrAnswer},
		{"bad escape", callback("?state=STATE&code=%zz"), 400, badRequest, ErrAnswer},

		// L-15: another issuer
		{"issuer of another", callback("?state=STATE&code=a&iss=https://evil.example"), 400, badRequest, ErrIssuer},
		{"issuer with a slash", callback("?state=STATE&code=a&iss=ORIGIN/"), 400, badRequest, ErrIssuer},
		{"issuer twice", callback("?state=STATE&code=a&iss=ORIGIN&iss=ORIGIN"), 400, badRequest, ErrAnswer},

		// L-16: too large
		{"query over 4 KiB", callback("?state=STATE&code=a&x=" + strings.Repeat("x", 4096)), 400, badRequest, ErrAnswer},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := start(t, nil)
			request := strings.NewReplacer("STATE", l.state(), "HOST", l.Addr.String(), "ORIGIN", l.Server.URL,
				"PORT", strconv.Itoa(int(l.Addr.Port()))).Replace(tt.request) + "\r\n"
			res, body := l.raw(t, request)
			want := ""
			if tt.page != (page{}) {
				want = rendered(tt.page)
			}
			if res.StatusCode != tt.status || body != want {
				t.Errorf("status %d, page %q", res.StatusCode, body)
			}
			if allow := res.Header.Get("Allow"); (allow == "GET") != (tt.status == 405) {
				t.Errorf("Allow: %q", allow)
			}
			if strings.Contains(fmt.Sprint(res.Header)+body, l.state()) {
				t.Error("the answer gives the state away")
			}
			if status, body := visit(t, l.answerWith("canary-code")); status != 200 || body != rendered(signedIn) {
				t.Errorf("then the real one: status %d", status)
			}
			l.mustEnd(t)
			if tt.notice == nil && len(l.notices) > 0 || tt.notice != nil && !slices.Equal(l.notices, []error{tt.notice}) {
				t.Errorf("notices %v", l.notices)
			}
			if l.count() != 1 {
				t.Errorf("%d exchanges", l.count())
			}
		})
	}
}

func TestLoginTakesAnswersAsBrowsersSendThem(t *testing.T) { // L-02, L-14, L-15
	tests := []struct{ name, query, headers string }{
		{"plain, as curl", "code=canary-code&state=STATE", ""},
		{"navigation", "code=canary-code&state=STATE", "Sec-Fetch-Dest: document\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Site: cross-site\r\n"},
		{"after a form", "code=canary-code&state=STATE", "Origin: null\r\n"},
		{"unknown parameters", "code=canary-code&state=STATE&x=1&x=2&y", ""},
		{"issuer", "code=canary-code&state=STATE&iss=ORIGIN", ""},
		{"empty issuer, as if omitted (B-44)", "code=canary-code&state=STATE&iss=", ""},
		{"longest code", "state=STATE&code=" + strings.Repeat("c", 2048), ""},
		{"empty error", "code=canary-code&state=STATE&error=", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := start(t, nil)
			query := strings.NewReplacer("STATE", l.state(), "ORIGIN", url.QueryEscape(l.Server.URL)).Replace(tt.query)
			res, body := l.raw(t, "GET /callback?"+query+" HTTP/1.1\r\nHost: "+l.Addr.String()+"\r\n"+tt.headers+"\r\n")
			if res.StatusCode != 303 || body != "" {
				t.Fatalf("status %d, body %q", res.StatusCode, body)
			}
			res, body = l.raw(t, "GET "+res.Header.Get("Location")+" HTTP/1.1\r\nHost: "+l.Addr.String()+"\r\n"+tt.headers+"\r\n")
			if res.StatusCode != 200 || body != rendered(signedIn) {
				t.Errorf("status %d, page %q", res.StatusCode, body)
			}
			l.mustEnd(t)
			if len(l.notices) > 0 {
				t.Errorf("notices %v", l.notices)
			}
		})
	}
}

// B-09: the start path leads to consent once. Prefetches and other hosts do not count.
func TestStartLeadsToConsentOnce(t *testing.T) {
	l := start(t, nil)
	path := strings.TrimPrefix(l.StartURL, "http://"+l.Addr.String())
	if len(path) != 1+26 || strings.Contains(path, l.state()) {
		t.Errorf("%s can be guessed", path)
	}
	for _, row := range []struct {
		name, request string
		status        int
		page          page
	}{
		{"prefetch", "GET PATH HTTP/1.1\r\nHost: HOST\r\nSec-Purpose: prefetch\r\n", 503, badRequest},
		{"picture", "GET PATH HTTP/1.1\r\nHost: HOST\r\nSec-Fetch-Dest: image\r\n", 403, badRequest},
		{"rebound name", "GET PATH HTTP/1.1\r\nHost: evil.example\r\n", 421, badRequest},
		{"POST", "POST PATH HTTP/1.1\r\nHost: HOST\r\nContent-Length: 0\r\n", 405, badRequest},
		{"guess", "GET PATHX HTTP/1.1\r\nHost: HOST\r\n", 404, notFound},
		{"first", "GET PATH HTTP/1.1\r\nHost: HOST\r\nSec-Fetch-Dest: document\r\n", 303, page{}},
		{"second", "GET PATH HTTP/1.1\r\nHost: HOST\r\nSec-Fetch-Dest: document\r\n", 410, startedTwice},
		{"third", "GET PATH HTTP/1.1\r\nHost: HOST\r\n", 410, startedTwice},
	} {
		res, body := l.raw(t, strings.NewReplacer("PATH", path, "HOST", l.Addr.String()).Replace(row.request)+"\r\n")
		want, location := "", l.URL
		if row.page != (page{}) {
			want, location = rendered(row.page), ""
		}
		if res.StatusCode != row.status || body != want || res.Header.Get("Location") != location {
			t.Errorf("%s: status %d, location %q, page %q", row.name, res.StatusCode, res.Header.Get("Location"), body)
		}
	}
	visit(t, l.answerWith("canary-code"))
	l.mustEnd(t)
	if !slices.Equal(l.notices, []error{ErrStartedTwice}) {
		t.Errorf("notices %v", l.notices)
	}
}

// B-43: whatever arrives before Ready returns is noticed after it.
func TestNoticeComesAfterReady(t *testing.T) {
	c := newAccounts(t).config(t)
	var where string
	c.Notice = func(err error) {
		if where != "told" {
			t.Error("a notice before Ready has returned")
		}
	}
	forged := make(chan struct{})
	var tabs sync.WaitGroup
	c.Ready = func(w Waiting) {
		tabs.Go(func() {
			visit(t, "http://"+w.Addr.String()+"/callback?state=forged")
			close(forged)
			visit(t, answerURL(w.URL, "canary-code"))
		})
		select {
		case <-forged:
			t.Error("the listener answered before Ready has returned")
		case <-time.After(100 * time.Millisecond):
		}
		where = "told"
	}
	if _, err := c.Login(t.Context(), c.Request); err != nil {
		t.Error(err)
	}
	tabs.Wait()
}

func TestLoginMovesTheCodeOutOfTheAddressBar(t *testing.T) { // L-19
	l := start(t, nil)
	res, _ := l.raw(t, "GET "+strings.TrimPrefix(l.answerWith("canary-code"), "http://"+l.Addr.String())+
		" HTTP/1.1\r\nHost: "+l.Addr.String()+"\r\n\r\n")
	to := res.Header.Get("Location")
	if !strings.HasPrefix(to, "/callback/") || strings.Contains(to, "canary") || strings.Contains(to, l.state()) {
		t.Errorf("redirected to %s", to)
	}
	if len(to) < len("/callback/")+26 {
		t.Errorf("%s can be guessed", to)
	}
	if status, body := visit(t, "http://"+l.Addr.String()+to); status != 200 || body != rendered(signedIn) {
		t.Errorf("status %d at the end", status)
	}
	l.mustEnd(t)
}

// L-03: a thousand forged answers are waited past, one notice tells of them.
func TestLoginSurvivesAThousandForgedCallbacks(t *testing.T) {
	l := start(t, nil)
	began := time.Now()
	forge := func(i int) string {
		if i%2 == 0 {
			return "error=access_denied&state=forged"
		}
		return "code=forged"
	}
	var forgers sync.WaitGroup
	for worker := range 10 {
		forgers.Go(func() {
			for i := range 100 {
				if status, _ := visit(t, "http://"+l.Addr.String()+"/callback?"+forge(worker+i)); status != 400 {
					t.Errorf("forged callback: status %d", status)
				}
			}
		})
	}
	forgers.Wait()
	visit(t, l.answerWith("canary-code"))
	l.mustEnd(t)
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("took %v", took)
	}
	if !slices.Equal(l.notices, []error{ErrForeign}) || l.count() != 1 {
		t.Errorf("notices %v, %d exchanges", l.notices, l.count())
	}
}

// L-03: forged answers alone end in the timeout, not in a refusal.
func TestLoginTimesOutUnderForgedCallbacks(t *testing.T) {
	l := start(t, func(c *config) { c.Timeout = time.Second })
	visit(t, "http://"+l.Addr.String()+"/callback?error=access_denied&state=x")
	<-l.ended
	if !errors.Is(l.err, ErrTimeout) || l.count() != 0 {
		t.Errorf("error %v, %d exchanges", l.err, l.count())
	}
}

// L-13: the same answer from fifty tabs is exchanged once, and each gets a page.
func TestLoginExchangesOnceForFiftyTabs(t *testing.T) {
	for name, code := range map[string]func(int) string{
		"identical":       func(int) string { return "canary-code" },
		"different codes": func(i int) string { return fmt.Sprint("canary-code-", i) },
	} {
		t.Run(name, func(t *testing.T) {
			var waiting sync.WaitGroup // for the answer to each tab's code: a redirect to its page, or the page
			waiting.Add(50)
			l := start(t, func(c *config) {
				c.Finish = func(context.Context, Grant) (SignedIn, error) {
					waiting.Wait()
					return SignedIn{Account: "Ada"}, nil
				}
			})
			winner := signedIn
			winner.Account = "Ada"
			var tabs sync.WaitGroup
			var mu sync.Mutex
			got := map[string]int{}
			for i := range 50 {
				tabs.Go(func() {
					answered := sync.OnceFunc(waiting.Done)
					_, body := visitBy(t, &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error {
						answered()
						return nil
					}}, l.answerWith(code(i)))
					answered()
					mu.Lock()
					defer mu.Unlock()
					got[body]++
				})
			}
			tabs.Wait()
			l.mustEnd(t)
			if l.count() != 1 {
				t.Errorf("%d exchanges", l.count())
			}
			win, late := got[rendered(winner)], got[rendered(finished)]
			if win+late != 50 || name == "identical" && late != 0 || name != "identical" && win != 1 {
				t.Errorf("%d tabs saw success, %d of 50 that it was over", win, late)
			}
		})
	}
}

// L-13: an answer that comes when the login has ended is told so.
func TestLoginTellsLateTabsThatItIsOver(t *testing.T) {
	p := Client{Origin: Origin, ID: testID}.newPending(nil, "http://127.0.0.1:5000/callback")
	l := newLoopback(p, "https://accounts.spotify.com/authorize", nil)
	a := answer{code: p.state}
	for range 2 {
		if !l.take(a, true) {
			t.Fatal("the answer, or its repetition, was refused")
		}
	}
	l.end(declined)
	if l.take(a, true) {
		t.Error("a page was promised after the end")
	}
	select {
	case <-l.settled:
		t.Error("settled with a page owed")
	default:
	}
}

// L-02, L-09, L-13, L-14: whatever arrives, the handler stands, takes at most
// one answer, and shows one of the pages, byte for byte.
func FuzzCallback(f *testing.F) {
	for _, query := range []string{
		"code=c&state=STATE", "code=c&state=STATE&iss=" + Origin, "error=access_denied&state=STATE",
		"code=a&code=b&state=STATE", "state=STATE", "error=<script>&error_description=%1b&state=STATE",
		"state=STATE&state=STATE", "code=%00&state=STATE", "code=c&state=wrong", ";", "%zz", "",
	} {
		f.Add("GET", "/callback", query, "127.0.0.1:5000", "Sec-Fetch-Dest", "document")
	}
	f.Add("HEAD", "/", "", "localhost", "Purpose", "prefetch")
	fixed := map[string]bool{}
	for _, p := range everyPage() {
		fixed[rendered(p)] = true
	}
	f.Fuzz(func(t *testing.T, method, path, query, host, header, value string) {
		p := Client{Origin: Origin, ID: testID}.newPending(nil, "http://127.0.0.1:5000/callback")
		l := newLoopback(p, "https://accounts.spotify.com/authorize", func(err error) {
			if strings.Contains(err.Error(), p.state.Reveal()) {
				t.Error("a notice gives the state away")
			}
		})
		state := p.state.Reveal()
		for range 2 {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Method, r.Host, r.URL.Path, r.URL.RawQuery = method, host, path, strings.ReplaceAll(query, "STATE", state)
			r.Header[http.CanonicalHeaderKey(header)] = []string{value}
			w := httptest.NewRecorder()
			l.ServeHTTP(w, r) // a second answer in the channel would block here
			if w.Code == http.StatusSeeOther && w.Body.Len() > 0 || w.Code != http.StatusSeeOther && !fixed[w.Body.String()] {
				t.Errorf("status %d, page %q", w.Code, w.Body)
			}
			if strings.Contains(fmt.Sprint(w.Header()), state) {
				t.Error("a header gives the state away")
			}
			if (w.Code == http.StatusSeeOther) != (len(l.answers) == 1) {
				t.Errorf("status %d with %d answers", w.Code, len(l.answers))
			}
		}
	})
}
