package export

import (
	"slices"
	"strings"

	"github.com/mattn/go-runewidth"
)

const (
	gap      = "  "
	readable = 32 // columns of a name by which it is known
	widest   = 64 // columns that a cell is padded to in a pipe: a picture's address
)

// grid is `--format table`. Its lines are cut to the terminal's width; in a
// pipe, where the width is 0, nothing is cut, and a longer cell than most
// moves the rest of its row.
type grid struct {
	o    Options
	rows [][]string
}

func (e *grid) begin(dst []byte) []byte {
	head := make([]string, len(e.o.Fields))
	for i, name := range e.o.Fields {
		head[i] = strings.ToUpper(name)
	}
	e.rows = append(e.rows, head)
	return dst
}

func (e *grid) row(dst []byte, r *record) ([]byte, error) {
	safe := e.o.Safe
	if safe == nil {
		safe = strings.NewReplacer("\n", " ", "\r", " ", "\t", " ").Replace // a name must not break its row
	}
	cells := make([]string, len(r.values))
	for i, v := range r.values {
		cells[i] = safe(cell(v))
	}
	e.rows = append(e.rows, cells)
	return dst, nil
}

func (e *grid) end(dst []byte) ([]byte, error) {
	widths := make([]int, len(e.o.Fields))
	for _, cells := range e.rows {
		for i, s := range cells {
			widths[i] = max(widths[i], runewidth.StringWidth(s))
		}
	}
	if e.o.Width > 0 {
		fit(widths, e.o.Width, slices.Index(e.o.Fields, "name"))
	} else {
		for i := range widths {
			widths[i] = min(widths[i], widest)
		}
	}
	for i, cells := range e.rows {
		line := e.line(cells, widths)
		if i == 0 && e.o.Color {
			line = "\x1b[1m" + line + "\x1b[0m"
		}
		dst = append(append(dst, line...), '\n')
	}
	return dst, nil
}

func (e *grid) line(cells []string, widths []int) string {
	var b strings.Builder
	for i, s := range cells {
		if i > 0 {
			b.WriteString(gap)
		}
		if e.o.Width > 0 && runewidth.StringWidth(s) > widths[i] {
			s = runewidth.Truncate(s, widths[i], "…")
		}
		if numeric(e.o.Fields[i]) {
			s = runewidth.FillLeft(s, widths[i])
		} else {
			s = runewidth.FillRight(s, widths[i])
		}
		b.WriteString(s)
	}
	return strings.TrimRight(b.String(), " ")
}

func numeric(field string) bool {
	return field == "position" || field == "followers" || field == "popularity"
}

// fit makes columns narrower until a line is at most width wide. A name of more
// than a readable length gives what is beyond it. Then the last columns give
// first, for the first ones say which artist it is, and the name gives last, for
// people know it by that. None gets below a readable 8 before all of them are
// there.
func fit(widths []int, width, name int) {
	excess := (len(widths) - 1) * len(gap)
	for _, w := range widths {
		excess += w
	}
	excess -= width
	narrow := func(i, least int) {
		give := max(0, min(excess, widths[i]-least))
		widths[i] -= give
		excess -= give
	}
	if name >= 0 {
		narrow(name, readable)
	}
	for _, least := range []int{8, max(1, (width+len(gap))/len(widths)-len(gap))} {
		for _, i := range givers(len(widths), name) {
			narrow(i, least)
		}
	}
}

// givers are the columns in the order in which they give.
func givers(columns, name int) []int {
	order := make([]int, 0, columns)
	for i := columns - 1; i >= 0; i-- {
		if i != name {
			order = append(order, i)
		}
	}
	if name >= 0 {
		order = append(order, name)
	}
	return order
}
