package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/spotauth/spotauth"

type importRule struct {
	path, why  string
	may, never []string
}

// importRules says which package may import which. docs/design.md has the same
// table in words. A rule lists the modules and packages of our own that are
// allowed besides the standard library, and what is forbidden even there.
// Files for Windows call it through golang.org/x/sys/windows.
var importRules = []importRule{
	{"cmd/spotauth", "it wires packages together; only session knows keychains",
		[]string{"internal/secret", "internal/console", "internal/auth", "internal/session", "internal/spotify",
			"internal/export", "internal/list", "internal/sandbox", "internal/wire",
			"github.com/spf13/cobra", "github.com/spf13/pflag", "github.com/pkg/browser",
			"golang.org/x/sys/windows"}, // errors of closed pipes
		nil},
	{"internal/secret", "a string that never prints itself needs no other package", nil, []string{"net/http", "os"}},
	{"internal/console", "the terminal knows no other package",
		[]string{"golang.org/x/term", "golang.org/x/sys/unix", "github.com/clipperhouse/displaywidth",
			"golang.org/x/sys/windows"}, // console modes
		[]string{"net/http"}},
	{"internal/wire", "what auth and spotify know about HTTP depends on neither",
		[]string{"internal/secret"}, []string{"os", "os/exec"}},
	{"internal/auth", "the protocol touches no keychain, environment or standard stream",
		[]string{"internal/secret", "internal/wire", "golang.org/x/oauth2"}, []string{"os", "os/exec"}},
	{"internal/session", "refreshing is a function it is given, so storing a login needs no network",
		[]string{"internal/secret", "github.com/zalando/go-keyring", "github.com/gofrs/flock", "github.com/pelletier/go-toml/v2",
			"filippo.io/age", "golang.org/x/text/unicode/norm",
			"golang.org/x/sys/windows"}, // files in use
		[]string{"net/http"}},
	{"internal/spotify", "a token comes from a function it is given, so the Web API needs no sign-in",
		[]string{"internal/secret", "internal/wire", "github.com/go-json-experiment/json"}, []string{"os", "os/exec"}},
	{"internal/export", "artists to bytes, and nothing else",
		[]string{"internal/spotify", "github.com/go-json-experiment/json", "github.com/itchyny/gojq", "golang.org/x/text", "github.com/clipperhouse/displaywidth",
			"golang.org/x/sys/windows"}, // files in use
		[]string{"net/http"}},
	{"internal/list", "bytes to artists, and nothing else",
		[]string{"internal/spotify", "github.com/go-json-experiment/json"}, []string{"net/http"}},
	{"internal/keychaintest", "tests and the benchmark start keychains, the program never does",
		[]string{"github.com/godbus/dbus"}, nil},
	{"internal/sandbox", "a stand-in must not share code with what it checks", nil, nil},
}

func TestPackagesImportOnlyWhatTheyMay(t *testing.T) { // B-53
	for _, system := range []string{"linux", "darwin", "windows"} {
		t.Run(system, func(t *testing.T) {
			cmd := exec.Command("go", "list", "-f", `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`, module+"/...")
			cmd.Env = append(os.Environ(), "GOOS="+system, "CGO_ENABLED=0")
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(string(out)) {
				words := strings.Fields(line)
				checkImports(t, strings.TrimPrefix(words[0], module+"/"), words[1:])
			}
		})
	}
}

func checkImports(t *testing.T, pkg string, imports []string) {
	t.Helper()
	at := slices.IndexFunc(importRules, func(r importRule) bool {
		return pkg == r.path || strings.HasPrefix(pkg, r.path+"/")
	})
	if at < 0 {
		t.Errorf("%s has no rule in importRules", pkg)
		return
	}
	for _, imported := range imports {
		if !allowed(imported, importRules[at].may, importRules[at].never) {
			t.Errorf("%s imports %s: %s", pkg, imported, importRules[at].why)
		}
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

func TestImportRulesCatchABreach(t *testing.T) {
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

// export and list know what an artist is, and nothing else of the Web API.
func TestFormatsKnowOnlyTheArtist(t *testing.T) {
	names, err := filepath.Glob("../../internal/[el]*/*.go")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, used := range regexp.MustCompile(`\bspotify\.[A-Z]\w*`).FindAllString(string(text), -1) {
			if used != "spotify.Artist" {
				t.Errorf("%s uses %s", name, used)
			}
		}
	}
}

// B-03: only destination.go, where every secret is checked, may hand one to auth or spotify.
func TestSecretsAreSentFromOneFile(t *testing.T) {
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	sends := regexp.MustCompile(`\bspotify\.Client\{|\.(?:Login|Complete|Refresh)\(\w`)
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		found := sends.FindAllString(string(text), -1)
		switch {
		case strings.HasSuffix(name, "_test.go"):
		case name == "destination.go" && len(found) != 4:
			t.Errorf("destination.go sends secrets in %d places, want 4", len(found))
		case name != "destination.go" && len(found) > 0:
			t.Errorf("%s has %q", name, found)
		}
	}
}

// revealers are the only functions that may take the text out of a
// secret.String (S-01): each sends it where it belongs.
var revealers = []string{
	"cmd/spotauth/destination.go isFromStandIn", // tells a stand-in's secret from a real one
	"cmd/spotauth/exec.go childEnvironment",     // the environment of CMD
	"cmd/spotauth/token.go printToken",          // stdout, the one command that may
	"cmd/spotauth/token.go printTokenJSON",      // the same
	"internal/auth/pending.go DecodePending",    // the begun login again
	"internal/auth/pending.go Encode",           // into it
	"internal/auth/pending.go authorizeURL",     // state, and the challenge of the verifier
	"internal/auth/token.go Refresh",            // the token endpoint
	"internal/auth/token.go exchange",           // the token endpoint
	"internal/auth/token.go tokenRequest",       // the token endpoint
	"internal/session/pending.go SavePending",   // the begun login, in a file of its owner's
	"internal/session/record.go encode",         // the store
	"internal/session/transfer.go forms",        // the passphrase, to age
	"internal/session/transfer.go decrypt",      // the passphrase, to age
	"internal/session/transfer.go seal",         // the passphrase, to age
	"internal/session/transfer.go isTooShort",   // its length
	"internal/spotify/request.go newRequest",    // the Authorization header
	"internal/wire/wire.go Redact",              // removes echoes from messages
}

func TestOnlyTheseRevealSecrets(t *testing.T) { // S-01
	var found []string
	for _, dir := range []string{"cmd/spotauth", "internal"} {
		err := filepath.WalkDir(filepath.Join("../..", dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(filepath.ToSlash(path), "internal/secret/") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			for _, decl := range file.Decls {
				if name := revealsIn(decl); name != "" {
					found = append(found, strings.TrimPrefix(filepath.ToSlash(path), "../../")+" "+name)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(found)
	if want := slices.Sorted(slices.Values(revealers)); !slices.Equal(found, want) {
		t.Errorf("these reveal secrets:\n%s\nthese may:\n%s", strings.Join(found, "\n"), strings.Join(want, "\n"))
	}
}

// revealsIn names a declaration that calls Reveal, "" if it does not.
func revealsIn(decl ast.Decl) string {
	reveals := false
	ast.Inspect(decl, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok && sel.Sel.Name == "Reveal" {
			reveals = true
		}
		return true
	})
	switch f, ok := decl.(*ast.FuncDecl); {
	case !reveals:
		return ""
	case ok:
		return f.Name.Name
	}
	return "a declaration outside any func"
}

func TestEveryTestNamedInTheThreatTableExists(t *testing.T) {
	text, err := os.ReadFile("../../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9]+|[a-z_]+\\.txtar)`").FindAllStringSubmatch(string(text), -1)
	if len(names) < 20 {
		t.Fatalf("only %d tests are named", len(names))
	}
	var all strings.Builder
	err = filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") && !strings.HasSuffix(path, ".txtar") {
			return err
		}
		fmt.Fprintln(&all, filepath.Base(path))
		source, err := os.ReadFile(path)
		for _, m := range regexp.MustCompile(`(?m)^func (\w+)\(`).FindAllStringSubmatch(string(source), -1) {
			fmt.Fprintln(&all, m[1])
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if !strings.Contains("\n"+all.String(), "\n"+name[1]+"\n") {
			t.Errorf("docs/security.md names %s, which does not exist", name[1])
		}
	}
}
