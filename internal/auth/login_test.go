package auth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spotauth/spotauth/internal/secret"
)

const (
	testID    = "0123456789abcdef0123456789ABCDEF"
	testScope = "user-follow-read"
)

// accounts is a small token endpoint: it counts, remembers and answers what a
// test wants; the whole protocol is for the stand-in.
type accounts struct {
	*httptest.Server
	mu     sync.Mutex
	posts  []*http.Request // with parsed forms
	answer http.HandlerFunc
}

const goodToken = `{"access_token":"canary-access","token_type":"Bearer","expires_in":3600,` +
	`"refresh_token":"canary-refresh","scope":"user-follow-read"}`

func newAccounts(t *testing.T) *accounts {
	t.Helper()
	a := &accounts{answer: respond(http.StatusOK, goodToken)}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		a.mu.Lock()
		a.posts = append(a.posts, r)
		answer := a.answer
		a.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(a.Close)
	return a
}

func (a *accounts) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.posts)
}

func respond(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// config is a client and what it asks for.
type config struct {
	Client
	Request
}

// config is a login at a whose transport is its own, so that no connection of
// one test is left to the next.
func (a *accounts) config(t *testing.T) config {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return config{
		Client{Origin: a.URL, ID: testID, Transport: transport},
		Request{Scopes: []string{testScope}, Timeout: 20 * time.Second},
	}
}

// answerURL is the URL that the browser is sent to after consent, with code.
func answerURL(authorizeURL, code string) string {
	return redirectWith(authorizeURL, "code="+url.QueryEscape(code))
}

func redirectWith(authorizeURL, params string) string {
	u, _ := url.Parse(authorizeURL)
	q := u.Query()
	return q.Get("redirect_uri") + "?" + params + "&state=" + url.QueryEscape(q.Get("state"))
}

// visit is a browser tab: it follows redirects and reads the page.
func visit(t *testing.T, address string) (status int, body string) {
	t.Helper()
	return visitBy(t, &http.Client{}, address)
}

// visitBy is visit with a client of the test's own.
func visitBy(t *testing.T, client *http.Client, address string) (status int, body string) {
	t.Helper()
	client.Transport, client.Timeout = &http.Transport{DisableKeepAlives: true}, 20*time.Second
	res, err := client.Get(address)
	if err != nil {
		t.Errorf("no page: %v", strings.ReplaceAll(err.Error(), address, "ADDRESS"))
		return 0, ""
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Errorf("page cut short: %v", err)
	}
	return res.StatusCode, string(text)
}

// browse starts tab in the background when a login is ready, and returns a func
// that waits for it.
func browse(c *config, tab func(Waiting)) (done func()) {
	var tabs sync.WaitGroup
	c.Ready = func(w Waiting) { tabs.Go(func() { tab(w) }) }
	return tabs.Wait
}

func TestLoginTellsTheTruthInTheBrowser(t *testing.T) { // L-08, L-14: the page comes after exchange and save
	spotify := `{"error":"invalid_grant","error_description":"Invalid authorization code"}`
	saveError := errors.New("the keychain is locked")
	tests := []struct {
		name   string
		params string
		token  http.HandlerFunc
		finish error
		want   error
		text   string // of the error, if it is no sentinel
		page   page
		posts  int
	}{
		{"agreed", "code=canary-code", respond(200, goodToken), nil, nil, "", signedIn, 1},
		{"declined", "error=access_denied", nil, nil, ErrDenied, "", declined, 0},
		{"declined with a code", "error=access_denied&code=canary-code", nil, nil, ErrDenied, "", declined, 0},
		{"scope unknown", "error=invalid_scope&error_description=Invalid+scope%1b", nil, nil, nil,
			"Spotify does not know a requested scope: invalid_scope (Invalid scope)", failed, 0},
		{"server error", "error=server_error", nil, nil, nil,
			"Spotify had an internal error: server_error", failed, 0},
		{"overloaded", "error=temporarily_unavailable", nil, nil, nil,
			"Spotify cannot sign anyone in right now: temporarily_unavailable", failed, 0},
		{"other error", "error=%3Cscript%3E", nil, nil, nil,
			"Spotify rejected the sign-in request: <script>", failed, 0},
		{"exchange refused", "code=canary-code", respond(400, spotify), nil, nil,
			"the token endpoint answered 400: invalid_grant (Invalid authorization code)", failed, 1},
		{"save failed", "code=canary-code", respond(200, goodToken), saveError, saveError, "", failed, 1},
		{"scope not granted", "code=canary-code", respond(200, strings.Replace(goodToken, testScope, "user-read-email", 1)),
			nil, ErrScope, "", failed, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := newAccounts(t)
			a.answer = tt.token
			c := a.config(t)
			ada := SignedIn{Account: "Ada & Søn", Until: time.Date(2027, 5, 24, 12, 0, 0, 0, time.Local), Next: "spotauth artists"}
			c.Finish = func(_ context.Context, g Grant) (SignedIn, error) {
				if g.Access.Reveal() != "canary-access" {
					t.Error("finish got another grant")
				}
				return ada, tt.finish
			}
			wait := browse(&c, func(w Waiting) {
				status, body := visit(t, redirectWith(w.URL, tt.params))
				want := tt.page
				if want == signedIn {
					want = want.with(ada)
				}
				if status != 200 || body != rendered(want) {
					t.Errorf("status %d, page %s", status, body)
				}
			})
			g, err := c.Login(t.Context(), c.Request)
			wait()
			if tt.text != "" && (err == nil || err.Error() != tt.text) || tt.text == "" && !errors.Is(err, tt.want) {
				t.Errorf("error %v", err)
			}
			if (err == nil) == g.Access.Empty() {
				t.Errorf("grant %v with error %v", g, err)
			}
			if a.count() != tt.posts {
				t.Errorf("%d exchanges", a.count())
			}
		})
	}
}

// rendered is p as a browser gets it.
func rendered(p page) string {
	w := httptest.NewRecorder()
	p.write(w, 200)
	return w.Body.String()
}

func TestLoginSendsTheRequestsOfTheRFCs(t *testing.T) { // L-07, L-12
	seen := map[string]bool{}
	for range 3 {
		a := newAccounts(t)
		c := a.config(t)
		c.Scopes = []string{testScope}
		c.ShowDialog = true
		var authorize url.Values
		wait := browse(&c, func(w Waiting) {
			u, _ := url.Parse(w.URL)
			if got := u.Scheme + "://" + u.Host + u.Path; got != a.URL+"/authorize" {
				t.Errorf("authorize at %s", got)
			}
			authorize = u.Query()
			visit(t, answerURL(w.URL, "canary-code"))
		})
		g, err := c.Login(t.Context(), c.Request)
		wait()
		if err != nil {
			t.Fatal(err)
		}
		want := Grant{Access: secret.New("canary-access"), Refresh: secret.New("canary-refresh"), Scopes: []string{testScope}, ExpiresIn: time.Hour}
		if !g.Access.Equal(want.Access) || !g.Refresh.Equal(want.Refresh) || g.ExpiresIn != want.ExpiresIn ||
			fmt.Sprint(g.Scopes) != fmt.Sprint(want.Scopes) {
			t.Errorf("granted %+v", g)
		}
		checkAuthorize(t, authorize)
		r := a.posts[0]
		checkExchange(t, r, authorize)
		for _, once := range []string{authorize.Get("state"), r.PostForm.Get("code_verifier")} {
			if seen[once] {
				t.Error("a state or verifier came twice")
			}
			seen[once] = true
		}
	}
}

func checkAuthorize(t *testing.T, q url.Values) {
	t.Helper()
	for name, want := range map[string]string{
		"response_type": "code", "client_id": testID, "scope": testScope,
		"code_challenge_method": "S256", "show_dialog": "true",
	} {
		if len(q[name]) != 1 || q.Get(name) != want {
			t.Errorf("%s is %q", name, q[name])
		}
	}
	if !regexp.MustCompile(`^http://(127\.0\.0\.1|\[::1\]):\d+/callback$`).MatchString(q.Get("redirect_uri")) {
		t.Errorf("redirect_uri %s", q.Get("redirect_uri"))
	}
	if state, err := base64.RawURLEncoding.DecodeString(q.Get("state")); err != nil || len(state) != 32 {
		t.Errorf("state of %d bytes: %v", len(state), err)
	}
	if len(q) != 8 {
		t.Errorf("parameters %v", slices.Sorted(maps.Keys(q)))
	}
}

func checkExchange(t *testing.T, r *http.Request, authorize url.Values) {
	t.Helper()
	for name, want := range map[string]string{
		"grant_type": "authorization_code", "code": "canary-code",
		"redirect_uri": authorize.Get("redirect_uri"), "client_id": testID,
	} {
		if len(r.PostForm[name]) != 1 || r.PostForm.Get(name) != want {
			t.Errorf("%s is %q", name, r.PostForm[name])
		}
	}
	verifier := r.PostForm.Get("code_verifier")
	if !regexp.MustCompile(`^[A-Za-z0-9._~-]{43,128}$`).MatchString(verifier) {
		t.Error("the verifier has another form than RFC 7636 section 4.1")
	}
	sum := sha256.Sum256([]byte(verifier))
	if authorize.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(sum[:]) {
		t.Error("the challenge is not the verifier's")
	}
	if r.URL.Path != "/api/token" || r.Method != http.MethodPost || r.URL.RawQuery != "" || len(r.PostForm) != 5 {
		t.Errorf("%s %s with %v", r.Method, r.URL, slices.Sorted(maps.Keys(r.PostForm)))
	}
}
