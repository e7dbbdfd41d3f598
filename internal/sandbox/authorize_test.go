package sandbox

import (
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// L-06: a wrong client or redirect URI is a page in the browser, and the
// client hears nothing.
func TestAuthorizeShowsAPageInsteadOfRedirecting(t *testing.T) {
	s := start(t, Options{Consent: ConsentAgree, RedirectURIs: []string{
		"http://127.0.0.1/callback", "http://[::1]/callback", "http://127.0.0.1:5000/spotify/callback", "https://example.com/callback",
	}})
	const wrongURI = "INVALID_CLIENT: Invalid redirect URI"
	for name, row := range map[string]struct {
		changes []string
		want    string // the page's heading; "" is a redirect
	}{
		"any port":                     {nil, ""},
		"IPv6, any port":               {[]string{"redirect_uri", "http://[::1]:4711/callback"}, ""},
		"no port, as registered":       {[]string{"redirect_uri", "http://127.0.0.1/callback"}, ""},
		"the port registered":          {[]string{"redirect_uri", "http://127.0.0.1:5000/spotify/callback"}, ""},
		"https, as registered":         {[]string{"redirect_uri", "https://example.com/callback"}, ""},
		"no client":                    {[]string{"client_id", ""}, "Missing required parameter: client_id"},
		"anybody's client":             {[]string{"client_id", strings.Repeat("0", 32)}, ""},
		"a client ID that is none":     {[]string{"client_id", strings.Repeat("0", 31)}, "INVALID_CLIENT: Invalid client"},
		"no redirect URI":              {[]string{"redirect_uri", ""}, "Missing required parameter: redirect_uri"},
		"another port than registered": {[]string{"redirect_uri", "http://127.0.0.1:5001/spotify/callback"}, wrongURI},
		"a port for https":             {[]string{"redirect_uri", "https://example.com:444/callback"}, wrongURI},
		"localhost":                    {[]string{"redirect_uri", "http://localhost:4711/callback"}, wrongURI},
		"another loopback literal":     {[]string{"redirect_uri", "http://127.0.0.2:4711/callback"}, wrongURI},
		"another path":                 {[]string{"redirect_uri", "http://127.0.0.1:4711/Callback"}, wrongURI},
		"a colon without a port":       {[]string{"redirect_uri", "http://127.0.0.1:/callback"}, wrongURI},
		"a slash at the end":           {[]string{"redirect_uri", "http://127.0.0.1:4711/callback/"}, wrongURI},
		"a query":                      {[]string{"redirect_uri", "http://127.0.0.1:4711/callback?x=1"}, wrongURI},
		"a user name":                  {[]string{"redirect_uri", "http://127.0.0.1@evil.example:4711/callback"}, wrongURI},
		"the address as user name":     {[]string{"redirect_uri", "http://u@127.0.0.1:4711/callback"}, wrongURI},
		"https for a loopback address": {[]string{"redirect_uri", "https://127.0.0.1:4711/callback"}, wrongURI},
		"not a URI":                    {[]string{"redirect_uri", "http://[::1/callback"}, wrongURI},
		"a scope that does not exist":  {[]string{"scope", "user-follow-read everything"}, "Illegal scope"},
	} {
		t.Run(name, func(t *testing.T) {
			got := get(t, s.URL()+"/authorize?"+request(row.changes...).Encode())
			if row.want == "" {
				if callbackOf(t, got).Get("code") == "" {
					t.Error("no code")
				}
				return
			}
			if got.status != 400 || !strings.Contains(got.body, "<h1>"+row.want+"</h1>") || got.header.Get("Location") != "" {
				t.Errorf("%d, Location %q, %s", got.status, got.header.Get("Location"), got.body)
			}
			if got.header.Get("Content-Type") != "text/html; charset=utf-8" {
				t.Errorf("content type %q", got.header.Get("Content-Type"))
			}
		})
	}
}

// L-12: a public client has to use PKCE with S256, an app with a secret may
// leave it out altogether.
func TestAuthorizeSendsErrorsToTheCallback(t *testing.T) {
	s := start(t, Options{Consent: ConsentAgree})
	noPKCE := []string{"code_challenge", "", "code_challenge_method", ""}
	for name, row := range map[string]struct {
		changes []string
		want    string // the error; "" is a code
	}{
		"S256":                         {nil, ""},
		"a secret and no PKCE":         {append(noPKCE, "client_id", SecretClientID), ""},
		"a secret and S256":            {[]string{"client_id", SecretClientID}, ""},
		"token":                        {[]string{"response_type", "token"}, "unsupported_response_type"},
		"no response type":             {[]string{"response_type", ""}, "unsupported_response_type"},
		"public, no PKCE":              {noPKCE, "invalid_request"},
		"plain":                        {[]string{"code_challenge_method", "plain"}, "invalid_request"},
		"no method":                    {[]string{"code_challenge_method", ""}, "invalid_request"},
		"no challenge":                 {[]string{"code_challenge", ""}, "invalid_request"},
		"a challenge that is too long": {[]string{"code_challenge", strings.Repeat("c", 44)}, "invalid_request"},
		"a secret and plain":           {[]string{"client_id", SecretClientID, "code_challenge_method", "plain"}, "invalid_request"},
	} {
		t.Run(name, func(t *testing.T) {
			q := callbackOf(t, get(t, s.URL()+"/authorize?"+request(row.changes...).Encode()))
			if q.Get("error") != row.want || q.Has("code") != (row.want == "") || q.Get("state") != "st/a te" {
				t.Errorf("callback got %v", q)
			}
		})
	}
}

func TestAuthorizeAnswersAsConsentSays(t *testing.T) {
	for name, row := range map[string]struct {
		consent  Consent
		decision string // what the form says; "" is a GET
		want     string // "code", an error, or "" for the page
	}{
		"ask":                 {ConsentAsk, "", ""},
		"zero value":          {"", "", ""},
		"agree":               {ConsentAgree, "", "code"},
		"deny":                {ConsentDeny, "", "access_denied"},
		"agree button":        {ConsentAsk, "agree", "code"},
		"cancel button":       {ConsentAsk, "cancel", "access_denied"},
		"a button of neither": {ConsentAsk, "perhaps", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, Options{Consent: row.consent})
			address := s.URL() + "/authorize?" + request("show_dialog", "true").Encode()
			got := get(t, address)
			if row.decision != "" {
				got = post(t, address, url.Values{"decision": {row.decision}})
			}
			if row.want == "" {
				if got.status != 200 || !strings.Contains(got.body, "<form") {
					t.Errorf("no page: %d %s", got.status, got.body)
				}
				return
			}
			q := callbackOf(t, got)
			if q.Has("code") != (row.want == "code") || row.want != "code" && q.Get("error") != row.want {
				t.Errorf("callback got %v", q)
			}
			if q.Get("state") != "st/a te" || q.Has("iss") {
				t.Errorf("callback got %v", q)
			}
		})
	}
}

// B-49: with a client ID named, no other is registered.
func TestOnlyTheNamedClientIsRegistered(t *testing.T) {
	theirs := strings.Repeat("0", 32)
	s := start(t, Options{Consent: ConsentAgree, ClientID: theirs})
	if got := get(t, s.URL()+"/authorize?"+request().Encode()); !strings.Contains(got.body, "INVALID_CLIENT: Invalid client") {
		t.Errorf("the page says %s", got.body)
	}
	code := authorized(t, s, request("client_id", theirs))
	if got := post(t, s.URL()+"/api/token", exchange(code)); got.body != `{"error":"invalid_client","error_description":"Invalid client"}` {
		t.Errorf("the token endpoint says %s", got.body)
	}
	tokens(t, post(t, s.URL()+"/api/token", exchange(code, "client_id", theirs)))
}

// B-49: other people's apps have secrets of their own.
func TestAnyWellFormedSecretWillDoForAnotherApp(t *testing.T) {
	s := start(t, Options{Consent: ConsentAgree})
	theirs, secret := strings.Repeat("0", 32), strings.Repeat("a", 32)
	plain := request("client_id", theirs, "code_challenge", "", "code_challenge_method", "")
	for credentials, want := range map[string]int{basic(theirs, secret): 200, basic(theirs, "secret"): 400, "": 400} {
		var header []string
		if credentials != "" {
			header = []string{"Authorization", credentials}
		}
		got := post(t, s.URL()+"/api/token", exchange(authorized(t, s, plain), "client_id", theirs, "code_verifier", ""), header...)
		if got.status != want {
			t.Errorf("%q: %d %s", credentials, got.status, got.body)
		}
	}
}

func TestAuthorizeWithoutStateSendsNone(t *testing.T) {
	s := start(t, Options{Consent: ConsentAgree})
	if q := callbackOf(t, get(t, s.URL()+"/authorize?"+request("state", "").Encode())); q.Has("state") {
		t.Errorf("callback got %v", q)
	}
}

func TestAuthorizeRefusesOtherMethods(t *testing.T) {
	s := start(t, Options{Consent: ConsentAgree})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, s.URL()+"/authorize?"+request().Encode(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := do(t, req); got.status != 405 || got.header.Get("Allow") != "GET, POST" {
		t.Errorf("%d, Allow %q", got.status, got.header.Get("Allow"))
	}
}

func TestConsentPageTellsWhatIsAskedAndThatItIsNotSpotify(t *testing.T) {
	s := start(t, Options{})
	s.SignInAs("wren<1>", "Wren & Co")
	got := get(t, s.URL()+"/authorize?"+request("scope", "user-follow-read streaming").Encode())
	text := html.UnescapeString(got.body)
	for _, want := range []string{
		"This is not Spotify.", ClientID, "user-follow-read", "streaming", "Wren & Co", "wren<1>",
		"http://127.0.0.1:4711/callback", `lang="en"`, "prefers-color-scheme: dark",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, unwanted := range []string{"<script", "<wren", "wren<1>", "http-equiv", "src="} {
		if strings.Contains(got.body, unwanted) {
			t.Errorf("the page has %q", unwanted)
		}
	}
	for name, want := range map[string]string{
		"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
		"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
	} {
		if got.header.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, got.header.Get(name), want)
		}
	}
}

func TestAgreeAndCancelUseThePage(t *testing.T) {
	for name, row := range map[string]struct {
		consent  Consent
		press    func(address string) error
		wantCode bool
	}{
		"agree":                        {ConsentAsk, agree(t), true},
		"cancel":                       {ConsentAsk, cancel(t), false},
		"a stand-in that agrees alone": {ConsentAgree, cancel(t), true},
		"a stand-in that denies alone": {ConsentDeny, agree(t), false},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, Options{Consent: row.consent})
			uri, arrived := callback(t, http.StatusOK)
			if err := row.press(s.URL() + "/authorize?" + request("redirect_uri", uri).Encode()); err != nil {
				t.Fatal(err)
			}
			q := <-arrived
			if q.Has("code") != row.wantCode || q.Has("error") == row.wantCode || q.Get("state") != "st/a te" {
				t.Errorf("callback got %v", q)
			}
		})
	}
}

// The user agent's errors are shown to people, and hold neither state nor code.
func TestAgreeSaysWhatWentWrong(t *testing.T) {
	uri, _ := callback(t, http.StatusBadRequest)
	for name, row := range map[string]struct {
		faults  []string
		changes []string
		want    string
	}{
		"a problem on the page": {nil, []string{"redirect_uri", "http://localhost/x"},
			`reading the consent page (400 Bad Request): no agree button, but "INVALID_CLIENT: Invalid redirect URI"`},
		"a callback that refuses": {nil, []string{"redirect_uri", uri}, "the callback answered 400 Bad Request"},
		"a lost page":             {[]string{"authorize:reset"}, nil, "opening the consent page: "},
		"a lost redirect":         {[]string{"callback:reset"}, nil, "answering the consent page: "},
		"a redirect that fails": {[]string{"callback:502-html"}, nil,
			`answering the consent page (502 Bad Gateway): no agree button, but "Error: Server Error"`},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, Options{Faults: row.faults})
			q := request(append([]string{"state", "canary-state"}, row.changes...)...)
			err := agree(t)(s.URL() + "/authorize?" + q.Encode())
			if err == nil || !strings.HasPrefix(err.Error(), row.want) {
				t.Fatalf("got %v, want %s", err, row.want)
			}
			if strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), "://") {
				t.Errorf("the error tells too much: %v", err)
			}
		})
	}
}

func TestSignInAsChangesWhoConsents(t *testing.T) {
	s := start(t, Options{Consent: ConsentAgree})
	first := signIn(t, s)
	s.SignInAs("second", "Second Person")
	second := signIn(t, s)
	for token, want := range map[string]string{first.AccessToken: s.seeded(), second.AccessToken: `"id":"second"`} {
		if got := get(t, s.URL()+"/v1/me", "Authorization", "Bearer "+token); !strings.Contains(got.body, want) {
			t.Errorf("%s lacks %s", got.body, want)
		}
	}
}

func (s *Server) seeded() string { return `"id":"` + s.accounts[0].id + `"` }

func TestCodesExpire(t *testing.T) {
	for name, row := range map[string]struct {
		age    time.Duration
		status int
	}{
		"just in time": {codeLife - time.Second, 200},
		"too late":     {codeLife, 400},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, Options{Consent: ConsentAgree, Now: standing()})
			code := authorized(t, s, request())
			s.Advance(row.age)
			if got := post(t, s.URL()+"/api/token", exchange(code)); got.status != row.status {
				t.Errorf("%d %s, want %d", got.status, got.body, row.status)
			}
		})
	}
}
