package sandbox

import (
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestFaultsAreCheckedWhenTheyAreWritten(t *testing.T) {
	for spec, want := range map[string]string{
		"page=3:502*2":             "",
		"page=1:429,retry-after=2": "",
		"token:hang":               "",
		"page=2:artists=null*":     "",
		"token:no-scope":           "",
		"*:407":                    "",
		"refresh:delay=200ms*20":   "",
		"null":                     "",
		"total-3":                  "",
		"502":                      "use PLACE:WHAT, or one of null, duplicate, total+N, total-N, poison=N, lag=DURATION, escapes",
		"total*3":                  "use PLACE:WHAT, or one of null, duplicate, total+N, total-N, poison=N, lag=DURATION, escapes",
		"page=0:502":               "the place is one of page=N, following, follow, unfollow, contains, me, api, authorize, callback, exchange, refresh, token, *, or a path such as /me/tracks",
		"pages:502":                "the place is one of page=N, following, follow, unfollow, contains, me, api, authorize, callback, exchange, refresh, token, *, or a path such as /me/tracks",
		"page=1:502*0":             "the number after * is at least 1",
		"me:429*,retry-after=1":    "",
		"me:429,retry-after=1*":    "the * stands before the comma, as in 429*,retry-after=1",
		"me:429,retry-after=1*3":   "the * stands before the comma, as in 429*,retry-after=1",
		"page=1:200,body=*":        "",
		"page=1:199":               `"199" is not a status, an answer, a delivery or FIELD=VALUE with one of artists, items, total, next, limit, offset, after, before; see the help of --fault`,
		"page=1:600":               `"600" is not a status, an answer, a delivery or FIELD=VALUE with one of artists, items, total, next, limit, offset, after, before; see the help of --fault`,
		"page=1:scope=x":           `"scope" is not a status, an answer, a delivery or FIELD=VALUE with one of artists, items, total, next, limit, offset, after, before; see the help of --fault`,
		"page=1:total":             `"total" is not a status, an answer, a delivery or FIELD=VALUE with one of artists, items, total, next, limit, offset, after, before; see the help of --fault`,
		"page=1:no-total=3":        `"no-total" is not a status, an answer, a delivery or FIELD=VALUE with one of artists, items, total, next, limit, offset, after, before; see the help of --fault`,
		"me:empty":                 `"empty" is not a status, an answer, a delivery or FIELD=VALUE with one of id, display_name, account_id, images, email, country, product; see the help of --fault`,
		"api:explode":              `"explode" is not a status, an answer, a delivery; see the help of --fault`,
		"token:hang=5s":            "hang takes no value",
		"token:redirect":           "redirect wants a value, as in redirect=http://example.com",
		"token:delay=soon":         "delay wants a duration such as 200ms",
		"token:delay":              "delay wants a duration such as 200ms",
		"page=1:drip,every=-1s":    "every wants a duration such as 200ms",
	} {
		t.Run(spec, func(t *testing.T) {
			_, _, err := parseFaults([]string{spec})
			got := ""
			if err != nil {
				got = strings.TrimPrefix(err.Error(), fmt.Sprintf("fault %q: ", spec))
			}
			if got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func FuzzParseFault(f *testing.F) {
	for _, spec := range []string{"page=3:502*2", "*:200,body=a,type=b,retry-after=Mon, 23 Nov 2026", "token:scope=*", "total+1", ":", "*:*", "a:,every="} {
		f.Add(spec)
	}
	f.Fuzz(func(t *testing.T, spec string) {
		parsed, _, err := parseFaults([]string{spec})
		if err != nil && strings.ContainsAny(err.Error(), "\n\x1b") {
			t.Errorf("an error of more than one plain line: %q", err)
		}
		for _, p := range parsed {
			if p.left == 0 || p.what == "" {
				t.Errorf("%q became %+v", spec, p)
			}
		}
	})
}

// H-01, H-03, H-06, T-03: every answer in the place of the right one.
func TestFaultAnswers(t *testing.T) {
	for _, row := range []struct {
		spec   string
		path   string
		status int
		header string // "Name: value"
		body   string
	}{
		{"page=1:502", "following", 502, "", `{"error":{"status":502,"message":"Failed to get followed artists"}}`},
		{"page=1:503", "following", 503, "", `{"error":{"status":503,"message":"Service Unavailable"}}`},
		{"page=1:401", "following", 401, "", `{"error":{"status":401,"message":"The access token expired"}}`},
		{"page=1:429,retry-after=2", "following", 429, "Retry-After: 2", `{"error":{"status":429,"message":"API rate limit exceeded"}}`},
		{"page=1:429-text,retry-after=Mon, 23 Nov 2026 12:00:00 GMT", "following", 429, "Retry-After: Mon, 23 Nov 2026 12:00:00 GMT", "Too many requests"},
		{"api:429,retry-after=99999999999999999999", "following", 429, "Retry-After: 99999999999999999999", `{"error":{"status":429,"message":"API rate limit exceeded"}}`},
		{"following:429-quota", "following", 429, "Retry-After: ", `{"error":{"status":429,"message":"Too many requests","reason":"QUOTA_EXCEEDED"}}`},
		{"page=1:502-html", "following", 502, "Content-Type: text/html; charset=utf-8", ""},
		{"page=1:html", "following", 200, "Content-Type: text/html; charset=utf-8", ""},
		{"page=1:200,body=", "following", 200, "Content-Type: text/plain; charset=utf-8", ""},
		{"page=1:500,type=text/x,body=a, b\nc", "following", 500, "Content-Type: text/x", "a, b\nc"},
		{"page=1:204", "following", 204, "", ""},
		{"me:401-invalid", "me", 401, `WWW-Authenticate: Bearer realm="spotify", error="invalid_token", error_description="Invalid access token"`, `{"error":{"status":401,"message":"Invalid access token"}}`},
		{"me:403-scope", "me", 403, "", `{"error":{"status":403,"message":"Insufficient client scope"}}`},
		{"me:403-premium", "me", 403, "Content-Type: text/plain; charset=utf-8", ""},
		{"me:403-user", "me", 403, "Content-Type: text/plain; charset=utf-8", ""},
		{"*:407", "me", 407, "", "Proxy Authentication Required"},
		{"me:redirect=http://127.0.0.2/", "me", 307, "Location: http://127.0.0.2/", ""},
		{"me:301,location=http://127.0.0.2/", "me", 301, "Location: http://127.0.0.2/", ""},
		{"token:500", "token", 500, "", `{"error":"server_error","error_description":"Internal Server Error"}`},
		{"token:429,retry-after=7", "token", 429, "Retry-After: 7", "Too Many Requests"},
		{"refresh:400", "token", 400, "", `{"error":"invalid_request","error_description":"Bad Request"}`},
		{"refresh:invalid_grant", "token", 400, "", `{"error":"invalid_grant","error_description":"Invalid refresh token"}`},
		{"refresh:invalid_client", "token", 400, "", `{"error":"invalid_client","error_description":"Invalid client"}`},
		{"token:redirect=http://127.0.0.2/x?y=1,2", "token", 307, "Location: http://127.0.0.2/x?y=1,2", ""},
		{"token:200,type=application/json,body={}", "token", 200, "Content-Type: application/json", "{}"},
		{"authorize:400,body=INVALID_CLIENT", "authorize", 400, "", "INVALID_CLIENT"},
	} {
		t.Run(row.spec, func(t *testing.T) {
			s := start(t, Options{Consent: ConsentAgree, Artists: 3})
			reply := signIn(t, s)
			s.setFaults(t, row.spec)
			got := ask(t, s, row.path, reply)
			if got.status != row.status || row.body != "" && got.body != row.body {
				t.Errorf("%d %s, want %d %s", got.status, got.body, row.status, row.body)
			}
			if name, value, found := strings.Cut(row.header, ": "); found && got.header.Get(name) != value {
				t.Errorf("%s: %s, want %s", name, got.header.Get(name), value)
			}
			if after := ask(t, s, row.path, reply); after.status == row.status && row.status != 200 && row.status != 303 {
				t.Errorf("still %d the next time", after.status)
			}
		})
	}
}

// setFaults gives a stand-in other faults than it started with.
func (s *Server) setFaults(t *testing.T, specs ...string) {
	t.Helper()
	faults, _, err := parseFaults(specs)
	if err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = faults
}

// ask makes a request that is in order.
func ask(t *testing.T, s *Server, what string, login tokenReply) reply {
	t.Helper()
	switch what {
	case "authorize":
		return get(t, s.URL()+"/authorize?"+request().Encode())
	case "token":
		return post(t, s.URL()+"/api/token", renewal(login.RefreshToken))
	case "me":
		return get(t, s.URL()+"/v1/me", "Authorization", "Bearer "+login.AccessToken)
	}
	return get(t, s.URL()+"/v1/me/following?type=artist&limit=50", "Authorization", "Bearer "+login.AccessToken)
}

// H-06: faults are met in the order given, each so often as it says, and a
// page that is asked for again is the same page.
func TestFaultsAreCounted(t *testing.T) {
	s := start(t, Options{Consent: ConsentAgree, Artists: 120, Faults: []string{"page=2:503*2", "page=2:401", "me:500*"}})
	login := signIn(t, s)
	second := "/v1/me/following?type=artist&limit=50&after=" + s.Artists()[49].ID
	var got []int
	for range 4 {
		got = append(got, ask(t, s, "following", login).status,
			get(t, s.URL()+second, "Authorization", "Bearer "+login.AccessToken).status, ask(t, s, "me", login).status)
	}
	if want := "[200 503 500 200 503 500 200 401 500 200 200 500]"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

// T-01, T-07, T-09: a token endpoint whose replies lack or bend a field.
func TestFaultsInTokenReplies(t *testing.T) {
	for spec, want := range map[string]string{ // what the field becomes
		"refresh:no-scope":               "scope absent",
		"refresh:scope=":                 `scope ""`,
		"refresh:scope=user-read-email":  `scope "user-read-email"`,
		"token:expires_in=-5":            `expires_in -5`,
		`token:expires_in="3600"`:        `expires_in "3600"`,
		"token:expires_in=1000000000000": `expires_in 1e+12`,
		"token:no-access_token":          "access_token absent",
		"token:token_type=mac":           `token_type "mac"`,
		"token:refresh_token=null":       "refresh_token null",
		"token:refresh_token=same*2":     `refresh_token "same"`,
	} {
		t.Run(spec, func(t *testing.T) {
			s := start(t, Options{Consent: ConsentAgree})
			login := signIn(t, s)
			s.setFaults(t, spec)
			var got map[string]any
			if err := json.Unmarshal([]byte(ask(t, s, "token", login).body), &got); err != nil {
				t.Fatal(err)
			}
			name, _, _ := strings.Cut(want, " ")
			have := name + " absent"
			if v, present := got[name]; present {
				text, _ := json.Marshal(v)
				have = name + " " + string(text)
			}
			if have != want && have != strings.Replace(want, "1e+12", "1000000000000", 1) {
				t.Errorf("got %s, want %s", have, want)
			}
			if len(got) < 3 {
				t.Errorf("the rest of the reply is gone: %v", got)
			}
		})
	}
}

// L-14, L-15: callbacks that no honest server sends.
func TestFaultsInTheCallback(t *testing.T) {
	for spec, want := range map[string]string{
		"callback:iss=https://evil.example": "code,iss=https://evil.example,state=st/a te",
		"callback:no-state":                 "code",
		"callback:state=other":              "code,state=other",
		"callback:error=server_error":       "error=server_error,state=st/a te",
		"callback:no-code":                  "state=st/a te",
	} {
		for _, consent := range []Consent{ConsentAgree, ConsentAsk} {
			t.Run(spec+" "+string(consent), func(t *testing.T) {
				s := start(t, Options{Consent: consent, Faults: []string{spec}})
				uri, arrived := callback(t, http.StatusOK)
				if err := agree(t)(s.URL() + "/authorize?" + request("redirect_uri", uri).Encode()); err != nil {
					t.Fatal(err)
				}
				q, got := <-arrived, []string{}
				for _, name := range []string{"code", "error", "iss", "state"} {
					switch {
					case q.Has(name) && name == "code":
						got = append(got, name)
					case q.Has(name):
						got = append(got, name+"="+q.Get(name))
					}
				}
				if strings.Join(got, ",") != want {
					t.Errorf("got %v, want %s", got, want)
				}
			})
		}
	}
}

// H-04, H-07: pages that are not what they should be.
func TestFaultsInPages(t *testing.T) {
	const second = `"after":"SECOND"`
	for spec, want := range map[string]string{ // parts of page 2, SECOND stands for its right cursor
		"page=2:artists=null": `{"artists":null}`,
		"page=2:no-artists":   `{}`,
		"page=2:items=null":   `"items":null|` + second,
		"page=2:no-items":     `!"items"|` + second,
		"page=2:total=0":      `"total":0|` + second,
		"page=2:no-total":     `!"total"|` + second,
		"page=2:next=https://api.spotify.com@evil.example/": `"next":"https://api.spotify.com@evil.example/"|` + second,
		"page=2:after=../../x":                              `"cursors":{"after":"../../x"}|&after=..%2F..%2Fx"`,
		"page=2:after=null":                                 `"cursors":{"after":null}|"next":"http`,
		"page=2:no-after":                                   `"cursors":{}|"next":"http`,
		"page=2:repeat-cursor":                              `"after":"FIRST"|&after=FIRST"`,
		"page=2:empty":                                      `"items":[]|"after":"000`,
	} {
		t.Run(spec, func(t *testing.T) {
			s := start(t, Options{Consent: ConsentAgree, Artists: 120, Faults: []string{spec}})
			first, last := s.Artists()[49].ID, s.Artists()[99].ID
			got := get(t, s.URL()+"/v1/me/following?type=artist&limit=50&after="+first, "Authorization", "Bearer "+signIn(t, s).AccessToken)
			if got.status != 200 || got.header.Get("Content-Type") != typeJSON {
				t.Fatalf("%d %s", got.status, got.body)
			}
			for _, part := range strings.Split(want, "|") {
				part = strings.NewReplacer("FIRST", first, "SECOND", last).Replace(part)
				if unwanted, no := strings.CutPrefix(part, "!"); no && strings.Contains(got.body, unwanted) {
					t.Errorf("the page has %s", unwanted)
				} else if !no && !strings.Contains(got.body, part) {
					t.Errorf("the page lacks %s: %.300s", part, got.body)
				}
			}
		})
	}
}

// H-04: an empty page leads on to the artists that it held back.
func TestEmptyPagesLoseNothing(t *testing.T) {
	s := start(t, Options{Consent: ConsentAgree, Artists: 120, Faults: []string{"page=2:empty*3", "page=1:empty"}})
	if got := list(t, s, 50); len(got.ids) != 120 || got.pages != 7 {
		t.Errorf("%d artists on %d pages", len(got.ids), got.pages)
	}
}

// isReset reports whether the connection was reset: Windows has a number of its own for that.
func isReset(err error) bool {
	const wsaeconnreset = syscall.Errno(10054)
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, wsaeconnreset)
}

// H-06, H-07, T-02, T-08: answers that do not come, or not whole.
func TestFaultsOfDelivery(t *testing.T) {
	for spec, check := range map[string]func(t *testing.T, got reply, took time.Duration){
		"page=1:reset": func(t *testing.T, got reply, _ time.Duration) {
			if !isReset(got.err) {
				t.Errorf("got %v", got.err)
			}
		},
		"page=1:lost": func(t *testing.T, got reply, _ time.Duration) {
			if !isReset(got.err) {
				t.Errorf("got %v", got.err)
			}
		},
		"page=1:cut": func(t *testing.T, got reply, _ time.Duration) {
			if got.status != 200 || !errors.Is(got.err, io.ErrUnexpectedEOF) || len(got.body) == 0 {
				t.Errorf("%d, %d bytes, %v", got.status, len(got.body), got.err)
			}
		},
		"page=1:cut-quiet": func(t *testing.T, got reply, _ time.Duration) {
			if got.status != 200 || got.err != nil || len(got.body) == 0 || json.Valid([]byte(got.body)) {
				t.Errorf("%d, %d bytes, %v", got.status, len(got.body), got.err)
			}
		},
		"page=1:delay=80ms": func(t *testing.T, got reply, took time.Duration) {
			if got.status != 200 || took < 80*time.Millisecond || !json.Valid([]byte(got.body)) {
				t.Errorf("%d after %s", got.status, took)
			}
		},
		"page=1:200,body=abcde": func(t *testing.T, got reply, _ time.Duration) {
			if got.body != "abcde" {
				t.Errorf("got %q", got.body)
			}
		},
		"page=1:drip,every=10ms,body=abcde": func(t *testing.T, got reply, took time.Duration) {
			if got.body != "abcde" || took < 40*time.Millisecond {
				t.Errorf("%q after %s", got.body, took)
			}
		},
		"page=1:huge": func(t *testing.T, got reply, _ time.Duration) {
			if len(got.body) < 16<<20 || !json.Valid([]byte(got.body)) {
				t.Errorf("%d bytes", len(got.body))
			}
		},
	} {
		t.Run(spec, func(t *testing.T) {
			s := start(t, Options{Consent: ConsentAgree, Artists: 3, Faults: []string{spec}})
			login, began := signIn(t, s), time.Now()
			client.CloseIdleConnections() // on a connection used before, Go's client would try again by itself
			got := ask(t, s, "following", login)
			check(t, got, time.Since(began))
			if again := ask(t, s, "following", login); again.err != nil || !json.Valid([]byte(again.body)) || len(again.body) > 1<<16 {
				t.Errorf("the fault is still there: %v", again.err)
			}
		})
	}
}

// H-07: 200 KB of gzip become 200 MB.
func TestBombIsSmallUntilUnpacked(t *testing.T) {
	s := start(t, Options{Consent: ConsentAgree, Artists: 3, Faults: []string{"page=1:bomb"}})
	got := get(t, s.URL()+"/v1/me/following?type=artist", "Authorization", "Bearer "+signIn(t, s).AccessToken, "Accept-Encoding", "gzip")
	if len(got.body) > 1<<20 || got.header.Get("Content-Encoding") != "gzip" {
		t.Fatalf("%d bytes of %q", len(got.body), got.header.Get("Content-Encoding"))
	}
	z, err := gzip.NewReader(strings.NewReader(got.body))
	if err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, z); err != nil || n < 200<<20 {
		t.Errorf("%d bytes, %v", n, err)
	}
}

// T-06: "reset" comes before anything is done, "lost" after it.
func TestLostAnswersAreAnswersThatWereGiven(t *testing.T) {
	for what, want := range map[string]int{"reset": 200, "lost": 400} {
		t.Run(what, func(t *testing.T) {
			s := start(t, Options{Consent: ConsentAgree, Rotate: true, Faults: []string{"refresh:" + what}})
			login := signIn(t, s)
			if got := ask(t, s, "token", login); got.err == nil {
				t.Fatalf("an answer: %d", got.status)
			}
			if got := ask(t, s, "token", login); got.status != want {
				t.Errorf("%d %s", got.status, got.body)
			}
			if r := s.Requests(); r[len(r)-2].Status != 0 {
				t.Errorf("recorded as answered with %d", r[len(r)-2].Status)
			}
		})
	}
}

// T-08: a hanging request ends with the client, and with the stand-in.
func TestHangEnds(t *testing.T) {
	s := start(t, Options{Faults: []string{"*:hang*"}})
	ctx, hangUp := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL()+"/v1/me", nil)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for len(s.Requests()) < 1 {
			time.Sleep(time.Millisecond)
		}
		hangUp()
	}()
	if resp, err := client.Do(req); err == nil {
		_ = resp.Body.Close()
		t.Error("an answer")
	}
	behind := httptest.NewTLSServer(s)
	done := make(chan error, 1)
	go func() {
		resp, err := behind.Client().Get(behind.URL + "/v1/me")
		if err == nil {
			_ = resp.Body.Close()
		}
		done <- err
	}()
	for len(s.Requests()) < 2 {
		time.Sleep(time.Millisecond)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := <-done; err == nil {
		t.Error("an answer")
	}
	behind.Close() // waits for the handler
}

// A stand-in behind TLS and HTTP/2 breaks connections too.
func TestFaultsOfDeliveryOverHTTP2(t *testing.T) {
	s := start(t, Options{Faults: []string{"me:reset", "me:cut-quiet", "me:cut", "me:lost"}})
	server := httptest.NewUnstartedServer(s)
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	for i := range 4 {
		resp, err := server.Client().Get(server.URL + "/v1/me")
		if err == nil {
			_, err = io.ReadAll(resp.Body)
			_ = resp.Body.Close()
		}
		if err == nil {
			t.Errorf("request %d came through", i)
		}
	}
	if resp, err := server.Client().Get(server.URL + "/v1/me"); err != nil || resp.ProtoMajor != 2 || resp.StatusCode != 401 {
		t.Errorf("after the faults: %v, %v", resp, err)
	} else {
		_ = resp.Body.Close()
	}
}

func TestFaultHelpNamesEverything(t *testing.T) {
	help := FaultHelp()
	for _, e := range effects() {
		if !strings.Contains(help, " "+e.usage()) {
			t.Errorf("%s is not in the help", e.word)
		}
	}
	for _, place := range firsts(places()) {
		if !strings.Contains(help, "\n  "+place+" ") {
			t.Errorf("%s is not in the help", place)
		}
		if _, fields := fieldsOf(strings.TrimSuffix(place, "=N")); fields != nil && !strings.Contains(help, strings.Join(fields, " ")) {
			t.Errorf("the fields of %s are not in the help", place)
		}
	}
	for line := range strings.SplitSeq(help, "\n") {
		if len(line) > 78 || strings.TrimRight(line, " ") != line {
			t.Errorf("a line of %d columns: %q", len(line), line)
		}
	}
}

// Whatever is offered while a fault is typed can become a fault.
func TestFaultWordsBecomeFaults(t *testing.T) {
	ends := map[string]string{"page=": "3:404", "total+": "2", "total-": "2", "poison=": "2", "lag=": "2s", "delay=": "2s", "redirect=": "http://x"}
	offered := 0
	for _, place := range FaultWords("") {
		place, _, _ = strings.Cut(place, "\t")
		if place == "page=" {
			place = "page=3:"
		}
		words := []string{place}
		if strings.HasSuffix(place, ":") {
			words = FaultWords(place)
		}
		for _, word := range words {
			word, about, _ := strings.Cut(word, "\t")
			_, what, _ := strings.Cut(word, ":")
			spec := word + ends[cmp.Or(what, word)]
			if strings.HasSuffix(spec, "=") {
				spec += "x"
			}
			if _, _, err := parseFaults([]string{spec}); err != nil || len(words) > 1 && about == "" {
				t.Errorf("offered %q (%q): %v", word, about, err)
			}
			offered++
		}
	}
	if offered < 300 {
		t.Errorf("only %d words", offered)
	}
}

// A place with a number waits for that request, and a path is a place.
func TestFaultsWaitForTheNthRequest(t *testing.T) {
	s := start(t, Options{Consent: ConsentAgree, Artists: 3, Faults: []string{"me=2:503", "/me/follow*=3:429-quota*"}})
	login := signIn(t, s)
	var got []int
	for range 4 {
		got = append(got, ask(t, s, "me", login).status, ask(t, s, "following", login).status)
	}
	if want := "[200 200 503 200 200 429 200 429]"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
}
