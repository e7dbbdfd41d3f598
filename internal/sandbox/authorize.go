package sandbox

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Scopes returns Spotify's scopes, from its OpenAPI description, each with what it lets an app
// do, such as "see which artists you follow". It is a func because most runs of spotauth start
// no stand-in and should not pay for the map.
func Scopes() map[string]string {
	return map[string]string{
		"user-follow-read":            "see which artists you follow",
		"user-follow-modify":          "change which artists you follow",
		"user-read-private":           "see your kind of subscription",
		"user-read-email":             "see your e-mail address",
		"user-library-read":           "see your saved songs, albums and shows",
		"user-library-modify":         "change your saved songs, albums and shows",
		"user-top-read":               "see your top artists and songs",
		"user-read-recently-played":   "see what you played recently",
		"user-read-playback-state":    "see what is playing, and where",
		"user-read-currently-playing": "see what is playing",
		"user-modify-playback-state":  "control what is playing",
		"user-read-playback-position": "see how far you got in an episode",
		"playlist-read-private":       "see your private playlists",
		"playlist-read-collaborative": "see playlists that you share",
		"playlist-modify-public":      "change your public playlists",
		"playlist-modify-private":     "change your private playlists",
		"app-remote-control":          "control the Spotify app on your device",
		"ugc-image-upload":            "upload pictures for your playlists",
		"streaming":                   "play music in a browser",
	}
}

// authorize is the authorization endpoint. GET shows the consent page, unless
// Options.Consent answers it. POST is the form of that page with the same query,
// decision=agree or decision=cancel, and account=ID for another account.
func (s *Server) authorize(r *http.Request) *answer {
	q := r.URL.Query()
	if problem := s.refusePage(q); problem != "" {
		return problemPage(problem)
	}
	if e := refuseRequest(q); e != nil {
		return redirect(q, e)
	}
	agreed := s.options.Consent == ConsentAgree || r.PostForm.Get("decision") == "agree"
	declined := s.options.Consent == ConsentDeny || r.PostForm.Get("decision") == "cancel"
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodPost:
		return wrongMethod("GET, POST")
	case declined:
		return redirect(q, url.Values{"error": {"access_denied"}})
	case agreed:
		code := s.issueCodeFor(q, r.PostForm.Get("account"))
		if code == "" {
			return problemPage("There is no such account")
		}
		return redirect(q, url.Values{"code": {code}})
	}
	return s.consentPage(r, q)
}

// refusePage says what is wrong with a request that must not be redirected,
// because its redirect URI cannot be trusted (RFC 6749, section 4.1.2.1). Spotify
// also shows a page for a scope that does not exist.
func (s *Server) refusePage(q url.Values) string {
	switch {
	case q.Get("client_id") == "":
		return "Missing required parameter: client_id"
	case !s.isRegisteredClient(q.Get("client_id")):
		return "INVALID_CLIENT: Invalid client"
	case q.Get("redirect_uri") == "":
		return "Missing required parameter: redirect_uri"
	case !isRegistered(s.options.RedirectURIs, q.Get("redirect_uri")):
		return "INVALID_CLIENT: Invalid redirect URI"
	}
	known := Scopes()
	for scope := range strings.FieldsSeq(q.Get("scope")) {
		if _, ok := known[scope]; !ok {
			return "Illegal scope"
		}
	}
	return ""
}

// refuseRequest is the error that goes back to the client: RFC 6749, section
// 4.1.2.1, and RFC 7636, section 4.4.1. An app with a secret may leave PKCE
// out, and only ClientID is known to have none.
func refuseRequest(q url.Values) url.Values {
	if q.Get("response_type") != "code" {
		return url.Values{"error": {"unsupported_response_type"}}
	}
	challenge, method := q.Get("code_challenge"), q.Get("code_challenge_method")
	if challenge == "" && method == "" && q.Get("client_id") != ClientID {
		return nil
	}
	if method != "S256" || len(challenge) != 43 {
		return url.Values{"error": {"invalid_request"}, "error_description": {"code_challenge_method must be S256"}}
	}
	return nil
}

// issueCodeFor makes the code for a request that someone agreed to. It is "" if the account
// does not exist.
func (s *Server) issueCodeFor(q url.Values, id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	who := s.accountToConsent(id, s.options.Consent == ConsentAgree && q.Get("show_dialog") == "true")
	if who == nil {
		return ""
	}
	challenge := q.Get("code_challenge")
	return s.issueCode(&code{
		grant: &grant{
			client: q.Get("client_id"), account: who, secret: challenge == "", since: s.now(),
			scope: strings.Join(slices.Compact(slices.Sorted(strings.FieldsSeq(q.Get("scope")))), " "),
		},
		redirectURI: q.Get("redirect_uri"),
		challenge:   challenge,
	})
}

// accountToConsent is the account that consents: the one with an ID, else the usual one, or
// the next one if another is wanted. The caller holds s.mu.
func (s *Server) accountToConsent(id string, another bool) *account {
	switch {
	case id != "":
		return s.accountOf(id)
	case another:
		return s.accounts[(slices.Index(s.accounts, s.account)+1)%len(s.accounts)]
	}
	return s.account
}

// redirect sends the browser back to the client with the state. After 303, no
// browser posts the form again (RFC 9700, section 4.12).
func redirect(q, parameters url.Values) *answer {
	target, _ := url.Parse(q.Get("redirect_uri")) // was compared with one that parses
	all := target.Query()
	if state, sent := q["state"]; sent {
		all.Set("state", state[0])
	}
	for name, values := range parameters {
		all[name] = values
	}
	target.RawQuery = all.Encode()
	return &answer{http.StatusSeeOther, http.Header{"Location": {target.String()}}, nil}
}
