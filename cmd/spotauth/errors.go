package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spotauth/spotauth/internal/auth"
	"github.com/spotauth/spotauth/internal/export"
	"github.com/spotauth/spotauth/internal/session"
	"github.com/spotauth/spotauth/internal/spotify"
	"github.com/spotauth/spotauth/internal/wire"
)

// Packages return errors with a meaning. Only this file turns a meaning into words, a
// code and an exit status (exitcodes.go has the table). A command can add a hint that only it
// knows. The console makes foreign text safe before it prints it.

// usageError says that the command line or the environment makes no sense.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// outputError says that stdout could not be written.
type outputError struct{ error }

func (e outputError) Error() string {
	cause := e.error
	if path := (*fs.PathError)(nil); errors.As(cause, &path) {
		cause = path.Err
	}
	return "cannot write the output: " + cause.Error()
}

func (e outputError) Unwrap() error { return e.error }

// noProfileError says that no login has created a profile.
type noProfileError struct {
	name  string
	known []string
}

func (e noProfileError) Error() string {
	return fmt.Sprintf("no such profile %q (profiles: %s)", e.name, strings.Join(e.known, ", "))
}

// variableError says that the login came from an environment variable.
type variableError struct {
	error
	name string
}

func (e variableError) Unwrap() error { return e.error }

// statusError ends the program with the status of a command that it ran.
type statusError int

func (e statusError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// advisedError is an error whose hint only the command knows: a sentence, or a command.
type advisedError struct {
	error
	hint, command string
}

func (e advisedError) Unwrap() error { return e.error }

func withHint(err error, hint string) error       { return advisedError{err, hint, ""} }
func withCommand(err error, command string) error { return advisedError{err, "", command} }

// A failure is an error as the user reads it.
type failure struct {
	Code       string `json:"code"`
	Message    string `json:"message"`
	Hint       string `json:"hint,omitempty"`
	Command    string `json:"command,omitempty"`     // that the hint says to run
	Exit       int    `json:"exit"`                  // follows from Code
	RetryAfter int    `json:"retry_after,omitempty"` // seconds

	progress string // another hint: how far it got
	instead  string // another hint: what works
}

// report says what went wrong, if anything did, and returns the exit status.
// A signal counts also if the work was done all the same.
func (a *app) report(ctx context.Context, err error) int {
	var status statusError
	if errors.As(err, &status) {
		return int(status)
	}
	if status, ok := signalStatus(ctx); ok {
		return status
	}
	if err == nil {
		return 0
	}
	f := a.explain(err)
	if f.Code == "output" && isReaderGone(err) {
		return 128 + int(syscall.SIGPIPE)
	}
	a.say(f)
	return f.Exit
}

func (a *app) say(f failure) {
	hints := slices.DeleteFunc([]string{f.Hint, f.progress, f.instead}, func(hint string) bool { return hint == "" })
	if a.errorFormat == "json" {
		f.Hint = strings.Join(hints, "; ")
		line, _ := json.Marshal(map[string]failure{"error": f}) // texts and numbers always encode
		fmt.Fprintf(a.console.Err, "%s\n", line)
		return
	}
	a.console.Error("%s", f.Message)
	for _, hint := range hints {
		a.console.Hint("%s", hint)
	}
}

// explain finds the words, the hint and the status for an error.
func (a *app) explain(err error) failure {
	f := a.classify(err)
	if f.Message == "" {
		f.Message = err.Error()
	}
	var advised advisedError
	if errors.As(err, &advised) {
		f.Hint, f.Command, f.instead = advised.hint, advised.command, ""
	}
	var variable variableError
	isInEnvironment := errors.As(err, &variable)
	switch {
	case isInEnvironment && f.Code == "login_needed":
		f.Message = "Spotify does not accept the token in " + variable.name
		f.Hint, f.Command = "set a fresh "+variable.name+", or unset it to use the saved login", ""
	case isInEnvironment && f.Code == "scope_missing":
		f.Hint, f.Command = "set a "+variable.name+" that has the scope, or unset it to use the saved login", ""
	}
	if f.Command != "" {
		f.Command = a.withProfile(f.Command)
		f.Hint = fmt.Sprintf("run %q", f.Command)
	}
	f.Exit = exitOf(f.Code)
	var stopped stoppedError
	if errors.As(err, &stopped) && (f.Exit == exitLimited || f.Exit == exitNetwork || stopped.followed > 0) {
		f.progress = stopped.progress()
	}
	return f
}

// withProfile adds --profile NAME to a command that uses a login, unless the environment
// already names the profile.
func (a *app) withProfile(command string) string {
	if a.profile == a.env("SPOTAUTH_PROFILE") {
		return command
	}
	for _, uses := range []string{loginCommand, artistsCommand} {
		if rest, ok := strings.CutPrefix(command, uses); ok && !strings.Contains(rest, "--help") {
			return uses + " --profile " + a.profile + rest
		}
	}
	return command
}

const (
	loginCommand   = "spotauth login"
	artistsCommand = "spotauth artists"
)

// classify asks what an error is. The first answer counts, and an error can match several
// questions: a dead login, for example, is also a refusal of the token endpoint. So what
// the user can act on comes before what lies behind it: the command line, the saved login,
// the network, limits, and only then other refusals.
func (a *app) classify(err error) failure {
	for _, explain := range []func(error) (failure, bool){
		explainUsage, explainInput, explainRestore, explainCommand, a.explainSession, explainStore, explainNetwork,
		a.explainLimit, explainSignIn, explainToken, explainAPI, explainOutput,
	} {
		if f, ok := explain(err); ok {
			return f
		}
	}
	return failure{Code: "other"}
}

func explainUsage(err error) (failure, bool) {
	var own usageError
	var exporting *export.UsageError
	switch {
	case errors.As(err, &own), errors.As(err, &exporting),
		errors.Is(err, session.ErrInvalid), errors.Is(err, session.ErrNoProfile),
		errors.Is(err, auth.ErrForeign), errors.Is(err, auth.ErrIssuer), errors.Is(err, auth.ErrAnswer), errors.Is(err, auth.ErrPending):
		return failure{Code: "usage"}, true
	case errors.Is(err, auth.ErrClientID):
		return failure{Code: "usage", Hint: "copy it from https://developer.spotify.com/dashboard"}, true
	case errors.Is(err, auth.ErrRedirectURI):
		return failure{Code: "usage", Hint: "Spotify accepts http://127.0.0.1/PATH and http://127.0.0.1:PORT/PATH, but not localhost"}, true
	}
	return failure{}, false
}

func explainInput(err error) (failure, bool) {
	return failure{Code: "bad_input"}, errors.As(err, new(inputError))
}

func explainRestore(err error) (failure, bool) {
	var scope missingScopeError
	switch {
	case errors.Is(err, errNotConfirmed):
		return failure{Code: "not_confirmed"}, true
	case errors.As(err, &scope):
		return failure{Code: "scope_missing", Command: loginCommand + " --scope " + string(scope)}, true
	case errors.As(err, new(notFollowedError)):
		return failure{Code: "incomplete"}, true
	}
	return failure{}, false
}

func (a *app) explainSession(err error) (failure, bool) {
	var profile noProfileError
	var soon endsSoonError
	var changed accountChangedError
	switch {
	case errors.As(err, &profile):
		return failure{Code: "login_needed"}, true
	case errors.As(err, &soon):
		return failure{Code: "login_needed", Command: loginCommand}, true
	case errors.As(err, &changed):
		return failure{Code: "account_changed", Hint: "add --profile NAME to keep both, or --force to replace the saved login"}, true
	case errors.Is(err, session.ErrOthersFailed):
		return failure{Code: "network"}, true
	case errors.Is(err, session.ErrPassphrase), errors.Is(err, session.ErrForeign), errors.Is(err, session.ErrOrigin):
		return failure{Code: "import"}, true
	case errors.Is(err, session.ErrNone) && a.credential("SPOTAUTH_CLIENT_ID") != "": // there may be a login of another app
		return failure{Code: "login_needed", Message: "not signed in with the client ID in SPOTAUTH_CLIENT_ID", Command: loginCommand}, true
	case errors.Is(err, session.ErrNone):
		return failure{Code: "login_needed", Message: "not signed in", Command: loginCommand}, true
	case errors.Is(err, session.ErrNotSaved):
		return failure{Code: "not_saved", Message: "the refreshed login could not be saved; the saved one may have stopped working", Command: loginCommand}, true
	case errors.Is(err, session.ErrDead):
		return failure{Code: "login_needed", Message: "Spotify no longer accepts the saved login (expired after 6 months, or access removed)", Command: loginCommand}, true
	}
	return failure{}, false
}

func explainStore(err error) (failure, bool) {
	var store *session.StoreError
	isStore := errors.As(err, &store)
	switch {
	case errors.Is(err, session.ErrBusy):
		return failure{Code: "busy", Message: "another spotauth has been busy with this login for too long", Hint: "end it, then try again"}, true
	case errors.Is(err, session.ErrCorrupt):
		return failure{Code: "store", Command: loginCommand}, true
	case errors.Is(err, session.ErrNewer):
		return failure{Code: "store", Hint: "update spotauth"}, true
	case isStore:
		return failure{Code: "store", Hint: store.Hint}, true
	case errors.Is(err, session.ErrUnavailable), errors.Is(err, session.ErrLocked), errors.Is(err, session.ErrTooBig):
		return failure{Code: "store"}, true
	}
	return failure{}, false
}

// explainNetwork explains what went wrong between this machine and either service.
func explainNetwork(err error) (failure, bool) {
	var network *wire.Error
	isNetwork := errors.As(err, &network)
	switch {
	case errors.Is(err, errProxyAddress):
		return failure{Code: "proxy", Hint: "set HTTPS_PROXY=http://HOST:PORT"}, true
	case isNetwork:
		return explainWire(network), true
	}
	return failure{}, false
}

// doctorTells is the end of a hint that doctor itself leaves out.
const doctorTells = `; "spotauth doctor" tells more`

func explainWire(e *wire.Error) failure {
	switch e.Kind {
	case wire.ProxyUnreachable:
		return failure{Code: "proxy", Hint: "check the address in HTTPS_PROXY, and that the proxy is running"}
	case wire.ProxyPassword:
		return failure{Code: "proxy", Hint: "set HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT"}
	case wire.ProxyRefused:
		return failure{Code: "proxy", Hint: "allow " + e.Host + " in the proxy, or set NO_PROXY=" + e.Host + " to connect without it"}
	case wire.Untrusted:
		return failure{Code: "certificate", Hint: "check this machine's clock, and install the certificate of any proxy that inspects TLS"}
	}
	if _, err := netip.ParseAddrPort(e.Host); err == nil { // Spotify's hosts have names
		return failure{Code: "network", Hint: "check that the stand-in is running, or unset " + sandboxVar + " to use Spotify"}
	}
	return failure{Code: "network", Hint: "check your network" + doctorTells}
}

// explainLimit explains a limit of either service, met now or by an earlier process.
func (a *app) explainLimit(err error) (failure, bool) {
	var cooling *session.CoolingDownError
	var token *auth.Error
	var api *spotify.Error
	switch {
	case errors.As(err, &cooling):
		return a.limited("rate_limited", "still rate-limited by Spotify", cooling.Until.Sub(a.now())), true
	case errors.As(err, &token) && token.Status == 429:
		return a.limited("rate_limited", "rate-limited by Spotify", token.RetryAfter), true
	case errors.As(err, &api) && api.Group != "":
		return a.explainWebLimit(api), true
	}
	return failure{}, false
}

// explainWebLimit is about a limit of the Web API. There is no status if an earlier process
// met it.
func (a *app) explainWebLimit(e *spotify.Error) failure {
	still := ""
	if e.Status == 0 {
		still = "still "
	}
	if e.Kind == spotify.QuotaExceeded {
		f := a.limited("quota_exceeded", "the quota of the app's owner is "+still+"used up for "+e.Group, e.RetryAfter)
		f.Hint = "all apps of one developer account share the quota; other paths still work"
		if e.RetryAfter == 0 {
			f.instead = "Spotify doesn't say when it comes back; spotauth won't ask again for an hour"
		}
		return f
	}
	return a.limited("rate_limited", still+"rate-limited by Spotify", e.RetryAfter)
}

func (a *app) limited(code, message string, wait time.Duration) failure {
	f := failure{Code: code, Message: message, RetryAfter: seconds(wait)}
	switch {
	case wait > 0:
		f.Message += " until " + a.clock(a.now().Add(wait))
		f.Hint = "try again then, or wait longer with --max-wait " + roundUp(wait)
	case wait == 0:
		f.Hint = "Spotify doesn't say for how long; try again in a few minutes"
	}
	return f
}

func explainSignIn(err error) (failure, bool) {
	switch {
	case errors.Is(err, auth.ErrDenied):
		return failure{Code: "declined", Message: "you declined in the browser; nothing was saved"}, true
	case errors.Is(err, auth.ErrTimeout):
		return failure{Code: "timed_out"}, true
	case errors.Is(err, auth.ErrPortInUse):
		return failure{Code: "port", Hint: "stop the program that is using it, or register http://127.0.0.1/callback, which accepts any port"}, true
	case errors.Is(err, auth.ErrPortReserved):
		return failure{Code: "port", Hint: "choose another port, or register http://127.0.0.1/callback, which accepts any port"}, true
	case errors.Is(err, auth.ErrScope):
		return failure{Code: "scope_missing", Command: loginCommand}, true
	}
	return failure{}, false
}

func explainToken(err error) (failure, bool) {
	var refused *auth.Error
	switch {
	case !errors.As(err, &refused):
		return failure{}, false
	case refused.Status >= 500:
		return failure{Code: "network", Hint: serverErrorHint}, true
	case refused.Code == "invalid_client":
		return failure{Code: "client", Message: "Spotify refused the app: " + cmp.Or(refused.Description, refused.Code),
			Hint: "the client ID or secret is wrong, or the app was removed; see https://developer.spotify.com/dashboard"}, true
	}
	return failure{Code: "refused"}, true
}

func explainAPI(err error) (failure, bool) {
	var e *spotify.Error
	if !errors.As(err, &e) {
		return failure{}, false
	}
	switch e.Kind {
	case spotify.LoginNeeded:
		return failure{Code: "login_needed", Message: "Spotify does not accept the login", Command: loginCommand}, true
	case spotify.ScopeMissing:
		var scoped scopedError
		errors.As(err, &scoped) // the zero value has no scopes
		return explainScope(scopesFor(e.Method, e.Path, e.Query), scoped.granted), true
	case spotify.NotRegistered:
		return failure{Code: "forbidden", Message: "this account is not among the users of the app",
			Hint: "add its e-mail address under User Management on https://developer.spotify.com/dashboard"}, true
	case spotify.PremiumLapsed:
		return failure{Code: "forbidden", Message: "the owner of the app needs Spotify Premium",
			Hint: "after the owner resubscribes it can take a few hours"}, true
	case spotify.Forbidden, spotify.NotFound:
		return explainPath(e), true
	case spotify.BadAnswer:
		f := failure{Code: string(e.Kind)}
		if errors.Is(err, spotify.ErrNoItems) {
			f.Hint = `"spotauth help paths" says which paths have pages`
		}
		return f, true
	case spotify.Rejected:
		f := failure{Code: string(e.Kind)}
		if e.Status == http.StatusBadRequest && e.Method == http.MethodGet { // a query is missing or wrong
			f.Hint = `"spotauth help paths" says what each path needs`
		}
		return f, true
	}
	return failure{Code: "network", Hint: serverErrorHint}, true
}

// serverErrorHint is the hint for an answer with status 5xx.
const serverErrorHint = "Spotify has a problem; try again in a few minutes"

// explainPath is about a path that doesn't exist (404), or that Spotify refuses (403).
func explainPath(e *spotify.Error) failure {
	f := failure{Code: string(e.Kind)}
	switch since, instead := closedPath(e.Method, e.Path); {
	case since != "":
		f.Hint, f.instead = "Spotify closed this path to new apps in "+since, instead
	case e.Kind == spotify.NotFound:
		f.Hint = hintForUnknown(e.Method, e.Path)
	case matchesPath("playlists/{id}/items", strings.TrimPrefix(e.Path, "/v1/")):
		f.Hint = "only its owner can read or change the items of a playlist"
	}
	return f
}

// scopedError is a refusal of the Web API, with the scopes of the login.
type scopedError struct {
	error
	granted []string
}

func (e scopedError) Unwrap() error { return e.error }

// explainScope names the missing scopes, as far as they are known. granted are the scopes that
// the login has, so none of them is missing.
func explainScope(scopes, granted []string) failure {
	if lacking := slices.DeleteFunc(slices.Clone(scopes), func(s string) bool { return slices.Contains(granted, s) }); len(lacking) > 0 {
		scopes = lacking
	}
	f := failure{Code: "scope_missing", Message: "the login lacks a scope",
		Hint: `"spotauth help paths" lists the scope of each path; "spotauth login --scope NAME" adds it`}
	if len(scopes) > 0 {
		f.Message = "the login lacks the scope " + strings.Join(scopes, " or ")
		f.Command = loginCommand + " --scope " + strings.Join(scopes, " --scope ")
	}
	return f
}

func explainOutput(err error) (failure, bool) {
	var write *export.WriteError
	var out outputError
	var shrunk *export.ShrunkError
	var incomplete *spotify.IncompleteError
	switch {
	case errors.As(err, &write), errors.As(err, &out):
		return failure{Code: "output"}, true
	case errors.As(err, &shrunk):
		return failure{Code: "incomplete", Hint: "to replace it anyway, run again with --max-drop 100%"}, true
	case errors.As(err, &incomplete) && incomplete.Total < 0: // then nothing warns
		return failure{Code: "incomplete", Hint: "without --strict, this is not an error"}, true
	case errors.As(err, &incomplete):
		return failure{Code: "incomplete", Hint: "without --strict, this is only a warning"}, true
	}
	return failure{}, false
}

// reportBug says that the program is at fault, without any of its data: what a
// panic carries may hold a token.
func (a *app) reportBug(bug any, stack []byte) int {
	if elsewhere, ok := bug.(*spotify.Panic); ok {
		stack = elsewhere.Stack
	}
	where := "unknown place"
	if m := regexp.MustCompile(`(?m)^panic\(.*\n.*\n.*\n\t(?:.*/)?([^/\s]+:\d+)`).FindSubmatch(stack); m != nil {
		where = string(m[1])
	}
	f := failure{Code: "internal", Message: "internal error at " + where +
		"; please report it at https://github.com/spotauth/spotauth/issues, with the version: " + versionLine()}
	f.Exit = exitOf(f.Code)
	a.say(f)
	return f.Exit
}
