package zmb3

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spotauth/spotauth/internal/sandbox"
	spotify "github.com/zmb3/spotify/v2"
	"golang.org/x/oauth2"
)

// theirClientID is one that the stand-in has never heard of.
const theirClientID = "65b708073fc0480ea92a077233ca87bd"

// nextClient follows the URL in next and refreshes at a 401, as spotipy and
// most other clients do.
type nextClient struct {
	standIn, refresh, access string
}

// token asks the token endpoint, and keeps the old refresh token if no new one comes.
func (c *nextClient) token(t *testing.T, form url.Values) {
	t.Helper()
	form.Set("client_id", theirClientID)
	resp, err := http.PostForm(c.standIn+"/api/token", form)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var reply struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&reply); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("the token endpoint answered %s, %v", resp.Status, err)
	}
	c.access = reply.Access
	if reply.Refresh != "" {
		c.refresh = reply.Refresh
	}
}

// get asks for an address, and once more with a new token after a 401.
func (c *nextClient) get(t *testing.T, address string, v any) {
	t.Helper()
	if !strings.HasPrefix(address, c.standIn+"/") {
		t.Fatalf("next leads away from the stand-in: %s", address)
	}
	for range 2 {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+c.access)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		switch {
		case err != nil:
			t.Fatal(err)
		case resp.StatusCode == http.StatusUnauthorized:
			c.token(t, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {c.refresh}})
		case resp.StatusCode != http.StatusOK:
			t.Fatalf("%s: %s", address, resp.Status)
		default:
			if err := json.Unmarshal(body, v); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatal("still 401 with a new token")
}

func (c *nextClient) list(t *testing.T) []sandbox.Artist {
	t.Helper()
	var all []sandbox.Artist
	for address := c.standIn + "/v1/me/following?type=artist&limit=50"; address != ""; {
		var page struct {
			Artists struct {
				Next  string
				Items []struct{ ID, Name, Href string }
			}
		}
		c.get(t, address, &page)
		for _, a := range page.Artists.Items {
			all = append(all, sandbox.Artist{ID: a.ID, Name: a.Name})
			if a.Href != c.standIn+"/v1/artists/"+a.ID {
				t.Fatalf("an artist's href leads away from the stand-in: %s", a.Href)
			}
		}
		address = page.Artists.Next
	}
	return all
}

// B-49: a client that follows next stays with the stand-in, under a client ID of its own.
func TestFollowsNext(t *testing.T) {
	s, err := sandbox.New(sandbox.Options{Artists: 120})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	arrived := make(chan string, 1)
	listener := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { arrived <- r.URL.Query().Get("code") }))
	defer listener.Close()
	verifier, redirect := oauth2.GenerateVerifier(), listener.URL+"/callback"
	q := url.Values{"client_id": {theirClientID}, "response_type": {"code"}, "redirect_uri": {redirect}, "scope": {"user-follow-read"},
		"code_challenge_method": {"S256"}, "code_challenge": {oauth2.S256ChallengeFromVerifier(verifier)}}
	if err := sandbox.Agree(t.Context(), http.DefaultClient, s.URL()+"/authorize?"+q.Encode()); err != nil {
		t.Fatal(err)
	}
	c := &nextClient{standIn: s.URL()}
	c.token(t, url.Values{"grant_type": {"authorization_code"}, "code": {<-arrived}, "redirect_uri": {redirect}, "code_verifier": {verifier}})
	for range 2 {
		if got := c.list(t); !slices.Equal(got, s.Artists()) {
			t.Errorf("listed %d artists, followed are %d", len(got), len(s.Artists()))
		}
		s.ExpireAccessTokens()
	}
	if n := refreshes(s); n != 1 {
		t.Errorf("%d refreshes, want 1", n)
	}
}

// B-49: zmb3/spotify, pointed at the stand-in by its base URL and with a client ID of its own.
func TestListsTwiceWithTheirClientID(t *testing.T) {
	s, err := sandbox.New(sandbox.Options{Artists: 120})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	c := client(ctx, t, s, theirClientID, "", spotify.WithBaseURL(s.URL()+"/v1/"))
	for range 2 {
		if got := followed(ctx, t, c); !slices.Equal(got, s.Artists()) {
			t.Errorf("listed %d artists, followed are %d", len(got), len(s.Artists()))
		}
		token, err := c.Token()
		if err != nil {
			t.Fatal(err)
		}
		token.Expiry = time.Now().Add(-time.Minute)
		s.ExpireAccessTokens()
	}
	if n := refreshes(s); n != 2 {
		t.Errorf("%d refreshes, want 2", n)
	}
}

func refreshes(s *sandbox.Server) (n int) {
	for _, r := range s.Requests() {
		if r.Form.Get("grant_type") == "refresh_token" {
			n++
		}
	}
	return n
}
