package session

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// The stores. Only these texts stand in the settings.
const (
	storeKeychain = "keychain"
	storeFile     = "file"
	helperPrefix  = "helper:"
)

// store keeps records, each under a key. get answers ErrNone when there is none.
type store interface {
	get(context.Context, key) (string, error)
	set(context.Context, key, string) error
	remove(context.Context, key) error
	// fault names the store in an error.
	fault(doing string, err error) error
}

// key says which login is meant.
type key struct{ sandbox, profile, clientID string }

// user is the key in the keychain, under the service "spotauth".
func (k key) user() string {
	return strings.TrimSpace(k.profile + " " + k.clientID + " " + k.sandbox)
}

// hash is the key in the name of a file.
func (k key) hash() string {
	sum := sha256.Sum256([]byte(k.sandbox + "\x00" + k.profile + "\x00" + k.clientID))
	return k.profile + "-" + hex.EncodeToString(sum[:8])
}

// url is the key for a credential helper, which is made for the addresses of servers.
func (k key) url() string {
	server := k.sandbox
	if server == "" {
		server = "https://accounts.spotify.com"
	}
	return server + "/spotauth/" + url.PathEscape(k.profile) + "/" + url.PathEscape(k.clientID)
}

// openStore makes the store of a name, and touches nothing.
func openStore(name, folder string, o Options, p patience) (store, error) {
	switch {
	case name == storeKeychain:
		return newKeychain(o, p), nil
	case name == storeFile:
		return files{folder}, nil
	case regexp.MustCompile(`^helper:[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`).MatchString(name):
		return helper{strings.TrimPrefix(name, helperPrefix), p}, nil
	}
	return nil, fmt.Errorf("store %q: %w: keychain, file or helper:NAME", name, ErrInvalid)
}

// put writes a record and reads it back, because keychains answer "done" to a person
// who dismissed their prompt, and a call that ran out of time may have written.
func put(ctx context.Context, s store, k key, data string) error {
	err := s.set(ctx, k, data)
	if err != nil && !errors.Is(err, errNoAnswer) {
		return err
	}
	back, readErr := look(ctx, s, k, err)
	switch {
	case readErr == nil && back == data:
		return nil
	case err != nil:
		return err
	case readErr != nil && !errors.Is(readErr, ErrNone):
		return readErr
	}
	return s.fault("writing", fmt.Errorf("%w: it said that it saved the login, and did not", ErrUnavailable))
}

// erase removes a record and looks whether it is gone. No record is no error.
func erase(ctx context.Context, s store, k key) error {
	err := s.remove(ctx, k)
	_, readErr := look(ctx, s, k, err)
	switch {
	case errors.Is(readErr, ErrNone):
		return nil
	case err != nil:
		return err
	case readErr != nil:
		return readErr
	}
	return s.fault("deleting", fmt.Errorf("%w: it said that it deleted the login, and did not", ErrUnavailable))
}

// look reads a record back, with little patience for a store that has just shown none.
func look(ctx context.Context, s store, k key, err error) (string, error) {
	if errors.Is(err, errNoAnswer) {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Second)
		defer cancel()
	}
	return s.get(ctx, k)
}

// patience is how long to wait for what.
type patience struct {
	lock       time.Duration // for another process to let go of the lock
	lockNotice time.Duration // until the person is told of that
	call       time.Duration // for a keychain or helper to answer
	callNotice time.Duration // until the person is told of that; 0: nobody is there
	post       time.Duration // for the token endpoint to answer
	save       time.Duration // for all attempts at saving a refreshed login
	retry      time.Duration // between two of them
	settle     time.Duration // for another process to save, where there is no lock
	waiting    func(what string)
}

func newPatience(o Options) patience {
	p := patience{
		lock: 30 * time.Second, lockNotice: 2 * time.Second,
		call: 5 * time.Second, post: 15 * time.Second, save: 15 * time.Second,
		retry: 200 * time.Millisecond, settle: time.Second,
		waiting: o.Waiting,
	}
	if o.Interactive { // somebody may be typing the keychain's password
		p.call, p.callNotice, p.save = time.Minute, 3*time.Second, time.Minute
	}
	return p
}

// ask runs a call that knows no limit of its own, and gives up on it in time. What the
// call does after that is lost; the process is about to end.
func (p patience) ask(ctx context.Context, what string, call func(context.Context) (string, error)) (string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, p.call, errNoAnswer)
	defer cancel()
	if p.callNotice > 0 {
		defer time.AfterFunc(p.callNotice, func() { p.waiting(what) }).Stop()
	}
	type answer struct {
		text string
		err  error
	}
	done := make(chan answer, 1)
	go func() {
		text, err := call(ctx)
		done <- answer{text, err}
	}()
	select {
	case a := <-done:
		if a.err != nil && context.Cause(ctx) == errNoAnswer {
			a.err = errNoAnswer // the call saw the limit first
		}
		return a.text, a.err
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}
