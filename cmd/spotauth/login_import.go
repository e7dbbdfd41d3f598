package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spotauth/spotauth/internal/auth"
	"github.com/spotauth/spotauth/internal/secret"
	"github.com/spotauth/spotauth/internal/session"
)

// importLogin imports the login that spotipy keeps in a .cache file. A refresh proves that
// the client ID fits. The file is not changed.
func (a *app) importLogin(ctx context.Context, o loginOptions) (err error) {
	refresh, err := a.readSpotipyCache(ctx, o.importFile)
	if err != nil {
		return err
	}
	l, c, _, err := a.prepareLogin(ctx, o)
	if err != nil {
		return err
	}
	defer l.close(&err)
	// The answer may replace the token in the file, so neither Ctrl-C nor --debug must interrupt it.
	defer a.logWriter.hold()()
	g, err := refreshGrant(context.WithoutCancel(ctx), c, refresh)
	if errors.Is(err, auth.ErrDead) {
		return withCommand(errors.New("Spotify no longer accepts the login in the file, or it belongs to another client ID"), loginCommand)
	}
	if err != nil {
		return err
	}
	replaced := !g.Refresh.Equal(refresh)
	saved, err := a.saveImported(ctx, l, c, g, o.force, replaced)
	if err != nil && replaced {
		a.console.Warn("Spotify replaced the refresh token in %s, so the login there may have stopped working", inputName(o.importFile))
	}
	if err != nil {
		return err
	}
	l.welcome(saved)
	if o.importFile != onStdin {
		a.console.Warn("%s still holds tokens in plain text; delete it if no other program needs it", o.importFile)
	}
	return nil
}

// saveImported asks Spotify for the account and saves the login. If the token in the file has
// been replaced, Ctrl-C only ends the question whether to replace another account's login.
func (a *app) saveImported(ctx context.Context, l *activeLogin, c auth.Client, g auth.Grant, force, replaced bool) (session.Login, error) {
	whole := ctx
	if replaced {
		whole = context.WithoutCancel(ctx)
	}
	if g.Scopes != nil && !slices.Contains(g.Scopes, defaultScope) {
		return session.Login{}, fmt.Errorf("%w: %s is missing", auth.ErrScope, defaultScope)
	}
	who, err := a.whoHolds(whole, c.Origin, g.Access)
	if err != nil {
		return session.Login{}, err
	}
	if err := a.checkAccount(ctx, l, who, force); err != nil {
		return session.Login{}, err
	}
	// The file does not say when the person agreed, so the end of the six months is not known.
	login := session.Login{ClientID: c.ID, ClientSecret: c.Secret, Account: who}.With(session.Tokens(g), a.now())
	return login, l.Save(whole, login)
}

// readSpotipyCache reads the refresh token, and whether the login has the scope.
func (a *app) readSpotipyCache(ctx context.Context, name string) (secret.String, error) {
	text, err := readInput(ctx, a, name, readUpTo(maxLogin))
	if err != nil {
		return secret.String{}, usageError{err}
	}
	var cache struct {
		RefreshToken string `json:"refresh_token"`
		Scope        string `json:"scope"`
	}
	if json.Unmarshal(text, &cache) != nil || cache.RefreshToken == "" {
		return secret.String{}, usageError{fmt.Errorf("%s is not a .cache file of spotipy: it has no refresh_token", inputName(name))}
	}
	if !slices.Contains(strings.Fields(cache.Scope), defaultScope) {
		return secret.String{}, fmt.Errorf("%w: %s is missing in %s", auth.ErrScope, defaultScope, inputName(name))
	}
	return secret.New(cache.RefreshToken), nil
}
