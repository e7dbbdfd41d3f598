package sandbox

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
	"time"
)

const wrongCode = `{"error":"invalid_grant","error_description":"Invalid authorization code"}`

// L-12: the exchange proves the verifier, the redirect URI and the client.
func TestExchangeRefusesWhatDoesNotMatch(t *testing.T) {
	const wrongVerifier = `{"error":"invalid_grant","error_description":"code_verifier was incorrect"}`
	for name, row := range map[string]struct {
		changes []string
		want    string // the body; "" is a success
	}{
		"in order":              {nil, ""},
		"no grant type":         {[]string{"grant_type", ""}, `{"error":"unsupported_grant_type","error_description":"grant_type parameter is missing"}`},
		"another grant type":    {[]string{"grant_type", "password"}, `{"error":"unsupported_grant_type","error_description":"grant_type password is not supported"}`},
		"no client":             {[]string{"client_id", ""}, `{"error":"invalid_client","error_description":"Invalid client"}`},
		"unknown client":        {[]string{"client_id", "0"}, `{"error":"invalid_client","error_description":"Invalid client"}`},
		"another client's code": {[]string{"client_id", SecretClientID}, wrongCode},
		"a secret it has not":   {[]string{"client_secret", ClientSecret}, `{"error":"invalid_client","error_description":"Invalid client secret"}`},
		"no code":               {[]string{"code", ""}, wrongCode},
		"no redirect URI":       {[]string{"redirect_uri", ""}, `{"error":"invalid_grant","error_description":"Invalid redirect URI"}`},
		"redirect URI, no port": {[]string{"redirect_uri", "http://127.0.0.1/callback"}, `{"error":"invalid_grant","error_description":"Invalid redirect URI"}`},
		"no verifier":           {[]string{"code_verifier", ""}, wrongVerifier},
		"another verifier":      {[]string{"code_verifier", verifier + "x"}, wrongVerifier},
		"the challenge":         {[]string{"code_verifier", challenge()}, wrongVerifier},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, Options{Consent: ConsentAgree})
			got := post(t, s.URL()+"/api/token", exchange(authorized(t, s, request()), row.changes...))
			if row.want == "" {
				tokens(t, got)
			} else if got.status != 400 || got.body != row.want {
				t.Errorf("%d %s, want %s", got.status, got.body, row.want)
			}
			if got.header.Get("Cache-Control") != "no-store" {
				t.Errorf("Cache-Control %q", got.header.Get("Cache-Control"))
			}
		})
	}
}

func TestVerifierHasTheFormOfRFC7636(t *testing.T) {
	for name, row := range map[string]struct {
		verifier string
		want     bool
	}{
		"42 characters":  {strings.Repeat("a", 42), false},
		"43 characters":  {strings.Repeat("a", 43), true},
		"128 characters": {strings.Repeat("-._~aA0", 18) + "zz", true},
		"129 characters": {strings.Repeat("a", 129), false},
		"a plus":         {strings.Repeat("a", 43) + "+", false},
		"a line feed":    {strings.Repeat("a", 43) + "\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, Options{Consent: ConsentAgree})
			code := authorized(t, s, request("code_challenge", challengeOf(row.verifier)))
			if got := post(t, s.URL()+"/api/token", exchange(code, "code_verifier", row.verifier)); (got.status == 200) != row.want {
				t.Errorf("%d %s", got.status, got.body)
			}
		})
	}
}

// L-13, T-02: a code works once, whatever the first try came to.
func TestCodeIsSpentByTheFirstTry(t *testing.T) {
	s := start(t, Options{Consent: ConsentAgree})
	for name, first := range map[string][]string{"success": nil, "wrong verifier": {"code_verifier", strings.Repeat("x", 50)}} {
		t.Run(name, func(t *testing.T) {
			code := authorized(t, s, request())
			post(t, s.URL()+"/api/token", exchange(code, first...))
			if got := post(t, s.URL()+"/api/token", exchange(code)); got.status != 400 || got.body != wrongCode {
				t.Errorf("%d %s", got.status, got.body)
			}
		})
	}
}

// T-02: a public client that tries HTTP Basic is refused, and its code is not
// spent by that.
func TestPublicClientHasNoSecretToSend(t *testing.T) {
	s := start(t, Options{Consent: ConsentAgree})
	code := authorized(t, s, request())
	got := post(t, s.URL()+"/api/token", exchange(code), "Authorization", basic(ClientID, ""))
	if got.body != `{"error":"invalid_client","error_description":"Invalid client secret"}` {
		t.Errorf("%d %s", got.status, got.body)
	}
	tokens(t, post(t, s.URL()+"/api/token", exchange(code)))
}

func TestTokenRequestMustBeAForm(t *testing.T) {
	s := start(t, Options{Consent: ConsentAgree})
	form := exchange(authorized(t, s, request()))
	for name, contentType := range map[string]string{"JSON": "application/json", "none": "", "text": "text/plain"} {
		t.Run(name, func(t *testing.T) {
			got := post(t, s.URL()+"/api/token", form, "Content-Type", contentType)
			if got.status != 400 || !strings.Contains(got.body, `"unsupported_grant_type"`) {
				t.Errorf("%d %s", got.status, got.body)
			}
		})
	}
	if got := post(t, s.URL()+"/api/token", form, "Content-Type", "application/x-www-form-urlencoded; charset=utf-8"); got.status != 200 {
		t.Errorf("with a charset: %d %s", got.status, got.body)
	}
	if got := get(t, s.URL()+"/api/token?"+form.Encode()); got.status != 405 || got.header.Get("Allow") != "POST" {
		t.Errorf("GET: %d", got.status)
	}
}

func TestAppWithASecretHasToProveIt(t *testing.T) {
	s := start(t, Options{Consent: ConsentAgree})
	plain := request("client_id", SecretClientID, "code_challenge", "", "code_challenge_method", "")
	bare := []string{"client_id", "", "code_verifier", ""}
	for name, row := range map[string]struct {
		authorize url.Values
		changes   []string
		basic     string
		status    int
	}{
		"Basic":                       {plain, bare, basic(SecretClientID, ClientSecret), 200},
		"secret in the body":          {plain, []string{"client_id", SecretClientID, "client_secret", ClientSecret, "code_verifier", ""}, "", 200},
		"no secret":                   {plain, []string{"client_id", SecretClientID, "code_verifier", ""}, "", 400},
		"wrong secret":                {plain, bare, basic(SecretClientID, "wrong"), 400},
		"a verifier nobody asked for": {plain, []string{"client_id", ""}, basic(SecretClientID, ClientSecret), 400},
		"PKCE in place of the secret": {request("client_id", SecretClientID), []string{"client_id", SecretClientID}, "", 200},
		"PKCE and Basic":              {request("client_id", SecretClientID), []string{"client_id", ""}, basic(SecretClientID, ClientSecret), 200},
		"PKCE skipped for Basic":      {request("client_id", SecretClientID), bare, basic(SecretClientID, ClientSecret), 400},
	} {
		t.Run(name, func(t *testing.T) {
			var header []string
			if row.basic != "" {
				header = []string{"Authorization", row.basic}
			}
			got := post(t, s.URL()+"/api/token", exchange(authorized(t, s, row.authorize), row.changes...), header...)
			if got.status != row.status {
				t.Errorf("%d %s, want %d", got.status, got.body, row.status)
			}
		})
	}
	reply := tokens(t, post(t, s.URL()+"/api/token", exchange(authorized(t, s, plain), bare...), "Authorization", basic(SecretClientID, ClientSecret)))
	if got := post(t, s.URL()+"/api/token", renewal(reply.RefreshToken, "client_id", SecretClientID)); !strings.Contains(got.body, "Invalid client secret") {
		t.Errorf("refresh without the secret: %s", got.body)
	}
	tokens(t, post(t, s.URL()+"/api/token", renewal(reply.RefreshToken, "client_id", ""), "Authorization", basic(SecretClientID, ClientSecret)))
}

func basic(id, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))
}

// T-01: since 2026 a refresh brings no refresh token, and the first one stays good.
func TestRefreshKeepsTheToken(t *testing.T) {
	s := start(t, Options{Consent: ConsentAgree})
	first := signIn(t, s, "scope", "user-read-email user-follow-read")
	for range 3 {
		again := tokens(t, post(t, s.URL()+"/api/token", renewal(first.RefreshToken)))
		if again.RefreshToken != "" || again.AccessToken == first.AccessToken || again.AccessToken == "" {
			t.Errorf("got %+v", again)
		}
		if again.Scope != "user-follow-read user-read-email" || again.Scope != first.Scope || again.TokenType != "Bearer" || again.ExpiresIn != 3600 {
			t.Errorf("got %+v", again)
		}
	}
}

// T-05, T-06: with rotation the old token is dead, and coming back with it
// costs the whole login.
func TestRefreshRotates(t *testing.T) {
	s := start(t, Options{Consent: ConsentAgree, Rotate: true})
	first := signIn(t, s)
	second := tokens(t, post(t, s.URL()+"/api/token", renewal(first.RefreshToken)))
	third := tokens(t, post(t, s.URL()+"/api/token", renewal(second.RefreshToken)))
	if second.RefreshToken == first.RefreshToken || third.RefreshToken == second.RefreshToken || third.RefreshToken == "" {
		t.Error("a refresh token came back")
	}
	other := signIn(t, s)
	for i, text := range []string{first.RefreshToken, third.RefreshToken} { // the old one first: that is what kills the newest
		got := post(t, s.URL()+"/api/token", renewal(text))
		if got.status != 400 || got.body != `{"error":"invalid_grant","error_description":"Refresh token revoked"}` {
			t.Errorf("%d: %d %s", i, got.status, got.body)
		}
	}
	tokens(t, post(t, s.URL()+"/api/token", renewal(other.RefreshToken)))
}

// T-04: a refresh token lives six months from the consent, refreshed or not.
func TestRefreshTokensDieSixMonthsAfterConsent(t *testing.T) {
	for name, o := range map[string]Options{"kept": {}, "rotated": {Rotate: true}} {
		t.Run(name, func(t *testing.T) {
			o.Consent, o.Now = ConsentAgree, standing()
			s := start(t, o)
			refresh := signIn(t, s).RefreshToken
			consent := o.Now()
			s.Advance(consent.AddDate(0, 6, 0).Sub(consent) - time.Second)
			if next := tokens(t, post(t, s.URL()+"/api/token", renewal(refresh))).RefreshToken; next != "" {
				refresh = next
			}
			s.Advance(time.Second)
			got := post(t, s.URL()+"/api/token", renewal(refresh))
			if got.status != 400 || got.body != `{"error":"invalid_grant","error_description":"Refresh token expired"}` {
				t.Errorf("%d %s", got.status, got.body)
			}
		})
	}
}

func TestRefreshTokensAreOneClients(t *testing.T) {
	s := start(t, Options{Consent: ConsentAgree})
	got := post(t, s.URL()+"/api/token", renewal(signIn(t, s).RefreshToken, "client_id", SecretClientID))
	if got.body != `{"error":"invalid_grant","error_description":"Invalid refresh token"}` {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestRevokeRefreshTokens(t *testing.T) {
	s := start(t, Options{Consent: ConsentAgree})
	reply := signIn(t, s)
	s.RevokeRefreshTokens()
	if got := post(t, s.URL()+"/api/token", renewal(reply.RefreshToken)); got.body != `{"error":"invalid_grant","error_description":"Refresh token revoked"}` {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := get(t, s.URL()+"/v1/me", "Authorization", "Bearer "+reply.AccessToken); got.status != 200 {
		t.Errorf("the access token died with it: %d", got.status)
	}
	tokens(t, post(t, s.URL()+"/api/token", renewal(signIn(t, s).RefreshToken)))
}

// L-20: a program that takes tokens from its environment knows by their
// beginning which of them may go to a stand-in.
func TestTokensShowThatTheyAreTheStandIns(t *testing.T) {
	s := start(t, Options{Consent: ConsentAgree, Rotate: true})
	first := signIn(t, s)
	second := tokens(t, post(t, s.URL()+"/api/token", renewal(first.RefreshToken)))
	for _, text := range []string{first.AccessToken, first.RefreshToken, second.AccessToken, second.RefreshToken} {
		if !strings.HasPrefix(text, TokenPrefix) {
			t.Errorf("%.12s... does not begin with %s", text, TokenPrefix)
		}
	}
}
