package list

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/spotauth/spotauth/internal/spotify"
)

// separator finds what separates the cells of the header at the beginning of
// head: a comma, the semicolon that Excel writes in many countries, or a tab.
func separator(head []byte) (comma byte, ok bool) {
	line, rest, _ := bytes.Cut(head, []byte("\n"))
	for _, comma := range []byte(",;\t") {
		for name := range bytes.SplitSeq(line, []byte{comma}) {
			if isIdentity(string(bytes.Trim(name, "\" \r"))) {
				return comma, !isComment(line) || hasRow(rest, comma)
			}
		}
	}
	return 0, false
}

// isComment reports whether plain text would ignore a line. It may also be a header
// whose first column is the user's own.
func isComment(line []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(line), []byte("#")) }

// hasRow reports whether rows follow what is a header or a comment.
func hasRow(text []byte, comma byte) (ok bool) {
	for line := range bytes.Lines(text) {
		switch {
		case len(bytes.TrimSpace(line)) == 0:
			continue
		case bytes.IndexByte(line, comma) < 0:
			return false
		case !isComment(line):
			return true
		}
		ok = true
	}
	return ok
}

func isIdentity(column string) bool { return column == "id" || column == "uri" || column == "url" }

// maxCells is how many cells a row may have.
const maxCells = 1000

// columns are the names that are read. Any others are the user's own.
var columns = [...]string{"id", "name", "uri", "url", "image_url", "genres", "followers", "popularity"}

// readRows reads csv, or tsv if the separator is a tab. In a csv with a BOM,
// excel-csv has guarded cells that look like a formula.
func (c *collector) readRows(r *rows, bom bool) error {
	header, err := r.next()
	if err != nil {
		return err
	}
	header = slices.Clone(header)
	at := make(map[string]int, len(header))
	for i, name := range header {
		name = strings.TrimSpace(name)
		if _, twice := at[name]; twice && slices.Contains(columns[:], name) {
			return errorf("the header has two columns %q", name)
		}
		at[name] = i
	}
	for {
		cells, err := r.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil && len(cells) != len(header) {
			err = r.errorf("%d cells, but the header has %d", len(cells), len(header))
		}
		if err != nil {
			return err
		}
		a, err := artistOf(func(column string) string {
			i, ok := at[column]
			switch {
			case !ok:
				return ""
			case bom && r.comma != '\t':
				return unguarded(cells[i])
			}
			return cells[i]
		})
		if err == nil {
			err = c.add(a)
		}
		if err != nil {
			return r.errorf("%v", err)
		}
	}
}

// artistOf makes an artist of the cells of a row. An empty cell is a missing
// value.
func artistOf(cell func(column string) string) (spotify.Artist, error) {
	a := spotify.Artist{ID: cell("id"), Name: cell("name"), URI: cell("uri"), URL: cell("url"), ImageURL: cell("image_url")}
	if genres := cell("genres"); genres != "" {
		a.Genres = strings.Split(genres, ";")
	}
	var err, err2 error
	a.Followers, err = number("followers", cell("followers"))
	a.Popularity, err2 = number("popularity", cell("popularity"))
	return a, cmp.Or(err, err2)
}

func number(column, cell string) (*int64, error) {
	if cell == "" {
		return nil, nil
	}
	n, err := strconv.ParseInt(cell, 10, 64)
	if err != nil {
		return nil, errorf("%s %.60q is not a whole number", column, cell)
	}
	return &n, nil
}

// unguarded takes off the "'" that excel-csv puts before what a spreadsheet
// would take for a formula, and before cells that already begin like that.
func unguarded(cell string) string {
	if rest := strings.TrimLeft(cell, "'"); rest != cell && rest != "" {
		if first, _ := utf8.DecodeRuneInString(rest); strings.ContainsRune("=+-@\t\r\n\x00＝＋－＠", first) {
			return cell[1:]
		}
	}
	return cell
}

// readLines reads plain text with one ID, URI or URL per line.
func (c *collector) readLines(r *rows) error {
	for {
		text, err := r.line()
		if errors.Is(err, io.EOF) {
			if c.artists == nil {
				return errEmpty
			}
			return nil
		}
		if err != nil {
			return err
		}
		text = bytes.TrimSpace(text)
		if len(text) == 0 || text[0] == '#' {
			continue
		}
		line := string(text)
		var a spotify.Artist
		switch {
		case strings.HasPrefix(line, uriPrefix):
			a.URI = line
		case strings.HasPrefix(line, "https://"):
			a.URL = line
		case isID(line):
			a.ID = line
		default:
			if _, isHeader := separator(text); isHeader {
				return r.errorf("a header must be the first line")
			}
			return r.errorf("%.60q is neither an artist's ID, URI or URL nor a header with a column id, uri or url", line)
		}
		if err := c.add(a); err != nil {
			return r.errorf("%v", err)
		}
	}
}

// rows splits a text into rows and cells. encoding/csv would change a CRLF in a
// cell to LF, and accept a last row that is cut off.
type rows struct {
	r     *bufio.Reader
	in    *bounded
	comma byte // a tab: tsv, where \t \n \r \\ are escapes and quotes are nothing special

	first, lines int // of the row; that have been read
	cells        []string
	cell, long   []byte // a quoted cell, a line longer than the buffer of r
}

// errorf makes an error about the row that next or line returned last.
func (s *rows) errorf(format string, args ...any) error {
	return errorf("line %d: %v", s.first, errorf(format, args...))
}

// next returns the cells of the next row that is not an empty line, or io.EOF.
// They are good until the next call.
func (s *rows) next() ([]string, error) {
	for {
		s.in.done()
		s.first, s.cells = s.lines+1, s.cells[:0]
		readRow := s.quotedRow
		if s.comma == '\t' {
			readRow = s.escapedRow
		}
		empty, err := readRow()
		if err != nil {
			return nil, err
		}
		for _, cell := range s.cells {
			if !utf8.ValidString(cell) {
				return nil, s.errorf("it is not UTF-8; save the list as UTF-8")
			}
		}
		if !empty {
			return s.cells, nil
		}
	}
}

// line returns the next line, or io.EOF. The last one needs no line end: an ID
// can't be cut off unnoticed. It is good until the next call.
func (s *rows) line() ([]byte, error) {
	s.in.done()
	s.first = s.lines + 1
	line, err := s.readLine()
	if errors.Is(err, io.EOF) && len(line) > 0 {
		err = nil
	}
	return line, err
}

// readLine reads a line with its end. It is good until the next call.
func (s *rows) readLine() ([]byte, error) {
	s.lines++
	line, err := s.r.ReadSlice('\n')
	for s.long = s.long[:0]; errors.Is(err, bufio.ErrBufferFull); {
		s.long = append(s.long, line...)
		line, err = s.r.ReadSlice('\n')
	}
	if len(s.long) > 0 {
		s.long = append(s.long, line...)
		line = s.long
	}
	return line, err
}

// readWhole reads a line that must have an end.
func (s *rows) readWhole() ([]byte, error) {
	line, err := s.readLine()
	if errors.Is(err, io.EOF) && len(line) > 0 {
		err = errCutOff
	}
	return line, err
}

// escapedRow reads a row of tsv.
func (s *rows) escapedRow() (empty bool, err error) {
	text, err := s.readWhole()
	if err != nil {
		return false, err
	}
	line := string(withoutEnd(text))
	for cell := range strings.SplitSeq(line, "\t") {
		if strings.Contains(cell, `\`) {
			if cell, err = unescaped(cell); err != nil {
				return false, s.errorf("%v", err)
			}
		}
		if err = s.add(cell); err != nil {
			return false, err
		}
	}
	return line == "", nil
}

func withoutEnd(line []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
}

func unescaped(cell string) (string, error) {
	var b strings.Builder
	for rest := cell; ; {
		before, after, found := strings.Cut(rest, `\`)
		b.WriteString(before)
		if !found {
			return b.String(), nil
		}
		i := strings.IndexAny(after[:min(1, len(after))], `tnr\`)
		if i < 0 {
			return "", errorf(`%.60q has a \ that begins none of \t \n \r \\`, cell)
		}
		b.WriteByte(map[byte]byte{'t': '\t', 'n': '\n', 'r': '\r', '\\': '\\'}[after[0]])
		rest = after[1:]
	}
}

// quotedRow reads a row of csv as RFC 4180 says, with CRLF or LF.
func (s *rows) quotedRow() (empty bool, err error) {
	line, err := s.readWhole()
	if err != nil {
		return false, err
	}
	empty = len(withoutEnd(line)) == 0
	for {
		var cell []byte
		if line[0] == '"' {
			cell, line, err = s.quotedCell(line[1:])
		} else {
			cell, line, err = s.plainCell(line)
		}
		if err == nil {
			err = s.add(string(cell))
		}
		if err != nil || line == nil {
			return empty, err
		}
	}
}

// plainCell cuts a cell without quotes off a line. rest is nil at its end.
func (s *rows) plainCell(line []byte) (cell, rest []byte, err error) {
	cell, rest, found := bytes.Cut(line, []byte{s.comma})
	if !found {
		cell, rest = withoutEnd(line), nil
	}
	if bytes.IndexByte(cell, '"') >= 0 {
		return nil, nil, s.errorf("a quote in a cell without quotes")
	}
	return cell, rest, nil
}

// quotedCell cuts a cell off what follows its opening quote, and reads on where
// it has line ends. rest is nil at the end of the row.
func (s *rows) quotedCell(line []byte) (cell, rest []byte, err error) {
	for s.cell = s.cell[:0]; ; {
		before, after, found := bytes.Cut(line, []byte(`"`))
		s.cell = append(s.cell, before...)
		switch {
		case !found:
			if after, err = s.readWhole(); errors.Is(err, io.EOF) {
				err = errCutOff
			}
			if err != nil {
				return nil, nil, err
			}
		case after[0] == '"':
			s.cell, after = append(s.cell, '"'), after[1:]
		case after[0] == s.comma:
			return s.cell, after[1:], nil
		case len(withoutEnd(after)) == 0:
			return s.cell, nil, nil
		default:
			return nil, nil, s.errorf("text after the closing quote of a cell")
		}
		line = after
	}
}

// add takes a cell of the row.
func (s *rows) add(cell string) error {
	s.cells = append(s.cells, cell)
	if len(s.cells) > maxCells {
		return s.errorf("more than %d cells", maxCells)
	}
	return nil
}
