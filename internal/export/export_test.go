package export_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/spotauth/spotauth/internal/export"
	"github.com/spotauth/spotauth/internal/spotify"
)

var update = flag.Bool("update", false, "write the golden files anew")

func count(n int64) *int64 { return &n }

// artists are what real and hostile lists hold: the object of 2026 with its
// seven keys, the older one, and names that break careless writers.
func artists() []spotify.Artist {
	list := []spotify.Artist{
		{
			Name: "Sigur Rós", ImageURL: "https://i.scdn.co/image/ab67616100005174",
			Genres: []string{"icelandic pop", "post-rock"}, Followers: count(1234567), Popularity: count(61),
		},
		{Name: "Earth, Wind & Fire", Genres: []string{}, Followers: count(0), Popularity: count(0)},
		{Name: `"Weird Al" Yankovic`, Genres: []string{"comedy"}},
		{Name: "two\nlines\r\nand\ttab"},
		{Name: "+44"},
		{Name: "=LOVE"},
		{Name: "-M-"},
		{Name: "@onefive"},
		{Name: "＝full width"},
		{Name: "\tafter a tab"},
		{Name: "椎名林檎"},
		{Name: "فيروز"},
		{Name: "👩‍👩‍👧 Z̴̢̛a̶͝l̸go"},
		{Name: "\x1b]52;c;eA==\a\u202e\u2028\u009b"},
		{Name: "broken \xff\xc3 bytes"},
		{Name: `AC\DC <b>`},
		{Name: ""},
		{Name: `\.`},
	}
	for i := range list {
		id := fmt.Sprintf("%022d", (i+1)*7%19)
		a := &list[i]
		a.ID, a.URI, a.URL = id, "spotify:artist:"+id, "https://open.spotify.com/artist/"+id
		a.Raw = fmt.Appendf(nil, `{ "id" : "%s", "n": 9007199254740993, "unknown": [%d.50] }`, id, i)
	}
	list[3].URI, list[3].URL = "", ""
	list[4].Raw = []byte("{\n \"id\": \"x\"\r\n}")
	return list
}

// listing yields the artists as package spotify does.
func listing(list []spotify.Artist) iter.Seq2[spotify.Artist, error] { return failing(list, -1, nil) }

// failing ends with err instead of artist k.
func failing(list []spotify.Artist, k int, err error) iter.Seq2[spotify.Artist, error] {
	return func(yield func(spotify.Artist, error) bool) {
		for i, a := range list {
			if i == k {
				yield(spotify.Artist{}, err)
				return
			}
			if !yield(a, nil) {
				return
			}
		}
		if k == len(list) {
			yield(spotify.Artist{}, err)
		}
	}
}

func render(t *testing.T, o export.Options, list []spotify.Artist) (string, export.Result) {
	t.Helper()
	var b bytes.Buffer
	res, err := export.Write(t.Context(), &b, o, listing(list))
	if err != nil {
		t.Fatal(err)
	}
	return b.String(), res
}

// visible stands for the console's guard: enough to see if it is applied.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r >= 0x202a && r <= 0x202e || r == 0x2028 {
			return '#'
		}
		return r
	}, s)
}

// The bytes of every format, as they are promised to scripts (O-06).
func TestGolden(t *testing.T) {
	rows := []struct {
		name string
		o    export.Options
		list []spotify.Artist
	}{
		{"table", export.Options{Format: export.Table}, artists()},
		{"table-40", export.Options{Format: export.Table, Width: 40, Safe: visible}, artists()},
		{"table-60", export.Options{Format: export.Table, Width: 60, Safe: visible}, artists()},
		{"table-80", export.Options{Format: export.Table, Width: 80, Safe: visible}, artists()},
		{"table-120", export.Options{Format: export.Table, Width: 120, Safe: visible}, artists()},
		{"table-200", export.Options{Format: export.Table, Width: 200, Safe: visible, Fields: export.Fields()}, artists()},
		{"table-color", export.Options{Format: export.Table, Width: 120, Safe: visible, Color: true, Links: true}, artists()[:5]},
		{"json", export.Options{Format: export.JSON}, artists()},
		{"json-fields", export.Options{Format: export.JSON, Fields: []string{"name", "genres"}}, artists()[:3]},
		{"json-raw", export.Options{Format: export.JSON, Raw: true}, artists()[:5]},
		{"json-terminal", export.Options{Format: export.JSON, Safe: visible}, artists()},
		{"json-jq", export.Options{Format: export.JSON, JQ: `length, map(.name)[:2], .[0].name, .[1].genres, null, 1.5`}, artists()},
		{"ndjson", export.Options{Format: export.NDJSON}, artists()},
		{"ndjson-raw", export.Options{Format: export.NDJSON, Raw: true}, artists()[:5]},
		{"ndjson-jq", export.Options{Format: export.NDJSON, JQ: `select(.followers != null) | "\(.position) \(.name)", .genres`}, artists()},
		{"csv", export.Options{Format: export.CSV}, artists()},
		{"csv-all", export.Options{Format: export.CSV, Fields: export.Fields()}, artists()},
		{"csv-terminal", export.Options{Format: export.CSV, Safe: visible}, artists()},
		{"excel-csv", export.Options{Format: export.ExcelCSV}, artists()},
		{"tsv", export.Options{Format: export.TSV}, artists()},
		{"tsv-terminal", export.Options{Format: export.TSV, Safe: visible}, artists()},
		{"tsv-by-name", export.Options{Format: export.TSV, Sort: export.ByName, Fields: []string{"position", "name"}}, artists()},
		{"html", export.Options{Format: export.HTML, Date: anyDay}, artists()},
		{"html-terminal", export.Options{Format: export.HTML, Fields: export.Fields(), Safe: visible}, artists()},
		{"empty-html", export.Options{Format: export.HTML, Date: anyDay}, nil},
		{"empty-table", export.Options{Format: export.Table, Width: 80}, nil},
		{"empty-json", export.Options{Format: export.JSON}, nil},
		{"empty-json-jq", export.Options{Format: export.JSON, JQ: "length"}, nil},
		{"empty-ndjson", export.Options{Format: export.NDJSON}, nil},
		{"empty-csv", export.Options{Format: export.CSV}, nil},
		{"empty-excel-csv", export.Options{Format: export.ExcelCSV}, nil},
		{"empty-tsv", export.Options{Format: export.TSV}, nil},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			got, res := render(t, row.o, row.list)
			if res.Rows != len(row.list) {
				t.Errorf("%d rows, want %d", res.Rows, len(row.list))
			}
			path := filepath.Join("testdata", row.name+".golden")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// The json format is what its published schema says, and the schema knows
// every field.
func TestJSONMatchesItsSchema(t *testing.T) {
	const path = "../../docs/artists.schema.json"
	schema, err := jsonschema.NewCompiler().Compile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, list := range map[string][]spotify.Artist{"full": artists(), "empty": nil} {
		text, _ := render(t, export.Options{Format: export.JSON}, list)
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(v); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	var doc struct {
		ID   string `json:"$id"`
		Defs struct {
			Artist struct {
				Required   []string
				Properties map[string]json.RawMessage
			}
		} `json:"$defs"`
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(doc.Defs.Artist.Required, export.Fields()) || len(doc.Defs.Artist.Properties) != len(export.Fields()) {
		t.Errorf("the schema requires %v and has %d properties, the fields are %v",
			doc.Defs.Artist.Required, len(doc.Defs.Artist.Properties), export.Fields())
	}
	if !strings.HasPrefix(doc.ID, "urn:spotauth:schema:artists:") {
		t.Errorf("$id is %q", doc.ID)
	}
}

// A damaged list must not pass, or the test above proves nothing.
func TestSchemaRefusesOtherThings(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile("../../docs/artists.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	good, _ := render(t, export.Options{Format: export.JSON}, artists()[:1])
	for name, cut := range map[string][2]string{
		"position 0":      {`"position":1`, `"position":0`},
		"no id":           {`"id":`, `"key":`},
		"followers text":  {`1234567`, `"1234567"`},
		"genres no array": {`["icelandic pop","post-rock"]`, `"pop"`},
	} {
		bad := strings.Replace(good, cut[0], cut[1], 1)
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(bad))
		if err != nil || bad == good {
			t.Fatalf("%s: %v", name, err)
		}
		if schema.Validate(v) == nil {
			t.Errorf("%s: the schema accepts %s", name, bad)
		}
	}
}

func TestResult(t *testing.T) {
	dev := []spotify.Artist{{ID: "1", Name: "a"}, {ID: "2", Name: "b"}}
	mixed := []spotify.Artist{{ID: "1", Name: "a"}, {ID: "2", Name: "b", Popularity: count(0), Genres: []string{}}}
	formula := []spotify.Artist{{ID: "1", Name: "a"}, {ID: "2", Name: "=b"}}
	three := []string{"name", "genres", "followers", "popularity"}
	rows := []struct {
		name     string
		o        export.Options
		list     []spotify.Artist
		rows     int
		withheld []string
		formulas bool
	}{
		{"withheld from all", export.Options{Format: export.JSON, Fields: three}, dev, 2, three[1:], false},
		{"withheld in csv", export.Options{Format: export.CSV, Fields: three}, dev, 2, three[1:], false},
		{"withheld with jq", export.Options{Format: export.NDJSON, Fields: three, JQ: "."}, dev, 2, three[1:], false},
		{"empty and 0 are not withheld", export.Options{Format: export.CSV, Fields: three}, mixed, 2, []string{"followers"}, false},
		{"no picture is not withheld", export.Options{Format: export.CSV, Fields: export.Fields()}, dev, 2, three[1:], false},
		{"not asked for", export.Options{Format: export.CSV, Fields: []string{"id"}}, dev, 2, nil, false},
		{"nobody, nothing withheld", export.Options{Format: export.CSV, Fields: three}, nil, 0, nil, false},
		{"formula in csv", export.Options{Format: export.CSV, Fields: three[:1]}, formula, 2, nil, true},
		{"formula in tsv", export.Options{Format: export.TSV, Fields: three[:1]}, formula, 2, nil, true},
		{"formula in json is text", export.Options{Format: export.JSON, Fields: three[:1]}, formula, 2, nil, false},
		{"formula not shown", export.Options{Format: export.CSV, Fields: []string{"id"}}, formula, 2, nil, false},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			_, res := render(t, row.o, row.list)
			if res.Rows != row.rows || !slices.Equal(res.Withheld, row.withheld) || res.Formulas != row.formulas {
				t.Errorf("%+v, want %d rows, withheld %v, formulas %t", res, row.rows, row.withheld, row.formulas)
			}
		})
	}
}

// everyWay is each format, and each that renders differently.
func everyWay() map[string]export.Options {
	ways := map[string]export.Options{
		"json by name":   {Format: export.JSON, Sort: export.ByName},
		"ndjson by name": {Format: export.NDJSON, Sort: export.ByName},
		"json jq":        {Format: export.JSON, JQ: ".[]"},
		"json raw":       {Format: export.JSON, Raw: true},
	}
	for _, f := range export.Formats() {
		ways[string(f)] = export.Options{Format: f}
	}
	return ways
}

// O-01: wherever the list breaks off, nothing of it is written; ndjson, which
// streams, holds whole lines; and the error comes back as it was.
func TestABrokenListIsNotWritten(t *testing.T) {
	list := slices.Repeat(artists(), 8) // more than two pages
	cause := errors.New("page 3: unreachable")
	for name, o := range everyWay() {
		t.Run(name, func(t *testing.T) {
			for k := range len(list) + 1 {
				var b bytes.Buffer
				_, err := export.Write(t.Context(), &b, o, failing(list, k, cause))
				if err != cause {
					t.Fatalf("broken at %d: error %v, want the list's own", k, err)
				}
				if o.Format == export.NDJSON && o.Sort == "" {
					if n := strings.Count(b.String(), "\n"); n != k || k > 0 && !strings.HasSuffix(b.String(), "}\n") {
						t.Fatalf("broken at %d: %d lines in %q", k, n, b.String())
					}
				} else if b.Len() > 0 {
					t.Fatalf("broken at %d: wrote %q", k, b.String())
				}
			}
		})
	}
}

// ndjson is seen page by page: when artist 51 comes, the first 50 are written.
func TestNDJSONStreams(t *testing.T) {
	list := slices.Repeat(artists(), 3)
	var b bytes.Buffer
	n := 0
	seq := func(yield func(spotify.Artist, error) bool) {
		for _, a := range list {
			if n++; n == 51 && strings.Count(b.String(), "\n") != 50 {
				t.Errorf("%d lines before artist 51, want 50", strings.Count(b.String(), "\n"))
			}
			if !yield(a, nil) {
				return
			}
		}
	}
	if _, err := export.Write(t.Context(), &b, export.Options{Format: export.NDJSON}, seq); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(b.String(), "\n"); got != len(list) {
		t.Errorf("%d lines, want %d", got, len(list))
	}
}

// limited takes n bytes and then fails, as a full disk or a closed pipe does.
type limited struct {
	n     int
	cause error
}

func (l *limited) Write(p []byte) (int, error) {
	if l.n -= len(p); l.n < 0 {
		return len(p) + l.n, l.cause
	}
	return len(p), nil
}

// O-02: an output that fails, at whichever byte, is an error with its cause.
func TestWriteErrors(t *testing.T) {
	cause := errors.New("no space left on device")
	for name, o := range everyWay() {
		t.Run(name, func(t *testing.T) {
			text, _ := render(t, o, artists())
			for n := 0; n < len(text); n += 97 {
				_, err := export.Write(t.Context(), &limited{n, cause}, o, listing(artists()))
				var failed *export.WriteError
				if !errors.As(err, &failed) || !errors.Is(err, cause) {
					t.Fatalf("after %d of %d bytes: %v, want a WriteError", n, len(text), err)
				}
				if got, want := err.Error(), "cannot write the output: no space left on device"; got != want {
					t.Fatalf("error %q, want %q", got, want)
				}
			}
		})
	}
}

// L-17: an output gets nothing more once the context has ended, and an error that comes
// then is the context's.
func TestWriteEndsWithItsContext(t *testing.T) {
	for name, o := range everyWay() {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			w := endingWriter{end: cancel}
			if _, err := export.Write(ctx, &w, o, listing(slices.Repeat(artists(), 3))); !errors.Is(err, context.Canceled) {
				t.Errorf("error %v, want the context's", err)
			}
			if _, err := export.Write(ctx, &w, o, listing(artists())); !errors.Is(err, context.Canceled) || w.writes != 1 {
				t.Errorf("afterwards: error %v, %d writes", err, w.writes)
			}
		})
	}
}

// endingWriter ends a context and gives up, as the console's writers do at Ctrl-C.
type endingWriter struct {
	end    func()
	writes int
}

func (w *endingWriter) Write([]byte) (int, error) {
	w.writes++
	w.end()
	return 0, errors.New("given up")
}

// A list that outgrows the terminal's pipe must not be fetched to its end.
func TestNDJSONStopsTheListWhenTheOutputFails(t *testing.T) {
	n := 0
	endless := func(yield func(spotify.Artist, error) bool) {
		for n = 1; n <= 10_000 && yield(spotify.Artist{ID: "x"}, nil); n++ {
		}
	}
	_, err := export.Write(t.Context(), &limited{0, errors.New("gone")}, export.Options{Format: export.NDJSON}, endless)
	if err == nil || n > 50 {
		t.Errorf("error %v after %d artists, want one within a page", err, n)
	}
}

func BenchmarkWrite(b *testing.B) {
	list := slices.Repeat(artists(), 1000)
	for name, o := range everyWay() {
		b.Run(strings.ReplaceAll(name, " ", "-"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := export.Write(b.Context(), &limited{n: 1 << 40}, o, listing(list)); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(list)), "ns/artist")
		})
	}
}
