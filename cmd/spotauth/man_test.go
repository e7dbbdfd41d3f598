package main

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/spotauth/spotauth/internal/export"
	"github.com/spotauth/spotauth/internal/keychaintest"
)

var update = flag.Bool("update", false, "write the man pages and NOTICE")

// The man pages say what the help says. They are written here, so that the
// program needn't contain what writes them: make man
func TestManPages(t *testing.T) {
	const dir = "../../docs/man"
	want := manPages()
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
			t.Errorf("docs/man/%s is out of date: run \"make man\"", name)
		}
	}
	found, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range found {
		if want[file.Name()] == nil {
			t.Errorf("docs/man/%s belongs to no command: run \"make man\"", file.Name())
		}
	}
}

func TestManPagesAreWellFormed(t *testing.T) {
	t.Parallel()
	keychaintest.Need(t, "man")
	dir := t.TempDir()
	for name, page := range manPages() {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, page, 0o666); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("man", "--warnings", "--local-file", path)
		cmd.Env = append(os.Environ(), "MANPAGER=cat", "MANWIDTH=80", "LC_ALL=C.UTF-8")
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		text, err := cmd.Output()
		if err != nil || stderr.Len() > 0 {
			t.Errorf("%s: %v\n%s", name, err, stderr.String())
		}
		for _, section := range []string{"NAME", "SYNOPSIS", "OPTIONS"} {
			if !strings.Contains(string(text), section) {
				t.Errorf("%s has no section %s", name, section)
			}
		}
	}
}

// manPages returns the pages of all commands by their file names.
func manPages() map[string][]byte {
	root := bareRoot()
	pages := map[string][]byte{}
	for _, cmd := range commandsOf(root) {
		pages[pageName(cmd)+".1"] = []byte(manPage(cmd))
	}
	return pages
}

func pageName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// bareRoot returns the program's commands on a machine with an empty environment.
func bareRoot() *cobra.Command {
	a := newApp(strings.NewReader(""), io.Discard, io.Discard)
	a.environ = nil
	root := newRootCmd(a, io.Discard)
	root.DisableAutoGenTag = true
	root.InitDefaultCompletionCmd("")
	for _, cmd := range root.Commands() {
		_ = cmd.Help() // which makes the rest of its text
	}
	return root
}

// commandsOf returns a command and all below it that the help lists.
func commandsOf(cmd *cobra.Command) []*cobra.Command {
	all := []*cobra.Command{cmd}
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() && !sub.IsAdditionalHelpTopicCommand() {
			all = append(all, commandsOf(sub)...)
		}
	}
	return all
}

// manPage writes one page with the macros of man(7).
func manPage(cmd *cobra.Command) string {
	var page strings.Builder
	section := func(title, body string) {
		if body != "" {
			fmt.Fprintf(&page, ".SH %s\n%s", title, body)
		}
	}
	text, statuses := splitStatuses(cmd.Long)
	cmd.InitDefaultHelpFlag()
	simplifyFlags(cmd)
	fmt.Fprintf(&page, ".TH %s 1 \"\" spotauth \"spotauth manual\"\n.nh\n.ad l\n", strings.ToUpper(roff(pageName(cmd))))
	section("NAME", roff(pageName(cmd))+` \- `+roff(cmd.Short)+"\n")
	section("SYNOPSIS", synopsis(cmd))
	section("DESCRIPTION", blocks(text))
	section("COMMANDS", subcommands(cmd))
	section("OPTIONS", options(cmd.LocalFlags())+globalOptions(cmd))
	if !cmd.HasParent() {
		_, statuses, _ = strings.Cut(topic(cmd, "exit-codes"), ":\n\n")
	}
	section("EXIT STATUS", blocks(statuses))
	section("ENVIRONMENT", environment(cmd))
	if !cmd.HasParent() {
		section("FILES", blocks(topic(cmd, "files")))
	}
	section("EXAMPLES", example(strings.Split(cmd.Example, "\n")))
	section("SEE ALSO", seeAlso(cmd))
	return page.String()
}

func topic(root *cobra.Command, name string) string {
	for _, cmd := range root.Commands() {
		if cmd.Name() == name {
			return cmd.Long
		}
	}
	panic("no help topic " + name)
}

// splitStatuses takes the paragraph about the exit statuses out of a help text.
func splitStatuses(long string) (text, statuses string) {
	m := regexp.MustCompile(`(?s)^(.*\n\n)Exit status(?:es)?:\s*?\n? ?(.*?)(?:\n\n(.*))?$`).FindStringSubmatch(long)
	if m == nil {
		return long, ""
	}
	return m[1] + m[3], m[2]
}

// synopsis has the words to type in bold, and what they stand for in italics.
func synopsis(cmd *cobra.Command) string {
	words := []string{`\fB` + roff(cmd.CommandPath()) + `\fR`, `[\fIOPTIONS\fR]`}
	if cmd.HasAvailableSubCommands() {
		words = append(words, `\fICOMMAND\fR`)
	}
	_, args, _ := strings.Cut(cmd.Use, " ")
	args = strings.Join(strings.Fields(strings.ReplaceAll(args, "[flags]", "")), " ")
	if args != "" {
		words = append(words, regexp.MustCompile(`[A-Z]+`).ReplaceAllString(roff(args), `\fI$0\fR`))
	}
	return strings.Join(words, " ") + "\n"
}

func subcommands(cmd *cobra.Command) (list string) {
	for _, sub := range commandsOf(cmd)[1:] {
		if sub.Parent() == cmd {
			list += item(`\fB`+roff(sub.CommandPath())+`\fR(1)`, sub.Short)
		}
	}
	return strings.ReplaceAll(list, roff(cmd.CommandPath())+" ", roff(pageName(cmd))+`\-`)
}

func options(flags *pflag.FlagSet) (list string) {
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		name := `\fB\-\-` + roff(f.Name) + `\fR`
		if f.Shorthand != "" {
			name = `\fB\-` + f.Shorthand + `\fR, ` + name
		}
		placeholder, usage := pflag.UnquoteUsage(f)
		if f.NoOptDefVal == "" {
			if !strings.Contains(f.Usage, "`") {
				placeholder = f.Name[strings.LastIndex(f.Name, "-")+1:]
			}
			name += ` \fI` + strings.ToUpper(roff(placeholder)) + `\fR`
		}
		if !slices.Contains([]string{"", "0", "[]", "false"}, f.DefValue) && !strings.Contains(usage, "default") {
			usage += " (default " + f.DefValue + ")"
		}
		list += item(name, usage)
	})
	return list
}

func globalOptions(cmd *cobra.Command) string {
	if !cmd.HasParent() {
		return ""
	}
	return ".SS Global options\n" + options(cmd.InheritedFlags())
}

// environment lists every variable on the first page, and on the others those
// that the page names.
func environment(cmd *cobra.Command) (list string) {
	long := topic(cmd.Root(), "environment")
	if !cmd.HasParent() {
		return blocks(long)
	}
	page := cmd.Long + cmd.LocalFlags().FlagUsages() + cmd.InheritedFlags().FlagUsages()
	for _, entry := range entries(strings.Split(long, "\n")) {
		if strings.Contains(page, entry[0]) {
			list += item(`\fB`+roff(entry[0])+`\fR`, entry[1])
		}
	}
	return list
}

func seeAlso(cmd *cobra.Command) string {
	var names []string
	add := func(c *cobra.Command) {
		if c != nil && c != cmd && !c.IsAdditionalHelpTopicCommand() && c.IsAvailableCommand() {
			names = append(names, `\fB`+roff(pageName(c))+`\fR(1)`)
		}
	}
	add(cmd.Parent())
	if cmd.HasParent() {
		for _, sibling := range cmd.Parent().Commands() {
			add(sibling)
		}
	}
	for _, sub := range cmd.Commands() {
		add(sub)
	}
	return strings.Join(names, ",\n") + "\n"
}

// blocks turns a help text into paragraphs, lists and examples.
func blocks(text string) (page string) {
	for block := range strings.SplitSeq(text, "\n\n") {
		var prose, indented []string
		flush := func() {
			page += paragraph(prose) + listing(indented)
			prose, indented = nil, nil
		}
		for line := range strings.SplitSeq(block, "\n") {
			if isIndented(line) {
				indented = append(indented, line)
				continue
			}
			if indented != nil {
				flush()
			}
			prose = append(prose, line)
		}
		flush()
	}
	return strings.TrimPrefix(page, ".PP\n")
}

func isIndented(line string) bool {
	return strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t")
}

func paragraph(lines []string) string {
	text := strings.TrimPrefix(strings.TrimSpace(strings.Join(lines, "\n")), "#### ") // a heading in Cobra's own help
	if text != "" {
		return ".PP\n" + roff(text) + "\n"
	}
	return ""
}

// listing is a list of terms if every line is one or goes on with one.
func listing(lines []string) (list string) {
	all := entries(lines)
	if all == nil || regexp.MustCompile(`^\d+  `).MatchString(all[0][1]) { // a table of three columns
		return example(lines)
	}
	for _, entry := range all {
		list += item(`\fB`+roff(entry[0])+`\fR`, entry[1])
	}
	return list
}

// entries reads lines of a term and its description; it returns nil if some are
// anything else. Lines without indentation don't count.
func entries(lines []string) (all [][2]string) {
	indent := ""
	for _, line := range lines {
		m := regexp.MustCompile(`^( +)(.*?)(?:  +(\S.*))?$`).FindStringSubmatch(line)
		switch {
		case m == nil && !isIndented(line):
			indent = ""
		case m == nil:
			return nil
		case indent != "" && len(m[1]) > len(indent) && len(all) > 0 && (m[3] == "" || len(m[1]) > len(indent)+3):
			last := &all[len(all)-1]
			last[1] = strings.TrimSpace(last[1] + " " + strings.TrimSpace(line))
		default:
			indent = m[1]
			all = append(all, [2]string{m[2], m[3]})
		}
	}
	if slices.ContainsFunc(all, func(e [2]string) bool { return e[1] == "" }) {
		return nil
	}
	return all
}

func item(term, text string) string {
	return ".TP\n" + term + "\n" + cmp.Or(roff(text), `\&`) + "\n"
}

// example keeps lines as they are.
func example(lines []string) string {
	text := strings.TrimRight(strings.Join(lines, "\n"), "\n")
	if strings.TrimSpace(text) == "" {
		return ""
	}
	margin := regexp.MustCompile(`(?m)^(\t|  )`)
	return ".PP\n.EX\n" + roff(margin.ReplaceAllString(text, "")) + "\n.EE\n"
}

// roff escapes what troff would read as its own, and keeps hyphens that people copy.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "`", `\(ga`, "~", `\(ti`, "^", `\(ha`, "'", `\(aq`, "\t", "    ").Replace(text)
	return regexp.MustCompile(`(?m)^\.`).ReplaceAllString(text, `\&$0`)
}

// The README and the scripts know every command, and the README and the help know every
// format and field.
func TestNothingIsLeftOutOfTheReadme(t *testing.T) {
	read := func(name string) string {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	readme, scripts := read("../../README.md"), ""
	names, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		scripts += read(name)
	}
	root := bareRoot()
	for _, cmd := range root.Commands() {
		if cmd.GroupID == "" { // help, version and completion are as in other programs
			continue
		}
		if !strings.Contains(readme, "| `"+cmd.CommandPath()) && !strings.Contains(readme, ", `"+cmd.CommandPath()) {
			t.Errorf("the table in README.md has no %s", cmd.CommandPath())
		}
		if !strings.Contains(scripts, " "+cmd.CommandPath()) {
			t.Errorf("no script runs %s", cmd.CommandPath())
		}
	}
	artists, _, err := root.Find([]string{"artists"})
	if err != nil {
		t.Fatal(err)
	}
	help := artists.Long + artists.Flag("format").Usage
	for _, name := range append(export.Fields(), texts(export.Formats())...) {
		if !strings.Contains(readme, "`"+name+"`") {
			t.Errorf("README.md has no `%s`", name)
		}
		if !regexp.MustCompile(`\b` + regexp.QuoteMeta(name) + `\b`).MatchString(help) {
			t.Errorf("the help of artists has no %s", name)
		}
	}
}
