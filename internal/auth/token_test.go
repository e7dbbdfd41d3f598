package auth

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"github.com/spotauth/spotauth/internal/secret"
	"github.com/spotauth/spotauth/internal/wire"
)

// sent is what a refresh sends; no error may hold it.
const sent = "canary-refresh-sent"

func (a *accounts) refresh(t *testing.T, change func(*config)) (Grant, error) {
	t.Helper()
	c := a.config(t)
	if change != nil {
		change(&c)
	}
	return c.Refresh(t.Context(), secret.New(sent))
}

// T-01: no new refresh token in the answer means that the old one goes on.
func TestRefreshKeepsTheRefreshToken(t *testing.T) {
	for name, tt := range map[string]struct{ field, want string }{
		"absent": {"", sent},
		"null":   {`"refresh_token":null,`, sent},
		"empty":  {`"refresh_token":"",`, sent},
		"same":   {`"refresh_token":"` + sent + `",`, sent},
		"new":    {`"refresh_token":"canary-new",`, "canary-new"},
	} {
		a := newAccounts(t)
		a.answer = respond(200, `{`+tt.field+`"access_token":"a","token_type":"Bearer","expires_in":3600}`)
		g, err := a.refresh(t, nil)
		if err != nil || g.Refresh.Reveal() != tt.want {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// T-02: one POST each, in the style of the client, whatever the answer.
func TestTokenEndpointGetsOneRequest(t *testing.T) {
	hijack := func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_ = conn.(*net.TCPConn).SetLinger(0) // a reset
			conn.Close()
		}
	}
	answers := map[string]http.HandlerFunc{
		"200": respond(200, goodToken), "400": respond(400, `{"error":"invalid_client"}`),
		"401": respond(401, `{"error":"invalid_client"}`), "429": respond(429, ""), "503": respond(503, "down"),
		"reset": hijack, "closed": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	}
	clients := map[string]secret.String{"public": {}, "with a secret": secret.New("canary secret/")}
	for name, answer := range answers {
		for client, clientSecret := range clients {
			for _, grantType := range []string{"authorization_code", "refresh_token"} {
				t.Run(name+"/"+client+"/"+grantType, func(t *testing.T) {
					a := newAccounts(t)
					a.answer = answer
					c := a.config(t)
					c.Secret = clientSecret
					if grantType == "refresh_token" {
						_, _ = c.Refresh(t.Context(), secret.New(sent))
					} else {
						address, p, err := c.Begin(c.Request)
						if err != nil {
							t.Fatal(err)
						}
						_, _ = c.Complete(t.Context(), p, answerURL(address, "canary-code"))
					}
					checkOnePost(t, a, grantType, clientSecret)
				})
			}
		}
	}
}

func checkOnePost(t *testing.T, a *accounts, grantType string, clientSecret secret.String) {
	t.Helper()
	if a.count() != 1 {
		t.Fatalf("%d requests", a.count())
	}
	r := a.posts[0]
	fields := map[string][]string{
		"authorization_code": {"code", "code_verifier", "grant_type", "redirect_uri"},
		"refresh_token":      {"grant_type", "refresh_token"},
	}[grantType]
	authorization := ""
	if clientSecret.Empty() {
		fields = append([]string{"client_id"}, fields...)
		if grantType == "authorization_code" {
			fields = []string{"client_id", "code", "code_verifier", "grant_type", "redirect_uri"}
		}
	} else {
		authorization = "Basic " + base64.StdEncoding.EncodeToString([]byte(testID+":canary+secret%2F"))
	}
	slices.Sort(fields)
	if got := slices.Sorted(maps.Keys(r.PostForm)); !slices.Equal(got, fields) {
		t.Errorf("form of %v", got)
	}
	if r.PostForm.Get("grant_type") != grantType || r.Header.Get("Authorization") != authorization {
		t.Errorf("grant type %s, Authorization %q", r.PostForm.Get("grant_type"), r.Header.Get("Authorization"))
	}
	if r.Method != "POST" || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" || r.Header.Get("Cookie") != "" {
		t.Errorf("%s with %v", r.Method, r.Header)
	}
}

// T-03: only invalid_grant from the token endpoint means dead; the rest tells
// the network from a refusal.
func TestRefreshClassifiesFailures(t *testing.T) {
	type want struct {
		dead, network bool
		text          string
	}
	dead := func(description string) want {
		return want{dead: true, text: "Spotify no longer accepts the refresh token: the token endpoint answered 400: invalid_grant (" + description + ")"}
	}
	refused := func(text string) want { return want{text: "the token endpoint answered " + text} }
	network := func(text string) want {
		return want{network: true, text: "the response from HOST " + text}
	}
	tests := []struct {
		name   string
		answer http.HandlerFunc
		want   want
	}{
		{"revoked", respond(400, `{"error":"invalid_grant","error_description":"Refresh token revoked"}`), dead("Refresh token revoked")},
		{"expired", respond(400, `{"error":"invalid_grant","error_description":"Refresh token expired"}`), dead("Refresh token expired")},
		{"invalid", respond(400, `{"error":"invalid_grant","error_description":"Invalid refresh token"}`), dead("Invalid refresh token")},
		{"401", respond(401, `{"error":"invalid_grant"}`), want{dead: true,
			text: "Spotify no longer accepts the refresh token: the token endpoint answered 401: invalid_grant"}},
		{"invalid_grant with 200", respond(200, `{"error":"invalid_grant"}`), refused("200: invalid_grant")},
		{"invalid_grant with 403", respond(403, `{"error":"invalid_grant"}`), refused("403: invalid_grant")},
		{"invalid_grant with 500", respond(500, `{"error":"invalid_grant"}`), refused("500: invalid_grant")},
		{"invalid_grant in HTML", respond(400, `<p>{"error":"invalid_grant"}`), refused("400")},
		{"invalid_grant as a form", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			w.WriteHeader(400)
			_, _ = io.WriteString(w, "error=invalid_grant")
		}, refused("400")},
		{"invalid_client", respond(400, `{"error":"invalid_client","error_description":"Invalid client secret"}`),
			refused("400: invalid_client (Invalid client secret)")},
		{"long words", respond(400, `{"error":"invalid_client","error_description":"`+strings.Repeat("é", 300)+`"}`),
			refused("400: invalid_client (" + strings.Repeat("é", 199) + "…)")},
		{"the Web API's envelope", respond(400, `{"error":{"status":400,"message":"x"}}`), refused("400")},
		{"empty 400", respond(400, ""), refused("400")},
		{"proxy wants a password", respond(407, "<html>"), refused("407")},
		{"too many", respond(429, "Too many requests"), refused("429")},
		{"500", respond(500, "<html>"), refused("500")},
		{"502 as JSON", respond(502, `{"error":"server_error"}`), refused("502: server_error")},
		{"503", respond(503, ""), refused("503")},
		{"captive portal", respond(200, "<html>sign in to the wifi</html>"), refused("200 (no token that can be read)")},
		{"empty 200", respond(200, ""), refused("200 (no token that can be read)")},
		{"null", respond(200, "null"), refused("200 (no token that can be read)")},
		{"no access token", respond(200, `{"token_type":"Bearer"}`), refused("200 (no token that can be read)")},
		{"token that is no text", respond(200, `{"access_token":7,"token_type":"Bearer"}`), refused("200 (no token that can be read)")},
		{"closed", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, network("was cut short")},
		{"cut short", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, goodToken)
		}, network("was cut short")},
		{"3 MiB", respond(200, `{"access_token":"`+strings.Repeat("x", 3<<20)), network("is too large")},
		{"not HTTP, with an echo", func(w http.ResponseWriter, r *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				_, _ = io.WriteString(conn, r.PostForm.Get("refresh_token")+"\r\n\r\n")
				conn.Close()
			}
		}, network("is malformed")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := newAccounts(t)
			a.answer = tt.answer
			g, err := a.refresh(t, nil)
			if err == nil || !g.Access.Empty() || !g.Refresh.Empty() {
				t.Fatalf("error %v with a grant", err)
			}
			if err.Error() != strings.ReplaceAll(tt.want.text, "HOST", strings.TrimPrefix(a.URL, "http://")) {
				t.Errorf("error %q", err)
			}
			var refused *Error
			if errors.Is(err, ErrDead) != tt.want.dead || isNetwork(err) != tt.want.network ||
				errors.As(err, &refused) == tt.want.network {
				t.Errorf("class of %v", err)
			}
			if a.count() != 1 {
				t.Errorf("%d requests", a.count())
			}
		})
	}
}

func isNetwork(err error) bool {
	var network *wire.Error
	return errors.As(err, &network)
}

func TestRefreshWithoutANetwork(t *testing.T) { // T-03
	a := newAccounts(t)
	a.Server.Close()
	_, err := a.refresh(t, nil)
	var op *net.OpError
	if !isNetwork(err) || !errors.As(err, &op) || errors.Is(err, ErrDead) {
		t.Errorf("nobody listens: %v", err)
	}
	if strings.Count(err.Error(), "api/token") > 0 {
		t.Errorf("the error holds a URL: %v", err)
	}

	tls := httptest.NewUnstartedServer(http.NotFoundHandler())
	tls.Config.ErrorLog = log.New(io.Discard, "", 0)
	tls.StartTLS()
	defer tls.Close()
	_, err = a.refresh(t, func(c *config) {
		c.Origin = Origin
		c.Transport = &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, tls.Listener.Addr().String())
		}}
	})
	if !isNetwork(err) || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a certificate of another: %v", err)
	}

	ctx, cancel := context.WithCancelCause(t.Context())
	interrupted := errors.New("interrupted")
	cancel(interrupted)
	if _, err := a.config(t).Refresh(ctx, secret.New(sent)); !errors.Is(err, interrupted) || isNetwork(err) {
		t.Errorf("interrupted: %v", err)
	}
	if _, err := a.config(t).Refresh(t.Context(), secret.String{}); err == nil || errors.Is(err, ErrDead) {
		t.Errorf("no refresh token: %v", err)
	}
}

// S-01: a refusal that repeats what was sent is shown without it.
func TestRefusalsRepeatNoSecret(t *testing.T) {
	clientSecret := secret.New("canary+secret/")
	echo := func(w http.ResponseWriter, r *http.Request) {
		var all []string
		for _, name := range []string{"code", "code_verifier", "refresh_token"} {
			all = append(all, r.PostForm.Get(name))
		}
		authorization := r.Header.Get("Authorization")
		user, password, _ := r.BasicAuth()
		text := strings.Join(append(all, clientSecret.Reveal(), user, password, authorization), " ")
		respond(400, fmt.Sprintf(`{"error":%q,"error_description":%q}`, text, text))(w, r)
	}
	for _, grantType := range []string{"authorization_code", "refresh_token"} {
		a := newAccounts(t)
		a.answer = echo
		c := a.config(t)
		c.Secret = clientSecret
		var err error
		if grantType == "refresh_token" {
			_, err = c.Refresh(t.Context(), secret.New(sent))
		} else {
			address, p, _ := c.Begin(c.Request)
			_, err = c.Complete(t.Context(), p, answerURL(address, "canary-code"))
		}
		form := a.posts[0].PostForm
		_, basic, _ := strings.Cut(a.posts[0].Header.Get("Authorization"), " ")
		for _, s := range []string{form.Get("code"), form.Get("code_verifier"), form.Get("refresh_token"), clientSecret.Reveal(), "canary%2Bsecret%2F", basic} {
			if s != "" && strings.Contains(err.Error(), s) {
				t.Errorf("%s: %q is in %v", grantType, s, err)
			}
		}
		if !strings.Contains(err.Error(), "[redacted]") || !strings.Contains(err.Error(), testID) {
			t.Errorf("%s: %v", grantType, err)
		}
	}
}

// T-08: no secret follows a redirect.
func TestTokenEndpointMayNotRedirect(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		a, other := newAccounts(t), newAccounts(t)
		a.answer = func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL+"/api/token", status)
		}
		_, err := a.refresh(t, nil)
		var refused *Error
		if !errors.As(err, &refused) || refused.Status != status || refused.Endpoint != "token" {
			t.Errorf("%d: %v", status, err)
		}
		if other.count() != 0 || a.count() != 1 {
			t.Errorf("%d: %d requests, %d elsewhere", status, a.count(), other.count())
		}
	}
}

// roundTrip is a transport without a network, for fake time.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// drip is a body of one byte a second, for as long as r is wanted.
type drip struct{ ctx context.Context }

func (d drip) Read(p []byte) (int, error) {
	select {
	case <-time.After(time.Second):
		p[0] = ' '
		return 1, nil
	case <-d.ctx.Done():
		return 0, d.ctx.Err()
	}
}

func (d drip) Close() error { return nil }

// T-08: half a minute is all that the token endpoint gets, header and body.
func TestTokenEndpointIsGivenHalfAMinute(t *testing.T) {
	for name, transport := range map[string]roundTrip{
		"silent": func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		},
		"dripping": func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: drip{r.Context()}, Request: r}, nil
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			_, err := Client{ID: testID, Transport: transport}.Refresh(t.Context(), secret.New(sent))
			if took := time.Since(began); took != 30*time.Second {
				t.Errorf("%s: took %v", name, took)
			}
			if !isNetwork(err) || err.Error() != "cannot reach accounts.spotify.com: no answer in time" {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
}

// B-04: the same for a deadline that the caller set, which is not its interruption.
func TestDeadlineOfTheCallerIsNoAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
		defer cancel()
		_, err := Client{ID: testID, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})}.Refresh(ctx, secret.New(sent))
		if !isNetwork(err) || err.Error() != "cannot reach accounts.spotify.com: no answer in time" {
			t.Errorf("error %v", err)
		}
	})
}

// B-05: a connection that was idle may be closed by the time of the next request.
func TestTokenRequestsShareNoConnection(t *testing.T) {
	a := newAccounts(t)
	c := a.config(t)
	for range 3 {
		if _, err := c.Refresh(t.Context(), secret.New(sent)); err != nil {
			t.Fatal(err)
		}
	}
	from := map[string]bool{}
	for _, r := range a.posts {
		from[r.RemoteAddr] = true
	}
	if len(from) != 3 {
		t.Errorf("%d connections for 3 requests", len(from))
	}
}

func TestTokenRequestsGoToSpotify(t *testing.T) { // L-20, T-08
	var asked string
	_, _ = Client{ID: testID, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		asked = r.URL.String()
		return nil, io.EOF
	})}.Refresh(t.Context(), secret.New(sent))
	if asked != "https://accounts.spotify.com/api/token" {
		t.Errorf("asked %s", asked)
	}
}

// T-09: what was granted is a bearer token, in plain text, for all scopes.
func TestLoginChecksTheGrant(t *testing.T) {
	token := func(more string) string {
		return `{"access_token":"a","refresh_token":"r","expires_in":3600` + more + `}`
	}
	bearer := func(scope string) string { return token(`,"token_type":"bearer"` + scope) }
	both := []string{"user-follow-read", "user-read-email"}
	tests := []struct {
		name   string
		body   string
		asked  []string
		scopes string
		err    string
	}{
		{"scope absent", bearer(""), both, "[user-follow-read user-read-email]", ""},
		{"scope null", bearer(`,"scope":null`), both, "[user-follow-read user-read-email]", ""},
		{"scopes reordered", bearer(`,"scope":"user-read-email  user-follow-read"`), both, "[user-read-email user-follow-read]", ""},
		{"more than asked", bearer(`,"scope":"x user-follow-read"`), both[:1], "[x user-follow-read]", ""},
		{"none asked, none granted", bearer(`,"scope":""`), nil, "[]", ""},
		{"scope empty", bearer(`,"scope":""`), both[:1], "",
			"Spotify did not grant every requested scope: user-follow-read is missing"},
		{"scope partial", bearer(`,"scope":"user-follow-read"`), both, "",
			"Spotify did not grant every requested scope: user-read-email is missing"},
		{"scope longer", bearer(`,"scope":"user-follow-read-x"`), both[:1], "",
			"Spotify did not grant every requested scope: user-follow-read is missing"},
		{"type in capitals", token(`,"token_type":"BEARER"`), nil, "[]", ""},
		{"type absent", token(""), nil, "", "the token endpoint answered 200 (a token that is not a bearer token)"},
		{"another type", token(`,"token_type":"mac"`), nil, "", "the token endpoint answered 200 (a token that is not a bearer token)"},
		{"access token with a line end", strings.Replace(bearer(""), `"a"`, `"a\nb"`, 1), nil, "",
			"the token endpoint answered 200 (a token that is not plain text)"},
		{"access token not ASCII", strings.Replace(bearer(""), `"a"`, `"é"`, 1), nil, "",
			"the token endpoint answered 200 (a token that is not plain text)"},
		{"refresh token with a space", strings.Replace(bearer(""), `"r"`, `"r r"`, 1), nil, "",
			"the token endpoint answered 200 (a token that is not plain text)"},
		{"no refresh token", strings.Replace(bearer(""), `"r"`, `""`, 1), nil, "",
			"the token endpoint answered 200 (no refresh token)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := newAccounts(t)
			a.answer = respond(200, tt.body)
			c := a.config(t)
			c.Scopes = tt.asked
			address, p, err := c.Begin(c.Request)
			if err != nil {
				t.Fatal(err)
			}
			g, err := c.Complete(t.Context(), p, answerURL(address, "canary-code"))
			if tt.err != "" {
				if err == nil || err.Error() != tt.err || !g.Access.Empty() {
					t.Errorf("error %v, grant %v", err, g)
				}
				return
			}
			if err != nil || fmt.Sprint(g.Scopes) != tt.scopes {
				t.Errorf("error %v, scopes %v", err, g.Scopes)
			}
		})
	}
}

// T-07, B-15: no form of expires_in loses the tokens, and it is 1 s to 24 h.
func TestGrantLife(t *testing.T) {
	for field, want := range map[string]time.Duration{
		``:                                   time.Hour,
		`,"expires_in":null`:                 time.Hour,
		`,"expires_in":0`:                    time.Second,
		`,"expires_in":-5`:                   time.Second,
		`,"expires_in":1`:                    time.Second,
		`,"expires_in":3600`:                 time.Hour,
		`,"expires_in":"3600"`:               time.Hour,
		`,"expires_in":86401`:                24 * time.Hour,
		`,"expires_in":1000000000000`:        24 * time.Hour,
		`,"expires_in":2147483648`:           24 * time.Hour,
		`,"expires_in":1e12`:                 24 * time.Hour,
		`,"expires_in":1e999`:                24 * time.Hour,
		`,"expires_in":3600.0`:               time.Hour,
		`,"expires_in":3599.9`:               3599 * time.Second,
		`,"expires_in":"3600.0"`:             time.Hour,
		`,"expires_in":" 3600 "`:             time.Hour,
		`,"expires_in":0.5`:                  time.Second,
		`,"expires_in":""`:                   time.Hour,
		`,"expires_in":"soon"`:               time.Hour,
		`,"expires_in":"NaN"`:                time.Hour,
		`,"expires_in":true`:                 time.Hour,
		`,"expires_in":{}`:                   time.Hour,
		`,"expires_in":[1]`:                  time.Hour,
		`,"expires_in":99999999999999999999`: 24 * time.Hour,
		`,"expires_in":"1800","scope":""`:    30 * time.Minute,
	} {
		a := newAccounts(t)
		a.answer = respond(200, `{"access_token":"a","token_type":"Bearer"`+field+`}`)
		if g, err := a.refresh(t, nil); err != nil || g.ExpiresIn != want {
			t.Errorf("%s: %v, %v", field, g.ExpiresIn, err)
		}
	}
}

// draft-ietf-oauth-refresh-token-expiration: what Spotify may say of the end of a login.
func TestGrantTellsWhenTheLoginEnds(t *testing.T) {
	const day = 24 * time.Hour
	for _, row := range []struct {
		fields           string
		refresh, consent time.Duration
	}{
		{``, 0, 0},
		{`,"refresh_token_expires_in":2592000`, 30 * day, 0},
		{`,"authorization_expires_in":"15724800"`, 0, 182 * day},
		{`,"refresh_token_expires_in":1e6,"authorization_expires_in":0`, 1e6 * time.Second, time.Second},
		{`,"refresh_token_expires_in":"never","authorization_expires_in":null`, 0, 0},
		{`,"refresh_token_expires_in":1e99`, 3650 * day, 0},
	} {
		a := newAccounts(t)
		a.answer = respond(200, `{"access_token":"a","refresh_token":"canary-new","token_type":"Bearer"`+row.fields+`}`)
		g, err := a.refresh(t, nil)
		if err != nil || g.Refresh.Reveal() != "canary-new" || g.RefreshExpiresIn != row.refresh || g.ConsentExpiresIn != row.consent {
			t.Errorf("%s: %v and %v, %v", row.fields, g.RefreshExpiresIn, g.ConsentExpiresIn, err)
		}
	}
}

func TestRetryAfter(t *testing.T) { // H-01, at the token endpoint
	a := newAccounts(t)
	a.answer = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "120")
		w.WriteHeader(429)
	}
	_, err := a.refresh(t, nil)
	var refused *Error
	if !errors.As(err, &refused) || refused.Status != 429 || refused.RetryAfter != 2*time.Minute {
		t.Errorf("error %+v", err)
	}
}

// S-01: whatever the token endpoint says, an error holds neither what was sent
// nor anything that upsets a terminal, and is one short line.
func FuzzTokenError(f *testing.F) {
	for _, body := range []string{
		`{"error":"invalid_grant","error_description":"SENT was revoked"}`, `{"error":"SENT"}`, `{"error":{"message":"SENT"}}`,
		"<html>SENT\x1b[31m", `{"error":"x","error_description":"\u001b]52;c;SENT\u0007\u202e"}`, `SENT`, goodToken,
		`{"access_token":"SENT","expires_in":"SENT"}`, `{"error":"x","error_description":"` + strings.Repeat("é", 300) + `"}`,
	} {
		f.Add(400, body)
		f.Add(200, body)
	}
	f.Fuzz(func(t *testing.T, status int, body string) {
		body = strings.ReplaceAll(body, "SENT", sent)
		_, err := Client{ID: testID, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
		})}.Refresh(t.Context(), secret.New(sent))
		if err == nil {
			return
		}
		text := fmt.Sprintf("%v %+v", err, err)
		if strings.Contains(text, sent) {
			t.Errorf("the refresh token is in %q", text)
		}
		if i := strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }); i >= 0 {
			t.Errorf("unprintable in %q", text)
		}
		if n := len([]rune(text)); n > 1200 {
			t.Errorf("%d runes", n)
		}
	})
}
