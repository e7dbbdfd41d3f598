package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spotauth/spotauth/internal/auth"
	"github.com/spotauth/spotauth/internal/secret"
	"github.com/spotauth/spotauth/internal/session"
)

// importLogin takes over the login that spotipy keeps in a .cache file. A
// refresh proves that the client id fits; the file is left as it is.
func (a *app) importLogin(ctx context.Context, o loginOptions) error {
	refresh, err := readSpotipyCache(o.importFile)
	if err != nil {
		return err
	}
	s, c, err := a.prepareLogin(ctx, o)
	if err != nil {
		return err
	}
	g, err := auth.Refresh(ctx, c, refresh)
	if errors.Is(err, auth.ErrDead) {
		return hinted{errors.New("spotify no longer accepts the login in the file, or it belongs to another client id"), loginHint}
	}
	if err != nil {
		return err
	}
	if !slices.Contains(g.Scopes, defaultScope) {
		return fmt.Errorf("%w: %s is missing", auth.ErrScope, defaultScope)
	}
	who, err := a.whoHolds(ctx, c.Origin, g.Access)
	if err != nil {
		return err
	}
	if err := a.sameAccount(ctx, s, who, o.force); err != nil {
		return err
	}
	// When the person agreed is not in the file, so the end of the six months is not known.
	l := session.Login{ClientID: c.ClientID, ClientSecret: c.ClientSecret, Account: who, Refresh: refresh}
	if err := s.Save(ctx, l.With(tokens(g), a.now())); err != nil {
		return err
	}
	a.welcome(who)
	a.console.Warn("%s still holds tokens in plain text; delete it when no other program needs it", o.importFile)
	return nil
}

// readSpotipyCache reads the refresh token, and whether the scope will do.
func readSpotipyCache(name string) (secret.String, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return secret.String{}, usageError{fmt.Errorf("reading the login to import: %w", err)}
	}
	var cache struct {
		RefreshToken string `json:"refresh_token"`
		Scope        string `json:"scope"`
	}
	if json.Unmarshal(text, &cache) != nil || cache.RefreshToken == "" {
		return secret.String{}, usageError{fmt.Errorf("%s is not a .cache file of spotipy: it has no refresh_token", name)}
	}
	if !slices.Contains(strings.Fields(cache.Scope), defaultScope) {
		return secret.String{}, fmt.Errorf("%w: %s is missing in %s", auth.ErrScope, defaultScope, name)
	}
	return secret.New(cache.RefreshToken), nil
}
