package main

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/spotauth/spotauth/internal/export"
	"github.com/spotauth/spotauth/internal/list"
	"github.com/spotauth/spotauth/internal/spotify"
)

func someArtists() []spotify.Artist {
	full := spotify.Artist{ID: "1111111111111111111111", Name: "Sigur & Rós", URI: "spotify:artist:1111111111111111111111",
		URL: "https://open.spotify.com/artist/1111111111111111111111", ImageURL: "https://i.scdn.co/image/1", Genres: []string{"post-rock"}, Followers: new(int64), Popularity: new(int64)}
	return []spotify.Artist{{ID: "1111111111111111111112"}, full}
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
	renamed := someArtists()
	renamed[1].Name = "Sigur Ros"
	for name, d := range map[string]list.Diff{
		"nothing": {}, "added": list.Compare(nil, someArtists()), "removed": list.Compare(someArtists(), nil), "renamed": list.Compare(renamed, someArtists()),
	} {
		text, err := json.Marshal(documentOf(d))
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

// An artist in the JSON of diff is as in an export.
func TestDiffHasArtistsAsAnExportDoes(t *testing.T) {
	var b strings.Builder
	if _, err := export.Write(t.Context(), &b, export.Options{Format: export.JSON}, inSequence(someArtists())); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(documentOf(list.Compare(nil, someArtists())).Added)
	if err != nil {
		t.Fatal(err)
	}
	var got, want any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(b.String()), &want); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%v\nwant\n%v", got, want)
	}
}
