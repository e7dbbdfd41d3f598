package sandbox

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
)

// removed are endpoints that development mode lost in 2026, "METHOD path";
// https://developer.spotify.com/documentation/web-api/tutorials/february-2026-migration-guide.
var removed = pattern(`^((PUT|DELETE) /v1/me/following|GET /v1/(me/following/contains|artists|artists/[^/]+/top-tracks|browse/.*|markets|users/[^/]+))$`)

// originOf is where the client reached the stand-in. What it gets to follow
// leads there, and not out of the stand-in with the token.
func originOf(r *http.Request) string {
	if r.TLS != nil || strings.HasPrefix(r.Host, apiHost) {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// webAPI answers everything under /v1, with links that lead to where the
// request came.
func (s *Server) webAPI(r *http.Request) *answer {
	a := s.route(r)
	a.body = bytes.ReplaceAll(a.body, []byte(`"https://`+apiHost+`/`), []byte(`"`+originOf(r)+`/`))
	return a
}

// route looks at the bearer first.
func (s *Server) route(r *http.Request) *answer {
	if !strings.HasPrefix(r.URL.Path, "/v1/") {
		return apiError(http.StatusNotFound, "Resource not found")
	}
	g, refusal := s.bearer(r)
	if refusal != nil {
		return refusal
	}
	path := strings.TrimSuffix(r.URL.Path, "/") // widely used clients ask for /v1/me/
	if removed().MatchString(r.Method + " " + path) {
		return apiError(http.StatusForbidden, "Forbidden")
	}
	switch {
	case path != "/v1/me" && path != "/v1/me/following":
		return apiError(http.StatusNotFound, "Resource not found")
	case r.Method != http.MethodGet:
		return wrongMethod(http.MethodGet)
	case path == "/v1/me":
		return s.me(g)
	case !g.granted("user-follow-read"):
		return apiError(http.StatusForbidden, "Insufficient client scope")
	}
	return s.following(r)
}

// bearer finds the grant behind the access token (RFC 6750, section 2.1).
func (s *Server) bearer(r *http.Request) (*grant, *answer) {
	header := r.Header.Get("Authorization")
	scheme, text, _ := strings.Cut(header, " ")
	switch {
	case header == "":
		return nil, apiError(http.StatusUnauthorized, "Access token missing")
	case !strings.EqualFold(scheme, "Bearer") || text == "":
		return nil, apiError(http.StatusBadRequest, "Only valid bearer authentication supported")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.access[text]
	switch {
	case t == nil:
		return nil, apiError(http.StatusUnauthorized, "Invalid access token")
	case !s.now().Before(t.expires):
		return nil, apiError(http.StatusUnauthorized, "The access token expired")
	}
	return t.grant, nil
}

func (g *grant) granted(scope string) bool {
	return slices.Contains(strings.Fields(g.scope), scope)
}

// me is GET /v1/me,
// https://developer.spotify.com/documentation/web-api/reference/get-current-users-profile.
// account_id came in 2026-05, when development mode had already lost the rest.
func (s *Server) me(g *grant) *answer {
	user := map[string]any{
		"display_name":  g.account.name,
		"external_urls": map[string]string{"spotify": "https://open.spotify.com/user/" + g.account.id},
		"href":          "https://api.spotify.com/v1/users/" + g.account.id,
		"id":            g.account.id,
		"images":        []image{},
		"type":          "user",
		"uri":           "spotify:user:" + g.account.id,
	}
	if !s.options.Legacy {
		user["account_id"] = g.account.key
		return jsonAnswer(http.StatusOK, user)
	}
	user["followers"] = followers{Total: 21}
	if g.granted("user-read-private") {
		user["country"], user["product"] = "SE", "premium"
		user["explicit_content"] = map[string]bool{"filter_enabled": false, "filter_locked": false}
	}
	if g.granted("user-read-email") {
		user["email"] = "wren@example.com"
	}
	return jsonAnswer(http.StatusOK, user)
}
