package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/spotauth/spotauth/internal/sandbox"
	"github.com/spotauth/spotauth/internal/session"
)

const sandboxVar = "SPOTAUTH_SANDBOX"

func newSandboxCmd(a *app) *cobra.Command {
	var o sandboxOptions
	cmd := &cobra.Command{
		Use:   "sandbox [flags] [-- CMD ...]",
		Short: "Run a stand-in for Spotify for your own scripts",
		Long: `Run a stand-in for Spotify on a loopback port: accounts service and Web API,
with made-up artists. It serves all paths that "spotauth help paths" lists.

Without CMD, it prints its URL as the first line on stdout and runs until you
press Ctrl-C. With CMD, it runs CMD with SPOTAUTH_SANDBOX set, and exits with
the status of CMD. If SPOTAUTH_SANDBOX is set, every spotauth command uses the
stand-in and separate logins, so it can't reach a real login. These logins are
deleted when the stand-in ends, unless you give --port.

The stand-in has two accounts. The first follows the artists, and has saved
songs, albums, shows, playlists and top lists. The second has nothing. With
--consent agree, "spotauth login --switch-account" signs in as the second.

` + exitStatuses + status1 + status2 + status8 + status126 + status127 + "\n\n",
		Example: `  spotauth sandbox --artists 500 --fault 'page=3:502*2'
  export BROWSER='curl -sSLo /dev/null'
  spotauth sandbox --consent agree -- sh -c \
    'spotauth login --store file && spotauth artists'`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.sandbox(cmd.Context(), o, args) },
	}
	o.addFlags(cmd)
	completeFileArgs(cmd)
	return endHelpWith(cmd, sandbox.FaultHelp)
}

type sandboxOptions struct {
	port, artists int
	seed          uint64
	clientID      string
	mode          string
	names         string
	consent       string
	faults        []string
}

func (o *sandboxOptions) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.IntVar(&o.port, "port", 0, "port `N` on 127.0.0.1 (default: a free one)")
	f.IntVar(&o.artists, "artists", 120, "number `N` of followed artists")
	f.Uint64Var(&o.seed, "seed", 1, "seed `N` for generating artists")
	f.StringVar(&o.names, "names", "friendly", "`NAMES` of the artists: friendly, or nasty ones that trip up tables, CSV files and shells")
	complete(cmd, "names", "friendly", "nasty")
	f.StringVar(&o.mode, "mode", "development", "quota `MODE` of the app: development, or extended with the older fields and calls")
	complete(cmd, "mode", "development", "extended")
	f.StringVar(&o.clientID, "client-id", "", "the only client `ID` that is registered (default: any 32 hexadecimal digits)")
	f.StringVar(&o.consent, "consent", "ask", "`ANSWER` to a sign-in: ask (a page to click), agree or deny (at once)")
	complete(cmd, "consent", "ask", "agree", "deny")
	f.StringArrayVar(&o.faults, "fault", nil, "make `PLACE:WHAT` go wrong, such as 'page=3:502*2' (repeatable)")
	completeBy(cmd, "fault", completeFault)
}

func (a *app) sandbox(ctx context.Context, o sandboxOptions, command []string) error {
	if o.port < 0 || o.port > 65535 {
		return usageError{fmt.Errorf("--port must be between 0 and 65535")}
	}
	listener, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(o.port)))
	if err != nil {
		if op := (*net.OpError)(nil); errors.As(err, &op) && op.Err != nil {
			err = op.Err
		}
		if call := (*os.SyscallError)(nil); errors.As(err, &call) {
			err = call.Err
		}
		return fmt.Errorf("cannot listen on port %d: %w", o.port, err)
	}
	server, err := sandbox.New(sandbox.Options{
		Listener: listener, Artists: o.artists, Seed: o.seed,
		Names: sandbox.Names(o.names), Mode: sandbox.Mode(o.mode), ClientID: o.clientID, Consent: sandbox.Consent(o.consent), Faults: o.faults,
	})
	if err != nil {
		listener.Close()
		return usageError{err}
	}
	defer server.Close()
	isTemporary := o.port == 0 // no later stand-in will have this address
	defer a.beginSandbox(server.URL(), isTemporary)()
	if len(command) > 0 {
		return a.runWithStandIn(command, server.URL())
	}
	if err := write(a.console.Out, server.URL()+"\n"); err != nil {
		return err
	}
	a.tellHowToUse(server.URL())
	if o.consent == string(sandbox.ConsentAsk) {
		a.console.Note("without a browser, add --consent agree; \"spotauth sandbox --help\" has an example")
	}
	a.console.Note("press Ctrl-C to stop")
	<-ctx.Done()
	return context.Cause(ctx)
}

// beginSandbox notes whether logins for a stand-in are temporary. end deletes them if they
// are, and those of stand-ins that were killed.
func (a *app) beginSandbox(address string, isTemporary bool) (end func()) {
	options, err := a.savedOptions()
	var remove func(context.Context) error
	if err == nil {
		options.Sandbox = address
		remove, err = session.BeginSandbox(options, isTemporary)
	}
	if err != nil {
		a.log.Debug("no login can be saved for the stand-in", "error", err)
		return func() {}
	}
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := remove(ctx); err != nil {
			a.log.Debug("logins of a stand-in are left", "error", err)
		}
	}
}

func (a *app) tellHowToUse(address string) {
	set := "export " + sandboxVar + "=" + address
	if runtime.GOOS == "windows" {
		set = "$env:" + sandboxVar + `="` + address + `"`
	}
	a.console.Note("in another terminal: %s", set)
}

// runWithStandIn runs a command with the stand-in, and returns the command's exit status.
func (a *app) runWithStandIn(command []string, address string) error {
	if err := a.stopSignals(); err != nil {
		return err
	}
	cmd := exec.Command(command[0], command[1:]...)
	// The stand-in would refuse a secret of Spotify's, and one of another stand-in's.
	cmd.Env = append(without(a.environ, spotifySecrets[:]...), sandboxVar+"="+address)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, withoutIgnored(forwardedSignals()...)...)
	defer signal.Stop(signals)
	a.dumpCores()
	if err := cmd.Start(); err != nil {
		return notStartedError{command[0], err}
	}
	go func() {
		for s := range signals {
			if !a.isFromKeyboard(s) {
				_ = cmd.Process.Signal(s)
			}
		}
	}()
	return commandError(cmd.Wait())
}

// sandboxAddress is the address in SPOTAUTH_SANDBOX, "" if it is unset. It must be a
// loopback literal, so that the variable can't send anything to another machine.
func (a *app) sandboxAddress() (string, error) {
	address, isSet := a.lookupEnv(sandboxVar)
	if !isSet {
		return "", nil
	}
	if address == "" { // the stand-in of a script has not started
		return "", withHint(usageError{errors.New(sandboxVar + " is empty; it must look like http://127.0.0.1:PORT")}, "to use Spotify itself, unset "+sandboxVar)
	}
	u, err := url.Parse(address)
	refused := usageError{fmt.Errorf("%s must look like http://127.0.0.1:PORT", sandboxVar)}
	if err != nil || u.Scheme != "http" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || (u.Path != "" && u.Path != "/") {
		return "", refused
	}
	ip := net.ParseIP(u.Hostname())
	if port, err := strconv.Atoi(u.Port()); ip == nil || !ip.IsLoopback() || err != nil || port < 1 || port > 65535 || strconv.Itoa(port) != u.Port() {
		return "", refused
	}
	return "http://" + net.JoinHostPort(ip.String(), u.Port()), nil
}
