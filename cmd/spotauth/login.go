package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/spotauth/spotauth/internal/auth"
	"github.com/spotauth/spotauth/internal/console"
	"github.com/spotauth/spotauth/internal/sandbox"
	"github.com/spotauth/spotauth/internal/secret"
	"github.com/spotauth/spotauth/internal/session"
	"github.com/spotauth/spotauth/internal/spotify"
)

const defaultScope = "user-follow-read"

func newLoginCmd(a *app) *cobra.Command {
	var o loginOptions
	cmd := &cobra.Command{
		Use:        "login",
		Short:      "Sign in through the browser and save the login",
		SuggestFor: []string{"signin", "sign-in"},
		Long: `Sign in through the browser, check which account it is, and save the login in
the keychain.

spotauth opens Spotify's consent page in the browser and prints its URL. If
the browser runs on another machine, the page after "Agree" fails to load
there. Paste its URL into the terminal.

Without a terminal (in a container, for example), --begin prints the URL on
stdout, and --finish reads the URL of the failed page from stdin.

The client ID is that of your own app. If you haven't given one yet, spotauth
explains how to register an app.

` + exitStatuses + status0 + status1 + status2 + status4 + status5 + status6 + status7 + status8 + status9,
		Example: `  spotauth login
  spotauth login --client-id 5107a0c3d9e84b6f8a2b1c4d7e9f0a35
  spotauth login --redirect-uri http://127.0.0.1:5000/spotify/callback
  spotauth login --client-id c0ffee12d4a94f5e9b3a6c8d2e1f7b40 \
    --client-secret-stdin < secret.txt
  spotauth login --begin
  spotauth login --finish < address.txt`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.loginBy(o)(cmd.Context(), o) },
	}
	o.addFlags(cmd)
	completeBy(cmd, "store", a.completeStore)
	return cmd
}

// loginBy chooses the way to sign in that the flags ask for.
func (a *app) loginBy(o loginOptions) func(context.Context, loginOptions) error {
	switch {
	case o.begin && o.finish, o.importFile != "" && (o.begin || o.finish):
		return func(context.Context, loginOptions) error {
			return usageError{errors.New("--begin, --finish and --import can't be combined")}
		}
	case o.secretStdin && (o.begin || o.finish):
		return func(context.Context, loginOptions) error {
			return usageError{errors.New("--begin and --finish can't read a client secret from stdin; for --finish, set SPOTAUTH_CLIENT_SECRET")}
		}
	case o.begin:
		return a.beginLogin
	case o.finish:
		return a.finishLogin
	case o.importFile != "":
		return a.importLogin
	}
	return a.login
}

type loginOptions struct {
	clientID, redirectURI, store              string
	scopes                                    []string
	secretStdin, noBrowser, switchUser, force bool
	timeout                                   time.Duration

	begin, finish bool
	importFile    string
}

func (o *loginOptions) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.clientID, "client-id", "", "the app's client `ID` (SPOTAUTH_CLIENT_ID)")
	f.StringVar(&o.redirectURI, "redirect-uri", "", "the redirect `URI`, exactly as registered (default "+auth.DefaultRedirectURI+", with any free port)")
	f.StringArrayVar(&o.scopes, "scope", nil, "ask for `SCOPE` in addition to "+defaultScope+" and what the login has (repeatable)")
	f.BoolVar(&o.secretStdin, "client-secret-stdin", false, "read the app's client secret from stdin")
	f.BoolVar(&o.noBrowser, "no-browser", false, "print the URL without opening a browser")
	f.BoolVar(&o.switchUser, "switch-account", false, "let Spotify ask which account to use")
	f.BoolVar(&o.force, "force", false, "replace the login of another account without asking")
	f.DurationVar(&o.timeout, "timeout", auth.DefaultTimeout, "wait for the browser for `TIME`")
	f.BoolVar(&o.begin, "begin", false, "print the URL to open; --finish ends the sign-in")
	f.BoolVar(&o.finish, "finish", false, "read the URL that the browser ended on from stdin, within 10 minutes of --begin")
	f.StringVar(&o.importFile, "import", "", "import the login from `FILE`, a .cache file of spotipy")
	f.StringVar(&o.store, "store", "", "save the login in `STORE`: keychain, file or helper:NAME (default: as before, else keychain)")
	completeBy(cmd, "scope", completeScopes)
	completeFile(cmd, "import")
}

func (a *app) login(ctx context.Context, o loginOptions) (err error) {
	l, c, r, err := a.prepareLogin(ctx, o)
	if err != nil {
		return err
	}
	defer l.close(&err)
	var saved session.Login
	r.Ready = func(w auth.Waiting) { a.ready(ctx, w, !o.noBrowser) }
	r.Notice = a.notice
	r.Finish = func(ctx context.Context, g auth.Grant) (auth.SignedIn, error) {
		var err error
		saved, err = a.accept(ctx, l, c, g, o)
		return auth.SignedIn{Account: saved.Account.Name, Until: saved.ReauthBy(), Next: a.withProfile(artistsCommand)}, err
	}
	defer a.logWriter.hold()() // the code works once
	err = signIn(ctx, c, r)
	var unanswered *auth.UnansweredError
	if errors.As(err, &unanswered) {
		return withHint(err, "the app's redirect URI must be exactly "+unanswered.Register+"; for other errors in the browser, see https://github.com/spotauth/spotauth#troubleshooting")
	}
	if err != nil {
		return err
	}
	l.welcome(saved)
	return nil
}

// welcome prints the account, the end of the login and the next command. It warns if a
// variable will be used instead of the login.
func (l *activeLogin) welcome(saved session.Login) {
	a := l.app
	until := ""
	if by := saved.ReauthBy(); !by.IsZero() {
		until = " until " + day(by)
	}
	store := l.Settings().Store
	if inWords, ok := map[string]string{"keychain": "the keychain", "file": "a file"}[store]; ok {
		store = inWords
	}
	a.console.Note("signed in as %s%s; saved in %s", cmp.Or(saved.Account.Name, saved.Account.ID), until, store)
	a.console.Note("next: %s", a.withProfile(artistsCommand))
	for _, name := range []string{refreshTokenVar, accessTokenVar} {
		if a.env(name) != "" {
			a.console.Warn("%s in the environment is used instead of the saved login", name)
		}
	}
}

// prepareLogin finds every problem that it can before a person is asked for consent.
func (a *app) prepareLogin(ctx context.Context, o loginOptions) (l *activeLogin, c auth.Client, r auth.Request, err error) {
	if o.timeout <= 0 {
		return l, c, r, usageError{errors.New("--timeout must be more than 0")}
	}
	l, err = a.openToSave(session.Settings{ClientID: o.clientID, RedirectURI: o.redirectURI, Store: o.store})
	if err != nil {
		return l, c, r, err
	}
	// Nobody should register an app first, and learn then that the keychain doesn't work.
	if err = l.Probe(ctx); err != nil {
		return l, c, r, err
	}
	if c, err = a.loginClient(ctx, l, o); err != nil {
		return l, c, r, err
	}
	r = a.loginRequest(l.Session, o)
	if err = auth.CheckRedirectURI(r.RedirectURI); err != nil {
		return l, c, r, err
	}
	l.SetClientID(c.ID) // it may be the stand-in's
	before, err := ignoreUnusable(l.Load(ctx))
	if err != nil {
		return l, c, r, err
	}
	r.Scopes = scopes(before.Scopes, o.scopes)
	return l, c, r, l.waitForLimits(ctx)
}

// loginClient returns the app to sign in with. It asks for the client ID if neither a flag, a
// variable nor the settings have one.
func (a *app) loginClient(ctx context.Context, l *activeLogin, o loginOptions) (auth.Client, error) {
	address, err := a.origin()
	if err != nil {
		return auth.Client{}, err
	}
	c := auth.Client{Origin: address, ID: l.Settings().ClientID, Transport: a.transport}
	if c.ID == "" && address != "" {
		c.ID = sandbox.ClientID
	}
	if c.ID == "" {
		if c.ID, err = a.askClientID(ctx); err != nil {
			return c, err
		}
		l.SetClientID(c.ID)
		if err = l.SaveSettings(ctx); err != nil {
			return c, err
		}
	}
	if o.secretStdin {
		if c.Secret, err = a.readSecret(ctx); err != nil {
			return c, err
		}
	}
	return c, auth.CheckClientID(c.ID)
}

// loginRequest is the request for consent.
func (a *app) loginRequest(s *session.Session, o loginOptions) auth.Request {
	r := auth.Request{
		RedirectURI: redirectURIOf(s),
		ShowDialog:  o.switchUser, Timeout: o.timeout,
	}
	if a.console.InForeground() && a.console.ErrIsTerminal {
		r.Paste = func(ctx context.Context) (string, error) {
			return a.console.AskSecret(ctx, "If the page after \"Agree\" doesn't load, paste its URL here (hidden): ")
		}
	}
	return r
}

// redirectURIOf is the redirect URI that the app must have.
func redirectURIOf(s *session.Session) string {
	return cmp.Or(s.Settings().RedirectURI, auth.DefaultRedirectURI)
}

// scopes returns the scopes to ask for, each once: the default one, those that the login has,
// and the added ones.
func scopes(before, added []string) []string {
	all := []string{defaultScope}
	for _, given := range slices.Concat(before, added) {
		for _, one := range strings.FieldsFunc(given, func(r rune) bool { return r == ' ' || r == ',' }) {
			if !slices.Contains(all, one) {
				all = append(all, one)
			}
		}
	}
	return all
}

// ignoreUnusable treats a corrupt login like none, so that a new one can replace it.
func ignoreUnusable(login session.Login, err error) (session.Login, error) {
	if errors.Is(err, session.ErrNone) || errors.Is(err, session.ErrCorrupt) {
		return session.Login{}, nil
	}
	return login, err
}

// accept asks Spotify for the account, checks that it is the expected one, and saves the
// login.
func (a *app) accept(ctx context.Context, l *activeLogin, c auth.Client, g auth.Grant, o loginOptions) (session.Login, error) {
	who, err := a.whoHolds(ctx, c.Origin, g.Access)
	if err != nil {
		return session.Login{}, err
	}
	err = a.checkAccount(ctx, l, who, o.force || o.switchUser)
	if errors.As(err, new(accountChangedError)) { // the browser was still signed in to it
		err = withHint(err, "add --switch-account to choose the account, --profile NAME to keep both, or --force to replace the saved login")
	}
	if err != nil {
		return session.Login{}, err
	}
	now := a.now()
	login := session.Login{
		ClientID: c.ID, ClientSecret: c.Secret, Account: who, AuthorizedAt: now.UTC().Truncate(time.Second),
	}.With(session.Tokens(g), now)
	return login, l.Save(ctx, login)
}

func (a *app) whoHolds(ctx context.Context, origin string, token secret.String) (session.Account, error) {
	client := a.client(origin, func(context.Context, secret.String) (secret.String, error) { return token, nil })
	user, err := client.Me(ctx)
	return accountOf(user), err
}

func accountOf(u spotify.User) session.Account {
	return session.Account{ID: u.ID, Name: u.DisplayName}
}

// checkAccount asks before the login of one account replaces that of another. isWanted says
// that the user has already agreed.
func (a *app) checkAccount(ctx context.Context, l *activeLogin, now session.Account, isWanted bool) error {
	replaced, err := ignoreUnusable(l.Replaced(ctx))
	before := replaced.Account
	if err != nil || before.ID == "" || before.ID == now.ID {
		return err
	}
	a.console.Warn("this replaces the login of %s with that of %s", accountName(before), accountName(now))
	if isWanted {
		return nil
	}
	answer, err := a.console.Ask(ctx, "replace the saved login? [y/N] ")
	if errors.Is(err, console.ErrNotTerminal) {
		return accountChangedError{before, now}
	}
	if err == nil && strings.HasPrefix(strings.ToLower(strings.TrimSpace(answer)), "y") {
		return nil
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return accountChangedError{before, now}
}

// accountChangedError says that the sign-in was for a different account than the saved login.
type accountChangedError struct{ before, now session.Account }

func (e accountChangedError) Error() string {
	return fmt.Sprintf("signed in as %s, but the saved login is for %s; it was left unchanged", accountName(e.now), accountName(e.before))
}
