package sandbox

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"
	"time"
)

func TestWebAPILooksAtTheBearerFirst(t *testing.T) {
	s := start(t, Options{Consent: ConsentAgree, Now: standing()})
	old := signIn(t, s).AccessToken
	s.Advance(time.Hour - time.Second)
	if got := get(t, s.URL()+"/v1/me", "Authorization", "Bearer "+old); got.status != 200 {
		t.Errorf("before its time: %d %s", got.status, got.body)
	}
	s.Advance(time.Second)
	killed := signIn(t, s).AccessToken
	s.ExpireAccessTokens()
	good := signIn(t, s).AccessToken
	for name, row := range map[string]struct {
		header  string
		status  int
		message string
	}{
		"good":            {"Bearer " + good, 200, ""},
		"lower case":      {"bearer " + good, 200, ""},
		"an hour old":     {"Bearer " + old, 401, "The access token expired"},
		"made to expire":  {"Bearer " + killed, 401, "The access token expired"},
		"unknown":         {"Bearer " + good + "x", 401, "Invalid access token"},
		"none":            {"", 401, "Access token missing"},
		"another scheme":  {"Basic " + good, 400, "Only valid bearer authentication supported"},
		"an empty bearer": {"Bearer", 400, "Only valid bearer authentication supported"},
	} {
		t.Run(name, func(t *testing.T) {
			var header []string
			if row.header != "" {
				header = []string{"Authorization", row.header}
			}
			got := get(t, s.URL()+"/v1/me", header...)
			var body struct {
				Error struct {
					Status  int
					Message string
				}
			}
			_ = json.Unmarshal([]byte(got.body), &body)
			if got.status != row.status || body.Error.Message != row.message || row.message != "" && body.Error.Status != row.status {
				t.Errorf("%d %s, want %d %s", got.status, got.body, row.status, row.message)
			}
			want := ""
			if row.status == 401 {
				want = `Bearer realm="spotify", error="invalid_token", error_description="` + row.message + `"`
			}
			if got.header.Get("WWW-Authenticate") != want {
				t.Errorf("WWW-Authenticate %s", got.header.Get("WWW-Authenticate"))
			}
		})
	}
}

func TestWebAPIRoutes(t *testing.T) {
	s := start(t, Options{Consent: ConsentAgree})
	token := signIn(t, s).AccessToken
	for name, row := range map[string]struct {
		method, path string
		status       int
	}{
		"me":               {"GET", "/v1/me", 200},
		"me with a slash":  {"GET", "/v1/me/", 200},
		"following":        {"GET", "/v1/me/following?type=artist", 200},
		"posting to me":    {"POST", "/v1/me", 405},
		"unknown":          {"GET", "/v1/me/nothing", 404},
		"outside of v1":    {"GET", "/v2/me", 404},
		"favicon":          {"GET", "/favicon.ico", 404},
		"follow":           {"PUT", "/v1/me/following?type=artist&ids=x", 403},
		"unfollow":         {"DELETE", "/v1/me/following?type=artist&ids=x", 403},
		"is followed":      {"GET", "/v1/me/following/contains?ids=x", 403},
		"artists by batch": {"GET", "/v1/artists?ids=x", 403},
		"top tracks":       {"GET", "/v1/artists/x/top-tracks", 403},
		"browse":           {"GET", "/v1/browse/new-releases", 403},
		"another user":     {"GET", "/v1/users/x", 403},
	} {
		t.Run(name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), row.method, s.URL()+row.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+token)
			if got := do(t, req); got.status != row.status || got.header.Get("Content-Type") != typeJSON {
				t.Errorf("%d %s", got.status, got.body)
			}
		})
	}
}

// Spotify's two host names reach the two services, each alone.
func TestHostsKeepToTheirService(t *testing.T) {
	s := start(t, Options{Consent: ConsentAgree})
	token := signIn(t, s).AccessToken
	for name, row := range map[string]struct {
		host, path string
		status     int
	}{
		"accounts, authorize": {"accounts.spotify.com", "/authorize?" + request().Encode(), 303},
		"accounts, Web API":   {"accounts.spotify.com", "/v1/me", 404},
		"api, Web API":        {"api.spotify.com", "/v1/me", 200},
		"api with port":       {"api.spotify.com:443", "/v1/me", 200},
		"api, authorize":      {"api.spotify.com", "/authorize?" + request().Encode(), 404},
		"address, both":       {"127.0.0.1", "/v1/me", 200},
	} {
		t.Run(name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL()+row.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Host = row.host
			req.Header.Set("Authorization", "Bearer "+token)
			if got := do(t, req); got.status != row.status {
				t.Errorf("%d %s, want %d", got.status, got.body, row.status)
			}
		})
	}
}

func TestDateIsTheStandInsClock(t *testing.T) {
	s := start(t, Options{Now: standing()})
	s.Advance(time.Hour)
	if got := get(t, s.URL()+"/v1/me"); got.header.Get("Date") != "Mon, 23 Nov 2026 13:00:00 GMT" {
		t.Errorf("Date: %s", got.header.Get("Date"))
	}
}

func TestRequestsTellsWhatArrived(t *testing.T) {
	s := start(t, Options{Consent: ConsentAgree, Now: standing()})
	reply := signIn(t, s)
	get(t, s.URL()+"/v1/me/following?type=artist&limit=99", "Authorization", "Bearer "+reply.AccessToken)
	all := s.Requests()
	if len(all) != 3 {
		t.Fatalf("%d requests", len(all))
	}
	for i, want := range []struct {
		method, path string
		status       int
	}{{"GET", "/authorize", 303}, {"POST", "/api/token", 200}, {"GET", "/v1/me/following", 400}} {
		if r := all[i]; r.Method != want.method || r.Path != want.path || r.Status != want.status || "http://"+r.Host != s.URL() || !r.Time.Equal(standing()()) {
			t.Errorf("%d: %+v", i, r)
		}
	}
	if all[0].Query.Get("state") != "st/a te" || all[1].Form.Get("code_verifier") != verifier || len(all[1].Query) != 0 || all[2].Query.Get("limit") != "99" {
		t.Errorf("got %+v", all)
	}
	if all[2].Header.Get("Authorization") != "Bearer "+reply.AccessToken {
		t.Error("the header is not kept")
	}
}

// S-01: what a canary sweep has to look for.
func TestSecretsAreAllThatPassedThrough(t *testing.T) {
	s := start(t, Options{Consent: ConsentAgree, Rotate: true})
	code := authorized(t, s, request())
	first := tokens(t, post(t, s.URL()+"/api/token", exchange(code)))
	second := tokens(t, post(t, s.URL()+"/api/token", renewal(first.RefreshToken)))
	post(t, s.URL()+"/api/token", renewal("never-issued"), "Authorization", basic(SecretClientID, ClientSecret))
	have := s.Secrets()
	for name, want := range map[string]string{
		"client secret": ClientSecret, "code": code, "verifier": verifier,
		"first access token": first.AccessToken, "first refresh token": first.RefreshToken,
		"second access token": second.AccessToken, "second refresh token": second.RefreshToken,
		"foreign refresh token": "never-issued", "Basic credentials": basic(SecretClientID, ClientSecret)[len("Basic "):],
	} {
		if !slices.Contains(have, want) {
			t.Errorf("the %s is missing", name)
		}
	}
	if len(have) != 9 {
		t.Errorf("%d secrets", len(have))
	}
}
