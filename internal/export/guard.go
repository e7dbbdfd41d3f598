package export

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Guard keeps a good list from being replaced by a poor one. It compares the
// new list with the one that the file holds, if that can be read and is of the
// same format. The zero Guard lets everything through.
type Guard struct {
	Format Format
	JQ     bool // a jq program made the file: that it is not empty is all that can be known of it
	// MaxDrop is how many percent of the artists may be gone, from 0 to 100.
	// With 100 only an empty list is held back.
	MaxDrop float64
}

// ShrunkError says that the [Guard] held the new list back.
type ShrunkError struct {
	Name     string
	Old, New int     // artists; Old is -1 if they can't be counted
	MaxDrop  float64 // of the Guard
}

func (e *ShrunkError) Error() string {
	switch {
	case e.Old >= 0:
		return fmt.Sprintf("%s holds %d artists, the new list only %d; left unchanged", e.Name, e.Old, e.New)
	case e.New == 0:
		return e.Name + " is not empty, but the new list is; left unchanged"
	}
	return fmt.Sprintf("cannot count the artists in %s, so --max-drop %g%% can't be checked; left unchanged", e.Name, e.MaxDrop)
}

// ParseDrop reads a percentage, "20%" or "20", for [Guard.MaxDrop].
func ParseDrop(s string) (float64, error) {
	n, err := strconv.ParseFloat(strings.TrimSuffix(s, "%"), 64)
	if err != nil || !(n >= 0 && n <= 100) {
		return 0, usage("%q is no percentage from 0%% to 100%%", s)
	}
	return n, nil
}

func (g Guard) check(name, path string, rows int) error {
	if g.Format == "" || rows > 0 && g.MaxDrop >= 100 {
		return nil
	}
	old := g.count(path)
	dropped := float64(old-rows)*100 > g.MaxDrop*float64(old)
	if rows == 0 && old != 0 || old < 0 || dropped {
		return &ShrunkError{name, old, rows, g.MaxDrop}
	}
	return nil
}

// count returns how many artists the file holds: 0 if it is missing or empty,
// -1 if they can't be counted, for example because another program saved the
// list in another form. In a damaged list it counts lines, so that damage
// doesn't let a poor list through.
func (g Guard) count(path string) int {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0
	}
	if err != nil {
		return -1
	}
	defer f.Close()
	r := bufio.NewReader(f)
	if _, err := r.Peek(1); errors.Is(err, io.EOF) {
		return 0
	}
	switch {
	case g.JQ:
		return -1
	case g.Format == JSON || g.Format == NDJSON:
		n, err := countObjects(json.NewDecoder(r), g.Format)
		if err == nil {
			return n
		}
		if n = countLines(again(f), "{"); n > 0 {
			return n
		}
		return -1
	case !hasHeader(r, g.Format):
		return -1
	case g.Format == CSV || g.Format == ExcelCSV:
		n, err := countRecords(csv.NewReader(r))
		if err != nil {
			n = countLines(again(f), "") - 1 // less the header
		}
		return n
	}
	return countLines(r, "")
}

// again reads a file from its beginning.
func again(f *os.File) *bufio.Reader {
	_, _ = f.Seek(0, io.SeekStart) // where it fails, nothing more can be read either
	return bufio.NewReader(f)
}

// hasHeader reads the first line, and says whether it has names of fields. Others
// may stand beside them: people add columns.
func hasHeader(r *bufio.Reader, format Format) bool {
	line, _ := r.ReadSlice('\n') // what is longer than its buffer is no header of ours
	head := strings.TrimRight(strings.TrimPrefix(string(line), "\uFEFF"), "\r\n")
	var names []string
	switch format {
	case Table:
		names = strings.Fields(strings.ToLower(head))
	case TSV:
		names = strings.Split(head, "\t")
	default:
		names = strings.Split(head, ",")
	}
	return slices.ContainsFunc(names, func(name string) bool {
		return slices.Contains(Fields(), strings.Trim(name, `"`))
	})
}

func countObjects(d *json.Decoder, format Format) (n int, err error) {
	if format == JSON {
		if t, err := d.Token(); err != nil || t != json.Delim('[') {
			return 0, errors.New("not an array")
		}
	}
	for d.More() {
		var one map[string]json.RawMessage
		if err := d.Decode(&one); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

func countRecords(r *csv.Reader) (n int, err error) {
	r.ReuseRecord, r.FieldsPerRecord = true, -1
	for {
		if _, err := r.Read(); errors.Is(err, io.EOF) {
			return n, nil
		} else if err != nil {
			return n, err
		}
		n++
	}
}

// countLines counts the lines that begin with a text.
func countLines(r *bufio.Reader, text string) (n int) {
	for begins := true; ; {
		line, err := r.ReadSlice('\n')
		if begins && len(line) > 0 && strings.HasPrefix(strings.TrimLeft(string(line), " \t"), text) {
			n++
		}
		if begins = err == nil; err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return n
		}
	}
}
