package spotify

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"runtime/debug"
	"strconv"
)

// The rules of paging, each against a way in which a part of the list once
// passed for all of it:
//   - the only way to a next page is cursors.after; "next" is a URL, and is never requested;
//   - the list ends when both are absent, not at a short or an empty page;
//   - a cursor that comes twice, or empty pages without end, are an error;
//   - an artist counts once, whatever the number of times it is listed;
//   - if that is not the total that Spotify tells, the list is read once more.

const (
	pageSize      = 50   // the most that Spotify gives at once
	maxEmptyPages = 3    // in a row, of those that lead on to another
	maxPages      = 2000 // in one pass
)

// Listing is what to list and, once it runs, how it went.
type Listing struct {
	// Limit is the number of artists to list; 0 is all. No more pages are asked
	// for once it is reached.
	Limit int

	// Raw asks for [Artist.Raw].
	Raw bool

	// Progress is called for each page that has come, before its artists are
	// yielded, with the values of Unique and Total. It may be nil.
	Progress func(unique, total int)

	// The rest is set by the listing, and may be read while it runs.

	Total     int // how many artists Spotify last said there are; -1 if it did not
	Unique    int // artists found
	Passes    int // times that the list was read: 2 if the first found more or less than Total
	Null      int // items without an artist, in the last pass
	Duplicate int // items that repeat an artist, in the last pass
}

// Complete says whether as many artists were found as Spotify said there are,
// or as were asked for. It is meant for a listing that has ended.
func (l *Listing) Complete() bool {
	if l.Limit > 0 && l.Unique >= l.Limit {
		return true
	}
	return l.Total < 0 || l.Unique == l.Total
}

// FollowedArtists lists the artists that the account follows, in Spotify's
// order, each once. An error is the last thing it yields; what came before it
// is not the whole list. The next page is being fetched while the artists of
// one are yielded. No request and no goroutine outlives the loop.
func (c *Client) FollowedArtists(ctx context.Context, l *Listing) iter.Seq2[Artist, error] {
	return func(yield func(Artist, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		r := run{client: c}
		w := newWalk(l)
		cursors := make(chan string, 1)
		pages := r.fetch(ctx, l, cursors)
		defer func() {
			cancel()
			close(cursors)
			for range pages { // nothing may run on
			}
		}()
		cursors <- ""
		for more := true; more; {
			got := <-pages
			if got.bug != nil {
				panic(got.bug)
			}
			if got.err != nil {
				yield(Artist{}, got.err)
				return
			}
			fresh, cursor := w.take(got.page), ""
			var err error
			if cursor, more, err = w.next(got.page); err != nil {
				yield(Artist{}, &Error{Kind: BadAnswer, Method: "GET", Path: followingPath, Message: err.Error(), cause: err})
				return
			}
			if more {
				cursors <- cursor
			}
			if l.Progress != nil {
				l.Progress(l.Unique, l.Total)
			}
			for _, a := range fresh {
				if !yield(a, nil) {
					return
				}
			}
		}
	}
}

type fetched struct {
	page page
	err  error
	bug  *Panic
}

// Panic is what a panic in another goroutine carries when it is repeated in
// the caller's, which can recover it there.
type Panic struct {
	Value any    // what the first panic carried
	Stack []byte // of the goroutine that panicked, as debug.Stack formats it
}

// fetch fetches the page after each cursor that it is sent, "" being the first
// page, in one goroutine: its stack has to grow only once. That has ended when
// the channel is closed.
func (r *run) fetch(ctx context.Context, l *Listing, cursors <-chan string) <-chan fetched {
	pages := make(chan fetched, 1)
	go func() {
		defer close(pages)
		defer func() {
			if bug := recover(); bug != nil {
				pages <- fetched{bug: &Panic{bug, debug.Stack()}} // nobody could recover it here
			}
		}()
		for cursor := range cursors {
			p, err := r.followed(ctx, l, cursor)
			pages <- fetched{page: p, err: err}
		}
	}()
	return pages
}

const followingPath = "/v1/me/following"

func (r *run) followed(ctx context.Context, l *Listing, cursor string) (page, error) {
	query := url.Values{"type": {"artist"}, "limit": {strconv.Itoa(pageSize)}}
	if 0 < l.Limit && l.Limit < pageSize {
		query.Set("limit", strconv.Itoa(l.Limit))
	}
	if cursor != "" {
		query.Set("after", cursor)
	}
	var p page
	err := r.do(ctx, get(followingPath, query.Encode()), readJSON(func(body []byte) (err error) {
		p, err = decodePage(body, l.Raw)
		return err
	}))
	return p, err
}

// key stands for an artist id. Spotify's have 22 characters; kept as bytes they take
// a third of the memory that strings would.
type key [22]byte

func keyOf(id string) (k key) {
	if len(id) != len(k) { // whatever it is, nothing else has its digest
		digest := sha256.Sum256([]byte(id))
		copy(k[:], digest[:])
		return k
	}
	copy(k[:], id)
	return k
}

// walk keeps the books of a listing.
type walk struct {
	*Listing
	seen    map[key]uint8       // the pass that last met an artist
	cursors map[string]struct{} // of this pass
	pages   int                 // of this pass
	empty   int                 // of the last pages, those without an item
}

func newWalk(l *Listing) *walk {
	l.Total, l.Unique, l.Passes = -1, 0, 0
	w := &walk{Listing: l, seen: map[key]uint8{}}
	w.begin()
	return w
}

// begin begins a pass.
func (w *walk) begin() {
	w.Passes++
	w.Null, w.Duplicate = 0, 0
	w.cursors, w.pages, w.empty = map[string]struct{}{}, 0, 0
}

// take counts a page in, and returns those of its artists that are new and
// within the limit.
func (w *walk) take(p page) []Artist {
	if p.total >= 0 {
		w.Total = p.total
	}
	w.Null += p.null
	w.pages++
	w.empty++
	if len(p.artists)+p.null > 0 {
		w.empty = 0
	}
	fresh := p.artists[:0]
	for _, a := range p.artists {
		k, now := keyOf(a.ID), uint8(w.Passes)
		pass := w.seen[k]
		w.seen[k] = now
		switch {
		case pass == now:
			w.Duplicate++
		case pass == 0 && !w.enough():
			w.Unique++
			fresh = append(fresh, a)
		}
	}
	return fresh
}

func (w *walk) enough() bool { return w.Limit > 0 && w.Unique >= w.Limit }

// next says whether there is more to fetch after p, and with which cursor.
func (w *walk) next(p page) (cursor string, more bool, err error) {
	switch {
	case w.enough():
		return "", false, nil
	case p.after == "" && p.next:
		return "", false, errors.New("there is a next page, but no cursor to ask for it")
	case p.after == "" && w.Passes == 1 && !w.Complete():
		w.begin()
		return "", true, nil
	case p.after == "":
		return "", false, nil
	case !isCursor(p.after):
		return "", false, errors.New("the cursor is not an artist id")
	case w.empty > maxEmptyPages:
		return "", false, fmt.Errorf("%d pages in a row are empty", w.empty)
	case w.pages >= maxPages:
		return "", false, fmt.Errorf("the list does not end within %d pages", maxPages)
	}
	if _, again := w.cursors[p.after]; again {
		return "", false, errors.New("the cursor of an earlier page came again")
	}
	w.cursors[p.after] = struct{}{}
	return p.after, true, nil
}

// isCursor says whether s looks like the ids that Spotify uses as cursors, so
// that nothing else can get into a request.
func isCursor(s string) bool {
	for _, c := range []byte(s) {
		if !('0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z') {
			return false
		}
	}
	return 0 < len(s) && len(s) <= 64
}
