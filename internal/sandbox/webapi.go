package sandbox

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
)

// originOf is the origin of the Web API as the client reached it. All links lead
// there, so no client leaves the stand-in with its token.
func originOf(r *http.Request) string {
	if r.TLS != nil || strings.HasPrefix(r.Host, apiHost) {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// webAPI answers everything under /v1. Its handlers write Spotify's own URLs, which it
// replaces by the origin that the client used.
func (s *Server) webAPI(r *http.Request) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.route(r)
	a.body = bytes.ReplaceAll(a.body, []byte(`"https://`+apiHost+`/`), []byte(`"`+originOf(r)+`/`))
	return a
}

// route finds the handler of a request. It checks the bearer token before anything
// else. The caller holds s.mu, as for all handlers.
func (s *Server) route(r *http.Request) *answer {
	if !strings.HasPrefix(r.URL.Path, "/v1/") {
		return notFound()
	}
	g, refusal := s.bearer(r)
	if refusal != nil {
		return refusal
	}
	if s.isClosed(r.Method, strings.TrimSuffix(r.URL.Path, "/")) {
		return apiError(http.StatusForbidden, "Forbidden")
	}
	e, id, allowed := findEndpoint(r)
	switch {
	case allowed != nil:
		return wrongMethod(strings.Join(allowed, ", "))
	case e.answer == nil:
		return notFound()
	case e.scope != "" && !g.hasScope(e.scope):
		return insufficientScope()
	}
	return e.answer(s, r, g, id)
}

func notFound() *answer { return apiError(http.StatusNotFound, "Resource not found") }

func insufficientScope() *answer { return apiError(http.StatusForbidden, "Insufficient client scope") }

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
	t := s.access[text]
	switch {
	case t == nil:
		return nil, apiError(http.StatusUnauthorized, "Invalid access token")
	case !s.now().Before(t.expires):
		return nil, apiError(http.StatusUnauthorized, "The access token expired")
	}
	return t.grant, nil
}

// holder returns the account of the token in a request.
func (s *Server) holder(r *http.Request) *account {
	if g, refusal := s.bearer(r); refusal == nil {
		return g.account
	}
	return s.account
}

func (g *grant) hasScope(scope string) bool {
	return slices.Contains(strings.Fields(g.scope), scope)
}

// me is GET /v1/me,
// https://developer.spotify.com/documentation/web-api/reference/get-current-users-profile.
// Spotify announced in 2026 that development mode would lose the fields of the
// two scopes, and followers. It still sent them in October 2026.
func (s *Server) me(_ *http.Request, g *grant, _ string) *answer {
	user := map[string]any{
		"account_id":    g.account.key,
		"display_name":  g.account.name,
		"external_urls": map[string]string{"spotify": "https://open.spotify.com/user/" + g.account.id},
		"followers":     followers{Total: 21},
		"href":          "https://api.spotify.com/v1/users/" + g.account.id,
		"id":            g.account.id,
		"images":        []image{},
		"type":          "user",
		"uri":           "spotify:user:" + g.account.id,
	}
	if g.hasScope("user-read-private") {
		user["country"], user["product"] = "SE", "premium"
		user["explicit_content"] = map[string]bool{"filter_enabled": false, "filter_locked": false}
	}
	if g.hasScope("user-read-email") {
		user["email"] = g.account.email
	}
	return jsonAnswer(http.StatusOK, user)
}
