package spotify

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// itemsPage is one answer with a page of items.
// https://developer.spotify.com/documentation/web-api/concepts/api-calls
type itemsPage struct {
	member     string // the member of the answer that is the page; "" for the whole answer
	head, tail []byte // as Paging.Head and Paging.Tail

	items                 []json.RawMessage
	total, offset, limit  int64 // -1 if they are not there
	next                  string
	hasNext               bool // as a URL or null
	hasCursors, hasBefore bool
	after, before         string
	itemsStart, itemsEnd  int // between the brackets
	links                 []span
}

// span is a part of an answer, such as a value.
type span struct{ start, end int }

// ErrNoItems says that an answer of another shape came in place of a page.
var ErrNoItems = errors.New("the answer is not a page of items")

// decodeItems finds the page in an answer. The result shares memory with body.
func decodeItems(body []byte) (*itemsPage, error) {
	d := newDecoder(body)
	var inner []*itemsPage
	outer := d.itemsPage(func(name []byte) {
		if d.tokens.PeekKind() != '{' {
			d.skip()
			return
		}
		member := string(name)
		if p := d.itemsPage(func([]byte) { d.skip() }); p.items != nil {
			p.member = member
			inner = append(inner, p)
		}
	})
	d.end()
	page := outer
	switch {
	case d.err != nil:
		return nil, d.err
	case outer.items != nil:
	case len(inner) == 1:
		page = inner[0]
	case len(inner) > 1:
		var names []string
		for _, p := range inner {
			names = append(names, p.member)
		}
		return nil, fmt.Errorf("the answer holds several lists (%s); ask for one type", strings.Join(names, ", "))
	default:
		return nil, ErrNoItems
	}
	page.head = withoutLinks(body, span{0, page.itemsStart}, page.links)
	page.tail = withoutLinks(body, span{page.itemsEnd, len(body)}, page.links)
	return page, nil
}

// itemsPage reads the members of a page. Others are left to other. items stays
// nil if the value is no page.
func (d *decoder) itemsPage(other func(name []byte)) *itemsPage {
	p := &itemsPage{total: -1, offset: -1, limit: -1}
	d.object(func(name []byte) {
		switch string(name) {
		case "items":
			d.items(p)
		case "total":
			p.total = d.size()
		case "offset":
			p.offset = d.size()
		case "limit":
			p.limit = d.size()
		case "next":
			p.hasNext = true
			p.next = d.link(p)
		case "previous":
			d.link(p)
		case "cursors":
			p.hasCursors = d.tokens.PeekKind() == '{'
			d.object(func(name []byte) {
				switch string(name) {
				case "after":
					p.after = d.cursor()
				case "before":
					p.hasBefore, p.before = true, d.cursor()
				default:
					d.skip()
				}
			})
		default:
			other(name)
		}
	})
	return p
}

// items reads the array of items as they are.
func (d *decoder) items(p *itemsPage) {
	if d.tokens.PeekKind() != '[' {
		d.skip()
		return
	}
	d.read()
	p.itemsStart = int(d.tokens.InputOffset())
	p.items = []json.RawMessage{}
	for d.err == nil && d.tokens.PeekKind() != ']' {
		if s := d.value(); d.err == nil {
			p.items = append(p.items, d.body[s.start:s.end:s.end])
		}
	}
	d.read()
	p.itemsEnd = int(d.tokens.InputOffset()) - 1
}

// value skips a value and returns where it is.
func (d *decoder) value() span {
	if d.err != nil {
		return span{}
	}
	v, err := d.tokens.ReadValue()
	d.fail(err)
	end := int(d.tokens.InputOffset())
	return span{end - len(v), end}
}

// link reads the URL of another page; anything else is "".
func (d *decoder) link(p *itemsPage) string {
	isString := d.tokens.PeekKind() == '"'
	s := d.value()
	p.links = append(p.links, s)
	var link string
	if !isString || d.err != nil || json.Unmarshal(d.body[s.start:s.end], &link) != nil {
		return ""
	}
	return link
}

// size reads a number that is not negative; anything else is -1.
func (d *decoder) size() int64 {
	if n, ok := d.number(); ok && n >= 0 {
		return n
	}
	return -1
}

// withoutLinks is a part of the answer with null for the links in it.
func withoutLinks(body []byte, part span, links []span) (text []byte) {
	at := part.start
	for _, link := range links {
		if part.start <= link.start && link.end <= part.end {
			text = append(append(text, body[at:link.start]...), "null"...)
			at = link.end
		}
	}
	return append(text, body[at:part.end]...)
}
