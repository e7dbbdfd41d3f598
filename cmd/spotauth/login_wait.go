package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spotauth/spotauth/internal/auth"
)

// ready prints the URL to sign in at, and opens the browser.
func (a *app) ready(ctx context.Context, w auth.Waiting, open bool) {
	opens := open && a.hasDisplay()
	switch {
	case opens:
		a.console.Say("opening your browser; if nothing happens, visit:\n\n%s\n", w.URL)
	case open:
		a.console.Say("there is no display here; open this URL where you have a browser:\n\n%s\n", w.URL)
	default:
		a.console.Say("open this URL to sign in:\n\n%s\n", w.URL)
	}
	if a.env("SSH_CONNECTION") != "" {
		a.console.Say("to bring the reply here, run this on the machine with the browser:\n\n%s\n", a.forwarding(w))
	}
	if !opens {
		return
	}
	go func() {
		if err := a.openBrowser(ctx, w.StartURL); err != nil && ctx.Err() == nil {
			a.console.Say("no browser could be opened; visit the URL yourself")
		}
	}()
}

// forwarding is the ssh command that forwards the reply to this machine.
func (a *app) forwarding(w auth.Waiting) string {
	host := "HOST"
	if words := strings.Fields(a.env("SSH_CONNECTION")); len(words) == 4 {
		host = words[2]
	}
	user := cmp.Or(a.env("USER"), "USER")
	at := w.Addr.Addr().String()
	if w.Addr.Addr().Is6() {
		at = "[" + at + "]"
	}
	return fmt.Sprintf("ssh -N -L %d:%s:%d %s@%s", w.Addr.Port(), at, w.Addr.Port(), user, host)
}

// notice tells the user what has happened while the login waits.
func (a *app) notice(err error) {
	if errors.Is(err, auth.ErrStartedTwice) {
		a.console.Warn("the sign-in page was opened twice; if one of them wasn't you, press Ctrl-C and start again")
		return
	}
	var unanswered *auth.UnansweredError
	if !errors.As(err, &unanswered) {
		a.console.Say("ignored: %s; still waiting", err.Error())
		return
	}
	a.console.Say(`still waiting; if the browser shows "INVALID_CLIENT: Invalid redirect URI", the app's settings must have exactly this one:`+
		"\n\n%s\n", unanswered.Register)
	a.console.Say(`localhost, https or a slash at the end don't match; "INVALID_CLIENT: Invalid client" means that the client ID is wrong`)
}
