package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/spotauth/spotauth/internal/auth"
	"github.com/spotauth/spotauth/internal/session"
)

// What takes too long to provoke in a script is said in these words.
func TestMessagesThatTakeLong(t *testing.T) {
	for _, tt := range []struct {
		say  func(a *app)
		want string
	}{
		{func(a *app) { a.say(a.explain(fmt.Errorf("locking: %w", session.ErrBusy))) },
			"spotauth: error: another spotauth has been busy with this login for too long\n" +
				"spotauth: hint: end it, then try again\n"},
		{func(a *app) {
			a.say(a.explain(&session.StoreError{Store: "keychain", Doing: "reading", Err: session.ErrNewer}))
		},
			"spotauth: error: the login was saved by a newer spotauth\n" +
				"spotauth: hint: update spotauth\n"},
		{func(a *app) { a.say(a.explain(session.ErrNotSaved)) },
			"spotauth: error: the refreshed login could not be saved; the saved one may have stopped working\n" +
				"spotauth: hint: run \"spotauth login\"\n"},
		{func(a *app) { a.say(a.explain(fmt.Errorf("cannot listen on 127.0.0.1:80: %w", auth.ErrPortReserved))) },
			"spotauth: error: cannot listen on 127.0.0.1:80: the system reserves this port\n" +
				"spotauth: hint: choose another port, or register http://127.0.0.1/callback, which accepts any port\n"},
		{func(a *app) { a.notice(auth.ErrStartedTwice) },
			"spotauth: warning: the sign-in page was opened twice; if one of them wasn't you, press Ctrl-C and start again\n"},
		{func(a *app) { a.notice(&auth.UnansweredError{Register: "http://127.0.0.1/callback"}) },
			"spotauth: still waiting; if the browser shows \"INVALID_CLIENT: Invalid redirect URI\", the app's settings must have exactly this one:\n" +
				"\nhttp://127.0.0.1/callback\n\n" +
				"spotauth: localhost, https or a slash at the end don't match; \"INVALID_CLIENT: Invalid client\" means that the client ID is wrong\n"},
	} {
		var stderr bytes.Buffer
		tt.say(newApp(strings.NewReader(""), new(bytes.Buffer), &stderr))
		if stderr.String() != tt.want {
			t.Errorf("got\n%swant\n%s", stderr.String(), tt.want)
		}
	}
}
