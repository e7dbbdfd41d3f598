package main

import (
	"cmp"
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
	Jobs        map[string]job
}

type job struct {
	Permissions any
	Needs       any
	RunsOn      any `yaml:"runs-on"`
	Environment any
	Container   any
	Services    any
	Timeout     int    `yaml:"timeout-minutes"`
	Uses        string // a workflow instead of steps
	May         `yaml:",inline"`
	Steps       []struct {
		Uses string
		Run  string
		With map[string]any
		May  `yaml:",inline"`
	}
}

// May holds what lets a job or a step be left out, or fail without consequences.
type May struct {
	If              any
	ContinueOnError any `yaml:"continue-on-error"`
}

// ownBuild is the workflow that builds a release, at the commit of its caller.
const ownBuild = "./.github/workflows/build.yml"

// atCommit is an action at a commit.
var atCommit = regexp.MustCompile(`^[\w.-]+/[\w./-]+@[0-9a-f]{40}$`)

// isPinned reports whether an action is at a commit, with its version for people next to it.
func isPinned(uses, text string) bool {
	return atCommit.MatchString(uses) && regexp.MustCompile(`(?m)`+regexp.QuoteMeta(uses)+` # v\d+\.\d+\.\d+$`).MatchString(text)
}

// breaches are the rules that a workflow breaks.
func breaches(name, text string) (all []string) {
	breach := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	var w workflow
	if err := yaml.Unmarshal([]byte(text), &w); err != nil {
		return []string{err.Error()}
	}
	for _, event := range events(w.On) {
		if !slices.Contains([]string{"push", "pull_request", "schedule", "workflow_call"}, event) {
			breach("%s may start it", event)
		}
	}
	if regexp.MustCompile(`\bsecrets\b`).MatchString(text) {
		breach("it uses a secret that lives longer than the run")
	}
	if top, ok := w.Permissions.(map[string]any); !ok || len(top) != 1 || top["contents"] != "read" {
		breach("permissions of the workflow are not contents: read alone, but %v", w.Permissions)
	}
	for id, job := range w.Jobs {
		if job.Uses != "" && job.Uses != ownBuild {
			breach("a workflow of others: %s", job.Uses)
		}
		if job.Container != nil || job.Services != nil {
			breach("%s takes an image from elsewhere", id)
		}
		if job.Timeout == 0 && job.Uses == "" {
			breach("%s has no timeout-minutes", id)
		}
		if wide := tooWide(job.Permissions, mayWrite[name+" "+id]); wide != "" {
			breach("%s may %s", id, wide)
		}
		for _, step := range job.Steps {
			if step.Uses != "" && !isPinned(step.Uses, text) {
				breach("not pinned to a commit, with its version beside it: %s", step.Uses)
			}
			if strings.HasPrefix(step.Uses, "actions/checkout@") && step.With["persist-credentials"] != false {
				breach("%s leaves its credentials in the checkout", id)
			}
		}
	}
	return all
}

// events are the names of what starts a workflow.
func events(on any) (names []string) {
	switch on := on.(type) {
	case map[string]any:
		return slices.Sorted(maps.Keys(on))
	case []any:
		for _, event := range on {
			names = append(names, fmt.Sprint(event))
		}
		return names
	}
	return []string{fmt.Sprint(on)}
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
		{"strangers", "release.yml", "on: push", "on: [pull_request_target]", "pull_request_target may start it"},
		{"after strangers", "release.yml", "on: push", "on:\n  workflow_run:\n    workflows: [x]", "workflow_run may start it"},
		{"another spelling", "release.yml", "- uses: actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2", "- \"uses\": actions/checkout@v6", "not pinned"},
		{"image", "release.yml", "timeout-minutes: 5", "timeout-minutes: 5\n    container: debian:13", "takes an image"},
		{"secret", "release.yml", "persist-credentials: false", "persist-credentials: false\n          token: ${{ secrets.X }}", "lives longer"},
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
	release, build := files["release.yml"], files["build.yml"]
	breach := func(broken bool, rule string) {
		if broken {
			all = append(all, rule)
		}
	}
	var r, b workflow
	var g struct {
		Release struct {
			Draft      bool
			Replace    bool `yaml:"replace_existing_draft"`
			Prerelease string
			ExtraFiles []struct{ Glob string } `yaml:"extra_files"`
		}
		Signs, Sboms []struct{ Artifacts string }
	}
	for text, into := range map[string]any{release: &r, build: &b, files[".goreleaser.yaml"]: &g} {
		if err := yaml.Unmarshal([]byte(text), into); err != nil {
			return []string{err.Error()}
		}
	}
	breach(fmt.Sprint(r.On) != "map[push:map[tags:[v*]]]", "the release can be started by something else than a tag")
	breach(strings.Contains(release, "cancel-in-progress"), "a release that has started can be canceled")
	breach(fmt.Sprint(b.On) != "map[workflow_call:<nil>]", "build.yml can be started by something else than a call, or be told something")
	breach(r.Jobs["build"].Uses != ownBuild, "the release is not built in build.yml")
	for _, needs := range [][2]string{{"build", "test"}, {"verify", "build"}, {"publish", "verify"}} {
		breach(r.Jobs[needs[0]].Needs != needs[1], needs[0]+" does not wait for "+needs[1])
	}
	for _, job := range append(slices.Collect(maps.Values(r.Jobs)), slices.Collect(maps.Values(b.Jobs))...) {
		breach(job.Uses == "" && job.RunsOn != "ubuntu-latest", "a job does not run on a fresh machine of GitHub's")
		mays := []May{job.May}
		for _, step := range job.Steps {
			mays = append(mays, step.May)
			breach(strings.HasPrefix(step.Uses, "actions/setup-go@") && step.With["cache"] != false || strings.HasPrefix(step.Uses, "actions/cache"),
				"a release uses a cache, which another run may have changed")
		}
		for _, may := range mays {
			breach(may != May{}, "a part of the release can be left out or fail")
		}
	}
	breach(!g.Release.Draft, "goreleaser publishes what it has built")
	breach(!g.Release.Replace, "a run that failed leaves its draft to the next one")
	breach(g.Release.Prerelease != "auto", "v1.0.0-rc.1 becomes the latest release")
	var workflows string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		workflows += files[name]
	}
	breach(strings.Count(workflows, "draft=false") != 1, "the release is not published in one place")
	steps := r.Jobs["publish"].Steps
	breach(len(steps) != 1 || !strings.Contains(steps[0].Run, "--draft=false"), "publish does more or less than that")
	breach(!strings.Contains(release, "run: make test lint\n"), "the release is not tested")
	breach(!strings.Contains(release, "run: .ci/verify draft\n"), "the draft is not verified")
	breach(strings.Contains(release, "attest-build-provenance"), "provenance does not come from build.yml")
	breach(b.Jobs["build"].Environment != "release", "nobody can be asked before a release is built")
	var attested, extra []string
	for _, step := range b.Jobs["build"].Steps {
		if strings.HasPrefix(step.Uses, "actions/attest-build-provenance@") {
			attested = append(attested, fmt.Sprint(cmp.Or(step.With["subject-checksums"], step.With["subject-path"])))
		}
	}
	for _, file := range g.Release.ExtraFiles {
		extra = append(extra, file.Glob)
	}
	breach(!slices.Equal(attested, []string{"dist/checksums.txt", strings.Join(extra, "\n") + "\n"}), "checksums and manifests are not all attested")
	breach(len(g.Signs) != 1 || g.Signs[0].Artifacts != "checksum", "the checksums are not signed")
	breach(len(g.Sboms) != 1 || g.Sboms[0].Artifacts != "archive", "archives have no SBOM")
	return all
}

func TestReleaseStaysADraftUntilItIsVerified(t *testing.T) {
	files := map[string]string{}
	paths, err := filepath.Glob("../../.github/workflows/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(paths, "../../.goreleaser.yaml") {
		text, err := os.ReadFile(path)
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
		{"release.yml", "needs: verify", "needs: verify\n    if: always()", "can be left out or fail"},
		{"release.yml", "needs: build", "needs: build\n    continue-on-error: true", "can be left out or fail"},
		{"release.yml", "- run: .ci/verify", "- if: false\n        run: .ci/verify", "can be left out or fail"},
		{"release.yml", "- run: .ci/verify", "- continue-on-error: true\n        run: .ci/verify", "can be left out or fail"},
		{"release.yml", "tags:", "branches: [main]\n    tags:", "something else than a tag"},
		{"release.yml", "on:\n", "on:\n  workflow_dispatch:\n", "something else than a tag"},
		{"release.yml", "concurrency:", "concurrency:\n  cancel-in-progress: true", "can be canceled"},
		{"release.yml", ownBuild, "someone/else/.github/workflows/build.yml@v1", "not built in build.yml"},
		{"release.yml", "run: make test lint", "run: make build", "not tested"},
		{"release.yml", "run: .ci/verify draft", "run: true", "not verified"},
		{"build.yml", "workflow_call:", "workflow_call:\n  push:", "something else than a call"},
		{"build.yml", "workflow_call:", "workflow_call:\n    inputs: {flags: {type: string}}", "be told something"},
		{"build.yml", "runs-on: ubuntu-latest", "runs-on: self-hosted", "fresh machine"},
		{"build.yml", "          cache: false", "          cache: true", "uses a cache"},
		{"build.yml", "environment: release", "name: build", "nobody can be asked"},
		{"build.yml", "- run: make release", "- run: make release && gh release edit v1.0.0 --draft=false", "not published in one place"},
		{"build.yml", "subject-checksums: dist/checksums.txt", "subject-path: dist/*.deb", "not all attested"},
		{"build.yml", "            dist/scoop/*.json\n", "", "not all attested"},
		{"lint.yml", "- run: make lint", "- run: gh api -X PATCH repos/OWNER/spotauth/releases/1 -F draft=false", "not published in one place"},
		{".goreleaser.yaml", "draft: true # until", "draft: false # until", "goreleaser publishes"},
		{".goreleaser.yaml", "replace_existing_draft: true", "replace_existing_draft: false", "leaves its draft"},
		{".goreleaser.yaml", "prerelease: auto", "prerelease: false", "becomes the latest"},
		{".goreleaser.yaml", "    - glob: dist/scoop/*.json\n", "", "not all attested"},
		{".goreleaser.yaml", "artifacts: checksum", "artifacts: archive", "not signed"},
		{".goreleaser.yaml", "sboms:\n  - artifacts: archive\n", "", "no SBOM"},
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
