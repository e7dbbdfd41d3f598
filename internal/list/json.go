package list

import (
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/spotauth/spotauth/internal/spotify"
)

// readJSON reads an array of artists, artists one after the other (ndjson), or
// a YourLibrary.json of Spotify's account data.
func (c *collector) readJSON(r io.Reader, in *bounded) error {
	d := newDecoder(r, in)
	if d.tokens.PeekKind() == '[' {
		d.array(func() { d.collect(c) })
		return d.end()
	}
	isLibrary, hasArtists := d.document(c)
	if isLibrary && !hasArtists {
		d.fail(errNoArtists)
	}
	for d.err == nil && !isLibrary && d.tokens.PeekKind() != 0 {
		d.collect(c)
	}
	return d.end()
}

var (
	errNoArtists = errorf("this part of Spotify's account data has no artists; use the ZIP, or the YourLibrary file that has them")
	errNoList    = errorf("its artists are not a list; in an answer of the Web API, the list is artists.items")
	errFollow    = errorf("Follow.json has no artists' IDs; use the ZIP, or YourLibrary.json from it")
)

// decoder walks the tokens of a JSON text, so that it holds no more than one.
// The first error stays in err, and nothing is read after it. A name that stands
// twice in an object is an error.
type decoder struct {
	tokens *jsontext.Decoder
	in     *bounded
	row    int    // artists begun
	name   []byte // of the last member
	err    error
}

func newDecoder(r io.Reader, in *bounded) *decoder {
	// Spotify's own objects may hold half a surrogate pair. It becomes U+FFFD,
	// as in an answer of the Web API.
	return &decoder{tokens: jsontext.NewDecoder(r, jsontext.AllowInvalidUTF8(true)), in: in}
}

// document reads the first object, which is an artist or a library. The library
// is one of Spotify's account data, as in real exports of 2024 to 2026.
func (d *decoder) document(c *collector) (isLibrary, hasArtists bool) {
	var a spotify.Artist
	d.row = 1
	d.object(func(name []byte) {
		switch string(name) {
		case "artists":
			d.row = 0
			isLibrary, hasArtists = true, d.array(func() { d.collect(c) })
			if !hasArtists {
				d.fail(errNoList)
			}
		case "tracks", "albums", "shows", "episodes", "bannedTracks", "bannedArtists", "other":
			isLibrary = true
			d.skip()
		case "userIsFollowing", "userIsFollowedBy", "userIsBlocking", "followerCount", "followingUsersCount", "dismissingUsersCount":
			d.fail(errFollow)
		default:
			d.member(&a, name)
		}
	})
	if d.err == nil && !isLibrary {
		d.fail(c.add(a))
	}
	return isLibrary, hasArtists
}

// collect reads an artist.
func (d *decoder) collect(c *collector) {
	d.row++
	var a spotify.Artist
	if !d.object(func(name []byte) { d.member(&a, name) }) {
		d.fail(errors.New("it is not an object"))
	}
	if d.err == nil {
		d.fail(c.add(a))
	}
}

// member reads a member of an artist, as the export or Spotify's Web API writes
// it. What doesn't identify the artist and has another type counts as withheld.
func (d *decoder) member(a *spotify.Artist, name []byte) {
	switch string(name) {
	case "id":
		a.ID = d.textOrNull("id")
	case "name":
		a.Name = d.textOrNull("name")
	case "uri":
		a.URI = d.textOrNull("uri")
	case "url":
		a.URL = d.textOrNull("url")
	case "external_urls":
		d.object(func(name []byte) { d.only("spotify", name, func() { a.URL = d.textOrNull("url") }) })
	case "image_url":
		a.ImageURL = d.text()
	case "images":
		a.ImageURL = d.widestImage()
	case "genres":
		a.Genres = d.texts()
	case "followers":
		if d.tokens.PeekKind() == '0' {
			a.Followers = d.number()
			return
		}
		d.object(func(name []byte) { d.only("total", name, func() { a.Followers = d.number() }) })
	case "popularity":
		a.Popularity = d.number()
	case "type":
		if kind := d.text(); kind != "artist" {
			d.fail(fmt.Errorf("its type is %.60q", kind))
		}
	default:
		d.skip()
	}
}

// widestImage reads the images of Spotify's own objects. Of equally wide ones
// the first wins, as in an export.
func (d *decoder) widestImage() (widest string) {
	most := int64(-1)
	d.array(func() {
		var url string
		var width int64
		d.object(func(name []byte) {
			switch string(name) {
			case "url":
				url = d.text()
			case "width":
				if n := d.number(); n != nil {
					width = *n
				}
			default:
				d.skip()
			}
		})
		if url != "" && width > most {
			most, widest = width, url
		}
	})
	return widest
}

// object calls member for each member of the object that comes next; member
// reads or skips the value. It skips any other value and returns false.
func (d *decoder) object(member func(name []byte)) bool {
	if d.tokens.PeekKind() != '{' {
		d.skip()
		return false
	}
	d.read()
	for d.err == nil && d.tokens.PeekKind() != '}' {
		d.in.done()
		quoted, err := d.tokens.ReadValue()
		d.fail(err)
		d.name, _ = jsontext.AppendUnquote(d.name[:0], quoted) // its error is invalid UTF-8, replaced
		if d.err == nil {
			member(d.name)
		}
	}
	d.read()
	return true
}

// only calls read if name is the wanted one, and skips the member otherwise.
func (d *decoder) only(wanted string, name []byte, read func()) {
	if string(name) == wanted {
		read()
	} else {
		d.skip()
	}
}

// array calls element for each element of the array that comes next. It skips
// any other value and returns false.
func (d *decoder) array(element func()) bool {
	if d.tokens.PeekKind() != '[' {
		d.skip()
		return false
	}
	d.read()
	for d.err == nil && d.tokens.PeekKind() != ']' {
		element()
	}
	d.read()
	return true
}

// textOrNull reads a string, or null as "". Any other value is an error.
func (d *decoder) textOrNull(name string) string {
	if kind := d.tokens.PeekKind(); kind != '"' && kind != 'n' && kind != 0 {
		d.fail(fmt.Errorf("its %s is not text", name))
	}
	return d.text()
}

// text reads a string. It skips any other value and returns "".
func (d *decoder) text() string {
	if d.tokens.PeekKind() != '"' {
		d.skip()
		return ""
	}
	return d.read().String()
}

// texts reads the strings of an array. It skips any other value and returns nil.
func (d *decoder) texts() []string {
	list := []string{}
	isArray := d.array(func() {
		if d.tokens.PeekKind() != '"' {
			d.skip()
			return
		}
		list = append(list, d.text())
	})
	if !isArray {
		return nil
	}
	return list
}

// number reads a whole number. It skips any other value and returns nil.
func (d *decoder) number() *int64 {
	if d.tokens.PeekKind() != '0' {
		d.skip()
		return nil
	}
	n, err := strconv.ParseInt(d.read().String(), 10, 64)
	if err != nil {
		return nil
	}
	return &n
}

func (d *decoder) read() jsontext.Token {
	if d.err != nil {
		return jsontext.Token{}
	}
	d.in.done()
	token, err := d.tokens.ReadToken()
	if err != nil {
		d.fail(err)
		return jsontext.Token{}
	}
	return token
}

// skip reads a value token by token, because it may be longer than a row.
func (d *decoder) skip() {
	for depth := 0; d.err == nil; {
		switch d.read().Kind() {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		if depth == 0 {
			return
		}
	}
}

// end makes sure that nothing follows.
func (d *decoder) end() error {
	if d.err == nil {
		if _, err := d.tokens.ReadToken(); err == nil {
			d.fail(errors.New("something follows the list"))
		} else if !errors.Is(err, io.EOF) {
			d.fail(err)
		}
	}
	return d.err
}

// fail keeps the first error, with the row that it is in.
func (d *decoder) fail(err error) {
	if err == nil || d.err != nil {
		return
	}
	syntax := (*jsontext.SyntacticError)(nil)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF):
		d.err = errCutOff
		return
	case errors.Is(err, jsontext.ErrDuplicateName):
		err = errors.New("a name stands twice in an object")
	case errors.As(err, &syntax):
		err = errors.New("it is not valid JSON")
	}
	if d.row == 0 || err == errFollow || err == errNoArtists {
		d.err = &Error{err.Error()}
		return
	}
	d.err = errorf("artist %d: %v", d.row, err)
}
