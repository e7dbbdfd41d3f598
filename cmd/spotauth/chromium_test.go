package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	cdpruntime "github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"github.com/spotauth/spotauth/internal/keychaintest"
	"github.com/spotauth/spotauth/internal/sandbox"
)

// A person signs in with a real browser, and sees what came of it.
func TestLoginInChromium(t *testing.T) { // L-02, L-08, L-09, L-14, L-19
	if testing.Short() {
		t.Skip("only make test runs Chromium")
	}
	chromium := startChromium(t)
	for _, tt := range []struct {
		name, fault, button string
		args                []string
		status              int
		heading, text       string // of the last page
		stderr              string
	}{
		{"agreed", "", "Agree", nil, 0, "You are signed in", "spotauth artists", ""},
		{"for a profile", "", "Agree", []string{"--profile", "with-a-name-of-thirty-characters"}, 0,
			"You are signed in", "spotauth artists --profile with-a-name-of-thirty-characters", ""},
		{"declined", "", "Cancel", nil, exitDeclined, "Sign-in declined", "nothing was saved",
			"spotauth: error: you declined in the browser; nothing was saved"},
		{"failed", "me:403-user", "Agree", nil, exitOther, "Sign-in failed", "The terminal shows",
			"spotauth: error: this account is not among the users of the app"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newMachine(t)
			o := sandbox.Options{Artists: 3, Seed: 1}
			if tt.fault != "" {
				o.Faults = []string{tt.fault}
			}
			m.standIn(o)
			login := m.start(m.command(append([]string{"login", "--no-browser", "--store", "file"}, tt.args...)...))
			tab := chromium.open(t, login.consentURL())
			tab.looksRight("consent")
			if tab.read().Title != "Allow access? (stand-in)" {
				t.Errorf("the consent page is %+v", tab.read())
			}

			tab.do(chromedp.Click(fmt.Sprintf(`//button[normalize-space()=%q]`, tt.button)),
				chromedp.WaitVisible(fmt.Sprintf(`//h1[normalize-space()=%q]`, tt.heading)))
			arrived := time.Now()
			r := login.wait()
			if waited := time.Since(arrived); waited > tooLong {
				t.Errorf("ended %v after the page was there", waited)
			}
			if r.status != tt.status || r.stdout != "" || !strings.Contains(r.stderr, tt.stderr) {
				t.Errorf("status %d, want %d; stdout %q; stderr:\n%s", r.status, tt.status, r.stdout, r.stderr)
			}

			shown := tab.read()
			if shown.Title != tt.heading+" – spotauth" || shown.Lang != "en" || !strings.Contains(shown.Text, tt.text) {
				t.Errorf("the page is %+v", shown)
			}
			for _, address := range tab.addresses() {
				if strings.Contains(address, "code=") || strings.Contains(address, "127.0.0.1") && strings.Contains(address, "error=") {
					t.Error("the answer stayed in the browser's history")
				}
			}
			if !strings.HasPrefix(shown.Address, "http://127.0.0.1:") || strings.ContainsAny(shown.Address, "?=") {
				t.Error("the answer is still in the address bar")
			}
			tab.looksRight(tt.name)
			tab.kept()
		})
	}
}

// A user who closes the tab has not answered: the program waits as long as it was told to.
func TestLoginWithTheTabClosed(t *testing.T) { // L-17
	if testing.Short() {
		t.Skip("only make test runs Chromium")
	}
	chromium := startChromium(t)
	m := newMachine(t)
	m.standIn(sandbox.Options{})
	login := m.start(m.command("login", "--no-browser", "--store", "file", "--timeout", "2s"))
	tab := chromium.open(t, login.consentURL())
	tab.close()
	r := login.wait()
	if r.status != exitDeclined || r.stdout != "" || !strings.Contains(r.stderr, "spotauth: error: timed out waiting for the browser") {
		t.Errorf("status %d; stdout %q; stderr:\n%s", r.status, r.stdout, r.stderr)
	}
	if r.took < 2*time.Second || r.took > tooLong {
		t.Errorf("waited %v, not 2 s", r.took)
	}
}

// A chrome is a headless Chromium.
type chrome struct{ ctx context.Context }

func startChromium(t *testing.T) chrome {
	t.Helper()
	keychaintest.Need(t, "chromium")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	t.Cleanup(cancel)
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath("chromium"), chromedp.NoSandbox, // containers run it as root
		chromedp.DisableGPU, chromedp.Flag("disable-component-update", true),
		chromedp.UserDataDir(t.TempDir()), chromedp.WSURLReadTimeout(time.Minute))
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return chrome{ctx}
}

// A tab is one of a browser window of its own, without a history. All that
// does not stay on this machine goes to a proxy that refuses it.
type tab struct {
	*testing.T
	ctx   context.Context
	close func()

	mu        sync.Mutex
	strays    []string // what the proxy was asked for
	complains []string // what the browser wrote on its console
}

func (c chrome) open(t *testing.T, address string) *tab {
	t.Helper()
	b := &tab{T: t}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.note(&b.strays, r.Method+" "+r.Host)
		w.WriteHeader(http.StatusForbidden)
	}))
	t.Cleanup(proxy.Close)
	b.ctx, b.close = chromedp.NewContext(c.ctx, chromedp.WithListener(b.listen),
		chromedp.WithNewBrowserContext(func(p *target.CreateBrowserContextParams) { p.ProxyServer = proxy.URL }))
	t.Cleanup(b.close)
	if err := chromedp.Do(b.ctx); err != nil { // the tab lives as long as this context
		t.Fatal(err)
	}
	b.do(chromedp.EmulateViewport(1280, 800), chromedp.Navigate(address), chromedp.WaitVisible(chromedp.CSS("h1")))
	return b
}

func (b *tab) listen(event any) {
	switch e := event.(type) {
	case *log.EventEntryAdded:
		b.note(&b.complains, e.Entry.Text+" "+e.Entry.URL)
	case *cdpruntime.EventExceptionThrown:
		b.note(&b.complains, e.ExceptionDetails.Text)
	case *cdpruntime.EventConsoleAPICalled:
		b.note(&b.complains, "a page has a script that logs")
	}
}

func (b *tab) note(list *[]string, text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	*list = append(*list, text)
}

// kept asserts that the pages caused no complaint, and asked for nothing elsewhere.
func (b *tab) kept() {
	b.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, text := range b.complains {
		b.Errorf("the browser complains: %s", text)
	}
	for _, text := range b.strays {
		b.Errorf("the page asked elsewhere: %s", text)
	}
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.Fatalf("in the browser: %v", err)
	}
}

func valueOf[T any](b *tab, a chromedp.Action[T]) T {
	b.Helper()
	v, err := chromedp.Run(b.ctx, a)
	if err != nil {
		b.Fatalf("in the browser: %v", err)
	}
	return v
}

// shown is what a person sees of a page, and hears of it.
type shown struct{ Title, Lang, Text, Address string }

func (b *tab) read() shown {
	b.Helper()
	return valueOf(b, chromedp.Evaluate[shown](`({
		title: document.title, lang: document.documentElement.lang,
		text: document.body.innerText, address: location.href})`))
}

// addresses are those that the back button leads to, and this one.
func (b *tab) addresses() []string {
	b.Helper()
	var all []string
	for _, entry := range valueOf(b, chromedp.NavigationEntries()).Entries {
		all = append(all, entry.URL)
	}
	return all
}

// contrasts are the texts of a page with their contrast to what is behind
// them, by the formula of WCAG 2.2.
const contrasts = `(() => {
	const channels = c => c.match(/[\d.]+/g).map(Number);
	const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
		.map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
		.reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
	const behind = e => {
		for (; e; e = e.parentElement) {
			const c = channels(getComputedStyle(e).backgroundColor);
			if (c.length < 4 || c[3] === 1) return c;
			if (c[3] !== 0) throw new Error("a background that shines through");
		}
		return [255, 255, 255];
	};
	return [...document.querySelectorAll("body *")]
		.filter(e => [...e.childNodes].some(n => n.nodeType === Node.TEXT_NODE && n.data.trim()))
		.map(e => {
			const [high, low] = [light(channels(getComputedStyle(e).color)), light(behind(e))].sort((a, b) => b - a);
			return {text: e.innerText.slice(0, 40), ratio: (high + 0.05) / (low + 0.05)};
		});
})()`

// looksRight asserts that a page can be read in light and dark, on a phone and
// on a desk: contrast AA, and nothing to scroll to at the side. It takes pictures.
func (b *tab) looksRight(name string) {
	b.Helper()
	for _, scheme := range []string{"light", "dark"} {
		b.scheme(scheme)
		texts := valueOf(b, chromedp.Evaluate[[]struct {
			Text  string
			Ratio float64
		}](contrasts))
		if len(texts) < 3 {
			b.Errorf("%s, %s: only %d texts found", name, scheme, len(texts))
		}
		for _, text := range texts {
			if text.Ratio < 4.5 {
				b.Errorf("%s, %s: %q has a contrast of %.1f", name, scheme, text.Text, text.Ratio)
			}
		}
		for _, width := range []int64{320, 768, 1280} {
			b.do(chromedp.EmulateViewport(width, 800))
			if wide := valueOf(b, chromedp.Evaluate[int64](`document.documentElement.scrollWidth`)); wide > width {
				b.Errorf("%s is %d wide on a screen of %d", name, wide, width)
			}
			b.picture(fmt.Sprintf("%s-%s-%d.png", name, scheme, width))
		}
		b.do(chromedp.EmulateViewport(540, 10, chromedp.EmulateScale(2))) // the card and its edges, for the README
		b.picture(fmt.Sprintf("%s-%s-card.png", name, scheme))
	}
	b.scheme("light")
}

func (b *tab) scheme(scheme string) {
	b.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
	if err != nil {
		b.Fatal(err)
	}
	want := scheme == "dark"
	if got := valueOf(b, chromedp.Evaluate[bool](`matchMedia("(prefers-color-scheme: dark)").matches`)); got != want {
		b.Fatalf("the browser is not %s", scheme)
	}
}

func (b *tab) picture(name string) {
	b.Helper()
	b.save(name, chromedp.FullScreenshot(100))
}

// save takes a picture if SPOTAUTH_SCREENSHOTS says where to put it.
func (b *tab) save(name string, screenshot chromedp.Action[[]byte]) {
	b.Helper()
	dir := os.Getenv("SPOTAUTH_SCREENSHOTS")
	if dir == "" {
		return
	}
	png := valueOf(b, screenshot)
	if err := os.WriteFile(filepath.Join(dir, name), png, 0o600); err != nil {
		b.Fatal(err)
	}
}
