package main

import "github.com/spf13/cobra"

const exitCodes = `The exit status says what happened:

    0  done, complete
    1  any other error
    2  wrong usage
    4  a login is needed (none, expired, revoked, scope missing)
    5  rate-limited or out of quota, longer than --max-wait
    6  network, or Spotify unreachable after the retries
    7  keychain (or the chosen store) unavailable or locked
    8  output could not be written
    9  login declined, or timed out
   10  incomplete: --strict, or a shrink guard held back the file
   70  a bug in spotauth
  129, 130, 141, 143  ended by SIGHUP, SIGINT, SIGPIPE, SIGTERM

Read an unknown code as failure. With --error-format json the last line on stderr is one object:

  {"error":{"code":"rate_limited","message":"...","hint":"...","exit":5,"retry_after":3600}}`

// newExitCodesCmd is a help topic: it has no RunE, so cobra lists it as one.
func newExitCodesCmd() *cobra.Command {
	return &cobra.Command{Use: "exit-codes", Short: "What each exit status means", Long: exitCodes}
}
