package spotify

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"
)

// H-03: every error body seen at Spotify gets its kind and Spotify's own words.
func TestCapturedErrors(t *testing.T) {
	var captured []struct {
		Where, Text, Message string
		Status               int
		Body                 json.RawMessage
	}
	if err := json.Unmarshal(read(t, "error-bodies.json"), &captured); err != nil {
		t.Fatal(err)
	}
	kinds := map[string]Kind{
		"The access token expired":  LoginNeeded,
		"Access token missing":      LoginNeeded,
		"Insufficient client scope": ScopeMissing,
		"Forbidden":                 Forbidden,
		"Check settings on developer.spotify.com/dashboard, the user may not be registered.": NotRegistered,
		"User not registered in the Developer Dashboard":                                     NotRegistered,
		"Active premium subscription required for the owner of the app. When the subscription status changes, it can take a few hours before requests are allowed again.": PremiumLapsed,
		"API rate limit exceeded":        RateLimited,
		"Too many requests":              RateLimited,
		"Failed to get followed artists": Unreachable,
		"Resource not found":             NotFound,
		"Invalid limit":                  Rejected,
	}
	for _, row := range captured {
		if row.Where != "web api" {
			continue
		}
		bodies := map[string]string{"text/plain": row.Text + row.Message}
		words := row.Text + row.Message
		if row.Body != nil {
			var b struct {
				Error struct{ Message string }
			}
			if err := json.Unmarshal(row.Body, &b); err != nil {
				t.Fatal(err)
			}
			words = b.Error.Message
			bodies = map[string]string{"application/json": string(row.Body)}
		} else { // newer clients expect the same words in the usual envelope
			text, _ := json.Marshal(words)
			bodies["application/json"] = `{"error":{"status":403,"message":` + string(text) + `}}`
		}
		kind, known := kinds[words]
		if strings.Contains(string(row.Body), "QUOTA_EXCEEDED") {
			kind = QuotaExceeded
		}
		if !known {
			t.Errorf("a new captured body: %q", words)
		}
		for of, body := range bodies {
			synctest.Test(t, func(t *testing.T) {
				_, err := client(script(says(row.Status, body, "Content-Type: "+of))).Me(t.Context())
				var e *Error
				if !errors.As(err, &e) || e.Kind != kind || e.Status != row.Status || e.Message != words {
					t.Errorf("%d %s: got %#v", row.Status, body, err)
				}
			})
		}
	}
}

// H-03: only Spotify's own words for a reason are taken for it.
func TestForbiddenForOtherReasons(t *testing.T) {
	for _, text := range []string{"Out of scope", "Premium required", "Not registered", "insufficient", "Restricted device"} {
		if _, err := client(script(says(403, text))).Me(t.Context()); kindOf(err) != Forbidden {
			t.Errorf("%s: %v is %q", text, err, kindOf(err))
		}
	}
}

// H-03: whatever the body is, the error is one readable line of bounded length.
func TestErrorTexts(t *testing.T) {
	const head = "GET /v1/me: "
	for _, row := range []struct {
		name   string
		status int
		body   string
		want   string
	}{
		{"text", 403, "No.", head + "403 Forbidden: No."},
		{"the status again", 403, `{"error":{"status":403,"message":"Forbidden"}}`, head + "403 Forbidden"},
		{"empty", 403, "", head + "403 Forbidden"},
		{"a page", 502, "\n <!doctype html><h1>Insufficient client scope</h1>", head + "502 Bad Gateway"},
		{"a page that says scope", 403, "<html>Insufficient client scope", head + "403 Forbidden"},
		{"other JSON", 400, `["no"]`, head + `400 Bad Request: ["no"]`},
		{"OAuth's error", 400, `{"error":"invalid_request"}`, head + `400 Bad Request: {"error":"invalid_request"}`},
		{"escapes", 404, "a\x1b[31mb\x07\r\nc\u202ed\u0085e\u2028f\x00g", head + "404 Not Found: a [31mb c d e f g"},
		{"escapes in JSON", 404, `{"error":{"message":"a\u001b]52;c;x\u0007\u202eb"}}`, head + "404 Not Found: a ]52;c;x b"},
		{"invalid UTF-8", 404, "a\xffb", head + "404 Not Found: a\uFFFDb"},
		{"the token", 401, "token-1, token-2, token-1", head + "401 Unauthorized: token-1, [redacted], token-1"},
		{"an unknown status", 299, "", head + "299"},
		{"a redirect", 302, `<a href="https://example.com/">`, head + "302 Found"},
		{"long", 404, strings.Repeat("é", 500), head + "404 Not Found: " + strings.Repeat("é", 199) + "…"},
		{"just short enough", 404, strings.Repeat("é", 200), head + "404 Not Found: " + strings.Repeat("é", 200)},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, err := client(script(says(row.status, row.body, "Content-Type: text/html"))).Me(t.Context())
				if err == nil || err.Error() != row.want {
					t.Errorf("got  %q\nwant %q", err, row.want)
				}
			})
		})
	}
}

// H-03: of a huge error body no more is read than a message can need.
func TestHugeErrorBody(t *testing.T) {
	body := &endless{left: 64 << 20}
	f := script(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 403, Header: http.Header{}, Body: io.NopCloser(body)}, nil
	})
	_, err := client(f).Me(t.Context())
	if kindOf(err) != Forbidden || utf8.RuneCountInString(err.Error()) > 230 {
		t.Errorf("got %.300q", err)
	}
	if read := 64<<20 - body.left; read > 64<<10 {
		t.Errorf("read %d bytes", read)
	}
}

type endless struct{ left int }

func (e *endless) Read(p []byte) (int, error) {
	if e.left == 0 {
		return 0, io.EOF
	}
	n := min(len(p), e.left)
	for i := range p[:n] {
		p[i] = 'x'
	}
	e.left -= n
	return n, nil
}

// H-07: an answer that is not one JSON value of a bounded size is an error, and final.
func TestUnusableAnswers(t *testing.T) {
	const head = "GET /v1/me: "
	for _, row := range []struct {
		name, body, kind, want string
	}{
		{"a login page of the network", "<html>", "text/html", head + `the answer is of type "text/html", not JSON`},
		{"no type", me, "", head + `the answer is of type "", not JSON`},
		{"text", me, "text/json-ish", head + `the answer is of type "text/json-ish", not JSON`},
		{"two values", me + me, "application/json", head + "something follows the JSON value"},
		{"rubbish after it", me + "x", "application/json", head + "something follows the JSON value"},
		{"too large", `{"id":"` + strings.Repeat("x", 8<<20) + `"}`, "application/json", "the response from api.spotify.com is too large"},
		{"no id", `{"ID":"someone"}`, "application/json", head + "the answer holds no user id"},
		{"id null", `{"id":null}`, "application/json", head + "the answer holds no user id"},
		{"an array", `[]`, "application/json", head + "the answer holds no user id"},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := script(says(200, row.body, "Content-Type: "+row.kind))
			user, err := client(f).Me(t.Context())
			if kindOf(err) != BadAnswer || err.Error() != row.want || f.count() != 1 || user != (User{}) {
				t.Errorf("%v, %.200q after %d requests", user, err, f.count())
			}
		})
	}
	t.Run("not JSON at all", func(t *testing.T) {
		f := script(says(200, "sorry"))
		if _, err := client(f).Me(t.Context()); kindOf(err) != BadAnswer || f.count() != 1 {
			t.Errorf("%v after %d requests", err, f.count())
		}
	})
	t.Run("just small enough", func(t *testing.T) {
		body := me + strings.Repeat(" ", 8<<20-len(me))
		if _, err := client(script(says(200, body))).Me(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestMe(t *testing.T) {
	for _, row := range []struct {
		name, body string
		want       User
	}{
		{"captured", string(read(t, "me-2026-03-redacted.json")), User{ID: "REDACTED", DisplayName: "REDACTED"}},
		{"all", `{"account_id":"acc","email":"a@example.com","id":"x","display_name":"é"}`, User{"x", "acc", "é", "a@example.com"}},
		{"nulls", `{"id":"x","display_name":null,"account_id":null,"email":null}`, User{ID: "x"}},
		{"other types", `{"id":"x","display_name":{"id":"y"},"account_id":12,"email":["z"]}`, User{ID: "x"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := script(says(200, row.body))
			got, err := client(f).Me(t.Context())
			if err != nil || got != row.want {
				t.Errorf("got %+v, %v", got, err)
			}
			if f.asked[0] != "/v1/me" || f.tokens[0] != "Bearer token-1" {
				t.Errorf("asked %q with %q", f.asked, f.tokens)
			}
		})
	}
}

// H-06: the line that a person reads after a failure of the network.
func TestNetworkErrorTexts(t *testing.T) {
	for _, row := range []struct {
		err  error
		want string
	}{
		{io.EOF, "the response from api.spotify.com was cut short"},
		{&net.DNSError{Err: "no such host", Name: "api.spotify.com"}, "cannot reach api.spotify.com: the name could not be resolved"},
		{errors.New("a\x1b[2Jb"), "cannot reach api.spotify.com: the connection failed"},
	} {
		synctest.Test(t, func(t *testing.T) {
			_, err := client(script(breaks(row.err))).Me(t.Context())
			if kindOf(err) != Unreachable || err.Error() != row.want {
				t.Errorf("got %q", err)
			}
			if !errors.Is(err, row.err) {
				t.Errorf("%v does not lead to its cause", err)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		_, err := client(script(hangs)).Me(t.Context())
		if want := "cannot reach api.spotify.com: no answer in time"; err == nil || err.Error() != want || time.Since(start) > time.Minute {
			t.Errorf("got %q after %v", err, time.Since(start))
		}
	})
}
