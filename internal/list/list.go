// Package list reads lists of artists: everything that the export writes except table and
// html, Spotify's own account data, and plain IDs. It also compares two lists.
//
// It recognizes a file by its content and never guesses: what is damaged, cut
// off or ambiguous is an [*Error]. Only a line-based file (ndjson, csv, tsv,
// plain text) that is cut off exactly at the end of a row can't be told from a
// shorter one.
package list

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spotauth/spotauth/internal/spotify"
)

const (
	maxSize   = 64 << 20 // bytes of a file, or of what is read of a ZIP
	maxRecord = 8 << 20  // bytes of a row or a JSON string, as long as an answer of the Web API may be
)

// Error says why the input is not a list of artists. It names the row, if one
// is at fault.
type Error struct{ Text string }

func (e *Error) Error() string { return e.Text }

func errorf(format string, args ...any) error { return &Error{fmt.Sprintf(format, args...)} }

var (
	errEmpty  = errorf("it holds no artists; perhaps it is the output of a command that failed")
	errCutOff = errorf("it ends in the middle of a row, so it may be cut off")
	errTooBig = errorf("it holds more than %d MiB", maxSize>>20)
)

// Read reads a whole list. Each artist comes once, in the order of the file;
// repeated says how many further rows had the ID of an earlier one. URI and URL
// follow from the ID. Name may be empty, and Raw is not set.
//
// An error of r comes back as it is; any other is an [*Error].
func Read(r io.Reader) (artists []spotify.Artist, repeated int, err error) {
	in := &bounded{r: r}
	c := &collector{seen: make(map[string]bool)}
	err = c.read(in)
	if in.err != nil { // not what a parser made of it
		err = in.err
	}
	if err != nil {
		return nil, 0, err
	}
	return c.artists, c.repeated, nil
}

func (c *collector) read(in *bounded) error {
	r := bufio.NewReaderSize(in, 64<<10)
	bom := skipText(r, "\uFEFF")
	head, err := r.Peek(r.Size())
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	text := bytes.TrimLeft(head, " \t\r\n")
	switch {
	case len(text) == 0 && len(head) < r.Size():
		return errEmpty
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return c.readZIP(r, in)
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		return errorf("it is UTF-16; save it as UTF-8")
	case bytes.HasPrefix(text, []byte("<")):
		return errorf("it is a web page, which can't be read back; save the list as json, csv or tsv")
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		return errorf("it is compressed with gzip; unpack it first")
	case len(text) > 0 && (text[0] == '[' || text[0] == '{'):
		return c.readJSON(r, in)
	case bytes.IndexByte(head, '\n') < 0 && bytes.IndexByte(bytes.TrimRight(head, "\r"), '\r') >= 0:
		return errorf("its lines end with CR alone; save it with LF or CRLF")
	}
	if comma, ok := separator(head); ok {
		return c.readRows(&rows{r: r, in: in, comma: comma}, bom)
	}
	return c.readLines(&rows{r: r, in: in})
}

// skipText reports whether text comes next, and reads it.
func skipText(r *bufio.Reader, text string) bool {
	next, _ := r.Peek(len(text)) // an error comes again with the next read
	if string(next) != text {
		return false
	}
	_, _ = r.Discard(len(text))
	return true
}

// bounded is the input. It ends with an error at maxSize, and at maxRecord bytes after the
// last call of done, so no parser has to hold more.
type bounded struct {
	r         io.Reader
	read, end int64 // bytes read; of them, those before the row that is being read
	err       error
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.r.Read(p)
	b.read += int64(n)
	switch {
	case b.read > maxSize:
		b.err = errTooBig
	case b.read-b.end > maxRecord+int64(len(p)): // p may hold many rows
		b.err = errorf("a row holds more than %d MiB", maxRecord>>20)
	case err != nil && !errors.Is(err, io.EOF):
		b.err = err
	default:
		return n, err
	}
	return 0, b.err
}

// done marks the end of a row.
func (b *bounded) done() { b.end = b.read }

// unlimitRow removes the limit of a row, because a ZIP has no rows. That of the whole stays.
func (b *bounded) unlimitRow() { b.end = maxSize }

// collector takes the artists as they are read.
type collector struct {
	artists  []spotify.Artist
	seen     map[string]bool
	repeated int
}

// add takes an artist with the id, uri and url that its row gives. The error says what is
// wrong with them.
func (c *collector) add(a spotify.Artist) error {
	if err := identify(&a); err != nil {
		return err
	}
	if c.seen[a.ID] {
		c.repeated++
		return nil
	}
	c.seen[a.ID] = true
	c.artists = append(c.artists, a)
	return nil
}

const (
	uriPrefix = "spotify:artist:"
	urlPrefix = "https://open.spotify.com/artist/"
)

// identify sets ID, URI and URL from whichever of them are given. They must agree.
func identify(a *spotify.Artist) error {
	id := ""
	for _, given := range []struct{ name, value, id string }{
		{"id", a.ID, a.ID},
		{"uri", a.URI, strings.TrimPrefix(a.URI, uriPrefix)},
		{"url", a.URL, pageID(a.URL)},
	} {
		switch {
		case given.value == "":
		case !isID(given.id), given.name == "uri" && given.id == given.value:
			return errorf("%s %.60q is not that of an artist", given.name, given.value)
		case id != "" && id != given.id:
			return errorf("%s %.60q is not that of the artist %s", given.name, given.value, id)
		default:
			id = given.id
		}
	}
	if id == "" {
		return errorf("no id, uri or url")
	}
	if len(a.URL) != len(urlPrefix)+len(id) || !strings.HasPrefix(a.URL, urlPrefix) {
		a.URL = urlPrefix + id
	}
	if a.URI == "" {
		a.URI = uriPrefix + id
	}
	a.ID = a.URL[len(urlPrefix):] // shares its memory
	return nil
}

// pageID returns the ID in the address of an artist's page, without what
// Spotify's share button and its translated pages add; "" if it is another address.
func pageID(url string) string {
	path, ok := strings.CutPrefix(url, "https://open.spotify.com/")
	if !ok {
		return ""
	}
	if first, rest, found := strings.Cut(path, "/"); found && strings.HasPrefix(first, "intl-") {
		path = rest
	}
	id, ok := strings.CutPrefix(path, "artist/")
	if end := strings.IndexAny(id, "?#"); end >= 0 {
		id = id[:end]
	}
	if !ok {
		return ""
	}
	return id
}

// isID reports whether s is an ID of Spotify: 22 base62 characters
// (https://developer.spotify.com/documentation/web-api/concepts/spotify-uris-ids).
func isID(s string) bool {
	if len(s) != 22 {
		return false
	}
	for _, c := range []byte(s) {
		if !('0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z') {
			return false
		}
	}
	return true
}
