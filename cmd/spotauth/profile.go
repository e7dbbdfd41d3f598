package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/spotauth/spotauth/internal/session"
)

func newProfileCmd(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "profile",
		Short: "Keep several accounts apart",
		Long: `Keep several accounts apart. A profile is one login and its settings; sign in with --profile NAME
to make one. Which one is meant: --profile, then SPOTAUTH_PROFILE, then the one of "profile use".

Exit status: 0, 2 for wrong usage or an unknown profile, 7 if there is no keychain.`,
		Example: `  spotauth login --profile work
  spotauth profile list
  spotauth profile use work
  spotauth profile remove work`,
	}
	cmd.AddCommand(
		&cobra.Command{
			Use: "list", Short: "List the profiles", Args: cobra.NoArgs,
			Long: `List the profiles: name, client id, store, and which one is meant where none is named.

Exit status: 0, 1, 2 for wrong usage, 8 if stdout cannot be written.`,
			Example: `  spotauth profile list`,
			RunE:    func(*cobra.Command, []string) error { return a.profileList() },
		},
		&cobra.Command{
			Use: "use NAME", Short: "Make a profile the one that is meant where none is named", Args: cobra.ExactArgs(1), ValidArgsFunction: a.completeProfiles,
			Long: `Make a profile the one that is meant where neither --profile nor SPOTAUTH_PROFILE names one.

Exit status: 0, 1, 2 for wrong usage or an unknown profile.`,
			Example: `  spotauth login --profile work
  spotauth profile use work`,
			RunE: func(cmd *cobra.Command, args []string) error { return a.profileUse(cmd.Context(), args[0]) },
		},
		&cobra.Command{
			Use: "remove NAME", Short: "Forget the login and the settings of a profile", Args: cobra.ExactArgs(1), ValidArgsFunction: a.completeProfiles,
			Long: `Forget the saved login of a profile and its settings.

Exit status: 0, 1, 2 for wrong usage or an unknown profile, 7 if there is no keychain.`,
			Example: `  spotauth login --profile work
  spotauth profile remove work`,
			RunE: func(cmd *cobra.Command, args []string) error { return a.profileRemove(cmd.Context(), args[0]) },
		},
	)
	return group(cmd)
}

func (a *app) profileList() error {
	o, err := a.sessionOptions(session.Settings{})
	if err != nil {
		return err
	}
	profiles, err := session.Profiles(o)
	if err != nil {
		return err
	}
	var text strings.Builder
	columns := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, p := range profiles {
		mark := ""
		if p.Default {
			mark = "default"
		}
		fmt.Fprintf(columns, "%s\t%s\t%s\t%s\n", p.Name, p.Settings.ClientID, p.Settings.Store, mark)
	}
	if err := columns.Flush(); err != nil {
		return err
	}
	if len(profiles) == 0 {
		a.console.Note("no profiles yet; spotauth login makes one")
	}
	return write(a.console.Out, text.String())
}

func (a *app) profileUse(ctx context.Context, name string) error {
	o, err := a.sessionOptions(session.Settings{})
	if err != nil {
		return err
	}
	if err := requireProfile(o, name); err != nil {
		return usageError{err}
	}
	if err := session.Use(ctx, o, name); err != nil {
		return err
	}
	a.console.Note("profile %s is meant where none is named", name)
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
	a.console.Note("removed profile %s", name)
	return nil
}
