package export

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Guard keeps a good list from being replaced by a poor one. It compares the
// new list with the one that the file holds, if that can be read and is of the
// same format. The zero Guard lets everything through.
type Guard struct {
	Format Format
	// MaxDrop is how many percent of the artists may be gone, from 0 to 100.
	// With 100 only an empty list is held back.
	MaxDrop float64
}

// ShrunkError says that the [Guard] held the new list back.
type ShrunkError struct {
	Name     string
	Old, New int // artists
}

func (e *ShrunkError) Error() string {
	return fmt.Sprintf("%s holds %d artists, the new list %d: left as it is", e.Name, e.Old, e.New)
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
	old := count(path, g.Format)
	if rows == 0 && old > 0 || float64(old-rows)*100 > g.MaxDrop*float64(old) {
		return &ShrunkError{name, old, rows}
	}
	return nil
}

// count tells how many artists the file holds, up to where it is damaged. A
// file that is not there, or is no list, holds none.
func count(path string, format Format) int {
	f, err := os.Open(path)
	if err != nil {
		return 0
	}
	defer f.Close()
	switch format {
	case JSON:
		return countArray(json.NewDecoder(f))
	case NDJSON:
		return countObjects(json.NewDecoder(f))
	case CSV, ExcelCSV:
		return countRecords(csv.NewReader(f))
	default:
		return countLines(bufio.NewReader(f))
	}
}

func countArray(d *json.Decoder) int {
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return 0
	}
	return countObjects(d)
}

func countObjects(d *json.Decoder) (n int) {
	for d.More() {
		var one map[string]json.RawMessage
		if d.Decode(&one) != nil {
			break
		}
		n++
	}
	return n
}

func countRecords(r *csv.Reader) (n int) {
	r.ReuseRecord = true
	for {
		if _, err := r.Read(); err != nil {
			return max(0, n-1) // less the header
		}
		n++
	}
}

func countLines(r *bufio.Reader) (n int) {
	for {
		line, err := r.ReadSlice('\n')
		if err == nil {
			n++
		} else if !errors.Is(err, bufio.ErrBufferFull) {
			return max(0, n-1+min(1, len(line))) // less the header; the last line may lack its end
		}
	}
}
