package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// shipped are the modules that reach the program on any system. A new
// one has a line in docs/design.md, and NOTICE has its licence.
var shipped = []string{
	"filippo.io/age",
	"filippo.io/hpke",
	"github.com/BurntSushi/toml",
	"github.com/cenkalti/backoff/v5",
	"github.com/clipperhouse/uax29/v2",
	"github.com/danieljoos/wincred",
	"github.com/docker/docker-credential-helpers",
	"github.com/go-json-experiment/json",
	"github.com/godbus/dbus/v5",
	"github.com/gofrs/flock",
	"github.com/inconshreveable/mousetrap",
	"github.com/itchyny/gojq",
	"github.com/itchyny/timefmt-go",
	"github.com/mattn/go-runewidth",
	"github.com/pkg/browser",
	"github.com/spf13/cobra",
	"github.com/spf13/pflag",
	"github.com/zalando/go-keyring",
	"golang.org/x/crypto",
	"golang.org/x/oauth2",
	"golang.org/x/sys",
	"golang.org/x/term",
	"golang.org/x/text",
}

func TestOnlyTheseModulesAreShipped(t *testing.T) {
	folders, packages := builtFrom(t)
	var modules []string
	for path := range folders {
		modules = append(modules, path)
	}
	slices.Sort(modules)
	if !slices.Equal(modules, shipped) {
		t.Errorf("the program is built from\n%s\nwhich is not the list of this test", strings.Join(modules, "\n"))
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

// tableOfModules is the first column of the tables in docs/design.md.
func tableOfModules(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/design.md")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(regexp.MustCompile(`(?m)^\| [^|]+\|`).FindAllString(string(text), -1), "\n")
}

// direct are the modules that go.mod requires for packages of our own.
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

// NOTICE has the licences of exactly these modules. A release ships it.
func TestNotice(t *testing.T) {
	folders, _ := builtFrom(t)
	want := notice(t, folders)
	if *update {
		if err := os.WriteFile("../../NOTICE", want, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile("../../NOTICE"); err != nil || !bytes.Equal(got, want) {
		t.Error("NOTICE has not the licences of the modules that are shipped; run this test with -update")
	}
}

// notice groups the modules by the text of their licence.
func notice(t *testing.T, folders map[string]string) []byte {
	t.Helper()
	var texts []string
	of := map[string][]string{}
	for _, path := range shipped {
		text := licence(t, folders[path])
		if of[text] == nil {
			texts = append(texts, text)
		}
		of[text] = append(of[text], path)
	}
	// The standard library is under the licence of the modules beside it.
	goText := licence(t, folders["golang.org/x/sys"])
	of[goText] = append(of[goText], "the Go standard library")
	var all bytes.Buffer
	fmt.Fprintln(&all, "The programs of spotauth (see LICENSE) contain the following.")
	for _, text := range texts {
		fmt.Fprintf(&all, "\n%s\n\n%s\n\n%s\n", strings.Repeat("-", 80), strings.Join(of[text], "\n"), text)
	}
	return all.Bytes()
}

// licence is the text of the licence files in a module's folder.
func licence(t *testing.T, folder string) string {
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
		t.Fatalf("no licence in %s", filepath.Base(folder))
	}
	return strings.Join(texts, "\n\n")
}

// builtFrom are the folders of the modules in the program, and its packages,
// on all systems that it is built for.
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
