package export

import (
	"bufio"
	"io"
	"slices"
	"strings"

	"github.com/clipperhouse/displaywidth"
)

const (
	gap      = "  "
	readable = 20 // columns of a name that are always shown
	widest   = 64 // columns that a cell is padded to in a pipe: a picture's address
	linkFits = 84 // columns of a terminal that has space for the address of an artist's page
)

// grid is `--format table`. On a terminal it has only the columns that fit, and
// shortens nothing but names. In a pipe, where the width is 0, it shows all, and
// a longer cell than most moves the rest of its row.
type grid struct {
	o    Options
	res  *Result
	rows []gridRow
}

type gridRow struct {
	cells []string
	page  string // the artist's page, "" if the address can't be trusted
}

func newGrid(o Options, res *Result) encoder { return &grid{o: o, res: res} }

func (e *grid) begin(dst []byte) []byte {
	head := make([]string, len(e.o.Fields))
	for i, name := range e.o.Fields {
		if head[i] = strings.ReplaceAll(strings.ToUpper(name), "_", " "); name == "position" {
			head[i] = "#"
		}
	}
	e.rows = append(e.rows, gridRow{cells: head})
	return dst
}

func (e *grid) row(dst []byte, r *record) ([]byte, error) {
	safe := e.o.Safe
	if safe == nil {
		safe = strings.NewReplacer("\n", " ", "\r", " ", "\t", " ").Replace // a name must not break its row
	}
	row := gridRow{cells: make([]string, len(r.values))}
	for i, v := range r.values {
		row.cells[i] = safe(cell(v))
	}
	if isAddress(r.artist.URL, "open.spotify.com") {
		row.page = r.artist.URL
	}
	e.rows = append(e.rows, row)
	return dst, nil
}

func (e *grid) end(dst []byte) ([]byte, error) {
	widths := make([]int, len(e.o.Fields))
	for _, row := range e.rows {
		for i, s := range row.cells {
			widths[i] = max(widths[i], displaywidth.String(s))
		}
	}
	columns := e.fit(widths)
	for i, row := range e.rows {
		line := e.line(row, columns, widths)
		if i == 0 && e.o.Color {
			line = "\x1b[1m" + line + "\x1b[0m"
		}
		dst = append(append(dst, line...), '\n')
	}
	return dst, nil
}

// fit returns the columns to show, and sets their widths.
func (e *grid) fit(widths []int) (columns []int) {
	for i := range widths {
		columns = append(columns, i)
	}
	if e.o.Width == 0 {
		for i := range widths {
			widths[i] = min(widths[i], widest)
		}
		return columns
	}
	name := slices.Index(e.o.Fields, "name")
	space := func() int { // what the other columns leave for the name
		n := e.o.Width + len(gap)
		for _, i := range columns {
			if n -= len(gap); i != name {
				n -= widths[i]
			}
		}
		return n
	}
	least := 0
	if name >= 0 {
		least = min(widths[name], readable)
	}
	for _, field := range []string{"image_url", "uri", "url", "id", "genres", "popularity", "followers", "position"} {
		i := slices.Index(columns, slices.Index(e.o.Fields, field))
		if i < 0 || len(columns) == 1 || space() >= least {
			continue
		}
		columns = slices.Delete(columns, i, i+1)
		e.res.Hidden = append(e.res.Hidden, field)
	}
	if name >= 0 {
		widths[name] = min(widths[name], max(1, space()))
	}
	return columns
}

func (e *grid) line(row gridRow, columns, widths []int) string {
	var b strings.Builder
	pad := ""
	for n, i := range columns {
		s := row.cells[i]
		if e.o.Width > 0 && displaywidth.String(s) > widths[i] && e.o.Fields[i] == "name" {
			s = displaywidth.TruncateString(s, widths[i], "…")
		}
		fill := strings.Repeat(" ", max(0, widths[i]-displaywidth.String(s)))
		if n > 0 {
			pad += gap
		}
		if isNumeric(e.o.Fields[i]) {
			pad, fill = pad+fill, ""
		}
		if s != "" {
			b.WriteString(pad + e.style(s, e.o.Fields[i], row.page))
			pad = ""
		}
		pad += fill
	}
	return b.String()
}

// style makes a name a hyperlink (OSC 8, as terminals of the VTE, iTerm2 and
// others read it), and dims what is for programs. The head, which is bold as a whole, has no page.
func (e *grid) style(s, field, page string) string {
	if page == "" {
		return s
	}
	switch field {
	case "name":
		if e.o.Links {
			return "\x1b]8;;" + page + "\x1b\\" + s + "\x1b]8;;\x1b\\"
		}
	case "id", "uri", "url", "image_url":
		if e.o.Color {
			return "\x1b[2m" + s + "\x1b[22m"
		}
	}
	return s
}

func isNumeric(field string) bool {
	return field == "position" || field == "followers" || field == "popularity"
}

func countTable(f io.ReadSeeker) int {
	r := bufio.NewReader(f)
	if !hasFields(strings.Fields(strings.ToLower(firstLine(r)))) {
		return -1
	}
	return linesWith(r, "")
}
