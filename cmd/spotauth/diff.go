package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/spotauth/spotauth/internal/console"
	"github.com/spotauth/spotauth/internal/list"
	"github.com/spotauth/spotauth/internal/spotify"
)

func newDiffCmd(a *app) *cobra.Command {
	var o diffOptions
	cmd := &cobra.Command{
		Use:   "diff OLD [NEW]",
		Short: "Compare two lists: added, removed, renamed",
		Long: `Compare two lists of artists by ID. NEW is a file, or the artists that the
account follows now. Either file can be in any format that artists --from
reads; - is stdin.

stdout gets one artist per line, with a tab after the ID:

  + ID NAME                   only NEW has it
  - ID NAME                   only OLD has it
  ~ ID OLD NAME -> NEW NAME   renamed

If only one list has a name for an artist, that is not a difference. stderr
gets the counts.

` + exitStatuses + status0 + status1 + status2 + status3 + status4 + status5 + status6 + status7 + status8 + incomplete + "--strict failed",
		Example: `  spotauth diff follows.csv
  spotauth diff monday.csv tuesday.csv
  spotauth diff monday.csv tuesday.csv --format json | jq '.removed[].name'`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error { return a.diff(cmd.Context(), o, args) },
	}
	f := cmd.Flags()
	f.StringVar(&o.format, "format", "text", "`FORMAT`: text or json")
	f.BoolVar(&o.exitCode, "exit-code", false, "exit with 3 if the lists differ")
	f.BoolVar(&o.strict, "strict", false, "without NEW: exit with 10 if Spotify counts more or fewer artists than were found")
	complete(cmd, "format", "text", "json")
	completeFileArgs(cmd)
	return cmd
}

type diffOptions struct {
	format           string
	exitCode, strict bool
}

func (o diffOptions) check(files []string) error {
	switch {
	case o.format != "text" && o.format != "json":
		return usageError{fmt.Errorf("--format is text or json, not %q", o.format)}
	case len(files) == 2 && o.strict:
		return usageError{errors.New("--strict needs the account's list: leave NEW out")}
	case len(files) == 2 && files[0] == onStdin && files[1] == onStdin:
		return usageError{errors.New("OLD and NEW can't both be stdin")}
	}
	return nil
}

func (a *app) diff(ctx context.Context, o diffOptions, files []string) error {
	if err := o.check(files); err != nil {
		return err
	}
	old, err := a.readList(ctx, files[0])
	if err != nil {
		return err
	}
	if len(files) == 1 {
		return a.diffAccount(ctx, o, old)
	}
	now, err := a.readList(ctx, files[1])
	if err != nil {
		return err
	}
	return a.printDiff(o, list.Compare(old, now))
}

func (a *app) diffAccount(ctx context.Context, o diffOptions, old []spotify.Artist) (err error) {
	l, client, err := a.openWithAPI()
	if err != nil {
		return err
	}
	defer l.close(&err)
	now, err := a.followed(ctx, l, client, o.strict)
	if err != nil {
		return err
	}
	return a.printDiff(o, list.Compare(old, now))
}

// printDiff prints the differences on stdout and their numbers on stderr. Only then does
// --exit-code count.
func (a *app) printDiff(o diffOptions, d list.Diff) error {
	var err error
	if o.format == "json" {
		err = printJSON(a.console.Out, d)
	} else {
		err = write(a.console.RawOut, textOf(d)) // a terminal would show its tabs as \t
	}
	if err != nil {
		return err
	}
	a.console.Say("%d added, %d removed, %d renamed, %d unchanged", len(d.Added), len(d.Removed), len(d.Renamed), d.Unchanged)
	if o.exitCode && !d.IsEmpty() {
		return statusError(exitDiffers)
	}
	return nil
}

// textOf makes names safe in a pipe too, so that each difference stays one line.
func textOf(d list.Diff) string {
	var b strings.Builder
	line := func(sign, id, name string) {
		b.WriteString(sign + " " + id)
		if name != "" {
			b.WriteString("\t" + name)
		}
		b.WriteString("\n")
	}
	for _, artist := range d.Added {
		line("+", artist.ID, console.Safe(artist.Name))
	}
	for _, artist := range d.Removed {
		line("-", artist.ID, console.Safe(artist.Name))
	}
	for _, r := range d.Renamed {
		line("~", r.ID, console.Safe(r.OldName)+" -> "+console.Safe(r.NewName))
	}
	return b.String()
}
