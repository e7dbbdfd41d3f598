package session

import (
	"errors"
	"io/fs"
	"os/exec"
	"strings"
	"time"
)

var (
	// ErrNone says that no login is saved for this profile and client ID.
	ErrNone = errors.New("no login is saved")
	// ErrDead says that Spotify no longer accepts the refresh token: sign in again.
	// A Refresh wraps it for the OAuth error "invalid_grant" and for nothing else
	// (RFC 6749 section 5.2).
	ErrDead = errors.New("spotify no longer accepts the saved login")
	// ErrNotSaved says that a login works but no store would keep it: see
	// [Session.Unsaved]. Finish the command with it, then fail.
	ErrNotSaved = errors.New("the refreshed login could not be saved")
	// ErrNoPending says that no sign-in waits to be finished, or none any longer.
	ErrNoPending = errors.New("no sign-in is pending")
	// ErrBusy says that another spotauth process held the lock for too long.
	ErrBusy = errors.New("another spotauth is busy with this login")
	// ErrOthersFailed says that other processes tried to refresh the login, one after another,
	// and got no answer.
	ErrOthersFailed = errors.New("other spotauth processes could not refresh this login")

	// ErrUnavailable says that a store does not exist or does not work.
	ErrUnavailable = errors.New("not available")
	// ErrLocked says that a person has to unlock the store.
	ErrLocked = errors.New("it is locked")
	// ErrCorrupt says that what is saved is not a login.
	ErrCorrupt = errors.New("the saved login is damaged")
	// ErrNewer says that a later version of spotauth saved the login.
	ErrNewer = errors.New("the login was saved by a newer spotauth")
	// ErrTooBig says that the login is longer than the keychains of all systems take.
	ErrTooBig = errors.New("the login is too big to be saved")

	// ErrInvalid says that a profile name, store name or sandbox address cannot be one.
	ErrInvalid = errors.New("not valid")
	// ErrNoProfile says that the settings have no profile of this name.
	ErrNoProfile = errors.New("no such profile")
	// ErrPassphrase says that an exported session does not open with this passphrase.
	ErrPassphrase = errors.New("the passphrase is wrong")
	// ErrForeign says that a file is not a whole exported session.
	ErrForeign = errors.New("not a session exported by spotauth, or only a part of one")
	// ErrOrigin says that an exported session is of another server: Spotify or a stand-in.
	ErrOrigin = errors.New("the login belongs elsewhere")

	// errNoAnswer marks a call that ran out of time: what it did is not known.
	errNoAnswer = errors.New("no answer")
)

// CoolingDownError says that Spotify asked for a wait that is not over.
type CoolingDownError struct{ Until time.Time }

func (e *CoolingDownError) Error() string {
	return "spotify wants no request before " + e.Until.Local().Format(time.DateTime)
}

// StoreError is what a store could not do. It wraps one of [ErrUnavailable],
// [ErrLocked], [ErrCorrupt], [ErrNewer] and [ErrTooBig].
type StoreError struct {
	Store string // "keychain", "file" or "helper:NAME"
	Doing string // "reading", "writing", "deleting"
	Hint  string // what a person can do about it here; may be empty
	Err   error
}

// Error says what could not be done, and why.
func (e *StoreError) Error() string {
	object := "the keychain: "
	// The class of the error is for programs. A person needs the cause.
	cause := strings.TrimPrefix(e.Err.Error(), ErrUnavailable.Error()+": ")
	var path *fs.PathError
	switch {
	case errors.Is(e.Err, ErrCorrupt), errors.Is(e.Err, ErrNewer), errors.As(e.Err, new(*sharedError)):
		return cause
	case errors.Is(e.Err, exec.ErrNotFound):
		return strings.Replace(e.Store, helperPrefix, programPrefix, 1) + " is not in PATH"
	case e.Store == storeFile && errors.As(e.Err, &path):
		verbs := map[string]string{"reading": "read", "writing": "write", "deleting": "delete"}
		return "cannot " + verbs[e.Doing] + " " + path.Path + ": " + path.Err.Error()
	case e.Store == storeKeychain && errors.Is(e.Err, ErrLocked):
		return "the keychain is locked"
	case e.Store == storeKeychain && errors.Is(e.Err, ErrUnavailable):
		return "cannot use the keychain: " + cause
	case e.Store == storeFile:
		object = "the login file: "
	case e.Store != storeKeychain:
		object = "the login with " + e.Store + ": "
	}
	return e.Doing + " " + object + cause
}

// Unwrap returns the cause.
func (e *StoreError) Unwrap() error { return e.Err }
