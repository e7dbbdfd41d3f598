package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spotauth/spotauth/internal/sandbox"
)

// The shapes in which the Web API pages its lists.
var pagedPaths = []struct {
	shape, path string
	member      string // that holds the page; "" if the answer is the page
	size, items int
}{
	{"offset", "me/tracks?limit=50", "", 50, 120},
	{"offset in a member", "search?q=a&type=track&limit=10", "tracks", 10, 0},
	{"cursor in a member", "me/following?type=artist&limit=50", "artists", 50, 120},
	{"cursor backwards", "me/player/recently-played?limit=20", "", 20, 50},
}

func withPagedPaths(t *testing.T, faults ...string) *program {
	t.Helper()
	b := newProgram(t, sandbox.Options{Artists: 120, Tracks: 120, Consent: sandbox.ConsentAgree, Faults: faults})
	b.login("--scope", "user-library-read", "--scope", "user-read-recently-played")
	return b
}

// O-01: whatever fails on any page of any shape: the cause's status, nothing on stdout
// (but of what ndjson had streamed), and the file of yesterday untouched.
func TestFailureOnEveryPageOfEveryShape(t *testing.T) {
	t.Parallel()
	const isJSON = "200*,type=application/json,body="
	causes := []struct {
		fault  string
		status int
	}{
		{"403-scope*", exitLogin}, {"403-premium*", exitOther}, {"403*", exitOther}, {"404*", exitOther}, {"400*", exitOther},
		{"429*,retry-after=86400", exitLimited}, {"429-quota*,retry-after=86400", exitLimited}, {"501*", exitNetwork},
		{"html*", exitOther}, {"redirect=http://127.0.0.1:1/*", exitOther}, {"items=null*", exitOther}, {"no-items*", exitOther},
		{isJSON + "{}", exitOther}, {isJSON + "[]", exitOther}, {isJSON + `{"items":[]} x`, exitOther},
		{isJSON + `{"a":{"items":[]},"b":{"items":[]}}`, exitOther},
	}
	for _, list := range pagedPaths {
		for page := 1; page <= 3; page++ {
			for i, cause := range causes {
				if testing.Short() && page != 1+i%3 {
					continue // the complete run has each cause on each page
				}
				t.Run(fmt.Sprintf("%s page %d %s", list.shape, page, cause.fault), func(t *testing.T) {
					t.Parallel()
					b := withPagedPaths(t, fmt.Sprintf("page=%d:%s", page, cause.fault))
					lines := (page - 1) * list.size
					if cause.status == exitLimited { // the next command asks nothing
						lines = 0
					}
					checkFailure(t, b, list.path, cause.status, lines)
				})
			}
		}
	}
}

func checkFailure(t *testing.T, b *program, path string, want, lines int) {
	t.Helper()
	for _, flags := range [][]string{{}, {"--jq", "."}, {"--format", "ndjson", "--strict"}} {
		status, stdout, stderr := b.run(append([]string{"api", path, "--paginate"}, flags...)...)
		if status != want || stdout != "" || !strings.HasPrefix(stderr, "spotauth: error: ") {
			t.Errorf("%q: status %d, want %d; %d bytes on stdout: %s", flags, status, want, len(stdout), stderr)
		}
	}
	status, stdout, stderr := b.run("api", path, "--paginate", "--format", "ndjson")
	if n := strings.Count(stdout, "\n"); status != want || n != lines {
		t.Errorf("ndjson: status %d after %d lines, want %d after %d: %s", status, n, want, lines, stderr)
	}
	name := filepath.Join(t.TempDir(), "list.json")
	if err := os.WriteFile(name, []byte("the list of yesterday\n"), 0o640); err != nil {
		t.Fatal(err)
	}
	if status, _, stderr := b.run("api", path, "--paginate", "--output", name); status != want {
		t.Errorf("to a file: status %d, want %d: %s", status, want, stderr)
	}
	if text, err := os.ReadFile(name); err != nil || string(text) != "the list of yesterday\n" {
		t.Errorf("the file now holds %q (%v)", text, err)
	}
	if left, err := os.ReadDir(filepath.Dir(name)); err != nil || len(left) != 1 {
		t.Errorf("beside the file: %v (%v)", left, err)
	}
}

// The document of all pages has the shape of the first page, and the items that ndjson has.
func TestDocumentOfEveryShape(t *testing.T) {
	t.Parallel()
	b := withPagedPaths(t)
	for _, list := range pagedPaths {
		t.Run(list.shape, func(t *testing.T) {
			_, first, _ := b.run("api", list.path)
			_, lines, _ := b.run("api", list.path, "--paginate", "--format", "ndjson")
			status, stdout, stderr := b.run("api", list.path, "--paginate")
			if status != 0 {
				t.Fatalf("status %d: %s", status, stderr)
			}
			page, whole := pageIn(t, first, list.member), pageIn(t, stdout, list.member)
			var items []json.RawMessage
			if err := json.Unmarshal(whole["items"], &items); err != nil {
				t.Fatal(err)
			}
			if list.items > 0 && len(items) != list.items || len(items) <= 2*list.size || strings.Count(lines, "\n") != len(items) {
				t.Errorf("%d items, %d lines", len(items), strings.Count(lines, "\n"))
			}
			for i, line := range strings.Split(strings.TrimSuffix(lines, "\n"), "\n") {
				var compact bytes.Buffer
				if err := json.Compact(&compact, items[i]); err != nil || line != compact.String() {
					t.Fatalf("item %d is another in ndjson (%v)", i+1, err)
				}
			}
			for name, value := range page {
				switch {
				case name == "items", string(whole[name]) == string(value):
				case name != "next" && name != "previous" || string(whole[name]) != "null":
					t.Errorf("%s is %s, in the first answer %s", name, whole[name], value)
				}
			}
			if len(whole) != len(page) {
				t.Errorf("%d members, in the first answer %d", len(whole), len(page))
			}
		})
	}
}

// pageIn reads the object with the items.
func pageIn(t *testing.T, text, member string) (page map[string]json.RawMessage) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &page); err != nil {
		t.Fatalf("%v in %.200s", err, text)
	}
	if member != "" {
		return pageIn(t, string(page[member]), "")
	}
	return page
}

// H-01: every known path has the quota of its group, whatever ID is in it.
func TestGroupsOfKnownPaths(t *testing.T) {
	groups := apiGroups()
	for _, want := range []string{"GET /v1/me/tracks", "GET /v1/artists/{id}/albums", "POST /v1/me/playlists", "DELETE /v1/playlists/{id}/items"} {
		if !slices.Contains(groups, want) {
			t.Errorf("%s is not among %q", want, groups)
		}
	}
}

// A scope is known for every path that the stand-in refuses without one, and it is enough.
func TestScopesOfKnownPaths(t *testing.T) {
	t.Parallel()
	const id = "0OdUWJ0sBjDrqHygGUXeCF"
	for _, p := range apiPaths {
		path := strings.ReplaceAll(p.path, "{id}", id)
		if strings.HasPrefix(path, "me/library") {
			path += "?uris=spotify:album:" + id
		}
		t.Run(p.method+" "+p.path, func(t *testing.T) {
			t.Parallel()
			b := newProgram(t, sandbox.Options{Artists: 3, Tracks: 1, Consent: sandbox.ConsentAgree})
			b.login()
			status, _, stderr := b.run("api", "-X", p.method, path, "--error-format", "json")
			if status != exitLogin {
				return
			}
			var refused struct{ Error failure }
			if err := json.Unmarshal([]byte(stderr), &refused); err != nil || !strings.HasPrefix(refused.Error.Command, "spotauth login --scope ") {
				t.Fatalf("%s (%v)", stderr, err)
			}
			b.login(strings.Fields(strings.TrimPrefix(refused.Error.Command, "spotauth login "))...)
			if status, _, stderr := b.run("api", "-X", p.method, path); status == exitLogin {
				t.Errorf("%s is not enough: %s", refused.Error.Command, stderr)
			}
		})
	}
}

// JSON comes as it was sent, to the byte. --query adds to the query and replaces nothing.
func TestAnswerAsItWasSent(t *testing.T) {
	const body = "{ \"n\" : 1.00, \"a\":\"\\u00e9\" ,\r\n\t\"n\": [ ] }\n\n"
	b := newProgram(t, sandbox.Options{Consent: sandbox.ConsentAgree, Faults: []string{"/me/tracks:200*,type=application/json,body=" + body}})
	b.login()
	name := filepath.Join(t.TempDir(), "tracks.json")
	status, stdout, stderr := b.run("api", "me/tracks?market=SE", "--query", "market=NO", "--query", "a=x&y= é")
	if status != 0 || stdout != body || stderr != "" {
		t.Errorf("status %d: %q %s", status, stdout, stderr)
	}
	asked := b.server.Requests()
	if q := asked[len(asked)-1].Query; !slices.Equal(q["market"], []string{"SE", "NO"}) || !slices.Equal(q["a"], []string{"x&y= é"}) {
		t.Errorf("asked for %v", q)
	}
	if status, _, stderr := b.run("api", "me/tracks", "--output", name); status != 0 {
		t.Errorf("to a file: status %d: %s", status, stderr)
	}
	if text, err := os.ReadFile(name); err != nil || string(text) != body {
		t.Errorf("the file holds %q (%v)", text, err)
	}
}

// A body of more than 1 MiB is refused before anything is sent.
func TestLongestBody(t *testing.T) {
	b := newProgram(t, sandbox.Options{Consent: sandbox.ConsentAgree})
	b.login("--scope", "playlist-modify-private")
	name := filepath.Join(t.TempDir(), "playlist.json")
	for length, want := range map[int]int{1 << 20: 0, 1<<20 + 1: exitOther} {
		body := `{"public":false,"name":"` + strings.Repeat("a", length-len(`{"public":false,"name":""}`)) + `"}`
		if err := os.WriteFile(name, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
		asked := len(b.server.Requests())
		status, _, stderr := b.run("api", "-X", "POST", "me/playlists", "--input", name, "--jq", ".id")
		if sent := len(b.server.Requests()) > asked; status != want || sent != (want == 0) || !sent && !strings.Contains(stderr, ": longer than 1 MiB\n") {
			t.Errorf("%d bytes: status %d, sent: %v: %s", length, status, sent, stderr)
		}
	}
}

// Windows PowerShell begins a file with a byte order mark. JSON that is sent must not have one
// (RFC 8259, section 8.1).
func TestBodyWithAByteOrderMark(t *testing.T) {
	b := newProgram(t, sandbox.Options{Consent: sandbox.ConsentAgree})
	b.login("--scope", "playlist-modify-private")
	name := filepath.Join(t.TempDir(), "playlist.json")
	if err := os.WriteFile(name, []byte("\ufeff{\"name\":\"Wren\",\"public\":false}\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	status, stdout, stderr := b.run("api", "-X", "POST", "me/playlists", "--input", name, "--jq", ".name")
	if status != 0 || stdout != "Wren\n" {
		t.Errorf("status %d: %s%s", status, stdout, stderr)
	}
}

// What "help paths" says of pages is what the stand-in does.
func TestPagesOfKnownPaths(t *testing.T) {
	b := newProgram(t, sandbox.Options{Artists: 30, Tracks: 3, Consent: sandbox.ConsentAgree})
	var scopes []string
	for _, p := range apiPaths {
		for _, scope := range strings.Fields(p.scopes) {
			scopes = append(scopes, "--scope", scope)
		}
	}
	b.login(scopes...)
	ids := map[string]string{}
	for kind, from := range map[string][]string{
		"artists": {"me/following?type=artist", ".artists.items[0].id"}, "albums": {"me/albums", ".items[0].album.id"}, "shows": {"me/shows", ".items[0].show.id"},
		"playlists": {"me/playlists", ".items[0].id"}, "tracks": {"me/tracks", ".items[0].track.id"}, "episodes": {"me/episodes", ".items[0].episode.id"},
	} {
		_, stdout, _ := b.run("api", from[0], "--jq", from[1])
		ids[kind] = strings.TrimSpace(stdout)
	}
	queries := map[string]string{"me/following": "?type=artist", "search": "?q=a&type=track", "me/library/contains": "?uris=spotify:track:" + ids["tracks"]}
	missing := strings.Fields("me/following me/tracks me/albums me/shows me/episodes me/audiobooks me/top/artists me/top/tracks me/playlists " +
		"me/player/recently-played playlists/{id}/items artists/{id}/albums albums/{id}/tracks shows/{id}/episodes search")
	for _, p := range apiPaths {
		if p.method != "GET" {
			continue
		}
		missing = slices.DeleteFunc(missing, func(path string) bool { return path == p.path })
		kind, _, _ := strings.Cut(p.path, "/")
		path := strings.ReplaceAll(p.path, "{id}", ids[kind]) + queries[p.path]
		if p.most == 0 {
			hasFirst := p.path == "albums/{id}" || p.path == "shows/{id}" // the first page of another path
			if status, stdout, stderr := b.run("api", path, "--paginate"); !hasFirst && (status != exitOther || stdout != "") {
				t.Errorf("%s has pages: status %d: %s", path, status, stderr)
			}
			continue
		}
		for limit, want := range map[int]int{p.most: 0, p.most + 1: exitOther} {
			status, _, stderr := b.run("api", path, "--query", fmt.Sprint("limit=", limit))
			if status != want || want != 0 && !strings.Contains(stderr, "Invalid limit") {
				t.Errorf("%s with %d on a page: status %d: %s", path, limit, status, stderr)
			}
		}
	}
	if len(missing) > 0 {
		t.Errorf("%q are not listed", missing)
	}
}

// For a path that Spotify closed, its message is followed by a hint.
func TestClosedPaths(t *testing.T) {
	b := newProgram(t, sandbox.Options{Artists: 1, Consent: sandbox.ConsentAgree})
	b.login()
	for month, calls := range map[string][]string{
		"February 2026": {
			"GET artists", "GET albums", "GET tracks", "GET shows", "GET episodes", "GET audiobooks", "GET chapters", "GET markets",
			"GET browse/new-releases", "GET browse/categories/x/playlists", "GET artists/x/top-tracks", "GET users/x", "GET users/x/playlists", "POST users/x/playlists",
			"GET playlists/x/tracks", "POST playlists/x/tracks", "DELETE playlists/x/tracks", "PUT playlists/x/followers", "GET playlists/x/followers/contains",
			"PUT me/tracks", "DELETE me/albums", "PUT me/shows", "DELETE me/episodes", "PUT me/audiobooks", "PUT me/following", "DELETE me/following",
			"GET me/tracks/contains", "GET me/albums/contains", "GET me/shows/contains", "GET me/episodes/contains", "GET me/audiobooks/contains", "GET me/following/contains",
		},
		"November 2024": {"GET recommendations", "GET audio-features", "GET audio-features/x", "GET audio-analysis/x", "GET artists/x/related-artists"},
	} {
		for _, call := range calls {
			method, path, _ := strings.Cut(call, " ")
			status, stdout, stderr := b.run("api", "-X", method, path)
			if status != exitOther || stdout != "" || !strings.HasPrefix(stderr, "spotauth: error: "+method+" /v1/"+path+": 40") ||
				!strings.Contains(stderr, "\nspotauth: hint: Spotify closed this path to new apps in "+month+"\n") {
				t.Errorf("%s: status %d: %s%s", call, status, stdout, stderr)
			}
		}
	}
	for _, p := range apiPaths {
		if since, _ := closedPath(p.method, "/v1/"+strings.ReplaceAll(p.path, "{id}", "x")); since != "" {
			t.Errorf("%s %s is closed, and listed", p.method, p.path)
		}
	}
}

// H-02: whatever PATH is, the request goes to a path of the Web API.
func FuzzPath(f *testing.F) {
	for _, text := range []string{
		"me/tracks", "/v1/me/tracks?limit=2", "https://api.spotify.com/v1/me", "http://127.0.0.1:9/v1/me", "https://api.spotify.com@example.com/v1/me",
		"//example.com/v1", "me/../x", "me/%2e%2e/x", "%2F%2Fexample.com", "v1/v1/..%2f", "me?a=%zz", "C:/Program Files/Git/v1/me", "\\\\example.com\\v1", "?a", "v1//example.com", "a b", "é",
	} {
		f.Add(text)
	}
	const standIn = "http://127.0.0.1:9"
	f.Fuzz(func(t *testing.T, text string) {
		path, query, err := parsePath(text, standIn)
		if err != nil {
			return
		}
		u, err := url.Parse(standIn + path + "?" + query.Encode())
		if err != nil || u.Scheme+"://"+u.Host != standIn || !strings.HasPrefix(u.Path, "/v1/") || u.Fragment != "" || u.User != nil {
			t.Fatalf("%q leads to %v (%v)", text, u, err)
		}
		if parts := strings.Split(strings.ReplaceAll(u.Path, "\\", "/"), "/"); slices.Contains(parts, "..") || slices.Contains(parts, ".") {
			t.Fatalf("%q leads to %q", text, u.Path)
		}
	})
}
