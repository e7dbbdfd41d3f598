package spotify

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// The rules of this file: names match exactly, a name that stands twice in an
// object or anything after the value is an error, invalid UTF-8 becomes
// U+FFFD. What is optional and of another type than documented counts as
// withheld, so that a change in a field that nobody asked for breaks nothing.
//
// It walks tokens instead of filling structs: the decoder is most of the work
// that an export does, and this takes a quarter of encoding/json's time.

// Artist is an artist object of the Web API, cut down to what an export shows.
// https://developer.spotify.com/documentation/web-api/reference/get-followed
type Artist struct {
	ID         string
	Name       string // may be empty
	URI        string // "spotify:artist:ID"
	URL        string // the artist's page on open.spotify.com
	ImageURL   string // the widest image; "" if there is none
	Genres     []string
	Followers  *int64
	Popularity *int64 // 0 to 100

	// Genres, Followers and Popularity are nil where Spotify withholds them,
	// as it does from apps in development mode.

	// Raw is the object byte for byte as it was sent, if [Listing.Raw] asked for it.
	Raw json.RawMessage
}

// page is one answer of GET /v1/me/following.
type page struct {
	artists []Artist
	null    int    // items that were null
	total   int    // -1 if not told
	after   string // the cursor of the next page
	next    bool   // a URL of a next page was given
}

// errMissing tells of an answer without the object or the array that it is
// for. Spotify has sent such in outages: it is worth another try, and must
// never pass for an empty list.
var errMissing = errors.New("the answer holds no list of artists")

// decodePage reads one page. The result shares no memory with body.
func decodePage(body []byte, raw bool) (page, error) {
	d := newDecoder(body)
	p := page{total: -1}
	var listed bool
	d.object(func(name []byte) {
		if string(name) != "artists" {
			d.skip()
			return
		}
		d.object(func(name []byte) {
			switch string(name) {
			case "items":
				listed = d.array(func() { d.item(&p, raw) })
			case "total":
				if n, ok := d.number(); ok && n >= 0 {
					p.total = int(n)
				}
			case "cursors":
				d.object(func(name []byte) { d.cursor(&p, name) })
			case "next":
				p.next = d.text() != ""
			default:
				d.skip()
			}
		})
	})
	d.end()
	if d.err == nil && !listed {
		return page{}, errMissing
	}
	return p, d.err
}

// decodeUser reads a user object.
func decodeUser(body []byte) (User, error) {
	d := newDecoder(body)
	var u User
	d.object(func(name []byte) {
		switch string(name) {
		case "id":
			u.ID = d.text()
		case "account_id":
			u.AccountID = d.text()
		case "display_name":
			u.DisplayName = d.text()
		case "email":
			u.Email = d.text()
		default:
			d.skip()
		}
	})
	d.end()
	if u.ID == "" {
		d.fail(errors.New("the answer holds no user id"))
	}
	if d.err != nil {
		return User{}, d.err
	}
	return u, nil
}

// decoder walks a JSON text. The first error stays in err, and nothing is
// read after it.
type decoder struct {
	tokens jsontext.Decoder
	body   []byte
	err    error

	name        []byte // the last member name
	url, widest []byte // of the images being compared
}

func newDecoder(body []byte) *decoder {
	d := &decoder{body: body}
	d.tokens.Reset(bytes.NewBuffer(body), jsontext.AllowInvalidUTF8(true))
	return d
}

func (d *decoder) item(p *page, raw bool) {
	if d.tokens.PeekKind() == 'n' {
		d.skip()
		p.null++
		return
	}
	start := d.tokens.InputOffset()
	a := d.artist()
	if d.err != nil {
		return
	}
	if raw {
		a.Raw = bytes.Clone(bytes.TrimLeft(d.body[start:d.tokens.InputOffset()], ", \t\r\n"))
	}
	if p.artists == nil {
		p.artists = make([]Artist, 0, pageSize)
	}
	p.artists = append(p.artists, a)
}

func (d *decoder) cursor(p *page, name []byte) {
	if string(name) != "after" {
		d.skip()
		return
	}
	switch kind := d.tokens.PeekKind(); kind {
	case '"':
		p.after = d.text()
	case 'n':
		d.skip()
	default: // taking it for the end would cut the list short
		d.skip()
		d.fail(fmt.Errorf("the cursor is a JSON %v", kind))
	}
}

func (d *decoder) artist() Artist {
	var a Artist
	var named bool
	d.object(func(name []byte) {
		switch string(name) {
		case "id":
			a.ID = d.text()
		case "name":
			named = d.tokens.PeekKind() == '"'
			a.Name = d.text()
		case "uri":
			a.URI = d.text()
		case "external_urls":
			d.object(func(name []byte) { d.only("spotify", name, func() { a.URL = d.text() }) })
		case "images":
			a.ImageURL = d.widestImage()
		case "genres":
			a.Genres = d.texts()
		case "followers":
			d.object(func(name []byte) { d.only("total", name, func() { a.Followers = d.count() }) })
		case "popularity":
			a.Popularity = d.count()
		default:
			d.skip()
		}
	})
	if a.ID == "" || !named {
		d.fail(errors.New("an artist has no id or no name"))
	}
	return a
}

// widestImage reads an array of images. Of equally wide ones, or where widths
// are withheld, the first wins: Spotify lists the widest first.
func (d *decoder) widestImage() string {
	d.widest = d.widest[:0]
	most := int64(-1)
	d.array(func() {
		d.url = d.url[:0]
		var width int64
		d.object(func(name []byte) {
			switch string(name) {
			case "url":
				d.url = d.appendText(d.url)
			case "width":
				width, _ = d.number()
			default:
				d.skip()
			}
		})
		if len(d.url) > 0 && width > most {
			most = width
			d.url, d.widest = d.widest, d.url
		}
	})
	return string(d.widest)
}

// object calls member for each member of the object that comes next; member
// reads or skips the value. Any other value is skipped.
func (d *decoder) object(member func(name []byte)) {
	if d.tokens.PeekKind() != '{' {
		d.skip()
		return
	}
	d.read()
	for d.err == nil && d.tokens.PeekKind() != '}' {
		d.name = d.appendText(d.name[:0])
		if d.err == nil {
			member(d.name)
		}
	}
	d.read()
}

// only calls read if name is the wanted one, and skips the member otherwise.
func (d *decoder) only(wanted string, name []byte, read func()) {
	if string(name) == wanted {
		read()
	} else {
		d.skip()
	}
}

// array calls element for each element of the array that comes next. Any
// other value is skipped, and false.
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

// texts reads an array of strings; nil if it is no array.
func (d *decoder) texts() []string {
	list := []string{}
	if !d.array(func() { list = append(list, d.text()) }) {
		return nil
	}
	return list
}

// text reads a string; any other value is skipped, and "".
func (d *decoder) text() string {
	if d.tokens.PeekKind() != '"' {
		d.skip()
		return ""
	}
	return d.read().String()
}

// appendText is text without an allocation.
func (d *decoder) appendText(to []byte) []byte {
	if d.tokens.PeekKind() != '"' {
		d.skip()
		return to
	}
	quoted, err := d.tokens.ReadValue()
	if err != nil {
		d.fail(err)
		return to
	}
	to, _ = jsontext.AppendUnquote(to, quoted) // its error is invalid UTF-8, replaced
	return to
}

// number reads a number; any other value is skipped, and false.
func (d *decoder) number() (n int64, ok bool) {
	if d.tokens.PeekKind() != '0' {
		d.skip()
		return 0, false
	}
	token := d.read()
	if d.err != nil {
		return 0, false
	}
	return token.Int(), true
}

// count reads a number that may be withheld.
func (d *decoder) count() *int64 {
	n, ok := d.number()
	if !ok {
		return nil
	}
	return &n
}

func (d *decoder) read() jsontext.Token {
	if d.err != nil {
		return jsontext.Token{}
	}
	token, err := d.tokens.ReadToken()
	d.fail(err)
	return token
}

func (d *decoder) skip() {
	if d.err == nil {
		d.fail(d.tokens.SkipValue())
	}
}

// end makes sure that nothing follows the value.
func (d *decoder) end() {
	if d.err != nil {
		return
	}
	if _, err := d.tokens.ReadToken(); err != io.EOF {
		d.fail(errors.New("something follows the JSON value"))
	}
}

func (d *decoder) fail(err error) {
	if d.err == nil {
		d.err = err
	}
}
