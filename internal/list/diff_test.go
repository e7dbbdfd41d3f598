package list_test

import (
	"reflect"
	"testing"

	"github.com/spotauth/spotauth/internal/list"
	"github.com/spotauth/spotauth/internal/spotify"
)

// Two lists are compared by ID. What was added is in the new list's order, and what was
// removed in the old one's. A missing name is no change.
func TestCompare(t *testing.T) {
	old := []spotify.Artist{artist(1, "a"), artist(2, "b"), artist(3, "c"), artist(4, ""), artist(5, "e"), artist(6, "f")}
	new := []spotify.Artist{artist(9, "z"), artist(6, "F"), artist(3, "c"), artist(5, ""), artist(4, "d"), artist(8, "y")}
	got := list.Compare(old, new)
	want := list.Diff{
		Added:     []list.Placed{{Position: 1, Artist: artist(9, "z")}, {Position: 6, Artist: artist(8, "y")}},
		Removed:   []list.Placed{{Position: 1, Artist: artist(1, "a")}, {Position: 2, Artist: artist(2, "b")}},
		Renamed:   []list.Renamed{{ID: id(6), OldName: "f", NewName: "F"}},
		Unchanged: 3,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
	if got.IsEmpty() {
		t.Error("it counts as empty")
	}
	for _, same := range [][]spotify.Artist{old, {}, nil} {
		if d := list.Compare(same, same); !d.IsEmpty() || d.Unchanged != len(same) {
			t.Errorf("a list and itself differ: %+v", d)
		}
	}
}
