package spotify

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// Artist is an artist object of the Web API, cut down to what an export shows.
// https://developer.spotify.com/documentation/web-api/reference/get-followed
type Artist struct {
	ID       string
	Name     string // may be empty
	URI      string // "spotify:artist:ID"
	URL      string // the artist's page on open.spotify.com
	ImageURL string // the widest image; "" if there is none

	// These are nil if Spotify withholds them, as it has done from apps in
	// development mode since 2026.
	Genres     []string
	Followers  *int64
	Popularity *int64 // 0 to 100

	// Raw is the object byte for byte as it was sent, if [Listing.Raw] asked for it.
	Raw json.RawMessage
}

// page is one answer of GET /v1/me/following.
type page struct {
	artists []Artist
	null    int    // items that were null
	total   int    // -1 if Spotify does not tell it
	after   string // the cursor of the next page
	next    bool   // a URL of a next page was given
}

// errMissing says that an answer lacks its list. Spotify has sent such answers
// in outages: one is worth another try, and must never pass for an empty list.
var errMissing = errors.New("the answer holds no list of artists")

// decodePage reads one page. The result shares no memory with body.
func decodePage(body []byte, raw bool) (page, error) {
	d := newDecoder(body)
	p := page{total: -1}
	var listed bool
	d.object(func(name []byte) {
		d.only("artists", name, func() { listed = d.list(&p, raw) })
	})
	d.end()
	if d.err == nil && !listed {
		return page{}, errMissing
	}
	return p, d.err
}

// list reads the object that should hold the list. It reports whether it does.
func (d *decoder) list(p *page, raw bool) (listed bool) {
	d.object(func(name []byte) {
		switch string(name) {
		case "items":
			listed = d.array(func() { d.item(p, raw) })
		case "total":
			if n, ok := d.number(); ok {
				p.total = int(n)
			}
		case "cursors":
			d.object(func(name []byte) {
				d.only("after", name, func() { p.after = d.cursor() })
			})
		case "next":
			p.next = d.text() != ""
		default:
			d.skip()
		}
	})
	return listed
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
	if raw { // the offset was before the comma
		a.Raw = bytes.Clone(bytes.TrimLeft(d.body[start:d.tokens.InputOffset()], ", \t\r\n"))
	}
	if p.artists == nil {
		p.artists = make([]Artist, 0, pageSize)
	}
	p.artists = append(p.artists, a)
}

// cursor reads the cursor of the next page; null is "".
func (d *decoder) cursor() string {
	kind := d.tokens.PeekKind()
	if kind != '"' && kind != 'n' { // taking it for the end would cut the list short
		d.skip()
		d.fail(fmt.Errorf("the cursor is a JSON %v", kind))
	}
	return d.text()
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

// widestImage reads an array of images. Of equally wide ones, or if widths
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
