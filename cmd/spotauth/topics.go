package main

import "github.com/spf13/cobra"

const environmentHelp = `spotauth reads these variables. An empty one counts as unset, except for
SPOTAUTH_SANDBOX, which must have an address if it is set.

  SPOTAUTH_PROFILE         the profile to use, like --profile
  SPOTAUTH_CLIENT_ID       the client ID, like login --client-id
  SPOTAUTH_REFRESH_TOKEN   with SPOTAUTH_CLIENT_ID: use this login, and save
                           none
  SPOTAUTH_CLIENT_SECRET   with SPOTAUTH_REFRESH_TOKEN: the client secret, if
                           the app has one
  SPOTIFY_ACCESS_TOKEN     use this access token, and save none; exec sets it
                           for its command
  SPOTAUTH_PASSPHRASE      the passphrase of session export and import
  SPOTAUTH_SANDBOX         the stand-in to use instead of Spotify; sandbox
                           sets it for its command

It also reads what other programs read:

  BROWSER                  the browser to open, instead of the system's
  HTTPS_PROXY, NO_PROXY    the proxy, and the hosts to reach without it; also
                           as https_proxy and no_proxy
  SSL_CERT_FILE, SSL_CERT_DIR
                           the certificates to trust (not on Windows or macOS)
  NO_COLOR                 if set, no color
  TERM                     if dumb, no color and no links
  XDG_CONFIG_HOME, XDG_STATE_HOME
                           the folders of settings and state on Linux
  DBUS_SESSION_BUS_ADDRESS
                           the session bus with the keychain on Linux`

const filesHelp = `Logins are in the system's keychain. The files hold no secrets, except for
those in logins/ and pending/.

On Linux:

  ~/.config/spotauth/config.toml
                           settings: profiles, client IDs, stores
  ~/.local/state/spotauth/
                           locks, rate limits, and the number of artists in
                           the last export
  ~/.local/state/spotauth/logins/
                           the logins, with --store file only
  ~/.local/state/spotauth/pending/
                           a sign-in between login --begin and login --finish
  ~/.local/state/spotauth/sandbox/
                           the same for stand-ins, with their settings

On macOS, the settings are in ~/Library/Application Support/spotauth, and the
state is in its subfolder state. On Windows, the settings are in
%AppData%\spotauth and the state is in %LocalAppData%\spotauth.`

// newTopics returns help topics: without RunE, Cobra lists a command as one.
func newTopics() []*cobra.Command {
	return []*cobra.Command{
		{Use: "environment", Short: "Every environment variable", Long: environmentHelp},
		{Use: "files", Short: "Every file and folder", Long: filesHelp},
		endHelpWith(&cobra.Command{Use: "paths", Short: "Paths of the Web API and the scope of each"}, pathsHelp),
		endHelpWith(&cobra.Command{Use: "exit-codes", Short: "What each exit status means"}, exitCodes),
	}
}

// endHelpWith adds to the help of cmd a text that takes time to make. It is made when the help
// is printed, because most runs print none.
func endHelpWith(cmd *cobra.Command, text func() string) *cobra.Command {
	cmd.SetHelpFunc(func(cmd *cobra.Command, _ []string) {
		cmd.Long += text()
		cmd.SetHelpFunc(nil)
		_ = cmd.Help() // always nil
	})
	return cmd
}
