package sandbox

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
)

// listed is what a careful client makes of the pages.
type listed struct {
	ids, names []string
	nulls      int
	repeated   int
	pages      int
	total      int
	next       []string
}

type followingPage struct {
	Artists struct {
		Href    string
		Limit   int
		Next    *string
		Cursors struct{ After *string }
		Total   int
		Items   []*artistObject
	}
}

func fetchPage(t *testing.T, s *Server, token, query string, header ...string) followingPage {
	t.Helper()
	got := get(t, s.URL()+"/v1/me/following?"+query, append(header, "Authorization", "Bearer "+token)...)
	var page followingPage
	if err := json.Unmarshal([]byte(got.body), &page); err != nil || got.status != 200 {
		t.Fatalf("%v: %d %s", err, got.status, got.body)
	}
	return page
}

// list follows the cursor to the end.
func list(t *testing.T, s *Server, limit int) listed {
	t.Helper()
	token, after, all := signIn(t, s).AccessToken, "", listed{}
	for range 1000 {
		page := fetchPage(t, s, token, fmt.Sprintf("type=artist&limit=%d&after=%s", limit, after)).Artists
		all.pages++
		all.total = page.Total
		if len(page.Items) > limit {
			t.Errorf("%d items for limit %d", len(page.Items), limit)
		}
		for _, a := range page.Items {
			switch {
			case a == nil:
				all.nulls++
			case slices.Contains(all.ids, a.ID):
				all.repeated++
			default:
				all.ids, all.names = append(all.ids, a.ID), append(all.names, a.Name)
			}
		}
		if (page.Next == nil) != (page.Cursors.After == nil) {
			t.Errorf("next %v, after %v", page.Next, page.Cursors.After)
		}
		if page.Cursors.After == nil {
			return all
		}
		after = *page.Cursors.After
		all.next = append(all.next, *page.Next)
	}
	t.Fatal("the list does not end")
	return all
}

func TestFollowingListsEveryArtistOnce(t *testing.T) {
	for name, row := range map[string]struct {
		artists, limit int
		oddities       []string
		pages          int
		nulls          int
		repeated       int
		total          int
	}{
		"nobody":           {0, 50, nil, 1, 0, 0, 0},
		"one":              {1, 50, nil, 1, 0, 0, 1},
		"a full page":      {50, 50, nil, 1, 0, 0, 50},
		"a page and one":   {51, 50, nil, 2, 0, 0, 51},
		"one by one":       {5, 1, nil, 5, 0, 0, 5},
		"demo":             {120, 50, nil, 3, 0, 0, 120},
		"odd":              {120, 50, []string{"null", "duplicate", "total+3"}, 3, 1, 1, 123},
		"odd, a full page": {50, 50, []string{"null", "duplicate"}, 2, 1, 1, 50},
		"odd, limit 2":     {7, 2, []string{"null", "duplicate"}, 5, 1, 1, 7},
		"odd, one by one":  {3, 1, []string{"null", "duplicate"}, 3, 0, 0, 3},
		"odd, nobody":      {0, 50, []string{"null", "total-9"}, 1, 0, 0, 0},
		"escapes":          {40, 50, []string{"escapes"}, 1, 0, 0, 40},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, Options{Artists: row.artists, Consent: ConsentAgree, Faults: row.oddities})
			got := list(t, s, row.limit)
			var want []string
			for _, a := range s.Artists() {
				want = append(want, a.ID)
			}
			if !slices.Equal(got.ids, want) || len(want) != row.artists {
				t.Errorf("listed %d, the stand-in has %d", len(got.ids), len(want))
			}
			if got.pages != row.pages || got.nulls != row.nulls || got.repeated != row.repeated || got.total != row.total {
				t.Errorf("pages %d, nulls %d, repeated %d, total %d; want %+v", got.pages, got.nulls, got.repeated, got.total, row)
			}
		})
	}
}

// The order is that of following, not of IDs, since 2025.
func TestFollowingIsNotSortedById(t *testing.T) {
	s := start(t, Options{Artists: 50, Consent: ConsentAgree})
	if slices.IsSorted(list(t, s, 50).ids) {
		t.Error("sorted by id")
	}
}

// B-49: next and href lead to the host that the client used. That is Spotify's own host
// only if the client came by that name.
func TestFollowingLinksLeadBackToTheStandIn(t *testing.T) {
	s := start(t, Options{Artists: 30, Consent: ConsentAgree})
	token := signIn(t, s).AccessToken
	last := s.Artists()[19].ID
	for name, row := range map[string]struct {
		host, language string
		href, next     string
	}{
		"no language":    {"", "", "?type=artist&limit=20", "?type=artist&limit=20&after=" + last},
		"languages":      {"", "en-US,en;q=0.5", "?type=artist&limit=20&locale=en-US,en;q%3D0.5", "?type=artist&limit=20&locale=en-US,en;q%3D0.5&after=" + last},
		"an odd value":   {"", "x&y=z", "?type=artist&limit=20&locale=x%26y%3Dz", "?type=artist&limit=20&locale=x%26y%3Dz&after=" + last},
		"Spotify's host": {"api.spotify.com", "", "?type=artist&limit=20", "?type=artist&limit=20&after=" + last},
	} {
		t.Run(name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL()+"/v1/me/following?type=artist", nil)
			if err != nil {
				t.Fatal(err)
			}
			base := s.URL()
			if req.Host = row.host; row.host != "" {
				base = "https://" + row.host
			}
			req.Header = http.Header{"Authorization": {"Bearer " + token}}
			if row.language != "" {
				req.Header.Set("Accept-Language", row.language)
			}
			var page followingPage
			if err := json.Unmarshal([]byte(do(t, req).body), &page); err != nil {
				t.Fatal(err)
			}
			got := page.Artists
			const path = "/v1/me/following"
			if got.Href != base+path+row.href || *got.Next != base+path+row.next || *got.Cursors.After != last || got.Limit != 20 {
				t.Errorf("got href %s\nnext %s\nafter %s, limit %d", got.Href, *got.Next, *got.Cursors.After, got.Limit)
			}
			if a := got.Items[0]; a.Href != base+"/v1/artists/"+a.ID {
				t.Errorf("the artist's href is %s", a.Href)
			}
		})
	}
}

// H-04: what an unfollowed artist's cursor leads to is not known; here it is
// the end, so that a client that trusts it comes out short of total.
func TestFollowingWithAnUnknownCursorIsEmpty(t *testing.T) {
	s := start(t, Options{Artists: 30, Consent: ConsentAgree})
	token := signIn(t, s).AccessToken
	for _, after := range []string{strings.Repeat("z", 22), detour(31, 1), "../x", "%FF"} {
		got := fetchPage(t, s, token, "type=artist&after="+after).Artists
		if len(got.Items) != 0 || got.Cursors.After != nil || got.Total != 30 {
			t.Errorf("%s: got %+v", after, got)
		}
	}
}

func TestFollowingChecksItsParameters(t *testing.T) {
	s := start(t, Options{Artists: 3, Consent: ConsentAgree})
	token := signIn(t, s).AccessToken
	for query, want := range map[string]string{
		"":                        "No type given",
		"type=user":               "Invalid type: user",
		"type=artist&limit=0":     "Invalid limit",
		"type=artist&limit=51":    "Invalid limit",
		"type=artist&limit=-1":    "Invalid limit",
		"type=artist&limit=fifty": "Invalid limit",
	} {
		t.Run(query, func(t *testing.T) {
			got := get(t, s.URL()+"/v1/me/following?"+query, "Authorization", "Bearer "+token)
			if got.status != 400 || got.body != fmt.Sprintf(`{"error":{"status":400,"message":%q}}`, want) {
				t.Errorf("%d %s", got.status, got.body)
			}
		})
	}
}

func TestDataComesFromTheSeed(t *testing.T) {
	artists := func(o Options) []Artist { o.Artists = 120; return start(t, o).Artists() }
	first := artists(Options{Seed: 7})
	if !slices.Equal(first, artists(Options{Seed: 7})) || !slices.Equal(first, artists(Options{Seed: 7, Mode: ModeExtended})) {
		t.Error("the same seed gave other artists")
	}
	if slices.Equal(first, artists(Options{Seed: 8})) {
		t.Error("another seed gave the same artists")
	}
	id := func(seed uint64) string { return start(t, Options{Seed: seed}).account.id }
	if one, again := id(7), id(7); one != again || one == id(8) {
		t.Error("another seed gave the same account")
	}
	form := regexp.MustCompile(`^[0-9A-Za-z]{22}$`)
	var names []string
	for _, a := range first {
		names = append(names, a.Name)
		if !form.MatchString(a.ID) {
			t.Errorf("id %q", a.ID)
		}
	}
	for _, name := range names {
		if strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !strings.ContainsRune(" -&", r) }) {
			t.Errorf("%q is no friendly name", name)
		}
	}
	if slices.Sort(names); len(slices.Compact(names)) != len(first) {
		t.Error("two artists have the same name")
	}
	names = nil
	for i, a := range artists(Options{Seed: 7, Names: NamesNasty}) {
		if names = append(names, a.Name); a.ID != first[i].ID {
			t.Fatalf("artist %d has another ID", i)
		}
	}
	for _, want := range []string{"+44", "=LOVE", "-M-", "@onefive", "Two\nLines", `The "Quoted" Few`, "Salt, Pepper & Sons", "فرقة الليل", "東京ナイトクラブ", "🦊 Fox Parade 🎷"} {
		if !slices.Contains(names, want) {
			t.Errorf("nobody is called %q", want)
		}
	}
	if strings.ContainsRune(strings.Join(names, ""), '\x1b') {
		t.Error("an escape sequence without being asked for")
	}
	// O-04: escape sequences on demand, and nothing else changes
	escaped := artists(Options{Seed: 7, Faults: []string{"escapes"}})
	if escaped[1].Name != escapingNames()[0] || escaped[1].ID != first[1].ID {
		t.Errorf("got %+v", escaped[1])
	}
}

func TestImagesComeInAnyOrderOrNotAtAll(t *testing.T) {
	s := start(t, Options{Artists: 50, Consent: ConsentAgree})
	none, widestLater := 0, 0
	for _, a := range fetchPage(t, s, signIn(t, s).AccessToken, "type=artist&limit=50").Artists.Items {
		switch {
		case len(a.Images) == 0:
			none++
		case len(a.Images) != 3:
			t.Errorf("%d images", len(a.Images))
		case a.Images[0].Width != 640:
			widestLater++
		}
	}
	if none == 0 || widestLater == 0 {
		t.Errorf("%d without images, %d not widest first", none, widestLater)
	}
}

func TestGzipWhenAskedFor(t *testing.T) {
	s := start(t, Options{Artists: 50, Consent: ConsentAgree})
	token := signIn(t, s).AccessToken
	plain := get(t, s.URL()+"/v1/me/following?type=artist", "Authorization", "Bearer "+token, "Accept-Encoding", "identity")
	packed := get(t, s.URL()+"/v1/me/following?type=artist", "Authorization", "Bearer "+token, "Accept-Encoding", "gzip")
	if plain.header.Get("Content-Encoding") != "" || packed.header.Get("Content-Encoding") != "gzip" || len(packed.body) >= len(plain.body) {
		t.Errorf("%d bytes plain, %d bytes as %q", len(plain.body), len(packed.body), packed.header.Get("Content-Encoding"))
	}
	if unpacked := get(t, s.URL()+"/v1/me/following?type=artist", "Authorization", "Bearer "+token); unpacked.body != plain.body {
		t.Error("the unpacked page differs")
	}
}

func TestLatencyIsTheWholeTimeToAnAnswer(t *testing.T) {
	s := start(t, Options{Artists: 50, Consent: ConsentAgree, Latency: 60 * time.Millisecond})
	token := signIn(t, s).AccessToken
	began := time.Now()
	fetchPage(t, s, token, "type=artist")
	if took := time.Since(began); took < 60*time.Millisecond {
		t.Errorf("answered after %s", took)
	}
}

// BenchmarkPage shows that the stand-in does not dominate what is measured
// against it.
func BenchmarkPage(b *testing.B) {
	s, err := New(Options{Artists: 20000, Consent: ConsentAgree})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	s.mu.Lock()
	token := s.issueAccess(&grant{account: s.account, scope: "user-follow-read"})
	s.mu.Unlock()
	all := s.Artists()
	for i := 0; b.Loop(); i++ {
		q := url.Values{"type": {"artist"}, "limit": {"50"}, "after": {all[i*50%19000].ID}}
		req, _ := http.NewRequestWithContext(b.Context(), http.MethodGet, s.URL()+"/v1/me/following?"+q.Encode(), nil)
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			b.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
	}
}
