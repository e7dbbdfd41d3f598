package spotify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// How pages of any path are followed. The answer decides, not a table of paths:
//   - the page is the object that has "items": the whole answer, or exactly one
//     of its members;
//   - it goes on by "cursors", or by "offset" and "limit". "next" only tells
//     whether there is more, and in which direction. It is a URL, and is never
//     requested;
//   - a cursor or an offset that comes twice, a page without items, empty
//     pages without end, or an answer of another shape is an error.

const (
	leastPageSize = 10 // the most that some paths give at once
	maxCalls      = 2000
)

// Paging is what to read of a path that answers in pages and, once it runs, how
// it went.
type Paging struct {
	// Limit is the number of items to read; 0 is all.
	Limit int

	// Strict ends it with an [IncompleteError] unless there are as many items as
	// Spotify says, or as Limit asks for.
	Strict bool

	// Progress is called for each page that has come, before its items are
	// yielded, with the values of Items and Total. It may be nil.
	Progress func(items, total int)

	// The rest is set while it runs.

	// Head and Tail are the first answer up to its items and from their end,
	// with null for "next" and "previous". Head, the items of all pages with
	// commas between them, and Tail make one answer in the shape of the first.
	Head, Tail []byte

	Items int // items yielded, null ones included
	Total int // how many Spotify last said there are; -1 if it did not
}

// Complete says, at the end, whether there were as many items as Spotify said
// there are, or as were asked for.
func (p *Paging) Complete() bool { return p.isLimited() || p.Total < 0 || p.Items == p.Total }

func (p *Paging) isLimited() bool { return p.Limit > 0 && p.Items >= p.Limit }

// Pages reads all pages of a path such as "/v1/me/tracks", and yields the items
// of one at a time, as Spotify sent them. An error is the last thing it
// yields; what came before it is not everything. The query is encoded. If it
// has no limit, 50 is asked for, or 10 if Spotify refuses that. The next page is
// being fetched while the items of one are yielded.
func (c *Client) Pages(ctx context.Context, path, query string, p *Paging) iter.Seq2[[]json.RawMessage, error] {
	return func(yield func([]json.RawMessage, error) bool) {
		g := &pager{run: run{client: c}, Paging: p, path: path, seen: map[string]bool{}}
		p.Head, p.Tail, p.Items, p.Total = nil, nil, 0, -1
		first, err := g.begin(query)
		if err != nil {
			yield(nil, err)
			return
		}
		for page, err := range eachPage(ctx, first, g.fetch, g.next) {
			if err != nil {
				yield(nil, err)
				return
			}
			if p.Progress != nil {
				p.Progress(p.Items, p.Total)
			}
			if len(page.items) > 0 && !yield(page.items, nil) {
				return
			}
		}
		if p.Strict && !p.isLimited() && p.Items != p.Total { // also if the total is not known
			yield(nil, &IncompleteError{"items", p.Items, p.Total})
		}
	}
}

// pager is one run of Pages.
type pager struct {
	run
	*Paging
	path  string
	query url.Values // of the last request

	hasOwnLimit bool // the caller's query has one
	calls       int
	empty       int    // pages in a row without an item
	member      string // that holds the page; "" if the answer is the page
	seen        map[string]bool
}

// begin is the query of the first page.
func (g *pager) begin(query string) (string, error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return "", errors.New("the query is malformed")
	}
	g.query, g.hasOwnLimit = values, values.Has("limit")
	if !g.hasOwnLimit {
		size := pageSize
		if 0 < g.Limit && g.Limit < size {
			size = g.Limit
		}
		g.query.Set("limit", strconv.Itoa(size))
	}
	return g.query.Encode(), nil
}

func (g *pager) fetch(ctx context.Context, query string) (*itemsPage, error) {
	p, err := g.request(ctx, query)
	if g.calls == 1 && !g.hasOwnLimit && isInvalidLimit(err) {
		g.query.Set("limit", strconv.Itoa(leastPageSize))
		p, err = g.request(ctx, g.query.Encode())
	}
	return p, err
}

func (g *pager) request(ctx context.Context, query string) (p *itemsPage, err error) {
	g.calls++
	err = g.do(ctx, get(g.path, query), readJSON(func(body []byte) (err error) {
		p, err = decodeItems(bytes.Clone(body)) // the items are parts of it
		return err
	}))
	return p, err
}

func isInvalidLimit(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Status == http.StatusBadRequest && strings.Contains(strings.ToLower(e.Message), "invalid limit")
}

// next counts a page, and says with which query the one after it is asked for.
func (g *pager) next(p *itemsPage) (query string, more bool, err error) {
	if err := g.take(p); err != nil {
		return "", false, badPage(g.path, err)
	}
	if g.isLimited() {
		return "", false, nil
	}
	name, value, err := g.continuation(p)
	switch {
	case err != nil:
		return "", false, badPage(g.path, err)
	case name == "":
		return "", false, nil
	case g.empty > maxEmptyPages:
		return "", false, badPage(g.path, fmt.Errorf("%d pages in a row are empty", g.empty))
	case g.calls >= maxCalls:
		return "", false, badPage(g.path, fmt.Errorf("the list does not end within %d pages", maxCalls))
	case g.seen[name+value]: // an offset only grows
		return "", false, badPage(g.path, errors.New("the cursor of an earlier page came again"))
	}
	g.seen[name+value] = true
	for _, other := range []string{"after", "before", "offset"} {
		g.query.Del(other)
	}
	g.query.Set(name, value)
	return g.query.Encode(), true, nil
}

// take counts a page and cuts it at the limit.
func (g *pager) take(p *itemsPage) error {
	if g.Head == nil {
		g.Head, g.Tail, g.member = p.head, p.tail, p.member
	}
	if p.member != g.member {
		return errors.New("the answer has a different shape from the one before it")
	}
	if p.total >= 0 {
		g.Total = int(p.total)
	}
	if g.empty++; len(p.items) > 0 {
		g.empty = 0
	}
	if g.Limit > 0 {
		p.items = p.items[:min(len(p.items), g.Limit-g.Items)]
	}
	g.Items += len(p.items)
	return nil
}

// continuation is the parameter that asks for the page after p: its name, or ""
// if p is the last one, and its value.
func (g *pager) continuation(p *itemsPage) (name, value string, err error) {
	switch {
	case p.hasCursors:
		return p.cursor()
	case !p.hasNext && p.total < 0 && g.isFull(p): // "fields" in the query can leave both out
		return "", "", errors.New("the answer does not say whether there is another page")
	case p.offset >= 0 && p.limit > 0:
		if asked, err := strconv.ParseInt(g.query.Get("offset"), 10, 64); err == nil && asked != p.offset {
			return "", "", fmt.Errorf("the page begins at %d, not at %d", p.offset, asked)
		}
		if p.next != "" || !p.hasNext && p.offset+p.limit < p.total {
			return "offset", strconv.FormatInt(p.offset+p.limit, 10), nil
		}
	case p.next != "":
		return "", "", errors.New("there is a next page, but no cursor or offset to ask for it")
	}
	return "", "", nil
}

// isFull reports whether a page has as many items as were asked for.
func (g *pager) isFull(p *itemsPage) bool {
	size, err := strconv.Atoi(g.query.Get("limit"))
	return err == nil && size > 0 && len(p.items) >= size
}

// cursor is the continuation by cursors. If there are two, "next" tells the
// direction: recently played tracks go back, by "before". They have a cursor
// in the other direction on the last page too.
func (p *itemsPage) cursor() (name, value string, err error) {
	name, value = "after", p.after
	if next, err := url.Parse(p.next); err == nil && next.Query().Has("before") {
		name, value = "before", p.before
	}
	switch isLast := p.next == "" && (p.hasBefore || value == ""); {
	case isLast:
		return "", "", nil
	case value == "":
		return "", "", errors.New("there is a next page, but no cursor to ask for it")
	case !isCursor(value):
		return "", "", errors.New("the cursor is neither an id nor a time")
	}
	return name, value, nil
}
