package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/spotauth/spotauth/internal/console"
	"github.com/spotauth/spotauth/internal/export"
	"github.com/spotauth/spotauth/internal/session"
	"github.com/spotauth/spotauth/internal/spotify"
)

// followScope is requested only for restore.
const followScope = "user-follow-modify"

func newRestoreCmd(a *app) *cobra.Command {
	o := restoreOptions{artistsOptions: artistsOptions{sort: string(export.Recent)}}
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Follow every artist in a list",
		Long: `Follow every artist in a list that the account doesn't follow yet. restore
never unfollows anyone.

FILE can be in any format that artists --from reads; - is stdin. restore shows
the account and how many artists it would follow, and asks first. It follows
40 at a time and checks each batch. If it is interrupted, run it again to
follow the rest.

Following needs a scope that login doesn't ask for by default:
spotauth login --scope user-follow-modify

The first artist in FILE becomes the most recently followed. The order within
a batch is lost, unless you use --keep-order.

stdout gets the artists that could not be followed, in a form that restore can
read.

` + exitStatuses + status0 + status1 + status2 + status4 + status5 + status6 + status7 + status8 + incomplete + "some artists could not be followed",
		Example: `  spotauth restore --dry-run follows.csv
  spotauth login --scope user-follow-modify
  spotauth restore --yes follows.csv
  spotauth restore --yes --keep-order --output failed.json follows.csv`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.restore(cmd.Context(), o, args[0]) },
	}
	f := cmd.Flags()
	f.BoolVar(&o.dryRun, "dry-run", false, "write the artists that would be followed, and change nothing")
	f.BoolVar(&o.yes, "yes", false, "don't ask")
	f.BoolVar(&o.keepOrder, "keep-order", false, "follow one artist at a time, a second apart")
	f.StringVar(&o.format, "format", "", "`FORMAT`: "+strings.Join(texts(export.Formats()), ", ")+" (default: by the extension of --output, else table on a terminal and json otherwise)")
	f.StringVarP(&o.output, "output", "o", onStdout, "write to `FILE`, even an empty list; - is stdout")
	complete(cmd, "format", texts(export.Formats())...)
	completeFile(cmd, "output")
	completeFileArgs(cmd)
	return cmd
}

type restoreOptions struct {
	artistsOptions         // format and output
	dryRun, yes, keepOrder bool
}

func (a *app) restore(ctx context.Context, o restoreOptions, file string) (err error) {
	how, _, err := a.exportOptions(o.artistsOptions)
	if err != nil {
		return err
	}
	if !o.dryRun && !o.yes && !a.console.CanAsk() {
		return errNeedsYes
	}
	if o.output != onStdout && a.isSameFile(file, o.output) {
		name := file
		if file == onStdin {
			name = o.output
		}
		return usageError{fmt.Errorf("--output would replace the list in %s: choose another file", name)}
	}
	wanted, err := a.readList(ctx, file)
	if err != nil {
		return err
	}
	l, client, err := a.openWithAPI()
	if err != nil {
		return err
	}
	defer l.close(&err)
	if !o.dryRun {
		if err := l.requireScope(ctx, followScope); err != nil {
			return err
		}
	}
	missing, err := a.missing(ctx, l, client, wanted)
	if err != nil {
		return err
	}
	left := missing
	follow := func() (_ []spotify.Artist, err error) {
		if !o.dryRun && len(missing) > 0 {
			left, err = a.follow(ctx, l, client, o, missing, len(wanted))
		}
		return left, err
	}
	if err := a.writeLeft(ctx, o, how, follow); err != nil || o.dryRun || len(left) == 0 {
		return err
	}
	return notFollowedError{left, len(missing)}
}

// isSameFile reports whether output is the regular file that a list is read from.
func (a *app) isSameFile(file, output string) bool {
	in, err := os.Stat(file)
	if stdin, ok := a.stdin.(*os.File); ok && file == onStdin {
		in, err = stdin.Stat()
	}
	out, errOut := os.Stat(output)
	return err == nil && errOut == nil && in.Mode().IsRegular() && os.SameFile(in, out)
}

// writeLeft writes the artists that follow leaves. A file is opened before follow runs: if it
// can't be written, nothing has been changed yet.
func (a *app) writeLeft(ctx context.Context, o restoreOptions, how export.Options, follow func() ([]spotify.Artist, error)) error {
	if o.output == onStdout {
		left, err := follow()
		if err != nil || len(left) == 0 && !o.dryRun {
			return err
		}
		follow = func() ([]spotify.Artist, error) { return left, nil }
	}
	result, err := a.writeArtists(ctx, o.output, export.Guard{}, how, func(yield func(spotify.Artist, error) bool) {
		left, err := follow()
		if err != nil {
			yield(spotify.Artist{}, err)
			return
		}
		inSequence(left)(yield)
	})
	if err == nil {
		a.tellOfExport(result, how, o.artistsOptions)
	}
	return err
}

var errNeedsYes = withHint(usageError{errors.New("there is no terminal to ask on: restore needs --yes")},
	"--dry-run shows what it would do")

// requireScope checks that the login has a scope, as far as that is known without asking
// Spotify.
func (l *activeLogin) requireScope(ctx context.Context, scope string) error {
	saved, err := l.Load(ctx)
	if err != nil {
		return err
	}
	if len(saved.Scopes) > 0 && !slices.Contains(saved.Scopes, scope) {
		return missingScopeError(scope)
	}
	return nil
}

// missing are the wanted artists that the account doesn't follow.
func (a *app) missing(ctx context.Context, l *activeLogin, client *spotify.Client, wanted []spotify.Artist) ([]spotify.Artist, error) {
	followed, err := a.followed(ctx, l, client, false)
	if err != nil {
		return nil, err
	}
	isFollowed := make(map[string]bool, len(followed))
	for _, artist := range followed {
		isFollowed[artist.ID] = true
	}
	missing := slices.DeleteFunc(slices.Clone(wanted), func(artist spotify.Artist) bool { return isFollowed[artist.ID] })
	switch n := len(wanted); {
	case len(missing) > 0:
	case n == 0:
		a.console.Say("nothing to do: the list is empty")
	case n == 1:
		a.console.Say("nothing to do: the artist is already followed")
	default:
		a.console.Say("nothing to do: all %d artists are already followed", n)
		a.console.Note("to follow them with another account, first run: spotauth login --profile NAME --switch-account --scope %s", followScope)
	}
	return missing, nil
}

// follow asks for confirmation, follows the artists, and returns those that it could not
// follow.
func (a *app) follow(ctx context.Context, l *activeLogin, client *spotify.Client, o restoreOptions, missing []spotify.Artist, wanted int) (failed []spotify.Artist, err error) {
	if !o.yes {
		if err := a.confirmFollowing(ctx, l, client, len(missing), wanted); err != nil {
			return nil, err
		}
	}
	ids := make([]string, len(missing))
	for i, artist := range missing {
		ids[i] = artist.ID
	}
	how := &spotify.FollowOptions{KeepOrder: o.keepOrder, Progress: func(followed, total int) {
		a.console.Progress("followed %d of %d artists", followed, total)
	}}
	failedIDs, err := client.FollowAll(ctx, ids, how)
	a.console.Done()
	if err != nil {
		return nil, a.stopped(ctx, err, how.Followed, len(ids))
	}
	a.console.Say("followed %d %s", how.Followed, plural(how.Followed, "artist"))
	hasFailed := make(map[string]bool, len(failedIDs))
	for _, id := range failedIDs {
		hasFailed[id] = true
	}
	return slices.DeleteFunc(missing, func(artist spotify.Artist) bool { return !hasFailed[artist.ID] }), nil
}

// confirmFollowing asks the person. Until then nothing has been changed.
func (a *app) confirmFollowing(ctx context.Context, l *activeLogin, client *spotify.Client, missing, wanted int) error {
	who, err := l.account(ctx, client)
	if err != nil {
		return err
	}
	answer, err := a.console.Ask(ctx, fmt.Sprintf("follow %d %s as %s? %d of %d are already followed [y/N] ",
		missing, plural(missing, "artist"), accountName(who), wanted-missing, wanted))
	switch answer = strings.ToLower(strings.TrimSpace(answer)); {
	case errors.Is(err, console.ErrNotTerminal):
		return errNeedsYes
	case err != nil && !errors.Is(err, io.EOF):
		return err
	case answer != "y" && answer != "yes":
		return errNotConfirmed
	}
	return nil
}

// account is the account of the login. Spotify is only asked if the login came from the
// environment.
func (l *activeLogin) account(ctx context.Context, client *spotify.Client) (session.Account, error) {
	saved, err := l.Load(ctx)
	if err != nil || saved.Account.ID != "" {
		return saved.Account, err
	}
	user, err := client.Me(ctx)
	return accountOf(user), err
}

// stopped adds to an error that ended the run early how far the run got.
func (a *app) stopped(ctx context.Context, err error, followed, total int) error {
	var refused *spotify.Error
	isRefused := errors.As(err, &refused) && refused.Method == http.MethodPut
	switch {
	case isRefused && refused.Kind == spotify.ScopeMissing:
		return missingScopeError(followScope)
	case isRefused && refused.Kind == spotify.Forbidden && strings.HasSuffix(refused.Path, "/me/following"): // the second one
		return withHint(err, "Spotify refuses this app both calls that follow artists")
	}
	stopped := stoppedError{err, followed, total}
	if ctx.Err() != nil { // a signal ends the program without an error that could have a hint
		a.console.Hint("%s", stopped.progress())
	}
	return stopped
}

var errNotConfirmed = errors.New("not confirmed; nothing was changed")

// stoppedError says that following ended early.
type stoppedError struct {
	error
	followed, total int
}

func (e stoppedError) Unwrap() error { return e.error }

func (e stoppedError) progress() string {
	return fmt.Sprintf("followed %d of %d; run the same command again to continue", e.followed, e.total)
}

// missingScopeError is the name of the scope that the login lacks.
type missingScopeError string

func (e missingScopeError) Error() string { return "the login lacks the scope " + string(e) }

// notFollowedError says which artists could not be followed.
type notFollowedError struct {
	failed []spotify.Artist
	of     int
}

func (e notFollowedError) Error() string {
	const most = 3
	var names []string
	for _, artist := range e.failed[:min(most, len(e.failed))] {
		if artist.Name == "" {
			artist.Name = artist.ID
		}
		names = append(names, artist.Name)
	}
	if more := len(e.failed) - most; more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	return fmt.Sprintf("could not follow %d of %d artists: %s", len(e.failed), e.of, strings.Join(names, ", "))
}
