package spotify

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
)

// How an incomplete list is kept from passing for a complete one:
//   - the only way to a next page is cursors.after; "next" is a URL, and is never requested;
//   - the list ends when both are absent, not at a short or an empty page;
//   - a cursor that comes twice, or empty pages without end, are an error;
//   - an artist counts once, however often it is listed;
//   - if the count is not the total that Spotify tells, or if a list that had
//     artists is empty, it is read a second time.

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

	// Expect is how many artists the last listing found. If it is not 0, an
	// empty list is read a second time: Spotify has been seen to answer so for a
	// while.
	Expect int

	// Strict ends the listing with an [IncompleteError] unless as many artists
	// were found as Spotify says there are, or as Limit asks for.
	Strict bool

	// Raw asks for [Artist.Raw].
	Raw bool

	// Progress is called for each page that has come, before its artists are
	// yielded, with the values of Unique and Total. It may be nil.
	Progress func(unique, total int)

	// The rest is set by the listing, and may be read while it runs.

	Total     int // how many artists Spotify last said there are; -1 if it did not
	Unique    int // artists found
	Passes    int // times that the list was read
	Null      int // items without an artist, in the last pass
	Duplicate int // items that repeat an artist, in the last pass

	// OutOfOrder says that the second pass added artists after those that the
	// first had yielded already, so that the order is not Spotify's.
	OutOfOrder bool
}

// IncompleteError says that there was more or less than Spotify counts, and that
// Strict was asked for.
type IncompleteError struct {
	What         string // "artists" or "items"
	Found, Total int    // Total is -1 if Spotify did not tell it
}

func (e *IncompleteError) Error() string {
	what := e.What
	if e.Found == 1 {
		what = strings.TrimSuffix(what, "s")
	}
	if e.Total < 0 {
		return fmt.Sprintf("found %d %s, but Spotify does not say how many there are", e.Found, what)
	}
	return fmt.Sprintf("found %d %s, but Spotify reports %d", e.Found, what, e.Total)
}

// Complete says, at the end, whether as many artists were found as Spotify said
// there are, or as were asked for.
func (l *Listing) Complete() bool {
	return l.isLimited() || l.Total < 0 || l.Unique == l.Total
}

func (l *Listing) isLimited() bool { return l.Limit > 0 && l.Unique >= l.Limit }

// walk is the state of a listing from page to page.
type walk struct {
	*Listing
	first   *archive      // what the first pass found; nil if a second one yields only what is new
	seen    map[key]uint8 // the pass that last met an artist
	cursors map[string]struct{}
	pages   int // of this pass
	empty   int // of the last pages, those without an item
	found   []Artist
}

func newWalk(l *Listing) *walk {
	l.Total, l.Unique, l.Passes, l.OutOfOrder = -1, 0, 0, false
	w := &walk{Listing: l, seen: map[key]uint8{}}
	w.beginPass()
	return w
}

func (w *walk) beginPass() {
	w.Passes++
	w.Null, w.Duplicate = 0, 0
	w.cursors, w.pages, w.empty = map[string]struct{}{}, 0, 0
	if w.first != nil {
		w.Unique = 0
	}
}

// take counts a page, and sets found to those of its artists that are new and
// within the limit.
func (w *walk) take(p page) {
	if p.total >= 0 {
		w.Total = p.total
	}
	w.Null += p.null
	w.pages++
	w.empty++
	if len(p.artists)+p.null > 0 {
		w.empty = 0
	}
	had := w.Unique
	w.found = p.artists[:0]
	for _, a := range p.artists {
		k, now := keyOf(a.ID), uint8(w.Passes)
		pass := w.seen[k]
		w.seen[k] = now
		switch {
		case pass == now:
			w.Duplicate++
		case (pass == 0 || w.first != nil) && !w.isLimited():
			w.Unique++
			w.found = append(w.found, a)
		}
	}
	switch {
	case w.first == nil:
		w.OutOfOrder = w.OutOfOrder || w.Passes > 1 && had > 0 && len(w.found) > 0
	case w.Passes == 1:
		w.first.add(w.found)
	}
}

// next reports whether there is more to fetch after p in this pass, and with which
// cursor.
func (w *walk) next(p page) (cursor string, more bool, err error) {
	switch {
	case w.isLimited():
		return "", false, nil
	case p.after == "" && p.next:
		return "", false, errors.New("there is a next page, but no cursor to ask for it")
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

// isDoubtful says, at the end of a pass, whether the list must be read again.
func (w *walk) isDoubtful() bool {
	return w.Passes == 1 && (!w.Complete() || w.Unique == 0 && w.Expect > 0)
}

// rest yields what only the first of two passes found, within the limit.
func (w *walk) rest(yield func(Artist) bool) {
	if w.first == nil || w.Passes == 1 {
		return
	}
	for a := range w.first.all {
		if w.seen[keyOf(a.ID)] == 1 && !w.isLimited() {
			w.Unique++
			if !yield(a) {
				return
			}
		}
	}
}

// verify is the error of a strict listing that has ended.
func (w *walk) verify() error {
	if w.Strict && !w.isLimited() && w.Unique != w.Total { // also if the total is not known
		return &IncompleteError{"artists", w.Unique, w.Total}
	}
	return nil
}

// isCursor reports whether s looks like the ids that Spotify uses as cursors, so
// that nothing else can get into a request.
func isCursor(s string) bool {
	for _, c := range []byte(s) {
		if !('0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z') {
			return false
		}
	}
	return 0 < len(s) && len(s) <= 64
}

// key is an artist ID in less memory. Spotify's IDs have 22 characters. As bytes they take
// a third of what strings would.
type key [22]byte

func keyOf(id string) (k key) {
	if len(id) != len(k) { // an ID of another form: only it has this digest
		digest := sha256.Sum256([]byte(id))
		copy(k[:], digest[:])
		return k
	}
	copy(k[:], id)
	return k
}
