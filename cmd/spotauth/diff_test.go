package main

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/spotauth/spotauth/internal/export"
	"github.com/spotauth/spotauth/internal/list"
	"github.com/spotauth/spotauth/internal/spotify"
)

func someArtists() []spotify.Artist {
	full := spotify.Artist{ID: "1111111111111111111111", Name: "Sigur & Rós", URI: "spotify:artist:1111111111111111111111",
		URL: "https://open.spotify.com/artist/1111111111111111111111", ImageURL: "https://i.scdn.co/image/1", Genres: []string{"post-rock"}, Followers: new(int64), Popularity: new(int64)}
	return []spotify.Artist{{ID: "1111111111111111111112"}, full}
}

// An artist in the JSON of diff is as in an export.
func TestDiffHasArtistsAsAnExportDoes(t *testing.T) {
	var b strings.Builder
	if _, err := export.Write(t.Context(), &b, export.Options{Format: export.JSON}, inSequence(someArtists())); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(list.Compare(nil, someArtists()))
	if err != nil {
		t.Fatal(err)
	}
	var got struct{ Added any }
	var want any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(b.String()), &want); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got.Added, want) {
		t.Errorf("got\n%v\nwant\n%v", got.Added, want)
	}
}
