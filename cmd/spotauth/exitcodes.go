package main

import (
	"fmt"
	"strings"
)

// The exit statuses that the program itself uses.
const (
	exitOther      = 1
	exitUsage      = 2
	exitDiffers    = 3
	exitLogin      = 4
	exitLimited    = 5
	exitNetwork    = 6
	exitStore      = 7
	exitOutput     = 8
	exitDeclined   = 9
	exitIncomplete = 10
	exitBug        = 70
)

// The exit statuses of a command that did not start (POSIX, "env").
const (
	exitNoProgram = 126 // it is there, but it can't be run
	exitNoCommand = 127 // it is not found
)

// What the help says about the exit statuses, one per line. They are constants, so that no start
// spends time on building the texts of all commands.
const (
	exitStatuses = "Exit statuses:"

	status0   = "\n   0  success, complete"
	status1   = "\n   1  any other error"
	status2   = "\n   2  wrong usage"
	status3   = "\n   3  diff --exit-code: the lists differ"
	status4   = "\n   4  a login is needed (none, expired, revoked, missing scope)"
	status5   = "\n   5  rate-limited or out of quota for longer than --max-wait"
	status6   = "\n   6  network failure, or Spotify unreachable after retries"
	status7   = "\n   7  the keychain (or the chosen store) is unavailable or locked"
	status8   = "\n   8  output could not be written"
	status9   = "\n   9  sign-in declined or timed out"
	status10  = incomplete + "--strict failed, the old file was kept, or some artists\n      could not be followed"
	status70  = "\n  70  a bug in spotauth"
	status126 = "\n 126  exec, sandbox: CMD can't be run"
	status127 = "\n 127  exec, sandbox: CMD is not found"

	incomplete = "\n  10  incomplete: " // the command says why

	allStatuses = status0 + status1 + status2 + status3 + status4 + status5 + status6 + status7 +
		status8 + status9 + status10 + status70 + status126 + status127
)

// errorCodes are the codes of a JSON error, each with its exit status.
var errorCodes = []struct {
	code    string
	exit    int
	meaning string
}{
	{"other", exitOther, "any other error"},
	{"account_changed", exitOther, "the sign-in was for a different account than the saved login"},
	{"bad_answer", exitOther, "Spotify's response is not as documented"},
	{"bad_input", exitOther, "a list, or the JSON for api, could not be read"},
	{"client", exitOther, "the token endpoint doesn't accept the client ID or secret"},
	{"forbidden", exitOther, "Spotify refuses the account, the app or the request (403)"},
	{"import", exitOther, "wrong passphrase, or not a file that session export wrote"},
	{"not_confirmed", exitOther, "you didn't confirm; nothing was changed"},
	{"not_found", exitOther, "Spotify doesn't know the path (404)"},
	{"port", exitOther, "the port of the redirect URI can't be used"},
	{"refused", exitOther, "the token endpoint refused the request"},
	{"rejected", exitOther, "Spotify rejected the request (other 4xx)"},
	{"usage", exitUsage, "wrong usage"},
	{"login_needed", exitLogin, "not signed in, or the login has expired or was revoked"},
	{"scope_missing", exitLogin, "the login lacks a scope"},
	{"quota_exceeded", exitLimited, "the developer account's quota is used up"},
	{"rate_limited", exitLimited, "rate-limited by Spotify for longer than --max-wait"},
	{"certificate", exitNetwork, "the connection to Spotify isn't secure"},
	{"network", exitNetwork, "Spotify can't be reached, or answers with server errors"},
	{"proxy", exitNetwork, "the proxy can't be used"},
	{"busy", exitStore, "another spotauth process has locked the login for too long"},
	{"not_saved", exitStore, "a refreshed login could not be saved"},
	{"store", exitStore, "the keychain, file or helper can't be used"},
	{"output", exitOutput, "output could not be written"},
	{"declined", exitDeclined, "you declined the sign-in in the browser"},
	{"timed_out", exitDeclined, "nothing came back from the browser in time"},
	{"incomplete", exitIncomplete, "the list is not complete, or suddenly much shorter"},
	{"internal", exitBug, "a bug in spotauth"},
	{"command_not_run", exitNoProgram, "exec, sandbox: CMD can't be run"},
	{"command_not_found", exitNoCommand, "exec, sandbox: CMD is not found"},
}

// exitOf is the exit status that follows from a code.
func exitOf(code string) int {
	for _, c := range errorCodes {
		if c.code == code {
			return c.exit
		}
	}
	panic("no such code: " + code)
}

// exitCodes is the text of the help topic.
func exitCodes() string {
	var b strings.Builder
	b.WriteString("The exit status says what happened:\n" + allStatuses + "\n")
	b.WriteString("\n  129, 130, 131, 141, 143  ended by SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM\n")
	b.WriteString(`
Treat any other status as a failure. With --error-format json, the last line
on stderr is one object:

  {"error":{"code":"login_needed","message":"not signed in",
  "hint":"run \"spotauth login\"","command":"spotauth login","exit":4}}

"command" is there if a hint is a command, "retry_after" (seconds) if Spotify
asks for a wait. These are the codes and their exit statuses:

`)
	for _, c := range errorCodes {
		fmt.Fprintf(&b, "  %-17s %4d  %s\n", c.code, c.exit, wrap(c.meaning, 78-26, strings.Repeat(" ", 26)))
	}
	return strings.TrimSuffix(b.String(), "\n")
}
