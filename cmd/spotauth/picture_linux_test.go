package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"html"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/mattn/go-runewidth"

	"github.com/spotauth/spotauth/internal/keychaintest"
	"github.com/spotauth/spotauth/internal/sandbox"
)

// The picture in the README shows what a terminal shows today: make pictures.
func TestPictureOfTheTerminal(t *testing.T) {
	const file, columns = "../../docs/terminal.svg", 96
	keychaintest.Need(t, "sh", "jq")
	m := newMachine(t)
	m.standIn(sandbox.Options{Artists: 120, Seed: 1, Names: sandbox.NamesFriendly})
	m.signIn()
	m.env["TERM"] = "xterm-256color"
	var lines []string
	for _, typed := range []string{
		"spotauth whoami",
		"spotauth artists --limit 8",
		"spotauth artists --jq '.[0:3] | map(.name)'",
		"spotauth artists --output follows.json && jq -M length follows.json",
	} {
		lines = append(lines, "\x1b[1m$ "+typed+"\x1b[0m")
		r := m.sitAt(m.program("sh", "-c", typed), columns, nil).wait()
		if r.status != 0 {
			t.Fatalf("%s: status %d; the terminal shows\n%s", typed, r.status, r.stderr)
		}
		shown := regexp.MustCompile("spotauth: using the stand-in at .*\n").ReplaceAllString(asLeft(r.stderr), "")
		lines = append(lines, strings.Split(strings.TrimRight(shown, "\n"), "\n")...)
	}
	want := svg(lines, columns)
	if bytes.ContainsRune(want, '\x1b') {
		t.Fatal("an escape sequence is in the picture")
	}
	if *update {
		if err := os.WriteFile(file, want, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, want) {
		t.Error("docs/terminal.svg is not what the terminal shows; run this test with -update")
	}
}

// The other picture was taken of the page as it is today: docs/page.sha256 has
// the page's hash.
func TestPictureOfThePage(t *testing.T) {
	taken, err := os.ReadFile("../../docs/page.sha256")
	if err != nil {
		t.Fatal(err)
	}
	page := sha256.New()
	for _, name := range []string{"page.html", "page.go"} {
		text, err := os.ReadFile("../../internal/auth/" + name)
		if err != nil {
			t.Fatal(err)
		}
		page.Write(text)
	}
	if want := fmt.Sprintf("%x  -\n", page.Sum(nil)); string(taken) != want {
		t.Error("docs/page.png is of another page than internal/auth has; take it anew with make pictures")
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

// svg draws lines of a terminal. Each run of text gets the column it begins in,
// so that no font can shift what follows it. Bold and dim stay, links don't.
func svg(lines []string, columns int) []byte {
	const width, height, margin = 8.4, 19, 16
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %d" role="img" aria-label="spotauth in a terminal">
<rect width="100%%" height="100%%" rx="8" fill="#1b1f23"/>
<g fill="#d7dbdf" font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="14" xml:space="preserve">
`, float64(columns)*width+2*margin, len(lines)*height+2*margin)
	for i, line := range lines {
		rest, bold := strings.CutPrefix(line, "\x1b[1m")
		const dim = "\u200b" // marks the text, and has no width
		rest = strings.NewReplacer("\x1b[1m", "", "\x1b[0m", "", "\x1b[2m", dim, "\x1b[22m", "").Replace(rest)
		rest = regexp.MustCompile("\x1b]8;;.*?\x1b\\\\").ReplaceAllString(rest, "")
		weight := ""
		if bold {
			weight = ` font-weight="bold"`
		}
		at := 0
		for rest != "" {
			run, more, _ := strings.Cut(rest, "  ")
			if text := strings.TrimLeft(run, " "); text != "" {
				x := margin + width*float64(at+runewidth.StringWidth(run)-runewidth.StringWidth(text))
				style := weight
				if plain, isDim := strings.CutPrefix(text, dim); isDim {
					text, style = plain, ` fill-opacity="0.6"`
				}
				fmt.Fprintf(&b, "<text x=\"%.1f\" y=\"%d\"%s>%s</text>\n", x, margin+(i+1)*height-5, style, html.EscapeString(text))
			}
			at += runewidth.StringWidth(rest) - runewidth.StringWidth(more)
			rest = more
		}
	}
	b.WriteString("</g>\n</svg>\n")
	return b.Bytes()
}
