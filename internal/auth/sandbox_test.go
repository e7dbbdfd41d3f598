package auth_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/spotauth/spotauth/internal/auth"
	"github.com/spotauth/spotauth/internal/sandbox"
	"github.com/spotauth/spotauth/internal/secret"
)

// config is a client and what it asks for.
type config struct {
	auth.Client
	auth.Request
}

// spotify is a stand-in with a client that signs in to it.
func spotify(t *testing.T, o sandbox.Options) (*sandbox.Server, config) {
	t.Helper()
	s, err := sandbox.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, config{
		auth.Client{Origin: s.URL(), ID: sandbox.ClientID},
		auth.Request{Scopes: []string{"user-follow-read"}, Timeout: 30 * time.Second},
	}
}

// loginWith is a login whose browser is consent.
func loginWith(t *testing.T, c config, consent func(context.Context, *http.Client, string) error) (auth.Grant, error) {
	t.Helper()
	var browser sync.WaitGroup
	c.Ready = func(w auth.Waiting) {
		browser.Go(func() {
			if err := consent(t.Context(), http.DefaultClient, w.URL); err != nil {
				t.Errorf("in the browser: %v", err)
			}
		})
	}
	defer browser.Wait()
	return c.Login(t.Context(), c.Request)
}

// The whole protocol with a Spotify that shares no code with this package.
func TestLoginAtTheStandIn(t *testing.T) { // L-12, T-01, T-09
	tests := []struct {
		name    string
		options sandbox.Options
		change  func(*config)
		consent func(context.Context, *http.Client, string) error
		want    error
	}{
		{"agreed", sandbox.Options{}, nil, sandbox.Agree, nil},
		{"with a secret", sandbox.Options{}, func(c *config) {
			c.ID, c.Secret = sandbox.SecretClientID, secret.New(sandbox.ClientSecret)
		}, sandbox.Agree, nil},
		{"rotating", sandbox.Options{Rotate: true}, nil, sandbox.Agree, nil},
		{"two scopes", sandbox.Options{}, func(c *config) {
			c.Scopes = append(c.Scopes, "user-read-email")
		}, sandbox.Agree, nil},
		{"cancelled", sandbox.Options{}, nil, sandbox.Cancel, auth.ErrDenied},
		{"scope withheld", sandbox.Options{Faults: []string{"exchange:scope=user-read-email"}}, nil, sandbox.Agree, auth.ErrScope},
		{"issuer named", sandbox.Options{Faults: []string{"callback:iss=" + auth.Origin}},
			func(c *config) { c.Timeout = 500 * time.Millisecond }, nil, auth.ErrTimeout},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, c := spotify(t, tt.options)
			if tt.change != nil {
				tt.change(&c)
			}
			consent := tt.consent
			if consent == nil { // the browser ends on a page that refuses
				consent = func(ctx context.Context, client *http.Client, url string) error {
					if sandbox.Agree(ctx, client, url) == nil {
						return errors.New("the answer was taken")
					}
					return nil
				}
			}
			g, err := loginWith(t, c, consent)
			if !errors.Is(err, tt.want) {
				t.Fatalf("error %v", err)
			}
			if err == nil {
				checkTwoRefreshes(t, s, c, g)
			}
		})
	}
}

// checkTwoRefreshes uses g as a client does that keeps what it is given.
func checkTwoRefreshes(t *testing.T, s *sandbox.Server, c config, g auth.Grant) {
	t.Helper()
	if fmt.Sprint(g.Scopes) != fmt.Sprint(c.Scopes) || g.ExpiresIn != time.Hour {
		t.Errorf("granted %v for %v", g.Scopes, g.ExpiresIn)
	}
	for range 2 {
		next, err := c.Refresh(t.Context(), g.Refresh)
		if err != nil || next.Access.Equal(g.Access) {
			t.Fatalf("refresh: %v", err)
		}
		g = next
	}
	s.Advance(184 * 24 * time.Hour)
	if _, err := c.Refresh(t.Context(), g.Refresh); !errors.Is(err, auth.ErrDead) {
		t.Errorf("after six months: %v", err)
	}
}

// A real browser, with its favicon, its connections opened ahead and its own
// reading of the content security policy.
func TestPageInChromium(t *testing.T) { // L-02, L-08, L-09, L-19
	if testing.Short() {
		t.Skip("only make test runs Chromium")
	}
	ctx := chromium(t)
	for _, tt := range []struct{ button, title string }{
		{"agree", "You are signed in"}, {"cancel", "Sign-in declined"},
	} {
		_, c := spotify(t, sandbox.Options{})
		c.Finish = func(context.Context, auth.Grant) (auth.SignedIn, error) {
			return auth.SignedIn{Account: "Ada " + strings.Repeat("x", 80)}, nil
		}
		var shown pageShown
		_, err := loginWith(t, c, func(_ context.Context, _ *http.Client, url string) error {
			err := chromedp.Do(ctx,
				chromedp.EmulateViewport(320, 640),
				chromedp.Navigate(url),
				chromedp.Click(fmt.Sprintf("button[value=%q]", tt.button)),
				chromedp.WaitVisible(fmt.Sprintf("//h1[normalize-space()=%q]", tt.title)))
			if err != nil {
				return err
			}
			shown, err = chromedp.Run(ctx, chromedp.Evaluate[pageShown](`({
				title: document.title, heading: document.querySelector("h1").innerText, address: location.href,
				width: document.documentElement.scrollWidth,
				corner: getComputedStyle(document.querySelector("main")).borderRadius})`))
			return err
		})
		if (err == nil) != (tt.button == "agree") {
			t.Errorf("%s: %v", tt.button, err)
		}
		if shown.Heading != tt.title || shown.Title != tt.title+" – spotauth" {
			t.Errorf("%s: the page says %q, %q", tt.button, shown.Heading, shown.Title)
		}
		if strings.ContainsAny(shown.Address, "?=") || !strings.HasPrefix(shown.Address, "http://127.0.0.1:") {
			t.Errorf("%s: the answer is still in the address bar", tt.button)
		}
		if shown.Width != 320 {
			t.Errorf("%s: the page is %d wide on a screen of 320", tt.button, shown.Width)
		}
		if shown.Corner != "16px" {
			t.Errorf("%s: the policy keeps the style out: corner %q", tt.button, shown.Corner)
		}
	}
}

// pageShown is what a browser made of a page.
type pageShown struct {
	Title, Heading, Address, Corner string
	Width                           int
}

// chromium starts a headless one, or skips.
func chromium(t *testing.T) context.Context {
	t.Helper()
	if _, err := exec.LookPath("chromium"); err != nil {
		if os.Getenv("SPOTAUTH_TEST_REQUIRE") != "" {
			t.Fatal(err)
		}
		t.Skipf("no browser: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	t.Cleanup(cancel)
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath("chromium"), chromedp.NoSandbox, // containers run it as root
		chromedp.UserDataDir(t.TempDir()), chromedp.WSURLReadTimeout(time.Minute))
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return ctx
}
