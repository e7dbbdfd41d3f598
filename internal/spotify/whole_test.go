package spotify

import (
	"errors"
	"iter"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// wholeList returns the ids that the last call of write was given.
func wholeList(t *testing.T, c *Client, l *Listing) (list []string, calls int, err error) {
	t.Helper()
	err = c.WholeList(t.Context(), l, func(artists iter.Seq2[Artist, error]) (err error) {
		calls++
		list, err = collect(t, artists)
		return err
	})
	return list, calls, err
}

// B-08: after a second pass the order is Spotify's, and what only the first one found comes last.
func TestWholeListOrder(t *testing.T) {
	a, b, c, d, e := id(1), id(2), id(3), id(4), id(5)
	for _, row := range []struct {
		name         string
		pages        []string
		limit, calls int
		found        []string
		want         Listing // its counts
		complete     bool
	}{
		{name: "right at once", pages: []string{pageOf(3, b, c, b), pageOf(3, "", a)}, calls: 1,
			found: []string{c, b, a}, want: Listing{Total: 3, Unique: 3, Passes: 1}, complete: true},
		{name: "thinned out at first", pages: []string{pageOf(4, "", c, d), pageOf(4, b, a, b), pageOf(4, "", c, d)}, calls: 2,
			found: []string{a, b, c, d}, want: Listing{Total: 4, Unique: 4, Passes: 2}, complete: true},
		{name: "another order", pages: []string{pageOf(4, "", a, b, c), pageOf(4, "", d, c, b, a)}, calls: 2,
			found: []string{d, c, b, a}, want: Listing{Total: 4, Unique: 4, Passes: 2}, complete: true},
		{name: "each lacks one", pages: []string{pageOf(4, "", a, b, c), pageOf(4, "", d, c, a, "null", a)}, calls: 2,
			found: []string{d, c, a, b}, want: Listing{Total: 4, Unique: 4, Passes: 2, Null: 1, Duplicate: 1}, complete: true},
		{name: "never right", pages: []string{pageOf(9, "", a, b), pageOf(9, "", b, c)}, calls: 2,
			found: []string{b, c, a}, want: Listing{Total: 9, Unique: 3, Passes: 2}},
		{name: "unfollowed in between", pages: []string{pageOf(2, "", a, b, c), pageOf(2, "", a, b)}, calls: 2,
			found: []string{a, b, c}, want: Listing{Total: 2, Unique: 3, Passes: 2}},
		{name: "nothing at first", pages: []string{pageOf(2, ""), pageOf(2, "", b, a)}, calls: 2,
			found: []string{b, a}, want: Listing{Total: 2, Unique: 2, Passes: 2}, complete: true},
		{name: "nothing the second time", pages: []string{pageOf(3, "", b, a), pageOf(3, "")}, calls: 2,
			found: []string{b, a}, want: Listing{Total: 3, Unique: 2, Passes: 2}},
		{name: "a limit", pages: []string{pageOf(9, "", a, b, c)}, limit: 2, calls: 1,
			found: []string{a, b}, want: Listing{Total: 9, Unique: 2, Passes: 1}, complete: true},
		{name: "a limit reached the second time", pages: []string{pageOf(9, "", a, b), pageOf(9, "", e, d, c, a)}, limit: 3, calls: 2,
			found: []string{e, d, c}, want: Listing{Total: 9, Unique: 3, Passes: 2}, complete: true},
		{name: "a limit reached by both", pages: []string{pageOf(9, "", a, b), pageOf(9, "", e, d)}, limit: 3, calls: 2,
			found: []string{e, d, a}, want: Listing{Total: 9, Unique: 3, Passes: 2}, complete: true},
	} {
		t.Run(row.name, func(t *testing.T) {
			var steps []step
			for _, p := range row.pages {
				steps = append(steps, says(200, p))
			}
			f := script(steps...)
			l := Listing{Limit: row.limit}
			got, calls, err := wholeList(t, client(f), &l)
			if err != nil || !slices.Equal(got, row.found) || calls != row.calls || f.count() != len(row.pages) {
				t.Errorf("found %q in %d calls and %d requests, %v", got, calls, f.count(), err)
			}
			if l.Complete() != row.complete || l.OutOfOrder {
				t.Errorf("complete %v, out of order %v", l.Complete(), l.OutOfOrder)
			}
			row.want.Limit = row.limit
			if !reflect.DeepEqual(l, row.want) {
				t.Errorf("counts: %+v", l)
			}
		})
	}
}

// B-08: a stream cannot take back its order, and says so.
func TestStreamOutOfOrder(t *testing.T) {
	a, b, c := id(1), id(2), id(3)
	for _, row := range []struct {
		first, second string
		found         []string
		want          bool
	}{
		{pageOf(3, "", b, c), pageOf(3, "", a, b, c), []string{b, c, a}, true},
		{pageOf(3, ""), pageOf(3, "", a, b, c), []string{a, b, c}, false},
		{pageOf(3, "", a, b), pageOf(3, "", a, b), []string{a, b}, false},
	} {
		l := Listing{}
		got, err := collect(t, client(script(says(200, row.first), says(200, row.second))).FollowedArtists(t.Context(), &l))
		if err != nil || !slices.Equal(got, row.found) || l.OutOfOrder != row.want {
			t.Errorf("%q, %v, out of order %v", got, err, l.OutOfOrder)
		}
	}
}

// H-04: an empty list is read again if the last one was not empty.
func TestExpectedList(t *testing.T) {
	empty, full := pageOf(0, ""), pageOf(1, "", id(1))
	for _, row := range []struct {
		expect, passes, found int
		pages                 []string
	}{
		{0, 1, 0, []string{empty}},
		{60, 2, 0, []string{empty}},
		{60, 2, 1, []string{empty, full}},
		{60, 1, 1, []string{full}},
		{1, 2, 0, []string{pageOf(0, "", "null"), empty}},
	} {
		var steps []step
		for _, p := range row.pages {
			steps = append(steps, says(200, p))
		}
		l := Listing{Expect: row.expect}
		got, _, err := wholeList(t, client(script(steps...)), &l)
		streamed := Listing{Expect: row.expect}
		stream, errStream := collect(t, client(script(steps...)).FollowedArtists(t.Context(), &streamed))
		if err != nil || errStream != nil || len(got) != row.found || len(stream) != row.found || l.Passes != row.passes || streamed.Passes != row.passes {
			t.Errorf("%+v: %d and %d artists in %d and %d passes, %v, %v", row, len(got), len(stream), l.Passes, streamed.Passes, err, errStream)
		}
	}
}

// A strict listing ends with an error unless its count is Spotify's.
func TestStrictListing(t *testing.T) {
	for _, row := range []struct {
		page  string
		limit int
		want  error
	}{
		{pageOf(1, "", id(1)), 0, nil},
		{pageOf(2, "", id(1)), 0, &IncompleteError{"artists", 1, 2}},
		{pageOf(0, "", id(1)), 0, &IncompleteError{"artists", 1, 0}},
		{strings.Replace(pageOf(1, "", id(1)), "total", "was", 1), 0, &IncompleteError{"artists", 1, -1}},
		{pageOf(9, "", id(1)), 1, nil},
		{pageOf(9, "", id(1)), 2, &IncompleteError{"artists", 1, 9}},
	} {
		f := func() *Client { return client(script(says(200, row.page))) }
		_, err := collect(t, f().FollowedArtists(t.Context(), &Listing{Strict: true, Limit: row.limit}))
		_, _, whole := wholeList(t, f(), &Listing{Strict: true, Limit: row.limit})
		if !reflect.DeepEqual(err, row.want) || !reflect.DeepEqual(whole, row.want) {
			t.Errorf("%s: %v, %v", row.page, err, whole)
		}
	}
}

// What write returns ends a listing.
func TestWholeListReturnsWhatWriteDoes(t *testing.T) {
	full := errors.New("no space left on device")
	f, calls := server(ids(1, 200)...), 0
	err := client(f).WholeList(t.Context(), new(Listing), func(artists iter.Seq2[Artist, error]) error {
		calls++
		for range artists {
			break
		}
		return full
	})
	if err != full || calls != 1 || f.running != 0 {
		t.Errorf("%v after %d calls, %d requests run on", err, calls, f.running)
	}
	f = script(says(200, pageOf(2, id(1), id(1))), says(403, "Forbidden"))
	if _, calls, err := wholeList(t, client(f), new(Listing)); kindOf(err) != Forbidden || calls != 1 {
		t.Errorf("%v after %d calls", err, calls)
	}
}

func TestArchive(t *testing.T) {
	p, err := decodePage(read(t, "me-following-page-2015.json"), true)
	if err != nil {
		t.Fatal(err)
	}
	odd := []Artist{
		{ID: "x", Name: "\x00\n", URI: "spotify:artist:y", URL: urlPrefix + "x"},
		{URI: uriPrefix, URL: "", Genres: []string{"", "pop"}, Followers: ptr(-1 << 63), Popularity: ptr(1<<63 - 1)},
		{ID: strings.Repeat("é", 300), URI: "-", ImageURL: "z"},
	}
	v := new(archive)
	for _, page := range [][]Artist{p.artists, nil, odd} {
		v.add(page)
	}
	if got := slices.Collect(v.all); !reflect.DeepEqual(got, slices.Concat(p.artists, odd)) {
		t.Errorf("got %+v", got)
	}
}
