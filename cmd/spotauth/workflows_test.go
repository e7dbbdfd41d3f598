package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// mayWrite are the permissions beyond reading that a job may ask for.
var mayWrite = map[string][]string{
	"release.yml publish": {"attestations", "contents", "id-token"},
}

// A workflow is what these rules look at of one.
type workflow struct {
	On          any
	Permissions any
	Jobs        map[string]struct {
		Permissions any
		Timeout     int    `yaml:"timeout-minutes"`
		Uses        string // a workflow instead of steps
		Steps       []struct {
			Uses string
			With map[string]any
		}
	}
}

// pinned is an action at a commit, with its version for people beside it.
var pinned = regexp.MustCompile(`uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+\s*$`)

// breaches are the rules that a workflow breaks.
func breaches(name, text string) (all []string) {
	breach := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	var w workflow
	if err := yaml.Unmarshal([]byte(text), &w); err != nil {
		return []string{err.Error()}
	}
	for line := range strings.Lines(text) {
		if strings.Contains(line, "uses:") && !pinned.MatchString(line) {
			breach("not pinned to a commit, with its version beside it: %s", strings.TrimSpace(line))
		}
	}
	if strings.Contains(fmt.Sprint(w.On), "pull_request_target") {
		breach("pull_request_target hands secrets to strangers")
	}
	if top, ok := w.Permissions.(map[string]any); !ok || len(top) != 1 || top["contents"] != "read" {
		breach("permissions of the workflow are not contents: read alone, but %v", w.Permissions)
	}
	for id, job := range w.Jobs {
		if job.Timeout == 0 && job.Uses == "" {
			breach("%s has no timeout-minutes", id)
		}
		if wide := tooWide(job.Permissions, mayWrite[name+" "+id]); wide != "" {
			breach("%s may %s", id, wide)
		}
		for _, step := range job.Steps {
			if strings.HasPrefix(step.Uses, "actions/checkout@") && step.With["persist-credentials"] != false {
				breach("%s leaves its credentials in the checkout", id)
			}
		}
	}
	return all
}

// tooWide names what a job may beyond reading and what is listed, "" if nothing.
func tooWide(permissions any, listed []string) string {
	each, ok := permissions.(map[string]any)
	if permissions != nil && !ok {
		return fmt.Sprint(permissions)
	}
	for _, scope := range slices.Sorted(maps.Keys(each)) {
		if level := each[scope]; level != "read" && level != "none" && !slices.Contains(listed, scope) {
			return fmt.Sprint(level, " ", scope)
		}
	}
	return ""
}

func TestWorkflows(t *testing.T) {
	names, err := filepath.Glob("../../.github/workflows/*")
	if err != nil || len(names) < 4 {
		t.Fatalf("found %v, %v", names, err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, breach := range breaches(filepath.Base(name), string(text)) {
			t.Errorf("%s: %s", filepath.Base(name), breach)
		}
	}
}

func TestWorkflowRulesCatchABreach(t *testing.T) {
	const good = `
on: push
permissions:
  contents: read
jobs:
  publish:
    timeout-minutes: 5
    permissions:
      contents: write
    steps:
      - uses: actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2
        with:
          persist-credentials: false
`
	for _, tt := range []struct{ name, file, old, new, want string }{
		{"good", "release.yml", "", "", ""},
		{"tag", "release.yml", "de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2", "v6", "not pinned"},
		{"short hash", "release.yml", "de0fac2e4500dabe0009e67214ff5f5447ce83dd", "de0fac2e", "not pinned"},
		{"no version", "release.yml", " # v6.0.2", "", "not pinned"},
		{"no permissions", "release.yml", "permissions:\n  contents: read\n", "", "not contents: read alone"},
		{"wide workflow", "release.yml", "  contents: read\n", "  contents: write\n", "not contents: read alone"},
		{"read-all", "release.yml", "permissions:\n  contents: read\n", "permissions: read-all\n", "not contents: read alone"},
		{"wide job", "release.yml", "contents: write", "packages: write", "may write packages"},
		{"write-all", "release.yml", "permissions:\n      contents: write", "permissions: write-all", "may write-all"},
		{"another file's right", "test.yml", "", "", "may write contents"},
		{"no timeout", "release.yml", "timeout-minutes: 5", "name: x", "no timeout-minutes"},
		{"credentials", "release.yml", "persist-credentials: false", "fetch-depth: 0", "leaves its credentials"},
		{"strangers", "release.yml", "on: push", "on: [pull_request_target]", "pull_request_target"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			found := breaches(tt.file, strings.Replace(good, tt.old, tt.new, 1))
			if tt.want == "" && len(found) > 0 || tt.want != "" && (len(found) != 1 || !strings.Contains(found[0], tt.want)) {
				t.Errorf("found %q, want %q", found, tt.want)
			}
		})
	}
}

// What is new may be stolen: an update waits until others have looked at it.
func TestUpdatesWaitAWeek(t *testing.T) {
	text, err := os.ReadFile("../../.github/dependabot.yml")
	if err != nil {
		t.Fatal(err)
	}
	var dependabot struct {
		Updates []struct {
			Ecosystem string `yaml:"package-ecosystem"`
			Cooldown  struct {
				Days int `yaml:"default-days"`
			}
		}
	}
	if err := yaml.Unmarshal(text, &dependabot); err != nil {
		t.Fatal(err)
	}
	if len(dependabot.Updates) < 2 {
		t.Errorf("%d ecosystems are kept up to date", len(dependabot.Updates))
	}
	for _, update := range dependabot.Updates {
		if update.Cooldown.Days < 7 {
			t.Errorf("%s is updated after %d days", update.Ecosystem, update.Cooldown.Days)
		}
	}
}
