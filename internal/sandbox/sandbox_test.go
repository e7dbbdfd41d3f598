package sandbox

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// start runs a stand-in for one test.
func start(t *testing.T, o Options) *Server {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// client follows no redirect and gives up in the end.
var client = &http.Client{
	Timeout:       20 * time.Second,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

const verifier = "a-verifier-of-forty-three-characters-at-least"

func challenge() string { return challengeOf(verifier) }

func challengeOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// request is an authorization request that is in order, with changes.
func request(changes ...string) url.Values {
	q := url.Values{
		"client_id": {ClientID}, "response_type": {"code"}, "redirect_uri": {"http://127.0.0.1:4711/callback"},
		"scope": {"user-follow-read"}, "state": {"st/a te"},
		"code_challenge": {challenge()}, "code_challenge_method": {"S256"},
	}
	return with(q, changes...)
}

// with sets (or, for "", deletes) name, value, name, value, ...
func with(q url.Values, changes ...string) url.Values {
	for i := 0; i < len(changes); i += 2 {
		q.Set(changes[i], changes[i+1])
		if changes[i+1] == "" {
			q.Del(changes[i])
		}
	}
	return q
}

type reply struct {
	status int
	header http.Header
	body   string
	err    error // of reading the body
}

func do(t *testing.T, req *http.Request) reply {
	t.Helper()
	resp, err := client.Do(req)
	if err != nil {
		return reply{err: err}
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header, string(body), err}
}

func get(t *testing.T, address string, header ...string) reply {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	req.RequestURI = ""
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	return do(t, req)
}

func post(t *testing.T, address string, form url.Values, header ...string) reply {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	req.RequestURI = ""
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	return do(t, req)
}

// authorized asks for a code of a stand-in that agrees at once.
func authorized(t *testing.T, s *Server, q url.Values) string {
	t.Helper()
	return callbackOf(t, get(t, s.URL()+"/authorize?"+q.Encode())).Get("code")
}

func callbackOf(t *testing.T, r reply) url.Values {
	t.Helper()
	u, err := url.Parse(r.header.Get("Location"))
	if err != nil || r.status != http.StatusSeeOther {
		t.Fatalf("no redirect to the callback: %d %s", r.status, r.body)
	}
	return u.Query()
}

func exchange(code string, changes ...string) url.Values {
	return with(url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {"http://127.0.0.1:4711/callback"},
		"client_id": {ClientID}, "code_verifier": {verifier},
	}, changes...)
}

func renewal(refresh string, changes ...string) url.Values {
	return with(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}, "client_id": {ClientID}}, changes...)
}

// tokens reads a reply of the token endpoint that has to be a success.
func tokens(t *testing.T, r reply) tokenReply {
	t.Helper()
	var got tokenReply
	if err := json.Unmarshal([]byte(r.body), &got); err != nil || r.status != http.StatusOK {
		t.Fatalf("token endpoint: %d %s", r.status, r.body)
	}
	return got
}

// signIn does the whole sign-in of a public client.
func signIn(t *testing.T, s *Server, changes ...string) tokenReply {
	t.Helper()
	return tokens(t, post(t, s.URL()+"/api/token", exchange(authorized(t, s, request(changes...)))))
}

func TestNewRefusesOptionsWithoutSense(t *testing.T) {
	for name, row := range map[string]struct {
		options Options
		want    string
	}{
		"consent":        {Options{Consent: "maybe"}, `--consent is ask, agree or deny, not "maybe"`},
		"artists":        {Options{Artists: -1}, "--artists must not be negative"},
		"names":          {Options{Names: "odd"}, `--names is friendly or nasty, not "odd"`},
		"mode":           {Options{Mode: "old"}, `--mode is development or extended, not "old"`},
		"client ID":      {Options{ClientID: "mine"}, `client ID "mine" is not 32 hexadecimal digits`},
		"localhost":      {Options{RedirectURIs: []string{"http://localhost:8888/callback"}}, `redirect URI "http://localhost:8888/callback": localhost is not allowed, use 127.0.0.1`},
		"http elsewhere": {Options{RedirectURIs: []string{"http://example.com/callback"}}, `redirect URI "http://example.com/callback": http is only for a loopback address`},
		"no URI":         {Options{RedirectURIs: []string{"callback"}}, `redirect URI "callback" is not an absolute URI without a fragment`},
		"fault":          {Options{Faults: []string{"nonsense"}}, `fault "nonsense": use PLACE:WHAT, or one of null, duplicate, total+N, total-N, poison=N, lag=DURATION, escapes`},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := New(row.options)
			if err == nil {
				_ = s.Close()
				t.Fatal("no error")
			}
			if err.Error() != row.want {
				t.Errorf("got  %s\nwant %s", err, row.want)
			}
		})
	}
}

// callback is a client's listener that answers status and passes on what it got.
func callback(t *testing.T, status int) (uri string, arrived chan url.Values) {
	t.Helper()
	arrived = make(chan url.Values, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(status)
		arrived <- r.URL.Query()
	}))
	t.Cleanup(server.Close)
	return server.URL + "/callback", arrived
}

// agree and cancel press a button with a client that follows redirects.
func agree(t *testing.T) func(string) error {
	return func(address string) error {
		return Agree(t.Context(), &http.Client{Timeout: 20 * time.Second}, address)
	}
}

func cancel(t *testing.T) func(string) error {
	return func(address string) error {
		return Cancel(t.Context(), &http.Client{Timeout: 20 * time.Second}, address)
	}
}

// standing is a clock that only Advance moves.
func standing() func() time.Time {
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	return func() time.Time { return at }
}
