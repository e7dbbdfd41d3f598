package sandbox

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
)

// keys lists every path of keys in a JSON value with the kind of its value:
// "artists.items[].name string". A list counts for all of its items.
func keys(t *testing.T, text []byte) []string {
	t.Helper()
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	found := map[string]bool{}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, inner := range v {
				walk(strings.TrimPrefix(path+"."+name, "."), inner)
			}
		case []any:
			found[path+" list"] = true
			for _, inner := range v {
				walk(path+"[]", inner)
			}
		default:
			found[fmt.Sprintf("%s %T", path, v)] = true
		}
	}
	walk("", v)
	return slices.Sorted(maps.Keys(found))
}

func capture(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestAnswersHaveTheCapturedKeys(t *testing.T) {
	for name, row := range map[string]struct {
		options Options
		scope   string
		path    string
		capture string
	}{
		"page of development mode": {Options{Artists: 60}, "user-follow-read", "/v1/me/following?type=artist&limit=50", "DERIVED-me-following-devmode-2026.json"},
		"page of 2015":             {Options{Artists: 60, Mode: ModeExtended}, "user-follow-read", "/v1/me/following?type=artist", "me-following-page-2015.json"},
		"nobody followed":          {Options{}, "user-follow-read", "/v1/me/following?type=artist&limit=10", "me-following-empty.json"},
		"user with all fields":     {Options{Mode: ModeExtended}, "user-read-private", "/v1/me", "me-2026-03-redacted.json"},
	} {
		t.Run(name, func(t *testing.T) {
			row.options.Consent = ConsentAgree
			s := start(t, row.options)
			token := signIn(t, s, "scope", row.scope).AccessToken
			got := get(t, s.URL()+row.path, "Authorization", "Bearer "+token)
			if got.status != 200 {
				t.Fatalf("%d %s", got.status, got.body)
			}
			have, want := keys(t, []byte(got.body)), keys(t, capture(t, row.capture))
			if strings.HasPrefix(row.path, "/v1/me/following") {
				want = without(want, "artists.items[].followers.total null") // kinds that a capture mixes
			} else {
				have = without(have, "account_id string")                                                        // came two months after the capture
				want = without(want, "images[].height float64", "images[].url string", "images[].width float64") // this account has no picture
			}
			if !slices.Equal(have, want) {
				t.Errorf("keys differ\ngot  %q\nwant %q", have, want)
			}
		})
	}
}

func without(all []string, some ...string) []string {
	return slices.DeleteFunc(all, func(s string) bool { return slices.Contains(some, s) })
}

func TestTokenRepliesHaveTheCapturedKeys(t *testing.T) {
	var captured map[string]json.RawMessage
	if err := json.Unmarshal(capture(t, "token-responses.json"), &captured); err != nil {
		t.Fatal(err)
	}
	s, rotating := start(t, Options{Consent: ConsentAgree}), start(t, Options{Consent: ConsentAgree, Rotate: true})
	replies := map[string]string{
		"exchange_response":                 post(t, s.URL()+"/api/token", exchange(authorized(t, s, request()))).body,
		"refresh_response since 2026-07-20": post(t, s.URL()+"/api/token", renewal(signIn(t, s).RefreshToken)).body,
		"refresh_response with a new token": post(t, rotating.URL()+"/api/token", renewal(signIn(t, rotating).RefreshToken)).body,
	}
	seen := 0
	for title, want := range captured {
		for prefix, got := range replies {
			if strings.HasPrefix(title, prefix) {
				seen++
				if have, want := keys(t, []byte(got)), keys(t, want); !slices.Equal(have, want) {
					t.Errorf("%s: keys %q, want %q", title, have, want)
				}
			}
		}
	}
	if seen != 3 {
		t.Errorf("%d of 3 captures compared", seen)
	}
}

// The stand-in sends every captured error body, byte for byte but for white space: by
// itself if a mistake causes it, otherwise by a fault.
func TestErrorBodiesAreTheCapturedOnes(t *testing.T) {
	const premium = "Active premium subscription required for the owner of the app. When the subscription status changes, it can take a few hours before requests are allowed again."
	earned := map[string]func(t *testing.T, s *Server) reply{
		"Invalid refresh token":       token(renewal("never-issued")),
		"Invalid authorization code":  token(exchange("never-issued")),
		"Invalid redirect URI":        spoilt("redirect_uri", "http://127.0.0.1:4712/callback"),
		"code_verifier was incorrect": spoilt("code_verifier", strings.Repeat("x", 43)),
		"Invalid client secret":       token(exchange("any", "client_id", SecretClientID, "client_secret", "wrong")),
		"Insufficient client scope":   api("/v1/me/following?type=artist", "user-read-email"),
		"Resource not found":          api("/v1/nothing", "user-follow-read"),
		"Invalid limit":               api("/v1/me/following?type=artist&limit=51", "user-follow-read"),
		"Forbidden":                   api("/v1/markets", "user-follow-read"),
	}
	scripted := map[string]string{
		"Refresh token revoked": "refresh:revoked", "Refresh token expired": "refresh:expired",
		"The access token expired": "api:401", "Access token missing": "api:401-missing",
		"Check settings on developer.spotify.com/dashboard, the user may not be registered.": "api:403-user",
		"User not registered in the Developer Dashboard":                                     "api:403,body=User not registered in the Developer Dashboard",
		premium: "api:403-premium", "API rate limit exceeded": "api:429", "Too many requests": "api:429-text",
		"QUOTA_EXCEEDED": "api:429-quota", "Failed to get followed artists": "following:502",
	}
	var all []errorBody
	if err := json.Unmarshal(capture(t, "error-bodies.json"), &all); err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		want := e.text()
		t.Run(want, func(t *testing.T) {
			ask := earned[e.subject()]
			if spec := scripted[e.subject()]; strings.HasPrefix(spec, "refresh") {
				ask = token(renewal("any"))
			} else if spec != "" {
				ask = api("/v1/me/following", "user-follow-read")
			}
			if ask == nil {
				t.Fatal("nothing is known to earn this body")
			}
			o := Options{Consent: ConsentAgree}
			if spec := scripted[e.subject()]; spec != "" {
				o.Faults = []string{spec}
			}
			if got := ask(t, start(t, o)); got.status != e.Status || got.body != want {
				t.Errorf("%d %s, want %d %s", got.status, got.body, e.Status, want)
			}
		})
	}
}

// errorBody is one entry of testdata/error-bodies.json.
type errorBody struct {
	Status        int
	Body          json.RawMessage
	Text, Message string
}

func (e errorBody) text() string {
	if e.Body != nil {
		return string(encode(e.Body))
	}
	return e.Text + e.Message
}

// subject is what tells the entry from the others: reason, or the words.
func (e errorBody) subject() string {
	var oauth struct {
		Description string `json:"error_description"`
	}
	var api struct {
		Error struct{ Message, Reason string }
	}
	_ = json.Unmarshal(e.Body, &oauth)
	_ = json.Unmarshal(e.Body, &api)
	return cmp.Or(api.Error.Reason, api.Error.Message, oauth.Description, e.Text, e.Message)
}

func token(form url.Values) func(*testing.T, *Server) reply {
	return func(t *testing.T, s *Server) reply { return post(t, s.URL()+"/api/token", form) }
}

// spoilt is an exchange that is in order but for one parameter.
func spoilt(change ...string) func(*testing.T, *Server) reply {
	return func(t *testing.T, s *Server) reply {
		return post(t, s.URL()+"/api/token", exchange(authorized(t, s, request()), change...))
	}
}

// api is a request with a good token for scope.
func api(path, scope string) func(*testing.T, *Server) reply {
	return func(t *testing.T, s *Server) reply {
		return get(t, s.URL()+path, "Authorization", "Bearer "+signIn(t, s, "scope", scope).AccessToken)
	}
}
