package main

import (
	"cmp"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// Set by the release build. A build from source reads its own.
var version, commit, date string

func newVersionCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Show the version",
		Long: `Show the version, the commit and its date, and the version of Go.

` + exitStatuses + status0 + status2 + status8,
		Example: `  spotauth version`,
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return a.printVersion() },
	}
}

func (a *app) printVersion() error {
	return write(a.console.Out, "spotauth version "+versionLine()+"\n")
}

// versionLine gives the version, the commit and its date, and the Go version, as far as
// they are known. A build may leave out what the repository records.
func versionLine() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	return versionOf(info, version, commit, date)
}

func versionOf(info *debug.BuildInfo, version, commit, date string) string {
	modified := ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			commit = cmp.Or(commit, s.Value)
		case s.Key == "vcs.time":
			date = cmp.Or(date, s.Value)
		case s.Key == "vcs.modified" && s.Value == "true":
			modified = " with changes"
		}
	}
	about := info.GoVersion
	if date != "" {
		about = date + ", " + about
	}
	if commit != "" {
		about = "commit " + commit[:min(12, len(commit))] + modified + ", " + about
	}
	return strings.TrimPrefix(cmp.Or(version, info.Main.Version, "unknown"), "v") + " (" + about + ")"
}
