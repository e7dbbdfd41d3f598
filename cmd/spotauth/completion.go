package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/spotauth/spotauth/internal/export"
	"github.com/spotauth/spotauth/internal/sandbox"
	"github.com/spotauth/spotauth/internal/session"
)

// What the shell offers at Tab comes from the program itself and its settings. Completion
// opens no keychain and no connection.

// complete offers fixed values for a flag.
func complete(cmd *cobra.Command, flag string, values ...string) {
	completeBy(cmd, flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
}

// addCompletionCmd adds Cobra's command. It fails if no shell is named, because a shell is
// going to run its output.
func addCompletionCmd(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	cmd, _, err := root.Find([]string{"completion"})
	if err != nil {
		panic(err)
	}
	cmd.Short = "Print a completion script for your shell"
	cmd.Long = "Print the script that lets your shell complete spotauth's commands and\nflags. The help of each shell says how to load it."
	for _, shell := range cmd.Commands() {
		shell.Short = "Print the completion script for " + shell.Name()
		shell.Long = strings.ReplaceAll(shell.Long, "already, you can install it via your OS's", "already, install it with your system's")
		shell.Long = strings.ReplaceAll(shell.Long, "Generate the autocompletion script for", "Print the completion script for")
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usage(cmd, "%s needs a shell: bash, zsh, fish or powershell", cmd.CommandPath())
		}
		return suggest(usageError{fmt.Errorf("no completion for %q: the shells are bash, zsh, fish and powershell", args[0])}, cmd, args[0])
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
}

// completeFile offers the names of files for a flag.
func completeFile(cmd *cobra.Command, flag string) {
	completeBy(cmd, flag, cobra.FixedCompletions(nil, cobra.ShellCompDirectiveDefault))
}

func completeBy(cmd *cobra.Command, flag string, f cobra.CompletionFunc) {
	if err := cmd.RegisterFlagCompletionFunc(flag, f); err != nil {
		panic(err) // no such flag
	}
}

// completeFields offers the fields that the list on the command line doesn't have yet.
func completeFields(_ *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
	list := begun[:strings.LastIndexAny(begun, "+,")+1]
	there := strings.FieldsFunc(list, func(r rune) bool { return r == '+' || r == ',' })
	var offers []string
	for _, field := range export.Fields() {
		if !slices.Contains(there, field) {
			offers = append(offers, list+field)
		}
	}
	return offers, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// completeScopes offers Spotify's scopes, each with what it is for.
func completeScopes(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	var offers []string
	for scope, about := range sandbox.Scopes() {
		offers = append(offers, scope+"\t"+about)
	}
	slices.Sort(offers)
	return offers, cobra.ShellCompDirectiveNoFileComp
}

// completeStore offers the stores. Every credential helper of Docker in PATH is one.
func (a *app) completeStore(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	const prefix = "docker-credential-"
	offers := []string{"keychain", "file"}
	for _, dir := range filepath.SplitList(a.env("PATH")) {
		files, _ := os.ReadDir(dir) // not every folder in PATH exists
		for _, file := range files {
			name, isHelper := strings.CutPrefix(file.Name(), prefix)
			offer := "helper:" + strings.TrimSuffix(name, ".exe")
			if !isHelper || slices.Contains(offers, offer) {
				continue
			}
			if _, err := exec.LookPath(filepath.Join(dir, file.Name())); err == nil {
				offers = append(offers, offer)
			}
		}
	}
	return offers, cobra.ShellCompDirectiveNoFileComp
}

// completeFault offers the next part of a fault. More can follow each of them.
func completeFault(_ *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
	return sandbox.FaultWords(begun), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// completeProfiles offers the profiles that the settings know.
func (a *app) completeProfiles(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	var names []string
	if o, err := a.sessionOptions(session.Settings{}); err == nil && len(args) == 0 {
		profiles, _ := session.Profiles(o) // nothing to offer if they can't be read
		for _, p := range profiles {
			names = append(names, p.Name)
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeFiles lets the shell complete file names for the arguments of cmd.
func completeFiles(cmd *cobra.Command) {
	cmd.CompletionOptions.SetDefaultShellCompDirective(cobra.ShellCompDirectiveDefault)
}
