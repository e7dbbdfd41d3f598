package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// every scope that a path of the Web API needs.
const everyScope = "user-follow-read user-follow-modify user-read-private user-library-read user-library-modify user-top-read " +
	"playlist-read-private playlist-modify-public playlist-modify-private user-read-recently-played user-read-playback-state " +
	"user-read-currently-playing user-modify-playback-state"

// listing is a page of any shape, without the member that it may be in.
type listing struct {
	Href, Next, Previous *string
	Limit, Offset, Total int
	Cursors              *struct{ After, Before *string }
	Items                []json.RawMessage
}

// fetchList asks for a page. member is the member that holds it, "" for the top.
func fetchList(t *testing.T, s *Server, token, address, member string) listing {
	t.Helper()
	got := get(t, address, "Authorization", "Bearer "+token)
	text := []byte(got.body)
	if member != "" {
		var outer map[string]json.RawMessage
		if err := json.Unmarshal(text, &outer); err != nil {
			t.Fatalf("%v: %d %.200s", err, got.status, got.body)
		}
		text = outer[member]
	}
	var p listing
	if err := json.Unmarshal(text, &p); err != nil || got.status != 200 {
		t.Fatalf("%v: %d %.200s", err, got.status, got.body)
	}
	return p
}

// fetchAll follows next to the end.
func fetchAll(t *testing.T, s *Server, token, path, member string) (items []json.RawMessage, pages int) {
	t.Helper()
	for address := s.URL() + path; address != ""; pages++ {
		p := fetchList(t, s, token, address, member)
		items = append(items, p.Items...)
		if address = ""; p.Next != nil {
			address = *p.Next
		}
		if pages > 100 {
			t.Fatal("the list does not end")
		}
		if p.Cursors == nil && p.Next == nil && p.Total != len(items) {
			t.Errorf("%d items, total is %d", len(items), p.Total)
		}
	}
	return items, pages
}

// object asks for one object.
func object(t *testing.T, s *Server, token, path string) map[string]any {
	t.Helper()
	got := call(t, s, token, "GET", path)
	var v map[string]any
	if err := json.Unmarshal([]byte(got.body), &v); err != nil || got.status != 200 {
		t.Fatalf("%s: %d %.200s", path, got.status, got.body)
	}
	return v
}

func idOf(t *testing.T, item json.RawMessage, path ...string) string {
	t.Helper()
	for _, name := range path {
		var outer map[string]json.RawMessage
		if err := json.Unmarshal(item, &outer); err != nil {
			t.Fatal(err)
		}
		item = outer[name]
	}
	var v struct{ ID string }
	if err := json.Unmarshal(item, &v); err != nil {
		t.Fatal(err)
	}
	return v.ID
}

func TestListsOfEveryShape(t *testing.T) {
	s := start(t, Options{Artists: 120, Consent: ConsentAgree})
	token := signIn(t, s, "scope", everyScope).AccessToken
	own, _ := fetchAll(t, s, token, "/v1/me/playlists?limit=50", "")
	track, _ := fetchAll(t, s, token, "/v1/me/tracks?limit=50", "")
	show, _ := fetchAll(t, s, token, "/v1/me/shows", "")
	for path, row := range map[string]struct {
		member      string
		first       string // keys of the first item
		rows, pages int
		nulls       bool
	}{
		"/v1/me/tracks?limit=50":     {"", "added_at track", 345, 7, false},
		"/v1/me/albums?limit=50":     {"", "added_at album", 60, 2, false},
		"/v1/me/shows":               {"", "added_at show", 24, 2, false},
		"/v1/me/episodes":            {"", "added_at episode", 55, 3, false},
		"/v1/me/audiobooks":          {"", "", 12, 1, true},
		"/v1/me/top/artists":         {"", "external_urls href id images name type uri", 60, 3, false},
		"/v1/me/top/tracks?limit=50": {"", "", 60, 2, false},
		"/v1/me/playlists?limit=50":  {"", "", 55, 2, false},
		"/v1/playlists/" + idOf(t, own[0]) + "/items?limit=100":               {"", "added_at added_by is_local item", 130, 2, false},
		"/v1/me/player/recently-played?limit=20":                              {"", "context played_at track", 50, 3, false},
		"/v1/artists/" + s.Artists()[0].ID + "/albums?limit=10":               {"", "", 13, 2, false},
		"/v1/albums/" + idOf(t, track[0], "track", "album") + "/tracks":       {"", "", 10, 1, false},
		"/v1/shows/" + idOf(t, show[0], "show") + "/episodes?limit=50":        {"", "", 20, 1, false},
		"/v1/search?type=artist&limit=10&q=" + url.QueryEscape(searchable(s)): {"artists", "external_urls href id images name type uri", 1, 1, false},
		"/v1/search?type=playlist&limit=10&q=a":                               {"playlists", "", -1, -1, true},
		"/v1/me/following?type=artist&limit=50":                               {"artists", "external_urls href id images name type uri", 120, 3, false},
	} {
		t.Run(path, func(t *testing.T) {
			items, pages := fetchAll(t, s, token, path, row.member)
			if row.rows >= 0 && (len(items) != row.rows || pages != row.pages) {
				t.Errorf("%d rows on %d pages, want %d on %d", len(items), pages, row.rows, row.pages)
			}
			if nulls := slices.ContainsFunc(items, func(i json.RawMessage) bool { return string(i) == "null" }); nulls != row.nulls {
				t.Errorf("null items: %v", nulls)
			}
			var first map[string]any
			if err := json.Unmarshal(items[0], &first); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(sortedKeys(first), " "); row.first != "" && got != row.first {
				t.Errorf("the first item has %s", got)
			}
		})
	}
}

func sortedKeys(m map[string]any) []string {
	var all []string
	for name := range m {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// searchable is the name of one artist alone.
func searchable(s *Server) string {
	for _, a := range s.Artists() {
		n := 0
		for _, b := range s.Artists() {
			if strings.Contains(strings.ToLower(b.Name), strings.ToLower(a.Name)) {
				n++
			}
		}
		if n == 1 && len(a.Name) > 8 {
			return a.Name
		}
	}
	return ""
}

// The limits of October 2026. Above the most, it is 400 Invalid limit.
func TestMostRowsOfAPage(t *testing.T) {
	s := start(t, Options{Artists: 30, Consent: ConsentAgree})
	token := signIn(t, s, "scope", everyScope).AccessToken
	own, _ := fetchAll(t, s, token, "/v1/me/playlists", "")
	artist := s.Artists()[0].ID
	for path, most := range map[string]int{
		"/v1/me/tracks?": 50, "/v1/me/top/artists?": 50, "/v1/me/playlists?": 50, "/v1/me/player/recently-played?": 50,
		"/v1/playlists/" + idOf(t, own[0]) + "/items?": 100, "/v1/artists/" + artist + "/albums?": 10, "/v1/search?q=a&type=artist&": 10,
	} {
		t.Run(path, func(t *testing.T) {
			if got := call(t, s, token, "GET", fmt.Sprintf("%slimit=%d", path, most)); got.status != 200 {
				t.Errorf("%d: %d %s", most, got.status, got.body)
			}
			for _, limit := range []string{fmt.Sprint(most + 1), "0", "-1", "x"} {
				got := call(t, s, token, "GET", path+"limit="+limit)
				if got.status != 400 || got.body != `{"error":{"status":400,"message":"Invalid limit"}}` {
					t.Errorf("%s: %d %s", limit, got.status, got.body)
				}
			}
		})
	}
}

func TestEveryPathNeedsItsScope(t *testing.T) {
	s := start(t, Options{Artists: 3, Consent: ConsentAgree})
	token := signIn(t, s, "scope", "user-read-private").AccessToken
	for _, path := range []string{
		"GET /v1/me/tracks", "GET /v1/me/albums", "GET /v1/me/shows", "GET /v1/me/episodes", "GET /v1/me/audiobooks",
		"GET /v1/me/top/artists", "GET /v1/me/top/tracks", "GET /v1/me/playlists", "GET /v1/me/player/recently-played",
		"GET /v1/me/player", "POST /v1/me/playlists", "PUT /v1/me/player/pause", "GET /v1/me/following?type=artist",
	} {
		method, address, _ := strings.Cut(path, " ")
		if got := call(t, s, token, method, address); got.status != 403 || !strings.Contains(got.body, "Insufficient client scope") {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
}

func TestClosedAndUnknownPaths(t *testing.T) {
	s := start(t, Options{Artists: 3, Consent: ConsentAgree})
	token := signIn(t, s, "scope", everyScope).AccessToken
	for path, want := range map[string]int{
		"GET /v1/artists?ids=x": 403, "GET /v1/tracks?ids=x": 403, "GET /v1/albums?ids=x": 403, "GET /v1/users/x": 403,
		"GET /v1/users/x/playlists": 403, "POST /v1/users/x/playlists": 403, "GET /v1/markets": 403, "GET /v1/browse/categories": 403,
		"GET /v1/artists/x/top-tracks": 403, "GET /v1/artists/x/related-artists": 403, "GET /v1/audio-features/x": 403,
		"GET /v1/audio-analysis/x": 403, "PUT /v1/me/tracks?ids=x": 403, "DELETE /v1/me/albums?ids=x": 403,
		"GET /v1/me/shows/contains?ids=x": 403, "GET /v1/playlists/x/tracks": 403, "POST /v1/playlists/x/tracks": 403,
		"GET /v1/recommendations": 404, "GET /v1/me/nothing": 404, "GET /v1/artists/" + strings.Repeat("0", 22): 404, "GET /v1/artists/x": 400,
		"POST /v1/me/tracks": 405,
	} {
		method, address, _ := strings.Cut(path, " ")
		message := map[int]string{403: "Forbidden", 404: "Resource not found", 400: "Invalid base62 id", 405: "Method not allowed"}[want]
		got := call(t, s, token, method, address)
		if got.status != want || got.body != fmt.Sprintf(`{"error":{"status":%d,"message":%q}}`, want, message) {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
}

func TestSingleObjects(t *testing.T) {
	s := start(t, Options{Artists: 30, Consent: ConsentAgree})
	token := signIn(t, s, "scope", everyScope).AccessToken
	first := func(path string, member ...string) string {
		return idOf(t, fetchList(t, s, token, s.URL()+path, "").Items[0], member...)
	}
	for path, want := range map[string]string{
		"/v1/artists/" + s.Artists()[0].ID:                    "external_urls href id images name type uri",
		"/v1/tracks/" + first("/v1/me/tracks", "track"):       "album artists disc_number duration_ms explicit external_ids external_urls href id is_local name track_number type uri",
		"/v1/albums/" + first("/v1/me/albums", "album"):       "album_type artists external_urls href id images name release_date release_date_precision total_tracks tracks type uri",
		"/v1/shows/" + first("/v1/me/shows", "show"):          "description episodes explicit external_urls href id images languages media_type name total_episodes type uri",
		"/v1/episodes/" + first("/v1/me/episodes", "episode"): "description duration_ms explicit external_urls href id images language name release_date release_date_precision show type uri",
		"/v1/playlists/" + first("/v1/me/playlists"):          "collaborative description external_urls href id images items name owner public snapshot_id type uri",
	} {
		t.Run(path, func(t *testing.T) {
			v := object(t, s, token, path)
			if got := strings.Join(sortedKeys(v), " "); got != want {
				t.Errorf("it has %s", got)
			}
			if v["href"] != s.URL()+path {
				t.Errorf("href is %v", v["href"])
			}
		})
	}
}

// A search for two types has two page objects.
func TestSearchHasOnePageForEachType(t *testing.T) {
	s := start(t, Options{Artists: 30, Consent: ConsentAgree})
	token := signIn(t, s).AccessToken
	v := object(t, s, token, "/v1/search?q=a&type=album,track")
	if got := strings.Join(sortedKeys(v), " "); got != "albums tracks" {
		t.Errorf("it has %s", got)
	}
	if p := fetchList(t, s, token, s.URL()+"/v1/search?q=a&type=album", "albums"); p.Limit != 5 || len(p.Items) != 5 || p.Total <= 5 {
		t.Errorf("limit %d, %d items of %d", p.Limit, len(p.Items), p.Total)
	}
	for _, query := range []string{"", "q=a", "type=album", "q=a&type=song", "q=a&type=album&limit=10&offset=991"} {
		if got := call(t, s, token, "GET", "/v1/search?"+query); got.status != 400 {
			t.Errorf("%s: %d %s", query, got.status, got.body)
		}
	}
}

func TestOthersPlaylistsShowNoItems(t *testing.T) {
	s := start(t, Options{Artists: 30, Consent: ConsentAgree})
	token := signIn(t, s, "scope", everyScope).AccessToken
	all, _ := fetchAll(t, s, token, "/v1/me/playlists?limit=50", "")
	theirs := idOf(t, all[len(all)-1])
	if got := call(t, s, token, "GET", "/v1/playlists/"+theirs+"/items"); got.status != 403 || !strings.Contains(got.body, "Forbidden") {
		t.Errorf("%d %s", got.status, got.body)
	}
	if v := object(t, s, token, "/v1/playlists/"+theirs); v["items"] != nil || v["name"] == "" {
		t.Errorf("got %v", v)
	}
	if got := send(t, s, token, "POST", "/v1/playlists/"+theirs+"/items", `{"uris":[]}`); got.status != 403 {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// send makes a request with a JSON body.
func send(t *testing.T, s *Server, token, method, path, body string) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = http.Header{"Authorization": {"Bearer " + token}, "Content-Type": {"application/json"}}
	return do(t, req)
}

func TestPlaylistsCanBeMadeAndChanged(t *testing.T) {
	s := start(t, Options{Artists: 30, Consent: ConsentAgree})
	token := signIn(t, s, "scope", everyScope).AccessToken
	saved, _ := fetchAll(t, s, token, "/v1/me/tracks?limit=50", "")
	uri := func(i int) string { return "spotify:track:" + idOf(t, saved[i], "track") }

	made := send(t, s, token, "POST", "/v1/me/playlists", `{"name":"Rainy <days>","public":false}`)
	var playlist struct{ ID, Name string }
	if err := json.Unmarshal([]byte(made.body), &playlist); err != nil || made.status != 201 || playlist.Name != "Rainy <days>" {
		t.Fatalf("%d %s", made.status, made.body)
	}
	path := "/v1/playlists/" + playlist.ID
	tracks := func() (got []string) {
		items, _ := fetchAll(t, s, token, path+"/items", "")
		for _, i := range items {
			got = append(got, "spotify:track:"+idOf(t, i, "item"))
		}
		return got
	}
	for _, step := range []struct {
		method, path, body string
		status             int
		want               []string
	}{
		{"POST", "/items", fmt.Sprintf(`{"uris":[%q,%q]}`, uri(0), uri(1)), 201, []string{uri(0), uri(1)}},
		{"POST", "/items", fmt.Sprintf(`{"uris":[%q],"position":0}`, uri(2)), 201, []string{uri(2), uri(0), uri(1)}},
		{"PUT", "/items", `{"range_start":0,"insert_before":3}`, 200, []string{uri(0), uri(1), uri(2)}},
		{"DELETE", "/items", fmt.Sprintf(`{"items":[{"uri":%q}]}`, uri(1)), 200, []string{uri(0), uri(2)}},
		{"PUT", "/items", fmt.Sprintf(`{"uris":[%q]}`, uri(3)), 200, []string{uri(3)}},
		{"PUT", "", `{"name":"Dry days"}`, 200, []string{uri(3)}},
		{"POST", "/items", `{"uris":["nonsense"]}`, 400, []string{uri(3)}},
		{"POST", "/items", `nonsense`, 400, []string{uri(3)}},
		{"POST", "/items?uris=" + uri(0) + "," + uri(1), "", 201, []string{uri(3), uri(0), uri(1)}},
		{"POST", "/items?position=0&uris=" + uri(2), "", 201, []string{uri(2), uri(3), uri(0), uri(1)}},
		{"PUT", "/items?uris=" + uri(3), "", 200, []string{uri(3)}},
	} {
		got := send(t, s, token, step.method, path+step.path, step.body)
		if got.status != step.status || step.status < 300 && step.path != "" && !strings.Contains(got.body, "snapshot_id") {
			t.Errorf("%s %s: %d %s", step.method, step.body, got.status, got.body)
		}
		if have := tracks(); !slices.Equal(have, step.want) {
			t.Errorf("after %s %s: %v", step.method, step.body, have)
		}
	}
	if v := object(t, s, token, path); v["name"] != "Dry days" {
		t.Errorf("it is called %v", v["name"])
	}
	if got := fetchList(t, s, token, s.URL()+"/v1/me/playlists", ""); idOf(t, got.Items[0]) != playlist.ID || got.Total != 56 {
		t.Errorf("it is not the first of %d", got.Total)
	}
	if all := s.Requests(); string(all[len(all)-1].Body) != "" || !slices.ContainsFunc(all, func(r Request) bool { return string(r.Body) == `{"name":"Dry days"}` }) {
		t.Error("the bodies are not recorded")
	}
}

func TestSavedTracksChangeWithTheLibrary(t *testing.T) {
	s := start(t, Options{Artists: 30, Tracks: 7, Consent: ConsentAgree})
	token := signIn(t, s, "scope", everyScope).AccessToken
	saved, _ := fetchAll(t, s, token, "/v1/me/tracks", "")
	if len(saved) != 7 {
		t.Fatalf("%d tracks", len(saved))
	}
	last := "spotify:track:" + idOf(t, saved[6], "track")
	call(t, s, token, "DELETE", "/v1/me/library?uris="+last)
	if got := call(t, s, token, "GET", "/v1/me/library/contains?uris="+last); got.body != "[false]" {
		t.Errorf("contains %s", got.body)
	}
	call(t, s, token, "PUT", "/v1/me/library?uris="+last)
	if got := fetchList(t, s, token, s.URL()+"/v1/me/tracks", ""); got.Total != 7 || "spotify:track:"+idOf(t, got.Items[0], "track") != last {
		t.Errorf("it is not the first of %d", got.Total)
	}
}

// Faults lie on the pages of every list, and on one path alone.
func TestFaultsOnAnyPath(t *testing.T) {
	s := start(t, Options{Artists: 30, Consent: ConsentAgree, Faults: []string{"page=2:503", "/artists/*/albums=2:429-quota*,retry-after=86400", "/me/albums:items=null"}})
	token := signIn(t, s, "scope", everyScope).AccessToken
	var got []string
	for _, path := range []string{"me/tracks", "me/tracks?offset=20", "me/tracks?offset=20", "me/albums", "me/albums"} {
		r := call(t, s, token, "GET", "/v1/"+path)
		got = append(got, fmt.Sprint(r.status, strings.Contains(r.body, `"items":null`)))
	}
	for i := range 3 {
		got = append(got, fmt.Sprint(call(t, s, token, "GET", "/v1/artists/"+s.Artists()[i].ID+"/albums").status))
	}
	if want := "200 false,503 false,200 false,200 true,200 false,200,429,429"; strings.Join(got, ",") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, ","), want)
	}
}
