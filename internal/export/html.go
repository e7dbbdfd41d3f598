package export

import (
	"bufio"
	"cmp"
	"crypto/sha256"
	_ "embed" // the style sheet
	"encoding/base64"
	"hash/fnv"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// style is in the page. The policy allows it by its hash.
//
//go:embed html.css
var style string

// pictureHosts serve Spotify's pictures. No page loads anything from elsewhere.
var pictureHosts = []string{"*.scdn.co", "*.spotifycdn.com"}

const (
	doctype   = "<!DOCTYPE html>\n"
	generator = `<meta name="generator" content="spotauth">`
	item      = "<li>" // begins the line of an artist
	colors    = 8      // of initials, in html.css

	// block is how many artists are in one list of the page. A browser skips the later lists that
	// are out of sight, and takes seconds if there are thousands of them. Any number of
	// columns up to 8 divides it, so that each row is full.
	block    = 840
	newBlock = "</ul>\n<ul role=\"list\">\n" // Safari forgets that an unmarked list is one
)

// page is `--format html`. It is written by hand, because html/template would add
// a fifth to the program: every foreign text goes through text, and every
// address through isAddress.
type page struct {
	o    Options
	n    int
	list []byte
}

func newPage(o Options, _ *Result) encoder { return &page{o: o} }

func (*page) begin(dst []byte) []byte { return dst }

// row adds an artist. The name is always there; its link, the picture and
// everything else are fields.
func (e *page) row(dst []byte, r *record) ([]byte, error) {
	if e.n > 0 && e.n%block == 0 {
		e.list = append(e.list, newBlock...)
	}
	e.n++
	b := append(e.list, item...)
	a := r.artist
	isLink := slices.Contains(e.o.Fields, "url") && isAddress(a.URL, "open.spotify.com")
	if isLink {
		b = append(append(append(b, `<a href="`...), e.text(a.URL)...), `">`...)
	}
	b = e.picture(b, a.ID, a.Name, a.ImageURL)
	shown := cmp.Or(a.Name, a.ID) // a link needs a text
	b = append(append(append(b, `<bdi>`...), e.text(shown)...), `</bdi>`...)
	if isLink {
		b = append(b, `</a>`...)
	}
	for i, field := range e.o.Fields {
		if s := detail(field, r.values[i]); s != "" {
			b = append(append(append(b, `<p>`...), e.text(s)...), `</p>`...)
		}
	}
	e.list = append(b, "</li>\n"...)
	return dst, nil
}

// picture shows the initials, and over them the picture when it has come.
func (e *page) picture(b []byte, id, name, address string) []byte {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(id)) // never fails
	b = append(b, `<span class="c`...)
	b = strconv.AppendUint(b, uint64(hash.Sum32()%colors), 10)
	b = append(append(append(b, `"><b aria-hidden="true">`...), e.text(initials(name))...), `</b>`...)
	if slices.Contains(e.o.Fields, "image_url") && isAddress(address, pictureHosts...) {
		b = append(append(append(b, `<img loading="lazy" decoding="async" src="`...), e.text(address)...), `" alt="Picture of `...)
		b = append(append(b, e.text(name)...), `">`...)
	}
	return append(b, `</span>`...)
}

// detail is what a field says below the name, "" if it is shown elsewhere.
func detail(field string, v any) string {
	switch {
	case v == nil, field == "name", field == "url", field == "image_url":
		return ""
	case field == "position":
		return "#" + cell(v)
	case field == "followers":
		return grouped(v.(int64)) + " " + plural(v.(int64), "follower", "followers")
	case field == "popularity":
		return "popularity " + cell(v)
	case field == "genres":
		return strings.Join(v.([]string), ", ")
	}
	return cell(v)
}

func (e *page) end(dst []byte) ([]byte, error) {
	hash := sha256.Sum256([]byte(style))
	dst = append(dst, doctype+`<html lang="en">
<head>
<meta charset="utf-8">
`+generator+`
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src`...)
	for _, host := range pictureHosts {
		dst = append(dst, " https://"+host...)
	}
	dst = append(dst, `; style-src 'sha256-`+base64.StdEncoding.EncodeToString(hash[:])+`'; base-uri 'none'; form-action 'none'">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Followed artists on Spotify</title>
<style>`+style+`</style>
</head>
<body>
<header>
<h1>Followed artists</h1>
<p>`+e.summary()+`</p>
</header>
<main>
<ul role="list">
`...)
	return append(append(dst, e.list...), "</ul>\n</main>\n</body>\n</html>\n"...), nil
}

// summary is the line below the heading.
func (e *page) summary() string {
	s := grouped(int64(e.n)) + " " + plural(int64(e.n), "artist", "artists") + " on Spotify"
	if !e.o.Date.IsZero() {
		s += `, <time datetime="` + e.o.Date.Format("2006-01-02") + `">` + e.o.Date.Format("2 January 2006") + `</time>`
	}
	return s
}

// text makes foreign text harmless in HTML, inside quotes too, and on a
// terminal. What HTML doesn't allow becomes U+FFFD, a line end a space.
// Characters that change the direction of writing may stay: they act no further
// than the bdi element around the text.
func (e *page) text(s string) string {
	var b strings.Builder
	for _, r := range e.o.shown(valid(s)) {
		switch {
		case r == '&':
			b.WriteString("&amp;")
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '"':
			b.WriteString("&#34;")
		case r == '\'':
			b.WriteString("&#39;")
		case r == '\t', r == '\n', r == '\r':
			b.WriteByte(' ')
		case unicode.IsControl(r), unicode.Is(unicode.Noncharacter_Code_Point, r):
			b.WriteRune(unicode.ReplacementChar)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// initials are the first letters of the first and the last word that have any;
// one character of a script without capitals, which is wide or joined.
func initials(name string) string {
	var letters []rune
	for word := range strings.FieldsSeq(valid(name)) {
		if i := strings.IndexFunc(word, isLetter); i >= 0 {
			letters = append(letters, unicode.ToUpper([]rune(word[i:])[0]))
		}
	}
	switch {
	case len(letters) == 0:
		return "♪"
	case len(letters) == 1, !unicode.IsUpper(letters[0]):
		return string(letters[0])
	}
	return string([]rune{letters[0], letters[len(letters)-1]})
}

func isLetter(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// grouped is a number with a comma every three digits.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func plural(n int64, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

func countItems(f io.ReadSeeker) int {
	r := bufio.NewReader(f)
	head, _ := r.Peek(512) // a shorter page is shorter
	if !strings.HasPrefix(string(head), doctype) || !strings.Contains(string(head), generator) {
		return -1
	}
	return linesWith(r, item)
}
