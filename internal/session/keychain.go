package session

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/zalando/go-keyring"
)

// service is the name of all of spotauth's items in the keychain.
const service = "spotauth"

// keychain keeps records in the system's keychain: the Secret Service on Linux, the
// login keychain on macOS, the Credential Manager on Windows.
type keychain struct {
	getItem    func(service, user string) (string, error)
	setItem    func(service, user, data string) error
	deleteItem func(service, user string) error
	checkBus   func() error
	timeouts   timeouts
}

func newKeychain(o Options, t timeouts) keychain {
	return keychain{
		getItem: keyring.Get, setItem: keyring.Set, deleteItem: keyring.Delete,
		checkBus: func() error { return checkBus(o.BusAddress) },
		timeouts: t,
	}
}

func (k keychain) get(ctx context.Context, id recordKey) (string, error) {
	get := func() (string, error) { return k.getItem(service, id.user()) }
	data, err := k.ask(ctx, "reading", get)
	for try := 0; try < 3 && err != nil && strings.Contains(err.Error(), "does not exist"); try++ {
		// The Secret Service found the item, and it was replaced before it was read.
		data, err = k.ask(ctx, "reading", get)
	}
	return data, err
}

func (k keychain) set(ctx context.Context, id recordKey, data string) error {
	_, err := k.ask(ctx, "writing", func() (string, error) { return "", k.setItem(service, id.user(), data) })
	return err
}

func (k keychain) remove(ctx context.Context, id recordKey) error {
	_, err := k.ask(ctx, "deleting", func() (string, error) { return "", k.deleteItem(service, id.user()) })
	return err
}

func (k keychain) ask(ctx context.Context, doing string, call func() (string, error)) (string, error) {
	if err := k.checkBus(); err != nil {
		return "", k.storeError(doing, err)
	}
	data, err := k.timeouts.bound(ctx, "waiting for the keychain to be unlocked",
		func(context.Context) (string, error) { return call() })
	switch {
	case err == nil, ctx.Err() != nil:
		return data, err
	case errors.Is(err, keyring.ErrNotFound):
		return "", ErrNone
	case errors.Is(err, errNoAnswer):
		err = fmt.Errorf("%w: %w in %v", ErrUnavailable, err, k.timeouts.call)
	case errors.Is(err, keyring.ErrSetDataTooBig):
		err = ErrTooBig
	case isLockedError(err):
		err = ErrLocked
	case strings.Contains(err.Error(), "org.freedesktop.secrets"): // nobody has this name
		err = fmt.Errorf("%w: no Secret Service is running", ErrUnavailable)
	case errors.As(err, new(*net.OpError)):
		err = fmt.Errorf("%w: the session bus can't be reached", ErrUnavailable)
	default:
		err = fmt.Errorf("%w: %v", ErrUnavailable, err)
	}
	return "", k.storeError(doing, err)
}

func (keychain) storeError(doing string, err error) error {
	return &StoreError{Store: storeKeychain, Doing: doing, Err: err, Hint: keychainHint(runtime.GOOS, err)}
}

// checkBus checks for a session bus on Linux. Without an address the D-Bus library would
// start dbus-launch, and leave a stray daemon behind.
func checkBus(address string) error {
	if runtime.GOOS != "linux" || address != "" && address != "autolaunch:" {
		return nil
	}
	folder := filepath.Join("/run/user", strconv.Itoa(os.Getuid()))
	for _, name := range []string{"bus", "dbus-session"} {
		if _, err := os.Stat(filepath.Join(folder, name)); err == nil {
			return nil
		}
	}
	return fmt.Errorf("%w: none is running (are you on a server, in a container or in cron?)", ErrUnavailable)
}

// isLockedError reports whether an error is one of a keychain that has to be unlocked: the text of the
// Secret Service library for a prompt that was not answered (and for a service that has no
// keyring yet), the D-Bus errors, and the statuses of macOS's security tool for
// errSecInteractionNotAllowed (36), errSecAuthFailed (51), and one seen over SSH.
func isLockedError(err error) bool {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code := exit.ExitCode()
		return code == 36 || code == 51 || code == 154
	}
	text := err.Error()
	return strings.Contains(text, "failed to unlock") || strings.Contains(text, " locked") || strings.Contains(text, "IsLocked")
}

// keychainHint says what helps on a system. It names no command but the system's: login,
// session import and doctor share it.
func keychainHint(goos string, err error) string {
	locked := errors.Is(err, ErrLocked) || errors.Is(err, errNoAnswer)
	switch {
	case !locked && !errors.Is(err, ErrUnavailable):
		return ""
	case goos == "darwin":
		return "run: security unlock-keychain"
	case goos == "windows":
		return "sign in to Windows with a password, or save the login with --store file"
	case locked:
		return "unlock the login keyring (or make one, in the desktop's password settings), or save the login with --store file"
	}
	return "start gnome-keyring or another Secret Service, or save the login with --store file"
}
