package list_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"iter"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/spotauth/spotauth/internal/export"
	"github.com/spotauth/spotauth/internal/list"
	"github.com/spotauth/spotauth/internal/spotify"
)

// nasty are names of O-04 and O-05, and what breaks careless readers.
var nasty = []string{
	"Sigur Rós", "", " ", " a ", "a", `"`, `""`, `"Weird Al" Yankovic`, ",", ";", "Earth, Wind; Fire", `\`, `\.`, `AC\DC`, `\t`, `\\n`,
	"\n", "\r", "\r\n", "a\nb", "a\rb", "a\r\nb\n", "a\r", "\ta\t", "\x00", "a\x00b", "\x7f", "\u009b2J",
	"\x1b]52;c;ZXZpbA==\x07", "\x1b[2J", "\u202etxt.exe", "\u2066a\u2069\u200e\u061c", "a\u2028b\u2029", "\ufffe\uffff\U0010ffff", "\ufeff", "\ufeffid",
	"+44", "=LOVE", "-M-", "@onefive", "=1+1", "＝＋－＠", "\t=", "'", "''", "'=x", "''=x", "'+", "'\n", "'\x00", "'＝", "'a", "'90s",
	"椎名林檎", "فيروز", "👩‍👩‍👧 Z̴̢̛a̶͝l̸go", "#1 Crush", "[]", "{}", "null", "id", "spotify:artist:", "PK\x03\x04", "\ufffd", "e\u0301", strings.Repeat("a\x1b", 5000),
}

func id(i int) string { return fmt.Sprintf("%022d", i) }

func artist(i int, name string) spotify.Artist {
	return spotify.Artist{ID: id(i), Name: name, URI: "spotify:artist:" + id(i), URL: "https://open.spotify.com/artist/" + id(i)}
}

func number(n int64) *int64 { return &n }

func artists() []spotify.Artist {
	var all []spotify.Artist
	for i, name := range nasty {
		a := artist(i, name)
		a.ImageURL = "https://i.scdn.co/image/" + id(i)
		all = append(all, a)
	}
	all[0].Genres, all[0].Followers, all[0].Popularity = []string{"post-rock", "icelandic, pop"}, number(1234567), number(0)
	all[1].ImageURL = ""
	return all
}

func sequence(all []spotify.Artist) iter.Seq2[spotify.Artist, error] {
	return func(yield func(spotify.Artist, error) bool) {
		for _, a := range all {
			if !yield(a, nil) {
				return
			}
		}
	}
}

func written(t testing.TB, o export.Options, all []spotify.Artist) string {
	t.Helper()
	var b bytes.Buffer
	if _, err := export.Write(t.Context(), &b, o, sequence(all)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func read(t testing.TB, text string) []spotify.Artist {
	t.Helper()
	got, repeated, err := list.Read(strings.NewReader(text))
	if err != nil || repeated > 0 {
		t.Fatalf("error %v, %d repeated, reading %.200q", err, repeated, text)
	}
	return got
}

// readable are the formats that are read back.
var readable = []export.Format{export.JSON, export.NDJSON, export.CSV, export.ExcelCSV, export.TSV}

// What the export writes is read back as the same artists, whatever their names
// are (O-04, O-05).
func TestReadsWhatTheExportWrites(t *testing.T) {
	for _, f := range readable {
		for _, fields := range [][]string{export.Fields(), {"id", "name"}, {"name", "uri"}, {"url"}, {"name", "id", "genres"}} {
			t.Run(fmt.Sprint(f, fields), func(t *testing.T) {
				want := artists()
				for i := range want {
					want[i] = only(fields, want[i])
				}
				got := read(t, written(t, export.Options{Format: f, Fields: fields}, artists()))
				compare(t, got, want)
			})
		}
	}
}

// only leaves an artist what the fields hold. ID, URI and URL follow from each other.
func only(fields []string, a spotify.Artist) spotify.Artist {
	b := spotify.Artist{ID: a.ID, URI: a.URI, URL: a.URL}
	for _, field := range fields {
		switch field {
		case "name":
			b.Name = a.Name
		case "image_url":
			b.ImageURL = a.ImageURL
		case "genres":
			b.Genres = a.Genres
		case "followers":
			b.Followers = a.Followers
		case "popularity":
			b.Popularity = a.Popularity
		}
	}
	return b
}

func compare(t *testing.T, got, want []spotify.Artist) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d artists, want %d", len(got), len(want))
	}
	for i := range got {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Errorf("got %+q, want %+q", fmt.Sprint(got[i]), fmt.Sprint(want[i]))
		}
	}
}

// --raw writes Spotify's own objects, of which the reader takes what the Web
// API's reader takes.
func TestReadsRawObjects(t *testing.T) {
	var all, want []spotify.Artist
	for i, name := range nasty {
		raw := fmt.Sprintf(`{"external_urls":{"spotify":"https://open.spotify.com/artist/%[1]s"},"followers":{"href":null,"total":%[2]d},"genres":["a",null,"b"],
			"href":"https://api.spotify.com/v1/artists/%[1]s","id":"%[1]s","images":[{"height":64,"url":"small","width":64},{"url":"wide","height":640,"width":640},{"url":"later","width":640},{"width":9000}],
			"name":%[3]s,"popularity":65.7,"type":"artist","uri":"spotify:artist:%[1]s"}`, id(i), i, quoted(name))
		all = append(all, spotify.Artist{ID: id(i), Raw: []byte(raw)})
		a := artist(i, name)
		a.ImageURL, a.Genres, a.Followers = "wide", []string{"a", "b"}, number(int64(i))
		want = append(want, a)
	}
	all = append(all, spotify.Artist{Raw: []byte(`{"id":"` + id(999) + `","name":"half \ud83c pair"}`)})
	want = append(want, artist(999, "half \ufffd pair"))
	for _, f := range []export.Format{export.JSON, export.NDJSON} {
		compare(t, read(t, written(t, export.Options{Format: f, Raw: true}, all)), want)
	}
}

// quoted is a name in JSON.
func quoted(name string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range name {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case r < ' ':
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String() + `"`
}

func zipOf(t testing.TB, members ...string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(members); i += 2 {
		m, err := w.Create(members[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(m, members[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// rawZIP has members that say of themselves what they want.
func rawZIP(t testing.TB, members ...zip.FileHeader) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, m := range members {
		if _, err := w.CreateRaw(&m); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

const (
	a1 = "1111111111111111111111"
	b2 = "2222222222222222222222"
	c3 = "abcdefghijABCDEFGHIJ01"
)

// library is a YourLibrary.json as real exports have it.
func library(artists string) string {
	return `{"tracks":[{"artist":"x","album":"y","track":"z","uri":"spotify:track:` + a1 + `"}],"albums":[{"a":{"b":[1,[2]]}}],"shows":[],"episodes":[],"bannedTracks":[],` +
		artists + `"bannedArtists":[{"name":"no","uri":"spotify:artist:` + c3 + `"}],"other":[]}`
}

// Every kind of file is recognized by its content.
func TestKinds(t *testing.T) {
	rows := []struct {
		name, text string
		want       string // ID=NAME of each artist
	}{
		{"empty array", "[]\n", ""},
		{"indented array", " [\n {\n \"name\": \"x\", \"id\": \"" + a1 + "\" }\n]\n", a1 + "=x"},
		{"array with a BOM", "\ufeff[{\"id\":\"" + a1 + "\"}]", a1 + "="},
		{"unknown members, and null", `[{"x":{"id":[]},"name":null,"id":null,"uri":"spotify:artist:` + a1 + `","url":null}]`, a1 + "="},
		{"one object", `{"id":"` + a1 + `","name":"x"}`, a1 + "=x"},
		{"ndjson with CRLF and blank lines", "{\"id\":\"" + a1 + "\"}\r\n\r\n{\"id\":\"" + b2 + "\"}", a1 + "= " + b2 + "="},
		{"csv header alone", "id,name\n", ""},
		{"csv with one column", "uri\nspotify:artist:" + a1 + "\n", a1 + "="},
		{"csv, its header in quotes", "\"id\",\"name\"\r\n\"" + a1 + "\",\"a \"\"b\"\", c\"\r\n", a1 + `=a "b", c`},
		{"csv, its header with spaces", " id, name\n" + a1 + ",x\n", a1 + "=x"},
		{"csv with blank lines", "id,name\n\n" + a1 + ",x\n\r\n", a1 + "=x"},
		{"saved by Excel: semicolons, BOM, columns moved and added",
			"\ufeffmy stars;name;id;notes\r\n5;=x;" + a1 + ";\"a;\nb\"\r\n;'=y;" + b2 + ";\r\n;'z;" + c3 + ";\r\n", a1 + "==x " + b2 + "==y " + c3 + "='z"},
		{"no BOM, no guard", "id,name\n" + a1 + ",'=x\n", a1 + "='=x"},
		{"tsv with a BOM has no guard", "\ufeffid\tname\n" + a1 + "\t'=x\n", a1 + "='=x"},
		{"tsv", "id\tname\n" + a1 + "\t\"x\\t\\\\\\n\\r\"\r\n", a1 + "=\"x\t\\\n\r\""},
		{"plain text", "# mine\n\n" + a1 + "\r\n  spotify:artist:" + b2 + "  \nhttps://open.spotify.com/artist/" + c3, a1 + "= " + b2 + "= " + c3 + "="},
		{"plain text after a comment that reads like a header", "# name, id\n\n# url\n" + a1 + "\n", a1 + "="},
		{"csv, its first column a #", "#;name;id\n\n1;x;" + a1 + "\n", a1 + "=x"},
		{"csv, its first column a # in its rows", "#,id\n#1," + a1 + "\n#2," + b2 + "\n", a1 + "= " + b2 + "="},
		{"one line with CR", a1 + "\r", a1 + "="},
		{"shared addresses", "https://open.spotify.com/artist/" + a1 + "?si=abc\nhttps://open.spotify.com/intl-de/artist/" + b2 + "#x\n", a1 + "= " + b2 + "="},
		{"library", library(`"artists":[{"name":"x","uri":"spotify:artist:` + a1 + `"},{"name":"y","uri":"spotify:artist:` + b2 + `"}],`), a1 + "=x " + b2 + "=y"},
		{"library without followed artists", library(`"artists":[],`), ""},
		{"ZIP", zipOf(t, "Spotify Account Data/Follow.json", `{"userIsFollowing":["x"]}`, "Spotify Account Data/YourLibrary.json",
			library(`"artists":[{"name":"x","uri":"spotify:artist:`+a1+`"}],`), "__MACOSX/Spotify Account Data/._YourLibrary.json", "\x00\x05\x16\x07"), a1 + "=x"},
		{"ZIP made with PowerShell 5", zipOf(t, `Spotify Account Data\YourLibrary.json`, library(`"artists":[{"name":"x","uri":"spotify:artist:`+a1+`"}],`)), a1 + "=x"},
		{"ZIP with a library in parts", zipOf(t, "MyData/YourLibrary1.json", library(""), "MyData/YourLibrary2.json",
			library(`"artists":[{"name":"x","uri":"spotify:artist:`+a1+`"}],`), "MyData/YourLibrary3.json", library(`"artists":[{"name":"y","uri":"spotify:artist:`+b2+`"}],`)),
			a1 + "=x " + b2 + "=y"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			var got []string
			for _, a := range read(t, row.text) {
				got = append(got, a.ID+"="+a.Name)
				if a.URI != "spotify:artist:"+a.ID || a.URL != "https://open.spotify.com/artist/"+a.ID {
					t.Errorf("URI %q, URL %q", a.URI, a.URL)
				}
			}
			if strings.Join(got, " ") != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}

// Each part of the account data is recognized by any of its names.
func TestPartsOfALibrary(t *testing.T) {
	for _, name := range []string{"tracks", "albums", "shows", "episodes", "bannedTracks", "bannedArtists", "other"} {
		_, _, err := list.Read(strings.NewReader(`{"` + name + `":[]}`))
		if err == nil || !strings.HasPrefix(err.Error(), "this part of Spotify's account data has no artists;") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The limit is 64 MiB, to the byte.
func TestLargestFile(t *testing.T) {
	comments := func(n int64) io.Reader { return repeat(strings.Repeat("#", 63)+"\n", n) }
	if got, _, err := list.Read(io.MultiReader(comments(64<<20-64), strings.NewReader(fmt.Sprintf("%64s", a1)))); err != nil || len(got) != 1 {
		t.Errorf("64 MiB: %d artists, error %v", len(got), err)
	}
	if _, _, err := list.Read(io.MultiReader(comments(64<<20-64), strings.NewReader(fmt.Sprintf("%65s", a1)))); err == nil {
		t.Error("one byte more is read")
	}
}

// Repeated IDs count once, whatever names them, and the first one stays.
func TestRepeatedIDs(t *testing.T) {
	for name, text := range map[string]string{
		"text": a1 + "\n" + b2 + "\nspotify:artist:" + a1 + "\nhttps://open.spotify.com/artist/" + a1 + "\n",
		"csv":  "id,name\n" + a1 + ",x\n" + b2 + ",\n" + a1 + ",y\n" + a1 + ",x\n",
		"json": `[{"id":"` + a1 + `"},{"id":"` + b2 + `"},{"uri":"spotify:artist:` + a1 + `"},{"id":"` + a1 + `"}]`,
		"ZIP": zipOf(t, "YourLibrary1.json", library(`"artists":[{"uri":"spotify:artist:`+a1+`"},{"uri":"spotify:artist:`+b2+`"}],`),
			"YourLibrary2.json", library(`"artists":[{"uri":"spotify:artist:`+a1+`"},{"uri":"spotify:artist:`+a1+`"}],`)),
	} {
		got, repeated, err := list.Read(strings.NewReader(text))
		if err != nil || len(got) != 2 || repeated != 2 || got[0].ID != a1 {
			t.Errorf("%s: %d artists, %d repeated, error %v", name, len(got), repeated, err)
		}
	}
}

// What is no list, or not certainly one, is one line that names the row.
func TestErrors(t *testing.T) {
	const (
		empty  = "it holds no artists; perhaps it is the output of a command that failed"
		cut    = "it ends in the middle of a row, so it may be cut off"
		mac    = "its lines end with CR alone; save it with LF or CRLF"
		noID   = "no id, uri or url"
		follow = "Follow.json has no artists' IDs; use the ZIP, or YourLibrary.json from it"
	)
	rows := []struct{ name, text, want string }{
		{"empty", "", empty},
		{"blank", "\n \r\n\t", empty},
		{"BOM alone", "\ufeff", empty},
		{"comments", "# mine\n#\n", empty},
		{"comments, the first like a header", "# name, id\n\n", empty},
		{"many blank lines", strings.Repeat("\n", 1<<20), empty},
		{"a letter", "Dear Sir\n", `line 1: "Dear Sir" is neither an artist's ID, URI or URL nor a header with a column id, uri or url`},
		{"a page", "\n<!DOCTYPE html>\n", "it is a web page, which can't be read back; save the list as json, csv or tsv"},
		{"a table", "#  NAME  URL\n1  x     https://open.spotify.com/artist/" + a1 + "\n", `line 2: "1  x     https://open.spotify.com/artist/1111111111111111111" is neither an artist's ID, URI or URL nor a header with a column id, uri or url`},
		{"UTF-16", "\xff\xfei\x00d\x00", "it is UTF-16; save it as UTF-8"},
		{"csv with CR", "id,name\r" + a1 + ",x\r", mac},
		{"plain text with CR", a1 + "\r" + b2, mac},
		{"csv after a comment", "# mine\nid,name\n" + a1 + ",x\n", "line 2: a header must be the first line"},
		{"csv after a blank line", "\n\"id\"\tname\n", "line 2: a header must be the first line"},
		{"gzip", "\x1f\x8b\x08\x00\x00", "it is compressed with gzip; unpack it first"},
		{"csv without IDs", "name,image_url\nx,y\n", `line 1: "name,image_url" is neither an artist's ID, URI or URL nor a header with a column id, uri or url`},
		{"album", "# mine\nspotify:album:" + a1 + "\n", `line 2: "spotify:album:1111111111111111111111" is neither an artist's ID, URI or URL nor a header with a column id, uri or url`},
		{"URL of an album", "https://open.spotify.com/album/" + a1, `line 1: url "https://open.spotify.com/album/1111111111111111111111" is not that of an artist`},
		{"URL of another host", "https://open.spotify.com.example/artist/" + a1, `line 1: url "https://open.spotify.com.example/artist/11111111111111111111" is not that of an artist`},
		{"short ID in a URI", a1 + "\nspotify:artist:" + a1[1:], `line 2: uri "spotify:artist:111111111111111111111" is not that of an artist`},
		{"ID with a dash", "id\n" + a1[1:] + "-\n", `line 2: id "111111111111111111111-" is not that of an artist`},
		{"ID as a URI", "uri\n" + a1 + "\n", `line 2: uri "1111111111111111111111" is not that of an artist`},
		{"disagreement in csv", "id,uri\n" + a1 + ",spotify:artist:" + a1 + "\n" + a1 + ",spotify:artist:" + b2 + "\n", `line 3: uri "spotify:artist:2222222222222222222222" is not that of the artist ` + a1},
		{"disagreement in json", `[{"id":"` + a1 + `"},{"id":"` + a1 + `","external_urls":{"spotify":"https://open.spotify.com/artist/` + b2 + `"}}]`, `artist 2: url "https://open.spotify.com/artist/2222222222222222222222" is not that of the artist ` + a1},
		{"row without an ID", "id,name\n" + a1 + ",x\n,y\n", "line 3: " + noID},
		{"empty row of Excel", "id;name\r\n;\r\n", "line 2: " + noID},
		{"more cells", "id,name\n" + a1 + ",x,y\n", "line 2: 3 cells, but the header has 2"},
		{"fewer cells, after line ends in a cell", "id,name\n" + a1 + ",\"x\n\ny\"\n" + b2 + "\n", "line 5: 1 cells, but the header has 2"},
		{"two columns", "id,name,id\n", `the header has two columns "id"`},
		{"a bare quote", "id,name\n" + a1 + ",a\"b\n", "line 2: a quote in a cell without quotes"},
		{"text after a quote", "id,name\n" + a1 + ",\"a\"b\n", "line 2: text after the closing quote of a cell"},
		{"a quote without an end", "id,name\n" + a1 + ",\"ab\n", cut},
		{"last line without an end", "id,name\n" + a1 + ",ab", cut},
		{"header without an end", "id,name", cut},
		{"tsv without an end", "id\tname\n" + a1 + "\tab", cut},
		{"tsv with another escape", "id\tname\n" + a1 + "\ta\\b\n", `line 2: "a\\b" has a \ that begins none of \t \n \r \\`},
		{"tsv with an escape cut off", "id\tname\n" + a1 + "\ta\\\n", `line 2: "a\\" has a \ that begins none of \t \n \r \\`},
		{"followers", "id,followers\n" + a1 + ",1E6\n", `line 2: followers "1E6" is not a whole number`},
		{"Windows-1252", "id,name\n" + a1 + ",Sigur R\xf3s\n", "line 2: it is not UTF-8; save the list as UTF-8"},
		{"cut array", "[\n{\"id\":\"" + a1 + "\"},\n", cut},
		{"no object", `[{"id":"` + a1 + `"},"` + b2 + `"]`, "artist 2: it is not an object"},
		{"object without an ID", `{"items":[]}`, "artist 1: " + noID},
		{"ID of another type", `[{"id":5,"uri":"spotify:artist:` + a1 + `"}]`, "artist 1: its id is not text"},
		{"track", `{"type":"track","id":"` + a1 + `"}`, `artist 1: its type is "track"`},
		{"ID twice", `[{"id":"` + a1 + `","id":"` + b2 + `"}]`, "artist 1: a name stands twice in an object"},
		{"no JSON", `{id:1}`, "artist 1: it is not valid JSON"},
		{"no JSON, no artist", `[1,]`, "artist 1: it is not an object"},
		{"more after an array", `[] {"id":"` + a1 + `"}`, "something follows the list"},
		{"more after a library", library(`"artists":[],`) + `{"id":"` + a1 + `"}`, "something follows the list"},
		{"no JSON after ndjson", `{"id":"` + a1 + `"}` + "\nerror: no\n", "artist 2: it is not valid JSON"},
		{"Follow.json", `{"userIsFollowing":["x"],"userIsFollowedBy":[],"userIsBlocking":[]}`, follow},
		{"newer Follow.json", `{"followerCount":1,"followingUsersCount":2,"dismissingUsersCount":3}`, follow},
		{"artists in an answer of the Web API", `{"artists":{"items":[{"id":"` + a1 + `"}],"next":null}}`, "its artists are not a list; in an answer of the Web API, the list is artists.items"},
		{"part of a library", library(""), "this part of Spotify's account data has no artists; use the ZIP, or the YourLibrary file that has them"},
		{"track in a library", library(`"artists":[{"uri":"spotify:track:` + a1 + `"}],`), `artist 1: uri "spotify:track:1111111111111111111111" is not that of an artist`},
		{"ZIP without a library", zipOf(t, "Follow.json", "{}"), "the ZIP has no YourLibrary.json with artists; ask Spotify for your account data"},
		{"workbook of Excel", zipOf(t, "[Content_Types].xml", "", "xl/workbook.xml", ""), "it is an Excel workbook; save it as CSV UTF-8"},
		{"ZIP of parts without artists", zipOf(t, "YourLibrary1.json", library("")), "the ZIP has no YourLibrary.json with artists; ask Spotify for your account data"},
		{"ZIP with another library", zipOf(t, "a/YourLibrary.json", "[]"), "YourLibrary.json in the ZIP: artist 1: no id, uri or url"},
		{"ZIP with an artist as a library", zipOf(t, "a/YourLibrary.json", `{"id":"`+a1+`"}`), "YourLibrary.json in the ZIP: it is not a library"},
		{"ZIP with a cut library", zipOf(t, "a/YourLibrary.json", library(`"artists":[],`)[:90]), "YourLibrary.json in the ZIP: " + cut},
		{"encrypted ZIP", rawZIP(t, zip.FileHeader{Name: "YourLibrary.json", Flags: 1}), "the ZIP is encrypted; unpack it first"},
		{"ZIP compressed in another way", rawZIP(t, zip.FileHeader{Name: "a/YourLibrary.json", Method: 9}), "YourLibrary.json in the ZIP: it is compressed in an unknown way"},
		{"ZIP with a large library in parts", rawZIP(t, zip.FileHeader{Name: "YourLibrary1.json", UncompressedSize64: 40 << 20}, zip.FileHeader{Name: "YourLibrary2.json", UncompressedSize64: 40 << 20}),
			"it holds more than 64 MiB"},
		{"ZIP of nothing", zipOf(t), "the ZIP has no YourLibrary.json with artists; ask Spotify for your account data"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			got, _, err := list.Read(strings.NewReader(row.text))
			var bad *list.Error
			if !errors.As(err, &bad) || err.Error() != row.want || got != nil {
				t.Errorf("%d artists, error %v, want %s", len(got), err, row.want)
			}
		})
	}
}

// An error of the input itself is not one of the list.
func TestInputError(t *testing.T) {
	broken := errors.New("the disk is gone")
	for _, f := range readable {
		text := written(t, export.Options{Format: f}, artists())
		for _, at := range []int{0, 1, len(text) / 2, len(text)} {
			_, _, err := list.Read(io.MultiReader(strings.NewReader(text[:at]), iotest.ErrReader(broken)))
			if err != broken {
				t.Errorf("%s broken at %d: %v", f, at, err)
			}
		}
	}
}

// It doesn't matter how the input comes.
func TestOneByteAtATime(t *testing.T) {
	for _, f := range readable {
		text := written(t, export.Options{Format: f}, artists())
		got, _, err := list.Read(iotest.OneByteReader(strings.NewReader(text)))
		if err != nil || len(got) != len(nasty) {
			t.Errorf("%s: %d artists, error %v", f, len(got), err)
		}
	}
}

// A file cut off at any byte is an error. Only at the end of a row or line, a line-based
// kind can't be told from a shorter file. What is cut off may be the last line end alone.
func TestTruncated(t *testing.T) {
	all := append(artists()[:12:12], artist(20, "z"))
	texts := map[string]string{
		"text":    a1 + "\n" + b2 + "\nhttps://open.spotify.com/artist/" + c3 + "\n",
		"library": library(`"artists":[{"name":"x","uri":"spotify:artist:` + a1 + `"}],`),
		"ZIP":     zipOf(t, "YourLibrary.json", library(`"artists":[{"name":"x","uri":"spotify:artist:`+a1+`"}],`)),
	}
	for _, f := range readable {
		texts[string(f)] = written(t, export.Options{Format: f, Fields: export.Fields()}, all)
	}
	for name, text := range texts {
		t.Run(name, func(t *testing.T) {
			want := read(t, text)
			lineBased := name != "json" && name != "library" && name != "ZIP"
			for n := range len(text) {
				got, _, err := list.Read(strings.NewReader(text[:n]))
				same := err == nil && reflect.DeepEqual(got, want)
				atLineEnd := text[n-min(n, 1):n] == "\n" || text[n] == '\n'
				prefix := err == nil && len(got) < len(want) && reflect.DeepEqual(got, want[:len(got):len(got)]) || err == nil && len(got) == 0
				switch {
				case err != nil:
				case same && strings.TrimSpace(text[n:]) == "":
				case prefix && lineBased && atLineEnd:
				default:
					t.Fatalf("cut at %d of %d, after %.40q: %d artists of %d", n, len(text), text[max(0, n-40):n], len(got), len(want))
				}
			}
		})
	}
}

// A ZIP with a damaged byte is an error, unless nothing reads that byte.
func TestDamagedZIP(t *testing.T) {
	text := zipOf(t, "a/YourLibrary.json", library(`"artists":[{"name":"x","uri":"spotify:artist:`+a1+`"}],`))
	want := read(t, text)
	for i := range len(text) {
		damaged := []byte(text)
		damaged[i] ^= 0x41
		got, _, err := list.Read(bytes.NewReader(damaged))
		var bad *list.Error
		if err == nil && !reflect.DeepEqual(got, want) || err != nil && !errors.As(err, &bad) {
			t.Errorf("byte %d: %v, error %v", i, got, err)
		}
	}
}

// bomb is a ZIP whose one member unpacks to a lot of spaces and claims a size.
func bomb(t *testing.T, gigabytes int, claimed uint64) string {
	t.Helper()
	var block bytes.Buffer
	w, _ := flate.NewWriter(&block, flate.BestCompression)
	_, _ = w.Write(bytes.Repeat([]byte(" "), 1<<20))
	_ = w.Flush()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	data := append(bytes.Repeat(block.Bytes(), gigabytes<<10), 1, 0, 0, 0xff, 0xff) // an empty last block
	m, err := z.CreateRaw(&zip.FileHeader{Name: "YourLibrary.json", Method: zip.Deflate, UncompressedSize64: claimed, CompressedSize64: uint64(len(data))})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = m.Write(data)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// repeat is s again and again, n bytes in all, without the memory for it.
func repeat(s string, n int64) io.Reader {
	return io.LimitReader(&repeater{s: strings.Repeat(s, 1+4096/len(s))}, n)
}

type repeater struct {
	s  string
	at int
}

func (r *repeater) Read(p []byte) (n int, err error) {
	for n < len(p) {
		k := copy(p[n:], r.s[r.at:])
		n, r.at = n+k, (r.at+k)%len(r.s)
	}
	return n, nil
}

// What is built to exhaust the reader is refused in less than 100 MB.
func TestBombs(t *testing.T) {
	const endless = 10 << 30
	wide := zipOf(t, slices.Repeat([]string{"", ""}, 10_001)...)
	rows := []struct {
		name string
		in   func() io.Reader
		want string
		fast bool // it must take less than a second, by the contract
	}{
		{"ZIP of 10 GB", func() io.Reader { return strings.NewReader(bomb(t, 10, 10<<30)) }, "it holds more than 64 MiB", true},
		{"ZIP of 10 GB that claims less", func() io.Reader { return strings.NewReader(bomb(t, 10, 1000)) }, "YourLibrary.json in the ZIP: it is damaged", false},
		{"ZIP of many files", func() io.Reader { return strings.NewReader(wide) }, "the ZIP holds more than 10000 files", false},
		{"csv with one endless line", func() io.Reader { return io.MultiReader(strings.NewReader("id,name\n"+a1+","), repeat("x", endless)) }, "a row holds more than 8 MiB", true},
		{"csv with a quote that never ends", func() io.Reader {
			return io.MultiReader(strings.NewReader("id,name\n"+a1+",\""), repeat("x\n", endless))
		}, "a row holds more than 8 MiB", false},
		{"csv with endless cells", func() io.Reader { return io.MultiReader(strings.NewReader("id,name\n"), repeat(",", endless)) }, "a row holds more than 8 MiB", false},
		{"csv with a million cells", func() io.Reader {
			return io.MultiReader(strings.NewReader("id,name\n"), repeat(",", 1<<20), strings.NewReader("\n"))
		}, "line 2: more than 1000 cells", false},
		{"endless header", func() io.Reader { return io.MultiReader(strings.NewReader("id,"), repeat("x,", endless)) }, "a row holds more than 8 MiB", false},
		{"tsv with a million cells", func() io.Reader {
			return io.MultiReader(strings.NewReader("id\tname\n"), repeat("\t", 1<<20), strings.NewReader("\n"))
		}, "line 2: more than 1000 cells", false},
		{"tsv with one endless line", func() io.Reader { return io.MultiReader(strings.NewReader("id\tname\n"+a1+"\t"), repeat("x", endless)) }, "a row holds more than 8 MiB", false},
		{"endless text", func() io.Reader { return repeat("x", endless) }, "a row holds more than 8 MiB", false},
		{"endless spaces", func() io.Reader { return repeat(" ", endless) }, "a row holds more than 8 MiB", false},
		{"endless comments", func() io.Reader { return repeat("#"+strings.Repeat(" ", 500)+"\n", endless) }, "it holds more than 64 MiB", false},
		{"JSON a million deep", func() io.Reader { return io.MultiReader(strings.NewReader(`[{"x":`), repeat("[", 1_000_000)) }, "artist 1: it is not valid JSON", true},
		{"JSON a million objects deep", func() io.Reader { return repeat(`{"a":`, 5_000_000) }, "artist 1: it is not valid JSON", false},
		{"JSON with an endless string", func() io.Reader { return io.MultiReader(strings.NewReader(`[{"name":"`), repeat("x", endless)) }, "a row holds more than 8 MiB", false},
		{"JSON with endless numbers", func() io.Reader {
			return io.MultiReader(strings.NewReader(`{"tracks":[1`), repeat(","+strings.Repeat("1", 500), endless))
		}, "it holds more than 64 MiB", false},
		{"JSON with endless spaces", func() io.Reader { return io.MultiReader(strings.NewReader(`[`), repeat(" ", endless)) }, "a row holds more than 8 MiB", false},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			best := time.Hour
			for range 5 { // a busy machine may be late: the best of five tries counts
				in := row.in()
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				start := time.Now()
				_, _, err := list.Read(in)
				best = min(best, time.Since(start))
				runtime.ReadMemStats(&after)
				var bad *list.Error
				if !errors.As(err, &bad) || err.Error() != row.want {
					t.Errorf("error %v, want %s", err, row.want)
				}
				if used := after.TotalAlloc - before.TotalAlloc; used > 100e6 {
					t.Errorf("%d MB", used/1e6)
				}
				if !row.fast || best < time.Second {
					return
				}
			}
			t.Errorf("it took %v", best)
		})
	}
}

func BenchmarkRead(b *testing.B) {
	var all []spotify.Artist
	for i := range 20_000 {
		a := artist(i, fmt.Sprint("Artist, number ", i))
		a.ImageURL = "https://i.scdn.co/image/ab6761610000e5eb" + id(i)
		all = append(all, a)
	}
	for _, f := range readable {
		text := written(b, export.Options{Format: f}, all)
		b.Run(string(f), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				read(b, text)
			}
		})
	}
	b.Run("compare", func(b *testing.B) {
		for b.Loop() {
			list.Compare(all, all[100:])
		}
	})
}
