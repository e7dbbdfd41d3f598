package main

import (
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/spotauth/spotauth"

type room struct {
	path, why  string
	may, never []string
}

// house says who may import whom; docs/design.md has the same table in words.
// A room lists the modules and sibling rooms it may import beside the standard
// library, and what it must never import even from there.
var house = []room{
	{"cmd/spotauth", "words and wiring; what a keychain is, session knows",
		[]string{"internal/secret", "internal/console", "internal/auth", "internal/session", "internal/spotify", "internal/export", "internal/sandbox",
			"github.com/spf13/cobra", "github.com/spf13/pflag", "github.com/pkg/browser", "golang.org/x/sys"},
		nil},
	{"internal/secret", "a string that never prints itself needs nobody", nil, []string{"net/http", "os"}},
	{"internal/console", "the terminal knows no other room",
		[]string{"golang.org/x/term", "golang.org/x/sys", "github.com/rivo/uniseg", "github.com/mattn/go-runewidth", "github.com/schollz/progressbar"}, []string{"net/http"}},
	{"internal/auth", "the protocol touches no keychain, environment or standard stream",
		[]string{"internal/secret", "golang.org/x/oauth2"}, []string{"os", "os/exec"}},
	{"internal/session", "refreshing comes in as a func, so that keeping knows no network",
		[]string{"internal/secret", "github.com/zalando/go-keyring", "github.com/gofrs/flock", "github.com/BurntSushi/toml",
			"github.com/docker/docker-credential-helpers", "filippo.io/age"}, []string{"net/http"}},
	{"internal/spotify", "a token comes in as a func, so that the Web API knows no sign-in",
		[]string{"internal/secret", "github.com/cenkalti/backoff", "github.com/go-json-experiment/json"}, []string{"os", "os/exec"}},
	{"internal/export", "artists to bytes, and nothing else",
		[]string{"internal/spotify", "github.com/itchyny/gojq", "golang.org/x/text", "github.com/rivo/uniseg", "github.com/mattn/go-runewidth", "github.com/jedib0t/go-pretty"}, []string{"net/http"}},
	{"internal/sandbox", "what checks the code must not share it", nil, nil},
}

func TestRoomsImportOnlyWhatTheyMay(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`, module+"/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		pkg := strings.TrimPrefix(words[0], module+"/")
		at := slices.IndexFunc(house, func(r room) bool {
			return pkg == r.path || strings.HasPrefix(pkg, r.path+"/")
		})
		if at < 0 {
			t.Errorf("%s is no room of the house: give it a line in this table, or a place in a room", pkg)
			continue
		}
		seen++
		for _, imported := range words[1:] {
			if !allowed(imported, house[at].may, house[at].never) {
				t.Errorf("%s imports %s: %s", pkg, imported, house[at].why)
			}
		}
	}
	if seen < len(house) {
		t.Errorf("saw %d rooms of %d", seen, len(house))
	}
}

func allowed(imported string, may, never []string) bool {
	if first, _, _ := strings.Cut(imported, "/"); !strings.Contains(first, ".") {
		return !slices.Contains(never, imported)
	}
	imported = strings.TrimPrefix(imported, module+"/")
	return slices.ContainsFunc(may, func(m string) bool {
		return imported == m || strings.HasPrefix(imported, m+"/")
	})
}

func TestHouseRulesCatchABreach(t *testing.T) {
	for _, tt := range []struct {
		imported   string
		may, never []string
		want       bool
	}{
		{"net/http", nil, nil, true},
		{"net/http", nil, []string{"net/http"}, false},
		{"net", nil, []string{"net/http"}, true},
		{path.Join(module, "internal/auth"), []string{"internal/auth"}, nil, true},
		{path.Join(module, "internal/auth"), nil, nil, false},
		{"github.com/zalando/go-keyring", nil, nil, false},
		{"golang.org/x/oauth2/spotify", []string{"golang.org/x/oauth2"}, nil, true},
	} {
		if got := allowed(tt.imported, tt.may, tt.never); got != tt.want {
			t.Errorf("allowed(%s, %v, %v) = %v", tt.imported, tt.may, tt.never, got)
		}
	}
}
