package session

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

const spotifyOrigin = "https://accounts.spotify.com"

// The stores, as the settings name them.
const (
	storeKeychain = "keychain"
	storeFile     = "file"
	helperPrefix  = "helper:"
	programPrefix = "docker-credential-"
)

// store keeps logins, each under a key. load returns ErrNone if there is none.
type store interface {
	load(context.Context, recordKey) (Login, error)
	save(context.Context, recordKey, Login) error
	remove(context.Context, recordKey) error
	// probe checks that the store keeps and deletes, with an item that means nothing.
	probe(context.Context, recordKey) error
}

// recordKey names one login in a store.
type recordKey struct{ sandbox, profile, clientID string }

// user is the key in the keychain, under the service "spotauth".
func (k recordKey) user() string {
	return strings.TrimSpace(k.profile + " " + k.clientID + " " + k.sandbox)
}

// hash is the key in the name of a file.
func (k recordKey) hash() string {
	sum := sha256.Sum256([]byte(k.sandbox + "\x00" + k.profile + "\x00" + k.clientID))
	return k.profile + "-" + hex.EncodeToString(sum[:8])
}

// url is the key for a credential helper, which is made for the addresses of servers.
func (k recordKey) url() string {
	return cmp.Or(k.sandbox, spotifyOrigin) + "/spotauth/" + url.PathEscape(k.profile) + "/" + url.PathEscape(k.clientID)
}

// openStore makes the store of a name, and touches nothing.
func openStore(name, folder string, o Options, t timeouts) (store, error) {
	program, isHelper := strings.CutPrefix(name, helperPrefix)
	switch {
	case name == storeKeychain:
		return records{newKeychain(o, t)}, nil
	case name == storeFile:
		return records{files{folder}}, nil
	case isHelper && isName(program, "_-", 64):
		return records{helper{program, t}}, nil
	}
	return nil, fmt.Errorf("store %q is %w: use keychain, file or helper:NAME", name, ErrInvalid)
}

// memory is a store that ends with the process.
type memory struct{ login *Login }

func (m *memory) load(context.Context, recordKey) (Login, error) {
	if m.login == nil {
		return Login{}, ErrNone
	}
	return *m.login, nil
}

func (m *memory) save(_ context.Context, _ recordKey, l Login) error { m.login = &l; return nil }
func (m *memory) remove(context.Context, recordKey) error            { m.login = nil; return nil }
func (m *memory) probe(context.Context, recordKey) error             { return nil }

// items are what a keychain, a folder or a helper keeps: texts, each under a key. get
// returns ErrNone if there is none.
type items interface {
	get(context.Context, recordKey) (string, error)
	set(context.Context, recordKey, string) error
	remove(context.Context, recordKey) error
	// storeError names the store in an error.
	storeError(doing string, err error) error
}

// records is a store that keeps each login as a record.
type records struct{ items items }

func (r records) load(ctx context.Context, k recordKey) (Login, error) {
	if k.clientID == "" {
		return Login{}, ErrNone
	}
	data, err := r.items.get(ctx, k)
	if err != nil {
		return Login{}, err
	}
	l, err := decode(data)
	switch {
	case err != nil:
		return Login{}, r.items.storeError("reading", err)
	case l.ClientID != k.clientID:
		return Login{}, ErrNone
	}
	return l, nil
}

// save refuses a login without a refresh token, which would replace one that can be
// refreshed. A tombstone has none either, and says so.
func (r records) save(ctx context.Context, k recordKey, l Login) error {
	if l.Refresh.Empty() && l.Dead == nil {
		return r.items.storeError("writing", errors.New("the login has no refresh token"))
	}
	data, err := encode(l)
	if err != nil {
		return r.items.storeError("writing", err)
	}
	return put(ctx, r.items, k, data)
}

func (r records) remove(ctx context.Context, k recordKey) error { return erase(ctx, r.items, k) }

func (r records) probe(ctx context.Context, k recordKey) error {
	if err := put(ctx, r.items, k, "probe"); err != nil {
		return err
	}
	return erase(ctx, r.items, k)
}

// put writes an item and reads it back. A keychain also reports success if the person
// dismissed its prompt, and a call that ran out of time may have written.
func put(ctx context.Context, s items, k recordKey, data string) error {
	err := s.set(ctx, k, data)
	if err != nil && !errors.Is(err, errNoAnswer) {
		return err
	}
	back, readErr := readBack(ctx, s, k, err)
	switch {
	case readErr == nil && back == data:
		return nil
	case err != nil:
		return err
	case readErr != nil && !errors.Is(readErr, ErrNone):
		return readErr
	}
	return s.storeError("writing", fmt.Errorf("%w: it reported that it saved the login, and did not", ErrUnavailable))
}

// erase removes an item and checks that it is gone. No item is no error.
func erase(ctx context.Context, s items, k recordKey) error {
	err := s.remove(ctx, k)
	_, readErr := readBack(ctx, s, k, err)
	switch {
	case errors.Is(readErr, ErrNone):
		return nil
	case err != nil:
		return err
	case readErr != nil:
		return readErr
	}
	return s.storeError("deleting", fmt.Errorf("%w: it reported that it deleted the login, and did not", ErrUnavailable))
}

// readBack reads an item after a call that ended with err. After a timeout the store
// gets one second, not another full limit.
func readBack(ctx context.Context, s items, k recordKey, err error) (string, error) {
	if errors.Is(err, errNoAnswer) {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Second)
		defer cancel()
	}
	return s.get(ctx, k)
}
