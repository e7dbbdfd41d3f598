package export_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spotauth/spotauth/internal/export"
	"github.com/spotauth/spotauth/internal/spotify"
)

// required fails instead of skipping where everything must be there (make test, CI).
func required(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("SPOTAUTH_TEST_REQUIRE") != "" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// named makes artists of names.
func named(names ...string) []spotify.Artist {
	list := make([]spotify.Artist, len(names))
	for i, name := range names {
		list[i] = spotify.Artist{ID: "id", Name: name, URI: name}
	}
	return list
}

// cells is what a reader must find: the header and two cells for each name.
func cells(names ...string) [][]string {
	want := [][]string{{"name", "uri"}}
	for _, name := range names {
		name = strings.ToValidUTF8(name, "\uFFFD")
		want = append(want, []string{name, name})
	}
	return want
}

var two = []string{"name", "uri"}

func corpusNames() []string {
	var names []string
	for _, a := range artists() {
		names = append(names, a.Name)
	}
	return append(names, "\r", "\n", "\r\n", `"`, `""`, ",", " ", " a ", "\ufeff", "a\rb", "=\"\"\n,")
}

// randomNames are short texts in which every dangerous character is likely.
func randomNames(r *rand.Rand, n int) []string {
	alphabet := []rune("ab ,;\"'\r\n\t=+-@\\.é椎\ufeff＝")
	names := make([]string, n)
	for i := range names {
		text := make([]rune, r.IntN(8))
		for j := range text {
			text[j] = alphabet[r.IntN(len(alphabet))]
		}
		names[i] = string(text)
	}
	return names
}

func readCSV(t *testing.T, text string) [][]string {
	t.Helper()
	got, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatalf("%v in %q", err, text)
	}
	return got
}

// folded is what Go's reader makes of line ends inside a cell.
func folded(rows [][]string) [][]string {
	for _, row := range rows {
		for i := range row {
			row[i] = strings.ReplaceAll(row[i], "\r\n", "\n")
		}
	}
	return rows
}

func equal(a, b [][]string) bool { return slices.EqualFunc(a, b, slices.Equal) }

// O-05: csv gives back to Go's reader what Spotify sent, formulas and all.
func TestCSVRoundTripInGo(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, names := range append([][]string{corpusNames()}, randomNames(r, 3000)) {
		text, _ := render(t, export.Options{Format: export.CSV, Fields: two}, named(names...))
		if got, want := readCSV(t, text), folded(cells(names...)); !equal(got, want) {
			for i := range want {
				if i >= len(got) || !slices.Equal(got[i], want[i]) {
					t.Fatalf("row %d of %d: want %q, got %q", i, len(want), want[i], got[min(i, len(got)-1)])
				}
			}
		}
	}
}

const pythonReader = `
import csv, io, json, sys
text = io.TextIOWrapper(sys.stdin.buffer, encoding=sys.argv[1], newline="", errors="strict")
json.dump(list(csv.reader(text, strict=True)), sys.stdout)
`

func python(t *testing.T, encoding, text string) [][]string {
	t.Helper()
	path, err := exec.LookPath("python3")
	if err != nil {
		required(t, "python3, the second CSV reader, is not installed")
	}
	cmd := exec.CommandContext(t.Context(), path, "-c", pythonReader, encoding)
	cmd.Stdin = strings.NewReader(text)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var got [][]string
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	return got
}

// O-05: Python's csv, strict, finds the same cells, line ends untouched.
func TestCSVRoundTripInPython(t *testing.T) {
	names := append(corpusNames(), randomNames(rand.New(rand.NewPCG(3, 4)), 2000)...)
	text, _ := render(t, export.Options{Format: export.CSV, Fields: two}, named(names...))
	if strings.HasPrefix(text, "\ufeff") {
		t.Error("csv begins with a byte order mark")
	}
	if got, want := python(t, "utf-8", text), cells(names...); !equal(got, want) {
		t.Errorf("Python reads %d rows, want the %d that went in", len(got), len(want))
	}

	text, _ = render(t, export.Options{Format: export.ExcelCSV, Fields: two}, named(names...))
	if !strings.HasPrefix(text, "\ufeffname,uri\r\n") || !strings.HasSuffix(text, "\r\n") {
		t.Errorf("excel-csv begins with %q", text[:min(20, len(text))])
	}
	got := python(t, "utf-8-sig", text)
	for i, row := range cells(names...) {
		if want := guarded(row[0]); i > 0 && got[i][0] != want {
			t.Errorf("row %d is %q, want %q", i, got[i][0], want)
		}
	}
}

// guarded says it by a list of prefixes, apart from the code that it checks.
func guarded(s string) string {
	if startsFormula(strings.TrimLeft(s, "'")) {
		return "'" + s
	}
	return s
}

func startsFormula(s string) bool {
	return slices.ContainsFunc([]string{"=", "+", "-", "@", "\t", "\r", "\n", "\x00", "\uff1d", "\uff0b", "\uff0d", "\uff20"},
		func(prefix string) bool { return strings.HasPrefix(s, prefix) })
}

// O-05: excel-csv leaves no cell that a spreadsheet runs; csv leaves it alone.
func TestFormulaGuard(t *testing.T) {
	rows := []struct {
		name, in, excel string
		formula         bool
	}{
		{"equals", "=LOVE", "'=LOVE", true},
		{"plus", "+44", "'+44", true},
		{"minus", "-M-", "'-M-", true},
		{"at", "@onefive", "'@onefive", true},
		{"tab", "\t=1", "'\t=1", true},
		{"return", "\r=1", "'\r=1", true},
		{"line feed", "\n=1", "'\n=1", true},
		{"NUL", "\x00=1", "'\x00=1", true},
		{"full-width equals", "＝1", "'＝1", true},
		{"full-width plus", "＋1", "'＋1", true},
		{"full-width minus", "－1", "'－1", true},
		{"full-width at", "＠1", "'＠1", true},
		{"command", `=cmd|' /C calc'!A0`, `'=cmd|' /C calc'!A0`, true},
		{"later in the text", "a=1", "a=1", false},
		{"what looks guarded", "'=1", "''=1", false},
		{"what looks guarded twice", "''\t", "'" + "''\t", false},
		{"a quote", "'90s", "'90s", false},
		{"dash of another kind", "–M–", "–M–", false},
		{"plain", "Sigur Rós", "Sigur Rós", false},
		{"empty", "", "", false},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			o := export.Options{Format: export.ExcelCSV, Fields: two}
			text, res := render(t, o, named(row.in))
			// Every line end that is not in a cell is CRLF, and the ones in cells are as they were.
			if want := "\ufeffname,uri\r\n" + quoted(row.excel) + "," + quoted(row.excel) + "\r\n"; text != want {
				t.Errorf("excel-csv %q, want %q", text, want)
			}
			if res.Formulas {
				t.Error("excel-csv is said to have a formula")
			}
			o.Format = export.CSV
			text, res = render(t, o, named(row.in))
			if want := "name,uri\n" + quoted(row.in) + "," + quoted(row.in) + "\n"; text != want {
				t.Errorf("csv %q, want %q", text, want)
			}
			if res.Formulas != row.formula {
				t.Errorf("formulas in csv %t, want %t", res.Formulas, row.formula)
			}
		})
	}
}

// O-05: a spreadsheet finds text in every cell of excel-csv, and runs none of
// them; one of plain csv it does run.
func TestExcelCSVInLibreOffice(t *testing.T) {
	soffice, err := exec.LookPath("soffice")
	if err != nil {
		t.Skip("LibreOffice is not installed")
	}
	convert := func(text string) string {
		dir := t.TempDir()
		if err := os.WriteFile(dir+"/artists.csv", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		// What it writes has quotes around text, and around nothing else.
		cmd := exec.CommandContext(t.Context(), soffice, "-env:UserInstallation=file://"+dir+"/profile", "--headless",
			"--infilter=CSV:44,34,UTF-8", "--convert-to", "csv:Text - txt - csv (StarCalc):44,34,UTF-8,1,,0,true", "--outdir", dir+"/out", dir+"/artists.csv")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		b, err := os.ReadFile(dir + "/out/artists.csv")
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	names := append(corpusNames(), randomNames(rand.New(rand.NewPCG(7, 8)), 500)...)
	list := named(append(names, "=1+1")...)
	o := export.Options{Format: export.ExcelCSV, Fields: []string{"id", "name"}}
	text, _ := render(t, o, list)
	lineEnds := regexp.MustCompile("[\r\n]+") // in cells LibreOffice has its own
	got := lineEnds.ReplaceAllString(convert(text), "\n")
	want := `"id","name"` + "\n"
	for _, a := range list {
		want += `"id",`
		if name := lineEnds.ReplaceAllString(guarded(strings.ToValidUTF8(a.Name, "\uFFFD")), "\n"); name != "" {
			want += `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
		}
		want += "\n"
	}
	for i, line := range strings.SplitAfter(got, "\n") {
		if !strings.HasPrefix(want, line) {
			t.Fatalf("line %d is %q, want it to begin with that of %.80q", i+1, line, want)
		}
		want = want[len(line):]
	}
	if want != "" {
		t.Errorf("%.80q is missing", want)
	}

	o.Format = export.CSV
	text, _ = render(t, o, list)
	if got := convert(text); !strings.HasSuffix(got, "\"id\",2\n") {
		t.Error("of plain csv no formula was run: this test cannot fail")
	}
}

func quoted(s string) string {
	if strings.ContainsAny(s, ",\"\r\n") || strings.HasPrefix(s, "\t") {
		return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
	}
	return s
}

// A lone empty cell must not be an empty line, which readers skip.
func TestCSVKeepsEmptyCells(t *testing.T) {
	for _, f := range []export.Format{export.CSV, export.ExcelCSV} {
		text, _ := render(t, export.Options{Format: f, Fields: []string{"uri"}}, named("a", "", "b"))
		if got := python(t, "utf-8-sig", text); !equal(got, [][]string{{"uri"}, {"a"}, {""}, {"b"}}) {
			t.Errorf("%s: Python reads %q of %q", f, got, text)
		}
		got := readCSV(t, strings.TrimPrefix(text, "\ufeff"))
		if !equal(got, [][]string{{"uri"}, {"a"}, {""}, {"b"}}) {
			t.Errorf("%s: Go reads %q of %q", f, got, text)
		}
	}
}

// TSV escapes as jq's @tsv does: splitting and unescaping gives everything back.
func TestTSVRoundTrip(t *testing.T) {
	names := append(corpusNames(), randomNames(rand.New(rand.NewPCG(5, 6)), 2000)...)
	text, _ := render(t, export.Options{Format: export.TSV, Fields: two}, named(names...))
	unescape := strings.NewReplacer(`\\`, `\`, `\t`, "\t", `\n`, "\n", `\r`, "\r")
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	want := cells(names...)
	if len(lines) != len(want) {
		t.Fatalf("%d lines, want %d", len(lines), len(want))
	}
	for i, line := range lines {
		got := strings.Split(line, "\t")
		for j := range got {
			got[j] = unescape.Replace(got[j])
		}
		if !slices.Equal(got, want[i]) {
			t.Errorf("line %d is %q, want %q", i, got, want[i])
		}
	}
}

// O-05: for any text csv is valid UTF-8, one record an artist, and says the
// same; excel-csv has no cell that starts a formula.
func FuzzCSV(f *testing.F) {
	for _, name := range corpusNames() {
		f.Add(name, "=1")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		for _, fields := range [][]string{{"name"}, two} {
			var csvText, excel bytes.Buffer
			for format, w := range map[export.Format]*bytes.Buffer{export.CSV: &csvText, export.ExcelCSV: &excel} {
				o := export.Options{Format: format, Fields: fields}
				if _, err := export.Write(t.Context(), w, o, listing(named(a, b))); err != nil {
					t.Fatal(err)
				}
			}
			got := readCSV(t, csvText.String())
			want := folded(cells(a, b))
			for i := range want {
				want[i] = want[i][:len(fields)]
			}
			if !equal(got, want) || !utf8.Valid(csvText.Bytes()) {
				t.Errorf("csv %q reads as %q, want %q", csvText.String(), got, want)
			}
			for _, row := range readCSV(t, strings.TrimPrefix(excel.String(), "\ufeff"))[1:] {
				for _, s := range row {
					if startsFormula(s) {
						t.Errorf("excel-csv has the cell %q", s)
					}
				}
			}
		}
	})
}
