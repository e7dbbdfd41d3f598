package export_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/clipperhouse/displaywidth"
	"github.com/spotauth/spotauth/internal/export"
	"github.com/spotauth/spotauth/internal/spotify"
)

// No line is wider than the terminal, unless an ID alone is.
func TestTableFitsTheTerminal(t *testing.T) {
	list := append(artists(), spotify.Artist{ID: "long", Name: strings.Repeat("椎名👩‍👩‍👧é", 1000)})
	for _, fields := range [][]string{nil, {"id"}, {"position", "name"}, export.Fields()} {
		for _, width := range []int{18, 40, 80, 200, 1000} {
			text, _ := render(t, export.Options{Format: export.Table, Width: width, Fields: fields, Safe: visible}, list)
			if !utf8.ValidString(text) {
				t.Errorf("width %d, fields %v: not UTF-8: %q", width, fields, text)
			}
			if n := strings.Count(text, "\n"); n != len(list)+1 {
				t.Errorf("width %d, fields %v: %d lines, want %d", width, fields, n, len(list)+1)
			}
			for line := range strings.Lines(text) {
				if w := displaywidth.String(strings.TrimSuffix(line, "\n")); w > max(width, 22) {
					t.Errorf("width %d, fields %v: %d columns in %q", width, fields, w, line)
				}
			}
		}
	}
}

func TestTable(t *testing.T) {
	list := []spotify.Artist{
		{ID: "1", Name: "椎名林檎", Followers: count(5)},
		{ID: "2", Name: "👩‍👩‍👧 family", Followers: count(12345)},
		{ID: "3", Name: "e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301"},
	}
	fields := []string{"name", "followers"}
	rows := []struct {
		name string
		o    export.Options
		want string
	}{
		{"columns line up, numbers on the right", export.Options{}, "" +
			"NAME       FOLLOWERS\n" +
			"椎名林檎           5\n" +
			"👩‍👩‍👧 family      12345\n" +
			"e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301\n"},
		{"cut between characters, never inside one", export.Options{Width: 5}, "" +
			"NAME\n" +
			"椎名…\n" +
			"👩‍👩‍👧 f…\n" +
			"e\u0301e\u0301e\u0301e\u0301…\n"},
		{"bold head", export.Options{Width: 80, Color: true}, "" +
			"\x1b[1mNAME       FOLLOWERS\x1b[0m\n" +
			"椎名林檎           5\n" +
			"👩‍👩‍👧 family      12345\n" +
			"e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301\n"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			row.o.Format, row.o.Fields = export.Table, fields
			if got, _ := render(t, row.o, list); got != row.want {
				t.Errorf("got\n%s\nwant\n%s", got, row.want)
			}
		})
	}
}

// O-04: what is foreign goes through Safe in every format, and only there: our
// own separators and line ends reach the terminal as they are.
func TestTerminalsGetSafeText(t *testing.T) {
	list := artists()
	own := map[export.Format]string{export.ExcelCSV: "\r", export.TSV: "\t\t\t\t"} // in each line
	for name, o := range everyWay() {
		t.Run(name, func(t *testing.T) {
			o.Safe, o.Width, o.Color, o.Links = visible, 80, true, true
			text, _ := render(t, o, list)
			text = regexp.MustCompile(`\x1b\[[0-9]*m|\x1b\]8;;(https://open\.spotify\.com/artist/\d{22})?\x1b\\`).ReplaceAllString(text, "")
			for line := range strings.Lines(text) {
				line = strings.TrimSuffix(line, "\n")
				if ours := own[o.Format]; ours != "" {
					if n := strings.Count(line, ours[:1]); n != len(ours) {
						t.Errorf("%d of our own separators in %q, want %d", n, line, len(ours))
					}
					line = strings.ReplaceAll(line, ours[:1], "")
				}
				if visible(line) != line {
					t.Errorf("passes: %q", line)
				}
			}
		})
	}
}

// Columns that don't fit are left out, the least useful first, and Result says
// which. A name is shortened to 20 columns at most before that.
func TestTableLeavesColumnsOut(t *testing.T) {
	one := artists()[0]
	one.Name = "Godspeed You! Black Emperor"
	rows := []struct {
		width  int
		fields []string
		head   string
		hidden []string
	}{
		{0, export.Fields(), "# ID NAME URI URL IMAGE URL GENRES FOLLOWERS POPULARITY", nil},
		{300, export.Fields(), "# ID NAME URI URL IMAGE URL GENRES FOLLOWERS POPULARITY", nil},
		{200, export.Fields(), "# ID NAME URI URL GENRES FOLLOWERS POPULARITY", []string{"image_url"}},
		{120, export.Fields(), "# ID NAME GENRES FOLLOWERS POPULARITY", []string{"image_url", "uri", "url"}},
		{80, export.Fields(), "# NAME GENRES FOLLOWERS POPULARITY", []string{"image_url", "uri", "url", "id"}},
		{40, export.Fields(), "# NAME FOLLOWERS", []string{"image_url", "uri", "url", "id", "genres", "popularity"}},
		{46, []string{"id", "name"}, "ID NAME", nil},
		{44, []string{"id", "name"}, "ID NAME", nil},
		{43, []string{"id", "name"}, "NAME", []string{"id"}},
		{10, []string{"id", "uri"}, "ID", []string{"uri"}},
		{10, []string{"name"}, "NAME", nil},
	}
	for _, row := range rows {
		text, res := render(t, export.Options{Format: export.Table, Width: row.width, Fields: row.fields}, []spotify.Artist{one})
		head, _, _ := strings.Cut(text, "\n")
		if got := strings.Join(strings.Fields(head), " "); got != row.head || !slices.Equal(res.Hidden, row.hidden) {
			t.Errorf("width %d: %q without %v, want %q without %v", row.width, got, res.Hidden, row.head, row.hidden)
		}
	}
}

// A name is a link to the artist's page, if the address is really one. It needs no color.
func TestTableLinks(t *testing.T) {
	const page = "https://open.spotify.com/artist/0123456789012345678901"
	rows := []struct{ url, name string }{
		{page, "\x1b]8;;" + page + "\x1b\\x\x1b]8;;\x1b\\"},
		{"", "x"},
		{"javascript:alert(1)", "x"},
		{"http://open.spotify.com/artist/1", "x"},
		{"https://open.spotify.com.example.com/artist/1", "x"},
		{"https://open.spotify.com@example.com/", "x"},
		{"https://open.spotify.com:8080/", "x"},
		{page + "\x1b\\", "x"},
		{page + "\a", "x"},
		{page + "\u009c", "x"},
	}
	for _, row := range rows {
		list := []spotify.Artist{{ID: "1", Name: "x", URL: row.url}}
		o := export.Options{Format: export.Table, Width: 80, Links: true, Fields: []string{"name"}}
		text, _ := render(t, o, list)
		if _, got, _ := strings.Cut(text, "\n"); got != row.name+"\n" {
			t.Errorf("%q: %q, want %q", row.url, got, row.name)
		}
		o.Links = false
		if text, _ = render(t, o, list); text != "NAME\nx\n" {
			t.Errorf("%q without links: %q", row.url, text)
		}
	}
}

// O-04: one endless name takes no space from the other columns, nor from the other rows.
func TestTableWithAnEndlessName(t *testing.T) {
	list := []spotify.Artist{
		{ID: "0123456789012345678901", Name: strings.Repeat("long", 2500), URI: "spotify:artist:0123456789012345678901"},
		{ID: "1123456789012345678901", Name: "King Gizzard & The Lizard Wizard", URI: "spotify:artist:1123456789012345678901"},
	}
	o := export.Options{Format: export.Table, Fields: []string{"id", "name", "uri"}}
	o.Width = 22 + 2 + 32 + 2 + 37
	text, _ := render(t, o, list)
	want := "" +
		"ID                      NAME                              URI\n" +
		"0123456789012345678901  longlonglonglonglonglonglonglon…  spotify:artist:0123456789012345678901\n" +
		"1123456789012345678901  King Gizzard & The Lizard Wizard  spotify:artist:1123456789012345678901\n"
	if text != want {
		t.Errorf("on a terminal\n%s\nwant\n%s", text, want)
	}

	o.Width = 0
	text, _ = render(t, o, list)
	lines := strings.SplitAfter(text, "\n")
	if !strings.Contains(lines[1], list[0].Name+"  "+list[0].URI) {
		t.Error("in a pipe something is cut")
	}
	if w := len(lines[2]); w > 160 {
		t.Errorf("in a pipe a row of 95 columns takes %d", w)
	}
}
