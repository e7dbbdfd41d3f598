package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/spotauth/spotauth/internal/console"
	"github.com/spotauth/spotauth/internal/secret"
	"github.com/spotauth/spotauth/internal/session"
)

func newSessionCmd(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "session",
		Short: "Move a login to another machine",
		Long: `Move a login to a machine without a browser, in a file that is encrypted with
a passphrase (age format, armored).

The passphrase is read from the terminal, or taken from SPOTAUTH_PASSPHRASE.

` + exitStatuses + status0 + status1 + status2 + status4 + status7 + status8,
		Example: `  spotauth session export > login.age
  spotauth session import login.age`,
	}
	var o importOptions
	take := &cobra.Command{
		Use: "import [FILE]", Short: "Read an exported login from FILE or stdin, and save it", Args: cobra.MaximumNArgs(1),
		Long: `Read a login that "session export" wrote, from FILE or stdin, and save it in
the profile.

` + exitStatuses + status0 + status1 + status2 + status7,
		Example: `  spotauth session export > login.age
  spotauth session import --profile server --store file login.age`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.sessionImport(cmd.Context(), o, args) },
	}
	take.Flags().StringVar(&o.store, "store", "", "`STORE` for the login: keychain, file or helper:NAME (default keychain)")
	take.Flags().BoolVar(&o.force, "force", false, "replace the login of another account without asking")
	completeBy(take, "store", a.completeStore)
	completeFileArgs(take)
	cmd.AddCommand(&cobra.Command{
		Use: "export", Short: "Write the saved login to stdout, encrypted", Args: writesToStdout,
		Long: `Write the saved login to stdout, encrypted with a passphrase. The login also
keeps working on this machine.

` + exitStatuses + status0 + status1 + status2 + status4 + status7 + status8,
		Example: `  spotauth session export > login.age`,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.sessionExport(cmd.Context()) },
	}, take)
	return makeParent(cmd)
}

// writesToStdout refuses a FILE, which "session import" takes.
func writesToStdout(_ *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return withCommand(usageError{fmt.Errorf("spotauth session export writes to stdout and takes no arguments, got %q", args[0])}, "spotauth session export > login.age")
}

func (a *app) sessionExport(ctx context.Context) (err error) {
	l, err := a.open()
	if err != nil {
		return err
	}
	defer l.close(&err)
	login, err := l.Load(ctx)
	if err != nil {
		return err
	}
	switch {
	case login.Dead != nil:
		return session.ErrDead
	case login.Refresh.Empty():
		return usageError{errors.New("SPOTIFY_ACCESS_TOKEN alone can't be exported: it has no refresh token")}
	}
	l.warnOfEnd(login)
	passphrase, err := a.passphrase(ctx, true)
	if err != nil {
		return err
	}
	var sealed bytes.Buffer
	if err := l.Export(ctx, &sealed, passphrase); err != nil {
		return err
	}
	if err := write(a.console.Out, sealed.String()); err != nil {
		return err
	}
	a.console.Note("exported the login of %s", accountName(login.Account))
	a.console.Note("next, on the other machine: spotauth session import FILE")
	return nil
}

type importOptions struct {
	store string
	force bool
}

func (a *app) sessionImport(ctx context.Context, o importOptions, args []string) error {
	l, err := a.openToSave(session.Settings{Store: o.store})
	if err != nil {
		return err
	}
	sealed, err := a.readSealed(ctx, args)
	if err != nil {
		return err
	}
	passphrase, err := a.passphrase(ctx, false)
	if err != nil {
		return err
	}
	if err := l.Probe(ctx); err != nil {
		return err
	}
	login, err := l.Import(ctx, bytes.NewReader(sealed), passphrase, func(login session.Login) error {
		return a.checkAccount(ctx, l, login.Account, o.force)
	})
	if err != nil {
		return err
	}
	a.console.Note("imported the login of %s into profile %s", accountName(login.Account), l.Profile())
	return nil
}

func (a *app) readSealed(ctx context.Context, args []string) ([]byte, error) {
	if len(args) == 0 && a.console.InIsTerminal {
		return nil, withCommand(usageError{errors.New("spotauth session import needs FILE, or its content on stdin")}, "spotauth session import --help")
	}
	if len(args) == 0 {
		return readInput(ctx, a, onStdin, readUpTo(maxLogin))
	}
	sealed, err := readInput(ctx, a, args[0], readUpTo(maxLogin))
	if err != nil {
		err = usageError{err}
	}
	return sealed, err
}

// maxLogin is the most that is read of a file with a login, in bytes.
const maxLogin = 1 << 16

// passphrase takes it from the environment, or asks for it on the terminal. A new one is
// asked for twice.
func (a *app) passphrase(ctx context.Context, isNew bool) (secret.String, error) {
	if p := a.env("SPOTAUTH_PASSPHRASE"); p != "" {
		return secret.New(p), nil
	}
	prompt := "Enter the passphrase (hidden): "
	if isNew {
		prompt = "Choose a passphrase (hidden): "
	}
	first, err := a.askPassphrase(ctx, prompt)
	switch {
	case errors.Is(err, console.ErrNotTerminal):
		return secret.String{}, usageError{errors.New("no passphrase: set SPOTAUTH_PASSPHRASE, or run this on a terminal")}
	case err != nil || !isNew:
		return secret.New(first), noPassphrase(err)
	}
	second, err := a.console.AskSecret(ctx, "Confirm the passphrase (hidden): ")
	if err == nil && second != first {
		err = usageError{errors.New("the two passphrases differ")}
	}
	return secret.New(first), noPassphrase(err)
}

// noPassphrase puts words in place of the end of input.
func noPassphrase(err error) error {
	if errors.Is(err, io.EOF) {
		return usageError{errors.New("no passphrase was entered")}
	}
	return err
}

func (a *app) askPassphrase(ctx context.Context, prompt string) (string, error) {
	for {
		p, err := a.console.AskSecret(ctx, prompt)
		if err != nil || p != "" {
			return p, err
		}
		a.console.Say("the passphrase must not be empty")
	}
}
