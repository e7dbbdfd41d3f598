// Package zmb3 lets a Spotify client that others wrote use the stand-in, so
// that the stand-in is not only what spotauth believes Spotify to be. It is a
// module of its own, for that client's sake.
package zmb3

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/spotauth/spotauth/internal/sandbox"
	spotify "github.com/zmb3/spotify/v2"
	spotifyauth "github.com/zmb3/spotify/v2/auth"
	"golang.org/x/oauth2"
)

// rerouted sends what is meant for Spotify's hosts to the stand-in, under the
// same name, and everything else where it belongs.
type rerouted struct{ standIn *url.URL }

func (r rerouted) RoundTrip(req *http.Request) (*http.Response, error) {
	name := req.URL.Host
	if name != "accounts.spotify.com" && name != "api.spotify.com" {
		return http.DefaultTransport.RoundTrip(req)
	}
	sent := req.Clone(req.Context())
	sent.Host, sent.URL.Scheme, sent.URL.Host = name, r.standIn.Scheme, r.standIn.Host
	resp, err := http.DefaultTransport.RoundTrip(sent)
	if err == nil {
		resp.Request = req
	}
	return resp, err
}

// client signs in: with the secret if one is given, otherwise with PKCE.
func client(ctx context.Context, t *testing.T, s *sandbox.Server, id, secret string, options ...spotify.ClientOption) *spotify.Client {
	t.Helper()
	standIn, err := url.Parse(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Transport: rerouted{standIn}}
	ctx = context.WithValue(ctx, oauth2.HTTPClient, browser)
	arrived := make(chan *http.Request, 1)
	listener := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { arrived <- r }))
	defer listener.Close()

	auth := spotifyauth.New(spotifyauth.WithClientID(id), spotifyauth.WithClientSecret(secret),
		spotifyauth.WithRedirectURL(listener.URL+"/callback"),
		spotifyauth.WithScopes(spotifyauth.ScopeUserFollowRead, spotifyauth.ScopeUserReadPrivate))
	var challenge, proof []oauth2.AuthCodeOption
	if secret == "" {
		verifier := oauth2.GenerateVerifier()
		challenge = append(challenge, oauth2.S256ChallengeOption(verifier))
		proof = append(proof, oauth2.VerifierOption(verifier))
	}
	if err := sandbox.Agree(ctx, browser, auth.AuthURL("state", challenge...)); err != nil {
		t.Fatal(err)
	}
	var callback *http.Request
	select {
	case callback = <-arrived:
	case <-ctx.Done():
		t.Fatal("no callback")
	}
	token, err := auth.Token(ctx, "state", callback, proof...)
	if err != nil {
		t.Fatal(err)
	}
	token.Expiry = time.Now().Add(-time.Minute) // the first request has to refresh
	return spotify.New(auth.Client(ctx, token), options...)
}

func TestListsEveryFollowedArtist(t *testing.T) {
	for name, row := range map[string]struct {
		options    sandbox.Options
		id, secret string
	}{
		"PKCE":                {sandbox.Options{Artists: 120}, sandbox.ClientID, ""},
		"a secret":            {sandbox.Options{Artists: 120}, sandbox.SecretClientID, sandbox.ClientSecret},
		"rotation":            {sandbox.Options{Artists: 120, Rotate: true}, sandbox.ClientID, ""},
		"objects before 2026": {sandbox.Options{Artists: 120, Mode: sandbox.ModeExtended}, sandbox.ClientID, ""},
		"an odd list":         {sandbox.Options{Artists: 120, Faults: []string{"null", "duplicate", "total+1"}}, sandbox.ClientID, ""},
	} {
		t.Run(name, func(t *testing.T) {
			row.options.Names = sandbox.NamesNasty
			s, err := sandbox.New(row.options)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = s.Close() }()
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			c := client(ctx, t, s, row.id, row.secret)
			user, err := c.CurrentUser(ctx)
			if err != nil || user.ID == "" || user.DisplayName == "" {
				t.Fatalf("current user %+v, %v", user, err)
			}
			if got, want := followed(ctx, t, c), s.Artists(); !slices.Equal(got, want) {
				t.Errorf("listed %d artists, followed are %d", len(got), len(want))
			}
		})
	}
}

// followed follows the cursor to the end, as that client's users do.
func followed(ctx context.Context, t *testing.T, c *spotify.Client) []sandbox.Artist {
	t.Helper()
	options := []spotify.RequestOption{spotify.Limit(50)}
	var all []sandbox.Artist
	for {
		page, err := c.CurrentUsersFollowedArtists(ctx, options...)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range page.Artists {
			found := sandbox.Artist{ID: string(a.ID), Name: a.Name}
			if found.ID != "" && !slices.Contains(all, found) { // a null item, a duplicate
				all = append(all, found)
			}
		}
		if page.Cursor.After == "" {
			return all
		}
		options = []spotify.RequestOption{spotify.Limit(50), spotify.After(page.Cursor.After)}
	}
}
