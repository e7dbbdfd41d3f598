package list

import (
	"encoding/json"

	"github.com/spotauth/spotauth/internal/spotify"
)

// Diff is what changed from an old list to a new one.
type Diff struct {
	Added     []Placed  // in the new list's order
	Removed   []Placed  // in the old list's order
	Renamed   []Renamed // in the new list's order
	Unchanged int
}

// Placed is an artist with its place in its list, from 1.
type Placed struct {
	Position int64
	spotify.Artist
}

// Renamed is an artist with two names.
type Renamed struct{ ID, OldName, NewName string }

// IsEmpty reports whether the lists have the same artists and names.
func (d Diff) IsEmpty() bool { return len(d.Added)+len(d.Removed)+len(d.Renamed) == 0 }

// Compare compares two lists by ID, in each of which an ID comes once. A name
// that is missing on one side is not a change.
func Compare(old, new []spotify.Artist) Diff {
	var d Diff
	at := make(map[string]int, len(old))
	for i := range old {
		at[old[i].ID] = i
	}
	kept := make([]bool, len(old))
	for i, a := range new {
		j, ok := at[a.ID]
		if !ok {
			d.Added = append(d.Added, Placed{int64(i) + 1, a})
			continue
		}
		kept[j] = true
		if was := old[j].Name; was != a.Name && was != "" && a.Name != "" {
			d.Renamed = append(d.Renamed, Renamed{a.ID, was, a.Name})
		} else {
			d.Unchanged++
		}
	}
	for i, a := range old {
		if !kept[i] {
			d.Removed = append(d.Removed, Placed{int64(i) + 1, a})
		}
	}
	return d
}

// MarshalJSON returns what docs/diff.schema.json describes.
func (d Diff) MarshalJSON() ([]byte, error) {
	doc := diffDocument{placed(d.Added), placed(d.Removed), make([]diffRenamed, len(d.Renamed)), d.Unchanged}
	for i, r := range d.Renamed {
		doc.Renamed[i] = diffRenamed(r)
	}
	return json.Marshal(doc)
}

type diffDocument struct {
	Added     []diffArtist  `json:"added"`
	Removed   []diffArtist  `json:"removed"`
	Renamed   []diffRenamed `json:"renamed"`
	Unchanged int           `json:"unchanged"`
}

// A diffArtist has the fields of an export, as docs/artists.schema.json describes them.
type diffArtist struct {
	Position   int64    `json:"position"` // in its list
	ID         string   `json:"id"`
	Name       string   `json:"name"`
	URI        *string  `json:"uri"`
	URL        *string  `json:"url"`
	ImageURL   *string  `json:"image_url"`
	Genres     []string `json:"genres"`
	Followers  *int64   `json:"followers"`
	Popularity *int64   `json:"popularity"`
}

type diffRenamed struct {
	ID      string `json:"id"`
	OldName string `json:"old_name"`
	NewName string `json:"new_name"`
}

func placed(artists []Placed) []diffArtist {
	all := make([]diffArtist, len(artists))
	for i, p := range artists {
		all[i] = diffArtist{p.Position, p.ID, p.Name, orNil(p.URI), orNil(p.URL), orNil(p.ImageURL), p.Genres, p.Followers, p.Popularity}
	}
	return all
}

// orNil is nil for an empty text, so that JSON says null.
func orNil(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
