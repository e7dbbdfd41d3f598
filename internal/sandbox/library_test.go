package sandbox

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// second is the account that follows no one.
const second = "robindemo"

// call makes one request with a bearer.
func call(t *testing.T, s *Server, token, method, path string) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	return do(t, req)
}

func uris(all []Artist) string {
	var text []string
	for _, a := range all {
		text = append(text, "spotify:artist:"+a.ID)
	}
	return "uris=" + url.QueryEscape(strings.Join(text, ","))
}

func contains(t *testing.T, s *Server, token string, all []Artist) (followed []bool) {
	t.Helper()
	got := call(t, s, token, "GET", "/v1/me/library/contains?"+uris(all))
	if err := json.Unmarshal([]byte(got.body), &followed); err != nil || got.status != 200 {
		t.Fatalf("contains: %d %s", got.status, got.body)
	}
	return followed
}

// follower starts a stand-in of 120 artists. Its second account has signed in, and follows
// no one.
func follower(t *testing.T, o Options) (s *Server, token string, all []Artist) {
	t.Helper()
	o.Consent, o.Artists = ConsentAgree, 120
	if o.Now == nil {
		o.Now = standing()
	}
	s = start(t, o)
	all = s.Artists()
	s.SignInAs(second, "Robin Demo")
	return s, signIn(t, s, "scope", "user-follow-read user-follow-modify").AccessToken, all
}

// The error texts that Spotify was seen to send in October 2026.
func TestLibraryChecksItsParameters(t *testing.T) {
	s, token, all := follower(t, Options{})
	reader := signIn(t, s, "scope", "user-follow-read").AccessToken
	const id = "spotify:artist:"
	for name, row := range map[string]struct {
		method, path string
		token        string
		status       int
		message      string
	}{
		"no uris":               {"PUT", "", token, 400, "Missing required field: uris"},
		"empty uris":            {"PUT", "?uris=", token, 400, "Missing required field: uris"},
		"ids":                   {"PUT", "?ids=" + all[0].ID, token, 400, "Missing required field: uris"},
		"a bare id":             {"PUT", "?uris=" + all[0].ID, token, 400, "Invalid Spotify URI"},
		"a short id":            {"PUT", "?uris=" + id + all[0].ID[1:], token, 400, "Invalid Spotify URI"},
		"one that is none":      {"PUT", "?" + uris(all[:2]) + ",x", token, 400, "Invalid Spotify URI"},
		"40":                    {"PUT", "?" + uris(all[:40]), token, 200, ""},
		"raw colons and commas": {"PUT", "?uris=" + id + all[0].ID + "," + id + all[1].ID, token, 200, ""},
		"41":                    {"PUT", "?" + uris(all[:41]), token, 400, "Too many uris requested"},
		"60":                    {"DELETE", "?" + uris(all[:60]), token, 400, "Too many uris requested"},
		"41 asked for":          {"GET", "/contains?" + uris(all[:41]), token, 400, "Too many uris requested"},
		"none asked for":        {"GET", "/contains", token, 400, "Missing required field: uris"},
		"100":                   {"PUT", "?" + uris(all[:100]), token, 414, ""},
		"without the scope":     {"PUT", "?" + uris(all[:1]), reader, 403, "Insufficient client scope"},
		"nor to unfollow":       {"DELETE", "?" + uris(all[:1]), reader, 403, "Insufficient client scope"},
		"asking needs no more":  {"GET", "/contains?" + uris(all[:1]), reader, 200, ""},
		"a saved track":         {"PUT", "?uris=spotify:track:" + all[0].ID, token, 403, "Insufficient client scope"},
		"GET":                   {"GET", "", token, 405, "Method not allowed"},
		"POST":                  {"POST", "?" + uris(all[:1]), token, 405, "Method not allowed"},
	} {
		t.Run(name, func(t *testing.T) {
			got := call(t, s, row.token, row.method, "/v1/me/library"+row.path)
			if got.status != row.status || row.message != "" && got.body != fmt.Sprintf(`{"error":{"status":%d,"message":%q}}`, row.status, row.message) {
				t.Errorf("%d %s", got.status, got.body)
			}
		})
	}
}

func TestLibraryFollowsAndUnfollows(t *testing.T) {
	s, token, all := follower(t, Options{})
	if got := call(t, s, token, "PUT", "/v1/me/library?"+uris(all[:3])); got.status != 200 || got.body != "" {
		t.Errorf("%d %q", got.status, got.body)
	}
	if got := contains(t, s, token, all[1:5]); !slices.Equal(got, []bool{true, true, false, false}) {
		t.Errorf("contains %v", got)
	}
	call(t, s, token, "DELETE", "/v1/me/library?"+uris(all[1:2]))
	if got := contains(t, s, token, all[:3]); !slices.Equal(got, []bool{true, false, true}) {
		t.Errorf("after unfollowing, contains %v", got)
	}
	if got := s.Artists(); len(got) != 2 {
		t.Errorf("follows %v", got)
	}
}

// The answer to an ID that doesn't exist proves nothing.
func TestUnknownIDsAreAnswered200(t *testing.T) {
	s, token, all := follower(t, Options{})
	unknown := []Artist{{ID: strings.Repeat("0", 22)}, all[0]}
	if got := call(t, s, token, "PUT", "/v1/me/library?"+uris(unknown)); got.status != 200 {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := contains(t, s, token, unknown); !slices.Equal(got, []bool{false, true}) {
		t.Errorf("contains %v", got)
	}
	if got := s.Artists(); !slices.Equal(got, all[:1]) {
		t.Errorf("follows %v", got)
	}
}

// The most recently followed comes first. Artists of one call share an instant,
// so among themselves they are in the order of their IDs.
func TestTheLastFollowedComesFirst(t *testing.T) {
	s, token, all := follower(t, Options{})
	for _, batch := range [][]Artist{all[:3], all[3:5], all[5:6]} {
		call(t, s, token, "PUT", "/v1/me/library?"+uris(batch))
		s.Advance(time.Second)
	}
	byID := func(some []Artist) []Artist {
		return slices.SortedFunc(slices.Values(some), func(a, b Artist) int { return strings.Compare(a.ID, b.ID) })
	}
	want := slices.Concat(all[5:6], byID(all[3:5]), byID(all[:3]))
	var got []Artist
	for _, a := range fetchPage(t, s, token, "type=artist").Artists.Items {
		got = append(got, Artist{a.ID, a.Name})
	}
	if !slices.Equal(got, want) || !slices.Equal(s.Artists(), want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// spotify/web-api issue 1226: following again raises total for hours.
func TestFollowingAgainRaisesTotal(t *testing.T) {
	s, token, all := follower(t, Options{})
	total := func() int { return fetchPage(t, s, token, "type=artist").Artists.Total }
	call(t, s, token, "PUT", "/v1/me/library?"+uris(all[:5]))
	call(t, s, token, "PUT", "/v1/me/library?"+uris(all[:2]))
	if got := total(); got != 7 {
		t.Errorf("total is %d, want 7", got)
	}
	s.Advance(6 * time.Hour)
	token = signIn(t, s).AccessToken
	if got := total(); got != 5 {
		t.Errorf("hours later, total is %d, want 5", got)
	}
}

// Development mode lost the old calls in February 2026, extended mode kept them.
func TestOldFollowingCalls(t *testing.T) {
	ids := func(some []Artist) string {
		return "ids=" + strings.TrimPrefix(strings.ReplaceAll(uris(some), "spotify%3Aartist%3A", ""), "uris=")
	}
	for mode, want := range map[Mode]string{
		ModeDevelopment: `403 403 403 {"error":{"status":403,"message":"Forbidden"}}`,
		ModeExtended:    "204 204 400 [true,false]",
	} {
		t.Run(string(mode), func(t *testing.T) {
			s, token, all := follower(t, Options{Mode: mode})
			put := call(t, s, token, "PUT", "/v1/me/following?type=artist&"+ids(all[:50]))
			del := call(t, s, token, "DELETE", "/v1/me/following?type=artist&"+ids(all[49:50]))
			many := call(t, s, token, "PUT", "/v1/me/following?type=artist&"+ids(all[:51]))
			has := call(t, s, token, "GET", "/v1/me/following/contains?type=artist&"+ids(all[48:50]))
			if got := fmt.Sprintf("%d %d %d %s", put.status, del.status, many.status, has.body); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

// A second person can sign in: on the page, with Agree's helper, or because a
// test says so.
func TestTwoAccountsCanSignIn(t *testing.T) {
	s := start(t, Options{Artists: 120})
	for name, row := range map[string]struct {
		account string
		want    int
	}{"the first one, unasked": {"", 120}, "the second one": {second, 0}} {
		t.Run(name, func(t *testing.T) {
			uri, arrived := callback(t, http.StatusOK)
			address := s.URL() + "/authorize?" + request("redirect_uri", uri).Encode()
			if err := AgreeAs(t.Context(), http.DefaultClient, address, row.account); err != nil {
				t.Fatal(err)
			}
			form := exchange((<-arrived).Get("code"), "redirect_uri", uri)
			token := tokens(t, post(t, s.URL()+"/api/token", form)).AccessToken
			if got := fetchPage(t, s, token, "type=artist").Artists.Total; got != row.want {
				t.Errorf("follows %d, want %d", got, row.want)
			}
		})
	}
	address := s.URL() + "/authorize?" + request().Encode()
	if err := AgreeAs(t.Context(), http.DefaultClient, address, "nobody"); err == nil {
		t.Error("an account that does not exist could sign in")
	}
}

// A stand-in that agrees by itself chooses the other account if the client has it
// ask again, as somebody would who wants to change accounts.
func TestShowDialogChoosesTheOtherAccount(t *testing.T) {
	s := start(t, Options{Artists: 3, Consent: ConsentAgree})
	for dialog, want := range map[string]int{"": 3, "true": 0, "false": 3} {
		token := signIn(t, s, "show_dialog", dialog).AccessToken
		if got := fetchPage(t, s, token, "type=artist").Artists.Total; got != want {
			t.Errorf("show_dialog=%s: follows %d, want %d", dialog, got, want)
		}
	}
}

// As measured in October 2026: what a scope was granted for is still sent.
func TestMeHasWhatTheScopesAllow(t *testing.T) {
	bare := []string{"account_id", "display_name", "external_urls", "followers", "href", "id", "images", "type", "uri"}
	with := func(more ...string) []string { return slices.Sorted(slices.Values(slices.Concat(bare, more))) }
	for name, row := range map[string]struct {
		fault, scope string
		want         []string
	}{
		"no scope":     {"", "user-follow-read", bare},
		"e-mail":       {"", "user-read-email", with("email")},
		"private":      {"", "user-read-private", with("country", "explicit_content", "product")},
		"both, denied": {"me:bare", "user-read-email user-read-private", without(slices.Clone(bare), "followers")},
	} {
		t.Run(name, func(t *testing.T) {
			o := Options{Consent: ConsentAgree}
			if row.fault != "" {
				o.Faults = []string{row.fault}
			}
			s := start(t, o)
			got := get(t, s.URL()+"/v1/me", "Authorization", "Bearer "+signIn(t, s, "scope", row.scope).AccessToken)
			var user map[string]any
			if err := json.Unmarshal([]byte(got.body), &user); err != nil {
				t.Fatal(err)
			}
			if have := slices.Sorted(maps.Keys(user)); !slices.Equal(have, row.want) {
				t.Errorf("keys %q", have)
			}
		})
	}
}

// Faults that a restore meets.
func TestFaultsOfFollowing(t *testing.T) {
	const failed = `502 {"error":{"status":502,"message":"Failed to follow artists"}}`
	for spec, row := range map[string]struct {
		batches [][2]int // of the artists, one call each
		answers string   // the last one's body too
		follows int
	}{
		"poison=7":                    {[][2]int{{0, 5}, {5, 10}, {5, 6}, {6, 7}}, "200 502 200 " + failed, 6},
		"follow:half":                 {[][2]int{{0, 40}}, "200 ", 20},
		"follow:half-502":             {[][2]int{{0, 40}}, failed, 20},
		"follow=2:half-502":           {[][2]int{{0, 40}, {40, 80}, {40, 80}}, "200 502 200 ", 80},
		"follow:lost":                 {[][2]int{{0, 40}}, "0 ", 40},
		"follow:cut":                  {[][2]int{{0, 40}}, "0 ", 40},
		"follow=2:429,retry-after=90": {[][2]int{{0, 40}, {40, 80}, {40, 80}}, "200 429 200 ", 80},
		"/me/library:403":             {[][2]int{{0, 40}}, `403 {"error":{"status":403,"message":"Forbidden"}}`, 0},
	} {
		t.Run(spec, func(t *testing.T) {
			s, token, all := follower(t, Options{Faults: []string{spec}})
			var answers []string
			for i, b := range row.batches {
				client.CloseIdleConnections() // or Go's client would try a PUT again by itself
				got := call(t, s, token, "PUT", "/v1/me/library?"+uris(all[b[0]:b[1]]))
				answers = append(answers, fmt.Sprint(got.status))
				if i == len(row.batches)-1 {
					answers = append(answers, got.body)
				}
			}
			if got := strings.Join(answers, " "); got != row.answers {
				t.Errorf("answered %s, want %s", got, row.answers)
			}
			if got := len(s.Artists()); got != row.follows {
				t.Errorf("follows %d, want %d", got, row.follows)
			}
		})
	}
}

func TestContainsLags(t *testing.T) {
	s, token, all := follower(t, Options{Faults: []string{"lag=4s"}})
	call(t, s, token, "PUT", "/v1/me/library?"+uris(all[:1]))
	for _, want := range []bool{false, true} {
		if got := contains(t, s, token, all[:1]); got[0] != want {
			t.Errorf("contains %v, want %v", got[0], want)
		}
		s.Advance(4 * time.Second)
	}
}

func TestUnfollowMakesRoomForARestore(t *testing.T) {
	s := start(t, Options{Artists: 5, Consent: ConsentAgree})
	all := s.Artists()
	s.Unfollow(all[1].ID, all[3].ID)
	if got, want := s.Artists(), []Artist{all[0], all[2], all[4]}; !slices.Equal(got, want) {
		t.Errorf("follows %v, want %v", got, want)
	}
	if len(s.Requests()) != 0 {
		t.Error("that was recorded as a request")
	}
}
