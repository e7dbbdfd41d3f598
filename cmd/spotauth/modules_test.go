package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// onlyTests is the comment in go.mod between the modules that reach the program
// and those that only tests use.
const onlyTests = "// Modules that only tests use."

// shipped returns the modules that go.mod lists as part of the program.
func shipped(t *testing.T) (paths []string) {
	t.Helper()
	text, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	listed, _, found := strings.Cut(string(text), onlyTests)
	if !found {
		t.Fatalf("go.mod has no comment %q", onlyTests)
	}
	for _, m := range regexp.MustCompile(`(?m)^\t(\S+) v`).FindAllStringSubmatch(listed, -1) {
		paths = append(paths, m[1])
	}
	slices.Sort(paths)
	return paths
}

func TestOnlyTheseModulesAreShipped(t *testing.T) {
	folders, packages := builtFrom(t)
	modules := slices.Sorted(maps.Keys(folders))
	if listed := shipped(t); !slices.Equal(modules, listed) {
		t.Errorf("the program is built from\n%s\nbut go.mod lists above %q\n%s", strings.Join(modules, "\n"), onlyTests, strings.Join(listed, "\n"))
	}
	rows := tableOfModules(t)
	for _, path := range direct(t) {
		if folders[path] != "" && !strings.Contains(rows, strings.TrimPrefix(path, "github.com/")) {
			t.Errorf("docs/design.md does not say why %s is used", path)
		}
	}
	for _, never := range []string{"testing", "net/http/httptest", "github.com/spf13/cobra/doc"} {
		if slices.Contains(packages, never) {
			t.Errorf("%s reaches the program", never)
		}
	}
}

// tableOfModules returns the first column of the tables in docs/design.md.
func tableOfModules(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/design.md")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(regexp.MustCompile(`(?m)^\| [^|]+\|`).FindAllString(string(text), -1), "\n")
}

// direct returns the modules that our own packages import.
func direct(t *testing.T) (paths []string) {
	t.Helper()
	out, err := exec.Command("go", "mod", "edit", "-json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Require []struct {
			Path     string
			Indirect bool
		}
	}
	if err := json.Unmarshal(out, &file); err != nil {
		t.Fatal(err)
	}
	for _, module := range file.Require {
		if !module.Indirect {
			paths = append(paths, module.Path)
		}
	}
	if len(paths) < 10 {
		t.Fatalf("go.mod requires %v", paths)
	}
	return paths
}

// NOTICE has the licenses of exactly these modules. A release ships it.
func TestNotice(t *testing.T) {
	folders, _ := builtFrom(t)
	want := notice(t, folders)
	if *update {
		if err := os.WriteFile("../../NOTICE", want, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile("../../NOTICE"); err != nil || !bytes.Equal(got, want) {
		t.Error("NOTICE is out of date: run \"make man\"")
	}
}

// notice groups the modules by the text of their license.
func notice(t *testing.T, folders map[string]string) []byte {
	t.Helper()
	var texts []string
	of := map[string][]string{}
	for _, path := range slices.Sorted(maps.Keys(folders)) {
		text := license(t, folders[path])
		if of[text] == nil {
			texts = append(texts, text)
		}
		of[text] = append(of[text], path)
	}
	// The standard library has the same license as golang.org/x.
	goText := license(t, folders["golang.org/x/sys"])
	of[goText] = append(of[goText], "the Go standard library")
	var all bytes.Buffer
	fmt.Fprintln(&all, "The programs of spotauth (see LICENSE) contain the following.")
	for _, text := range texts {
		fmt.Fprintf(&all, "\n%s\n\n%s\n\n%s\n", strings.Repeat("-", 80), strings.Join(of[text], "\n"), text)
	}
	return all.Bytes()
}

// license returns the text of the license files in a module's folder.
func license(t *testing.T, folder string) string {
	t.Helper()
	var texts []string
	for _, pattern := range []string{"LICEN[CS]E*", "COPYING*", "NOTICE*"} {
		names, err := filepath.Glob(filepath.Join(folder, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			texts = append(texts, strings.TrimSpace(strings.ReplaceAll(string(text), "\r", "")))
		}
	}
	if len(texts) == 0 {
		t.Fatalf("no license in %s", filepath.Base(folder))
	}
	return strings.Join(texts, "\n\n")
}

// builtFrom returns the folders of the modules in the program, and its packages,
// for all three systems.
func builtFrom(t *testing.T) (folders map[string]string, packages []string) {
	t.Helper()
	folders = map[string]string{}
	for _, system := range []string{"linux", "darwin", "windows"} {
		cmd := exec.Command("go", "list", "-deps", "-f", "{{.ImportPath}}\t{{with .Module}}{{.Path}}\t{{.Dir}}{{end}}", ".")
		cmd.Env = append(os.Environ(), "GOOS="+system, "GOARCH=amd64", "CGO_ENABLED=0")
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(out)) {
			fields := strings.Split(strings.TrimRight(line, "\n"), "\t")
			packages = append(packages, fields[0])
			if len(fields) == 3 && fields[1] != module {
				folders[fields[1]] = fields[2]
			}
		}
	}
	return folders, packages
}
