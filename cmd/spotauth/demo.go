package main

import (
	"context"
	"fmt"
	"iter"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/spotauth/spotauth/internal/auth"
	"github.com/spotauth/spotauth/internal/console"
	"github.com/spotauth/spotauth/internal/export"
	"github.com/spotauth/spotauth/internal/sandbox"
	"github.com/spotauth/spotauth/internal/session"
	"github.com/spotauth/spotauth/internal/spotify"
)

func newDemoCmd(a *app) *cobra.Command {
	var o demoOptions
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Try the whole workflow with a built-in stand-in for Spotify",
		Long: `Try the whole workflow with a built-in stand-in for Spotify: sign in, then
read 120 followed artists page by page. You need no account, browser or
network, and nothing is saved. The sign-in code is the real one; a built-in
client clicks Agree on the stand-in's consent page.

On a terminal, you see each step and a table of ten artists. In a pipe, you
get all of them as CSV.

` + exitStatuses + status0 + status1 + status2 + status8 + status9,
		Example: `  spotauth demo
  spotauth demo --browser`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.demo(cmd.Context(), o) },
	}
	cmd.Flags().BoolVar(&o.browser, "browser", false, "click Agree yourself, in the browser")
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

	l := &activeLogin{app: a}
	l.Session = session.Memory(session.Login{}, session.Options{Now: a.now, Refresh: l.refresh})
	if err := a.demoLogin(ctx, l, server.URL(), o.browser); err != nil {
		return err
	}
	client, err := l.api()
	if err != nil {
		return err
	}
	list := &spotify.Listing{Progress: func(unique, total int) { a.console.Note("read a page: %d of %d artists", unique, total) }}
	if err := a.showDemo(ctx, list, client.FollowedArtists(ctx, list)); err != nil {
		return err
	}
	a.console.Note("to export your own list, run: spotauth login")
	return nil
}

// demoRows is how many artists the demo shows on a terminal.
const demoRows = 10

// showDemo shows the first artists in a table on a terminal, and writes all of them to a pipe.
func (a *app) showDemo(ctx context.Context, list *spotify.Listing, artists iter.Seq2[spotify.Artist, error]) error {
	if !a.console.OutIsTerminal {
		_, err := export.Write(ctx, a.console.RawOut, export.Options{Format: export.CSV}, artists)
		if err == nil {
			a.console.Note("wrote %d artists as CSV to stdout", list.Unique)
		}
		return err
	}
	how := export.Options{Format: export.Table, Safe: console.Safe, Width: a.console.Width(), Color: a.console.Color, Links: a.console.Links}
	if _, err := export.Write(ctx, a.console.RawOut, how, upTo(demoRows, artists)); err != nil {
		return err
	}
	return write(a.console.Out, fmt.Sprintf("… and %d more\n", list.Unique-demoRows))
}

// upTo passes on the first artists only, but reads all of them.
func upTo(most int, artists iter.Seq2[spotify.Artist, error]) iter.Seq2[spotify.Artist, error] {
	return func(yield func(spotify.Artist, error) bool) {
		n := 0
		for artist, err := range artists {
			if n++; (n <= most || err != nil) && !yield(artist, err) {
				return
			}
		}
	}
}

// demoLogin is the real sign-in, except that it keeps the login in memory.
func (a *app) demoLogin(ctx context.Context, l *activeLogin, address string, browser bool) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	c := auth.Client{Origin: address, ID: sandbox.ClientID, Transport: a.transport}
	r := auth.Request{
		Scopes: []string{defaultScope},
		Ready: func(w auth.Waiting) {
			a.console.Note("listening on http://%s for the reply", w.Addr)
			if browser {
				a.ready(ctx, w, true)
				return
			}
			a.console.Note("consent page: %s", w.URL)
			go func() {
				a.console.Note("a built-in client opens it and clicks Agree")
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
			a.console.Note("signed in as %s; the login is kept only in memory", accountName(who))
			login := session.Login{ClientID: sandbox.ClientID, Account: who, AuthorizedAt: a.now()}
			return auth.SignedIn{Account: who.Name, Next: "spotauth login"}, l.Save(ctx, login.With(session.Tokens(g), a.now()))
		},
	}
	return signIn(ctx, c, r)
}
