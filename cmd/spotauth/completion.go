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

// What the help of each shell says about loading its script.
const (
	loadingBash = `Print the completion script for bash. It needs the package bash-completion.

To load it now:

  source <(spotauth completion bash)

To load it in every new session, save it once:

  dir=~/.local/share/bash-completion/completions
  mkdir -p $dir && spotauth completion bash > $dir/spotauth

With Homebrew on macOS, dir is $(brew --prefix)/etc/bash_completion.d.

` + exitStatuses + status0 + status2 + status8

	loadingZsh = `Print the completion script for zsh.

To load it now:

  source <(spotauth completion zsh)

To load it in every new session, save it once:

  spotauth completion zsh > "${fpath[1]}/_spotauth"

If zsh completes nothing at all yet, also add this line to ~/.zshrc:

  autoload -U compinit && compinit

` + exitStatuses + status0 + status2 + status8

	loadingFish = `Print the completion script for fish.

To load it now:

  spotauth completion fish | source

To load it in every new session, save it once:

  spotauth completion fish > ~/.config/fish/completions/spotauth.fish

` + exitStatuses + status0 + status2 + status8

	loadingPowerShell = `Print the completion script for PowerShell.

To load it now:

  spotauth completion powershell | Out-String | Invoke-Expression

To load it in every new session, add that line to the file that $PROFILE names.

` + exitStatuses + status0 + status2 + status8
)

// addCompletionCmd adds Cobra's command, with help in our words. It fails if no shell is
// named, because a shell is going to run its output.
func addCompletionCmd(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	cmd, _, err := root.Find([]string{"completion"})
	if err != nil {
		panic(err)
	}
	cmd.Short = "Print a completion script for your shell"
	cmd.Long = `Print the script that lets your shell complete spotauth's commands, flags and
values when you press Tab. The help of each shell says how to load it.

` + exitStatuses + status0 + status2 + status8
	cmd.Example = "  spotauth completion bash --help\n  source <(spotauth completion bash)"
	for _, shell := range cmd.Commands() {
		shell.Short = "Print the completion script for " + shell.Name()
		switch shell.Name() {
		case "bash":
			shell.Long = loadingBash
		case "zsh":
			shell.Long = loadingZsh
		case "fish":
			shell.Long = loadingFish
		case "powershell":
			shell.Short, shell.Long = "Print the completion script for PowerShell", loadingPowerShell
		}
		shell.Flags().Lookup("no-descriptions").Usage = "complete without descriptions"
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

// completeTopics offers the commands and topics that have a help.
func completeTopics(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	parent, _, err := cmd.Root().Find(args)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for _, c := range parent.Commands() {
		if c.IsAvailableCommand() || c.IsAdditionalHelpTopicCommand() {
			names = append(names, c.Name()+"\t"+c.Short)
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeFileArgs lets the shell complete file names for the arguments of cmd.
func completeFileArgs(cmd *cobra.Command) {
	cmd.CompletionOptions.SetDefaultShellCompDirective(cobra.ShellCompDirectiveDefault)
}

// texts are the values of a string type as strings.
func texts[T ~string](values []T) []string {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = string(v)
	}
	return all
}
