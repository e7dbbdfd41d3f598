package spotify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// H-04, O-01: all artists, each once, in as few requests as it takes.
func TestFollowedArtistsListsAll(t *testing.T) {
	for _, row := range []struct {
		following, limit int
		found, requests  int
	}{
		{following: 0, requests: 1},
		{following: 1, found: 1, requests: 1},
		{following: 49, found: 49, requests: 1},
		{following: 50, found: 50, requests: 1},
		{following: 51, found: 51, requests: 2},
		{following: 100, found: 100, requests: 2},
		{following: 101, found: 101, requests: 3},
		{following: 2000, found: 2000, requests: 40},
		{following: 120, limit: 1, found: 1, requests: 1},
		{following: 120, limit: 50, found: 50, requests: 1},
		{following: 120, limit: 51, found: 51, requests: 2},
		{following: 120, limit: 100, found: 100, requests: 2},
		{following: 120, limit: 120, found: 120, requests: 3},
		{following: 120, limit: 500, found: 120, requests: 3},
	} {
		t.Run(fmt.Sprintf("%d of %d", row.limit, row.following), func(t *testing.T) {
			f := server(ids(1, row.following)...)
			l := Listing{Limit: row.limit}
			got, err := collect(t, client(f).FollowedArtists(t.Context(), &l))
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, ids(1, row.found)) {
				t.Errorf("got %d artists, or in another order", len(got))
			}
			if f.count() != row.requests || f.most != 1 {
				t.Errorf("%d requests, %d at once", f.count(), f.most)
			}
			if l.Total != row.following || l.Unique != row.found || l.Passes != 1 || l.Null+l.Duplicate != 0 || !l.Complete() {
				t.Errorf("counts: %+v", l)
			}
		})
	}
}

// H-04: the requests are built from the cursor alone; a page is never larger than asked for.
func TestFollowedArtistsAsks(t *testing.T) {
	for _, row := range []struct {
		limit int
		want  []string
	}{
		{0, []string{"limit=50&type=artist", "after=" + id(50) + "&limit=50&type=artist"}},
		{7, []string{"limit=7&type=artist"}},
	} {
		f := server(ids(1, 60)...)
		if _, err := collect(t, client(f).FollowedArtists(t.Context(), &Listing{Limit: row.limit})); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(f.asked, row.want) {
			t.Errorf("limit %d: asked %q", row.limit, f.asked)
		}
	}
}

// H-04: what is odd about the pages is counted, or ends the listing with an
// error; it never shortens the list in silence.
func TestFollowedArtistsOddPages(t *testing.T) {
	a, b, c, d := id(1), id(2), id(3), id(4)
	all := []string{a, b, c}
	for _, row := range []struct {
		name     string
		pages    []string
		found    []string
		want     Listing // its results
		complete bool
		err      string
		requests int
	}{
		{name: "null items", pages: []string{pageOf(2, "", a, "null", b, "null")},
			found: []string{a, b}, want: Listing{Total: 2, Unique: 2, Passes: 1, Null: 2}, complete: true, requests: 1},
		{name: "a repeated artist", pages: []string{pageOf(3, b, a, b), pageOf(3, "", b, c)},
			found: all, want: Listing{Total: 3, Unique: 3, Passes: 1, Duplicate: 1}, complete: true, requests: 2},
		{name: "ids of other lengths", pages: []string{pageOf(5, "", "A", a, a+"5", a[:21], "A", a+"6", a+"5")},
			found: []string{"A", a, a + "5", a[:21], a + "6"}, want: Listing{Total: 5, Unique: 5, Passes: 1, Duplicate: 2}, complete: true, requests: 1},
		{name: "a short page", pages: []string{pageOf(3, a, a), pageOf(3, "", b, c)},
			found: all, want: Listing{Total: 3, Unique: 3, Passes: 1}, complete: true, requests: 2},
		{name: "three empty pages", pages: []string{pageOf(3, a, a), pageOf(3, "x"), pageOf(3, "y"), pageOf(3, "z"), pageOf(3, "", b, c)},
			found: all, want: Listing{Total: 3, Unique: 3, Passes: 1}, complete: true, requests: 5},
		{name: "a last empty page", pages: []string{pageOf(1, a, a), pageOf(1, "")},
			found: []string{a}, want: Listing{Total: 1, Unique: 1, Passes: 1}, complete: true, requests: 2},
		{name: "no total", pages: []string{`{"artists":{"items":[{"id":"A","name":""}]}}`},
			found: []string{"A"}, want: Listing{Total: -1, Unique: 1, Passes: 1}, complete: true, requests: 1},
		{name: "no total on the last page", pages: []string{pageOf(2, a, a), strings.Replace(pageOf(2, "", b), "total", "was", 1)},
			found: []string{a, b}, want: Listing{Total: 2, Unique: 2, Passes: 1}, complete: true, requests: 2},
		{name: "a negative total", pages: []string{pageOf(-7, "", a)},
			found: []string{a}, want: Listing{Total: -1, Unique: 1, Passes: 1}, complete: true, requests: 1},
		{name: "a cursor without next", pages: []string{strings.Replace(pageOf(3, b, a, b), `"next":"`, `"was":"`, 1), pageOf(3, "", c)},
			found: all, want: Listing{Total: 3, Unique: 3, Passes: 1}, complete: true, requests: 2},

		{name: "total too large, twice", pages: []string{pageOf(4, b, a, b), pageOf(4, "", c), pageOf(4, b, a, b), pageOf(4, "", c)},
			found: all, want: Listing{Total: 4, Unique: 3, Passes: 2}, requests: 4},
		{name: "total zero", pages: []string{pageOf(0, "", a, b, c)},
			found: all, want: Listing{Total: 0, Unique: 3, Passes: 2}, requests: 2},
		{name: "found in the second pass", pages: []string{pageOf(4, "", a, b, "null", a), pageOf(4, "", a, b, c, d)},
			found: []string{a, b, c, d}, want: Listing{Total: 4, Unique: 4, Passes: 2}, complete: true, requests: 2},
		{name: "lost in the second pass", pages: []string{pageOf(4, "", a, b, c), pageOf(4, "", a, d, "null", d)},
			found: []string{a, b, c, d}, want: Listing{Total: 4, Unique: 4, Passes: 2, Null: 1, Duplicate: 1}, complete: true, requests: 2},
		{name: "nothing, then all", pages: []string{pageOf(3, ""), pageOf(3, "", a, b, c)},
			found: all, want: Listing{Total: 3, Unique: 3, Passes: 2}, complete: true, requests: 2},
		{name: "the same cursors in both passes", pages: []string{pageOf(3, a, a), pageOf(3, "", b), pageOf(3, a, a), pageOf(3, "", b, c)},
			found: all, want: Listing{Total: 3, Unique: 3, Passes: 2}, complete: true, requests: 4},
		{name: "a limit that is not reached", pages: []string{pageOf(9, "", a, b, c)},
			found: all, want: Listing{Limit: 5, Total: 9, Unique: 3, Passes: 2}, requests: 2},
		{name: "a limit that is reached in the second pass", pages: []string{pageOf(9, "", a, b), pageOf(9, "", a, b, c, d)},
			found: all, want: Listing{Limit: 3, Total: 9, Unique: 3, Passes: 2}, complete: true, requests: 2},
		{name: "a limit that is reached", pages: []string{pageOf(9, "", a, b, c)},
			found: all, want: Listing{Limit: 3, Total: 9, Unique: 3, Passes: 1}, complete: true, requests: 1},

		{name: "the same page for ever", pages: []string{pageOf(100, b, a, b)},
			found: []string{a, b}, err: "the cursor of an earlier page came again", requests: 2},
		{name: "two cursors in turn", pages: []string{pageOf(9, a, a), pageOf(9, b, b), pageOf(9, a, c)},
			found: []string{a, b}, err: "the cursor of an earlier page came again", requests: 3},
		{name: "empty pages without end", pages: []string{pageOf(9, a, a), pageOf(9, "w"), pageOf(9, "x"), pageOf(9, "y"), pageOf(9, "z")},
			found: []string{a}, err: "4 pages in a row are empty", requests: 5},
		{name: "next without a cursor", pages: []string{strings.Replace(pageOf(9, b, a, b), `"after":"`+b+`"`, `"after":null`, 1)},
			err: "there is a next page, but no cursor to ask for it", requests: 1},
		{name: "a cursor that is a number", pages: []string{strings.Replace(pageOf(9, b, a, b), `"after":"`+b+`"`, `"after":12`, 1)},
			err: "the cursor is a JSON number", requests: 1},
		{name: "an artist without an id", pages: []string{`{"artists":{"items":[{"name":"x"}]}}`},
			err: "an artist has no id or no name", requests: 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			var steps []step
			for _, p := range row.pages {
				steps = append(steps, says(200, p))
			}
			f := script(steps...)
			l := Listing{Limit: row.want.Limit}
			got, err := collect(t, client(f).FollowedArtists(t.Context(), &l))
			if !slices.Equal(got, row.found) || f.count() != row.requests {
				t.Errorf("found %q in %d requests", got, f.count())
			}
			if row.err != "" {
				want := "GET /v1/me/following: " + row.err
				if kindOf(err) != BadAnswer || err.Error() != want {
					t.Errorf("got %v, want %s", err, want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if l.Total != row.want.Total || l.Unique != row.want.Unique || l.Passes != row.want.Passes ||
				l.Null != row.want.Null || l.Duplicate != row.want.Duplicate || l.Complete() != row.complete {
				t.Errorf("counts: %+v, complete %v", l, l.Complete())
			}
		})
	}
}

// H-04: a list that leads on and on ends at some time.
func TestFollowedArtistsEndlessList(t *testing.T) {
	f := &fake{answer: func(req *http.Request, n int) (*http.Response, error) {
		return says(200, pageOf(9, id(n), id(n)))(req)
	}}
	got, err := collect(t, client(f).FollowedArtists(t.Context(), new(Listing)))
	if kindOf(err) != BadAnswer || len(got) != 1999 || f.count() != 2000 {
		t.Errorf("%d artists in %d requests, then %v", len(got), f.count(), err)
	}
}

// H-02: neither a cursor nor a next URL gets anything but an id into a request.
func TestFollowedArtistsHostilePages(t *testing.T) {
	t.Run("cursor", func(t *testing.T) {
		for _, cursor := range []string{"a b", "a&type=user", "../me", "a/b", "a%20", "ä", "@example.com", "\r\nX: y", "a.b", strings.Repeat("a", 65)} {
			f := script(says(200, pageOf(9, cursor, id(1))), says(500, ""))
			_, err := collect(t, client(f).FollowedArtists(t.Context(), new(Listing)))
			if kindOf(err) != BadAnswer || f.count() != 1 {
				t.Errorf("%q: %v after %d requests", cursor, err, f.count())
			}
		}
	})
	t.Run("next", func(t *testing.T) {
		for _, next := range []string{"https://api.spotify.com@example.com/v1/me/following?after=x", "https://api.spotify.com.example.com/",
			"http://api.spotify.com/", "https://api.spotify.com:444/", "//example.com/", "https://api.spotify.com./"} {
			var hosts []string
			f := &fake{answer: func(req *http.Request, n int) (*http.Response, error) {
				hosts = append(hosts, req.URL.Scheme+"://"+req.URL.Host)
				if n == 2 {
					return says(200, pageOf(2, "", id(2)))(req)
				}
				return says(200, strings.Replace(pageOf(2, id(1), id(1)), `"next":"`, `"next":"`+next+`","was":"`, 1))(req)
			}}
			got, err := collect(t, client(f).FollowedArtists(t.Context(), new(Listing)))
			if err != nil || len(got) != 2 || !slices.Equal(hosts, []string{Origin, Origin}) {
				t.Errorf("%s: %d artists, %v, asked %q", next, len(got), err, hosts)
			}
		}
	})
}

// O-01: whatever page fails, its error comes last and no artist of it or of a later one does.
func TestFollowedArtistsFailsAtAnyPage(t *testing.T) {
	for k := 1; k <= 4; k++ {
		healthy := server(ids(1, 200)...)
		f := &fake{answer: func(req *http.Request, n int) (*http.Response, error) {
			if n >= k {
				return says(403, "Forbidden")(req)
			}
			return healthy.RoundTrip(req)
		}}
		got, err := collect(t, client(f).FollowedArtists(t.Context(), new(Listing)))
		if kindOf(err) != Forbidden || !slices.Equal(got, ids(1, 50*(k-1))) {
			t.Errorf("page %d: %d artists, then %v", k, len(got), err)
		}
	}
}

func TestFollowedArtistsFetchesAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pages := server(ids(1, 150)...)
		f := &fake{answer: func(req *http.Request, _ int) (*http.Response, error) {
			time.Sleep(50 * time.Millisecond) // the way to the server and back
			return pages.RoundTrip(req)
		}}
		start, n := time.Now(), 0
		for _, err := range client(f).FollowedArtists(t.Context(), new(Listing)) {
			if err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if n++; n == 1 && f.count() != 2 {
				t.Errorf("%d requests were sent when the first artist came", f.count())
			}
			time.Sleep(time.Millisecond) // 50 ms for a page, as long as the way
		}
		if got := time.Since(start); got != 200*time.Millisecond || f.most != 1 {
			t.Errorf("took %v, want 50 ms and 50 for each page; %d requests at once", got, f.most)
		}
	})
}

// A loop that is left early leaves no request and no goroutine behind: the
// bubble would not end.
func TestFollowedArtistsLeftEarly(t *testing.T) {
	for _, row := range []struct {
		name  string
		leave func()
	}{
		{"break", nil},
		{"panic", func() { panic("rendering") }},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pages := server(ids(1, 150)...)
				f := &fake{answer: func(req *http.Request, n int) (*http.Response, error) {
					if n == 2 {
						return hangs(req)
					}
					return pages.RoundTrip(req)
				}}
				defer func() {
					if got := recover(); (got != nil) != (row.leave != nil) {
						t.Errorf("recovered %v", got)
					}
					if f.running != 0 || f.count() != 2 {
						t.Errorf("%d requests of %d are still running", f.running, f.count())
					}
				}()
				for range client(f).FollowedArtists(t.Context(), new(Listing)) {
					synctest.Wait()
					if row.leave != nil {
						row.leave()
					}
					break
				}
			})
		})
	}
}

// B-52: a bug that shows while a page is fetched reaches the loop, with the place where it happened.
func TestPanicWhileFetching(t *testing.T) {
	f := script(says(200, pageOf(2, id(1), id(1))), func(*http.Request) (*http.Response, error) { panic("a bug") })
	defer func() {
		bug, ok := recover().(*Panic)
		if !ok || bug.Value != "a bug" || !strings.Contains(string(bug.Stack), "TestPanicWhileFetching.func") {
			t.Errorf("recovered %+v", bug)
		}
	}()
	_, err := collect(t, client(f).FollowedArtists(t.Context(), new(Listing)))
	t.Errorf("it ended with %v", err)
}

// Ctrl-C ends a listing at once, wherever it is.
func TestFollowedArtistsCancelled(t *testing.T) {
	for name, second := range map[string]step{
		"hanging request": hangs,
		"fault":           says(503, ""),
		"rate limit":      says(429, limited, "Retry-After: 50"),
		"spurious 401":    says(401, missing),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				f := script(says(200, pageOf(2, id(1), id(1))), second)
				go func() {
					time.Sleep(10 * time.Millisecond)
					cancel(errors.New("a signal came"))
				}()
				start := time.Now()
				got, err := collect(t, client(f).FollowedArtists(ctx, new(Listing)))
				if !errors.Is(err, context.Canceled) || len(got) != 1 {
					t.Errorf("%d artists, then %v", len(got), err)
				}
				if took := time.Since(start); took != 10*time.Millisecond {
					t.Errorf("took %v", took)
				}
			})
		})
	}
}

func TestFollowedArtistsTellsProgress(t *testing.T) {
	var told []string
	l := Listing{}
	l.Progress = func(unique, total int) { told = append(told, fmt.Sprintf("%d of %d", unique, total)) }
	n := 0
	for _, err := range client(server(ids(1, 120)...)).FollowedArtists(t.Context(), &l) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 1 && len(told) != 1 {
			t.Errorf("told %q before the first artist", told)
		}
	}
	if want := []string{"50 of 120", "100 of 120", "120 of 120"}; !slices.Equal(told, want) {
		t.Errorf("told %q", told)
	}
}

func TestListingRunsAgain(t *testing.T) {
	l := Listing{}
	seq := client(server(ids(1, 60)...)).FollowedArtists(t.Context(), &l)
	for range 2 {
		got, err := collect(t, seq)
		if err != nil || len(got) != 60 || l.Unique != 60 || l.Passes != 1 {
			t.Errorf("%d artists, %v, %+v", len(got), err, l)
		}
	}
}
