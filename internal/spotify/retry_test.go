package spotify

import (
	"context"
	"errors"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spotauth/spotauth/internal/secret"
)

// H-01: Retry-After in every form is obeyed if it is within MaxWait, and ends the call at once if not.
func TestRateLimit(t *testing.T) {
	now := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // the clock of a bubble
	date := func(d time.Duration) string { return "Retry-After: " + now.Add(d).Format(http.TimeFormat) }
	for _, row := range []struct {
		name     string
		fields   []string
		maxWait  time.Duration
		requests int
		least    time.Duration // waited
		most     time.Duration
		told     time.Duration // Error.RetryAfter, where there is an error
	}{
		{name: "missing", requests: 2, least: 5 * time.Second, most: 6 * time.Second},
		{name: "empty", fields: []string{"Retry-After: "}, requests: 2, least: 5 * time.Second, most: 6 * time.Second},
		{name: "nonsense", fields: []string{"Retry-After: soon"}, requests: 2, least: 5 * time.Second, most: 6 * time.Second},
		{name: "negative", fields: []string{"Retry-After: -5"}, requests: 2, least: 5 * time.Second, most: 6 * time.Second},
		{name: "not a number", fields: []string{"Retry-After: NaN"}, requests: 2, least: 5 * time.Second, most: 6 * time.Second},
		{name: "0", fields: []string{"Retry-After: 0"}, requests: 2, least: time.Second, most: time.Second},
		{name: "1", fields: []string{"Retry-After: 1"}, requests: 2, least: time.Second, most: time.Second},
		{name: "7.5", fields: []string{"Retry-After: 7.5"}, requests: 2, least: 7500 * time.Millisecond, most: 7500 * time.Millisecond},
		{name: "60", fields: []string{"Retry-After: 60"}, requests: 2, least: time.Minute, most: time.Minute},
		{name: "61", fields: []string{"Retry-After: 61"}, requests: 1, told: 61 * time.Second},
		{name: "19056", fields: []string{"Retry-After: 19056"}, requests: 1, told: 19056 * time.Second},
		{name: "86400", fields: []string{"Retry-After: 86400"}, requests: 1, told: 24 * time.Hour},
		{name: "more than a Duration holds", fields: []string{"Retry-After: 9223372037"}, requests: 1, told: 30 * 24 * time.Hour},
		{name: "more than an int64 holds", fields: []string{"Retry-After: 99999999999999999999"}, requests: 1, told: 30 * 24 * time.Hour},
		{name: "more than a float64 holds", fields: []string{"Retry-After: 1" + strings.Repeat("0", 400)}, requests: 1, told: 30 * 24 * time.Hour},
		{name: "past date", fields: []string{date(-time.Hour)}, requests: 2, least: time.Second, most: time.Second},
		{name: "near date", fields: []string{date(30 * time.Second)}, requests: 2, least: 30 * time.Second, most: 30 * time.Second},
		{name: "far date", fields: []string{date(2 * time.Hour)}, requests: 1, told: 2 * time.Hour},
		{name: "very far date", fields: []string{"Retry-After: Fri, 31 Dec 9999 23:59:59 GMT"}, requests: 1, told: 30 * 24 * time.Hour},
		{name: "near date by a server whose clock is ahead", requests: 2, least: 20 * time.Second, most: 20 * time.Second,
			fields: []string{date(time.Hour + 20*time.Second), "Date: " + now.Add(time.Hour).Format(http.TimeFormat)}},
		{name: "longer with a larger MaxWait", fields: []string{"Retry-After: 600"}, maxWait: time.Hour, requests: 2, least: 600 * time.Second, most: 600 * time.Second},
		{name: "1 with no MaxWait", fields: []string{"Retry-After: 1"}, maxWait: -1, requests: 1, told: time.Second},
		{name: "missing with a small MaxWait", maxWait: time.Second, requests: 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := script(says(429, limited, row.fields...), says(200, me))
				c := client(f)
				if row.maxWait != 0 {
					c.MaxWait = max(row.maxWait, 0)
				}
				var told time.Duration
				c.Waiting = func(why *Error, pause time.Duration) {
					if why.Kind != RateLimited || why.Message != "API rate limit exceeded" {
						t.Errorf("told of %v", why)
					}
					told += pause
				}
				start := time.Now()
				user, err := c.Me(t.Context())
				waited := time.Since(start)
				if f.count() != row.requests || waited < row.least || waited > row.most || told != waited {
					t.Errorf("%d requests, waited %v, told of %v", f.count(), waited, told)
				}
				if row.requests == 2 {
					if err != nil || user.ID != "someone" {
						t.Errorf("got %v, %v", user, err)
					}
					return
				}
				var e *Error
				if !errors.As(err, &e) || e.Kind != RateLimited || e.Status != 429 || e.RetryAfter != row.told {
					t.Errorf("got %#v", err)
				}
			})
		})
	}
}

// H-01: a limit that does not end is not knocked at for ever.
func TestRateLimitWithoutEnd(t *testing.T) {
	for _, row := range []struct {
		name     string
		answer   step
		requests int
		most     time.Duration
		kind     Kind
	}{
		{"missing", says(429, "Too many requests", "Content-Type: text/plain"), 4, 18 * time.Second, RateLimited},
		{"always 0", says(429, limited, "Retry-After: 0"), 7, 63 * time.Second, RateLimited},
		{"always 1", says(429, limited, "Retry-After: 1"), 7, 63 * time.Second, RateLimited},
		{"always 50", says(429, limited, "Retry-After: 50"), 3, 100 * time.Second, RateLimited},
		{"quota", says(429, `{"error":{"status":429,"message":"Too many requests","reason":"QUOTA_EXCEEDED"}}`, "Retry-After: 1"), 1, 0, QuotaExceeded},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := script(row.answer)
				start := time.Now()
				_, err := client(f).Me(t.Context())
				if kindOf(err) != row.kind || f.count() != row.requests || time.Since(start) > row.most {
					t.Errorf("%v after %d requests and %v", err, f.count(), time.Since(start))
				}
			})
		})
	}
}

// H-01: each page has a patience of its own, or a long list could never be read.
func TestRateLimitOnEachPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pages := server(ids(1, 250)...)
		f := &fake{answer: func(req *http.Request, n int) (*http.Response, error) {
			if n%2 == 1 {
				return says(429, limited, "Retry-After: 55")(req)
			}
			return pages.RoundTrip(req)
		}}
		got, err := collect(t, client(f).FollowedArtists(t.Context(), new(Listing)))
		if err != nil || len(got) != 250 || f.count() != 10 {
			t.Errorf("%d artists in %d requests, %v", len(got), f.count(), err)
		}
	})
}

// H-05: a refused token is renewed and the page repeated; a fresh one that is refused gets one more chance.
func TestRefusedToken(t *testing.T) {
	ok, no, spurious := says(200, me), says(401, expired), says(401, missing)
	for _, row := range []struct {
		name   string
		steps  []step
		sent   []string // tokens, in the order of requests
		asked  []string // refused tokens that Token was told of
		waited time.Duration
		kind   Kind
	}{
		{"valid", []step{ok}, []string{"1"}, []string{""}, 0, ""},
		{"expired", []step{no, ok}, []string{"1", "2"}, []string{"", "token-1"}, 0, ""},
		{"expired, then spurious", []step{no, spurious, ok}, []string{"1", "2", "2"}, []string{"", "token-1"}, 2 * time.Second, ""},
		{"refused for ever", []step{no}, []string{"1", "2", "2"}, []string{"", "token-1"}, 2 * time.Second, LoginNeeded},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, keys := script(row.steps...), new(tokens)
				c := client(f)
				c.Token = keys.token
				start := time.Now()
				_, err := c.Me(t.Context())
				for n := range row.sent {
					row.sent[n] = "Bearer token-" + row.sent[n]
				}
				if !slices.Equal(f.tokens, row.sent) || !slices.Equal(keys.refused, row.asked) {
					t.Errorf("sent %q, Token was told of %q", f.tokens, keys.refused)
				}
				if kindOf(err) != row.kind || time.Since(start) != row.waited {
					t.Errorf("%v after %v", err, time.Since(start))
				}
			})
		})
	}
}

// H-05: at most two renewals in one run, whatever the number of pages.
func TestRefusedTokenOnManyPages(t *testing.T) {
	for refusals, row := range map[int]struct {
		artists, given int
		kind           Kind
	}{
		1: {200, 2, ""},
		2: {200, 3, ""},
		3: {100, 3, LoginNeeded},
	} {
		synctest.Test(t, func(t *testing.T) {
			pages, keys, refused := server(ids(1, 200)...), new(tokens), map[string]bool{}
			c := client(&fake{answer: func(req *http.Request, _ int) (*http.Response, error) {
				page := req.URL.RawQuery
				if !refused[page] && len(refused) < refusals {
					refused[page] = true
					return says(401, expired)(req)
				}
				if refusals == 3 && len(refused) == 3 {
					return says(401, expired)(req)
				}
				return pages.RoundTrip(req)
			}})
			c.Token = keys.token
			got, err := collect(t, c.FollowedArtists(t.Context(), new(Listing)))
			if len(got) != row.artists || keys.given != row.given || kindOf(err) != row.kind {
				t.Errorf("%d refusals: %d artists with %d tokens, then %v", refusals, len(got), keys.given, err)
			}
		})
	}
}

// H-05: what Token says comes back as it is, and nothing is sent without a token.
func TestTokenFails(t *testing.T) {
	dead := errors.New("the login has expired")
	for _, row := range []struct {
		name     string
		failing  int
		requests int
	}{{"at first", 1, 0}, {"after a 401", 2, 1}} {
		t.Run(row.name, func(t *testing.T) {
			f, calls := script(says(401, expired)), 0
			c := client(f)
			c.Token = func(context.Context, secret.String) (secret.String, error) {
				if calls++; calls == row.failing {
					return secret.String{}, dead
				}
				return secret.New("t"), nil
			}
			if _, err := c.Me(t.Context()); err != dead || f.count() != row.requests {
				t.Errorf("got %v after %d requests", err, f.count())
			}
		})
	}
}

// H-03: a 403 says nothing about the token.
func TestForbiddenIsFinal(t *testing.T) {
	f, keys := script(says(403, "Forbidden", "Content-Type: text/plain")), new(tokens)
	c := client(f)
	c.Token = keys.token
	if _, err := c.Me(t.Context()); kindOf(err) != Forbidden || f.count() != 1 || keys.given != 1 {
		t.Errorf("%v after %d requests with %d tokens", err, f.count(), keys.given)
	}
}

// H-06: faults that may pass are tried again, four times in a minute at most; others are not.
func TestFaults(t *testing.T) {
	ok, reset := says(200, me), &syscallError{syscall.ECONNRESET}
	const unavailable, first, second, third = "no", 500 * time.Millisecond, 2 * time.Second, 8 * time.Second
	for _, row := range []struct {
		name     string
		steps    []step
		requests int
		most     time.Duration
		kind     Kind
	}{
		{"503 twice", []step{says(503, unavailable), says(503, unavailable), ok}, 3, first + second, ""},
		{"500, 502, 504", []step{says(500, ""), says(502, "<html>"), says(504, ""), ok}, 4, first + second + third, ""},
		{"503 for ever", []step{says(503, unavailable)}, 4, first + second + third, Unreachable},
		{"501", []step{says(501, "")}, 1, 0, Unreachable},
		{"404", []step{says(404, "")}, 1, 0, Rejected},
		{"reset", []step{breaks(reset), ok}, 2, first, ""},
		{"reset for ever", []step{breaks(reset)}, 4, first + second + third, Unreachable},
		{"closed", []step{breaks(io.EOF), ok}, 2, first, ""},
		{"one hangs", []step{hangs, ok}, 2, 30*time.Second + first, ""},
		{"all hang", []step{hangs}, 2, time.Minute, Unreachable},
		{"body breaks", []step{truncated(me, reset), ok}, 2, first, ""},
		{"body ends early", []step{says(200, me[:10]), ok}, 2, first, ""},
		{"no body", []step{says(200, ""), ok}, 2, first, ""},
		{"503, then a limit", []step{says(503, ""), says(503, ""), says(503, ""), says(429, limited, "Retry-After: 1"), ok},
			5, first + second + third + time.Second, ""},
		{"503, then expired", []step{says(503, ""), says(503, ""), says(503, ""), says(401, expired), ok}, 5, first + second + third, ""},
		{"503, then refused", []step{says(503, ""), says(503, ""), says(503, ""), says(403, "")}, 4, first + second + third, Forbidden},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := script(row.steps...)
				c := client(f)
				var told time.Duration
				c.Waiting = func(why *Error, pause time.Duration) { told += pause }
				start := time.Now()
				user, err := c.Me(t.Context())
				took := time.Since(start)
				if f.count() != row.requests || took > row.most || told > took {
					t.Errorf("%d requests in %v, told of %v", f.count(), took, told)
				}
				if kindOf(err) != row.kind || (err == nil) != (user.ID == "someone") {
					t.Errorf("got %v, %v", user, err)
				}
			})
		})
	}
}

// syscallError is the way in which a reset comes out of a connection.
type syscallError struct{ error }

func (e *syscallError) Unwrap() error { return e.error }

// truncated answers with a body that breaks in the middle.
func truncated(text string, err error) step {
	return func(req *http.Request) (*http.Response, error) {
		res, _ := says(200, "")(req)
		res.Body = io.NopCloser(io.MultiReader(strings.NewReader(text[:len(text)/2]), failing{err}))
		return res, nil
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// H-06: waits differ, so that clients cut off together do not come back together.
func TestFaultsAreSpacedAtRandom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pauses := map[time.Duration]bool{}
		for range 20 {
			c := client(script(says(503, ""), says(200, me)))
			c.Waiting = func(_ *Error, pause time.Duration) { pauses[pause] = true }
			if _, err := c.Me(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if len(pauses) < 10 {
			t.Errorf("%d different pauses of 20", len(pauses))
		}
	})
}

// H-06, H-07: an answer without a list of artists is asked for once more, and is then an error.
func TestMissingList(t *testing.T) {
	for name, body := range map[string]string{
		"artists null": `{"artists":null}`, "null": `null`, "no artists": `{}`, "no items": `{"artists":{"total":0}}`,
		"items null": `{"artists":{"items":null,"total":3}}`, "items an object": `{"artists":{"items":{}}}`,
		"other case": `{"Artists":{"Items":[]}}`, "an array": `[]`,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := script(says(200, body))
				got, err := collect(t, client(f).FollowedArtists(t.Context(), new(Listing)))
				if kindOf(err) != BadAnswer || len(got) != 0 || f.count() != 2 {
					t.Errorf("%d artists, %v after %d requests", len(got), err, f.count())
				}
				f = script(says(200, body), says(200, pageOf(1, "", id(1))))
				if got, err = collect(t, client(f).FollowedArtists(t.Context(), new(Listing))); err != nil || len(got) != 1 {
					t.Errorf("it came at the second try: %d artists, %v", len(got), err)
				}
			})
		})
	}
}

// H-01: what is read of a Retry-After is nothing, or within bounds.
func FuzzRetryAfter(f *testing.F) {
	for _, value := range []string{"", "0", "1", "7.5", "-5", "86400", "9223372037", "99999999999999999999", "NaN", "inf", "0x1p4",
		"1e300", "Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 GMT", "Sunday, 06-Nov-94 08:49:37 GMT"} {
		f.Add(value, "", int64(0))
		f.Add(value, "Fri, 31 Dec 9999 23:59:59 GMT", int64(math.MaxInt64))
	}
	f.Fuzz(func(t *testing.T, value, date string, now int64) {
		h := http.Header{"Retry-After": {value}, "Date": {date}}
		got := retryAfter(h, time.Unix(0, now))
		if got != 0 && (got < minRetryAfter || got > maxRetryAfter) {
			t.Errorf("%q: %v", value, got)
		}
	})
}
