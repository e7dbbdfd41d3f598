package main

import (
	"cmp"
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
		Short: "Show the saved login and when it ends",
		Long: `Show the saved login: the account, when the login ends, when the access token
ends, the profile, client ID, scopes and where the login is stored. Spotify
ends every login six months after you agreed.

It works offline. With --check, it also asks Spotify whether the login works.
For cron, --within 14d exits with 4 if the login ends within 14 days.

` + exitStatuses + status0 + status1 + status2 + status4 + status5 + status6 + status7 + status8,
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
	f.BoolVar(&o.json, "json", false, "print JSON")
	f.BoolVar(&o.check, "check", false, "ask Spotify whether it still accepts the login")
	f.Var(&o.within, "within", "fail with status 4 if the login ends within `TIME`, such as 14d")
}

func (a *app) status(ctx context.Context, o statusOptions) (err error) {
	l, err := a.open()
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
	} else {
		l.warnOfEnd(login) // after a check, close does
	}
	report := a.statusOf(l.Session, login)
	report.checked = o.check && login.Dead == nil
	if err := a.printStatus(report, o.json); err != nil {
		return err
	}
	if login.Dead != nil {
		return session.ErrDead
	}
	asked := o.check || o.within > 0
	if by := login.ReauthBy(); asked && !by.IsZero() && by.Sub(a.now()) <= time.Duration(o.within) {
		return endsSoonError{by}
	}
	return nil
}

// check calls /me, which fails if Spotify no longer accepts the login.
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

	file    string // with the login; "" in another store
	checked bool
	now     time.Time
}

type account struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func (a *app) statusOf(s *session.Session, login session.Login) statusReport {
	store := s.Settings().Store
	if store == session.InMemory {
		store = "the environment"
	}
	r := statusReport{
		Profile: s.Profile(), ClientID: login.ClientID, Scopes: login.Scopes, Store: store, Dead: login.Dead != nil,
		AuthorizedAt: utcOrNil(login.AuthorizedAt), AccessExpiresAt: utcOrNil(login.AccessExpiresAt), ReauthBy: utcOrNil(login.ReauthBy()), now: a.now(),
	}
	if file := s.File(); file != "" {
		r.file = a.withoutHome(file)
	}
	if address, err := a.sandboxAddress(); err == nil {
		r.Sandbox = orNil(address)
	}
	if login.Account.ID != "" {
		r.Account = &account{login.Account.ID, login.Account.Name}
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
	var rows [][]string
	add := func(name, value string) {
		if value != "" {
			rows = append(rows, []string{name, value})
		}
	}
	if r.Sandbox != nil {
		add("Spotify", "stand-in at "+*r.Sandbox)
	}
	if r.Account != nil {
		add("account", accountName(session.Account(*r.Account)))
	}
	add("login ends", a.loginEnd(r))
	add("token ends", a.tokenEnd(r))
	add("profile", r.Profile)
	add("client ID", r.ClientID)
	add("scopes", strings.Join(r.Scopes, " "))
	add("stored in", cmp.Or(r.file, r.Store))
	if r.checked {
		add("checked", "Spotify accepts this login ("+a.clock(r.now)+")")
	}
	return a.printFacts(rows)
}

func (a *app) loginEnd(r statusReport) string {
	switch {
	case r.Dead:
		return "it has ended: Spotify no longer accepts it"
	case r.Account == nil:
		return ""
	case r.ReauthBy == nil:
		return "six months after you agreed, on a day that is not known here"
	}
	return fmt.Sprintf("%s (%s)", day(*r.ReauthBy), inDays(r.now, *r.ReauthBy))
}

func (a *app) tokenEnd(r statusReport) string {
	switch {
	case r.Dead || r.AccessExpiresAt == nil:
		return ""
	case r.AccessExpiresAt.Before(r.now):
		return "it has ended; the next command refreshes it"
	}
	return a.clock(*r.AccessExpiresAt)
}

// endsSoonError says that the six months are nearly over.
type endsSoonError struct{ by time.Time }

func (e endsSoonError) Error() string { return "the login ends by " + day(e.by) }

// days is a duration that may be given as "14d" or "2w".
type days time.Duration

func (d *days) String() string { return time.Duration(*d).String() }

func (d *days) Type() string { return "days" }

func (d *days) Set(text string) error {
	unit := time.Duration(1)
	if n, ok := strings.CutSuffix(text, "d"); ok {
		text, unit = n+"h", 24
	} else if n, ok := strings.CutSuffix(text, "w"); ok {
		text, unit = n+"h", 7*24
	}
	n, err := time.ParseDuration(text)
	if err != nil || n < 0 || n > math.MaxInt64/unit {
		return errors.New("not a duration") // the words are flagError's
	}
	*d = days(n * unit)
	return nil
}
