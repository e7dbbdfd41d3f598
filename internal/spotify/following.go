package spotify

import (
	"context"
	"errors"
	"iter"
	"net/url"
	"strconv"
)

const followingPath = "/v1/me/following"

// FollowedArtists lists the artists that the account follows, each once, as
// their pages arrive. An error is the last thing it yields; what came before
// it is not the whole list. What a second pass adds comes last: see
// [Listing.OutOfOrder]. The next page is being fetched while the artists of one
// are yielded. No request and no goroutine outlives the loop.
// https://developer.spotify.com/documentation/web-api/reference/get-followed
func (c *Client) FollowedArtists(ctx context.Context, l *Listing) iter.Seq2[Artist, error] {
	return func(yield func(Artist, error) bool) {
		r, w := run{client: c}, newWalk(l)
		if !r.pass(ctx, w, yield) {
			return
		}
		if w.isDoubtful() {
			w.beginPass()
			if !r.pass(ctx, w, yield) {
				return
			}
		}
		if err := w.verify(); err != nil {
			yield(Artist{}, err)
		}
	}
}

// errDoubtful ends the first pass of a list that must be read a second time.
var errDoubtful = errors.New("the list is read again")

// WholeList gives write the artists that the account follows, in Spotify's
// order, each once. If the list has to be read a second time, the sequence ends
// with an error, which write must return, and write is called again, with the
// second pass followed by what only the first one found. Nothing that the
// first call made counts then. WholeList returns what write does.
func (c *Client) WholeList(ctx context.Context, l *Listing, write func(iter.Seq2[Artist, error]) error) error {
	r, w := run{client: c}, newWalk(l)
	w.first = new(archive)
	artists := func(yield func(Artist, error) bool) {
		if !r.pass(ctx, w, yield) {
			return
		}
		if w.isDoubtful() {
			yield(Artist{}, errDoubtful)
			return
		}
		for a := range w.rest {
			if !yield(a, nil) {
				return
			}
		}
		if err := w.verify(); err != nil {
			yield(Artist{}, err)
		}
	}
	err := write(artists)
	if errors.Is(err, errDoubtful) {
		w.beginPass()
		err = write(artists)
	}
	return err
}

// pass reads the list once, from its first page to its last. It returns false
// if an error or the consumer ended it.
func (r *run) pass(ctx context.Context, w *walk, yield func(Artist, error) bool) bool {
	fetch := func(ctx context.Context, cursor string) (page, error) { return r.followed(ctx, w.Listing, cursor) }
	next := func(p page) (string, bool, error) {
		w.take(p)
		cursor, more, err := w.next(p)
		if err != nil {
			err = badPage(followingPath, err)
		}
		return cursor, more, err
	}
	for _, err := range eachPage(ctx, "", fetch, next) {
		if err != nil {
			yield(Artist{}, err)
			return false
		}
		if w.Progress != nil {
			w.Progress(w.Unique, w.Total)
		}
		for _, a := range w.found {
			if !yield(a, nil) {
				return false
			}
		}
	}
	return true
}

// followed fetches the page after a cursor; "" is the first page.
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
