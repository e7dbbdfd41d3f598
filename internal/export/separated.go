package export

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
)

// commas is `--format csv` and `--format excel-csv`.
type commas struct {
	o     Options
	res   *Result
	cells []string // of the last row, kept for its memory
	buf   *bytes.Buffer
	csv   *csv.Writer
}

func newCommas(o Options, res *Result) encoder {
	buf := new(bytes.Buffer)
	return &commas{o: o, res: res, buf: buf, csv: csv.NewWriter(buf)}
}

func (e *commas) begin(dst []byte) []byte {
	if e.o.Format == ExcelCSV {
		dst = append(dst, "\uFEFF"...) // without it Excel reads the file in the machine's old code page
	}
	return e.line(dst, e.o.Fields)
}

func (e *commas) row(dst []byte, r *record) ([]byte, error) {
	e.cells = e.cells[:0]
	for _, v := range r.values {
		s := cell(v)
		switch {
		case e.o.Format != ExcelCSV:
			e.res.Formulas = e.res.Formulas || isFormula(s)
		case isFormula(strings.TrimLeft(s, "'")): // also what looks guarded already, so that a reader can undo it
			s = "'" + s
		}
		e.cells = append(e.cells, e.o.shown(s))
	}
	return e.line(dst, e.cells), nil
}

func (*commas) end(dst []byte) ([]byte, error) { return dst, nil }

// line writes one record. It doesn't use encoding/csv's own CRLF, which would
// change the line ends in cells too, nor its empty line for a lone empty cell,
// which readers skip.
func (e *commas) line(dst []byte, cells []string) []byte {
	if len(cells) == 1 && cells[0] == "" {
		dst = append(dst, `""`...)
	} else {
		e.buf.Reset()
		_ = e.csv.Write(cells) // into memory, with a good separator: cannot fail
		e.csv.Flush()
		dst = append(dst, bytes.TrimSuffix(e.buf.Bytes(), []byte("\n"))...)
	}
	if e.o.Format == ExcelCSV {
		dst = append(dst, '\r')
	}
	return append(dst, '\n')
}

// shown makes a cell safe if the output is a terminal.
func (o Options) shown(s string) string {
	if o.Safe == nil {
		return s
	}
	return o.Safe(s)
}

// isFormula reports whether a spreadsheet may run s, or hide how it begins: the
// characters of OWASP ASVS 5.0, 1.2.10, with the line ends and full-width
// forms of OWASP's "CSV Injection" page. internal/list has the same ones.
func isFormula(s string) bool {
	return s != "" && strings.ContainsAny(firstRune(s), "=+-@\t\r\n\x00＝＋－＠")
}

func firstRune(s string) string {
	for i := range s {
		if i > 0 {
			return s[:i]
		}
	}
	return s
}

// tabs is `--format tsv`. The registered type (IANA, text/tab-separated-values)
// has no way to write a tab or a line end in a field; jq's @tsv and
// PostgreSQL's COPY write \t \n \r \\, and so do we.
type tabs struct {
	o      Options
	res    *Result
	escape *strings.Replacer
}

func newTabs(o Options, res *Result) encoder {
	return &tabs{o, res, strings.NewReplacer("\t", `\t`, "\n", `\n`, "\r", `\r`, `\`, `\\`)}
}

func (e *tabs) begin(dst []byte) []byte {
	return append(append(dst, strings.Join(e.o.Fields, "\t")...), '\n')
}

func (e *tabs) row(dst []byte, r *record) ([]byte, error) {
	for i, v := range r.values {
		if i > 0 {
			dst = append(dst, '\t')
		}
		s := cell(v)
		e.res.Formulas = e.res.Formulas || isFormula(s)
		dst = append(dst, e.o.shown(e.escape.Replace(s))...)
	}
	return append(dst, '\n'), nil
}

func (*tabs) end(dst []byte) ([]byte, error) { return dst, nil }

// countCommas counts rows of any length: people add notes.
func countCommas(f io.ReadSeeker) int {
	r := bufio.NewReader(f)
	if !hasFields(strings.Split(firstLine(r), ",")) {
		return -1
	}
	rows := csv.NewReader(r)
	rows.ReuseRecord, rows.FieldsPerRecord = true, -1
	for n := 0; ; n++ {
		if _, err := rows.Read(); errors.Is(err, io.EOF) {
			return n
		} else if err != nil {
			return linesWith(rewind(f), "") - 1 // less the header
		}
	}
}

func countTabs(f io.ReadSeeker) int {
	r := bufio.NewReader(f)
	if !hasFields(strings.Split(firstLine(r), "\t")) {
		return -1
	}
	return linesWith(r, "")
}
