package sandbox

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
)

// verifierForm is the form of a code verifier (RFC 7636, section 4.1).
var verifierForm = pattern(`^[A-Za-z0-9._~-]{43,128}$`)

// tokenReply is the token endpoint's answer (RFC 6749, section 5.1).
type tokenReply struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	Scope        string `json:"scope"`
	ExpiresIn    int    `json:"expires_in"`
	RefreshToken string `json:"refresh_token,omitempty"`
}

// token is POST /api/token,
// https://developer.spotify.com/documentation/web-api/tutorials/code-pkce-flow.
func (s *Server) token(r *http.Request) *answer {
	if r.Method != http.MethodPost {
		return wrongMethod(http.MethodPost)
	}
	kind := r.PostForm.Get("grant_type")
	if kind == "" { // so too for a body that is no form: JSON is not read
		return oauthError("unsupported_grant_type", "grant_type parameter is missing")
	}
	client, authenticated, refusal := s.authenticate(r)
	if refusal != nil {
		return refusal
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch kind {
	case "authorization_code":
		return s.exchange(r, client, authenticated)
	case "refresh_token":
		return s.renew(r, client, authenticated)
	}
	return oauthError("unsupported_grant_type", "grant_type "+kind+" is not supported")
}

// clientIDForm is the form of client IDs and client secrets.
var clientIDForm = pattern(`^[0-9a-f]{32}$`)

func (s *Server) isRegisteredClient(id string) bool {
	if s.options.ClientID != "" {
		return id == s.options.ClientID
	}
	return clientIDForm().MatchString(id)
}

// isSecretOf reports whether text can be the client's secret. The secrets of other
// people's apps are not known, so any well-formed one is accepted.
func isSecretOf(client, text string) bool {
	switch client {
	case ClientID:
		return false
	case SecretClientID:
		return text == ClientSecret
	}
	return clientIDForm().MatchString(text)
}

// authenticate finds out which app asks, and whether it has proved its identity.
// A public client names itself in the body. HTTP Basic from it is refused,
// because it has no secret to send.
func (s *Server) authenticate(r *http.Request) (client string, authenticated bool, refusal *answer) {
	client, secret, basic := r.BasicAuth()
	if !basic {
		client, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	}
	switch {
	case !s.isRegisteredClient(client):
		return "", false, oauthError("invalid_client", "Invalid client")
	case !basic && secret == "":
		return client, false, nil
	case !isSecretOf(client, secret):
		return "", false, oauthError("invalid_client", "Invalid client secret")
	}
	return client, true, nil
}

// exchange turns a code into tokens (RFC 6749, section 4.1.3). The first attempt by
// the right app spends the code, even if it fails.
func (s *Server) exchange(r *http.Request, client string, authenticated bool) *answer {
	c := s.codes[r.PostForm.Get("code")]
	if c == nil || c.used || c.grant.client != client || !s.now().Before(c.grant.since.Add(codeLife)) {
		return oauthError("invalid_grant", "Invalid authorization code")
	}
	if c.grant.secret && !authenticated {
		return oauthError("invalid_client", "Invalid client secret")
	}
	c.used = true
	if r.PostForm.Get("redirect_uri") != c.redirectURI {
		return oauthError("invalid_grant", "Invalid redirect URI")
	}
	if !isVerifierOf(r.PostForm.Get("code_verifier"), c.challenge) {
		return oauthError("invalid_grant", "code_verifier was incorrect")
	}
	return s.grantTokens(c.grant, s.issueRefresh(c.grant))
}

// isVerifierOf checks a verifier against the challenge (RFC 7636, section 4.6). A
// verifier without a challenge is a downgrade (RFC 9700, section 4.8.2).
func isVerifierOf(verifier, challenge string) bool {
	if challenge == "" {
		return verifier == ""
	}
	sum := sha256.Sum256([]byte(verifier))
	return verifierForm().MatchString(verifier) && base64.RawURLEncoding.EncodeToString(sum[:]) == challenge
}

// renew answers a refresh (RFC 6749, section 6).
func (s *Server) renew(r *http.Request, client string, authenticated bool) *answer {
	text := r.PostForm.Get("refresh_token")
	t := s.refresh[text]
	if t == nil || t.grant.client != client {
		return oauthError("invalid_grant", "Invalid refresh token")
	}
	if t.grant.secret && !authenticated {
		return oauthError("invalid_client", "Invalid client secret")
	}
	if t.revoked {
		if s.options.Rotate {
			s.revokeGrant(t.grant)
		}
		return oauthError("invalid_grant", "Refresh token revoked")
	}
	if !s.now().Before(t.grant.since.AddDate(0, refreshMonth, 0)) {
		return oauthError("invalid_grant", "Refresh token expired")
	}
	if !s.options.Rotate {
		return s.grantTokens(t.grant, "")
	}
	t.revoked = true
	return s.grantTokens(t.grant, s.issueRefresh(t.grant))
}

func (s *Server) grantTokens(g *grant, refresh string) *answer {
	a := jsonAnswer(http.StatusOK, tokenReply{
		AccessToken: s.issueAccess(g), TokenType: "Bearer", Scope: g.scope,
		ExpiresIn: int(accessLife.Seconds()), RefreshToken: refresh,
	})
	a.header.Set("Cache-Control", "no-store")
	return a
}
