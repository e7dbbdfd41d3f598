package spotify

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spotauth/spotauth/internal/secret"
)

// H-05, B-12: after a 401 the same token is tried once more, because Spotify refuses valid ones at
// times. Only then is it renewed, or at once if Spotify says that it has expired.
func TestRefusedToken(t *testing.T) {
	ok, no, spurious := says(200, me), says(401, expired), says(401, missing)
	const pause = 2 * time.Second
	for _, row := range []struct {
		name   string
		steps  []step
		sent   []string // tokens, in the order of requests
		asked  []string // refused tokens that Token was told of
		waited time.Duration
		kind   Kind
	}{
		{"valid", []step{ok}, []string{"1"}, []string{""}, 0, ""},
		{"spurious", []step{spurious, ok}, []string{"1", "1"}, []string{""}, pause, ""},
		{"missing twice", []step{spurious, spurious, ok}, []string{"1", "1", "2"}, []string{"", "token-1"}, pause, ""},
		{"missing always", []step{spurious}, []string{"1", "1", "2", "2"}, []string{"", "token-1"}, 2 * pause, LoginNeeded},
		{"without a reason", []step{says(401, ""), ok}, []string{"1", "1"}, []string{""}, pause, ""},
		{"expired", []step{no, ok}, []string{"1", "2"}, []string{"", "token-1"}, 0, ""},
		{"expired, then spurious", []step{no, spurious, ok}, []string{"1", "2", "2"}, []string{"", "token-1"}, pause, ""},
		{"spurious, then expired", []step{spurious, no, ok}, []string{"1", "1", "2"}, []string{"", "token-1"}, pause, ""},
		{"expired always", []step{no}, []string{"1", "2", "2"}, []string{"", "token-1"}, pause, LoginNeeded},
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

// B-12: a token that can't be renewed survives a spurious 401, and a login that did not end is not
// reported as one. Each page has its own second try.
func TestSpuriousRefusalWithoutRenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pages, refused := server(ids(1, 120)...), map[string]bool{}
		c := client(&fake{answer: func(req *http.Request, _ int) (*http.Response, error) {
			if page := req.URL.RawQuery; !refused[page] {
				refused[page] = true
				return says(401, missing)(req)
			}
			return pages.RoundTrip(req)
		}})
		c.Token = func(_ context.Context, refused secret.String) (secret.String, error) {
			if !refused.Empty() {
				return secret.String{}, errors.New("there is nothing to renew it with")
			}
			return secret.New("t"), nil
		}
		got, err := collect(t, c.FollowedArtists(t.Context(), new(Listing)))
		if err != nil || len(got) != 120 {
			t.Errorf("%d artists, then %v", len(got), err)
		}
	})
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
	ok := says(200, me)
	reset := &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
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
		{"404", []step{says(404, "")}, 1, 0, NotFound},
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
				if f.count() != row.requests || took > row.most || told > took || told != took && took < tryTime {
					t.Errorf("%d requests in %v, told of %v", f.count(), took, told)
				}
				if kindOf(err) != row.kind || (err == nil) != (user.ID == "someone") {
					t.Errorf("got %v, %v", user, err)
				}
			})
		})
	}
}

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
