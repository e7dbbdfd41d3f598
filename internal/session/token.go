package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spotauth/spotauth/internal/secret"
)

// Refresh asks the token endpoint, exactly once, for a new access token. It wraps
// [ErrDead] when the answer is "invalid_grant"; any other error leaves the login as it was.
type Refresh func(context.Context, Login) (Tokens, error)

const (
	saveTries  = 3               // offers of a refreshed login to a store that refuses it
	worthUsing = 5 * time.Second // left of an access token that is still worth using
)

// want is what a caller needs of an access token.
type want struct {
	life    time.Duration
	refused secret.String
}

// Token gives a login whose access token lives for at least minLife (and a minute), and
// refreshes it only if it must: alone among all processes, and saved before it is used.
//
// refused is an access token that Spotify has just answered 401 to, or empty: it is not
// given again. With [ErrDead] comes the tombstone; with [ErrNotSaved] a login that works.
// Interrupting ctx does not tear a refresh that has begun.
func (s *Session) Token(ctx context.Context, minLife time.Duration, refused secret.String, refresh Refresh) (Login, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := want{max(minLife, margin), refused}
	if s.current != nil && s.store != nil {
		if ok, err := s.serves(*s.current, w); ok && err == nil {
			return *s.current, nil
		}
	}
	l, err := s.token(ctx, w, refresh)
	if err == nil || errors.Is(err, ErrNotSaved) {
		s.current = &l
	}
	if errors.Is(err, ErrNotSaved) {
		s.store = nil // from here on it lives in memory: the store's is used up
	}
	return l, err
}

// token takes turns with other processes. Who had to wait for the lock looks again at
// what is saved before asking for it, so that all who waited for one refresh go on at once.
func (s *Session) token(ctx context.Context, w want, refresh Refresh) (Login, error) {
	wait, cancel := context.WithTimeout(ctx, s.patience.lock)
	defer cancel()
	for {
		l, err := s.load(ctx)
		if err != nil {
			return Login{}, err
		}
		if ok, err := s.serves(l, w); ok || err != nil {
			return l, err
		}
		if s.store == nil {
			return s.renew(ctx, w, refresh, true)
		}
		held, err := s.holdUntil(wait)
		switch {
		case ctx.Err() != nil:
			held.release()
			return Login{}, ctx.Err()
		case err != nil:
			return Login{}, err
		case held.waited:
			held.release()
			continue
		}
		defer held.release()
		return s.renew(ctx, w, refresh, held.file != nil)
	}
}

// serves says whether a login is what is wanted. It answers ErrDead where refreshing is
// no way out.
func (s *Session) serves(l Login, w want) (bool, error) {
	switch {
	case !w.refused.Empty() && l.Access.Equal(w.refused):
	case l.lives(s.now(), w.life):
		return true, nil
	case l.Refresh.Empty() && l.AccessExpiresAt.IsZero() && !l.Access.Empty():
		return true, nil // an access token alone, from the environment: nobody knows its end
	}
	if l.Refresh.Empty() { // a tombstone has none
		return false, ErrDead
	}
	return false, nil
}

// renew refreshes under the lock. A refresh token that was found dead is compared with
// what is saved by then: only if they are the same is the login dead. If they differ, a
// process without the lock has refreshed, or a person has signed in, and theirs is tried.
func (s *Session) renew(ctx context.Context, w want, refresh Refresh, locked bool) (Login, error) {
	var used secret.String
	var dead error
	for try := 0; ; try++ {
		l, err := s.load(ctx)
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return Login{}, err
		}
		switch ok, err := s.serves(l, w); {
		case ok || err != nil:
			return l, err
		case dead != nil && l.Refresh.Equal(used):
			return s.bury(ctx, l, dead)
		case try == 2:
			return Login{}, dead
		}
		t, err := s.post(ctx, l, refresh)
		switch {
		case err == nil:
			return s.keep(ctx, l.With(t, s.now()))
		case !errors.Is(err, ErrDead):
			return s.makeDo(l, w, err)
		}
		used, dead = l.Refresh, err
		if !locked {
			time.Sleep(s.patience.settle) // the winner of the race may still be saving
		}
	}
}

// post asks the token endpoint. It must not be torn: the server may have replaced the
// refresh token by the time that somebody presses Ctrl-C.
func (s *Session) post(ctx context.Context, l Login, refresh Refresh) (Tokens, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.patience.post)
	defer cancel()
	t, err := refresh(ctx, l)
	if err == nil && t.Access.Empty() {
		err = errors.New("the answer to the refresh has no access token")
	}
	return t, err
}

// keep saves a refreshed login before anybody uses it.
func (s *Session) keep(ctx context.Context, l Login) (Login, error) {
	if s.store == nil {
		return l, nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.patience.save)
	defer cancel()
	var err error
	for try := range saveTries {
		if try > 0 {
			time.Sleep(s.patience.retry)
		}
		failed := s.write(ctx, l)
		if failed == nil {
			return l, nil
		}
		if err == nil || ctx.Err() == nil { // "out of time" tells less than what came before
			err = failed
		}
		if ctx.Err() != nil || errors.Is(err, ErrTooBig) {
			break
		}
	}
	return l, fmt.Errorf("%w: %w", ErrNotSaved, err)
}

// bury saves the tombstone, so that no later command asks Spotify in vain.
func (s *Session) bury(ctx context.Context, l Login, dead error) (Login, error) {
	l = l.buried(s.now(), dead)
	if s.store == nil {
		s.current = &l
	} else if err := s.write(ctx, l); err != nil {
		s.options.Log.Debug("could not remember that the login is dead", "error", err)
	}
	return l, dead
}

// makeDo uses up an access token in its last minute when no new one is to be had.
func (s *Session) makeDo(l Login, w want, err error) (Login, error) {
	if w.life == margin && !l.Access.Equal(w.refused) && l.lives(s.now(), worthUsing) {
		s.options.Log.Debug("using the access token to its end", "error", err)
		return l, nil
	}
	return Login{}, err
}

// now is by the wall clock, which runs on while the machine sleeps.
func (s *Session) now() time.Time { return s.options.Now().Round(0) }
