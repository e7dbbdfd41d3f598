package export_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spotauth/spotauth/internal/export"
)

func TestParseDrop(t *testing.T) {
	rows := []struct {
		in    string
		want  float64
		fails string
	}{
		{"20%", 20, ""},
		{"20", 20, ""},
		{"0%", 0, ""},
		{"100%", 100, ""},
		{"2.5%", 2.5, ""},
		{"101%", 0, "takes a percentage from 0% to 100%"},
		{"-1%", 0, "takes a percentage from 0% to 100%"},
		{"NaN", 0, "takes a percentage from 0% to 100%"},
		{"", 0, "takes a percentage from 0% to 100%"},
		{"%", 0, "takes a percentage from 0% to 100%"},
		{"a fifth", 0, "takes a percentage from 0% to 100%"},
	}
	for _, row := range rows {
		got, err := export.ParseDrop(row.in)
		if got != row.want {
			t.Errorf("ParseDrop(%q) = %v, want %v", row.in, got, row.want)
		}
		usageError(t, err, row.fails)
	}
}

// list writes n artists in a format, as `artists --output` does.
func list(t *testing.T, o export.Options, n int) func(io.Writer) (int, error) {
	return func(w io.Writer) (int, error) {
		all := artists()
		for len(all) < n {
			all = append(all, artists()...)
		}
		res, err := export.Write(t.Context(), w, o, listing(all[:n]))
		return res.Rows, err
	}
}

// O-03: a good list is not replaced by an empty or much shorter one, in any format.
func TestGuard(t *testing.T) {
	rows := []struct {
		name     string
		drop     float64
		old, new int
		held     bool
	}{
		{"empty over some", 100, 100, 0, true},
		{"empty over one", 100, 1, 0, true},
		{"one over many", 100, 100, 1, false},
		{"empty over empty", 0, 0, 0, false},
		{"exactly the drop", 20, 100, 80, false},
		{"one more than the drop", 20, 100, 79, true},
		{"exactly, where floats are not", 42, 50, 29, false},
		{"no drop at all", 0, 100, 99, true},
		{"equal", 0, 100, 100, false},
		{"grown", 0, 10, 20, false},
	}
	for _, f := range export.Formats() {
		for _, row := range rows {
			t.Run(string(f)+" "+row.name, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "artists")
				o := export.Options{Format: f}
				if err := export.File(t.Context(), path, export.Guard{}, list(t, o, row.old)); err != nil {
					t.Fatal(err)
				}
				before, _ := os.ReadFile(path)
				err := export.File(t.Context(), path, export.Guard{Format: f, MaxDrop: row.drop}, list(t, o, row.new))
				var shrunk *export.ShrunkError
				if errors.As(err, &shrunk) != row.held || err != nil && !row.held {
					t.Fatalf("error %v, want held back: %t", err, row.held)
				}
				after, _ := os.ReadFile(path)
				if row.held && (shrunk.Old != row.old || shrunk.New != row.new || shrunk.Name != path) {
					t.Errorf("%+v, want %d and %d", shrunk, row.old, row.new)
				}
				if row.held && !bytes.Equal(before, after) {
					t.Error("the old file has changed")
				}
				alone(t, path)
			})
		}
	}
}

func TestShrunkErrorHasBothNumbers(t *testing.T) {
	err := &export.ShrunkError{Name: "artists.csv", Old: 312, New: 12}
	if got, want := err.Error(), "artists.csv has 312 artists but the new list only 12; artists.csv was left unchanged"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// O-02: whatever a file holds, cut, damaged, or saved again by another program, an
// empty list does not take its place; that of a list without artists it does.
func TestGuardReadsWhatItFinds(t *testing.T) {
	rows := []struct {
		name   string
		format export.Format
		old    string
		held   bool
	}{
		{"no JSON", export.JSON, "id,name\n1,a\n", true},
		{"JSON of another kind", export.JSON, `{"a":1}`, true},
		{"array of numbers", export.JSON, `[1,2]`, true},
		{"indented array", export.JSON, "[\n  {\n    \"id\": \"1\"\n  }\n]", true},
		{"cut array", export.JSON, "[\n{\"id\":\"1\"},\n", true},
		{"empty file", export.JSON, "", false},
		{"empty array", export.JSON, "[]\n", false},
		{"no NDJSON", export.NDJSON, "hello\n", true},
		{"lines", export.NDJSON, "{}\n{}\n", true},
		{"csv with line ends in cells", export.CSV, "id,name\n1,\"a\nb\"\n", true},
		{"csv header only", export.CSV, "id,name\n", false},
		{"csv with a quote that never ends", export.CSV, "id,name\n1,\"a\n", true},
		{"csv with quoted names of fields", export.CSV, "\"id\",\"name\"\r\n1,a\r\n", true},
		{"csv split at semicolons", export.CSV, "id;name\r\n1;a\r\n", true},
		{"csv with a column of somebody's own", export.CSV, "id,name,note\n1,a,b\n", true},
		{"csv with a column of somebody's own, and no artists", export.CSV, "id,name,note\n", false},
		{"csv of something else", export.CSV, "date,amount\n1,2\n", true},
		{"csv without a header", export.CSV, "1,2\n3,4\n", true},
		{"empty csv", export.CSV, "", false},
		{"excel-csv", export.ExcelCSV, "\ufeffid\r\n1\r\n", true},
		{"tsv header only", export.TSV, "id\tname\n", false},
		{"excel-csv over csv", export.ExcelCSV, "id\n1\n", true},
		{"csv over excel-csv", export.CSV, "\ufeffid\r\n1\r\n", true},
		{"tsv", export.TSV, "id\n1\n", true},
		{"tsv, its last line without an end", export.TSV, "id\n1", true},
		{"tsv over csv", export.TSV, "id,name\n1,a\n", true},
		{"tsv over numbers", export.TSV, "1\n2\n3\n", true},
		{"table", export.Table, "ID  NAME\n1   a\n", true},
		{"table over text", export.Table, "Dear Sir\nor Madam\n", true},
		{"table over an empty line", export.Table, "\n\n", true},
		{"one line without an end, longer than any buffer", export.TSV, strings.Repeat("id", 1<<20), true},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "artists")
			if err := os.WriteFile(path, []byte(row.old), 0o600); err != nil {
				t.Fatal(err)
			}
			err := export.File(t.Context(), path, export.Guard{Format: row.format, MaxDrop: 100}, list(t, export.Options{Format: row.format}, 0))
			var shrunk *export.ShrunkError
			if errors.As(err, &shrunk) != row.held || err != nil && !row.held {
				t.Errorf("error %v, want held back: %t", err, row.held)
			}
		})
	}
}

// O-02: what jq made of a list cannot be counted, but it is not replaced by
// what jq makes of none.
func TestGuardWithJQ(t *testing.T) {
	rows := []struct {
		name, old string
		new       int
		held      bool
	}{
		{"none over something", "312\n", 0, true},
		{"none over nothing", "", 0, false},
		{"some over something", "312\n", 1, false},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "number")
			if err := os.WriteFile(path, []byte(row.old), 0o600); err != nil {
				t.Fatal(err)
			}
			o := export.Options{Format: export.JSON, JQ: "length"}
			err := export.File(t.Context(), path, export.Guard{Format: export.JSON, JQ: true, MaxDrop: 100}, list(t, o, row.new))
			want := ""
			if row.held {
				want = "the new list is empty; " + path + " was left unchanged"
			}
			if err == nil && row.held || err != nil && err.Error() != want {
				t.Errorf("error %v, want %q", err, want)
			}
			after, _ := os.ReadFile(path)
			if got := string(after); (got == row.old) != row.held {
				t.Errorf("the file holds %q", got)
			}
		})
	}
}

// B-23: a limit that can't be checked holds, whatever the new list is.
func TestGuardOverAListThatCannotBeCounted(t *testing.T) {
	for _, row := range []struct {
		format export.Format
		jq     bool
		old    string
	}{
		{export.CSV, false, "id;name\r\n1;a\r\n"},
		{export.CSV, false, "[\n{\"id\":\"1\"}\n]\n"},
		{export.Table, false, "Dear Sir\n"},
		{export.JSON, true, "[\n{\"name\":\"a genre, say\"}\n]\n"},
	} {
		path := filepath.Join(t.TempDir(), "follows.json")
		if err := os.WriteFile(path, []byte(row.old), 0o600); err != nil {
			t.Fatal(err)
		}
		err := export.File(t.Context(), path, export.Guard{Format: row.format, JQ: row.jq, MaxDrop: 20}, list(t, export.Options{Format: row.format}, 5))
		var shrunk *export.ShrunkError
		want := "cannot count the artists in " + path + ", so --max-drop 20% can't be checked; it was left unchanged"
		if !errors.As(err, &shrunk) || err.Error() != want {
			t.Errorf("%s over %q: error %v, want %s", row.format, row.old, err, want)
		}
		after, _ := os.ReadFile(path)
		if string(after) != row.old {
			t.Errorf("%s over %q: it holds %q now", row.format, row.old, after)
		}
	}
}

// Rows of different lengths are counted as rows, not as lines.
func TestGuardCountsRaggedRows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "follows.csv")
	if err := os.WriteFile(path, []byte("id,name\n1,\"a\nb\nc\"\n2,b,note\n3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := export.File(t.Context(), path, export.Guard{Format: export.CSV, MaxDrop: 50}, list(t, export.Options{Format: export.CSV}, 1))
	if shrunk := (*export.ShrunkError)(nil); !errors.As(err, &shrunk) || shrunk.Old != 3 {
		t.Errorf("error %v, want 3 artists held back", err)
	}
}

// O-02: one damaged record does not end the count.
func TestGuardCountsOnAfterDamage(t *testing.T) {
	for _, f := range export.Formats() {
		for _, damage := range []string{`"`, `,`, `x"y`, `{`, `[`} {
			path := filepath.Join(t.TempDir(), "artists")
			o := export.Options{Format: f, Fields: []string{"id", "name", "uri"}}
			plain := slices.Repeat(artists()[:1], 100)
			err := export.File(t.Context(), path, export.Guard{}, func(w io.Writer) (int, error) {
				res, err := export.Write(t.Context(), w, o, listing(plain))
				return res.Rows, err
			})
			if err != nil {
				t.Fatal(err)
			}
			b, _ := os.ReadFile(path)
			lines := bytes.SplitAfter(b, []byte("\n"))
			lines[5] = bytes.Replace(lines[5], []byte("Sigur"), []byte(damage), 1)
			if err := os.WriteFile(path, bytes.Join(lines, nil), 0o600); err != nil {
				t.Fatal(err)
			}
			err = export.File(t.Context(), path, export.Guard{Format: f, MaxDrop: 5}, list(t, o, 90))
			if shrunk := (*export.ShrunkError)(nil); !errors.As(err, &shrunk) || shrunk.Old != 100 {
				t.Errorf("%s with %s in it: error %v, want 100 artists held back", f, damage, err)
			}
		}
	}
}

// alone checks that nothing lies beside the file.
func alone(t *testing.T, path string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != filepath.Base(path) {
			t.Errorf("%s is left behind", e.Name())
		}
	}
}
