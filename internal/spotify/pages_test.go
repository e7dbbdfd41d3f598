package spotify

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
)

// pagesOf returns the items that a path yields, and the error that ends it.
func pagesOf(t *testing.T, c *Client, path, query string, p *Paging) (items []string, err error) {
	t.Helper()
	for page, e := range c.Pages(t.Context(), path, query, p) {
		if err != nil {
			t.Fatal("something came after the error")
		}
		err = e
		for _, item := range page {
			items = append(items, string(item))
		}
	}
	return items, err
}

// byOffset answers as Spotify does for a list of so many items, in a page at the
// top or in a member. It refuses limits above most.
func byOffset(total, most int, member string) *fake {
	return &fake{answer: func(req *http.Request, _ int) (*http.Response, error) {
		q := req.URL.Query()
		limit, err := strconv.Atoi(q.Get("limit"))
		if err != nil || limit < 1 || limit > most {
			return says(400, `{"error":{"status":400,"message":"Invalid limit"}}`)(req)
		}
		offset, _ := strconv.Atoi(q.Get("offset"))
		var items []string
		for n := offset; n < min(offset+limit, total); n++ {
			items = append(items, fmt.Sprintf("{ \"n\" : %d }", n))
			if n%7 == 3 {
				items[len(items)-1] = "null"
			}
		}
		next := "null"
		if offset+limit < total {
			next = fmt.Sprintf(`"https://api.spotify.com/v1/elsewhere?offset=%d"`, offset+limit)
		}
		page := fmt.Sprintf("{\n  \"href\": \"x\", \"limit\": %d, \"next\": %s,\n \"items\" : [ %s ], \"offset\": %d, \"previous\": \"y\", \"total\": %d }",
			limit, next, strings.Join(items, " , "), offset, total)
		if member != "" {
			page = fmt.Sprintf(`{"info":{"next":"z"},%q:%s,"href":null}`, member, page)
		}
		return says(200, page)(req)
	}}
}

// All items come, in as few requests as it takes, and make one document in the shape of the first answer.
func TestPagesByOffset(t *testing.T) {
	for _, row := range []struct {
		total, most, limit int
		query              string
		items, requests    int
	}{
		{0, 50, 0, "", 0, 1}, {1, 50, 0, "", 1, 1}, {50, 50, 0, "", 50, 1}, {51, 50, 0, "", 51, 2}, {2345, 50, 0, "", 2345, 47},
		{35, 10, 0, "q=a&type=album", 35, 1 + 4}, {35, 10, 4, "", 4, 1}, {35, 10, 15, "", 15, 1 + 2},
		{120, 50, 0, "limit=20", 120, 6}, {120, 50, 0, "offset=100", 20, 1}, {120, 50, 0, "offset=0060", 60, 2}, {120, 50, 60, "", 60, 2}, {120, 50, 500, "", 120, 3},
	} {
		for _, member := range []string{"", "albums"} {
			t.Run(fmt.Sprintf("%+v %s", row, member), func(t *testing.T) {
				f := byOffset(row.total, row.most, member)
				p := Paging{Limit: row.limit}
				items, err := pagesOf(t, client(f), "/v1/me/tracks", row.query, &p)
				if err != nil || len(items) != row.items || p.Items != row.items || p.Total != row.total || f.count() != row.requests {
					t.Fatalf("%d items in %d requests, %+v, %v", len(items), f.count(), p, err)
				}
				if complete := row.limit > 0 && row.items == row.limit || row.items == row.total; p.Complete() != complete {
					t.Errorf("complete %v", p.Complete())
				}
				checkDocument(t, &p, items, member)
			})
		}
	}
}

func checkDocument(t *testing.T, p *Paging, items []string, member string) {
	t.Helper()
	var document map[string]any
	if err := json.Unmarshal(slices.Concat(p.Head, []byte(strings.Join(items, ",")), p.Tail), &document); err != nil {
		t.Fatalf("%v: %s%s", err, p.Head, p.Tail)
	}
	if member != "" {
		if info := document["info"].(map[string]any); info["next"] != "z" {
			t.Error("another member has changed")
		}
		document = document[member].(map[string]any)
	}
	all := document["items"].([]any)
	if len(all) != len(items) || document["next"] != nil || document["previous"] != nil || document["href"] != "x" {
		t.Errorf("%d items, next %v, previous %v", len(all), document["next"], document["previous"])
	}
	for n, item := range all {
		if first := max(0, p.Total-len(all)); item == nil != ((n+first)%7 == 3) && p.Limit == 0 {
			t.Fatalf("item %d is %v", n, item)
		}
	}
}

func TestPagesByCursor(t *testing.T) {
	t.Run("following", func(t *testing.T) {
		f := server(ids(1, 120)...)
		p := Paging{Strict: true}
		items, err := pagesOf(t, client(f), "/v1/me/following", "type=artist", &p)
		if err != nil || len(items) != 120 || p.Total != 120 || f.count() != 3 || !strings.HasPrefix(string(p.Head), `{"artists":{"items":[`) {
			t.Errorf("%d items in %d requests, %+v, %v", len(items), f.count(), p, err)
		}
	})
	t.Run("recently played", func(t *testing.T) {
		page := func(next, before string, items ...string) step {
			return says(200, fmt.Sprintf(`{"items":[%s],"next":%s,"cursors":{"after":"1700000000999","before":%q},"limit":2}`, strings.Join(items, ","), next, before))
		}
		f := script(page(`"https://api.spotify.com/v1/me/player/recently-played?before=1700000000500&limit=2"`, "1700000000500", "1", "2"), page("null", "1700000000400", "3"))
		p := Paging{}
		items, err := pagesOf(t, client(f), "/v1/me/player/recently-played", "after=1", &p)
		if err != nil || !slices.Equal(items, []string{"1", "2", "3"}) || p.Total != -1 || !p.Complete() {
			t.Errorf("%q, %+v, %v", items, p, err)
		}
		if want := []string{"after=1&limit=50", "before=1700000000500&limit=50"}; !slices.Equal(f.asked, want) {
			t.Errorf("asked %q", f.asked)
		}
	})
}

// What is not a page, or leads in a circle, is an error.
func TestPagesOddAnswers(t *testing.T) {
	page := func(offset int, next string, items ...string) string {
		return fmt.Sprintf(`{"items":[%s],"next":%s,"offset":%d,"limit":2,"total":9}`, strings.Join(items, ","), next, offset)
	}
	more := `"https://example.com/"`
	fifty := strings.Repeat("1,", 49) + "1"
	for _, row := range []struct {
		name  string
		pages []string
		items int
		err   string
	}{
		{"a list without more", []string{`{"items":[1]}`}, 1, ""},
		{"a full page without more", []string{`{"items":[` + fifty + `]}`}, 0, "the answer does not say whether there is another page"},
		{"a full page with its offset", []string{`{"items":[` + fifty + `],"offset":0,"limit":50}`}, 0, "the answer does not say whether there is another page"},
		{"a full page, and no next", []string{`{"items":[` + fifty + `],"next":null}`}, 50, ""},
		{"a full page, and a total", []string{`{"items":[` + fifty + `],"total":50}`}, 50, ""},
		{"no next, but a total", []string{`{"items":[1,2],"offset":0,"limit":2,"total":3}`, `{"items":[3],"offset":2,"limit":2,"total":3}`}, 3, ""},
		{"a short page", []string{page(0, more, "1"), page(2, "null", "2")}, 2, ""},
		{"no page", []string{`{"id":"x","tracks":{"href":"y"}}`}, 0, "the answer is not a page of items"},
		{"an array", []string{`[1]`}, 0, "the answer is not a page of items"},
		{"items null", []string{`{"items":null}`}, 0, "the answer is not a page of items"},
		{"two pages", []string{`{"albums":{"items":[]},"x":{"items":0},"artists":{"items":[]}}`}, 0, "the answer holds several lists (albums, artists); ask for one type"},
		{"no items on the second", []string{page(0, more, "1"), `{"next":null}`}, 1, "the answer is not a page of items"},
		{"another shape", []string{page(0, more, "1"), `{"x":` + page(2, "null", "2") + `}`}, 1, "the answer has a different shape from the one before it"},
		{"the same page again", []string{page(0, more, "1"), page(0, more, "1")}, 1, "the page begins at 0, not at 2"},
		{"no way to the next", []string{`{"items":[1],"next":` + more + `}`}, 0, "there is a next page, but no cursor or offset to ask for it"},
		{"a limit of zero", []string{strings.Replace(page(0, more, "1"), `"limit":2`, `"limit":0`, 1)}, 0, "there is a next page, but no cursor or offset to ask for it"},
		{"no cursor to the next", []string{`{"items":[1],"next":` + more + `,"cursors":{"after":null}}`}, 0, "there is a next page, but no cursor to ask for it"},
		{"a cursor again", []string{`{"items":[1],"next":` + more + `,"cursors":{"after":"a"}}`, `{"items":[1],"next":` + more + `,"cursors":{"after":"a"}}`}, 1, "the cursor of an earlier page came again"},
		{"a cursor that is a number", []string{`{"items":[1],"cursors":{"after":5}}`}, 0, "the cursor is a JSON number"},
		{"a hostile cursor", []string{`{"items":[1],"next":` + more + `,"cursors":{"after":"a&b=c"}}`}, 0, "the cursor is neither an id nor a time"},
		{"empty pages", []string{page(0, more), page(2, more), page(4, more), page(6, more)}, 0, "4 pages in a row are empty"},
		{"not JSON", []string{"sorry"}, 0, "the answer can't be read as JSON: invalid character 's' at start of value"},
		{"a name twice", []string{`{"items":[{"a":1,"a":2}]}`}, 0, `the answer can't be read as JSON: duplicate object member name "a" within "/items/0"`},
	} {
		t.Run(row.name, func(t *testing.T) {
			var steps []step
			for _, p := range row.pages {
				steps = append(steps, says(200, p))
			}
			items, err := pagesOf(t, client(script(steps...)), "/v1/x", "", new(Paging))
			if len(items) != row.items || (err == nil) != (row.err == "") {
				t.Fatalf("%q, %v", items, err)
			}
			if err != nil && (kindOf(err) != BadAnswer || err.Error() != "GET /v1/x: "+row.err) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// O-01: whatever page fails, its error comes last. A limit that the caller asked for is left as it is.
func TestPagesFail(t *testing.T) {
	for k := 1; k <= 4; k++ {
		healthy := byOffset(200, 50, "")
		f := &fake{answer: func(req *http.Request, n int) (*http.Response, error) {
			if n >= k {
				return says(403, "Forbidden")(req)
			}
			return healthy.RoundTrip(req)
		}}
		items, err := pagesOf(t, client(f), "/v1/me/tracks", "", new(Paging))
		if kindOf(err) != Forbidden || len(items) != 50*(k-1) {
			t.Errorf("page %d: %d items, then %v", k, len(items), err)
		}
	}
	for query, requests := range map[string]int{"limit=50": 1, "": 2} {
		f := byOffset(200, 5, "")
		if _, err := pagesOf(t, client(f), "/v1/search", query, new(Paging)); kindOf(err) != Rejected || f.count() != requests {
			t.Errorf("%q: %v after %d requests", query, err, f.count())
		}
	}
	healthy := byOffset(200, 50, "")
	f := &fake{answer: func(req *http.Request, n int) (*http.Response, error) {
		if n > 1 {
			return says(400, `{"error":{"status":400,"message":"Invalid limit"}}`)(req)
		}
		return healthy.RoundTrip(req)
	}}
	if _, err := pagesOf(t, client(f), "/v1/x", "", new(Paging)); kindOf(err) != Rejected || f.count() != 2 {
		t.Errorf("a limit refused later: %v after %d requests", err, f.count())
	}
	if _, err := pagesOf(t, client(byOffset(1, 50, "")), "/v1/search", "%zz", new(Paging)); err == nil {
		t.Error("a malformed query is none")
	}
}

func TestPagesStrict(t *testing.T) {
	for _, row := range []struct {
		body  string
		limit int
		want  error
	}{
		{`{"items":[1],"total":1}`, 0, nil},
		{`{"items":[1],"total":2}`, 0, &IncompleteError{"items", 1, 2}},
		{`{"items":[1]}`, 0, &IncompleteError{"items", 1, -1}},
		{`{"items":[1,2],"total":9}`, 2, nil},
	} {
		p := Paging{Strict: true, Limit: row.limit}
		if _, err := pagesOf(t, client(script(says(200, row.body))), "/v1/x", "", &p); !reflect.DeepEqual(err, row.want) {
			t.Errorf("%s: %v", row.body, err)
		}
	}
	for want, err := range map[string]*IncompleteError{
		"found 1 item, but Spotify reports 2":                         {"items", 1, 2},
		"found 0 items, but Spotify reports 1":                        {"items", 0, 1},
		"found 1 artist, but Spotify does not say how many there are": {"artists", 1, -1},
	} {
		if err.Error() != want {
			t.Errorf("%+v: %s", *err, err)
		}
	}
}

// Pages that lead on and on end at some time, and so does the consumer's part.
func TestPagesEnd(t *testing.T) {
	f := &fake{answer: func(req *http.Request, n int) (*http.Response, error) {
		return says(200, fmt.Sprintf(`{"items":[1],"next":"x","cursors":{"after":"%d"}}`, n))(req)
	}}
	items, err := pagesOf(t, client(f), "/v1/x", "", new(Paging))
	if kindOf(err) != BadAnswer || f.count() != 2000 || len(items) != 1999 {
		t.Errorf("%d items in %d requests, then %v", len(items), f.count(), err)
	}
	synctest.Test(t, func(t *testing.T) {
		f := byOffset(500, 50, "")
		for range client(f).Pages(t.Context(), "/v1/x", "", new(Paging)) {
			break
		}
		if f.running != 0 || f.count() > 2 {
			t.Errorf("%d requests of %d run on", f.running, f.count())
		}
	})
}

func TestPagesTellProgress(t *testing.T) {
	var told []string
	p := Paging{Progress: func(items, total int) { told = append(told, fmt.Sprint(items, " of ", total)) }}
	if _, err := pagesOf(t, client(byOffset(120, 50, "")), "/v1/x", "", &p); err != nil {
		t.Fatal(err)
	}
	if want := []string{"50 of 120", "100 of 120", "120 of 120"}; !slices.Equal(told, want) {
		t.Errorf("told %q", told)
	}
}

// Whatever JSON comes, paging ends, asks one path of Spotify alone, and yields JSON that makes one document.
func FuzzPages(f *testing.F) {
	for _, seed := range []string{
		`{"items":[1,null],"next":"x","offset":0,"limit":2,"total":9}`, `{"items":[1],"offset":2,"limit":2,"next":null,"total":3,"previous":"y"}`,
		`{"a":{"items":[{}],"next":"/?before=1","cursors":{"after":"b","before":"c"}}}`, `{"artists":{"items":[],"cursors":{"after":"x"}}}`,
		`{"albums":{"items":[]},"artists":{"items":[]}}`, `{"items":[],"next":"x","limit":9223372036854775807,"offset":1}`,
		`{"error":{"status":400,"message":"Invalid limit"}}`, `{"previous":null,"items":[[]],"next":"https://example.com/"}`,
	} {
		f.Add([]byte(seed), []byte(seed))
		f.Add([]byte(seed), []byte(`{"items":[2],"next":null}`))
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		if !json.Valid(first) || !json.Valid(second) {
			return // a body that is cut short is asked for again, after a pause
		}
		fake := &fake{answer: func(req *http.Request, n int) (*http.Response, error) {
			if u := (url.URL{Scheme: "https", Host: "api.spotify.com", Path: "/v1/x", RawQuery: req.URL.RawQuery}); *req.URL != u {
				t.Errorf("asked %s", req.URL)
			}
			switch {
			case bytes.Contains(first, []byte("Invalid limit")) && n == 1:
				return says(400, string(first))(req)
			case n%2 == 1:
				return says(200, string(first))(req)
			}
			return says(200, string(second))(req)
		}}
		var p Paging
		var items [][]byte
		var err error
		for page, e := range client(fake).Pages(t.Context(), "/v1/x", "", &p) {
			err = e
			for _, item := range page {
				items = append(items, item)
			}
		}
		if fake.count() > 2000 || len(items) != p.Items && err == nil {
			t.Errorf("%d requests, %d items of %d", fake.count(), len(items), p.Items)
		}
		if e := (*Error)(nil); err != nil && !errors.As(err, &e) {
			t.Errorf("got %v", err)
		}
		if document := slices.Concat(p.Head, bytes.Join(items, []byte(",")), p.Tail); p.Head != nil && !json.Valid(document) {
			t.Errorf("made %s", document)
		}
	})
}
