package main

import (
	"context"
	"errors"
	"io/fs"
	"os/exec"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/spotauth/spotauth/internal/session"
)

func newExecCmd(a *app) *cobra.Command {
	var o execOptions
	cmd := &cobra.Command{
		Use:   "exec [flags] -- CMD ...",
		Short: "Run a command with an access token in its environment",
		Long: `Run CMD with SPOTIFY_ACCESS_TOKEN in its environment. The token never appears
in its arguments.

The token is valid for at least --min-life and is not refreshed while CMD
runs. Signals pass through, and so does the exit status of CMD. To tell
spotauth's statuses from those of CMD, use --error-format json.

` + exitStatuses + status1 + status2 + status4 + status5 + status6 + status7 + status126 + status127,
		Example: `  spotauth exec -- sh -c 'curl -sS https://api.spotify.com/v1/me \
    -H "Authorization: Bearer $SPOTIFY_ACCESS_TOKEN"'
  spotauth exec --min-life 30m -- python3 backup.py`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError{errors.New("no command to run: spotauth exec -- CMD")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.exec(cmd.Context(), o, args) },
	}
	cmd.Flags().DurationVar(&o.minLife, "min-life", 5*time.Minute, "minimum remaining `LIFETIME` of the token, up to 55m")
	cmd.Flags().SetInterspersed(false) // what follows CMD is CMD's
	completeFileArgs(cmd)
	return cmd
}

type execOptions struct{ minLife time.Duration }

func (a *app) exec(ctx context.Context, o execOptions, command []string) (err error) {
	path, err := exec.LookPath(command[0])
	if err != nil {
		return notStartedError{command[0], err}
	}
	l, err := a.open()
	if err != nil {
		return err
	}
	login, err := l.tokenFor(ctx, o.minLife)
	if err != nil {
		l.close(&err)
		return err
	}
	a.console.Done()
	l.warn() // nothing can be said after the command
	l.warnUnsaved()
	if err := a.stopSignals(); err != nil {
		return err
	}
	a.dumpCores()
	err = replace(&exec.Cmd{Path: path, Args: command, Env: a.childEnvironment(login)})
	var ended statusError
	if err == nil || errors.As(err, &ended) {
		return err
	}
	return notStartedError{command[0], err}
}

// notStartedError says that a command did not start.
type notStartedError struct {
	name string
	err  error
}

func (e notStartedError) Unwrap() error { return e.err }

func (e notStartedError) isMissing() bool {
	return errors.Is(e.err, exec.ErrNotFound) || errors.Is(e.err, fs.ErrNotExist)
}

func (e notStartedError) Error() string {
	cause := e.err
	for inner := cause; inner != nil; inner = errors.Unwrap(inner) {
		cause = inner // the errors around it say what os/exec was doing
	}
	why := cause.Error()
	switch {
	case errors.Is(e.err, exec.ErrNotFound):
		why = "not found in PATH"
	case e.isMissing():
		why = "no such file"
	case errors.Is(e.err, syscall.ENOEXEC):
		why = "not a program that this system can run"
	}
	return "cannot run " + e.name + ": " + why
}

// explainCommand gives the statuses of env(1) and the shells.
func explainCommand(err error) (failure, bool) {
	var e notStartedError
	switch {
	case !errors.As(err, &e):
		return failure{}, false
	case e.isMissing():
		return failure{Code: "command_not_found"}, true
	}
	return failure{Code: "command_not_run"}, true
}

// commandError is how a command ended, as a status that shells would give it.
func commandError(err error) error {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return err
	}
	if ws, ok := exit.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return statusError(128 + int(ws.Signal()))
	}
	return statusError(exit.ExitCode())
}

// childEnvironment is ours, with the access token, and without what can get more of them.
func (a *app) childEnvironment(login session.Login) []string {
	return append(a.harmlessEnvironment(), accessTokenVar+"="+login.Access.Reveal())
}
