package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"runtime/debug"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/spotauth/spotauth/internal/console"
)

// An app is what the commands share. It is set before the command runs, and only read
// from then on. What a command learns on its way belongs to its [activeLogin].
type app struct {
	console   *console.Console
	stdin     io.Reader
	environ   []string // as os.Environ gives it
	now       func() time.Time
	transport http.RoundTripper
	log       *slog.Logger
	logWriter *delayedWriter // where log goes with --debug, else nil

	stopSignals func() error // puts the default actions back, for a command that this program runs
	dumpCores   func()       // as stopSignals

	profile     string
	maxWait     time.Duration
	errorFormat string
	debug       bool
}

func newApp(stdin io.Reader, stdout, stderr io.Writer) *app {
	streams := console.New(stdin, stdout, stderr)
	a := &app{
		console: streams,
		stdin:   stdin,
		environ: os.Environ(),
		now:     time.Now,
		log:     slog.New(slog.DiscardHandler),

		errorFormat: "text",
	}
	streams.Dumb = a.env("TERM") == "dumb"
	a.transport = newTransport(a.proxy)
	streams.Links = streams.Links && !streams.Dumb
	streams.Color = streams.Color && !streams.Dumb && a.env("NO_COLOR") == ""
	return a
}

// run is the program. It returns the exit status.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return newApp(stdin, stdout, stderr).run(ctx, args)
}

func (a *app) run(ctx context.Context, args []string) (status int) {
	defer func() {
		if bug := recover(); bug != nil {
			status = a.reportBug(bug, debug.Stack())
		}
	}()
	a.dumpCores = noCoreDumps()
	if wantsJSON(args) { // also applies to an error that ends the parsing before this flag
		a.errorFormat = "json"
	}
	if slices.Equal(args, []string{"--version"}) { // the commands would take a tenth of the time
		return a.report(ctx, a.printVersion())
	}
	out := &helpWriter{Writer: a.console.Out}
	root := newRootCmd(a, out)
	root.SetArgs(args)
	root.SetErr(a.console.Err)
	cmd, err := root.ExecuteContextC(ctx)
	a.console.Done()
	return a.report(cmd.Context(), cmp.Or(err, out.err))
}

// A helpWriter is stdout for Cobra, which writes help, version and completion there. It
// remembers the first error, because Cobra ignores that of a help text.
type helpWriter struct {
	io.Writer
	err error
}

func (w *helpWriter) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	if err != nil {
		err = outputError{err}
		w.err = cmp.Or(w.err, err)
	}
	return n, err
}

func wantsJSON(args []string) bool {
	for i, arg := range args {
		if arg == "--" {
			break
		}
		if arg == "--error-format=json" || arg == "json" && i > 0 && args[i-1] == "--error-format" {
			return true
		}
	}
	return false
}

// newRootCmd makes all commands. Cobra's own write to out.
func newRootCmd(a *app, out io.Writer) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "spotauth",
		Short: "Sign in to Spotify and export the artists you follow",
		Long: `spotauth signs you in to Spotify, keeps the login in the system's keychain,
and exports the artists you follow as JSON or CSV.

Only data goes to stdout. spotauth is not affiliated with Spotify.`,
		Example: `  spotauth demo
  spotauth login
  spotauth artists --format csv > follows.csv`,
		Version:           versionLine(),
		SilenceUsage:      true,
		SilenceErrors:     true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return a.begin(cmd) },
	}
	cmd.SetFlagErrorFunc(flagError)
	cmd.SetOut(out) // before Cobra's command for completion remembers it
	cmd.CompletionOptions.SetDefaultShellCompDirective(cobra.ShellCompDirectiveNoFileComp)
	f := cmd.PersistentFlags()
	f.StringVar(&a.profile, "profile", a.env("SPOTAUTH_PROFILE"), "use the login of profile `NAME` (SPOTAUTH_PROFILE)")
	f.DurationVar(&a.maxWait, "max-wait", time.Minute, "wait for a rate limit for at most `TIME`")
	f.StringVar(&a.errorFormat, "error-format", a.errorFormat, "print errors as `FORMAT`: text or json")
	f.BoolVar(&a.debug, "debug", false, "log requests to stderr, without bodies, queries or secrets")
	completeBy(cmd, "profile", func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		return a.completeProfiles(cmd, nil, "")
	})
	complete(cmd, "error-format", "text", "json")
	addGroup(cmd, "Sign in:", newLoginCmd(a), newStatusCmd(a), newWhoamiCmd(a), newLogoutCmd(a), newProfileCmd(a), newSessionCmd(a))
	addGroup(cmd, "Export and use:", newArtistsCmd(a), newDiffCmd(a), newRestoreCmd(a), newAPICmd(a), newTokenCmd(a), newExecCmd(a))
	addGroup(cmd, "Try and repair:", newDemoCmd(a), newSandboxCmd(a), newDoctorCmd(a))
	cmd.AddCommand(newOpenerCmd(a), newVersionCmd(a))
	cmd.AddCommand(newTopics()...)
	cmd.SetHelpCommand(newHelpCmd())
	addCompletionCmd(cmd)
	explainArgs(makeParent(cmd))
	cmd.SetUsageFunc(printUsage)
	return cmd
}

func addGroup(root *cobra.Command, title string, cmds ...*cobra.Command) {
	root.AddGroup(&cobra.Group{ID: title, Title: title})
	for _, cmd := range cmds {
		cmd.GroupID = title
	}
	root.AddCommand(cmds...)
}

// begin runs after the command line has been parsed and before the command. Until then
// there is nothing to clean up, so a signal may end the program at once.
func (a *app) begin(cmd *cobra.Command) error {
	if a.errorFormat != "text" && a.errorFormat != "json" {
		return usageError{fmt.Errorf("--error-format is text or json, not %q", a.errorFormat)}
	}
	if a.maxWait < 0 {
		return usageError{fmt.Errorf("--max-wait must not be negative")}
	}
	if a.debug {
		a.logWriter = &delayedWriter{w: a.console.Err}
		a.log = slog.New(slog.NewTextHandler(a.logWriter, &slog.HandlerOptions{Level: slog.LevelDebug}))
		a.transport = debugTransport{a.transport, a.log}
	}
	if err := refuseEmpty(cmd); err != nil {
		return err
	}
	var ctx context.Context
	ctx, a.stopSignals = withSignals(cmd.Context())
	a.console.EndWith(ctx)
	cmd.SetContext(ctx)
	return nil
}

// refuseEmpty refuses a flag with an empty value. It most likely comes from a variable that
// is not set.
func refuseEmpty(cmd *cobra.Command) (err error) {
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Changed && f.Value.String() == "" {
			err = usageError{fmt.Errorf("--%s needs a value", f.Name)}
		}
	})
	return err
}
