package export

import (
	"bytes"
	"cmp"
	"iter"
	"slices"
	"strings"

	"github.com/spotauth/spotauth/internal/spotify"
	"golang.org/x/text/collate"
	"golang.org/x/text/language"
)

// records numbers the artists as they come and gives them on in the order that
// is wanted. Any order but Spotify's own has to wait for the last one.
func (o Options) records(artists iter.Seq2[spotify.Artist, error]) iter.Seq2[*record, error] {
	if o.Sort == ByName || o.Sort == ByID {
		return o.sorted(numbered(artists))
	}
	return numbered(artists)
}

// numbered yields one record again and again, for its memory.
func numbered(artists iter.Seq2[spotify.Artist, error]) iter.Seq2[*record, error] {
	return func(yield func(*record, error) bool) {
		var r record
		for a, err := range artists {
			r.position, r.artist = r.position+1, a
			if !yield(&r, err) || err != nil {
				return
			}
		}
	}
}

func (o Options) sorted(records iter.Seq2[*record, error]) iter.Seq2[*record, error] {
	return func(yield func(*record, error) bool) {
		type keyed struct {
			key []byte
			record
		}
		var (
			all   []keyed
			keys  collate.Buffer
			order = collate.New(language.Und)
		)
		for r, err := range records {
			if err != nil {
				yield(nil, err)
				return
			}
			k := keyed{record: *r}
			if o.Sort == ByName {
				k.key = order.KeyFromString(&keys, strings.ToValidUTF8(r.artist.Name, "\uFFFD"))
			}
			all = append(all, k)
		}
		slices.SortFunc(all, func(a, b keyed) int {
			return cmp.Or(bytes.Compare(a.key, b.key), strings.Compare(a.artist.ID, b.artist.ID))
		})
		for _, k := range all {
			if !yield(&k.record, nil) {
				return
			}
		}
	}
}
