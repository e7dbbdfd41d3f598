package spotify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// How artists are followed:
//   - a 200 proves nothing: Spotify gives it for unknown ids too. After each
//     batch it is asked which artists are followed;
//   - a request that may have had an effect is not repeated before that is
//     known, because following twice makes Spotify's total wrong for hours;
//   - one artist can make a whole batch fail with 5xx, and one invalid id can make
//     it a 400. Such a batch is halved until that artist is alone.

const (
	followBatch  = 40 // the most that /me/library takes
	orderGap     = time.Second
	maxIsolated  = 3 // in a row; then it is not the artists that fail
	libraryPath  = "/v1/me/library"
	containsPath = "/v1/me/library/contains"
)

// confirmGaps are the pauses before a batch is looked for. After 10 seconds in
// all, what has not appeared counts as not followed.
var confirmGaps = [...]time.Duration{0, time.Second, 2 * time.Second, 3 * time.Second, 4 * time.Second}

// FollowOptions are how to follow artists and, once it runs, how far it is.
type FollowOptions struct {
	// KeepOrder follows the artists one at a time, a second apart. Spotify
	// orders by the time of following, so the order within a batch is lost.
	KeepOrder bool

	// Progress is called after each batch with how many of all artists are
	// followed. It may be nil.
	Progress func(followed, total int)

	Followed int // set by FollowAll: artists that are followed now
}

// FollowAll follows artists in batches, from the last id to the first, so that
// the first becomes the most recently followed. None of them should be followed
// already. It returns the ids, in their order, that Spotify did not follow. An
// error ends it early; what had been followed stays so, and is in
// o.Followed. Of the errors, Forbidden says that Spotify has closed both paths
// for following to this app.
// https://developer.spotify.com/documentation/web-api/tutorials/february-2026-migration-guide
func (c *Client) FollowAll(ctx context.Context, ids []string, o *FollowOptions) (failed []string, err error) {
	for _, id := range ids {
		if !isCursor(id) {
			return nil, fmt.Errorf("%q is not an artist id", id)
		}
	}
	o.Followed = 0
	f := &follower{run: run{client: c}, options: o}
	size := followBatch
	if o.KeepOrder {
		size = 1
	}
	for end := len(ids); end > 0 && err == nil; end -= size {
		err = f.follow(ctx, ids[max(end-size, 0):end], maxTries)
		if o.Progress != nil {
			o.Progress(o.Followed, len(ids))
		}
	}
	for _, id := range ids {
		if slices.Contains(f.failed, id) {
			failed = append(failed, id)
		}
	}
	return failed, err
}

// follower is one call of FollowAll.
type follower struct {
	run
	options  *FollowOptions
	failed   []string
	isolated int       // artists in a row that failed alone
	sent     time.Time // the last request to follow

	isOldPath bool // /me/library is closed: use PUT /me/following
	isListing bool // and contains is: read the list instead
}

// follow follows a batch, with so many tries.
func (f *follower) follow(ctx context.Context, ids []string, tries int) error {
	missing := ids
	for n := 1; ; n++ {
		err := f.put(ctx, missing)
		if err == nil {
			f.isolated = 0
			return f.confirm(ctx, missing)
		}
		var e *Error
		switch isError := errors.As(err, &e); {
		case isError && e.Status == http.StatusBadRequest: // certainly without an effect
			return f.divide(ctx, missing, e)
		case !isError || e.Kind != Unreachable:
			return err
		}
		// It may have had an effect.
		if missing, err = f.check(ctx, missing); err != nil {
			return err
		}
		switch {
		case len(missing) == 0:
			return nil
		case n >= tries && e.Status == 0:
			return e
		case n >= tries:
			return f.divide(ctx, missing, e)
		}
		if err := f.pause(ctx, e, fullJitter(n)); err != nil {
			return err
		}
	}
}

// divide follows the halves of a batch that fails as a whole.
func (f *follower) divide(ctx context.Context, ids []string, why *Error) error {
	if len(ids) == 1 {
		f.failed = append(f.failed, ids...)
		if f.isolated++; f.isolated >= maxIsolated {
			return why
		}
		return nil
	}
	half := len(ids) / 2
	for _, part := range [][]string{ids[half:], ids[:half]} {
		tries := 1
		if len(part) == 1 {
			tries = maxTries
		}
		if err := f.follow(ctx, part, tries); err != nil {
			return err
		}
	}
	return nil
}

// confirm waits until Spotify shows that it follows ids. It counts those that
// do not appear as failed.
func (f *follower) confirm(ctx context.Context, ids []string) (err error) {
	for _, gap := range confirmGaps {
		if err := sleep(ctx, gap); err != nil {
			return err
		}
		if ids, err = f.check(ctx, ids); err != nil || len(ids) == 0 {
			return err
		}
	}
	f.failed = append(f.failed, ids...)
	return nil
}

// check counts those of ids that are followed, and returns the others.
func (f *follower) check(ctx context.Context, ids []string) (missing []string, err error) {
	followed, err := f.askFollowed(ctx, ids)
	if err != nil {
		return ids, err
	}
	for n, id := range ids {
		if followed[n] {
			f.options.Followed++
			f.isolated = 0
		} else {
			missing = append(missing, id)
		}
	}
	return missing, nil
}

// askFollowed asks which of ids are followed.
func (f *follower) askFollowed(ctx context.Context, ids []string) ([]bool, error) {
	if f.isListing {
		return f.listFollowed(ctx, ids)
	}
	var followed []bool
	err := f.do(ctx, get(containsPath, urisQuery(ids)), readJSON(func(body []byte) (err error) {
		followed, err = decodeBools(body, len(ids))
		return err
	}))
	f.isListing = isClosed(err)
	if e := (*Error)(nil); f.isListing || errors.As(err, &e) && e.Status == http.StatusBadRequest {
		return f.listFollowed(ctx, ids)
	}
	return followed, err
}

// listFollowed finds out the same by reading the whole list.
func (f *follower) listFollowed(ctx context.Context, ids []string) ([]bool, error) {
	listed := map[key]bool{}
	for a, err := range f.client.FollowedArtists(ctx, new(Listing)) {
		if err != nil {
			return nil, err
		}
		listed[keyOf(a.ID)] = true
	}
	followed := make([]bool, len(ids))
	for n, id := range ids {
		followed[n] = listed[keyOf(id)]
	}
	return followed, nil
}

// put sends one request to follow ids, and none again that may have had an
// effect.
func (f *follower) put(ctx context.Context, ids []string) error {
	if f.options.KeepOrder {
		if err := sleep(ctx, orderGap-time.Since(f.sent)); err != nil {
			return err
		}
		f.sent = time.Now()
	}
	if !f.isOldPath {
		err := f.do(ctx, request{method: http.MethodPut, path: libraryPath, query: urisQuery(ids), once: true}, anyAnswer)
		if !isClosed(err) || hasReason(err) {
			return err
		}
		f.isOldPath = true
	}
	query := "type=artist&ids=" + strings.Join(ids, ",")
	err := f.do(ctx, request{method: http.MethodPut, path: followingPath, query: query, once: true}, anyAnswer)
	if e := (*Error)(nil); isClosed(err) && errors.As(err, &e) {
		e.Kind = Forbidden
	}
	return err
}

// urisQuery has the commas and colons as Spotify's examples have them.
func urisQuery(ids []string) string {
	return "uris=" + uriPrefix + strings.Join(ids, ","+uriPrefix)
}

// isClosed reports whether err is how Spotify refuses a path that it has closed to
// an app.
func isClosed(err error) bool {
	var e *Error
	return errors.As(err, &e) && (e.Kind == Forbidden || e.Kind == NotFound || e.Status == http.StatusMethodNotAllowed)
}

// hasReason reports whether a 403 says more than Spotify says about a closed path.
func hasReason(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Kind == Forbidden && e.Message != "" && e.Message != http.StatusText(http.StatusForbidden)
}

func anyAnswer(*Answer) error { return nil }

// decodeBools reads an array of n booleans.
func decodeBools(body []byte, n int) ([]bool, error) {
	d := newDecoder(body)
	list := make([]bool, 0, n)
	isBools := true
	isArray := d.array(func() {
		kind := d.tokens.PeekKind()
		isBools = isBools && (kind == 't' || kind == 'f')
		list = append(list, kind == 't')
		d.skip()
	})
	d.end()
	if d.err == nil && (!isArray || !isBools || len(list) != n) {
		d.fail(fmt.Errorf("the answer is not a list of %d booleans", n))
	}
	return list, d.err
}
