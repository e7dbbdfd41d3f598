package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/spotauth/spotauth/internal/session"
)

func newWhoamiCmd(a *app) *cobra.Command {
	var o whoamiOptions
	cmd := &cobra.Command{
		Use:   "whoami",
		Short: "Ask Spotify who is signed in",
		Long: `Ask Spotify who is signed in: id, name, and the e-mail address where its scope was granted
and Spotify still sends it.

Exit status: 0, 1, 2 for wrong usage, 4 if a login is needed, 5 if Spotify limits the rate,
6 if it cannot be reached, 7 if there is no keychain, 8 if stdout cannot be written.`,
		Example: `  spotauth whoami
  spotauth whoami --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.whoami(cmd.Context(), o) },
	}
	cmd.Flags().BoolVar(&o.json, "json", false, "as JSON")
	return cmd
}

type whoamiOptions struct{ json bool }

func (a *app) whoami(ctx context.Context, o whoamiOptions) (err error) {
	l, err := a.open(session.Settings{})
	if err != nil {
		return err
	}
	defer l.close(&err)
	client, err := l.api()
	if err != nil {
		return err
	}
	user, err := client.Me(ctx)
	if err != nil {
		return err
	}
	if o.json {
		return printJSON(a.console.Out, struct {
			ID        string  `json:"id"`
			AccountID *string `json:"account_id"`
			Name      *string `json:"name"`
			Email     *string `json:"email"`
		}{user.ID, orNil(user.AccountID), orNil(user.DisplayName), orNil(user.Email)})
	}
	line := accountName(session.Account{ID: user.ID, Name: user.DisplayName})
	if user.Email != "" {
		line = fmt.Sprintf("%s <%s>", line, user.Email)
	}
	return write(a.console.Out, line+"\n")
}
