package main

import (
	"context"
	"errors"
	"strings"

	"github.com/spotauth/spotauth/internal/auth"
	"github.com/spotauth/spotauth/internal/sandbox"
	"github.com/spotauth/spotauth/internal/secret"
	"github.com/spotauth/spotauth/internal/spotify"
)

// Every token or client secret that goes to Spotify or a stand-in passes through one of the
// functions in this file, and each of them calls checkDestination before anything is
// sent, or has the client call it. Secrets come in by many ways (docs/security.md lists them), so
// they are checked on the way out.

// checkDestination refuses to send a real secret to a stand-in, which may be any
// program on this machine, or a stand-in's secret to Spotify. origin is "" for Spotify.
func checkDestination(origin string, secrets ...secret.String) error {
	for _, s := range secrets {
		switch {
		case s.Empty() || isFromStandIn(s) == (origin != ""):
		case origin != "":
			return withHint(usageError{errors.New("a real token or client secret is never sent to a stand-in")},
				"to use Spotify itself, unset "+sandboxVar)
		default:
			return withHint(usageError{errors.New("this token or client secret belongs to a stand-in, not to Spotify")},
				"set "+sandboxVar+" to the address of the stand-in")
		}
	}
	return nil
}

// isFromStandIn reports whether a stand-in issued the secret.
func isFromStandIn(s secret.String) bool {
	return strings.HasPrefix(s.Reveal(), sandbox.TokenPrefix) || s.Reveal() == sandbox.ClientSecret
}

// signIn signs a person in through the browser. r.Finish gets the tokens.
func signIn(ctx context.Context, c auth.Client, r auth.Request) error {
	if err := checkDestination(c.Origin, c.Secret); err != nil {
		return err
	}
	_, err := c.Login(ctx, r)
	return err
}

// exchange ends a sign-in that --begin began.
func exchange(ctx context.Context, c auth.Client, p auth.Pending, pasted string) (auth.Grant, error) {
	if err := checkDestination(c.Origin, c.Secret); err != nil {
		return auth.Grant{}, err
	}
	return c.Complete(ctx, p, pasted)
}

// refreshGrant asks the token endpoint for a new access token.
func refreshGrant(ctx context.Context, c auth.Client, refresh secret.String) (auth.Grant, error) {
	if err := checkDestination(c.Origin, refresh, c.Secret); err != nil {
		return auth.Grant{}, err
	}
	return c.Refresh(ctx, refresh)
}

// client is the Web API with the access tokens that token gives.
func (a *app) client(origin string, token func(ctx context.Context, refused secret.String) (secret.String, error)) *spotify.Client {
	return &spotify.Client{
		Origin: origin, Transport: a.transport, MaxWait: a.maxWait, Waiting: a.waiting, Token: token,
		CheckToken: func(t secret.String) error { return checkDestination(origin, t) },
	}
}
