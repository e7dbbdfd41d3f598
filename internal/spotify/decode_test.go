package spotify

import (
	"os"
	"path/filepath"
	"testing"
)

func TestCapturedPages(t *testing.T) {
	for _, row := range []struct {
		file           string
		total, artists int
		after          string
		next           bool
	}{
		{"me-following-page-2015.json", 116, 20, "1MbqzxZvHtdClX1cBKU2OG", true},
		{"me-following-empty.json", 0, 0, "", false},
		{"me-following-devmode-2026-derived.json", 83, 3, "0RwXnFrEoI8tltFvYpJgP6", true},
	} {
		t.Run(row.file, func(t *testing.T) {
			p, err := decodePage(read(t, row.file), false)
			if err != nil {
				t.Fatal(err)
			}
			if p.total != row.total || len(p.artists) != row.artists || p.after != row.after || p.next != row.next || p.null != 0 {
				t.Errorf("got %+v", p)
			}
		})
	}
}

func read(t testing.TB, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
