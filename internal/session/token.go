package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spotauth/spotauth/internal/secret"
)

// Refresh asks the token endpoint, exactly once, for a new access token. It wraps
// [ErrDead] if the answer is "invalid_grant" (RFC 6749 section 5.2). Any other error
// leaves the login as it was.
type Refresh func(context.Context, Login) (Tokens, error)

const (
	saveTries  = 3               // offers of a refreshed login to a store that refuses it
	worthUsing = 5 * time.Second // left of an access token that is still worth using
)

// want describes the access token that a caller needs.
type want struct {
	life    time.Duration
	refused secret.String
}

// Token returns a login whose access token lives for at least minLife (and a minute). It
// refreshes only if it must: one process at a time, with a store that has just shown that it
// can be written, and the new login is saved before it is used. If that fails all the same,
// see [Session.Unsaved].
//
// refused is an access token that Spotify has just answered 401 to, or empty: it is not
// returned again. With [ErrDead] comes the tombstone. A refresh that is due during a limit
// waits for its end, as Options.WaitForLimit says. A refresh that has begun is not interrupted: it is
// saved, and the login comes together with the cause of the context's end.
func (s *Session) Token(ctx context.Context, minLife time.Duration, refused secret.String) (Login, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := want{max(minLife, margin), refused}
	l, err := s.token(ctx, w)
	var cooling *CoolingDownError
	if errors.As(err, &cooling) && s.options.WaitForLimit != nil {
		if err = s.options.WaitForLimit(ctx, cooling.Until); err == nil {
			l, err = s.token(ctx, w)
		}
	}
	if err == nil {
		s.current = &l
		err = context.Cause(ctx)
	}
	return l, err
}

// AccessToken is Token for a client that only needs the access token.
func (s *Session) AccessToken(ctx context.Context, refused secret.String) (secret.String, error) {
	l, err := s.Token(ctx, 0, refused)
	return l.Access, err
}

// Current is the login that Token returned last, or the zero Login if it has returned none.
func (s *Session) Current() Login {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == nil {
		return Login{}
	}
	return *s.current
}

// Unsaved is why a login that Token returned could not be saved. It wraps [ErrNotSaved],
// or is nil. The login works until the process ends.
func (s *Session) Unsaved() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.unsaved
}

// token takes turns with other processes. After a wait for the lock it looks again at what
// is saved before it takes the lock, so that all who waited for one refresh go on at once.
func (s *Session) token(ctx context.Context, w want) (Login, error) {
	if s.current != nil {
		if ok, err := s.satisfies(*s.current, w); ok && err == nil {
			return *s.current, nil
		}
	}
	var wait context.Context
	passedOn := false
	for {
		l, err := s.load(ctx)
		if err != nil {
			return Login{}, err
		}
		if ok, err := s.satisfies(l, w); ok || err != nil {
			return l, err
		}
		if until := s.coolDown(TokenGroup); !until.IsZero() {
			return s.fallBack(l, w, &CoolingDownError{until})
		}
		if wait == nil { // not before: a person may have needed a minute to unlock the keychain
			var cancel context.CancelFunc
			wait, cancel = context.WithTimeout(ctx, s.timeouts.lock)
			defer cancel()
		}
		held, err := s.holdUntil(wait)
		switch {
		case ctx.Err() != nil:
			held.release()
			return Login{}, context.Cause(ctx)
		case err == ErrBusy && (passedOn || held.passedOn): // several processes had the lock, and none of them refreshed
			return Login{}, ErrOthersFailed
		case err != nil:
			return Login{}, err
		case held.waited:
			held.release()
			passedOn = true
			continue
		}
		defer held.release()
		return s.renew(ctx, w)
	}
}

// satisfies reports whether a login is what the caller wants. It returns ErrDead if refreshing
// cannot help.
func (s *Session) satisfies(l Login, w want) (bool, error) {
	switch {
	case !w.refused.Empty() && l.Access.Equal(w.refused):
	case l.isValidFor(s.now(), w.life):
		return true, nil
	case l.Refresh.Empty() && l.AccessExpiresAt.IsZero() && !l.Access.Empty():
		return true, nil // an access token alone, from the environment: its end is not known
	}
	if l.Refresh.Empty() { // a tombstone has none
		return false, ErrDead
	}
	return false, nil
}

// renew refreshes under the lock. The saved login may change all the same: a process
// without this lock (in a container) refreshes, or a person signs in or logs out. So a
// login counts as dead only if the refresh token that was refused is still the saved one,
// and a refreshed login replaces only the one that was refreshed. Otherwise renew tries the
// saved one.
func (s *Session) renew(ctx context.Context, w want) (Login, error) {
	defer s.options.HoldLog()()
	var used secret.String
	failed := ErrBusy
	for try := 0; ; try++ {
		l, err := s.load(ctx)
		if err == nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			return Login{}, err
		}
		switch ok, err := s.satisfies(l, w); {
		case ok || err != nil:
			return l, err
		case errors.Is(failed, ErrDead) && l.Refresh.Equal(used):
			return s.markDead(ctx, l, failed)
		case try == 3:
			return Login{}, failed
		}
		if err := s.store.save(ctx, s.key(), l); err != nil {
			return s.fallBack(l, w, err) // a store that takes nothing would lose a new refresh token
		}
		t, err := s.post(ctx, l)
		switch {
		case err == nil: // from here to the save nothing may block, fail or end the process
			refreshed := l.With(t, s.now())
			if s.isStillSaved(ctx, l) {
				return s.saveRefreshed(ctx, refreshed)
			}
			continue
		case !errors.Is(err, ErrDead):
			return s.fallBack(l, w, err)
		}
		used, failed = l.Refresh, err
		if !s.inMemory() {
			time.Sleep(s.timeouts.settle) // the winner of a race may still be saving
		}
	}
}

// isStillSaved reports whether a login is still saved as it was loaded. A store that doesn't
// say counts as unchanged, so that no new refresh token is lost. So does a tombstone: it
// says that the old refresh token is used up, which is true.
func (s *Session) isStillSaved(ctx context.Context, l Login) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.timeouts.save)
	defer cancel()
	saved, err := s.load(ctx)
	switch {
	case err == nil:
		return saved.Refresh.Equal(l.Refresh) || saved.Dead != nil
	case errors.Is(err, ErrNone), errors.Is(err, ErrNewer), errors.Is(err, ErrCorrupt):
		return false
	}
	return true
}

// post asks the token endpoint. Nothing interrupts it: by the time someone presses Ctrl-C,
// the server may have replaced the refresh token.
func (s *Session) post(ctx context.Context, l Login) (Tokens, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.timeouts.post)
	defer cancel()
	t, err := s.options.Refresh(ctx, l)
	if err == nil && t.Access.Empty() {
		err = errors.New("the answer to the refresh has no access token")
	}
	return t, err
}

// saveRefreshed saves a refreshed login before it is used. If no store keeps it, it lives
// on in memory, because the refresh token in the store is used up.
func (s *Session) saveRefreshed(ctx context.Context, l Login) (Login, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.timeouts.save)
	defer cancel()
	var err error
	for try := range saveTries {
		if try > 0 {
			time.Sleep(s.timeouts.retry)
		}
		failed := s.store.save(ctx, s.key(), l)
		if failed == nil {
			s.noteLogin(ctx, Profile{Account: l.Account.label(), LoginEnds: l.ReauthBy()})
			return l, nil
		}
		if err == nil || ctx.Err() == nil { // "out of time" says less than the error before it
			err = failed
		}
		if ctx.Err() != nil || errors.Is(err, ErrTooBig) {
			break
		}
	}
	s.store, s.unsaved = &memory{&l}, fmt.Errorf("%w: %w", ErrNotSaved, err)
	return l, nil
}

// markDead saves the tombstone, so that later commands need not ask Spotify.
func (s *Session) markDead(ctx context.Context, l Login, dead error) (Login, error) {
	l = l.tombstone(s.now(), dead)
	if err := s.store.save(ctx, s.key(), l); err != nil {
		s.options.Log.Debug("could not remember that the login is dead", "error", err)
	}
	s.noteLogin(ctx, Profile{Account: l.Account.label(), SignedOut: true})
	return l, dead
}

// noteLogin is noteProfile for a login that Token returns. Settings that can't be written
// must not make Token wait or fail.
func (s *Session) noteLogin(ctx context.Context, p Profile) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if err := s.noteProfile(ctx, p); err != nil {
		s.options.Log.Debug("could not write the settings", "error", err)
	}
}

// fallBack uses the rest of an access token: if refreshing failed, a token with seconds
// left beats an error.
func (s *Session) fallBack(l Login, w want, err error) (Login, error) {
	if w.life == margin && !l.Access.Equal(w.refused) && l.isValidFor(s.now(), worthUsing) {
		s.options.Log.Debug("using the access token to its end", "error", err)
		return l, nil
	}
	return Login{}, err
}

// now is by the wall clock, which runs on while the machine sleeps.
func (s *Session) now() time.Time { return s.options.Now().Round(0) }
