// Command spotauth signs a person in to Spotify, keeps the login in the
// operating system's keychain, and exports the artists that the person follows.
//
//	spotauth login
//	spotauth artists --format csv > follows.csv
//
// The sign-in is the authorization code grant with PKCE (RFC 6749, RFC 7636)
// over a listener on the loopback address (RFC 8252). An access token is
// refreshed when it must be, by one process at a time.
//
// Data goes to stdout and nothing else does; everything said to a person goes
// to stderr. The exit status says what happened: see `spotauth help exit-codes`.
//
// To watch it work without a Spotify account:
//
//	spotauth demo
//
// spotauth is not affiliated with Spotify.
package main

import (
	"context"
	"io"
	"log"
	"os"
)

func main() {
	log.SetOutput(io.Discard) // net/http reports odd servers to it, in words that may quote a token
	os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
