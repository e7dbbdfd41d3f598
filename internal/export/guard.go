package export

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Guard protects a good list from being replaced by a worse one. It compares the new list with
// the one in the file, which it can count if both have the same format. The zero Guard lets
// everything through.
type Guard struct {
	Format Format
	JQ     bool // a jq program wrote the file: its artists can't be counted
	// MaxDrop is the percentage of artists that may disappear, from 0 to 100.
	// With 100, only an empty list is held back.
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
	case e.New == 0:
		return fmt.Sprintf("the new list is empty; %s was left unchanged", e.Name)
	case e.Old >= 0:
		return fmt.Sprintf("%s has %d artists but the new list only %d; %s was left unchanged", e.Name, e.Old, e.New, e.Name)
	}
	return fmt.Sprintf("cannot count the artists in %s, so --max-drop %g%% can't be checked; it was left unchanged", e.Name, e.MaxDrop)
}

// ParseDrop reads a percentage, "20%" or "20", for [Guard.MaxDrop].
func ParseDrop(s string) (float64, error) {
	n, err := strconv.ParseFloat(strings.TrimSuffix(s, "%"), 64)
	if err != nil || !(n >= 0 && n <= 100) {
		return 0, usage("--max-drop takes a percentage from 0%% to 100%%, not %q", s)
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
	if _, err := f.Read(make([]byte, 1)); errors.Is(err, io.EOF) {
		return 0
	}
	spec, ok := g.Format.spec()
	if _, err := f.Seek(0, io.SeekStart); err != nil || !ok || g.JQ {
		return -1
	}
	return spec.count(f)
}

// rewind reads a file from its beginning.
func rewind(f io.ReadSeeker) *bufio.Reader {
	_, _ = f.Seek(0, io.SeekStart) // if it fails, nothing more can be read either
	return bufio.NewReader(f)
}

// firstLine reads a line without its end. It is cut off if it is too long for a
// header of ours.
func firstLine(r *bufio.Reader) string {
	line, _ := r.ReadSlice('\n')
	return strings.TrimRight(strings.TrimPrefix(string(line), "\uFEFF"), "\r\n")
}

// hasFields reports whether names of fields are among the columns. Others may
// be too: people add columns.
func hasFields(columns []string) bool {
	return slices.ContainsFunc(columns, func(name string) bool {
		return slices.Contains(Fields(), strings.Trim(name, `"`))
	})
}

// linesWith counts the lines that begin with a text.
func linesWith(r *bufio.Reader, text string) (n int) {
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
