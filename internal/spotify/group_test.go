package spotify

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestGroup(t *testing.T) {
	for path, want := range map[string]string{
		"/v1/me":                                    "GET /v1/me",
		"/v1/me/following":                          "GET /v1/me/following",
		"/v1/me/player/recently-played":             "GET /v1/me/player/recently-played",
		"/v1/me/library/contains":                   "GET /v1/me/library/contains",
		"/v1/artists/0OdUWJ0sBjDrqHygGUXeCF/albums": "GET /v1/artists/{id}/albums",
		"/v1/artists/aaaaaaaaaaaaaaaaaaaaaa/albums": "GET /v1/artists/{id}/albums",
		"/v1/shows/38bS44xjbVVZ3No3ByF1dJ/episodes": "GET /v1/shows/{id}/episodes",
		"/v1/playlists/37i9dQZF1DXcBWIGoYBM5M":      "GET /v1/playlists/{id}",
		"/v1/users/wizzler/playlists":               "GET /v1/users/{id}/playlists",
		"/v1/users/31abc%20d/playlists":             "GET /v1/users/{id}/playlists",
		"/v1/audio-features/11dFghVXANMlKmJXsNCbNl": "GET /v1/audio-features/{id}",
	} {
		if got := Group("GET", path); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	if Group("PUT", "/v1/me/library") == Group("DELETE", "/v1/me/library") {
		t.Error("the method makes no difference")
	}
}

// A limit that an earlier process met is waited for once, before the first request that it counts for.
func TestCoolDown(t *testing.T) {
	for _, row := range []struct {
		name     string
		limits   map[string]time.Duration
		waited   time.Duration
		requests int
		kind     Kind
	}{
		{"none", nil, 0, 3, ""},
		{"of all", map[string]time.Duration{APIGroup: 20 * time.Second}, 20 * time.Second, 3, ""},
		{"of these", map[string]time.Duration{"GET /v1/me/following": 30 * time.Second}, 30 * time.Second, 3, ""},
		{"of others", map[string]time.Duration{"GET /v1/me": time.Hour, "PUT /v1/me/following": time.Hour}, 0, 3, ""},
		{"over", map[string]time.Duration{APIGroup: -time.Hour}, 0, 3, ""},
		{"of all, too long", map[string]time.Duration{APIGroup: time.Hour}, 0, 0, RateLimited},
		{"of these, too long", map[string]time.Duration{"GET /v1/me/following": time.Hour}, 0, 0, QuotaExceeded},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := server(ids(1, 120)...)
				c := client(f)
				c.CoolDown = func(limits string) time.Duration { return row.limits[limits] }
				var told time.Duration
				c.Waiting = func(why *Error, pause time.Duration) {
					if told += pause; why.Kind != RateLimited && why.Kind != QuotaExceeded {
						t.Errorf("told of %v", why)
					}
				}
				start := time.Now()
				_, err := collect(t, c.FollowedArtists(t.Context(), new(Listing)))
				if waited := time.Since(start); waited != row.waited || told != waited || f.count() != row.requests {
					t.Errorf("%d requests, waited %v, told of %v", f.count(), waited, told)
				}
				e, _ := err.(*Error)
				if kindOf(err) != row.kind || e != nil && (e.RetryAfter != time.Hour || row.limits[e.Group] != time.Hour) {
					t.Errorf("got %#v", err)
				}
			})
		})
	}
}

// A plain rate limit counts for all paths, an exhausted quota for one group of them. It is
// final, whether Spotify says for how long or not.
func TestWhatALimitCountsFor(t *testing.T) {
	const quota = `{"error":{"status":429,"message":"Too many requests","reason":"QUOTA_EXCEEDED"}}`
	for _, row := range []struct {
		status int
		body   string
		fields []string
		kind   Kind
		limits string
		wait   time.Duration
	}{
		{429, limited, []string{"Retry-After: 3600"}, RateLimited, APIGroup, time.Hour},
		{429, quota, []string{"Retry-After: 3600"}, QuotaExceeded, "GET /v1/me", time.Hour},
		{429, quota, nil, QuotaExceeded, "GET /v1/me", 0},
		{403, quota, []string{"Retry-After: 3600"}, QuotaExceeded, "GET /v1/me", time.Hour},
		{403, quota, nil, QuotaExceeded, "GET /v1/me", 0},
		{400, quota, nil, Rejected, "", 0},
	} {
		f := script(says(row.status, row.body, row.fields...))
		_, err := client(f).Me(t.Context())
		if e, ok := err.(*Error); !ok || e.Kind != row.kind || e.Group != row.limits || e.RetryAfter != row.wait || f.count() != 1 {
			t.Errorf("%d %s: %d requests, %#v", row.status, row.body, f.count(), err)
		}
	}
}
