package sandbox

import (
	"net/http"
	"net/url"
	"strings"
)

// The calls that follow artists, as measured in October 2026 in development
// mode. https://developer.spotify.com/documentation/web-api/reference/save-library-items
// does not list artists among what they take.

const mostURIs = 40

var uriForm = pattern(`^spotify:(artist|track|album|show|episode|audiobook|playlist|user):([0-9A-Za-z]{22})$`)

// uriList has the IDs and types of the URIs in a call.
type uriList struct {
	ids   []string // in the order of the call
	types []string // of each
}

func (v uriList) of(kind string) (ids []string) {
	for i, t := range v.types {
		if t == kind {
			ids = append(ids, v.ids[i])
		}
	}
	return ids
}

// library is PUT and DELETE /v1/me/library.
func (s *Server) library(r *http.Request, g *grant, _ string) *answer {
	v, refusal := parseURIs(r.URL.Query())
	if refusal == nil {
		refusal = g.refuse(v.types, modifyScope)
	}
	if refusal != nil {
		return refusal
	}
	for _, kind := range []string{"artist", "track", "album", "show", "episode", "audiobook"} {
		if refusal := s.setSaved(r, g, kind, v.of(kind)); refusal != nil {
			return refusal
		}
	}
	return newAnswer(http.StatusOK, typeJSON, nil)
}

// setSaved saves things of one kind, or removes them if the method is DELETE. Unknown
// IDs have no effect.
func (s *Server) setSaved(r *http.Request, g *grant, kind string, ids []string) (refusal *answer) {
	if len(ids) == 0 {
		return nil
	}
	shelf := s.shelf(g.account, kind)
	if r.Method == http.MethodDelete {
		shelf.remove(ids)
		return nil
	}
	for _, id := range ids {
		if i, exists := s.artists.index[id]; exists && s.oddities.poison[i+1] {
			return apiError(http.StatusBadGateway, "Failed to follow artists")
		}
	}
	shelf.save(ids, s.now())
	return nil
}

// has reports whether something is saved. With the fault "lag", that takes a while.
func (s *Server) has(a *account, kind, id string) bool {
	return s.kindOf(kind) != nil && s.shelf(a, kind).has(id, s.now().Add(-s.oddities.lag))
}

// libraryContains is GET /v1/me/library/contains.
func (s *Server) libraryContains(r *http.Request, g *grant, _ string) *answer {
	v, refusal := parseURIs(r.URL.Query())
	if refusal == nil {
		refusal = g.refuse(v.types, readScope)
	}
	if refusal != nil {
		return refusal
	}
	all := make([]bool, len(v.ids))
	for i, id := range v.ids {
		all[i] = s.has(g.account, v.types[i], id)
	}
	return jsonAnswer(http.StatusOK, all)
}

// parseURIs reads uris, which must be in the query.
func parseURIs(q url.Values) (v uriList, refusal *answer) {
	if q.Get("uris") == "" {
		return v, apiError(http.StatusBadRequest, "Missing required field: uris")
	}
	all := strings.Split(q.Get("uris"), ",")
	switch {
	case len(all) >= 100:
		return v, newAnswer(http.StatusRequestURITooLong, typeText, []byte("URI Too Long"))
	case len(all) > mostURIs:
		return v, apiError(http.StatusBadRequest, "Too many uris requested")
	}
	for _, uri := range all {
		m := uriForm().FindStringSubmatch(uri)
		if m == nil {
			return v, apiError(http.StatusBadRequest, "Invalid Spotify URI")
		}
		v.types, v.ids = append(v.types, m[1]), append(v.ids, m[2])
	}
	return v, nil
}

// modifyScope and readScope return the scope that a type needs.
func modifyScope(kind string) string {
	switch kind {
	case "artist", "user":
		return "user-follow-modify"
	case "playlist":
		return "playlist-modify-public"
	}
	return "user-library-modify"
}

func readScope(kind string) string {
	switch kind {
	case "artist", "user":
		return "user-follow-read"
	case "playlist":
		return "playlist-read-private"
	}
	return "user-library-read"
}

// refuse answers a call for which a scope is missing.
func (g *grant) refuse(types []string, scopeOf func(string) string) *answer {
	for _, t := range types {
		if !g.hasScope(scopeOf(t)) {
			return insufficientScope()
		}
	}
	return nil
}

// parseIDs reads ids, which the older following calls have instead of uris.
func parseIDs(q url.Values) (ids []string, refusal *answer) {
	ids = strings.Split(q.Get("ids"), ",")
	switch {
	case q.Get("type") != "artist":
		return nil, apiError(http.StatusBadRequest, "Invalid type: "+q.Get("type"))
	case q.Get("ids") == "":
		return nil, apiError(http.StatusBadRequest, "Missing required field: ids")
	case len(ids) > 50:
		return nil, apiError(http.StatusBadRequest, "Too many ids requested")
	}
	return ids, nil
}

// oldFollowing is PUT and DELETE /v1/me/following, which development mode lost
// in February 2026.
func (s *Server) oldFollowing(r *http.Request, g *grant, _ string) *answer {
	ids, refusal := parseIDs(r.URL.Query())
	if refusal == nil {
		refusal = s.setSaved(r, g, "artist", ids)
	}
	if refusal != nil {
		return refusal
	}
	return &answer{http.StatusNoContent, http.Header{}, nil}
}

// oldContains is GET /v1/me/following/contains, which it lost too.
func (s *Server) oldContains(r *http.Request, g *grant, _ string) *answer {
	ids, refusal := parseIDs(r.URL.Query())
	if refusal != nil {
		return refusal
	}
	all := make([]bool, len(ids))
	for i, id := range ids {
		all[i] = s.has(g.account, "artist", id)
	}
	return jsonAnswer(http.StatusOK, all)
}
