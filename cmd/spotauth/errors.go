package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/spotauth/spotauth/internal/auth"
	"github.com/spotauth/spotauth/internal/export"
	"github.com/spotauth/spotauth/internal/session"
	"github.com/spotauth/spotauth/internal/spotify"
	"github.com/spotauth/spotauth/internal/wire"
)

// The rules of what is said when something goes wrong:
//   - one line that says what happened, then zero or more hints; a hint is a
//     command that can be pasted, or what to do where no command helps;
//   - lower case, no full stop, no stack of prefixes;
//   - rooms return errors with a meaning, and only this file turns a meaning into
//     words and an exit status;
//   - foreign text is made safe by the console before it is printed.

// The exit statuses. Scripts rely on them; see `spotauth help exit-codes`.
const (
	exitOther      = 1
	exitUsage      = 2
	exitLogin      = 4
	exitLimited    = 5
	exitNetwork    = 6
	exitStore      = 7
	exitOutput     = 8
	exitDeclined   = 9
	exitIncomplete = 10
	exitBug        = 70
)

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
	return "writing the output: " + cause.Error()
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

// statusError ends the program with the status of a command that it ran.
type statusError int

func (e statusError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// commandError is how a command ended, as a status that shells would give it.
func commandError(err error) error {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return err
	}
	if ws, ok := exit.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return statusError(128 + int(ws.Signal()))
	}
	return statusError(exit.ExitCode())
}

// hinted is an error whose hint only the command knows.
type hinted struct {
	error
	hint string
}

func (e hinted) Unwrap() error { return e.error }

// A failure is what is said about an error.
type failure struct {
	Code       string `json:"code"`
	Message    string `json:"message"`
	Hint       string `json:"hint,omitempty"`
	Exit       int    `json:"exit"`
	RetryAfter int    `json:"retry_after,omitempty"` // seconds
}

// report says what went wrong, if anything did, and returns the exit status.
func (a *app) report(ctx context.Context, err error) int {
	if err == nil && a.session != nil {
		err = a.session.Unsaved() // the token worked: the work is done, and fails now
	}
	if err == nil {
		return 0
	}
	a.remember(err)
	var status statusError
	if errors.As(err, &status) {
		return int(status)
	}
	if status, ok := signalStatus(ctx); ok {
		return status
	}
	f := a.explain(err)
	if f.Code == "output" && nobodyReads(err) {
		return 128 + int(syscall.SIGPIPE)
	}
	a.say(f)
	return f.Exit
}

func (a *app) say(f failure) {
	if a.errorFormat == "json" {
		line, _ := json.Marshal(map[string]failure{"error": f}) // texts and numbers always encode
		fmt.Fprintf(a.console.Err, "%s\n", line)
		return
	}
	a.console.Error("%s", f.Message)
	if f.Hint != "" {
		a.console.Hint("%s", f.Hint)
	}
}

// explain finds the words and the status for an error.
func (a *app) explain(err error) failure {
	f := a.classify(err)
	if f.Message == "" {
		f.Message = err.Error()
	}
	var own hinted
	if errors.As(err, &own) {
		f.Hint = own.hint
	}
	if a.given != "" && f.Code == "login_needed" {
		f.Message = "spotify does not accept what " + a.given + " holds"
		f.Hint = "give a fresh " + a.given + ", or unset it to use the saved login"
	}
	f.Hint = a.here(f.Hint)
	return f
}

// here makes a command that signs in one that does so to the profile of this one.
func (a *app) here(hint string) string {
	if a.profile == a.env("SPOTAUTH_PROFILE") {
		return hint
	}
	return strings.Replace(hint, loginHint, loginHint+" --profile "+a.profile, 1)
}

func (a *app) classify(err error) failure {
	for _, explain := range []func(error) (failure, bool){
		explainUsage, explainCommand, explainSession, explainWay, a.explainAuth, a.explainAPI, explainOutput,
	} {
		if f, ok := explain(err); ok {
			return f
		}
	}
	if path := (*fs.PathError)(nil); !a.running && errors.As(err, &path) { // cobra wrote the version
		return failure{Code: "output", Message: outputError{err}.Error(), Exit: exitOutput}
	}
	if !a.running { // cobra's own errors: the command line was not understood
		return failure{Code: "usage", Message: firstLine(err), Hint: a.meant(err), Exit: exitUsage}
	}
	return failure{Code: "other", Exit: exitOther}
}

func explainUsage(err error) (failure, bool) {
	var own usageError
	var exporting *export.UsageError
	var profile noProfileError
	switch {
	case errors.As(err, &own), errors.As(err, &exporting),
		errors.Is(err, session.ErrInvalid), errors.Is(err, session.ErrNoProfile):
		return failure{Code: "usage", Exit: exitUsage}, true
	case errors.As(err, &profile):
		return failure{Code: "login_needed", Exit: exitLogin}, true
	case errors.Is(err, auth.ErrClientID):
		return failure{Code: "usage", Hint: "copy it from https://developer.spotify.com/dashboard", Exit: exitUsage}, true
	case errors.Is(err, auth.ErrRedirectURI):
		return failure{Code: "usage", Hint: "spotify takes http://127.0.0.1/PATH and http://127.0.0.1:PORT/PATH, not localhost", Exit: exitUsage}, true
	}
	return failure{}, false
}

const loginHint = "spotauth login"

func explainSession(err error) (failure, bool) {
	var store *session.StoreError
	_ = errors.As(err, &store)
	var soon endsSoon
	var changed accountChanged
	hint := ""
	if store != nil {
		hint = store.Hint
	}
	switch {
	case errors.As(err, &soon):
		return failure{Code: "login_needed", Hint: loginHint, Exit: exitLogin}, true
	case errors.As(err, &changed):
		return failure{Code: "account_changed", Hint: "run it again with --force, or with --profile NAME to keep both", Exit: exitOther}, true
	case errors.Is(err, session.ErrOthersFailed):
		return failure{Code: "network", Exit: exitNetwork}, true
	case errors.Is(err, session.ErrPassphrase), errors.Is(err, session.ErrForeign), errors.Is(err, session.ErrOrigin):
		return failure{Code: "import", Exit: exitOther}, true
	case errors.Is(err, session.ErrNone):
		return failure{Code: "login_needed", Message: "not signed in", Hint: loginHint, Exit: exitLogin}, true
	case errors.Is(err, session.ErrNotSaved):
		return failure{Code: "not_saved", Message: "spotify gave a new refresh token that could not be saved; the saved login may have stopped working",
			Hint: loginHint, Exit: exitStore}, true
	case errors.Is(err, session.ErrDead):
		return failure{Code: "login_needed", Message: "spotify no longer accepts the saved login (expired after 6 months, or access removed)",
			Hint: loginHint, Exit: exitLogin}, true
	case errors.Is(err, session.ErrBusy):
		return failure{Code: "busy", Message: "another spotauth has been busy with this login for too long", Hint: "end it, then try again", Exit: exitStore}, true
	case errors.Is(err, session.ErrCorrupt):
		return failure{Code: "store", Hint: loginHint, Exit: exitStore}, true
	case errors.Is(err, session.ErrNewer):
		return failure{Code: "store", Hint: "update spotauth", Exit: exitStore}, true
	case errors.Is(err, session.ErrUnavailable), errors.Is(err, session.ErrLocked), errors.Is(err, session.ErrTooBig), store != nil:
		return failure{Code: "store", Hint: hint, Exit: exitStore}, true
	}
	return failure{}, false
}

// explainWay tells what stands between this machine and Spotify.
func explainWay(err error) (failure, bool) {
	var network *wire.Error
	isNetwork := errors.As(err, &network)
	switch {
	case errors.Is(err, errProxyAddress):
		return failure{Code: "proxy", Hint: "HTTPS_PROXY=http://HOST:PORT", Exit: exitNetwork}, true
	case isNetwork && network.Kind == wire.ProxyPassword:
		return failure{Code: "proxy", Message: "the proxy wants a user name and a password", Hint: "HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT", Exit: exitNetwork}, true
	case isNetwork && network.Kind == wire.Untrusted:
		return failure{Code: "certificate", Hint: "check this machine's clock, and the certificate of a proxy in between", Exit: exitNetwork}, true
	case isNetwork:
		return failure{Code: "network", Exit: exitNetwork}, true
	}
	return failure{}, false
}

func (a *app) explainAuth(err error) (failure, bool) {
	var refused *auth.Error
	errors.As(err, &refused)
	switch {
	case errors.Is(err, auth.ErrDenied):
		return failure{Code: "declined", Message: "you declined in the browser; nothing was saved", Exit: exitDeclined}, true
	case errors.Is(err, auth.ErrTimeout):
		return failure{Code: "timed_out", Exit: exitDeclined}, true
	case errors.Is(err, auth.ErrPortInUse):
		return failure{Code: "port", Hint: "end the program that has it, or register http://127.0.0.1/callback, for which any port will do", Exit: exitOther}, true
	case errors.Is(err, auth.ErrPortReserved):
		return failure{Code: "port", Hint: "choose another port, or register http://127.0.0.1/callback, for which any port will do", Exit: exitOther}, true
	case errors.Is(err, auth.ErrScope):
		return failure{Code: "scope_missing", Hint: loginHint, Exit: exitLogin}, true
	case errors.Is(err, auth.ErrForeign), errors.Is(err, auth.ErrIssuer), errors.Is(err, auth.ErrAnswer), errors.Is(err, auth.ErrPending):
		return failure{Code: "usage", Exit: exitUsage}, true
	case refused == nil:
		return failure{}, false
	case refused.Status == 429:
		return failure{Code: "rate_limited", Message: a.limitWords(refused.Error(), refused.RetryAfter), Exit: exitLimited, RetryAfter: seconds(refused.RetryAfter)}, true
	case refused.Status >= 500:
		return failure{Code: "network", Exit: exitNetwork}, true
	case refused.Code == "invalid_client":
		return failure{Code: "client", Hint: "the client id or secret is wrong, or the app was removed; see https://developer.spotify.com/dashboard", Exit: exitOther}, true
	}
	return failure{Code: "refused", Exit: exitOther}, true
}

func (a *app) explainAPI(err error) (failure, bool) {
	var cooling *session.CoolingDownError
	if errors.As(err, &cooling) {
		return a.explainCoolDown(cooling.Until), true
	}
	var e *spotify.Error
	if !errors.As(err, &e) {
		return failure{}, false
	}
	if e.Limits != "" && e.Status == 0 { // an earlier process was told to wait
		return a.explainCoolDown(a.now().Add(e.RetryAfter)), true
	}
	switch e.Kind {
	case spotify.LoginNeeded:
		return failure{Code: "login_needed", Message: "spotify does not accept the login", Hint: loginHint, Exit: exitLogin}, true
	case spotify.ScopeMissing:
		return failure{Code: "scope_missing", Message: "the login does not cover this: its scope user-follow-read is missing",
			Hint: "spotauth login --scope user-follow-read", Exit: exitLogin}, true
	case spotify.NotRegistered:
		return failure{Code: "forbidden", Message: "this account is not among the users of the app",
			Hint: "add its e-mail address under User Management on https://developer.spotify.com/dashboard", Exit: exitOther}, true
	case spotify.PremiumLapsed:
		return failure{Code: "forbidden", Message: "the owner of the app needs Spotify Premium",
			Hint: "after the owner resubscribes it can take a few hours", Exit: exitOther}, true
	case spotify.Forbidden, spotify.NotFound, spotify.Rejected, spotify.BadAnswer:
		return failure{Code: string(e.Kind), Exit: exitOther}, true
	case spotify.RateLimited:
		return failure{Code: "rate_limited", Message: a.limitWords("spotify limits the rate", e.RetryAfter), Exit: exitLimited, RetryAfter: seconds(e.RetryAfter)}, true
	case spotify.QuotaExceeded:
		return failure{Code: "quota_exceeded", Message: a.limitWords("the quota of the app's owner is used up", e.RetryAfter),
			Hint: "all apps of one developer account share it", Exit: exitLimited, RetryAfter: seconds(e.RetryAfter)}, true
	}
	return failure{Code: "network", Exit: exitNetwork}, true
}

func (a *app) explainCoolDown(until time.Time) failure {
	return failure{Code: "rate_limited", Message: "spotify asked not to be asked again before " + clock(until),
		Exit: exitLimited, RetryAfter: seconds(until.Sub(a.now()))}
}

func (a *app) limitWords(what string, wait time.Duration) string {
	if wait <= 0 {
		return what
	}
	return fmt.Sprintf("%s; it asks to wait until %s", what, clock(a.now().Add(wait)))
}

func explainOutput(err error) (failure, bool) {
	var write *export.WriteError
	var out outputError
	var shrunk *export.ShrunkError
	var incomplete *spotify.IncompleteError
	switch {
	case errors.As(err, &write), errors.As(err, &out):
		return failure{Code: "output", Exit: exitOutput}, true
	case errors.As(err, &shrunk):
		return failure{Code: "incomplete", Hint: "if this is right, run it again with --max-drop 100%, or remove the file first", Exit: exitIncomplete}, true
	case errors.As(err, &incomplete):
		return failure{Code: "incomplete", Hint: "without --strict the list is written all the same", Exit: exitIncomplete}, true
	}
	return failure{}, false
}

func seconds(d time.Duration) int { return int(math.Ceil(max(d, 0).Seconds())) }

// clock is a time of day, with its day where that is not today.
func clock(t time.Time) string {
	t = t.Local()
	if y, m, d := time.Now().Date(); t.Year() == y && t.Month() == m && t.Day() == d {
		return t.Format("15:04:05")
	}
	return t.Format("15:04:05 on 2 January")
}

// meant is the command that cobra takes a mistyped one for, or else the help.
func (a *app) meant(err error) string {
	if m := regexp.MustCompile(`Did you mean this\?\n\t(\S+)`).FindStringSubmatch(err.Error()); m != nil {
		return a.command + " " + m[1]
	}
	return a.command + " --help"
}

func firstLine(err error) string {
	return regexp.MustCompile(`(?s)\n.*`).ReplaceAllString(err.Error(), "")
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
	a.say(failure{Code: "internal", Message: "internal error at " + where + "; please report it", Exit: exitBug})
	return exitBug
}
