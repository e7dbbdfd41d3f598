package sandbox

import (
	"net/http"
	"strings"
)

// endpoint is a method and path of the Web API.
type endpoint struct {
	method, pattern string // {id} stands for one part
	scope           string // that it needs; "": none, or it depends on the request
	paging          paging
	answer          func(s *Server, r *http.Request, g *grant, id string) *answer
}

// paging is how an endpoint divides its rows into pages.
type paging struct {
	usual, most int    // rows on a page if the request names no limit, and at most
	row         string // the key of a saved object in its row; "": it is the row
}

// endpoints returns the table of all that the stand-in serves.
func endpoints() []endpoint {
	rows := paging{usual: 20, most: 50}
	return append([]endpoint{
		{"GET", "/me", "", paging{}, (*Server).me},
		{"GET", "/me/following", "user-follow-read", rows, (*Server).following},
		{"PUT", "/me/following", "user-follow-modify", paging{}, (*Server).oldFollowing},
		{"DELETE", "/me/following", "user-follow-modify", paging{}, (*Server).oldFollowing},
		{"GET", "/me/following/contains", "user-follow-read", paging{}, (*Server).oldContains},
		{"PUT", "/me/library", "", paging{}, (*Server).library},
		{"DELETE", "/me/library", "", paging{}, (*Server).library},
		{"GET", "/me/library/contains", "", paging{}, (*Server).libraryContains},
		{"GET", "/me/tracks", "user-library-read", paging{20, 50, "track"}, savedOf("track")},
		{"GET", "/me/albums", "user-library-read", paging{20, 50, "album"}, savedOf("album")},
		{"GET", "/me/shows", "user-library-read", paging{20, 50, "show"}, savedOf("show")},
		{"GET", "/me/episodes", "user-library-read", paging{20, 50, "episode"}, savedOf("episode")},
		{"GET", "/me/audiobooks", "user-library-read", rows, (*Server).audiobooks},
		{"GET", "/me/top/artists", "user-top-read", rows, topOf("artist")},
		{"GET", "/me/top/tracks", "user-top-read", rows, topOf("track")},
		{"GET", "/me/playlists", "playlist-read-private", rows, (*Server).myPlaylists},
		{"POST", "/me/playlists", "", paging{}, (*Server).makePlaylist},
		{"GET", "/playlists/{id}", "", paging{}, (*Server).showPlaylist},
		{"PUT", "/playlists/{id}", "", paging{}, (*Server).renamePlaylist},
		{"GET", "/playlists/{id}/items", "playlist-read-private", paging{20, 100, ""}, (*Server).playlistItems},
		{"POST", "/playlists/{id}/items", "", paging{}, (*Server).changeItems},
		{"PUT", "/playlists/{id}/items", "", paging{}, (*Server).changeItems},
		{"DELETE", "/playlists/{id}/items", "", paging{}, (*Server).changeItems},
		{"GET", "/me/player/recently-played", "user-read-recently-played", rows, (*Server).recentlyPlayed},
		{"GET", "/artists/{id}", "", paging{}, objectOf("artist")},
		{"GET", "/artists/{id}/albums", "", paging{5, 10, ""}, childrenOf("artist", "album")},
		{"GET", "/albums/{id}", "", paging{}, objectOf("album")},
		{"GET", "/albums/{id}/tracks", "", rows, childrenOf("album", "track")},
		{"GET", "/tracks/{id}", "", paging{}, objectOf("track")},
		{"GET", "/shows/{id}", "", paging{}, objectOf("show")},
		{"GET", "/shows/{id}/episodes", "", rows, childrenOf("show", "episode")},
		{"GET", "/episodes/{id}", "", paging{}, objectOf("episode")},
		{"GET", "/audiobooks/{id}", "", paging{}, objectOf("audiobook")},
		{"GET", "/search", "", paging{5, 10, ""}, (*Server).search},
	}, playerEndpoints()...)
}

// playerEndpoints are those of the player, on which nothing ever plays.
func playerEndpoints() []endpoint {
	return []endpoint{
		{"GET", "/me/player", "user-read-playback-state", paging{}, nothingPlays},
		{"GET", "/me/player/currently-playing", "user-read-currently-playing", paging{}, nothingPlays},
		{"GET", "/me/player/devices", "user-read-playback-state", paging{}, noDevices},
		{"GET", "/me/player/queue", "user-read-playback-state", paging{}, emptyQueue},
		{"PUT", "/me/player", "user-modify-playback-state", paging{}, noDevice},
		{"PUT", "/me/player/{id}", "user-modify-playback-state", paging{}, noDevice},
		{"POST", "/me/player/{id}", "user-modify-playback-state", paging{}, noDevice},
	}
}

// closed are the paths that Spotify closed in 2026, "METHOD path";
// https://developer.spotify.com/documentation/web-api/tutorials/february-2026-migration-guide.
var closed = pattern(`^(GET /v1/(artists|albums|tracks|shows|episodes|audiobooks|chapters|markets|browse/.*|` +
	`artists/[^/]+/(top-tracks|related-artists)|audio-(features|analysis)(/[^/]+)?)|` +
	`[A-Z]+ /v1/(users/.*|playlists/[^/]+/(tracks|followers(/contains)?))|` +
	`(PUT|DELETE) /v1/me/(tracks|albums|shows|episodes|audiobooks)|GET /v1/me/(tracks|albums|shows|episodes|audiobooks)/contains)$`)

// closedFollowing are closed too, but not in extended mode.
var closedFollowing = pattern(`^((PUT|DELETE) /v1/me/following|GET /v1/me/following/contains)$`)

func (s *Server) isClosed(method, path string) bool {
	call := method + " " + path
	return closed().MatchString(call) || s.options.Mode == ModeDevelopment && closedFollowing().MatchString(call)
}

// findEndpoint finds the endpoint of a request, and the part of its path at {id}.
// If only the method is wrong, it returns the allowed ones.
func findEndpoint(r *http.Request) (found endpoint, id string, allowed []string) {
	for _, e := range endpoints() {
		id, matches := matchPath("/v1"+e.pattern, strings.TrimSuffix(r.URL.Path, "/")) // widely used clients ask for /v1/me/
		switch {
		case matches && e.method == r.Method:
			return e, id, nil
		case matches:
			allowed = append(allowed, e.method)
		}
	}
	return endpoint{}, "", allowed
}

func matchPath(pattern, path string) (id string, ok bool) {
	before, after, hasID := strings.Cut(pattern, "{id}")
	if !hasID {
		return "", path == pattern
	}
	id, begins := strings.CutPrefix(path, before)
	id, ends := strings.CutSuffix(id, after)
	return id, begins && ends && id != "" && !strings.Contains(id, "/")
}

func nothingPlays(*Server, *http.Request, *grant, string) *answer {
	return &answer{http.StatusNoContent, http.Header{}, nil}
}

func noDevices(*Server, *http.Request, *grant, string) *answer {
	return jsonAnswer(http.StatusOK, fields{"devices": []string{}})
}

func emptyQueue(*Server, *http.Request, *grant, string) *answer {
	return jsonAnswer(http.StatusOK, fields{"currently_playing": nil, "queue": []string{}})
}

func noDevice(*Server, *http.Request, *grant, string) *answer {
	return jsonAnswer(http.StatusNotFound, fields{"error": fields{
		"status": 404, "message": "Player command failed: No active device found", "reason": "NO_ACTIVE_DEVICE",
	}})
}
