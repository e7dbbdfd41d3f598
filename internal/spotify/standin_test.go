package spotify_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/spotauth/spotauth/internal/sandbox"
	"github.com/spotauth/spotauth/internal/secret"
	"github.com/spotauth/spotauth/internal/spotify"
)

// The client against the stand-in, which shares no code with it: both must understand
// Spotify's behavior the same way. Faults that take real waiting are left to the tests with
// a fake clock.
func TestStandIn(t *testing.T) {
	for _, row := range []struct {
		faults string
		legacy bool
		want   spotify.Listing // its results
		kind   spotify.Kind
	}{
		{faults: "", want: spotify.Listing{Total: 120, Unique: 120, Passes: 1}},
		{faults: "", legacy: true, want: spotify.Listing{Total: 120, Unique: 120, Passes: 1}},
		{faults: "escapes", want: spotify.Listing{Total: 120, Unique: 120, Passes: 1}},
		{faults: "page=2:401", want: spotify.Listing{Total: 120, Unique: 120, Passes: 1}},
		{faults: "page=2:reset", want: spotify.Listing{Total: 120, Unique: 120, Passes: 1}},
		{faults: "page=3:cut", want: spotify.Listing{Total: 120, Unique: 120, Passes: 1}},
		{faults: "page=3:cut-quiet", want: spotify.Listing{Total: 120, Unique: 120, Passes: 1}},
		{faults: "page=1:no-artists", want: spotify.Listing{Total: 120, Unique: 120, Passes: 1}},
		{faults: "total+2", want: spotify.Listing{Total: 122, Unique: 120, Passes: 2}},
		{faults: "page=2:repeat-cursor", kind: spotify.BadAnswer},
		{faults: "page=2:huge", kind: spotify.BadAnswer},
		{faults: "page=2:bomb", kind: spotify.BadAnswer},
		{faults: "page=2:html", kind: spotify.BadAnswer},
		{faults: "page=2:redirect=https://example.com/", kind: spotify.BadAnswer},
		{faults: "page=2:403-scope", kind: spotify.ScopeMissing},
		{faults: "page=2:403-premium", kind: spotify.PremiumLapsed},
		{faults: "page=2:403-user", kind: spotify.NotRegistered},
		{faults: "page=2:403", kind: spotify.Forbidden},
		{faults: "page=2:429-quota", kind: spotify.QuotaExceeded},
		{faults: "page=2:429,retry-after=3600", kind: spotify.RateLimited},
	} {
		t.Run(strings.ReplaceAll(row.faults, "/", ""), func(t *testing.T) {
			t.Parallel()
			o := sandbox.Options{Artists: 120, Seed: 1, Names: sandbox.NamesNasty, Consent: sandbox.ConsentAgree}
			if row.legacy {
				o.Mode = sandbox.ModeExtended
			}
			if row.faults != "" {
				o.Faults = []string{row.faults}
			}
			s, c := standIn(t, o, "user-follow-read")
			if user, err := c.Me(t.Context()); err != nil || user.ID == "" || user.DisplayName == "" {
				t.Errorf("me: %+v, %v", user, err)
			}
			var l spotify.Listing
			var err error
			n := 0
			for a, e := range c.FollowedArtists(t.Context(), &l) {
				if err = e; err != nil {
					break
				}
				if want := s.Artists()[n]; a.ID != want.ID || a.Name != want.Name || a.URL == "" || (a.Genres != nil) != row.legacy {
					t.Errorf("artist %d is %+v, want %+v", n, a, want)
				}
				n++
			}
			var e *spotify.Error
			if errors.As(err, &e) != (row.kind != "") || e != nil && e.Kind != row.kind {
				t.Fatalf("got %v", err)
			}
			if err == nil && (l.Total != row.want.Total || l.Unique != row.want.Unique || l.Passes != row.want.Passes || n != 120) {
				t.Errorf("%d artists, counts %+v", n, l)
			}
		})
	}
}

// standIn is a stand-in, and a client for an account that has granted scopes.
func standIn(t *testing.T, o sandbox.Options, scopes string) (*sandbox.Server, *spotify.Client) {
	t.Helper()
	s, err := sandbox.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	token := signIn(t, transport, s.URL(), scopes)
	return s, &spotify.Client{Origin: s.URL(), Transport: transport,
		Token: func(context.Context, secret.String) (secret.String, error) { return token, nil }}
}

// Every paging shape of the Web API, against the stand-in.
func TestStandInPages(t *testing.T) {
	s, c := standIn(t, sandbox.Options{Artists: 120, Seed: 1, Tracks: 345, Consent: sandbox.ConsentAgree},
		"user-follow-read user-library-read user-top-read playlist-read-private user-read-recently-played")
	for path, row := range map[string]struct {
		query    string
		least    int // items
		requests int // 0: any number
	}{
		"/v1/me/following":                             {"type=artist", 120, 3},
		"/v1/me/tracks":                                {"", 345, 7},
		"/v1/me/audiobooks":                            {"", 1, 0},
		"/v1/me/playlists":                             {"", 1, 0},
		"/v1/me/top/artists":                           {"", 1, 0},
		"/v1/me/player/recently-played":                {"limit=20", 50, 3},
		"/v1/artists/" + s.Artists()[0].ID + "/albums": {"", 1, 0},
		"/v1/search":                                   {"q=a&type=album", 1, 0},
	} {
		t.Run(path, func(t *testing.T) {
			before, items := len(s.Requests()), 0
			var p spotify.Paging
			for page, err := range c.Pages(t.Context(), path, row.query, &p) {
				if err != nil {
					t.Fatal(err)
				}
				items += len(page)
			}
			if items < row.least || !p.Complete() || p.Head == nil {
				t.Errorf("%d items, %+v", items, p)
			}
			if n := len(s.Requests()) - before; row.requests > 0 && n != row.requests {
				t.Errorf("%d requests", n)
			}
		})
	}
	for _, err := range c.Pages(t.Context(), "/v1/search", "q=a&type=album,artist", new(spotify.Paging)) {
		if err == nil || !strings.Contains(err.Error(), "(albums, artists); ask for one type") && !strings.Contains(err.Error(), "(artists, albums); ask for one type") {
			t.Errorf("a search for two types: %v", err)
		}
	}
}

// Following again what was unfollowed, in both modes of the stand-in and with its faults.
func TestStandInFollows(t *testing.T) {
	for _, row := range []struct {
		mode     sandbox.Mode
		fault    string
		requests int
	}{
		{sandbox.ModeDevelopment, "", 6},
		{sandbox.ModeExtended, "", 6},
		{sandbox.ModeDevelopment, "follow:lost", 6},
		{sandbox.ModeDevelopment, "follow:half-502", 8},
	} {
		t.Run(string(row.mode)+" "+row.fault, func(t *testing.T) {
			t.Parallel()
			o := sandbox.Options{Artists: 120, Seed: 1, Mode: row.mode, Consent: sandbox.ConsentAgree}
			if row.fault != "" {
				o.Faults = []string{row.fault}
			}
			s, c := standIn(t, o, "user-follow-read user-follow-modify")
			var ids []string
			for _, a := range s.Artists()[:100] {
				ids = append(ids, a.ID)
			}
			s.Unfollow(ids...)
			before := len(s.Requests())
			var options spotify.FollowOptions
			failed, err := c.FollowAll(t.Context(), ids, &options)
			if err != nil || len(failed) != 0 || options.Followed != 100 || len(s.Artists()) != 120 {
				t.Errorf("followed %d, failed %q, %v", options.Followed, failed, err)
			}
			if n := len(s.Requests()) - before; n != row.requests {
				t.Errorf("%d requests", n)
			}
		})
	}
}

// signIn gets an access token as any client would.
func signIn(t *testing.T, transport http.RoundTripper, origin, scopes string) secret.String {
	t.Helper()
	const redirect, verifier = "http://127.0.0.1:4000/callback", "a-verifier-of-at-least-forty-three-characters"
	sum := sha256.Sum256([]byte(verifier))
	browser := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := browser.Get(origin + "/authorize?" + url.Values{"client_id": {sandbox.ClientID}, "response_type": {"code"},
		"redirect_uri": {redirect}, "scope": {scopes}, "state": {"s"}, "code_challenge_method": {"S256"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}}.Encode())
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	back, err := res.Location()
	if err != nil {
		t.Fatal(res.Status, err)
	}
	res, err = browser.PostForm(origin+"/api/token", url.Values{"grant_type": {"authorization_code"}, "client_id": {sandbox.ClientID},
		"redirect_uri": {redirect}, "code_verifier": {verifier}, "code": {back.Query().Get("code")}})
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || answer.AccessToken == "" {
		t.Fatal(res.Status, err)
	}
	return secret.New(answer.AccessToken)
}
