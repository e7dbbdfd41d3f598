package main

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/spotauth/spotauth/internal/secret"
	"github.com/spotauth/spotauth/internal/session"
)

// env is the value of an environment variable, "" if it is not set.
func (a *app) env(name string) string {
	value, _ := a.lookupEnv(name)
	return value
}

func (a *app) lookupEnv(name string) (value string, isSet bool) {
	for _, v := range a.environ {
		key, value, _ := strings.Cut(v, "=")
		if key == name || runtime.GOOS == "windows" && strings.EqualFold(key, name) {
			return value, true
		}
	}
	return "", false
}

// credential is the value of a variable, without the line end that it may have from a file.
func (a *app) credential(name string) string { return strings.TrimSpace(a.env(name)) }

// folder is the folder in a variable. One with a relative path is ignored, as the XDG
// Base Directory Specification says.
func (a *app) folder(name string) string {
	if folder := a.env(name); filepath.IsAbs(folder) {
		return folder
	}
	return ""
}

var errNoFolder = errors.New("cannot find your config folder")

// home is the user's home folder, "" if it is not known.
func (a *app) home() string {
	if runtime.GOOS == "windows" {
		return a.folder("USERPROFILE")
	}
	return a.folder("HOME")
}

// folders are where the user's settings and state live on this system.
func (a *app) folders() (config, state string, err error) {
	home := a.home()
	why := "is not set"
	if a.env("HOME") != "" {
		why = "is not an absolute path"
	}
	missing := advisedError{fmt.Errorf("%w: HOME %s", errNoFolder, why), "set HOME, or XDG_CONFIG_HOME and XDG_STATE_HOME", ""}
	switch runtime.GOOS {
	case "windows":
		config, state = a.folder("AppData"), a.folder("LocalAppData")
		missing = advisedError{fmt.Errorf("%w: AppData or LocalAppData is not set", errNoFolder), "set both variables", ""}
	case "darwin":
		config = filepath.Join(home, "Library", "Application Support")
		state = filepath.Join(config, "spotauth", "state")
		missing.hint = "set HOME"
	default:
		config = cmp.Or(a.folder("XDG_CONFIG_HOME"), filepath.Join(home, ".config"))
		state = cmp.Or(a.folder("XDG_STATE_HOME"), filepath.Join(home, ".local", "state"))
	}
	if !filepath.IsAbs(config) || !filepath.IsAbs(state) {
		return "", "", missing
	}
	if config = filepath.Join(config, "spotauth"); runtime.GOOS != "darwin" {
		state = filepath.Join(state, "spotauth")
	}
	return config, state, nil
}

// The variables that can hold a login, for CI and containers that store nothing.
const (
	refreshTokenVar = "SPOTAUTH_REFRESH_TOKEN"
	accessTokenVar  = "SPOTIFY_ACCESS_TOKEN"
)

// loginFromEnvironment is the login in the environment, and the variable that it came
// in; "" if there is none.
func (a *app) loginFromEnvironment() (login session.Login, loginVar string, err error) {
	refresh, access := a.credential(refreshTokenVar), a.credential(accessTokenVar)
	login.ClientID = a.credential("SPOTAUTH_CLIENT_ID")
	switch {
	case !secret.IsVisible(refresh) || !secret.IsVisible(access):
		return login, "", usageError{errors.New("the token in the environment has characters that no token has")}
	case refresh != "" && login.ClientID == "":
		return login, "", usageError{errors.New(refreshTokenVar + " also needs SPOTAUTH_CLIENT_ID")}
	case refresh != "":
		login.Refresh = secret.New(refresh)
		login.ClientSecret = secret.New(a.credential("SPOTAUTH_CLIENT_SECRET"))
		return login, refreshTokenVar, nil
	case access != "":
		login.Access = secret.New(access)
		return login, accessTokenVar, nil
	}
	return session.Login{}, "", nil
}

// harmlessEnvironment is our environment without the secrets in it.
func (a *app) harmlessEnvironment() []string {
	return without(a.environ, append(spotifySecrets[:], "SPOTAUTH_PASSPHRASE")...)
}

// spotifySecrets are the variables whose values may be sent to Spotify.
var spotifySecrets = [...]string{accessTokenVar, refreshTokenVar, "SPOTAUTH_CLIENT_SECRET"}

// without leaves variables out of an environment. It ignores the case of names, as Windows
// does.
func without(env []string, names ...string) []string {
	return slices.DeleteFunc(slices.Clone(env), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
	})
}
