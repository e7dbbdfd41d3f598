package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A reader of a test can look up the fault that it cites.
func TestEveryFaultThatATestCitesIsDefined(t *testing.T) {
	text, err := os.ReadFile("../../docs/faults.md")
	if err != nil {
		t.Fatal(err)
	}
	defined := map[string]bool{}
	for _, row := range regexp.MustCompile(`(?m)^\| ([A-Z]-\d+) \| \S.* \|$`).FindAllStringSubmatch(string(text), -1) {
		if defined[row[1]] {
			t.Errorf("docs/faults.md defines %s twice", row[1])
		}
		defined[row[1]] = true
	}
	if len(defined) < 100 {
		t.Fatalf("docs/faults.md defines only %d faults", len(defined))
	}
	cited := regexp.MustCompile(`\b[BHKLOSTX]-\d{2,}\b`)
	err = filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") && !strings.HasSuffix(path, ".txtar") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, id := range cited.FindAllString(string(text), -1) {
			if !defined[id] {
				t.Errorf(`%s cites %s: add the row "| %s | what went wrong |" to docs/faults.md`, strings.TrimPrefix(path, "../../"), id, id)
				defined[id] = true // one message for each
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
