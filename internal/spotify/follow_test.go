package spotify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// library is a Spotify that an account can follow artists at. The last followed
// comes first.
type library struct {
	following []string
	unknown   []string // answered 200, never followed
	poisoned  []string // make every batch fail
	invalid   []string // make every batch, and every question about it, a 400
	closed    []string // "METHOD path" that answer 403
	lag       time.Duration
	before    func(req *http.Request, put int) (*http.Response, error) // nil, nil: goes on
	after     func(put int) (*http.Response, error)                    // what is answered instead, once it has been done

	fake  *fake
	calls []string // "PUT 40"
	shown map[string]time.Time
	twice []string // followed although they were
}

func (l *library) client() *Client {
	l.shown = map[string]time.Time{}
	l.fake = &fake{answer: func(req *http.Request, _ int) (*http.Response, error) { return l.answer(req) }}
	return client(l.fake)
}

func (l *library) answer(req *http.Request) (*http.Response, error) {
	q := req.URL.Query()
	ids := strings.Split(strings.ReplaceAll(q.Get("uris"), "spotify:artist:", "")+q.Get("ids"), ",")
	where := req.Method + " " + strings.TrimPrefix(req.URL.Path, "/v1/me/")
	if req.Method == "GET" && req.URL.Path == followingPath {
		l.calls = append(l.calls, "list")
		return server(l.following...).RoundTrip(req)
	}
	l.calls = append(l.calls, fmt.Sprint(where, " ", len(ids)))
	puts := len(l.puts())
	if slices.Contains(l.closed, where) {
		return says(403, `{"error":{"status":403,"message":"Forbidden"}}`)(req)
	}
	if len(ids) > 40 && strings.Contains(where, "library") || len(ids) > 50 {
		return says(400, `{"error":{"status":400,"message":"Too many uris requested"}}`)(req)
	}
	for _, id := range ids {
		if slices.Contains(l.invalid, id) {
			return says(400, `{"error":{"status":400,"message":"Invalid Spotify URI"}}`)(req)
		}
	}
	if req.Method == "GET" {
		shown := make([]bool, len(ids))
		for n, id := range ids {
			at, ok := l.shown[id]
			shown[n] = ok && !time.Now().Before(at)
		}
		body, _ := json.Marshal(shown)
		return says(200, string(body))(req)
	}
	if l.before != nil {
		if res, err := l.before(req, puts); res != nil || err != nil {
			return res, err
		}
	}
	for _, id := range ids {
		if slices.Contains(l.poisoned, id) {
			return says(502, `{"error":{"status":502,"message":"Failed to follow artists"}}`)(req)
		}
	}
	l.follow(ids)
	if l.after != nil {
		if res, err := l.after(puts); res != nil || err != nil {
			return res, err
		}
	}
	return says(200, "")(req)
}

func (l *library) follow(ids []string) {
	for _, id := range slices.Backward(ids) {
		switch {
		case slices.Contains(l.unknown, id):
		case slices.Contains(l.following, id):
			l.twice = append(l.twice, id)
		default:
			l.following = slices.Insert(l.following, 0, id)
			l.shown[id] = time.Now().Add(l.lag)
		}
	}
}

func (l *library) puts() (list []string) {
	for _, call := range l.calls {
		if strings.HasPrefix(call, "PUT") {
			list = append(list, call)
		}
	}
	return list
}

// Without faults m artists take ceil(m/40) requests to follow and as many to check. The first one
// of the list becomes the most recently followed.
func TestFollowAll(t *testing.T) {
	for m, want := range map[int][]string{
		0:   nil,
		1:   {"PUT library 1", "GET library/contains 1"},
		40:  {"PUT library 40", "GET library/contains 40"},
		41:  {"PUT library 40", "GET library/contains 40", "PUT library 1", "GET library/contains 1"},
		100: {"PUT library 40", "GET library/contains 40", "PUT library 40", "GET library/contains 40", "PUT library 20", "GET library/contains 20"},
	} {
		synctest.Test(t, func(t *testing.T) {
			var l library
			var o FollowOptions
			var told []string
			o.Progress = func(followed, total int) { told = append(told, fmt.Sprint(followed, " of ", total)) }
			start := time.Now()
			failed, err := l.client().FollowAll(t.Context(), ids(1, m), &o)
			if err != nil || len(failed) != 0 || o.Followed != m || time.Since(start) != 0 {
				t.Errorf("followed %d, failed %q, %v after %v", o.Followed, failed, err, time.Since(start))
			}
			if !slices.Equal(l.calls, want) || !slices.Equal(l.following, ids(1, m)) || len(told) != len(want)/2 {
				t.Errorf("%d: %q, told %q", m, l.calls, told)
			}
			if m > 0 && told[len(told)-1] != fmt.Sprintf("%d of %d", m, m) {
				t.Errorf("told %q", told)
			}
		})
	}
}

func TestFollowAllAsks(t *testing.T) {
	var l library
	if _, err := l.client().FollowAll(t.Context(), ids(1, 2), new(FollowOptions)); err != nil {
		t.Fatal(err)
	}
	want := "uris=spotify:artist:" + id(1) + ",spotify:artist:" + id(2)
	if !slices.Equal(l.fake.asked, []string{want, want}) {
		t.Errorf("asked %q", l.fake.asked)
	}
}

func TestFollowAllKeepsOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l library
		start := time.Now()
		failed, err := l.client().FollowAll(t.Context(), ids(1, 5), &FollowOptions{KeepOrder: true})
		if err != nil || len(failed) != 0 || !slices.Equal(l.following, ids(1, 5)) || len(l.calls) != 10 {
			t.Errorf("%q, failed %q, %v", l.following, failed, err)
		}
		if took := time.Since(start); took != 4*time.Second {
			t.Errorf("took %v", took)
		}
		for n, a := range ids(1, 4) {
			if gap := l.shown[a].Sub(l.shown[id(n+2)]); gap != time.Second {
				t.Errorf("%v between two", gap)
			}
		}
	})
}

// What a 200 did not follow is found out, and a list that lags gets 10 seconds.
func TestFollowAllChecks(t *testing.T) {
	for _, row := range []struct {
		name   string
		lib    library
		failed []string
		took   time.Duration
		calls  int
	}{
		{"two unknown ids", library{unknown: []string{id(3), id(77)}}, []string{id(3), id(77)}, 20 * time.Second, 2 + 5*2},
		{"4 s late", library{lag: 4 * time.Second}, nil, 12 * time.Second, 5 * 2},
		{"10 s late", library{lag: 10 * time.Second}, nil, 20 * time.Second, 2 + 5*2},
		{"contains is closed", library{closed: []string{"GET library/contains"}, unknown: []string{id(3)}}, []string{id(3)}, 10 * time.Second, 0},
		{"library is closed", library{closed: []string{"PUT library"}}, nil, 0, 1 + 2 + 2},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := row.lib
				var o FollowOptions
				start := time.Now()
				failed, err := l.client().FollowAll(t.Context(), ids(1, 80), &o)
				if err != nil || !slices.Equal(failed, row.failed) || o.Followed != 80-len(row.failed) {
					t.Errorf("followed %d, failed %q, %v", o.Followed, failed, err)
				}
				if took := time.Since(start); took != row.took || row.calls > 0 && len(l.calls) != row.calls {
					t.Errorf("took %v and %d calls: %q", took, len(l.calls), l.calls)
				}
				if len(l.twice) != 0 || len(l.puts()) > 3 {
					t.Errorf("followed twice: %q in %q", l.twice, l.puts())
				}
			})
		})
	}
}

// A closed path is an error only if the other one is closed too, or if there is another reason.
func TestFollowAllIsRefused(t *testing.T) {
	refuses := func(status int, text string) library {
		return library{before: func(req *http.Request, _ int) (*http.Response, error) { return says(status, text)(req) }}
	}
	for _, row := range []struct {
		name string
		lib  library
		kind Kind
		puts int
	}{
		{"both closed", library{closed: []string{"PUT library", "PUT following"}}, Forbidden, 2},
		{"both gone", refuses(404, ""), Forbidden, 2},
		{"not allowed", refuses(405, ""), Forbidden, 2},
		{"no scope", refuses(403, "Insufficient client scope"), ScopeMissing, 1},
		{"no Premium", refuses(403, "Active premium subscription required for the owner of the app."), PremiumLapsed, 1},
		{"another reason", refuses(403, "This account can't follow artists"), Forbidden, 1},
		{"too long", refuses(414, "URI Too Long"), Rejected, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			l := row.lib
			failed, err := l.client().FollowAll(t.Context(), ids(1, 80), new(FollowOptions))
			if kindOf(err) != row.kind || len(l.puts()) != row.puts || len(failed) != 0 {
				t.Errorf("%v after %q, failed %q", err, l.calls, failed)
			}
		})
	}
	if _, err := new(library).client().FollowAll(t.Context(), []string{"x,spotify:album:y"}, new(FollowOptions)); err == nil {
		t.Error("anything is an id")
	}
}

// A request that may have had an effect is not repeated before that is known.
func TestFollowAllAfterACut(t *testing.T) {
	half := func(l *library) func(*http.Request, int) (*http.Response, error) {
		return func(req *http.Request, put int) (*http.Response, error) {
			if put != 1 {
				return nil, nil
			}
			l.follow(ids(61, 80))
			return says(502, "")(req)
		}
	}
	for name, prepare := range map[string]func(*library){
		"cut before":     func(l *library) { l.before = breakOnce(io.ErrUnexpectedEOF) },
		"cut after":      func(l *library) { l.after = func(put int) (*http.Response, error) { return nil, errIf(put == 1) } },
		"502 after":      func(l *library) { l.after = func(put int) (*http.Response, error) { return answerIf(put == 2, 502) } },
		"half, then 502": func(l *library) { l.before = half(l) },
		"503 before": func(l *library) {
			l.before = func(_ *http.Request, put int) (*http.Response, error) { return answerIf(put < 3, 503) }
		},
		"cut after, by the older path": func(l *library) {
			l.closed = []string{"PUT library"}
			l.after = func(put int) (*http.Response, error) { return nil, errIf(put == 2) }
		},
		"a limit in the middle": func(l *library) {
			l.before = func(req *http.Request, put int) (*http.Response, error) {
				if put == 2 {
					return says(429, limited, "Retry-After: 7")(req)
				}
				return nil, nil
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var l library
				c := l.client()
				prepare(&l)
				var o FollowOptions
				failed, err := c.FollowAll(t.Context(), ids(1, 80), &o)
				if err != nil || len(failed) != 0 || o.Followed != 80 || len(l.twice) != 0 || len(l.following) != 80 {
					t.Errorf("followed %d, failed %q, twice %q, %v: %q", o.Followed, failed, l.twice, err, l.calls)
				}
			})
		})
	}
}

func breakOnce(err error) func(*http.Request, int) (*http.Response, error) {
	return func(_ *http.Request, put int) (*http.Response, error) {
		if put == 1 {
			return nil, err
		}
		return nil, nil
	}
}

func errIf(is bool) error {
	if is {
		return io.ErrUnexpectedEOF
	}
	return nil
}

func answerIf(is bool, status int) (*http.Response, error) {
	if is {
		return says(status, "")(nil)
	}
	return nil, nil
}

// An artist that makes its batch fail is found, and the others are followed in their order.
func TestFollowAllPoisoned(t *testing.T) {
	for _, poisoned := range [][]string{{id(1)}, {id(40)}, {id(41), id(80)}, {id(7), id(8), id(30)}} {
		synctest.Test(t, func(t *testing.T) {
			l := library{poisoned: poisoned}
			var o FollowOptions
			start := time.Now()
			failed, err := l.client().FollowAll(t.Context(), ids(1, 80), &o)
			if err != nil || !slices.Equal(failed, poisoned) || o.Followed != 80-len(poisoned) || len(l.twice) != 0 {
				t.Errorf("followed %d, failed %q, twice %q, %v", o.Followed, failed, l.twice, err)
			}
			if took := time.Since(start); took > 2*time.Minute {
				t.Errorf("took %v and %q", took, l.calls)
			}
			others := slices.DeleteFunc(ids(1, 80), func(id string) bool { return slices.Contains(poisoned, id) })
			if !slices.Equal(l.following, others) {
				t.Errorf("followed in the order %q", l.following)
			}
		})
	}
}

// An ID that Spotify refuses is found the same way, without a pause: its 400 is final. A
// run that Spotify refuses altogether ends soon.
func TestFollowAllInvalid(t *testing.T) {
	for _, row := range []struct {
		name      string
		invalid   []string
		keepOrder bool
		kind      Kind
		followed  int
		puts      int // at most
	}{
		{"the first one", []string{id(1)}, false, "", 79, 2 + 2*6},
		{"the last one", []string{id(80)}, false, "", 79, 2 + 2*6},
		{"in both batches", []string{id(7), id(8), id(60)}, false, "", 77, 2 + 2*3*6},
		{"one at a time", []string{id(7), id(8)}, true, "", 78, 80},
		{"all", ids(1, 80), false, Rejected, 0, 10},
		{"all but the last batch", ids(1, 40), false, Rejected, 40, 11},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := library{invalid: row.invalid}
				o := FollowOptions{KeepOrder: row.keepOrder}
				start := time.Now()
				failed, err := l.client().FollowAll(t.Context(), ids(1, 80), &o)
				if kindOf(err) != row.kind || err == nil && !slices.Equal(failed, row.invalid) || o.Followed != row.followed {
					t.Errorf("followed %d, failed %q, %v", o.Followed, failed, err)
				}
				if took := time.Since(start); !row.keepOrder && took != 0 || len(l.puts()) > row.puts || len(l.twice) != 0 {
					t.Errorf("took %v and %q, followed twice: %q", took, l.puts(), l.twice)
				}
			})
		})
	}
}

// If it isn't known whether a batch took effect, and the question about it is refused, the
// list is read.
func TestFollowAllInvalidAfterACut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := library{invalid: []string{id(3)}}
		c := l.client()
		inner := l.fake.answer
		l.fake.answer = func(req *http.Request, n int) (*http.Response, error) {
			if req.Method == "PUT" && len(l.calls) == 0 {
				l.calls = append(l.calls, "PUT cut")
				l.follow(ids(4, 40))
				return nil, io.ErrUnexpectedEOF
			}
			return inner(req, n)
		}
		var o FollowOptions
		failed, err := c.FollowAll(t.Context(), ids(1, 40), &o)
		if err != nil || !slices.Equal(failed, []string{id(3)}) || o.Followed != 39 || len(l.twice) != 0 {
			t.Errorf("followed %d, failed %q, twice %q, %v: %q", o.Followed, failed, l.twice, err, l.calls)
		}
	})
}

// An artist counts as failed only after several tries. An answer that shows that Spotify is not
// down ends a row of them: a 200 that did nothing, or a 502 that did something.
func TestFollowAllIsolated(t *testing.T) {
	for _, row := range []struct {
		name   string
		lib    library
		failed []string
	}{
		{"200 for an unknown one", library{poisoned: []string{id(1), id(3), id(4)}, unknown: []string{id(2)}}, ids(1, 4)},
		{"502 for one that is followed", library{poisoned: []string{id(1), id(3), id(4)}, after: func(int) (*http.Response, error) { return answerIf(true, 502) }},
			[]string{id(1), id(3), id(4)}},
		{"one try in two", library{before: func(req *http.Request, put int) (*http.Response, error) {
			isAlone := !strings.Contains(req.URL.Query().Get("uris"), ",")
			return answerIf(!isAlone || put%2 == 0, 502)
		}}, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := row.lib
				var o FollowOptions
				failed, err := l.client().FollowAll(t.Context(), ids(1, 4), &o)
				if err != nil || !slices.Equal(failed, row.failed) || o.Followed != 4-len(row.failed) {
					t.Errorf("followed %d, failed %q, %v: %q", o.Followed, failed, err, l.calls)
				}
			})
		})
	}
}

// Three artists in a row that fail alone, or a network that does not come back, are no matter of artists.
func TestFollowAllUnreachable(t *testing.T) {
	for _, row := range []struct {
		name   string
		before func(*http.Request, int) (*http.Response, error)
		puts   int // at most
	}{
		{"502 always", func(_ *http.Request, put int) (*http.Response, error) { return answerIf(put > 1, 502) }, 30},
		{"cut always", func(_ *http.Request, put int) (*http.Response, error) { return nil, errIf(put > 1) }, 1 + maxTries},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := library{before: row.before}
				var o FollowOptions
				start := time.Now()
				failed, err := l.client().FollowAll(t.Context(), ids(1, 120), &o)
				if kindOf(err) != Unreachable || o.Followed != 40 || len(failed) > 3 {
					t.Errorf("followed %d, failed %q, %v", o.Followed, failed, err)
				}
				if took := time.Since(start); took == 0 || took > 90*time.Second || len(l.puts()) > row.puts {
					t.Errorf("took %v and %q", took, l.puts())
				}
			})
		})
	}
}

func TestFollowAllEndsEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := library{before: func(req *http.Request, put int) (*http.Response, error) {
			if put == 2 {
				return says(429, limited, "Retry-After: 3600")(req)
			}
			return nil, nil
		}}
		var o FollowOptions
		if _, err := l.client().FollowAll(t.Context(), ids(1, 120), &o); kindOf(err) != RateLimited || o.Followed != 40 {
			t.Errorf("followed %d, %v", o.Followed, err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		l := library{unknown: ids(1, 1)}
		var o FollowOptions
		start := time.Now()
		_, err := l.client().FollowAll(ctx, ids(1, 50), &o)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 5*time.Second || o.Followed != 49 {
			t.Errorf("followed %d, %v after %v", o.Followed, err, time.Since(start))
		}
	})
}

func TestContainsIsNoListOfBooleans(t *testing.T) {
	for _, body := range []string{`[true]`, `[true,false,true]`, `[true,1]`, `[null,false]`, `{"a":true}`, `true`, `[true,false]x`} {
		var l library
		c := l.client()
		inner := l.fake.answer
		l.fake.answer = func(req *http.Request, n int) (*http.Response, error) {
			if req.Method == "GET" {
				return says(200, body)(req)
			}
			return inner(req, n)
		}
		if _, err := c.FollowAll(t.Context(), ids(1, 2), new(FollowOptions)); kindOf(err) != BadAnswer {
			t.Errorf("%s: %v", body, err)
		}
	}
}
