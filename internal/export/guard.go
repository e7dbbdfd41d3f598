package export

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
	old, err := count(path, g.Format)
	if err != nil {
		return nil // none yet, or not a list of ours: nothing to compare with
	}
	if rows == 0 && old > 0 || float64(old-rows)*100 > g.MaxDrop*float64(old) {
		return &ShrunkError{name, old, rows}
	}
	return nil
}

// count tells how many artists the file holds.
func count(path string, format Format) (int, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	switch format {
	case JSON:
		return countArray(f)
	case NDJSON:
		return countObjects(json.NewDecoder(f))
	case CSV, ExcelCSV:
		return countRecords(f)
	default:
		return countLines(f)
	}
}

func countArray(r io.Reader) (int, error) {
	d := json.NewDecoder(r)
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return 0, errors.New("not an array")
	}
	return countObjects(d)
}

func countObjects(d *json.Decoder) (n int, err error) {
	for ; d.More(); n++ {
		var one map[string]json.RawMessage
		if err := d.Decode(&one); err != nil {
			return 0, err
		}
	}
	return n, nil
}

func countRecords(r io.Reader) (n int, err error) {
	c := csv.NewReader(r)
	c.ReuseRecord = true
	for n = -1; ; n++ { // the header is none
		if _, err := c.Read(); errors.Is(err, io.EOF) {
			return max(n, 0), nil
		} else if err != nil {
			return 0, err
		}
	}
}

func countLines(r io.Reader) (n int, err error) {
	s := bufio.NewScanner(r)
	for n = -1; s.Scan(); n++ {
	}
	return max(n, 0), s.Err()
}
