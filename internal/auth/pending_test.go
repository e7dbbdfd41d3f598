package auth

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/spotauth/spotauth/internal/secret"
)

// L-01: a login begun by one process and ended by another, with what is parked
// in between.
func TestBeginAndComplete(t *testing.T) {
	a := newAccounts(t)
	c := a.config(t)
	address, begun, err := c.Begin(c.Request)
	if err != nil {
		t.Fatal(err)
	}
	text, err := begun.Encode()
	if err != nil {
		t.Fatal(err)
	}
	p, err := DecodePending(text)
	if err != nil {
		t.Fatal(err)
	}
	if p.ClientID != testID || fmt.Sprint(p.Scopes) != "["+testScope+"]" || !p.Created.Equal(begun.Created) ||
		!strings.HasPrefix(answerURL(address, ""), p.RedirectURI) {
		t.Errorf("parked %+v", p)
	}
	g, err := Client{Origin: a.URL, Transport: c.Transport}.Complete(t.Context(), p, answerURL(address, "canary-code")+"\n")
	if err != nil || g.Access.Reveal() != "canary-access" {
		t.Fatalf("granted %v, error %v", g, err)
	}
	u, _ := url.Parse(address)
	authorize := u.Query()
	authorize.Set("show_dialog", "true") // what checkAuthorize expects of Login's test
	checkAuthorize(t, authorize)
	checkExchange(t, a.posts[0], u.Query())
}

// L-01: without a port the answer would reach whatever serves port 80.
func TestBeginAdvertisesADynamicPort(t *testing.T) {
	for uri, fixed := range map[string]string{
		"": "", "http://[::1]/x": "", "http://127.0.0.1:5000/callback": "5000",
	} {
		_, p, err := Client{ID: testID}.Begin(Request{RedirectURI: uri})
		if err != nil {
			t.Fatal(err)
		}
		u, _ := url.Parse(p.RedirectURI)
		if fixed != "" && p.RedirectURI != uri || fixed == "" && (len(u.Port()) != 5 || u.Port() < "49152") {
			t.Errorf("%q became %s", uri, p.RedirectURI)
		}
	}
}

func TestCompleteRefuses(t *testing.T) { // L-03, L-12, L-14, L-15, L-20
	tests := []struct {
		name   string
		change func(*config, *Pending)
		answer string // STATE and URI are filled in
		want   error
	}{
		{"declined", nil, "URI?error=access_denied&state=STATE", ErrDenied},
		{"another state", nil, "URI?code=c&state=x", ErrForeign},
		{"refusal of another", nil, "URI?error=access_denied&state=x", ErrForeign},
		{"another issuer", nil, "URI?code=c&state=STATE&iss=https://evil.example", ErrIssuer},
		{"another address", nil, "http://127.0.0.1:1/callback?code=c&state=STATE", ErrAnswer},
		{"a longer path", nil, "URI/x?code=c&state=STATE", ErrAnswer},
		{"no query", nil, "URI", ErrForeign},
		{"nothing", nil, "", ErrAnswer},
		{"two codes", nil, "URI?code=c&code=d&state=STATE", ErrAnswer},
		{"too late", func(_ *config, p *Pending) { p.Created = p.Created.Add(-PendingLife - time.Second) },
			"URI?code=c&state=STATE", ErrTimeout},
		{"from the future", func(_ *config, p *Pending) { p.Created = p.Created.Add(time.Hour) },
			"URI?code=c&state=STATE", ErrTimeout},
		{"begun elsewhere", func(c *config, _ *Pending) { c.Origin = "" }, "URI?code=c&state=STATE", ErrPending},
		{"nothing begun", func(_ *config, p *Pending) { *p = Pending{} }, "URI?code=c&state=STATE", ErrPending},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := newAccounts(t)
			c := a.config(t)
			_, p, err := c.Begin(c.Request)
			if err != nil {
				t.Fatal(err)
			}
			pasted := strings.NewReplacer("URI", p.RedirectURI, "STATE", p.state.Reveal()).Replace(tt.answer)
			if tt.change != nil {
				tt.change(&c, &p)
			}
			if _, err := c.Complete(t.Context(), p, pasted); !errors.Is(err, tt.want) {
				t.Errorf("error %v", err)
			}
			if a.count() != 0 {
				t.Error("something was sent")
			}
		})
	}
}

func TestDecodePendingRefuses(t *testing.T) {
	_, p, err := Client{ID: testID}.Begin(Request{})
	if err != nil {
		t.Fatal(err)
	}
	good, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	replace := func(old, new string) string { return strings.Replace(good.Reveal(), old, new, 1) }
	for name, text := range map[string]string{
		"nothing": "", "not JSON": "{", "null": "null", "cut short": good.Reveal()[:len(good.Reveal())-9],
		"newer":             replace(`"version":1`, `"version":2`),
		"another origin":    replace(Origin, "https://evil.example"),
		"another redirect":  replace("http://127.0.0.1", "http://evil.example"),
		"another client":    replace(testID, "x"),
		"short state":       replace(p.state.Reveal(), "x"),
		"short verifier":    replace(p.verifier.Reveal(), "x"),
		"no state":          replace(`"state"`, `"other"`),
		"another time form": replace(`"created":"2`, `"created":"x`),
	} {
		if _, err := DecodePending(secret.New(text)); !errors.Is(err, ErrPending) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPendingHidesItsSecrets(t *testing.T) { // L-12, S-01
	_, p, err := Client{ID: testID}.Begin(Request{})
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "p", p, "encoded", encoded)
	printed := string(asJSON) + fmt.Sprintf("%v %+v %#v %v %+v", p, p, p, &p, encoded) + log.String()
	for name, s := range map[string]secret.String{"state": p.state, "verifier": p.verifier} {
		if strings.Contains(printed, s.Reveal()) {
			t.Errorf("the %s was printed", name)
		}
		if !strings.Contains(encoded.Reveal(), s.Reveal()) {
			t.Errorf("the %s was not encoded", name)
		}
	}
}
