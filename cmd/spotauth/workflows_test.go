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

// mayWrite lists what a job may write.
var mayWrite = map[string][]string{
	"build.yml build":     {"attestations", "contents", "id-token"},
	"release.yml build":   {"attestations", "contents", "id-token"}, // which it hands to build.yml
	"release.yml verify":  {"contents"},                             // without it, a draft cannot be read
	"release.yml publish": {"contents"},
}

// A workflow holds what these rules look at.
type workflow struct {
	On          any
	Permissions any
	Jobs        map[string]struct {
		Permissions any
		Needs       any
		Timeout     int    `yaml:"timeout-minutes"`
		Uses        string // a workflow instead of steps
		Steps       []struct {
			Uses string
			Run  string
			With map[string]any
		}
	}
}

// ownBuild is the workflow that builds a release, at the commit of its caller.
const ownBuild = "./.github/workflows/build.yml"

// pinned is an action at a commit, with its version for people next to it.
var pinned = regexp.MustCompile(`uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+\s*$`)

// breaches are the rules that a workflow breaks.
func breaches(name, text string) (all []string) {
	breach := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	var w workflow
	if err := yaml.Unmarshal([]byte(text), &w); err != nil {
		return []string{err.Error()}
	}
	for line := range strings.Lines(text) {
		if strings.Contains(line, "uses:") && !pinned.MatchString(line) && strings.TrimSpace(line) != "uses: "+ownBuild {
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

// The release is built in a workflow of its own, which runs apart from its
// caller: SLSA Build level 3. It stays a draft until every file is verified.
func releaseBreaches(files map[string]string) (all []string) {
	release, build, verify := files["release.yml"], files["build.yml"], files["verify"]
	breach := func(broken bool, rule string) {
		if broken {
			all = append(all, rule)
		}
	}
	var r, b workflow
	var g struct{ Release struct{ Draft bool } }
	for text, into := range map[string]any{release: &r, build: &b, files[".goreleaser.yaml"]: &g} {
		if err := yaml.Unmarshal([]byte(text), into); err != nil {
			return []string{err.Error()}
		}
	}
	called, _ := b.On.(map[string]any)
	_, isCalled := called["workflow_call"]
	breach(!isCalled || len(called) != 1, "build.yml can be started by something else than a call")
	breach(r.Jobs["build"].Uses != ownBuild, "the release is not built in build.yml")
	for _, needs := range [][2]string{{"build", "test"}, {"verify", "build"}, {"publish", "verify"}} {
		breach(r.Jobs[needs[0]].Needs != needs[1], needs[0]+" does not wait for "+needs[1])
	}
	breach(!g.Release.Draft, "goreleaser publishes what it has built")
	breach(strings.Count(release, "--draft=false") != 1, "the release is not published in one place")
	steps := r.Jobs["publish"].Steps
	breach(len(steps) != 1 || !strings.Contains(steps[0].Run, "--draft=false"), "publish does more or less than that")
	breach(!strings.Contains(release, "run: .ci/verify draft\n"), "the draft is not verified")
	breach(strings.Contains(release, "attest-build-provenance"), "provenance does not come from build.yml")
	breach(strings.Count(build, "attest-build-provenance@") != 2, "checksums and manifests are not both attested")
	breach(!strings.Contains(verify, "/.github/workflows/build.yml"), ".ci/verify expects another signer")
	return all
}

func TestReleaseStaysADraftUntilItIsVerified(t *testing.T) {
	files := map[string]string{}
	for _, path := range []string{".github/workflows/release.yml", ".github/workflows/build.yml", ".goreleaser.yaml", ".ci/verify"} {
		text, err := os.ReadFile("../../" + path)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(path)] = string(text)
	}
	for _, breach := range releaseBreaches(files) {
		t.Error(breach)
	}
	for _, tt := range []struct{ file, old, new, want string }{
		{"release.yml", "needs: verify", "needs: build", "publish does not wait"},
		{"release.yml", "needs: build", "needs: test", "verify does not wait"},
		{"release.yml", "needs: test", "needs: []", "build does not wait"},
		{"release.yml", ownBuild, "someone/else/.github/workflows/build.yml@v1", "not built in build.yml"},
		{"release.yml", "run: .ci/verify draft", "run: true", "not verified"},
		{"build.yml", "workflow_call:", "workflow_call:\n  push:", "something else than a call"},
		{".goreleaser.yaml", "draft: true", "draft: false", "goreleaser publishes"},
		{"verify", "build.yml", "release.yml", "another signer"},
	} {
		changed := maps.Clone(files)
		changed[tt.file] = strings.ReplaceAll(changed[tt.file], tt.old, tt.new)
		found := releaseBreaches(changed)
		if len(found) != 1 || !strings.Contains(found[0], tt.want) {
			t.Errorf("%s with %q: found %q, want %q", tt.file, tt.new, found, tt.want)
		}
	}
}

// A new version may be malicious: an update waits until others have looked at it.
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
