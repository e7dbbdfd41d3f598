package list_test

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

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

// The JSON of diff is what its published schema says, and the schema refuses other things.
func TestDiffMatchesItsSchema(t *testing.T) {
	schemas := jsonschema.NewCompiler()
	for _, name := range []string{"artists", "diff"} {
		text, err := os.ReadFile("../../docs/" + name + ".schema.json")
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := schemas.AddResource("urn:spotauth:schema:"+name+":1", doc); err != nil {
			t.Fatal(err)
		}
	}
	schema, err := schemas.Compile("urn:spotauth:schema:diff:1")
	if err != nil {
		t.Fatal(err)
	}
	accepts := func(text string) bool {
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		return schema.Validate(v) == nil
	}
	full := artist(2, "Sigur & Rós")
	full.URI, full.URL, full.ImageURL = "spotify:artist:"+id(2), "https://open.spotify.com/artist/"+id(2), "https://i.scdn.co/image/1"
	full.Genres, full.Followers, full.Popularity = []string{"post-rock"}, new(int64), new(int64)
	some := []spotify.Artist{{ID: id(1)}, full}
	renamed := []spotify.Artist{{ID: id(1)}, artist(2, "Sigur Ros")}
	for name, d := range map[string]list.Diff{
		"nothing": {}, "added": list.Compare(nil, some), "removed": list.Compare(some, nil), "renamed": list.Compare(renamed, some),
	} {
		text, err := json.Marshal(d)
		if err != nil || !accepts(string(text)) {
			t.Errorf("%s: %v: the schema refuses %s", name, err, text)
		}
		for _, field := range []string{"added", "removed", "renamed", "unchanged", "position", "new_name", "followers"} {
			bad := strings.Replace(string(text), `"`+field+`"`, `"key"`, 1)
			if bad != string(text) && accepts(bad) {
				t.Errorf("%s: the schema accepts %s", name, bad)
			}
		}
	}
}
