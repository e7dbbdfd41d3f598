package export

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
)

// Format is the shape of an export, as `--format` names it.
type Format string

// The formats. What ExcelCSV says about formulas holds if a comma separates
// lists: with German settings, among others, Excel splits a row at semicolons, and
// what follows one in a name begins a cell.
const (
	Table    Format = "table"     // columns for people, as many as fit the terminal
	JSON     Format = "json"      // an array, one artist per line (docs/artists.schema.json)
	NDJSON   Format = "ndjson"    // one object per line, written as the pages arrive
	CSV      Format = "csv"       // RFC 4180 fields, UTF-8, no BOM, LF: the data as it is
	ExcelCSV Format = "excel-csv" // BOM, CRLF, and no cell that Excel takes for a formula
	TSV      Format = "tsv"       // tab, newline, return and backslash written as \t \n \r \\
	HTML     Format = "html"      // a page with pictures, for people
)

// formatSpec is all that the rest of the package knows about a format.
type formatSpec struct {
	name       Format
	extensions []string                          // of files that hold it
	fields     []string                          // the default; of a table see defaultFields
	objects    bool                              // JSON objects, which --jq and --raw need
	encoder    func(Options, *Result) encoder    // without --jq
	count      func(io.ReadSeeker) (artists int) // of an old file that isn't empty; -1 if they can't be counted
}

// formats is the table of formats. A new one needs a row here, and a file with
// its encoder and its count.
func formats() []formatSpec {
	every := []string{"id", "name", "uri", "url", "image_url"} // what every artist has
	return []formatSpec{
		{Table, nil, []string{"position", "name", "url"}, false, newGrid, countTable},
		{JSON, []string{".json"}, Fields(), true, newArray, countArray},
		{NDJSON, []string{".ndjson", ".jsonl"}, Fields(), true, newLines, countLines},
		{CSV, []string{".csv"}, every, false, newCommas, countCommas},
		{ExcelCSV, []string{".csv"}, every, false, newCommas, countCommas},
		{TSV, []string{".tsv"}, every, false, newTabs, countTabs},
		{HTML, []string{".html"}, []string{"name", "url", "image_url"}, false, newPage, countItems},
	}
}

// spec is the row of f, if there is one.
func (f Format) spec() (formatSpec, bool) {
	for _, spec := range formats() {
		if spec.name == f {
			return spec, true
		}
	}
	return formatSpec{}, false
}

// Formats lists every format.
func Formats() []Format {
	var all []Format
	for _, spec := range formats() {
		all = append(all, spec.name)
	}
	return all
}

// FormatOfFile returns the format that the extension of a file's name stands
// for, "" if it stands for none.
func FormatOfFile(name string) Format {
	for _, spec := range formats() {
		if spec.hasExtension(name) {
			return spec.name
		}
	}
	return ""
}

// Fits reports whether the extension of a file's name stands for no other format
// than f.
func (f Format) Fits(name string) bool {
	spec, ok := f.spec()
	return !ok || FormatOfFile(name) == "" || spec.hasExtension(name)
}

func (s formatSpec) hasExtension(name string) bool {
	return slices.Contains(s.extensions, strings.ToLower(filepath.Ext(name)))
}

// Order is the order of the rows, as `--sort` names it.
type Order string

// The orders.
const (
	Recent Order = "recent" // as Spotify lists them: most recently followed first, as observed since 2025, not promised
	ByName Order = "name"   // by letters; accents and capitals count only between equals (see sortKey)
	ByID   Order = "id"     // by the bytes of the id
)

// Orders lists every order.
func Orders() []Order { return []Order{Recent, ByName, ByID} }

// UsageError says that what the caller asked for does not exist or does not go together.
type UsageError struct{ Text string }

func (e *UsageError) Error() string { return e.Text }

func usage(format string, args ...any) error { return &UsageError{fmt.Sprintf(format, args...)} }

// ParseFormat finds a format by its name.
func ParseFormat(s string) (Format, error) { return oneOf("format", "formats", s, Formats()) }

// ParseOrder finds an order by its name.
func ParseOrder(s string) (Order, error) { return oneOf("order", "orders", s, Orders()) }

func oneOf[T ~string](kind, kinds, s string, all []T) (T, error) {
	if slices.Contains(all, T(s)) {
		return T(s), nil
	}
	names := make([]string, len(all))
	for i, t := range all {
		names[i] = string(t)
	}
	return "", usage("unknown %s %q: the %s are %s", kind, s, kinds, strings.Join(names, ", "))
}
