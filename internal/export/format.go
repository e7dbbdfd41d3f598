package export

import (
	"fmt"
	"slices"
	"strings"
)

// Format is the shape of an export, as `--format` names it.
type Format string

// The formats. What ExcelCSV says of formulas holds where a comma separates
// lists: with German settings, among others, Excel splits a row at semicolons, and
// what follows one in a name begins a cell.
const (
	Table    Format = "table"     // columns for people, cut to the terminal's width
	JSON     Format = "json"      // an array, one artist a line (docs/artists.schema.json)
	NDJSON   Format = "ndjson"    // one object a line, written as the pages arrive
	CSV      Format = "csv"       // RFC 4180 fields, UTF-8, no BOM, LF: the data as it is
	ExcelCSV Format = "excel-csv" // BOM, CRLF, and no cell that Excel takes for a formula
	TSV      Format = "tsv"       // tab, newline, return and backslash written as \t \n \r \\
)

// Formats lists every format.
func Formats() []Format { return []Format{Table, JSON, NDJSON, CSV, ExcelCSV, TSV} }

// Order is the order of the rows, as `--sort` names it.
type Order string

// The orders.
const (
	Recent Order = "recent" // as Spotify lists them: most recently followed first, as observed since 2025, not promised
	ByName Order = "name"   // by Unicode collation, equal names by id
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
