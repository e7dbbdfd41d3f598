package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/spotauth/spotauth/internal/console"
	"github.com/spotauth/spotauth/internal/session"
)

func newProfileCmd(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "profile",
		Short: "Manage several accounts",
		Long: `Manage several accounts. A profile is one login and its settings. To create
one, sign in with --profile NAME. spotauth uses --profile, then
SPOTAUTH_PROFILE, then the profile set by "profile use".

` + exitStatuses + status0 + status1 + status2 + status7 + status8,
		Example: `  spotauth login --profile work
  spotauth profile list
  spotauth profile use work
  spotauth profile remove work`,
	}
	cmd.AddCommand(newProfileListCmd(a),
		&cobra.Command{
			Use: "use NAME", Short: "Set the default profile", Args: oneProfile, ValidArgsFunction: a.completeProfiles,
			Long: `Set the profile to use if neither --profile nor SPOTAUTH_PROFILE names one.

` + exitStatuses + status0 + status1 + status2,
			Example: `  spotauth login --profile work
  spotauth profile use work`,
			RunE: func(cmd *cobra.Command, args []string) error { return a.profileUse(cmd.Context(), args[0]) },
		},
		&cobra.Command{
			Use: "remove NAME", Short: "Delete the login and the settings of a profile", Args: oneProfile, ValidArgsFunction: a.completeProfiles,
			Long: `Delete the saved login of a profile and its settings.

` + exitStatuses + status0 + status1 + status2 + status7,
			Example: `  spotauth login --profile work
  spotauth profile remove work`,
			RunE: func(cmd *cobra.Command, args []string) error { return a.profileRemove(cmd.Context(), args[0]) },
		},
	)
	return makeParent(cmd)
}

func newProfileListCmd(a *app) *cobra.Command {
	var o profileListOptions
	cmd := &cobra.Command{
		Use: "list", Short: "List the profiles", Args: cobra.NoArgs,
		Long: `List the profiles: name, account, store, and when the login ends. A * marks
the default profile. It reads the settings and contacts neither the keychain
nor Spotify.

` + exitStatuses + status0 + status1 + status2 + status8,
		Example: `  spotauth profile list
  spotauth profile list --json`,
		RunE: func(*cobra.Command, []string) error { return a.profileList(o) },
	}
	cmd.Flags().BoolVar(&o.json, "json", false, "print JSON")
	return cmd
}

func oneProfile(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return withCommand(usageError{fmt.Errorf("%s needs the name of a profile", cmd.CommandPath())}, "spotauth profile list")
	}
	return cobra.ExactArgs(1)(cmd, args)
}

type profileListOptions struct{ json bool }

// A listedProfile is what `profile list --json` prints of a profile.
type listedProfile struct {
	Name      string     `json:"name"`
	Default   bool       `json:"default"`
	Account   *string    `json:"account"`
	ClientID  string     `json:"client_id"`
	Store     string     `json:"store"`
	LoginEnds *time.Time `json:"login_ends"`
	SignedOut bool       `json:"signed_out"`
}

func (a *app) profileList(o profileListOptions) error {
	options, err := a.sessionOptions(session.Settings{})
	if err != nil {
		return err
	}
	profiles, err := session.Profiles(options)
	if err != nil {
		return err
	}
	list := []listedProfile{}
	for _, p := range profiles {
		l := listedProfile{
			Name: p.Name, Default: p.Default, ClientID: p.Settings.ClientID, Store: p.Settings.Store,
			LoginEnds: utcOrNil(p.LoginEnds), SignedOut: p.SignedOut,
		}
		if p.Account != "" {
			l.Account = &p.Account
		}
		list = append(list, l)
	}
	if o.json {
		return printJSON(a.console.Out, list)
	}
	if len(list) == 0 {
		a.console.Note("no profiles yet; \"spotauth login\" creates one")
		return nil
	}
	return a.showProfiles(list)
}

// showProfiles reads the settings alone, so what Spotify has ended in the meantime is not known.
func (a *app) showProfiles(list []listedProfile) error {
	rows := [][]string{{" ", "NAME", "ACCOUNT", "STORE", "LOGIN ENDS"}}
	for _, p := range list {
		mark, account, ends := " ", "-", "not known"
		if p.Default {
			mark = "*"
		}
		if p.Account != nil {
			account = *p.Account
		}
		switch {
		case p.SignedOut:
			ends = "signed out"
		case p.LoginEnds != nil && p.LoginEnds.Before(a.now()):
			ends = "ended " + day(*p.LoginEnds)
		case p.LoginEnds != nil:
			ends = day(*p.LoginEnds)
		}
		rows = append(rows, []string{mark, p.Name, account, p.Store, ends})
	}
	var text strings.Builder
	for i, row := range console.Columns(rows) {
		line := row[0][:1] + " " + strings.Join(row[1:], "") // one blank is enough after the mark
		if i == 0 {
			line = a.console.Paint(console.Bold, line)
		}
		text.WriteString(line + "\n")
	}
	return write(a.console.RawOut, text.String())
}

func (a *app) profileUse(ctx context.Context, name string) error {
	o, err := a.sessionOptions(session.Settings{})
	if err != nil {
		return err
	}
	if err := requireProfile(o, name); err != nil {
		return usageError{err}
	}
	if err := session.SetDefault(ctx, o, name); err != nil {
		return err
	}
	a.console.Note("%s is now the default profile", name)
	return nil
}

func (a *app) profileRemove(ctx context.Context, name string) error {
	o, err := a.savedOptions()
	if err != nil {
		return err
	}
	o.Profile = name
	if err := requireProfile(o, o.Profile); err != nil {
		return usageError{err}
	}
	s, err := session.Open(o)
	if err != nil {
		return err
	}
	if err := s.Remove(ctx); err != nil {
		return err
	}
	a.console.Note("deleted profile %s", name)
	return nil
}

// requireProfile refuses a profile that no login has created. "default" always exists.
func requireProfile(o session.Options, name string) error {
	if name == "" || name == "default" {
		return nil
	}
	profiles, err := session.Profiles(o)
	if err != nil {
		return err
	}
	names := []string{"default"}
	for _, p := range profiles {
		if p.Name == name {
			return nil
		}
		if p.Name != "default" {
			names = append(names, p.Name)
		}
	}
	return noProfileError{name, names}
}
