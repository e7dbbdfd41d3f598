package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"html"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/clipperhouse/displaywidth"

	"github.com/spotauth/spotauth/internal/sandbox"
)

// terminalColumns make the picture as wide as GitHub shows it.
const terminalColumns = 96

// The pictures in the README show what a terminal shows today: make pictures.
func TestPictureOfTheTerminal(t *testing.T) {
	t.Parallel()
	m := documented(t)
	m.env["TERM"] = "xterm-256color"
	var lines []string
	for _, typed := range []string{
		"spotauth login",
		"spotauth artists --limit 8",
		"spotauth artists --fields id,name,url --output follows.csv",
		"head -n 3 follows.csv",
	} {
		m.env["BROWSER_MODE"] = "look"
		r := m.sitAt(m.program("sh", "-c", typed), terminalColumns, nil).wait()
		if r.status != 0 {
			t.Fatalf("%s: status %d; the terminal shows\n%s", typed, r.status, r.stderr)
		}
		lines = append(lines, "\x1b[32m$\x1b[0m \x1b[1m"+typed+"\x1b[0m")
		lines = append(lines, strings.Split(strings.TrimRight(asForSpotify(asLeft(r.stderr)), "\n"), "\n")...)
		lines = append(lines, "")
	}
	lines = lines[:len(lines)-1]
	for name, colors := range palettes {
		file := "../../docs/" + name
		want := svg(lines, colors)
		if bytes.ContainsRune(want, '\x1b') {
			t.Fatal("an escape sequence is in the picture")
		}
		if *update {
			if err := os.WriteFile(file, want, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, want) {
			t.Errorf("docs/%s is not what the terminal shows; run this test with -update", name)
		}
	}
}

// asForSpotify puts Spotify's address in the place of the stand-in's, without what differs
// from one sign-in to the next, and one day in the place of today's.
func asForSpotify(shown string) string {
	shown = regexp.MustCompile(`http://127\.0\.0\.1:\d+/authorize\?(\S+)`).ReplaceAllStringFunc(shown, func(address string) string {
		_, query, _ := strings.Cut(address, "?")
		return ("https://accounts.spotify.com/authorize?" + query)[:terminalColumns-1] + "…"
	})
	return regexp.MustCompile(`until \d+ \w+ \d{4}`).ReplaceAllString(shown, "until 24 May 2027")
}

// The other pictures were taken of pages as they are today: docs/pictures.sha256 has the
// hashes of their sources. They have twice the pixels, for sharp text.
func TestPicturesOfPages(t *testing.T) {
	for _, source := range []string{"internal/auth/page.html", "internal/auth/page.go", "internal/export/html.css", "internal/export/html.go"} {
		hash := sha256.Sum256([]byte(document(t, source)))
		if !strings.Contains(document(t, "docs/pictures.sha256"), fmt.Sprintf("%x  %s\n", hash, source)) {
			t.Errorf("%s has changed since a picture was taken of its page; run make pictures", source)
		}
	}
	for _, name := range []string{"page.png", "page-dark.png", "html.png", "html-dark.png"} {
		size, err := png.DecodeConfig(strings.NewReader(document(t, "docs/"+name)))
		if err != nil || !strings.Contains(document(t, "README.md"), fmt.Sprintf(`.png" width="%d"`, size.Width/2)) {
			t.Errorf("the README doesn't show docs/%s at half its width, %d: %v", name, size.Width, err)
		}
	}
}

// The pictures of invented artists can't be loaded, so that their initials are shown.
func TestHTMLInChromium(t *testing.T) {
	if testing.Short() {
		t.Skip("only make test runs Chromium")
	}
	chromium := startChromium(t)
	m := newMachine(t)
	m.standIn(sandbox.Options{Artists: 120, Seed: 1, Names: sandbox.NamesFriendly})
	m.signIn()
	file := filepath.Join(m.home, "follows.html")
	if r := m.run("artists", "--output", file); r.status != 0 {
		t.Fatalf("status %d: %s", r.status, r.stderr)
	}
	tab := chromium.open(t, "file://"+file)
	tab.looksRight("html")
	for _, scheme := range []string{"light", "dark"} {
		tab.scheme(scheme)
		tab.do(chromedp.EmulateViewport(838, 548, chromedp.EmulateScale(2)))
		tab.save("html-"+scheme+".png", chromedp.CaptureScreenshot())
	}
}

// asLeft is what stays of lines that were written over, such as progress.
func asLeft(shown string) string {
	var left strings.Builder
	for line := range strings.Lines(strings.ReplaceAll(shown, "\r\n", "\n")) {
		left.WriteString(strings.TrimPrefix(line[strings.LastIndex(line, "\r")+1:], "\x1b[K"))
	}
	return left.String()
}

// A palette has the colors of a picture.
type palette struct{ ground, edge, dots, text, dim, green string }

var palettes = map[string]palette{
	"terminal.svg":      {"#f6f8fa", "#d0d7de", "#d0d7de", "#1f2328", "#59636e", "#1a7f37"},
	"terminal-dark.svg": {"#161b22", "#30363d", "#444c56", "#e6edf3", "#9198a1", "#3fb950"},
}

// svg draws lines of a terminal. Each run of text has its place and its length, so that no
// font can shift what follows. Colors stay, and links don't.
func svg(lines []string, c palette) []byte {
	const charWidth, lineHeight, margin, bar = 8.4, 20, 16, 20
	width, height := int(math.Ceil(terminalColumns*charWidth))+2*margin, len(lines)*lineHeight+bar+2*margin
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-label="spotauth in a terminal">
<rect x="0.5" y="0.5" width="%d" height="%d" rx="8" fill="%s" stroke="%s"/>
<g fill="%s"><circle cx="20" cy="18" r="5.5"/><circle cx="38" cy="18" r="5.5"/><circle cx="56" cy="18" r="5.5"/></g>
<g fill="%s" font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="14" xml:space="preserve">
`, width, height, width-1, height-1, c.ground, c.edge, c.dots, c.text)
	styles := map[string]string{
		"1": ` font-weight="bold"`, "2": fmt.Sprintf(` fill="%s"`, c.dim), "32": fmt.Sprintf(` fill="%s"`, c.green),
	}
	for i, line := range lines {
		line = regexp.MustCompile("\x1b]8;;.*?\x1b\\\\").ReplaceAllString(line, "")
		at, style := 0, ""
		for _, run := range regexp.MustCompile("\x1b\\[\\d*m|  +|(?:[^\x1b ]| [^\x1b ])+| ").FindAllString(line, -1) {
			if code, isStyle := strings.CutPrefix(run, "\x1b["); isStyle {
				style = styles[strings.TrimSuffix(code, "m")]
				continue
			}
			wide := displaywidth.String(run)
			if strings.TrimSpace(run) != "" {
				fmt.Fprintf(&b, "<text x=\"%.1f\" y=\"%d\" textLength=\"%.1f\"%s>%s</text>\n",
					margin+charWidth*float64(at), margin+bar+(i+1)*lineHeight-5, charWidth*float64(wide), style, html.EscapeString(run))
			}
			at += wide
		}
	}
	b.WriteString("</g>\n</svg>\n")
	return b.Bytes()
}
