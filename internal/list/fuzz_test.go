package list_test

import (
	"bytes"
	"errors"
	"reflect"
	"testing"

	"github.com/spotauth/spotauth/internal/export"
	"github.com/spotauth/spotauth/internal/list"
)

// fuzz reads whatever prefix and text make. What is read has good IDs, each once,
// and is read back from what the export makes of it; anything else is an *Error.
func fuzz(f *testing.F, prefix string, seeds ...string) {
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, repeated, err := list.Read(bytes.NewReader([]byte(prefix + text)))
		var bad *list.Error
		if err != nil {
			if !errors.As(err, &bad) || got != nil || repeated != 0 {
				t.Fatalf("%d artists, %d repeated, %v", len(got), repeated, err)
			}
			return
		}
		seen := make(map[string]bool)
		for _, a := range got {
			if len(a.ID) != 22 || a.URI != "spotify:artist:"+a.ID || a.URL != "https://open.spotify.com/artist/"+a.ID || seen[a.ID] {
				t.Fatalf("artist %+v", a)
			}
			seen[a.ID] = true
		}
		if len(got) == 0 {
			return
		}
		for _, format := range []export.Format{export.JSON, export.NDJSON} {
			if again := read(t, written(t, export.Options{Format: format}, got)); !reflect.DeepEqual(again, got) {
				t.Fatalf("%s: %+v, want %+v", format, again, got)
			}
		}
		for _, format := range []export.Format{export.CSV, export.ExcelCSV, export.TSV} {
			again := read(t, written(t, export.Options{Format: format}, got))
			for i := range got {
				if again[i].ID != got[i].ID || again[i].Name != got[i].Name || again[i].ImageURL != got[i].ImageURL {
					t.Fatalf("%s: %+v, want %+v", format, again[i], got[i])
				}
			}
		}
	})
}

func FuzzJSON(f *testing.F) {
	all := artists()
	fuzz(f, "", written(f, export.Options{Format: export.JSON}, all), `[{"id":"`+a1+`","images":[{"url":"x","width":1}],"followers":{"total":1}}]`, "[]")
}

func FuzzNDJSON(f *testing.F) {
	fuzz(f, "{", written(f, export.Options{Format: export.NDJSON}, artists()[:9])[1:], `"type":"artist","uri":"spotify:artist:`+a1+`"}{"x":[{}]}`)
}

func FuzzLibrary(f *testing.F) {
	fuzz(f, `{"artists":[`, `{"name":"x","uri":"spotify:artist:`+a1+`"}],"tracks":[]}`, `]}`)
}

func FuzzCSV(f *testing.F) {
	fuzz(f, "", written(f, export.Options{Format: export.CSV}, artists()), "name;id;x\r\n\"a\"\"\n\";"+a1+";1\r\n")
}

func FuzzExcelCSV(f *testing.F) {
	fuzz(f, "\ufeffname;id\r\n", "'=x;"+a1+"\r\n", "''+\";"+b2+"\r\n")
}

func FuzzTSV(f *testing.F) {
	fuzz(f, "name\tid\turi\n", `a\t\n\\`+"\t"+a1+"\t\n", "\"\t\tspotify:artist:"+b2+"\r\n")
}

func FuzzText(f *testing.F) {
	fuzz(f, "#\n", a1, "spotify:artist:"+a1+"\r\n\nhttps://open.spotify.com/intl-xx/artist/"+b2+"?si=1")
}

func FuzzZIP(f *testing.F) {
	fuzz(f, "", zipOf(f, "YourLibrary.json", library(`"artists":[{"name":"x","uri":"spotify:artist:`+a1+`"}],`)), zipOf(f, "a/YourLibrary1.json", library("")))
}
