// Command spotauth signs a person in to Spotify, keeps the login in the
// operating system's keychain, and exports the artists that the person follows.
//
//	spotauth login
//	spotauth artists --format csv > follows.csv
//
// The sign-in is the authorization code grant with PKCE (RFC 6749, RFC 7636)
// over a listener on the loopback address (RFC 8252). Only one process
// refreshes an access token at a time.
//
// Only data goes to stdout. Messages go to stderr. The exit status says what
// happened: see `spotauth help exit-codes`.
//
// To see it work without a Spotify account:
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
