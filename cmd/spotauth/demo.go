package main

import (
	"context"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/spotauth/spotauth/internal/auth"
	"github.com/spotauth/spotauth/internal/export"
	"github.com/spotauth/spotauth/internal/sandbox"
	"github.com/spotauth/spotauth/internal/session"
	"github.com/spotauth/spotauth/internal/spotify"
)

func newDemoCmd(a *app) *cobra.Command {
	var o demoOptions
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Do the whole job against a built-in stand-in Spotify",
		Long: `Do the whole job against a built-in stand-in: sign in, page through 120 followed artists, print
them as CSV. It needs no account, no browser and no network, and saves nothing: the sign-in is the real
one, the consent is given by a small user agent that presses "agree" on the stand-in's page.

Exit status: 0, 1, 2 for wrong usage, 8 if stdout cannot be written; with --browser also 9 if you
declined or time ran out.`,
		Example: `  spotauth demo
  spotauth demo --browser`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.demo(cmd.Context(), o) },
	}
	cmd.Flags().BoolVar(&o.browser, "browser", false, "agree yourself, in the browser")
	return cmd
}

type demoOptions struct{ browser bool }

func (a *app) demo(ctx context.Context, o demoOptions) error {
	server, err := sandbox.New(sandbox.Options{Artists: 120, Seed: 1})
	if err != nil {
		return err
	}
	defer server.Close()
	inDemo := *a
	inDemo.environ = append([]string{sandboxVar + "=" + server.URL()}, a.environ...)
	a = &inDemo
	a.console.Note("started a stand-in Spotify at %s; nothing leaves this machine", server.URL())

	s := &activeLogin{app: a}
	s.Session = session.Memory(session.Login{}, session.Options{Now: a.now, Refresh: s.refresh})
	if err := a.demoLogin(ctx, s, server.URL(), o.browser); err != nil {
		return err
	}
	client, err := s.api()
	if err != nil {
		return err
	}
	list := &spotify.Listing{Progress: func(unique, total int) { a.console.Note("read a page: %d of %d artists", unique, total) }}
	_, err = export.Write(ctx, a.console.RawOut, export.Options{Format: export.CSV}, client.FollowedArtists(ctx, list))
	if err != nil {
		return err
	}
	a.console.Note("wrote %d artists as CSV to stdout", list.Unique)
	a.console.Note("with your own account: spotauth login, then spotauth artists")
	return nil
}

// demoLogin is the real sign-in, kept in memory.
func (a *app) demoLogin(ctx context.Context, s *activeLogin, address string, browser bool) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	c := auth.Client{Origin: address, ID: sandbox.ClientID, Transport: a.transport}
	r := auth.Request{
		Scopes: []string{defaultScope},
		Ready: func(w auth.Waiting) {
			a.console.Note("listening on http://%s for the answer", w.Addr)
			if browser {
				a.ready(ctx, w, true)
				return
			}
			a.console.Note("consent page: %s", w.URL)
			go func() {
				a.console.Note(`a small user agent opens it and presses "agree"`)
				if err := sandbox.Agree(ctx, http.DefaultClient, w.URL); err != nil {
					cancel(err)
				}
			}()
		},
		Finish: func(ctx context.Context, g auth.Grant) (auth.SignedIn, error) {
			a.console.Note("exchanged the code for tokens, with the PKCE verifier")
			who, err := a.whoHolds(ctx, address, g.Access)
			if err != nil {
				return auth.SignedIn{}, err
			}
			a.console.Note("signed in as %s; kept in memory alone", accountName(who))
			l := session.Login{ClientID: sandbox.ClientID, Account: who, AuthorizedAt: a.now()}
			return auth.SignedIn{Account: who.Name, Next: "spotauth login"}, s.Save(ctx, l.With(tokens(g), a.now()))
		},
	}
	return signIn(ctx, c, r)
}
