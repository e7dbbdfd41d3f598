package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Errors of the command line, in place of Cobra's own words.

// usage is an error of the command line, with the way to the command's help.
func usage(cmd *cobra.Command, format string, args ...any) error {
	return withCommand(usageError{fmt.Errorf(format, args...)}, cmd.CommandPath()+" --help")
}

// flagError explains what pflag did not understand.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var missing *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	switch {
	case cmd.HasSubCommands() && cmd.Flags().NArg() > 0: // the flag may belong to the command that name stands for
		return unknownCommand(cmd, cmd.Flags().Arg(0))
	case errors.As(err, &unknown):
		return unknownFlag(cmd, unknown)
	case errors.As(err, &missing):
		return usage(cmd, "--%s needs a value", missing.GetSpecifiedName())
	case errors.As(err, &invalid):
		flag := invalid.GetFlag()
		return usage(cmd, "--%s takes %s, not %q", flag.Name, describeValue(flag), invalid.GetValue())
	}
	return usage(cmd, "%w", err)
}

// describeValue says what a flag of this type takes.
func describeValue(flag *pflag.Flag) string {
	switch flag.Value.Type() {
	case "bool":
		return "true or false"
	case "duration":
		return "a time such as 10m"
	case "days":
		return "a time such as 14d"
	}
	return "a whole number"
}

func unknownFlag(cmd *cobra.Command, unknown *pflag.NotExistError) error {
	name := unknown.GetSpecifiedName()
	if unknown.GetSpecifiedShortnames() != "" {
		return usage(cmd, "unknown flag: -%s", name)
	}
	err := usageError{fmt.Errorf("unknown flag: --%s", name)}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	if name == "json" && slices.Contains(names, "format") {
		return withHint(err, `did you mean "--format json"?`)
	}
	if near := nearest(name, names); near != "" {
		return withHint(err, fmt.Sprintf("did you mean %q?", "--"+near))
	}
	return withCommand(err, cmd.CommandPath()+" --help")
}

// makeParent makes cmd a mere parent: it prints its help, and refuses an unknown command.
func makeParent(cmd *cobra.Command) *cobra.Command {
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return unknownCommand(cmd, args[0])
		}
		return nil
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	return cmd
}

func unknownCommand(cmd *cobra.Command, name string) error {
	return suggest(usageError{fmt.Errorf("unknown command %q", name)}, cmd, name)
}

// suggest adds the subcommand of cmd that is nearest to name, or a pointer to the help.
func suggest(err error, cmd *cobra.Command, name string) error {
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() || c.IsAdditionalHelpTopicCommand() {
			names = append(names, c.Name())
		}
		if slices.Contains(c.SuggestFor, name) {
			return withHint(err, fmt.Sprintf("did you mean %q?", c.Name()))
		}
	}
	if near := nearest(name, names); near != "" {
		return withHint(err, fmt.Sprintf("did you mean %q?", near))
	}
	return withCommand(err, cmd.CommandPath()+" --help")
}

// explainArgs puts plain words in place of Cobra's, for cmd and all commands below it.
func explainArgs(cmd *cobra.Command) {
	for _, c := range cmd.Commands() {
		explainArgs(c)
	}
	check := cmd.Args
	if check == nil {
		return
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		err := check(cmd, args)
		_, placeholder, takesArgs := strings.Cut(cmd.Use, " ")
		switch {
		case err == nil, errors.As(err, new(usageError)):
			return err
		case !takesArgs:
			return usage(cmd, "%s takes no arguments, got %q", cmd.CommandPath(), args[0])
		case len(args) == 0:
			return usage(cmd, "%s needs %s", cmd.CommandPath(), placeholder)
		case strings.Contains(placeholder, " "):
			return usage(cmd, "%s takes %s, got %d arguments", cmd.CommandPath(), placeholder, len(args))
		}
		return usage(cmd, "%s takes one argument, got %d", cmd.CommandPath(), len(args))
	}
}

// nearest is the name that takes the fewest edits to reach, or "" if even that is far.
func nearest(name string, names []string) string {
	best, fewest := "", min(2, len(name)/2)+1
	for _, n := range names {
		edits := distance(name, n)
		if len(name) > 2 && strings.HasPrefix(n, name) {
			edits = 0
		}
		if edits < fewest {
			best, fewest = n, edits
		}
	}
	return best
}

// distance is how many letters must be added, removed, replaced, or swapped with the next
// one to make b of a (optimal string alignment).
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
		for j := 1; j <= len(b); j++ {
			switch {
			case i == 0:
				rows[i][j] = j
				continue
			case a[i-1] == b[j-1]:
				rows[i][j] = rows[i-1][j-1]
			default:
				rows[i][j] = 1 + min(rows[i-1][j-1], rows[i-1][j], rows[i][j-1])
			}
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
