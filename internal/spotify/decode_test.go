package spotify

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

func read(t testing.TB, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func ptr(n int64) *int64 { return &n }

// artistsOf decodes items as a page would hold them.
func artistsOf(t *testing.T, items string, raw bool) ([]Artist, error) {
	t.Helper()
	p, err := decodePage([]byte(`{"artists":{"items":[`+items+`]}}`), raw)
	return p.artists, err
}

// Both shapes of the artist object: with genres, followers and popularity as
// until 2026, and without.
func TestCapturedPages(t *testing.T) {
	for _, row := range []struct {
		file        string
		total       int
		artists     int
		after       string
		next        bool
		first, last Artist
	}{
		{"me-following-page-2015.json", 116, 20, "1MbqzxZvHtdClX1cBKU2OG", true,
			Artist{ID: "00FQb4jTyendYWaN8pK0wa", Name: "Lana Del Rey", URI: "spotify:artist:00FQb4jTyendYWaN8pK0wa",
				URL:      "https://open.spotify.com/artist/00FQb4jTyendYWaN8pK0wa",
				ImageURL: "https://i.scdn.co/image/15f34b9bf2867358d36a6e9c60ed0dacf29a6340",
				Genres:   []string{}, Followers: ptr(3385630), Popularity: ptr(90)},
			Artist{ID: "1MbqzxZvHtdClX1cBKU2OG", Name: "Fuel Fandango", URI: "spotify:artist:1MbqzxZvHtdClX1cBKU2OG",
				URL:      "https://open.spotify.com/artist/1MbqzxZvHtdClX1cBKU2OG",
				ImageURL: "https://i.scdn.co/image/a058cd6879f177a83cbffd5da7a042d4d42d87c5",
				Genres:   []string{}, Followers: ptr(27017), Popularity: ptr(49)}},
		{"me-following-devmode-2026-derived.json", 83, 3, "0RwXnFrEoI8tltFvYpJgP6", true,
			Artist{ID: "49RPyTk0BluLrg3scWFCOw", Name: "The Excellent Man from Minneapolis", URI: "spotify:artist:49RPyTk0BluLrg3scWFCOw",
				URL:      "https://open.spotify.com/artist/49RPyTk0BluLrg3scWFCOw",
				ImageURL: "https://i.scdn.co/image/ab6761610000e5eb6c0e10129c7d490c1b2f43a1"},
			Artist{ID: "0RwXnFrEoI8tltFvYpJgP6", Name: "Confidence Man", URI: "spotify:artist:0RwXnFrEoI8tltFvYpJgP6",
				URL:      "https://open.spotify.com/artist/0RwXnFrEoI8tltFvYpJgP6",
				ImageURL: "https://i.scdn.co/image/ab6761610000e5eb8cb8fe9483451962ad649d16"}},
		{"me-following-empty.json", 0, 0, "", false, Artist{}, Artist{}},
	} {
		t.Run(row.file, func(t *testing.T) {
			p, err := decodePage(read(t, row.file), false)
			if err != nil {
				t.Fatal(err)
			}
			if p.total != row.total || len(p.artists) != row.artists || p.after != row.after || p.next != row.next || p.null != 0 {
				t.Fatalf("got %+v", p)
			}
			if row.artists == 0 {
				return
			}
			if got := p.artists[0]; !reflect.DeepEqual(got, row.first) {
				t.Errorf("first: %+v", got)
			}
			if got := p.artists[len(p.artists)-1]; !reflect.DeepEqual(got, row.last) {
				t.Errorf("last: %+v", got)
			}
		})
	}
}

const rich = `{"id":"Z","name":"z","uri":"z","external_urls":{"spotify":"z"},"images":[{"url":"z","width":9999},{"url":"y","width":1}],
	"genres":["z"],"followers":{"total":9},"popularity":9}`

// H-07: what is withheld stays unknown, and what is odd does not become something else.
func TestArtist(t *testing.T) {
	for _, row := range []struct {
		name, item string
		want       Artist
	}{
		{"least", `{"id":"A","name":"n"}`, Artist{ID: "A", Name: "n"}},
		{"no name left", `{"id":"A","name":""}`, Artist{ID: "A"}},
		{"nulls", `{"id":"A","name":"n","uri":null,"external_urls":null,"images":null,"genres":null,"followers":null,"popularity":null}`, Artist{ID: "A", Name: "n"}},
		{"empties", `{"id":"A","name":"n","external_urls":{},"images":[],"genres":[],"followers":{},"popularity":0}`,
			Artist{ID: "A", Name: "n", Genres: []string{}, Popularity: ptr(0)}},
		{"zero followers", `{"id":"A","name":"n","followers":{"href":null,"total":0}}`, Artist{ID: "A", Name: "n", Followers: ptr(0)}},
		{"followers null inside", `{"id":"A","name":"n","followers":{"total":null}}`, Artist{ID: "A", Name: "n"}},
		{"other types", `{"id":"A","name":"n","uri":1,"external_urls":[{"spotify":"x"}],"images":{"url":"x"},"genres":"pop","followers":7,"popularity":"90"}`, Artist{ID: "A", Name: "n"}},
		{"B-29, a number too large", `{"id":"A","name":"n","followers":{"total":12345678901234567890},"popularity":9223372036854775808}`, Artist{ID: "A", Name: "n"}},
		{"B-29, a fraction", `{"id":"A","name":"n","followers":{"total":-0.5},"popularity":65.7}`, Artist{ID: "A", Name: "n"}},
		{"B-29, the largest numbers", `{"id":"A","name":"n","followers":{"total":9223372036854775807},"popularity":-9223372036854775808}`,
			Artist{ID: "A", Name: "n", Followers: ptr(1<<63 - 1), Popularity: ptr(-1 << 63)}},
		{"B-29, genres of other types", `{"id":"A","name":"n","genres":[null,"pop",7,{"x":"y"},["z"],""]}`, Artist{ID: "A", Name: "n", Genres: []string{"pop", ""}}},
		{"unknown fields", `{"x":{"id":"B","y":[{"name":"z"}]},"id":"A","type":"artist","name":"n"}`, Artist{ID: "A", Name: "n"}},
		{"case", `{"id":"A","ID":"B","Name":"m","name":"n","URI":"u","Popularity":1}`, Artist{ID: "A", Name: "n"}},
		{"escapes", `{"\u0069d":"A","name":"\u00e9\ud83d\ude00\"\n"}`, Artist{ID: "A", Name: "é😀\"\n"}},
		{"invalid UTF-8", "{\"id\":\"A\",\"name\":\"a\xffb\"}", Artist{ID: "A", Name: "a\uFFFDb"}},
		{"half a surrogate", `{"id":"A","name":"a\ud800b"}`, Artist{ID: "A", Name: "a\uFFFDb"}},
		{"genres", `{"id":"A","name":"n","genres":["pop","\u00e9"]}`, Artist{ID: "A", Name: "n", Genres: []string{"pop", "é"}}},

		{"widest is last", `{"id":"A","name":"n","images":[{"url":"s","width":64},{"width":640,"url":"l"}]}`, Artist{ID: "A", Name: "n", ImageURL: "l"}},
		{"widest is between", `{"id":"A","name":"n","images":[{"url":"s","width":64},{"url":"l","width":640},{"url":"m","width":300}]}`, Artist{ID: "A", Name: "n", ImageURL: "l"}},
		{"equally wide", `{"id":"A","name":"n","images":[{"url":"a","width":64},{"url":"b","width":64}]}`, Artist{ID: "A", Name: "n", ImageURL: "a"}},
		{"no widths", `{"id":"A","name":"n","images":[{"url":"a","width":null},{"url":"b"}]}`, Artist{ID: "A", Name: "n", ImageURL: "a"}},
		{"some widths", `{"id":"A","name":"n","images":[{"url":"a"},{"url":"b","width":1}]}`, Artist{ID: "A", Name: "n", ImageURL: "b"}},
		{"an image without a URL", `{"id":"A","name":"n","images":[{"url":null,"width":900},null,{"url":"b","width":1},{"width":5}]}`, Artist{ID: "A", Name: "n", ImageURL: "b"}},
		{"an escaped URL", `{"id":"A","name":"n","images":[{"url":"https:\/\/i.scdn.co\/image\/x","width":1}]}`, Artist{ID: "A", Name: "n", ImageURL: "https://i.scdn.co/image/x"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			// The one before it has everything, of which nothing may stay.
			got, err := artistsOf(t, rich+","+row.item, false)
			if err != nil || len(got) != 2 || !reflect.DeepEqual(got[1], row.want) {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

// H-07: an item that is not an artist is an error, and only null is none.
func TestNotAnArtist(t *testing.T) {
	for _, item := range []string{`{}`, `{"id":"A"}`, `{"name":"n"}`, `{"id":"","name":"n"}`, `{"id":null,"name":"n"}`, `{"id":"A","name":null}`,
		`{"id":5,"name":"n"}`, `{"id":"A","name":["n"]}`, `"A"`, `5`, `true`, `[]`, `[{"id":"A","name":"n"}]`} {
		if got, err := artistsOf(t, `{"id":"Z","name":"z"},`+item, false); err == nil {
			t.Errorf("%s: got %+v", item, got)
		}
	}
}

// H-07: damage is noticed wherever it is; an answer that ends early is told from one that is wrong.
func TestDamagedPage(t *testing.T) {
	whole := bytes.TrimSpace(read(t, "me-following-devmode-2026-derived.json"))
	for n := range whole {
		_, err := decodePage(whole[:n], false)
		if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("cut after %d bytes: %v", n, err)
		}
	}
	for _, body := range []string{
		`{"artists":{"items":[]}}{}`, `{"artists":{"items":[]}}]`, `{"artists":{"items":[]},}`, `{"artists":{"items":[,]}}`, `{"artists":{"items":[}}`,
		`{"artists":{"items":[]},"artists":{"items":[]}}`, `{"artists":{"items":[],"items":[]}}`,
		`{"artists":{"items":[{"id":"A","name":"n","name":"m"}]}}`, `{"artists":{"items":[{"id":"A","name":"n","x":{"y":1,"y":2}}]}}`,
		"{'artists':{}}", `{artists:{"items":[]}}`, "\ufeff" + `{"artists":{"items":[]}}`,
		`{"artists":{"items":[` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `]}}`,
	} {
		p, err := decodePage([]byte(body), false)
		if err == nil || errors.Is(err, io.ErrUnexpectedEOF) || err == errMissing {
			t.Errorf("%.80s: got %+v, %v", body, p, err)
		}
	}
}

// Raw is what Spotify sent, to the byte: order, spaces, unknown fields, escapes and all.
func TestRaw(t *testing.T) {
	items := []string{
		"{ \"id\" : \"A\",\n\t\"name\": \"\\u00e9\\/\", \"new\":[1.0, 2e0 ,{\"x\":null}] }",
		`{"id":"B","name":"n"}`,
		"{\"name\":\"a\xffb\",\"id\":\"C\"}",
	}
	got, err := artistsOf(t, " "+items[0]+" ,\r\n\tnull , "+items[1]+","+items[2]+"\n", true)
	if err != nil || len(got) != 3 {
		t.Fatalf("got %+v, %v", got, err)
	}
	for n, a := range got {
		if string(a.Raw) != items[n] {
			t.Errorf("got  %s\nwant %s", a.Raw, items[n])
		}
	}
	if got, _ := artistsOf(t, items[1], false); got[0].Raw != nil {
		t.Errorf("raw without being asked for: %s", got[0].Raw)
	}
}

// The buffer of a page is used again for the next one.
func TestPageSharesNoMemory(t *testing.T) {
	body := read(t, "me-following-page-2015.json")
	want, err := decodePage(bytes.Clone(body), true)
	if err != nil {
		t.Fatal(err)
	}
	got, err := decodePage(body, true)
	if err != nil {
		t.Fatal(err)
	}
	for n := range body {
		body[n] = 'x'
	}
	if !reflect.DeepEqual(got, want) {
		t.Error("the page changed with the buffer it was read from")
	}
}

// H-07: no body makes the decoder panic, and what it accepts is JSON in which
// a decoder into structs finds the same artists.
func FuzzDecodePage(f *testing.F) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		f.Fatal("no captured bodies")
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
		f.Add(body[:len(body)/2])
	}
	f.Add([]byte(pageOf(3, id(2), id(1), "null", id(2))))
	f.Add([]byte(`{"artists":{"items":[{"id":"A","name":"\ud800","images":[{"width":1e999,"url":""}],"popularity":-0.5}],"total":1e30}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := decodePage(body, true)
		if err != nil {
			return
		}
		if !json.Valid(body) {
			t.Fatalf("accepted %q", body)
		}
		var want struct {
			Artists struct {
				Items []*struct {
					ID   string `json:"id"`
					Name string `json:"name"`
				} `json:"items"`
			} `json:"artists"`
		}
		if err := jsonv2.Unmarshal(body, &want, jsontext.AllowInvalidUTF8(true)); err != nil {
			t.Fatalf("accepted %q: %v", body, err)
		}
		got := slices.Clone(p.artists)
		for _, item := range want.Artists.Items {
			if item == nil {
				p.null--
			} else if len(got) == 0 || got[0].ID != item.ID || got[0].Name != item.Name {
				t.Fatalf("%+v is not what comes first in %+v", item, got)
			} else {
				got = got[1:]
			}
		}
		if len(got) != 0 || p.null != 0 {
			t.Errorf("too many artists %+v, %d nulls too many", got, p.null)
		}
		for _, a := range p.artists {
			one, err := artistsOf(t, string(a.Raw), true)
			if err != nil || len(one) != 1 || !reflect.DeepEqual(one[0], a) {
				t.Errorf("%s reads as %+v, then as %+v", a.Raw, a, one)
			}
			for _, s := range append([]string{a.ID, a.Name, a.URI, a.URL, a.ImageURL}, a.Genres...) {
				if !utf8.ValidString(s) {
					t.Errorf("%q is not UTF-8", s)
				}
			}
		}
	})
}
