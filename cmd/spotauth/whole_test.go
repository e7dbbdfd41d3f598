package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spotauth/spotauth/internal/export"
	"github.com/spotauth/spotauth/internal/sandbox"
)

// O-01: a failure on any page, in any format: the cause's status, nothing on stdout
// (but of what ndjson had streamed), and the file of yesterday untouched.
func TestFailureOnEveryPageInEveryFormat(t *testing.T) {
	t.Parallel()
	const artists, pages = 120, 3
	causes := []struct {
		fault  string
		status int
	}{{"403-premium", exitOther}, {"403-scope", exitLogin}, {"429,retry-after=86400", exitLimited}}
	for page := 1; page <= pages; page++ {
		for _, cause := range causes {
			for _, format := range export.Formats() {
				t.Run(fmt.Sprintf("page %d %s %s", page, cause.fault, format), func(t *testing.T) {
					t.Parallel()
					fault := fmt.Sprintf("page=%d:%s", page, cause.fault)
					b := newProgram(t, sandbox.Options{Artists: artists, Consent: sandbox.ConsentAgree, Faults: []string{fault, fault}})
					b.login()
					status, stdout, stderr := b.run("artists", "--format", string(format))
					if status != cause.status {
						t.Errorf("status %d, want %d: %s", status, cause.status, stderr)
					}
					if stdout != "" && (format != export.NDJSON || page == 1) {
						t.Errorf("stdout has %d bytes", len(stdout))
					}
					name := filepath.Join(t.TempDir(), "follows")
					if err := os.WriteFile(name, []byte("the list of yesterday\n"), 0o640); err != nil {
						t.Fatal(err)
					}
					if status, _, stderr := b.run("artists", "--format", string(format), "--output", name); status != cause.status {
						t.Errorf("to a file: status %d, want %d: %s", status, cause.status, stderr)
					}
					if text, err := os.ReadFile(name); err != nil || string(text) != "the list of yesterday\n" {
						t.Errorf("the file now holds %q (%v)", text, err)
					}
					if left, err := os.ReadDir(filepath.Dir(name)); err != nil || len(left) != 1 {
						t.Errorf("beside the file: %v (%v)", left, err)
					}
				})
			}
		}
	}
}

// O-01: ndjson is there page by page: that of one page before the next one came, and
// all that came before a page that fails.
func TestNDJSONComesWithThePages(t *testing.T) {
	t.Parallel()
	const page = 50
	t.Run("a page that hangs", func(t *testing.T) {
		m := newMachine(t)
		m.standIn(sandbox.Options{Artists: 3 * page, Faults: []string{"page=3:hang"}})
		m.signIn()
		artists := m.start(m.command("artists", "--format", "ndjson"))
		artists.stdout.await(t, fmt.Sprintf(`\A(\{"position":.*\n){%d}\z`, 2*page))
	})
	t.Run("a page of api that hangs", func(t *testing.T) {
		m := newMachine(t)
		m.standIn(sandbox.Options{Artists: 3 * page, Faults: []string{"page=3:hang"}})
		m.signIn()
		api := m.start(m.command("api", "me/following?type=artist", "--paginate", "--format", "ndjson"))
		api.stdout.await(t, fmt.Sprintf(`\A(\{.*\n){%d}\z`, 2*page))
	})
	t.Run("a page that fails", func(t *testing.T) {
		m := newMachine(t)
		m.standIn(sandbox.Options{Artists: 3 * page, Faults: []string{"page=3:403"}})
		m.signIn()
		r := m.run("artists", "--format", "ndjson")
		if r.status != exitOther || strings.Count(r.stdout, "\n") != 2*page {
			t.Errorf("status %d after %d lines: %s", r.status, strings.Count(r.stdout, "\n"), r.stderr)
		}
	})
}
