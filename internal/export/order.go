package export

import (
	"cmp"
	"iter"
	"slices"
	"strings"
	"unicode"

	"github.com/spotauth/spotauth/internal/spotify"
	"golang.org/x/text/unicode/norm"
)

// records numbers the artists as they come, and yields them in the chosen order.
// Any order but Spotify's own has to wait for the last one.
func (o Options) records(artists iter.Seq2[spotify.Artist, error]) iter.Seq2[*record, error] {
	if o.Sort == ByName || o.Sort == ByID {
		return o.sorted(numbered(artists))
	}
	return numbered(artists)
}

// numbered yields one record again and again, to save memory.
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
			key string
			record
		}
		var all []keyed
		for r, err := range records {
			if err != nil {
				yield(nil, err)
				return
			}
			k := keyed{record: *r}
			if o.Sort == ByName {
				k.key = sortKey(r.artist.Name)
			}
			all = append(all, k)
		}
		slices.SortFunc(all, func(a, b keyed) int {
			return cmp.Or(strings.Compare(a.key, b.key), strings.Compare(a.artist.ID, b.artist.ID))
		})
		for _, k := range all {
			if !yield(&k.record, nil) {
				return
			}
		}
	}
}

// letters are the Latin ones that Unicode doesn't take apart.
var letters = strings.NewReplacer("æ", "ae", "œ", "oe", "ø", "o", "đ", "d", "ð", "d", "ħ", "h", "ı", "i", "ł", "l", "ß", "ss", "þ", "th")

// sortKey is a name without its accents and capitals, in the compatibility form
// of Unicode (UAX 15), and then the name itself, for names that differ in nothing
// else. Compared by bytes, it puts symbols before digits before letters, and one
// script after the other. It knows no language: Ä is next to A in Swedish too.
func sortKey(name string) string {
	plain := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Inherited, r) { // an accent, or a joiner
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKD.String(valid(name)))
	return letters.Replace(plain) + "\x00" + name
}
