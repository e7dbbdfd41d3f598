package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/spotauth/spotauth/internal/secret"
	"github.com/spotauth/spotauth/internal/session"
)

func newTokenCmd(a *app) *cobra.Command {
	var o tokenOptions
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Print a valid access token",
		Long: `Print a valid access token, refreshing it if necessary.

This is the only command that prints a secret. Anyone who has the token can do
what its scopes allow, for at most an hour.

Formats: plain; header (an Authorization header); curl (a config for
curl -K -, so that the token is in no argument list); json (access_token,
token_type, expires_at).

` + exitStatuses + status0 + status1 + status2 + status4 + status5 + status6 + status7 + status8,
		Example: `  spotauth token --format curl | curl -sS -K - https://api.spotify.com/v1/me
  spotauth token --min-life 10m`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.printToken(cmd.Context(), o) },
	}
	o.addFlags(cmd)
	return cmd
}

type tokenOptions struct {
	minLife time.Duration
	format  string
}

func (o *tokenOptions) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.DurationVar(&o.minLife, "min-life", 0, "refresh unless the token is valid for `TIME`, at most 55m")
	f.StringVar(&o.format, "format", "plain", "`FORMAT`: plain, header, curl or json")
	complete(cmd, "format", "plain", "header", "curl", "json")
}

func (a *app) printToken(ctx context.Context, o tokenOptions) (err error) {
	show, ok := map[string]func(session.Login) error{
		"plain": func(login session.Login) error { return write(a.console.Out, login.Access.Reveal()+"\n") },
		"header": func(login session.Login) error {
			return write(a.console.Out, "Authorization: Bearer "+login.Access.Reveal()+"\n")
		},
		"curl": func(login session.Login) error {
			return write(a.console.Out, fmt.Sprintf("header = \"Authorization: Bearer %s\"\n", login.Access.Reveal()))
		},
		"json": a.printTokenJSON,
	}[o.format]
	if !ok {
		return usageError{fmt.Errorf("--format is plain, header, curl or json, not %q", o.format)}
	}
	l, err := a.open()
	if err != nil {
		return err
	}
	defer l.close(&err)
	login, err := l.tokenFor(ctx, o.minLife)
	if err != nil {
		return err
	}
	return show(login)
}

const longestLife = 55 * time.Minute

// tokenFor returns a login whose token lives for at least minLife.
func (l *activeLogin) tokenFor(ctx context.Context, minLife time.Duration) (session.Login, error) {
	if minLife < 0 || minLife > longestLife {
		return session.Login{}, usageError{errors.New("--min-life is at most 55m: Spotify gives an access token an hour")}
	}
	login, err := l.Token(ctx, minLife, secret.String{})
	life := login.AccessExpiresAt.Sub(l.app.now())
	if err == nil && minLife > 0 && !login.AccessExpiresAt.IsZero() && life < minLife {
		err = fmt.Errorf("Spotify issued an access token that expires in %s", life.Round(time.Second))
	}
	return login, err
}

func (a *app) printTokenJSON(login session.Login) error {
	return printJSON(a.console.Out, struct {
		AccessToken string     `json:"access_token"`
		TokenType   string     `json:"token_type"`
		ExpiresAt   *time.Time `json:"expires_at"`
	}{login.Access.Reveal(), "Bearer", utcOrNil(login.AccessExpiresAt)})
}
