package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spotauth/spotauth/internal/auth"
	"github.com/spotauth/spotauth/internal/secret"
)

const registerSteps = `spotauth needs the client ID of a Spotify app of your own, once. It takes two minutes:

  1. Open https://developer.spotify.com/dashboard and choose "Create app".
     The owner of the app needs Spotify Premium.
  2. Choose any name that doesn't begin with "Spot" (Spotify's rule).
  3. Set the redirect URI to exactly   http://127.0.0.1/callback
     and choose "Web API".
  4. Save, open "Settings" and copy the client ID.

`

// askClientID shows how to register an app and asks for its client ID.
func (a *app) askClientID(ctx context.Context) (string, error) {
	if !a.console.InIsTerminal || !a.console.ErrIsTerminal {
		return "", withHint(usageError{errors.New("no client ID: use --client-id or set SPOTAUTH_CLIENT_ID")},
			"register an app at https://developer.spotify.com/dashboard, then run \"spotauth login --client-id ID\"")
	}
	fmt.Fprint(a.console.Err, registerSteps)
	for {
		id, err := a.console.Ask(ctx, "Paste the client ID: ")
		if errors.Is(err, io.EOF) {
			return "", usageError{errors.New("no client ID was entered")}
		}
		if err != nil {
			return "", err
		}
		id = strings.TrimSpace(id)
		if err := auth.CheckClientID(id); err == nil {
			return id, nil
		}
		a.console.Say("that doesn't look like a client ID (32 characters, 0-9 and a-f)")
	}
}

func (a *app) readSecret(ctx context.Context) (secret.String, error) {
	read := func() (string, error) { return a.console.ReadLine(ctx, 1024) }
	if a.console.InIsTerminal {
		read = func() (string, error) { return a.console.AskSecret(ctx, "Paste the client secret (hidden): ") }
	}
	text, err := read()
	if text = strings.TrimSpace(text); err != nil || text == "" {
		return secret.String{}, usageError{errors.New("no client secret on stdin")}
	}
	return secret.New(text), nil
}
