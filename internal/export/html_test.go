package export_test

import (
	"crypto/sha256"
	"encoding/base64"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/spotauth/spotauth/internal/export"
	"github.com/spotauth/spotauth/internal/spotify"
)

var anyDay = time.Date(2026, 11, 24, 23, 59, 0, 0, time.UTC)

const (
	aPage    = "https://open.spotify.com/artist/0123456789012345678901"
	aPicture = "https://i.scdn.co/image/ab6761610000e5eb0123"
)

// The page loads nothing but pictures of Spotify: its policy says so, and the
// style sheet is the one that the policy names.
func TestHTMLPolicy(t *testing.T) {
	text, _ := render(t, export.Options{Format: export.HTML}, artists())
	policy := regexp.MustCompile(`<meta http-equiv="Content-Security-Policy" content="([^"]*)">`).FindStringSubmatch(text)
	style := regexp.MustCompile(`(?s)<style>(.*)</style>`).FindStringSubmatch(text)
	if policy == nil || style == nil {
		t.Fatal("no policy or no style")
	}
	hash := sha256.Sum256([]byte(style[1]))
	want := "default-src 'none'; img-src https://*.scdn.co https://*.spotifycdn.com; style-src 'sha256-" +
		base64.StdEncoding.EncodeToString(hash[:]) + "'; base-uri 'none'; form-action 'none'"
	if policy[1] != want {
		t.Errorf("policy %q, want %q", policy[1], want)
	}
	for _, forbidden := range []string{"<script", "<link", "<iframe", "url(", "@import", "@font-face", " style=", " on", "javascript:", "http://"} {
		if forbidden == " on" {
			if m := regexp.MustCompile(`<[^>]* on[a-z]+=`).FindString(text); m != "" {
				t.Errorf("the page has %s", m)
			}
		} else if strings.Contains(text, forbidden) {
			t.Errorf("the page has %q", forbidden)
		}
	}
}

// Only addresses of Spotify's pages become links, and only those of its pictures
// are loaded.
func TestHTMLAddresses(t *testing.T) {
	rows := []struct {
		page, picture       string
		hasLink, hasPicture bool
	}{
		{aPage, aPicture, true, true},
		{aPage + "?si=a&b=c", "https://image-cdn-ak.spotifycdn.com/image/x", true, true},
		{"", "", false, false},
		{"javascript:alert(1)", "javascript:alert(1)", false, false},
		{"data:text/html,x", "data:image/png;base64,x", false, false},
		{"http://open.spotify.com/artist/x", "http://i.scdn.co/image/x", false, false},
		{"https://open.spotify.com.example.com/", "https://i.scdn.co.example.com/", false, false},
		{"https://example.com/open.spotify.com/", "https://example.com/.scdn.co/", false, false},
		{"https://open.spotify.com@example.com/", "https://i.scdn.co@example.com/", false, false},
		{"https://a@open.spotify.com/", "https://example.com?.scdn.co/", false, false},
		{"https://open.spotify.com:8443/", "https://i.scdn.co:8443/", false, false},
		{"https://open.spotify.com\\@example.com/", "https://example.com\\.scdn.co/", false, false},
		{"//open.spotify.com/", "//i.scdn.co/", false, false},
		{"https://open.spotify.com", "https://scdn.co/x", false, false},
		{`https://open.spotify.com/"onclick="x`, `https://i.scdn.co/"onerror="x`, false, false},
		{"https://open.spotify.com/ x", "https://i.scdn.co/\tx", false, false},
		{"https:///", "https://.scdn.co/x", false, false},
		{"HTTPS://OPEN.SPOTIFY.COM/", "https://i.scdn.cö/", false, false},
		{"https://open.spotify.com/ä", "https://i.scdn.co/\u202e", false, false},
	}
	for _, row := range rows {
		text, _ := render(t, export.Options{Format: export.HTML}, []spotify.Artist{{ID: "1", Name: "x", URL: row.page, ImageURL: row.picture}})
		if strings.Contains(text, "<a ") != row.hasLink || strings.Contains(text, "<img ") != row.hasPicture {
			t.Errorf("%q %q: link %t, picture %t", row.page, row.picture, !row.hasLink, !row.hasPicture)
		}
	}
}

// Whatever fields are chosen, the name is shown, and what was not chosen is not.
func TestHTMLFields(t *testing.T) {
	artist := spotify.Artist{ID: "1", Name: "A B", URI: "spotify:artist:1", URL: aPage, ImageURL: aPicture,
		Genres: []string{"pop", "r&b"}, Followers: count(1234567), Popularity: count(61)}
	const (
		face    = `<b aria-hidden="true">AB</b>`
		picture = `<img loading="lazy" decoding="async" src="` + aPicture + `" alt="Picture of A B">`
	)
	rows := []struct{ fields, want string }{
		{"", `<a href="` + aPage + `">` + face + picture + `<bdi>A B</bdi></a>`},
		{"name", face + `<bdi>A B</bdi>`},
		{"url", `<a href="` + aPage + `">` + face + `<bdi>A B</bdi></a>`},
		{"image_url", face + picture + `<bdi>A B</bdi>`},
		{"followers,genres,position,popularity,id,uri", face + `<bdi>A B</bdi><p>1,234,567 followers</p><p>pop, r&amp;b</p><p>#1</p><p>popularity 61</p><p>1</p><p>spotify:artist:1</p>`},
	}
	for _, row := range rows {
		o := export.Options{Format: export.HTML}
		fields, err := o.ParseFields(row.fields)
		if err != nil {
			t.Fatal(err)
		}
		o.Fields = fields
		text, _ := render(t, o, []spotify.Artist{artist})
		got := regexp.MustCompile(`<li>(.*)</li>`).FindStringSubmatch(text)[1]
		if got = regexp.MustCompile(`<span class="c[0-7]">|</span>`).ReplaceAllString(got, ""); got != row.want {
			t.Errorf("%s:\n%s\nwant\n%s", row.fields, got, row.want)
		}
	}
}

// An artist without a name is shown as its ID, as a list of IDs alone has it.
func TestHTMLWithoutNames(t *testing.T) {
	text, _ := render(t, export.Options{Format: export.HTML}, []spotify.Artist{{ID: "1", URL: aPage}})
	if !strings.Contains(text, `<bdi>1</bdi></a>`) {
		t.Error(text)
	}
}

func TestHTMLSummary(t *testing.T) {
	for n, want := range map[int]string{0: "0 artists on Spotify", 1: "1 artist on Spotify", 18: "18 artists on Spotify", 1000: "1,000 artists on Spotify"} {
		list := make([]spotify.Artist, n)
		text, _ := render(t, export.Options{Format: export.HTML}, list)
		if !strings.Contains(text, "<p>"+want+"</p>") {
			t.Errorf("%d artists: no %q", n, want)
		}
		text, _ = render(t, export.Options{Format: export.HTML, Date: anyDay}, list)
		if !strings.Contains(text, "<p>"+want+`, <time datetime="2026-11-24">24 November 2026</time></p>`) {
			t.Errorf("%d artists: no date", n)
		}
	}
}

// A browser takes ten seconds for 20,000 parts that it may skip, and none for some
// dozen lists. The first one is in sight: if it could be skipped, a short page would begin with
// the height of a long one. The last row of each is full in any number of columns that fits the page.
func TestHTMLIsInBlocks(t *testing.T) {
	for n, want := range map[int][]int{0: {0}, 1: {1}, 840: {840}, 841: {840, 1}, 1700: {840, 840, 20}} {
		text, _ := render(t, export.Options{Format: export.HTML}, make([]spotify.Artist, n))
		var got []int
		for _, list := range regexp.MustCompile(`(?s)<ul role="list">\n(.*?)</ul>`).FindAllStringSubmatch(text, -1) {
			got = append(got, strings.Count(list[1], "<li>"))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d artists: lists of %d, want %d", n, got, want)
		}
		if skips := regexp.MustCompile(`\n([a-z +]+) {[^}]*content-visibility: auto`).FindAllStringSubmatch(text, -1); len(skips) != 1 || skips[0][1] != "ul + ul" {
			t.Errorf("what a browser may skip: %q", skips)
		}
	}
	for columns := 1; columns <= 8; columns++ { // 90rem hold no more than 8 columns of 8rem, with their gaps
		if 840%columns != 0 {
			t.Errorf("a row of %d is not full", columns)
		}
	}
}

func TestInitials(t *testing.T) {
	for name, want := range map[string]string{
		"Sigur Rós": "SR", "M83": "M", "godspeed you! black emperor": "GE", "+44": "4", "=LOVE": "L", "椎名林檎": "椎", "椎名 林檎": "椎",
		"فيروز": "ف", "👩‍👩‍👧 family": "F", "Z̴̢̛a̶͝l̸go": "Z", "": "♪", "  ": "♪", "!!!": "♪", "\u202ea": "A", "A\nB": "AB", "<b> &": "B", "\xff": "♪",
	} {
		text, _ := render(t, export.Options{Format: export.HTML}, []spotify.Artist{{ID: "1", Name: name}})
		if got := regexp.MustCompile(`<b aria-hidden="true">(.*)</b>`).FindStringSubmatch(text)[1]; got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

// O-04: no text of an artist can be more than text. The page has as many tags and
// quotes as with harmless text, and no character that HTML doesn't allow.
func FuzzHTML(f *testing.F) {
	for _, a := range artists() {
		f.Add(a.Name, "pop", aPage, aPicture)
	}
	f.Add(`"><script>alert(1)</script>`, `</p><img src=x onerror='x'>`, `https://open.spotify.com/"><b>`, `https://i.scdn.co/'><b>`)
	f.Add("\ufffe\uffff\U0010ffff", "\ufdd0", aPage, aPicture)
	f.Add("&lt;", "&#34;", aPage+"?a&quot;=1", aPicture+"?&amp;")
	marks := func(s string) string {
		return regexp.MustCompile(`[^<>"']+`).ReplaceAllString(s, "")
	}
	f.Fuzz(func(t *testing.T, name, genre, page, picture string) {
		o := export.Options{Format: export.HTML, Date: anyDay}
		o.Fields, _ = o.ParseFields("+genres")
		text, _ := render(t, o, []spotify.Artist{{ID: "1", Name: name, Genres: []string{genre}, URL: page, ImageURL: picture}})
		harmless := spotify.Artist{ID: "1", Name: "x"}
		if strings.Contains(text, `<a href="https://open.spotify.com/`) {
			harmless.URL = aPage
		}
		if regexp.MustCompile(`src="https://[a-z0-9.-]+\.(scdn\.co|spotifycdn\.com)/`).MatchString(text) {
			harmless.ImageURL = aPicture
		}
		if genre != "" {
			harmless.Genres = []string{"x"}
		}
		want, _ := render(t, o, []spotify.Artist{harmless})
		if marks(text) != marks(want) {
			t.Errorf("%s", text)
		}
		for _, r := range text {
			if r != '\n' && unicode.IsControl(r) || unicode.Is(unicode.Noncharacter_Code_Point, r) || !utf8.ValidString(text) {
				t.Fatalf("%q passes", r)
			}
		}
	})
}
