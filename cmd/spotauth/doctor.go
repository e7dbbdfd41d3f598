package main

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/spotauth/spotauth/internal/auth"
	"github.com/spotauth/spotauth/internal/console"
	"github.com/spotauth/spotauth/internal/session"
	"github.com/spotauth/spotauth/internal/spotify"
	"github.com/spotauth/spotauth/internal/wire"
)

func newDoctorCmd(a *app) *cobra.Command {
	var o doctorOptions
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Diagnose problems; the output contains no secrets",
		Long: `Check everything that spotauth needs, and say what to do about each problem:
client ID, redirect URI, loopback addresses, browser, keychain, saved login,
proxy, both of Spotify's hosts, clock and rate limit. A note is good to know,
but needs no action.

The output contains no secrets and no names, so you can post it in a public
issue. It exits with 1 if a check failed.

` + exitStatuses + status0 + status1 + status2 + status8,
		Example: `  spotauth doctor
  spotauth doctor --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.doctor(cmd.Context(), o) },
	}
	cmd.Flags().BoolVar(&o.json, "json", false, "print JSON")
	return cmd
}

type doctorOptions struct{ json bool }

// The states of a finding. A note is worth knowing and needs nothing done.
const (
	isOK   = "ok"
	isNote = "note"
	isFail = "fail"
)

// A finding is what one check found.
type finding struct {
	Check  string `json:"check"`
	Status string `json:"status"`
	Result string `json:"result"`
	Next   string `json:"next,omitempty"` // what to do
}

func okFinding(check, result string) finding         { return finding{check, isOK, result, ""} }
func noteFinding(check, result string) finding       { return finding{check, isNote, result, ""} }
func failFinding(check, result, next string) finding { return finding{check, isFail, result, next} }

func (a *app) doctor(ctx context.Context, o doctorOptions) error {
	l, err := a.open()
	if err != nil {
		f := a.explain(err)
		if f.Exit == exitUsage || f.Exit == exitLogin {
			return err
		}
		next := cmp.Or(f.Hint, `correct the file, or delete it and run "spotauth login"`)
		return a.showFindings([]finding{failFinding("settings", f.Message, next)}, o.json)
	}
	address, err := a.sandboxAddress()
	if err != nil {
		return err
	}
	findings := []finding{
		checkClientID(l.Session),
		okFinding("redirect URI", redirectURIOf(l.Session)+" (must be the same, character by character, in the app's settings)"),
	}
	findings = append(findings, checkLoopback(), a.checkOpener(), a.checkStore(ctx, l.Session), a.checkLogin(ctx, l), a.checkProxy())
	findings = append(findings, a.checkHosts(ctx, address)...)
	findings = append(findings, a.checkLimit(l.Session))
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return a.showFindings(findings, o.json)
}

func (a *app) showFindings(findings []finding, asJSON bool) error {
	failed := 0
	for i, f := range findings {
		findings[i].Result, findings[i].Next = a.withoutHome(f.Result), a.withoutHome(f.Next)
		if f.Status == isFail {
			failed++
		}
	}
	var err error
	if asJSON {
		err = printJSON(a.console.Out, findings)
	} else {
		err = write(a.console.RawOut, a.findingsText(findings))
	}
	if err == nil && failed > 0 {
		err = fmt.Errorf("%d of %d checks failed", failed, len(findings))
	}
	return err
}

func (a *app) findingsText(findings []finding) string {
	styles := map[string]console.Style{isOK: console.Green, isNote: console.Yellow, isFail: console.Red}
	marks := map[string]string{isOK: "ok  ", isNote: "note", isFail: "FAIL"}
	var rows [][]string
	for _, f := range findings {
		rows = append(rows, []string{f.Check, f.Result})
	}
	var text strings.Builder
	for i, row := range console.Columns(rows) {
		f := findings[i]
		column := len("FAIL") + 2 + len(row[0]) // where the result begins; the checks have names in ASCII
		fmt.Fprintf(&text, "%s  %s%s\n", a.console.Paint(styles[f.Status], marks[f.Status]), row[0], a.console.Wrap(row[1], column))
		if f.Next != "" {
			fmt.Fprintf(&text, "%*s%s\n", column, "", a.console.Wrap(console.Safe(f.Next), column))
		}
	}
	return text.String()
}

// withoutHome shortens the home folder to ~ where a path begins with it, for its path names
// the person.
func (a *app) withoutHome(text string) string {
	home := filepath.Clean(a.home())
	if home == "." || home == string(filepath.Separator) {
		return text
	}
	parts := strings.Split(text, home+string(filepath.Separator))
	short := parts[0]
	for _, part := range parts[1:] {
		folder := home
		if short == "" || strings.ContainsAny(short[len(short)-1:], ` "'(`) {
			folder = "~"
		}
		short += folder + string(filepath.Separator) + part
	}
	return short
}

func checkClientID(s *session.Session) finding {
	const name = "client ID"
	id := s.Settings().ClientID
	switch {
	case id == "" && s.Settings().Store == session.InMemory:
		return okFinding(name, "not needed with an access token")
	case id == "":
		return failFinding(name, "not known", `run "spotauth login"`)
	case auth.CheckClientID(id) != nil:
		return failFinding(name, "not 32 characters of 0-9 and a-f", `run "spotauth login --client-id ID"`)
	}
	return okFinding(name, id)
}

// checkLoopback listens on both loopback addresses and connects to each, as a browser will;
// one that works is enough.
func checkLoopback() finding {
	const name = "loopback"
	var works []string
	for _, at := range []struct{ network, address string }{{"tcp4", "127.0.0.1:0"}, {"tcp6", "[::1]:0"}} {
		ln, err := net.Listen(at.network, at.address)
		if err != nil {
			continue
		}
		if conn, err := net.DialTimeout(at.network, ln.Addr().String(), time.Second); err == nil {
			works = append(works, strings.TrimSuffix(at.address, ":0"))
			conn.Close()
		}
		ln.Close()
	}
	switch {
	case len(works) == 0:
		return failFinding(name, "a browser can reach neither 127.0.0.1 nor [::1]", "bring the loopback interface up")
	case works[0] != "127.0.0.1":
		return failFinding(name, "only [::1] is available", "register http://[::1]/callback in the app's settings as well")
	}
	return okFinding(name, strings.Join(works, " and "))
}

func (a *app) checkOpener() finding {
	const name = "browser"
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		return okFinding(name, "opened by the system")
	}
	candidates := []string{"xdg-open", "x-www-browser", "www-browser"}
	for _, words := range a.openers() {
		candidates = append([]string{words[0]}, candidates...)
	}
	for _, c := range candidates {
		if _, err := exec.LookPath(c); err == nil {
			if !a.hasDisplay() {
				break
			}
			return okFinding(name, c)
		}
	}
	return noteFinding(name, "none here; login prints the URL to open")
}

func (a *app) checkStore(ctx context.Context, s *session.Session) finding {
	name := s.Settings().Store
	if name == session.InMemory {
		return okFinding("store", "the environment; nothing is saved")
	}
	if err := s.Probe(ctx); err != nil {
		f := a.explain(err)
		return failFinding(name, f.Message, f.Hint)
	}
	return okFinding(name, "can save, read and delete")
}

func (a *app) checkLogin(ctx context.Context, l *activeLogin) finding {
	const name = "login"
	if l.loginVar != "" {
		return noteFinding(name, "from "+l.loginVar+"; its scopes and its end are not known")
	}
	login, err := l.Load(ctx)
	if err == nil && login.Dead != nil {
		err = session.ErrDead
	}
	if err != nil {
		f := a.explain(err)
		return failFinding(name, f.Message, f.Hint)
	}
	result := "saved; scopes " + strings.Join(login.Scopes, " ")
	if !login.AccessExpiresAt.IsZero() {
		result += "; access token until " + a.clock(login.AccessExpiresAt)
	}
	by := login.ReauthBy()
	if by.IsZero() {
		return okFinding(name, result)
	}
	result += fmt.Sprintf("; ends %s (%s)", day(by), inDays(a.now(), by))
	if by.Sub(a.now()) <= lastDays {
		return finding{name, isNote, result, fmt.Sprintf("run %q", a.withProfile(loginCommand))}
	}
	return okFinding(name, result)
}

// checkProxy keeps the address out of its finding: it may hold a password, or name a
// company.
func (a *app) checkProxy() finding {
	const name = "proxy"
	u, err := a.proxy(&http.Request{URL: &url.URL{Scheme: "https", Host: "api.spotify.com"}})
	switch {
	case err != nil:
		return failFinding(name, err.Error(), "set HTTPS_PROXY=http://HOST:PORT")
	case u == nil:
		return okFinding(name, "none set")
	}
	return okFinding(name, "set in the environment")
}

// checkHosts contacts Spotify's hosts, or the stand-in, without a token, and reads their clocks.
func (a *app) checkHosts(ctx context.Context, address string) []finding {
	hosts := []struct{ check, origin string }{{"sign-in", auth.Origin}, {"Web API", spotify.Origin}}
	if address != "" {
		hosts = hosts[:1]
		hosts[0].check, hosts[0].origin = "stand-in", address
	}
	var findings []finding
	var clock finding
	for _, h := range hosts {
		_, host, _ := strings.Cut(h.origin, "://")
		start := time.Now()
		date, err := a.contact(ctx, h.origin)
		if err != nil {
			f := a.explain(err)
			findings = append(findings, failFinding(h.check, f.Message, strings.TrimSuffix(f.Hint, doctorTells)))
			continue
		}
		findings = append(findings, okFinding(h.check, fmt.Sprintf("%s is reachable, %d ms", host, time.Since(start).Milliseconds())))
		if !date.IsZero() {
			clock = checkClock(a.now().Sub(date))
		}
	}
	if clock.Check != "" {
		findings = append(findings, clock)
	}
	return findings
}

func checkClock(ahead time.Duration) finding {
	difference := strings.TrimSuffix(ahead.Abs().Round(time.Minute).String(), "0s")
	switch {
	case ahead > 2*time.Minute:
		return failFinding("clock", "is "+difference+" ahead of Spotify's", "set this machine's clock")
	case ahead < -2*time.Minute:
		return failFinding("clock", "is "+difference+" behind Spotify's", "set this machine's clock")
	}
	return okFinding("clock", "agrees with Spotify's")
}

// contact sends a HEAD request to a host. Any answer will do.
func (a *app) contact(ctx context.Context, origin string) (date time.Time, err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodHead, origin+"/", nil)
	if err != nil {
		return time.Time{}, err
	}
	resp, err := a.transport.RoundTrip(r)
	if err != nil {
		return time.Time{}, wire.RequestError(r, err)
	}
	resp.Body.Close()
	date, _ = http.ParseTime(resp.Header.Get("Date")) // zero if there is none
	return date, nil
}

func (a *app) checkLimit(s *session.Session) finding {
	const name = "rate limit"
	for _, group := range []string{spotify.APIGroup, session.TokenGroup} {
		if until := s.CoolDown(group); !until.IsZero() {
			return failFinding(name, "rate-limited by Spotify until "+a.clock(until), "try again then, or allow a longer wait with --max-wait")
		}
	}
	for _, group := range apiGroups() {
		if until := s.CoolDown(group); !until.IsZero() {
			return noteFinding(name, "the quota for "+group+" is used up until "+a.clock(until)+"; other paths still work")
		}
	}
	return okFinding(name, "no active limit")
}
