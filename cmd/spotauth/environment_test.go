package main

import (
	"slices"
	"testing"
)

// B-14: Windows ignores the case of a variable's name, so a secret is one in any spelling.
func TestSecretsLeaveTheEnvironmentInAnySpelling(t *testing.T) {
	env := []string{
		"PATH=/bin", "spotauth_client_secret=a", "Spotauth_Passphrase=b", "SPOTAUTH_REFRESH_TOKEN=c",
		"Spotify_Access_Token=d", "SPOTAUTH_PASSPHRASE_FILE=e", "SPOTAUTH_CLIENT_ID=f",
	}
	want := []string{"PATH=/bin", "SPOTAUTH_PASSPHRASE_FILE=e", "SPOTAUTH_CLIENT_ID=f"}
	if got := (&app{environ: env}).harmlessEnvironment(); !slices.Equal(got, want) {
		t.Errorf("%q is left, want %q", got, want)
	}
}
