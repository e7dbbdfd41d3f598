package main

import (
	"cmp"
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/spotauth/spotauth/internal/session"
)

func newLogoutCmd(a *app) *cobra.Command {
	var o logoutOptions
	cmd := &cobra.Command{
		Use:        "logout",
		Short:      "Delete the saved login",
		SuggestFor: []string{"signout", "sign-out"},
		Long: `Delete the saved login, and make sure that it is gone.

Spotify has no call that ends a login, so the app keeps access until you
remove it at https://www.spotify.com/account/apps/ or the six months run out.
The client ID of the profile stays, so you don't have to enter it again.

` + exitStatuses + status0 + status1 + status2 + status7,
		Example: `  spotauth logout
  spotauth logout --all`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.logout(cmd.Context(), o) },
	}
	cmd.Flags().BoolVar(&o.all, "all", false, "delete the logins of all profiles")
	return cmd
}

type logoutOptions struct{ all bool }

func (a *app) logout(ctx context.Context, o logoutOptions) error {
	options, err := a.savedOptions()
	if err != nil {
		return err
	}
	if err := requireProfile(options, options.Profile); err != nil {
		return usageError{err}
	}
	names := []string{a.profile}
	if o.all {
		profiles, err := session.Profiles(options)
		if err != nil {
			return err
		}
		names = nil
		for _, p := range profiles {
			names = append(names, p.Name)
		}
	}
	var failed error
	removedAny := false
	for _, name := range names {
		options.Profile = name
		removed, err := a.forget(ctx, options)
		if o.all && errors.Is(err, session.ErrInvalid) {
			continue // only an editor can have put this name there, and no login is saved under it
		}
		failed, removedAny = cmp.Or(failed, err), removedAny || removed
	}
	if removedAny {
		a.console.Note("Spotify still lists the app until you remove it at https://www.spotify.com/account/apps/")
	}
	return failed
}

// forget deletes the login of one profile, and says so only when it is gone.
func (a *app) forget(ctx context.Context, o session.Options) (removed bool, err error) {
	s, err := session.Open(o)
	if err != nil {
		return false, err
	}
	if s.Settings().ClientID == "" { // the settings are lost, so other commands go by the variable
		s.SetClientID(a.credential("SPOTAUTH_CLIENT_ID"))
	}
	_, missing := s.Load(ctx)
	if err := s.Forget(ctx); err != nil {
		return false, err
	}
	if errors.Is(missing, session.ErrNone) {
		a.console.Note("no login is saved in profile %s", s.Profile())
		return false, nil
	}
	a.console.Note("deleted the login of profile %s", s.Profile())
	return true, nil
}
