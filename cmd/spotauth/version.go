package main

import (
	"runtime"
	"runtime/debug"
	"strings"
)

// Set by the release build; a build from source tells its own.
var version, commit, date string

// versionLine tells version, commit, date of the commit and Go version, as far
// as they are known: a build may leave out what the repository says.
func versionLine() string {
	var built debug.BuildInfo
	if info, ok := debug.ReadBuildInfo(); ok {
		built = *info
	}
	line := known(version, built.Main.Version, "unknown")
	commit := known(commit, setting(built, "vcs.revision"))
	about := []string{known(date, setting(built, "vcs.time")), runtime.Version()}
	if commit != "" {
		about = append([]string{"commit " + commit[:min(12, len(commit))]}, about...)
	}
	about = slicesWithout(about, "")
	return strings.TrimPrefix(line, "v") + " (" + strings.Join(about, ", ") + ")"
}
