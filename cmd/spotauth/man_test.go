package main

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

var update = flag.Bool("update", false, "write the man pages and NOTICE anew")

// The man pages say what the help says. They are made here, so that what makes
// them is not in the program: go test ./cmd/spotauth -run ManPages -update
func TestManPages(t *testing.T) {
	const dir = "../../docs/man"
	want := manPages(t)
	if *update {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		for name, page := range want {
			if err := os.WriteFile(filepath.Join(dir, name), page, 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, page := range want {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.Equal(got, page) {
			t.Errorf("docs/man/%s is not what the help says; run this test with -update", name)
		}
	}
	there, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range there {
		if want[file.Name()] == nil {
			t.Errorf("docs/man/%s is of no command", file.Name())
		}
	}
}

// manPages are the pages of all commands by their file names.
func manPages(t *testing.T) map[string][]byte {
	t.Helper()
	root := bareRoot()
	root.Long += "\n\n" + exitCodes()
	pages := map[string][]byte{}
	for _, cmd := range commandsOf(root) {
		cmd.Long = manText(cmd.Long)
		header := &doc.GenManHeader{Section: "1", Manual: "spotauth", Source: "spotauth", Date: &time.Time{}}
		var page bytes.Buffer
		if err := doc.GenMan(cmd, header, &page); err != nil {
			t.Fatal(err)
		}
		// A date would say when the page was made, which is nobody's business.
		text := bytes.Replace(page.Bytes(), []byte(`"Jan 0001"`), []byte(`""`), 1)
		pages[strings.ReplaceAll(cmd.CommandPath(), " ", "-")+".1"] = text
	}
	return pages
}

// bareRoot is the program's tree of commands, on a machine that sets nothing.
func bareRoot() *cobra.Command {
	a := newApp(strings.NewReader(""), io.Discard, io.Discard)
	a.environ = nil
	root := newRootCmd(a)
	root.DisableAutoGenTag = true
	root.InitDefaultCompletionCmd("")
	return root
}

// commandsOf are a command and all below it that the help lists.
func commandsOf(cmd *cobra.Command) []*cobra.Command {
	all := []*cobra.Command{cmd}
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() && !sub.IsAdditionalHelpTopicCommand() {
			all = append(all, commandsOf(sub)...)
		}
	}
	return all
}

// manText makes a help text fit for Markdown: what is indented stays as it
// stands, and the exit statuses get their heading, at the end.
func manText(long string) string {
	var text, statuses []string
	into := &text
	for part := range strings.SplitSeq(long, "\n\n") {
		if rest, ok := strings.CutPrefix(part, "Exit status: "); ok {
			statuses = append(statuses, "# EXIT STATUS", rest)
			continue
		}
		if strings.HasPrefix(part, "The exit status says what happened") {
			into = &statuses
			*into = append(*into, "# EXIT STATUS")
		}
		if strings.Contains("\n"+part, "\n  ") {
			part = "```\n" + part + "\n```"
		}
		*into = append(*into, part)
	}
	return strings.Join(append(text, statuses...), "\n\n")
}
