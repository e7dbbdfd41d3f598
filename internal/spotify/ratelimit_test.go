package spotify

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
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
		told     time.Duration // Error.RetryAfter, if there is an error
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

// H-01: a limit that does not end is not tried forever.
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

// H-01: each page has a budget of its own, or a long list could never be read.
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
