package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const helpWidth = 79

// printUsage prints what follows a command's description in its help. Cobra would take a
// template for it, which brings text/template into the program: 2.4 MB.
func printUsage(cmd *cobra.Command) error {
	simplifyFlags(cmd)
	var b strings.Builder
	b.WriteString("Usage:\n  " + usageLine(cmd) + "\n")
	if cmd.HasExample() {
		b.WriteString("\nExamples:\n" + cmd.Example + "\n")
	}
	for _, group := range cmd.Groups() {
		printCommands(&b, cmd, group.Title, func(c *cobra.Command) bool { return c.GroupID == group.ID && c.IsAvailableCommand() })
	}
	title := "Commands:"
	if len(cmd.Groups()) > 0 {
		title = "Other commands:"
	}
	printCommands(&b, cmd, title, func(c *cobra.Command) bool {
		return c.GroupID == "" && (c.IsAvailableCommand() || c.Name() == "help")
	})
	printCommands(&b, cmd, "Help topics:", (*cobra.Command).IsAdditionalHelpTopicCommand)
	if cmd.HasAvailableLocalFlags() {
		b.WriteString("\nFlags:\n" + cmd.LocalFlags().FlagUsagesWrapped(helpWidth))
	}
	if cmd.HasAvailableInheritedFlags() {
		b.WriteString("\nGlobal flags:\n" + cmd.InheritedFlags().FlagUsagesWrapped(helpWidth))
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "\nTo see the help of a command or topic: spotauth help %s\n", strings.TrimSpace(strings.TrimPrefix(cmd.CommandPath(), "spotauth")+" NAME"))
	}
	if !cmd.HasParent() {
		b.WriteString("Documentation and issues: https://github.com/spotauth/spotauth\n")
	}
	_, err := io.WriteString(cmd.OutOrStderr(), b.String())
	return err
}

// simplifyFlags shows the default of a time as "5m" instead of Go's "5m0s", and describes the
// flags of Cobra in plain words.
func simplifyFlags(cmd *cobra.Command) {
	shorten := func(f *pflag.Flag) {
		switch {
		case f.Name == "help":
			f.Usage = "show this help"
		case f.Name == "version":
			f.Usage = "show the version"
		case f.DefValue == "0s":
			f.DefValue = "0" // which pflag leaves out
		case f.Value.Type() == "duration":
			f.DefValue = strings.TrimSuffix(f.DefValue, "0s")
		}
	}
	cmd.LocalFlags().VisitAll(shorten)
	cmd.InheritedFlags().VisitAll(shorten)
}

func usageLine(cmd *cobra.Command) string {
	if cmd.HasAvailableSubCommands() {
		return cmd.CommandPath() + " COMMAND [flags]"
	}
	return cmd.UseLine()
}

// printCommands lists the commands below cmd that belong under title, if there are any.
func printCommands(b *strings.Builder, cmd *cobra.Command, title string, belongs func(*cobra.Command) bool) {
	width := 0
	for _, c := range cmd.Commands() {
		width = max(width, len(c.Name()))
	}
	for _, c := range cmd.Commands() {
		if !belongs(c) {
			continue
		}
		if title != "" {
			b.WriteString("\n" + title + "\n")
			title = ""
		}
		fmt.Fprintf(b, "  %-*s  %s\n", width, c.Name(), c.Short)
	}
}

// newHelpCmd is Cobra's help command, except that it fails if there is no such topic.
func newHelpCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Show the help of a command or topic",
		Long: `Show the help of a command or topic.

` + exitStatuses + status0 + status2 + status8,
		Example: `  spotauth help artists
  spotauth help exit-codes`,
		ValidArgsFunction: completeTopics,
		RunE: func(cmd *cobra.Command, args []string) error {
			topic, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return suggest(usageError{fmt.Errorf("no help on %q", strings.Join(args, " "))}, topic, strings.Join(rest, " "))
			}
			topic.InitDefaultHelpFlag()
			topic.InitDefaultVersionFlag()
			return topic.Help()
		},
	}
}

// wrap breaks a text into lines of at most width characters, and indents all but the first.
func wrap(text string, width int, indent string) string {
	if len(text) <= width {
		return text
	}
	var b strings.Builder
	used := 0
	for i, word := range strings.Fields(text) {
		switch {
		case i == 0:
		case used+1+len(word) > width:
			b.WriteString("\n" + indent)
			used = 0
		default:
			b.WriteByte(' ')
			used++
		}
		b.WriteString(word)
		used += len(word)
	}
	return b.String()
}
