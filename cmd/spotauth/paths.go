package main

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/spotauth/spotauth/internal/spotify"
)

// What is known about single paths of the Web API helps people. No request depends on it.

// apiPaths are the paths that an app in development mode has. The last words name the page
// below https://developer.spotify.com/documentation/web-api/reference/.
var apiPaths = []struct {
	method, path string // {id} stands for one part
	scopes       string // one of them is needed; "" if none is
	most         int    // items on a page; 0 if there are no pages
}{
	{"GET", "me", "", 0},                                                                              // get-current-users-profile
	{"GET", "me/following", "user-follow-read", 50},                                                   // get-followed
	{"GET", "me/tracks", "user-library-read", 50},                                                     // get-users-saved-tracks
	{"GET", "me/albums", "user-library-read", 50},                                                     // get-users-saved-albums
	{"GET", "me/shows", "user-library-read", 50},                                                      // get-users-saved-shows
	{"GET", "me/episodes", "user-library-read", 50},                                                   // get-users-saved-episodes
	{"GET", "me/audiobooks", "user-library-read", 50},                                                 // get-users-saved-audiobooks
	{"GET", "me/library/contains", "", 0},                                                             // check-library-contains
	{"GET", "me/top/artists", "user-top-read", 50},                                                    // get-users-top-artists-and-tracks
	{"GET", "me/top/tracks", "user-top-read", 50},                                                     // get-users-top-artists-and-tracks
	{"GET", "me/playlists", "playlist-read-private", 50},                                              // get-a-list-of-current-users-playlists
	{"GET", "me/player", "user-read-playback-state", 0},                                               // get-information-about-the-users-current-playback
	{"GET", "me/player/currently-playing", "user-read-currently-playing user-read-playback-state", 0}, // get-the-users-currently-playing-track
	{"GET", "me/player/devices", "user-read-playback-state", 0},                                       // get-a-users-available-devices
	{"GET", "me/player/queue", "user-read-playback-state user-read-currently-playing", 0},             // get-queue
	{"GET", "me/player/recently-played", "user-read-recently-played", 50},                             // get-recently-played
	{"GET", "playlists/{id}", "playlist-read-private", 0},                                             // get-playlist
	{"GET", "playlists/{id}/items", "playlist-read-private", 100},                                     // get-playlists-items
	{"GET", "artists/{id}", "", 0},                                                                    // get-an-artist
	{"GET", "artists/{id}/albums", "", 10},                                                            // get-an-artists-albums
	{"GET", "albums/{id}", "", 0},                                                                     // get-an-album
	{"GET", "albums/{id}/tracks", "", 50},                                                             // get-an-albums-tracks
	{"GET", "tracks/{id}", "", 0},                                                                     // get-track
	{"GET", "shows/{id}", "", 0},                                                                      // get-a-show
	{"GET", "shows/{id}/episodes", "user-read-playback-position", 50},                                 // get-a-shows-episodes
	{"GET", "episodes/{id}", "user-read-playback-position", 0},                                        // get-an-episode
	{"GET", "search", "", 10},                                                                         // search
	{"PUT", "me/library", "", 0},                                                                      // save-library-items
	{"DELETE", "me/library", "", 0},                                                                   // remove-library-items
	{"POST", "me/playlists", "playlist-modify-public playlist-modify-private", 0},                     // create-playlist
	{"PUT", "playlists/{id}", "playlist-modify-public playlist-modify-private", 0},                    // change-playlist-details
	{"POST", "playlists/{id}/items", "playlist-modify-public playlist-modify-private", 0},             // add-items-to-playlist
	{"PUT", "playlists/{id}/items", "playlist-modify-public playlist-modify-private", 0},              // reorder-or-replace-playlists-items
	{"DELETE", "playlists/{id}/items", "playlist-modify-public playlist-modify-private", 0},           // remove-items-playlist
	{"PUT", "me/player", "user-modify-playback-state", 0},                                             // transfer-a-users-playback
	{"PUT", "me/player/{id}", "user-modify-playback-state", 0},                                        // start-a-users-playback and others
	{"POST", "me/player/{id}", "user-modify-playback-state", 0},                                       // add-to-queue and others
}

// scopesFor returns the scopes that a request may lack, or none if they are not known. For the
// library, they depend on the query.
func scopesFor(method, path, query string) []string {
	path = strings.TrimPrefix(path, "/v1/")
	if isLibrary(path) {
		return libraryScopes(method, query)
	}
	for _, p := range apiPaths {
		if p.method == method && matchesPath(p.path, path) {
			return strings.Fields(p.scopes)
		}
	}
	return nil
}

// isLibrary reports whether a path takes URIs in the query, and no body.
func isLibrary(path string) bool {
	path = strings.TrimPrefix(path, "/v1/")
	return path == "me/library" || path == "me/library/contains"
}

func matchesPath(pattern, path string) bool {
	parts, wanted := strings.Split(path, "/"), strings.Split(pattern, "/")
	return slices.EqualFunc(parts, wanted, func(part, want string) bool { return part == want || want == "{id}" })
}

// libraryScopes are those of the kinds of things among the URIs in the query.
// https://developer.spotify.com/documentation/web-api/reference/save-library-items
func libraryScopes(method, query string) (scopes []string) {
	kinds := map[string][2]string{ // to read, and to change
		"artist":   {"user-follow-read", "user-follow-modify"},
		"user":     {"user-follow-read", "user-follow-modify"},
		"playlist": {"playlist-read-private", "playlist-modify-public"},
	}
	values, _ := url.ParseQuery(query) // a malformed one has no URIs
	for uri := range strings.SplitSeq(values.Get("uris"), ",") {
		kind, _, isURI := strings.Cut(strings.TrimPrefix(uri, "spotify:"), ":")
		of, isListed := kinds[kind]
		if !isListed {
			of = [2]string{"user-library-read", "user-library-modify"}
		}
		scope := of[1]
		if method == "GET" {
			scope = of[0]
		}
		if isURI && !slices.Contains(scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	return scopes
}

// closedPaths are those that Spotify closed to new apps, as "METHOD path".
// https://developer.spotify.com/documentation/web-api/tutorials/february-2026-migration-guide
// https://developer.spotify.com/blog/2024-11-27-changes-to-the-web-api
var closedPaths = []struct{ paths, since, instead string }{
	{`GET (recommendations|audio-(features|analysis)(/[^/]+)?|artists/[^/]+/related-artists)`, "November 2024", ""},
	{`GET (artists|albums|tracks|shows|episodes|audiobooks|chapters)`, "February 2026", "use $1/{id}, with one request for each ID"},
	{`GET (markets|browse/.*|artists/[^/]+/top-tracks)`, "February 2026", ""},
	{`[A-Z]+ users/[^/]+/playlists`, "February 2026", "use me/playlists for your own"},
	{`[A-Z]+ playlists/[^/]+/tracks`, "February 2026", "use playlists/{id}/items"},
	{`[A-Z]+ (users/.*|playlists/[^/]+/followers(/contains)?)`, "February 2026", ""},
	{`(PUT|DELETE) me/(following|tracks|albums|shows|episodes|audiobooks)`, "February 2026", "use me/library with --query uris=LIST"},
	{`GET me/(following|tracks|albums|shows|episodes|audiobooks)/contains`, "February 2026", "use me/library/contains with --query uris=LIST"},
}

// closedPath is the month in which Spotify closed a path, "" if it didn't, and what to use
// instead, "" if there is nothing.
func closedPath(method, path string) (since, instead string) {
	call := method + " " + strings.TrimPrefix(path, "/v1/")
	for _, c := range closedPaths {
		pattern := regexp.MustCompile(`^(?:` + c.paths + `)$`)
		if pattern.MatchString(call) {
			return c.since, pattern.ReplaceAllString(call, c.instead)
		}
	}
	return "", ""
}

// hintForUnknown helps with a path that doesn't exist. It is "" if the path is known, because
// then only its ID is wrong.
func hintForUnknown(method, path string) string {
	_, path, _ = strings.Cut(spotify.Group(method, path), " /v1/")
	var known []string
	for _, p := range apiPaths {
		if p.method == method {
			known = append(known, p.path)
		}
	}
	if slices.ContainsFunc(known, func(pattern string) bool { return matchesPath(pattern, path) }) {
		return ""
	}
	if near := nearest(path, known); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return `"spotauth help paths" lists paths`
}

// apiGroups are the groups of the known paths for which a quota can be used up.
func apiGroups() (groups []string) {
	for _, p := range apiPaths {
		groups = append(groups, spotify.Group(p.method, "/v1/"+p.path))
	}
	return groups
}

// pathsHelp is the text of the help topic.
func pathsHelp() string {
	var b strings.Builder
	b.WriteString(`These are paths for "spotauth api". PAGE is the most items on a page, if the
path has pages (--paginate). SCOPE is what the login must cover; "spotauth
login --scope NAME" adds it. If a row names two, your request decides which
one you need.

  METHOD PATH                         PAGE SCOPE
`)
	for _, p := range apiPaths {
		most := ""
		if p.most > 0 {
			most = fmt.Sprint(p.most)
		}
		fmt.Fprintf(&b, "%s\n", strings.TrimRight(fmt.Sprintf("  %-6s %-28s %4s %s", p.method, p.path, most, wrap(p.scopes, 35, strings.Repeat(" ", 43))), " "))
	}
	b.WriteString(`
me/following needs --query type=artist; search needs --query q=TEXT and
--query type=album (or artist, track, and so on). The top lists cover about
six months; --query time_range=short_term makes that four weeks, long_term a
year. Only the owner of a playlist can read its items.

A new playlist is public, unless the body has "public": false. POST
playlists/{id}/items adds up to 100 items, and PUT replaces all of them. Both
take {"uris": [...]} as the body.

me/library and me/library/contains take --query uris=LIST. To save and remove,
me/library needs user-follow-modify for artists, playlist-modify-public for
playlists and user-library-modify for anything else. me/library/contains needs
user-follow-read for artists, playlist-read-private for playlists and
user-library-read for anything else.

me/playlists leaves out collaborative playlists unless the login also has
playlist-read-collaborative.

Spotify's reference: https://developer.spotify.com/documentation/web-api`)
	return b.String()
}

// completePath offers the paths without an ID, for the method that was given.
func completePath(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	method, _ := cmd.Flags().GetString("method")
	var offers []string
	for _, p := range apiPaths {
		if len(args) == 0 && p.method == strings.ToUpper(method) && !strings.Contains(p.path, "{id}") {
			offers = append(offers, strings.TrimRight(p.path+"\t"+p.scopes, "\t"))
		}
	}
	return offers, cobra.ShellCompDirectiveNoFileComp
}
