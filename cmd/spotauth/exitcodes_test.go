package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// exitMeanings are the statuses of the help and their meanings.
func exitMeanings() (rows [][]string) {
	for line := range strings.SplitSeq(strings.ReplaceAll(allStatuses, "\n      ", " ")[1:], "\n") {
		status, meaning, _ := strings.Cut(strings.TrimSpace(line), "  ")
		rows = append(rows, []string{status, meaning})
	}
	return rows
}

// The README lists the exit statuses of the help in the same words.
func TestReadmeListsTheExitStatuses(t *testing.T) {
	compareRows(t, "README.md", rowsOf(t, "../../README.md", `(?m)^\| (\d+) \| (.*) \|$`), exitMeanings())
}

// Each status that the program uses is one of the help's, in its place.
func TestHelpListsTheExitStatusesInOrder(t *testing.T) {
	used := []int{0, exitOther, exitUsage, exitDiffers, exitLogin, exitLimited, exitNetwork, exitStore,
		exitOutput, exitDeclined, exitIncomplete, exitBug, exitNoProgram, exitNoCommand}
	var listed []int
	for _, row := range exitMeanings() {
		status, err := strconv.Atoi(row[0])
		if err != nil {
			t.Fatal(err)
		}
		listed = append(listed, status)
	}
	if !slices.Equal(listed, used) {
		t.Errorf("the help lists %d, want %d", listed, used)
	}
}

// docs/scripting.md lists the codes of a JSON error, as `spotauth help exit-codes` does.
func TestScriptingListsTheErrorCodes(t *testing.T) {
	const file, start, end = "../../docs/scripting.md", "<!-- codes -->\n", "<!-- /codes -->\n"
	table := "| code | exit | meaning |\n|---|---|---|\n"
	for _, c := range errorCodes {
		table += fmt.Sprintf("| `%s` | %d | %s |\n", c.code, c.exit, c.meaning)
		if !regexp.MustCompile(fmt.Sprintf(`(?m)^  %s +%d  `, c.code, c.exit)).MatchString(exitCodes()) {
			t.Errorf("the help does not list %s", c.code)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(text), start)
	listed, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatalf("%s has no place for the codes", file)
	}
	if *update {
		listed = table
		if err := os.WriteFile(file, []byte(before+start+table+end+after), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if listed != table {
		t.Errorf("%s lists other codes than the program has; run this test with -update", file)
	}
}

func rowsOf(t *testing.T, name, row string) [][]string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var rows [][]string
	for _, m := range regexp.MustCompile(row).FindAllStringSubmatch(string(text), -1) {
		cells := m[1:]
		cells[len(cells)-1] = strings.ReplaceAll(cells[len(cells)-1], "`", "")
		rows = append(rows, cells)
	}
	return rows
}

func compareRows(t *testing.T, name string, got, want [][]string) {
	t.Helper()
	for _, row := range want {
		if !slices.ContainsFunc(got, func(r []string) bool { return slices.Equal(r, row) }) {
			t.Errorf("%s does not list %q", name, row)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%s lists %d rows, want %d", name, len(got), len(want))
	}
}

// A code in the source that the table lacks would be a panic in report.
func TestErrorCodesAreInTheTable(t *testing.T) {
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?:Code: |limited\()"(\w+)"`).FindAllStringSubmatch(string(text), -1) {
			found++
			exitOf(m[1])
		}
	}
	if found < 30 {
		t.Errorf("only %d codes found", found)
	}
}

// The help of a command tells only of statuses that exist.
func TestHelpTellsOfExitStatusesThatExist(t *testing.T) {
	exists := map[string]bool{}
	for _, row := range exitMeanings() {
		exists[row[0]] = true
	}
	told := 0
	for _, cmd := range commandsOf(bareRoot()) {
		_, statuses := splitStatuses(cmd.Long)
		numbers := regexp.MustCompile(`(?m)^ *(\d+)  `)
		if !strings.Contains(statuses, "\n") {
			numbers = regexp.MustCompile(`(\d+)`)
		}
		for _, m := range numbers.FindAllStringSubmatch(statuses, -1) {
			told++
			if !exists[m[1]] {
				t.Errorf("%s tells of status %s, which does not exist", cmd.CommandPath(), m[1])
			}
		}
	}
	if told < 60 {
		t.Errorf("only %d statuses are told", told)
	}
}
