package sandbox

import (
	"slices"
	"time"
)

// Everything in this file is for tests. No client of Spotify can do any of it.

// Requests returns all requests so far, in the order in which they arrived.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Request, len(s.requests))
	for i, r := range s.requests {
		all[i] = *r
	}
	return all
}

// Secrets returns every access token, refresh token, code, verifier and client
// secret that the stand-in gave or was given, and the credentials of each
// Authorization header: what no output of a client may contain.
func (s *Server) Secrets() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.secrets)
}

// Artist is an artist as far as a test needs to know it.
type Artist struct{ ID, Name string }

// Artists returns the artists that the consenting account follows, in the order
// in which they are served, each once.
func (s *Server) Artists() []Artist {
	s.mu.Lock()
	defer s.mu.Unlock()
	followed := s.shelf(s.account, "artist")
	all := make([]Artist, len(followed.since))
	for at := range all {
		a := followed.thing(at)
		all[at] = Artist{a.id, a.name}
	}
	return all
}

// Unfollow removes artists from the list of the consenting account, without a
// request.
func (s *Server) Unfollow(ids ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shelf(s.account, "artist").remove(ids)
}

// Advance moves the stand-in's clock forward by d.
func (s *Server) Advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offset += d
}

// SignInAs chooses the account that consents from now on. If there is no account with that
// ID, it makes one that follows no one.
func (s *Server) SignInAs(id, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.account = s.accountOf(id); s.account == nil {
		s.account = newAccount(id, name)
		s.accounts = append(s.accounts, s.account)
	}
}

// RevokeRefreshTokens does what happens when someone removes the app's access: every
// refresh token so far is answered with "Refresh token revoked". Access tokens stay valid
// until they expire.
func (s *Server) RevokeRefreshTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.refresh {
		t.revoked = true
	}
}

// ExpireAccessTokens lets every access token so far expire.
func (s *Server) ExpireAccessTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.access {
		t.expires = s.now()
	}
}
