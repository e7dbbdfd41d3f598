package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The statuses of errors.go are the ones that the help and the README tell of,
// in the same words.
func TestExitStatusesAreToldAsTheyAre(t *testing.T) {
	constants := exitConstants(t)
	help := regexp.MustCompile(`(?m)^ +(\d+)  (.*)$`).FindAllStringSubmatch(exitCodes, -1)
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	readme := regexp.MustCompile(`(?m)^\| (\d+) \| (.*) \|$`).FindAllStringSubmatch(string(text), -1)

	codes := []string{"0"}
	codes = append(codes, constants...)
	if got := column(help, 1); !slices.Equal(got, codes) {
		t.Errorf("the help tells of %v, the program has %v", got, codes)
	}
	if got := column(readme, 1); !slices.Equal(got, codes) {
		t.Errorf("the README tells of %v, the program has %v", got, codes)
	}
	plain := strings.NewReplacer("`", "")
	for i, row := range readme {
		if i < len(help) && plain.Replace(row[2]) != help[i][2] {
			t.Errorf("status %s is %q in the README and %q in the help", row[1], row[2], help[i][2])
		}
	}
	for _, cmd := range commandsOf(bareRoot()) {
		_, told, _ := strings.Cut(cmd.Long, "Exit status: ")
		told, _, _ = strings.Cut(told, "\n\n")
		for _, code := range regexp.MustCompile(`\d+`).FindAllString(told, -1) {
			if !slices.Contains(codes, code) {
				t.Errorf("%s tells of status %s, which there is not", cmd.CommandPath(), code)
			}
		}
	}
}

func column(rows [][]string, i int) []string {
	var all []string
	for _, row := range rows {
		all = append(all, row[i])
	}
	return all
}

// exitConstants are the values of the constants exit... in errors.go.
func exitConstants(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "errors.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if ok && regexp.MustCompile(`^exit[A-Z]`).MatchString(spec.Names[0].Name) {
			if value, ok := spec.Values[0].(*ast.BasicLit); ok {
				values = append(values, value.Value)
			}
		}
		return true
	})
	return values
}
