package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
)

func newWhoamiCmd(a *app) *cobra.Command {
	var o whoamiOptions
	cmd := &cobra.Command{
		Use:   "whoami",
		Short: "Ask Spotify which account is signed in",
		Long: `Ask Spotify which account is signed in: its ID, its name, and its e-mail
address if that scope was granted and Spotify still sends it.

` + exitStatuses + status0 + status1 + status2 + status4 + status5 + status6 + status7 + status8,
		Example: `  spotauth whoami
  spotauth whoami --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.whoami(cmd.Context(), o) },
	}
	cmd.Flags().BoolVar(&o.json, "json", false, "print JSON")
	return cmd
}

type whoamiOptions struct{ json bool }

func (a *app) whoami(ctx context.Context, o whoamiOptions) (err error) {
	l, client, err := a.openWithAPI()
	if err != nil {
		return err
	}
	defer l.close(&err)
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
	line := accountName(accountOf(user))
	if user.Email != "" {
		line = fmt.Sprintf("%s <%s>", line, user.Email)
	}
	return write(a.console.Out, line+"\n")
}
