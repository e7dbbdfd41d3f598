package console

import (
	"strings"

	"github.com/clipperhouse/displaywidth"
)

// Style is how a text looks on a terminal, as the parameter of SGR (ECMA-48, 8.3.117).
type Style string

// The styles that spotauth uses. None says anything that the text does not say too.
const (
	Bold   Style = "1"
	Dim    Style = "2"
	Red    Style = "31"
	Green  Style = "32"
	Yellow Style = "33"
)

// Paint gives text a style if stdout shows one. What it returns is for RawOut: text must be
// safe already.
func (c *Console) Paint(style Style, text string) string {
	if !c.Color || text == "" {
		return text
	}
	return "\x1b[" + string(style) + "m" + text + "\x1b[0m"
}

// Columns makes the cells safe and pads them, so that the rows line up two blanks apart on a
// terminal. The last cell of a row is not padded.
func Columns(rows [][]string) [][]string {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			row[i] = Safe(cell)
			widths[i] = max(widths[i], displaywidth.String(row[i]))
		}
	}
	for _, row := range rows {
		for i := range row[:max(0, len(row)-1)] {
			row[i] += strings.Repeat(" ", widths[i]-displaywidth.String(row[i])+2)
		}
	}
	return rows
}

// Wrap breaks a text that begins in column indent so that it fits the terminal at stdout, with
// all of its lines in that column. A word that is too long for a line, such as a path, breaks
// anywhere. In a pipe the text stays one line.
func (c *Console) Wrap(text string, indent int) string {
	space := c.Width() - indent
	if space < 20 { // no terminal, or too narrow to be worth it
		return text
	}
	var b strings.Builder
	used := 0
	for i, word := range strings.Fields(text) {
		width := displaywidth.String(word)
		switch {
		case i == 0:
		case used+1+width > space:
			b.WriteString("\n" + strings.Repeat(" ", indent))
			used = 0
		default:
			b.WriteString(" ")
			used++
		}
		for width > space {
			fits := displaywidth.TruncateString(word, space, "")
			b.WriteString(fits + "\n" + strings.Repeat(" ", indent))
			word = word[len(fits):]
			width = displaywidth.String(word)
		}
		b.WriteString(word)
		used += width
	}
	return b.String()
}
