package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/spotauth/spotauth/internal/session"
)

func newStatusCmd(a *app) *cobra.Command {
	var o statusOptions
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show the saved login and until when it lasts",
		Long: `Show the saved login: account, client id, scopes, where it is kept, until when the access token
lives, and by when to sign in again (Spotify ends every login six months after consent).

It asks nobody, unless --check has it try the login. With --check --within 14d it also fails when
the login ends within that time, for cron.

Exit status: 0, 1, 2 for wrong usage, 4 if a login is needed, 7 if there is no keychain, 8 if stdout
cannot be written; with --check also 5 if Spotify limits the rate and 6 if it cannot be reached.`,
		Example: `  spotauth status
  spotauth status --json
  spotauth status --check --within 14d`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.status(cmd.Context(), o) },
	}
	o.addFlags(cmd)
	return cmd
}

type statusOptions struct {
	json, check bool
	within      days
}

func (o *statusOptions) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&o.json, "json", false, "as JSON")
	f.BoolVar(&o.check, "check", false, "ask Spotify whether it still accepts the login")
	f.Var(&o.within, "within", "with --check: fail if the login ends within this time, such as 14d")
}

func (a *app) status(ctx context.Context, o statusOptions) (err error) {
	if o.within > 0 && !o.check {
		return usageError{errors.New("--within needs --check")}
	}
	l, err := a.open(session.Settings{})
	if err != nil {
		return err
	}
	defer l.close(&err)
	login, err := l.Load(ctx)
	if err != nil {
		return err
	}
	if o.check && login.Dead == nil {
		if login, err = l.check(ctx); err != nil {
			return err
		}
	}
	l.warnOfEnd(login)
	if err := a.printStatus(a.statusOf(l.Session, login), o.json); err != nil {
		return err
	}
	if login.Dead != nil {
		return session.ErrDead
	}
	if by := login.ReauthBy(); o.check && !by.IsZero() && by.Sub(a.now()) <= time.Duration(o.within) {
		return endsSoon{by}
	}
	return nil
}

// check asks Spotify who this is, which takes a login that works.
func (l *activeLogin) check(ctx context.Context) (session.Login, error) {
	client, err := l.api()
	if err != nil {
		return session.Login{}, err
	}
	if _, err := client.Me(ctx); err != nil {
		return session.Login{}, err
	}
	return l.Load(ctx)
}

// A statusReport is what `status --json` prints.
type statusReport struct {
	Profile         string     `json:"profile"`
	Account         *account   `json:"account"`
	ClientID        string     `json:"client_id"`
	Scopes          []string   `json:"scopes"`
	Store           string     `json:"store"`
	AuthorizedAt    *time.Time `json:"authorized_at"`
	AccessExpiresAt *time.Time `json:"access_expires_at"`
	ReauthBy        *time.Time `json:"reauth_by"`
	Dead            bool       `json:"dead"`
	Sandbox         *string    `json:"sandbox"` // the address of a stand-in; null for Spotify
	now             time.Time
}

type account struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func (a *app) statusOf(s *session.Session, l session.Login) statusReport {
	store := s.Settings().Store
	if store == session.InMemory {
		store = "the environment"
	}
	r := statusReport{
		Profile: s.Profile(), ClientID: l.ClientID, Scopes: l.Scopes, Store: store, Dead: l.Dead != nil,
		AuthorizedAt: utcOrNil(l.AuthorizedAt), AccessExpiresAt: utcOrNil(l.AccessExpiresAt), ReauthBy: utcOrNil(l.ReauthBy()), now: a.now(),
	}
	if address, err := a.sandboxAddress(); err == nil {
		r.Sandbox = orNil(address)
	}
	if l.Account.ID != "" {
		r.Account = &account{l.Account.ID, l.Account.Name}
	}
	if r.Scopes == nil {
		r.Scopes = []string{}
	}
	return r
}

func (a *app) printStatus(r statusReport, asJSON bool) error {
	if asJSON {
		return printJSON(a.console.Out, r)
	}
	text := &strings.Builder{}
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(text, "%-13s %s\n", name, value)
		}
	}
	if r.Sandbox != nil {
		line("Spotify", "stand-in at "+*r.Sandbox)
	}
	if r.Account != nil {
		line("account", accountName(session.Account(*r.Account)))
	}
	line("profile", r.Profile)
	line("client id", r.ClientID)
	line("scopes", strings.Join(r.Scopes, " "))
	line("kept in", r.Store)
	switch {
	case r.Dead:
		line("state", "no longer accepted by spotify")
	case r.AccessExpiresAt == nil:
	case r.AccessExpiresAt.Before(r.now):
		line("access token", "expired; the next command refreshes it")
	default:
		line("access token", "until "+a.clock(*r.AccessExpiresAt))
	}
	switch {
	case r.Dead || r.Account == nil:
	case r.ReauthBy == nil:
		line("sign in again", "six months after you agreed, on a day that is not known here")
	default:
		line("sign in again", fmt.Sprintf("by %s (%s)", day(*r.ReauthBy), inDays(r.now, *r.ReauthBy)))
	}
	return write(a.console.Out, text.String())
}

// endsSoon says that the six months are nearly over.
type endsSoon struct{ by time.Time }

func (e endsSoon) Error() string { return "the login ends by " + day(e.by) }

// days is a duration that may be given as "14d".
type days time.Duration

func (d *days) String() string { return time.Duration(*d).String() }

func (d *days) Type() string { return "days" }

func (d *days) Set(text string) error {
	unit := time.Duration(1)
	if n, ok := strings.CutSuffix(text, "d"); ok {
		text, unit = n+"h", 24
	}
	n, err := time.ParseDuration(text)
	if err != nil || n < 0 || n > math.MaxInt64/unit {
		return errors.New("not a duration") // the words are flagError's
	}
	*d = days(n * unit)
	return nil
}
