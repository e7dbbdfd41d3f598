package export_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/spotauth/spotauth/internal/export"
)

// usageError checks that err is about the command line and says want.
func usageError(t *testing.T, err error, want string) {
	t.Helper()
	if want == "" {
		if err != nil {
			t.Errorf("error %v, want none", err)
		}
		return
	}
	var bad *export.UsageError
	if !errors.As(err, &bad) || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want a UsageError with %q", err, want)
	}
}

func TestParseFormatAndOrder(t *testing.T) {
	for _, f := range export.Formats() {
		if got, err := export.ParseFormat(string(f)); got != f || err != nil {
			t.Errorf("ParseFormat(%q) = %q, %v", f, got, err)
		}
	}
	for _, o := range export.Orders() {
		if got, err := export.ParseOrder(string(o)); got != o || err != nil {
			t.Errorf("ParseOrder(%q) = %q, %v", o, got, err)
		}
	}
	for _, s := range []string{"", "CSV", "yaml", "json "} {
		_, err := export.ParseFormat(s)
		usageError(t, err, "the formats are table, json, ndjson, csv, excel-csv, tsv, html")
	}
	_, err := export.ParseOrder("popularity")
	usageError(t, err, `unknown order "popularity": the orders are recent, name, id`)
}

func TestParseFields(t *testing.T) {
	const list = "the fields are position, id, name, uri, url, image_url, genres, followers, popularity"
	five := []string{"id", "name", "uri", "url", "image_url"}
	three := []string{"position", "name", "url"}
	rows := []struct {
		name   string
		format export.Format
		spec   string
		want   []string
		fails  string
	}{
		{"default of csv", export.CSV, "", five, ""},
		{"default of excel-csv", export.ExcelCSV, "", five, ""},
		{"default of tsv", export.TSV, "", five, ""},
		{"default of table", export.Table, "", three, ""},
		{"default of json", export.JSON, "", export.Fields(), ""},
		{"default of ndjson", export.NDJSON, "", export.Fields(), ""},
		{"chosen, in the order given", export.CSV, "name,id", []string{"name", "id"}, ""},
		{"blanks", export.CSV, " name , id ", []string{"name", "id"}, ""},
		{"one more", export.CSV, "+genres", append(slices.Clone(five), "genres"), ""},
		{"two more", export.TSV, "+genres,+followers", append(slices.Clone(five), "genres", "followers"), ""},
		{"two more, one plus", export.Table, "+position,genres", append(slices.Clone(three), "genres"), ""},
		{"more of what is there", export.JSON, "+genres", export.Fields(), ""},
		{"twice", export.CSV, "id,name,id", []string{"id", "name"}, ""},
		{"unknown", export.CSV, "id,label", nil, `unknown field "label": ` + list},
		{"unknown addition", export.CSV, "+label", nil, `unknown field "label": ` + list},
		{"plus in the middle", export.CSV, "id,+genres", nil, `unknown field "+genres": ` + list},
		{"empty name", export.CSV, "id,", nil, `unknown field "": ` + list},
		{"only a plus", export.CSV, "+", nil, `unknown field "": ` + list},
		{"upper case", export.CSV, "ID", nil, `unknown field "ID": ` + list},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			got, err := export.Options{Format: row.format}.ParseFields(row.spec)
			if !slices.Equal(got, row.want) {
				t.Errorf("fields %v, want %v", got, row.want)
			}
			usageError(t, err, row.fails)
		})
	}
}

// The default fields of a table depend on the terminal: an address needs 84 columns.
func TestFieldsOfATable(t *testing.T) {
	for width, want := range map[int]string{0: "position name url", 40: "position name id", 83: "position name id", 84: "position name url", 200: "position name url"} {
		o := export.Options{Format: export.Table, Width: width}
		if got, err := o.ParseFields(""); err != nil || strings.Join(got, " ") != want {
			t.Errorf("width %d: %v, error %v, want %s", width, got, err, want)
		}
		if got, err := o.ParseFields("+genres"); err != nil || strings.Join(got, " ") != want+" genres" {
			t.Errorf("width %d: %v, error %v, want %s and genres", width, got, err, want)
		}
	}
}

func TestFormatOfFile(t *testing.T) {
	for name, want := range map[string]export.Format{
		"follows.csv": export.CSV, "a/B.CSV": export.CSV, "x.tsv": export.TSV, "x.json": export.JSON, "x.ndjson": export.NDJSON,
		"x.jsonl": export.NDJSON, "x.html": export.HTML, "x.csv.bak": "", "csv": "", "x.": "", "": "", "x.csv/y": "",
	} {
		if got := export.FormatOfFile(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
	for name, fits := range map[string][]export.Format{
		"x.csv": {export.CSV, export.ExcelCSV}, "x.jsonl": {export.NDJSON}, "x.json": {export.JSON}, "x.txt": export.Formats(), "x": export.Formats(),
	} {
		for _, f := range export.Formats() {
			if got := f.Fits(name); got != slices.Contains(fits, f) {
				t.Errorf("%s fits %q: %t", f, name, got)
			}
		}
	}
}

func TestCheck(t *testing.T) {
	rows := []struct {
		name  string
		o     export.Options
		fails string
	}{
		{"plain", export.Options{Format: export.CSV}, ""},
		{"jq over json", export.Options{Format: export.JSON, JQ: ".[].name"}, ""},
		{"jq over raw ndjson", export.Options{Format: export.NDJSON, JQ: ".name", Raw: true}, ""},
		{"no format", export.Options{}, `unknown format ""`},
		{"jq over csv", export.Options{Format: export.CSV, JQ: "."}, "a jq program needs the format json or ndjson"},
		{"jq over table", export.Options{Format: export.Table, JQ: "."}, "a jq program needs the format json or ndjson"},
		{"raw tsv", export.Options{Format: export.TSV, Raw: true}, "raw objects need the format json or ndjson"},
		{"jq syntax", export.Options{Format: export.JSON, JQ: ".[] |"}, "jq program: "},
		{"jq function", export.Options{Format: export.JSON, JQ: "nonesuch"}, "jq program: function not defined: nonesuch/0"},
		{"jq input", export.Options{Format: export.JSON, JQ: "input"}, "jq program: input(s)/0 is not allowed"},
		// S-01: a program from the internet must not read it, nor may a script's env.SINCE silently be null.
		{"jq env", export.Options{Format: export.JSON, JQ: ".[] | select(.name > env.SINCE)"}, "jq program: env and $ENV are not available; "},
		{"jq $ENV", export.Options{Format: export.JSON, JQ: "$ENV.SINCE"}, "jq program: env and $ENV are not available; "},
		{"jq import", export.Options{Format: export.JSON, JQ: `import "x" as x; .`}, "jq program: "},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			usageError(t, row.o.Check(), row.fails)
			_, err := export.Write(t.Context(), &limited{n: 1 << 20}, row.o, listing(nil))
			usageError(t, err, row.fails)
		})
	}
}
