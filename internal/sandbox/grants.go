package sandbox

import (
	"crypto/rand"
	"encoding/base64"
	"time"
)

// Lifetimes. The six months of a refresh token start at the consent, and no refresh
// extends them:
// https://developer.spotify.com/documentation/web-api/tutorials/refreshing-tokens.
const (
	codeLife     = 10 * time.Minute // RFC 6749, section 4.1.2, recommends this maximum
	accessLife   = time.Hour
	refreshMonth = 6
)

// grant is one consent. Everything that was issued for it refers to it.
type grant struct {
	client  string
	account *account
	scope   string
	secret  bool // no PKCE: whoever uses it must know the client's secret
	since   time.Time
}

type code struct {
	grant       *grant
	redirectURI string
	challenge   string
	used        bool
}

type accessToken struct {
	grant   *grant
	expires time.Time
}

type refreshToken struct {
	grant   *grant
	revoked bool
}

// TokenPrefix begins every access and refresh token of a stand-in, so that a
// program can tell them from Spotify's, whose form is not documented.
const TokenPrefix = "sandbox-"

// issueCode, issueAccess and issueRefresh make a text that can't be guessed and store what
// it stands for. The caller holds s.mu.
func (s *Server) issueCode(c *code) string {
	text := s.newSecret("AQ", 156)
	s.codes[text] = c
	return text
}

func (s *Server) issueAccess(g *grant) string {
	text := s.newSecret(s.options.TokenPrefix, 192)
	s.access[text] = &accessToken{g, s.now().Add(accessLife)}
	return text
}

func (s *Server) issueRefresh(g *grant) string {
	text := s.newSecret(s.options.TokenPrefix, 96)
	s.refresh[text] = &refreshToken{grant: g}
	return text
}

func (s *Server) newSecret(prefix string, size int) string {
	b := make([]byte, size)
	_, _ = rand.Read(b) // crypto/rand.Read does not fail
	text := prefix + base64.RawURLEncoding.EncodeToString(b)
	s.noteSecret(text)
	return text
}

// revokeGrant revokes all refresh tokens of a grant. It is called when a token comes
// back after rotation: one of its two holders stole it (RFC 9700, section 4.14.2).
// The caller holds s.mu.
func (s *Server) revokeGrant(g *grant) {
	for _, t := range s.refresh {
		if t.grant == g {
			t.revoked = true
		}
	}
}
