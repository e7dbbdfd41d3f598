package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/spotauth/spotauth/internal/keychaintest"
)

// A draft holds the files of a release by their names.
type draft map[string]string

// checked is what .ci/verify did with a draft.
type checked struct {
	err    error
	output string
	calls  []string // of cosign and gh, and what the program saw of GH_TOKEN
}

// only a draft whose files are all there, all as they were built and all attested is
// published.
func TestVerifyRefusesABadDraft(t *testing.T) {
	t.Parallel()
	keychaintest.Need(t, "sh", "sha256sum", "tar")
	archive := archiveName()
	sound := soundDraft(t)
	without := func(name string) func(draft) { return func(d draft) { delete(d, name); d.sum() } }
	for _, tt := range []struct {
		name   string
		change func(draft)
		refuse string // what cosign or gh does not accept
		want   string
	}{
		{"sound", nil, "", ""},
		{"a changed archive", func(d draft) { d[archive] += "x" }, "", archive + ": FAILED"},
		{"a changed SBOM", func(d draft) { d[archive+".sbom.json"] += "x" }, "", archive + ".sbom.json: FAILED"},
		{"a missing package", func(d draft) { delete(d, "spotauth_1.0.0_linux_amd64.deb") }, "", "linux_amd64.deb"},
		{"no packages of a kind", without("spotauth_1.0.0_linux_amd64.apk"), "", "no *.apk here"},
		{"an archive without a checksum", func(d draft) { d["spotauth_1.0.0_plan9_arm.zip"] = "x" }, "", "plan9_arm.zip is not in checksums.txt"},
		{"a foreign file", func(d draft) { d["setup.exe"] = "x" }, "", "setup.exe should not be here"},
		{"a foreign manifest", func(d draft) { d["other.yaml"] = "x" }, "other.yaml", "no attestation of other.yaml"},
		{"an archive without an SBOM", without(archive + ".sbom.json"), "", "no SBOM of " + archive},
		{"another signature", nil, "checksums.txt", "no signature of checksums.txt"},
		{"an archive of another build", nil, archive, "no attestation of " + archive},
		{"an SBOM of another build", nil, archive + ".sbom.json", "no attestation of " + archive + ".sbom.json"},
		{"a changed manifest", nil, "spotauth.rb", "no attestation of spotauth.rb"},
		{"no cask", without("spotauth.rb"), "", "no spotauth.rb here"},
		{"no manifest for Scoop", without("spotauth.json"), "", "no spotauth.json here"},
		{"no manifest for the AUR", without("spotauth-bin.pkgbuild"), "", "no spotauth-bin.pkgbuild here"},
		{"no manifest for winget", without("OWNER.spotauth.yaml"), "", "no OWNER.spotauth.yaml here"},
		{"no installer for winget", without("OWNER.spotauth.installer.yaml"), "", "no OWNER.spotauth.installer.yaml here"},
		{"no description for winget", without("OWNER.spotauth.locale.en-US.yaml"), "", "no OWNER.spotauth.locale.en-US.yaml here"},
		{"another version", func(d draft) { d[archive] = archiveOf(t, "1.0.1"); d.sum() }, "", "not the version of " + archive},
		{"a page missing", func(d draft) { d[archive] = archiveOf(t, "1.0.0", "man/spotauth-restore.1"); d.sum() }, "", "no man/spotauth-restore.1 in the archive"},
		{"a picture missing", func(d draft) { d[archive] = archiveOf(t, "1.0.0", "docs/page.png"); d.sum() }, "", "no docs/page.png in the archive"},
		{"a picture for the dark missing", func(d draft) { d[archive] = archiveOf(t, "1.0.0", "docs/page-dark.png"); d.sum() }, "", "no docs/page-dark.png in the archive"},
		{"a completion missing", func(d draft) { d[archive] = archiveOf(t, "1.0.0", "completions/spotauth.fish"); d.sum() }, "", "no completions/spotauth.fish in the archive"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := maps.Clone(sound)
			if tt.change != nil {
				tt.change(d)
			}
			c := verify(t, d, tt.refuse)
			if tt.want == "" && c.err != nil || tt.want != "" && (c.err == nil || !strings.Contains(c.output, tt.want)) {
				t.Errorf("%v, want %q in\n%s", c.err, tt.want, c.output)
			}
		})
	}
}

// a release is checked with the commands that docs/security.md has, and they are run
// for every file.
func TestVerifyDoesWhatADownloaderIsTold(t *testing.T) {
	t.Parallel()
	keychaintest.Need(t, "sh", "sha256sum", "tar")
	d := soundDraft(t)
	c := verify(t, d, "")
	if c.err != nil {
		t.Fatalf("%v\n%s", c.err, c.output)
	}
	block := regexp.MustCompile("(?s)\n```sh no-run\n(sha256sum .*?)```").FindStringSubmatch(document(t, "docs/security.md"))
	if block == nil {
		t.Fatal("docs/security.md does not say how to verify a file")
	}
	told := strings.ReplaceAll(strings.ReplaceAll(block[1], "\\\n\t", ""), "linux_amd64", "linux_"+runtime.GOARCH)
	for _, line := range strings.Split(strings.TrimSpace(told), "\n")[1:] {
		if !slices.Contains(c.calls, line) {
			t.Errorf(".ci/verify does not run\n%s\nbut\n%s", line, strings.Join(c.calls, "\n"))
		}
	}
	for name := range d {
		attested := slices.ContainsFunc(c.calls, func(call string) bool { return strings.HasPrefix(call, "gh attestation verify "+name+" ") })
		if name != "checksums.txt" && name != "checksums.txt.sigstore.json" && !attested {
			t.Errorf("the provenance of %s is not checked", name)
		}
	}
	if last := c.calls[len(c.calls)-1]; last != "demo without a token" {
		t.Errorf("the last call is %s", last)
	}
}

func archiveName() string { return "spotauth_1.0.0_linux_" + runtime.GOARCH + ".tar.gz" }

func soundDraft(t *testing.T) draft {
	t.Helper()
	d := draft{archiveName(): archiveOf(t, "1.0.0")}
	for _, name := range []string{"windows_amd64.zip", "linux_amd64.deb", "linux_amd64.rpm", "linux_amd64.apk"} {
		d["spotauth_1.0.0_"+name] = name
	}
	for _, name := range []string{archiveName(), "spotauth_1.0.0_windows_amd64.zip"} {
		d[name+".sbom.json"] = "{}"
	}
	for _, name := range []string{
		"spotauth.rb", "spotauth.json", "spotauth-bin.pkgbuild",
		"OWNER.spotauth.yaml", "OWNER.spotauth.installer.yaml", "OWNER.spotauth.locale.en-US.yaml",
	} {
		d[name] = "manifest"
	}
	d["checksums.txt.sigstore.json"] = "{}"
	d.sum()
	return d
}

// sum writes the checksums of the files that have one.
func (d draft) sum() {
	var sums strings.Builder
	for _, name := range slices.Sorted(maps.Keys(d)) {
		if strings.HasPrefix(name, "spotauth_") {
			fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256([]byte(d[name])), name)
		}
	}
	d["checksums.txt"] = sums.String()
}

// archiveOf is an archive with a program that knows its version and the demo, and with the
// files of the repository that a release has, except some.
func archiveOf(t *testing.T, version string, except ...string) string {
	t.Helper()
	files := map[string]string{"spotauth": `#!/bin/sh
case $1 in
--version) echo "spotauth version ` + version + ` (commit 0123456789ab, 2026-11-01T10:00:00Z, go1.26.8)" ;;
demo) echo "demo ${GH_TOKEN-without a token}" >>"$CALLS"; seq 121 ;;
esac
`}
	for _, shell := range []string{"bash", "zsh", "fish", "ps1"} {
		files["completions/spotauth."+shell] = "complete"
	}
	for from, to := range map[string]string{"README.md": "", "LICENSE": "", "NOTICE": "", "CHANGELOG.md": "", "docs/*.*": "docs/", "docs/man/*.1": "man/"} {
		paths, err := filepath.Glob("../../" + from)
		if err != nil || len(paths) == 0 {
			t.Fatalf("%s: %q, %v", from, paths, err)
		}
		for _, path := range paths {
			files[to+filepath.Base(path)] = document(t, strings.TrimPrefix(path, "../../"))
		}
	}
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(z)
	for name, text := range files {
		if slices.Contains(except, name) {
			continue
		}
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(text))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.String()
}

// verify runs .ci/verify over a draft, with stand-ins for cosign and gh that refuse one file.
func verify(t *testing.T, d draft, refuse string) checked {
	t.Helper()
	script, err := filepath.Abs("../../.ci/verify")
	if err != nil {
		t.Fatal(err)
	}
	folder, bin := t.TempDir(), t.TempDir()
	for path, text := range map[string]string{
		"cosign": `echo "cosign $*" >>"$CALLS"
[ "$2" != "$REFUSE" ] || { echo "no signature of $2" >&2; exit 1; }`,
		"gh": `echo "gh $*" >>"$CALLS"
[ -n "$GH_TOKEN" ] && [ "$3" != "$REFUSE" ] || { echo "no attestation of $3" >&2; exit 1; }`,
	} {
		if err := os.WriteFile(filepath.Join(bin, path), []byte("#!/bin/sh\n"+text+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range d {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	calls := filepath.Join(bin, "calls")
	cmd := exec.Command(script, folder)
	cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "GH_TOKEN=token", "CALLS="+calls, "REFUSE="+refuse,
		"GITHUB_REPOSITORY=OWNER/spotauth", "GITHUB_REF=refs/tags/v1.0.0")
	var c checked
	out, err := cmd.CombinedOutput()
	c.err, c.output = err, string(out)
	if text, err := os.ReadFile(calls); err == nil {
		c.calls = strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	}
	return c
}
