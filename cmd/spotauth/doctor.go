package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/spotauth/spotauth/internal/auth"
	"github.com/spotauth/spotauth/internal/session"
	"github.com/spotauth/spotauth/internal/spotify"
)

func newDoctorCmd(a *app) *cobra.Command {
	var o doctorOptions
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Find out what is wrong",
		Long: `Check what spotauth needs, one line each, with what to do next: client id, redirect URI, loopback
addresses, browser, keychain, saved login, clock, proxy, both of Spotify's hosts, rate limit.

Its output holds no secret and no name, and is fit for a public issue.

Exit status: 0 when nothing is wrong, 1 otherwise, 2 for wrong usage, 8 if stdout cannot be written.`,
		Example: `  spotauth doctor
  spotauth doctor --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.doctor(cmd.Context(), o) },
	}
	cmd.Flags().BoolVar(&o.json, "json", false, "as JSON")
	return cmd
}

type doctorOptions struct{ json bool }

// A finding is what one check of the doctor says.
type finding struct {
	Check  string `json:"check"`
	OK     bool   `json:"ok"`
	Result string `json:"result"`
	Next   string `json:"next,omitempty"` // what to do, where it is not ok
}

func fine(check, result string) finding        { return finding{check, true, result, ""} }
func wrong(check, result, next string) finding { return finding{check, false, result, next} }

func (a *app) doctor(ctx context.Context, o doctorOptions) error {
	l, err := a.open(session.Settings{})
	if err != nil {
		f := a.explain(err)
		if f.Exit == exitUsage || f.Exit == exitLogin {
			return err
		}
		return a.tellFindings([]finding{wrong("settings", f.Message, "mend the file, or remove it and run: spotauth login")}, o.json)
	}
	address, err := a.sandboxAddress()
	if err != nil {
		return err
	}
	findings := []finding{checkClientID(l.Session), fine("redirect uri", registered(l.Session)+" (compare with the app's settings, letter by letter)")}
	findings = append(findings, checkLoopback(), a.checkOpener(), a.checkStore(ctx, l.Session), a.checkLogin(ctx, l), a.checkProxy())
	findings = append(findings, a.checkHosts(ctx, address)...)
	findings = append(findings, a.checkLimit(l.Session))
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return a.tellFindings(findings, o.json)
}

func (a *app) tellFindings(findings []finding, asJSON bool) error {
	if home := a.home(); home != "" { // it names the person
		for i, f := range findings {
			findings[i].Result, findings[i].Next = strings.ReplaceAll(f.Result, home, "~"), strings.ReplaceAll(f.Next, home, "~")
		}
	}
	var text strings.Builder
	bad := 0
	for _, f := range findings {
		mark := "ok  "
		if !f.OK {
			mark = "FAIL"
			bad++
		}
		fmt.Fprintf(&text, "%s  %-13s %s\n", mark, f.Check, f.Result)
		if f.Next != "" {
			fmt.Fprintf(&text, "%20s%s\n", "", f.Next)
		}
	}
	var err error
	if asJSON {
		err = printJSON(a.console.Out, findings)
	} else {
		err = write(a.console.Out, text.String())
	}
	if err == nil && bad > 0 {
		err = fmt.Errorf("%d of %d checks found something wrong", bad, len(findings))
	}
	return err
}

func checkClientID(s *session.Session) finding {
	const name = "client id"
	id := s.Settings().ClientID
	switch {
	case id == "" && s.Settings().Store == session.InMemory:
		return fine(name, "not needed for an access token")
	case id == "":
		return wrong(name, "none is known", "spotauth login")
	case auth.CheckClientID(id) != nil:
		return wrong(name, "is not 32 hexadecimal digits", "spotauth login --client-id ID")
	}
	return fine(name, id)
}

// checkLoopback tries both loopback addresses; one that works is enough.
func checkLoopback() finding {
	const name = "loopback"
	var works []string
	for _, at := range []struct{ network, address string }{{"tcp4", "127.0.0.1:0"}, {"tcp6", "[::1]:0"}} {
		if ln, err := net.Listen(at.network, at.address); err == nil {
			works = append(works, strings.TrimSuffix(at.address, ":0"))
			ln.Close()
		}
	}
	switch {
	case len(works) == 0:
		return wrong(name, "no listener on 127.0.0.1 or [::1]", "bring the loopback interface up")
	case works[0] != "127.0.0.1":
		return wrong(name, "only [::1] can be had", "register http://[::1]/callback in the app's settings as well")
	}
	return fine(name, strings.Join(works, " and "))
}

func (a *app) checkOpener() finding {
	const name = "browser"
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		return fine(name, "opened by the system")
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
			return fine(name, c)
		}
	}
	return fine(name, "none can be opened here; spotauth login prints the address")
}

func (a *app) checkStore(ctx context.Context, s *session.Session) finding {
	name := s.Settings().Store
	if name == session.InMemory {
		return fine("store", "the environment; nothing is saved")
	}
	if err := s.Probe(ctx); err != nil {
		return wrong(name, "does not keep and delete: "+err.Error(), a.explain(err).Hint)
	}
	return fine(name, "keeps, gives back and deletes")
}

func (a *app) checkLogin(ctx context.Context, active *activeLogin) finding {
	const name = "login"
	if active.loginVar != "" {
		return fine(name, active.loginVar+", whose scopes and end nobody knows")
	}
	l, err := active.Load(ctx)
	if err == nil && l.Dead != nil {
		err = session.ErrDead
	}
	if err != nil {
		f := a.explain(err)
		return wrong(name, f.Message, f.Hint)
	}
	by := l.ReauthBy()
	result := "saved; scopes " + strings.Join(l.Scopes, " ")
	if !l.AccessExpiresAt.IsZero() {
		result += "; access token until " + a.clock(l.AccessExpiresAt)
	}
	if !by.IsZero() {
		result += fmt.Sprintf("; sign in again by %s (%s)", day(by), inDays(a.now(), by))
		if by.Sub(a.now()) <= lastDays {
			return wrong(name, result, loginCommand)
		}
	}
	return fine(name, result)
}

// checkProxy does not tell the address: it may hold a password, or name a company.
func (a *app) checkProxy() finding {
	const name = "proxy"
	u, err := proxy(&http.Request{URL: &url.URL{Scheme: "https", Host: "api.spotify.com"}})
	switch {
	case err != nil:
		return wrong(name, err.Error(), "HTTPS_PROXY=http://HOST:PORT")
	case u == nil:
		return fine(name, "none")
	}
	return fine(name, "set in the environment")
}

// checkHosts knocks at both hosts, without a token, and reads their clocks.
func (a *app) checkHosts(ctx context.Context, address string) []finding {
	var findings []finding
	var skew time.Duration
	answered := false
	for _, origin := range []string{auth.Origin, spotify.Origin} {
		if address != "" {
			origin = address
		}
		host := strings.TrimPrefix(strings.TrimPrefix(origin, "https://"), "http://")
		date, err := a.knock(ctx, origin)
		if err != nil {
			findings = append(findings, wrong("reach", host+": "+err.Error(), "check the network, the proxy and this machine's certificates"))
			continue
		}
		findings = append(findings, fine("reach", host))
		if !date.IsZero() {
			skew, answered = a.now().Sub(date), true
		}
	}
	switch {
	case !answered:
	case skew.Abs() > 2*time.Minute:
		findings = append(findings, wrong("clock", fmt.Sprintf("differs from spotify's by %s", skew.Round(time.Second)), "set this machine's clock"))
	default:
		findings = append(findings, fine("clock", "agrees with spotify's"))
	}
	return findings
}

// knock asks a host for nothing; any answer will do.
func (a *app) knock(ctx context.Context, origin string) (date time.Time, err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodHead, origin+"/", nil)
	if err != nil {
		return time.Time{}, err
	}
	resp, err := a.transport.RoundTrip(r)
	if err != nil {
		return time.Time{}, briefly(err)
	}
	resp.Body.Close()
	date, _ = http.ParseTime(resp.Header.Get("Date")) // zero where there is none
	return date, nil
}

// briefly is what the network said, without addresses of this machine's surroundings.
func briefly(err error) error {
	var name *net.DNSError
	var system syscall.Errno
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &name):
		return errors.New("the name is not found")
	case errors.As(err, &system):
		return system
	case errors.As(err, &certificate):
		return errors.New("its certificate is not trusted")
	case errors.Is(err, context.DeadlineExceeded):
		return errors.New("no answer in time")
	}
	return errors.New("no answer")
}

func (a *app) checkLimit(s *session.Session) finding {
	const name = "rate limit"
	for _, group := range []string{spotify.AllPaths, session.TokenLimit} {
		if until := s.CoolDown(group); !until.IsZero() {
			return wrong(name, "spotify asked not to be asked before "+a.clock(until), "wait")
		}
	}
	return fine(name, "none known")
}
