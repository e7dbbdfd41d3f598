package list

import "github.com/spotauth/spotauth/internal/spotify"

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
