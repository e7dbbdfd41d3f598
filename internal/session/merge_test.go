package session

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spotauth/spotauth/internal/secret"
)

// B-07: a refresh replaces the login that it refreshed, and no other: not one that a person
// has made meanwhile, and not one that was deleted.
func TestRefreshReplacesItsOwnLoginOnly(t *testing.T) {
	t.Parallel()
	signedIn := living(time.Hour)
	signedIn.Account.ID, signedIn.Refresh, signedIn.Access = "user2", secret.New("refresh-7"), secret.New("access-7")
	used := signedIn
	used.AccessExpiresAt = used.ObtainedAt.Add(time.Second)
	rotated := Tokens{Access: secret.New("access-1"), Refresh: secret.New("refresh-1"), ExpiresIn: time.Hour}
	for _, c := range []struct {
		name            string
		saved           string // by another process during the first refresh
		class           string
		access, refresh string // of what Token returns
		kept            string // the refresh token in the store
		posts           int
	}{
		{"nothing happens", mustEncode(t, testLogin()), "", "access-1", "refresh-1", "refresh-1", 1},
		{"a person signs in", mustEncode(t, signedIn), "", "access-7", "refresh-7", "refresh-7", 1},
		{"a person signs in, and an hour passes", mustEncode(t, used), "", "access-1", "refresh-1", "refresh-1", 2},
		{"a person logs out", "", "None", "", "", "", 1},
		{"it is found dead", mustEncode(t, testLogin().tombstone(time.Now(), ErrDead)), "", "access-1", "refresh-1", "refresh-1", 1},
		{"a newer spotauth saves", `{"version":2}`, "Newer", "", "", "", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, f := savedSession(t, testLogin())
			posts := 0
			l, err := tokenBy(s, t.Context(), 0, secret.String{}, func(context.Context, Login) (Tokens, error) {
				if posts++; posts == 1 {
					for user := range f.items {
						if f.items[user] = c.saved; c.saved == "" {
							delete(f.items, user)
						}
					}
				}
				return rotated, nil
			})
			if class(err) != c.class || l.Access.Reveal() != c.access || l.Refresh.Reveal() != c.refresh || posts != c.posts {
				t.Errorf("class %q, access %q, refresh %q, %d posts", class(err), l.Access.Reveal(), l.Refresh.Reveal(), posts)
			}
			if kept, err := s.Load(t.Context()); class(err) != c.class || kept.Refresh.Reveal() != c.kept {
				t.Errorf("kept: %v, refresh %q", err, kept.Refresh.Reveal())
			}
		})
	}
}

// T-06: nor is a new refresh token lost if the store doesn't say then what it holds.
func TestRefreshIsSavedIfTheStoreDoesNotSay(t *testing.T) {
	t.Parallel()
	s, f := savedSession(t, testLogin())
	k := s.store.(records).items.(keychain)
	get, isLocked := k.getItem, false
	k.getItem = func(service, user string) (string, error) {
		if isLocked {
			isLocked = false
			return "", errors.New("locked")
		}
		return get(service, user)
	}
	s.store = records{k}
	_, err := tokenBy(s, t.Context(), 0, secret.String{}, func(context.Context, Login) (Tokens, error) {
		isLocked = true
		return Tokens{Access: secret.New("access-1"), Refresh: secret.New("refresh-1"), ExpiresIn: time.Hour}, nil
	})
	if saved, kept := decode(f.items[service+":"+s.key().user()]); err != nil || kept != nil || saved.Refresh.Reveal() != "refresh-1" || isLocked {
		t.Errorf("%v; saved: %v, refresh %q", err, kept, saved.Refresh.Reveal())
	}
}

func mustEncode(t *testing.T, l Login) string {
	t.Helper()
	data, err := encode(l)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// B-02: a signal during a refresh: the new login is saved, and the caller learns that it ended.
func TestEndedDuringARefresh(t *testing.T) {
	t.Parallel()
	s, f := savedSession(t, testLogin())
	ctx, cancel := context.WithCancelCause(t.Context())
	ended := errors.New("SIGTERM")
	l, err := tokenBy(s, ctx, 0, secret.String{}, func(context.Context, Login) (Tokens, error) {
		cancel(ended)
		return fresh, nil
	})
	if err != ended || l.Access.Reveal() != "access-1" {
		t.Errorf("%v, access %q", err, l.Access.Reveal())
	}
	// Not by s.Load: if the keychain doesn't keep it, s goes on in memory.
	if saved, err := decode(f.items[service+":"+s.key().user()]); err != nil || saved.Access.Reveal() != "access-1" {
		t.Errorf("saved: %v, access %q", err, saved.Access.Reveal())
	}
}

// B-02, B-07: nor does a signal let a refresh replace what a person has saved meanwhile.
func TestEndedRefreshReplacesItsOwnLoginOnly(t *testing.T) {
	t.Parallel()
	s, f := savedSession(t, testLogin())
	signedIn := living(time.Hour)
	signedIn.Refresh = secret.New("refresh-7")
	ctx, cancel := context.WithCancelCause(t.Context())
	ended := errors.New("SIGTERM")
	item := service + ":" + s.key().user()
	_, err := tokenBy(s, ctx, 0, secret.String{}, func(context.Context, Login) (Tokens, error) {
		f.items[item] = mustEncode(t, signedIn)
		cancel(ended)
		return Tokens{Access: secret.New("access-1"), Refresh: secret.New("refresh-1"), ExpiresIn: time.Hour}, nil
	})
	if saved, kept := decode(f.items[item]); kept != nil || saved.Refresh.Reveal() != "refresh-7" {
		t.Errorf("saved: %v, refresh %q", kept, saved.Refresh.Reveal())
	}
	if err == nil {
		t.Error("the caller does not learn that it ended")
	}
}

// B-24: the wait for another process begins when it is met, not while a person unlocks the keychain.
func TestWaitBeginsAtTheLock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, f := savedSession(t, testLogin())
		k := fakeKeychain(f)
		f.items[service+":"+s.key().user()] = mustEncode(t, testLogin())
		get, unlocked := k.getItem, false
		k.getItem = func(service, user string) (string, error) {
			if !unlocked {
				time.Sleep(40 * time.Second)
				unlocked = true
			}
			return get(service, user)
		}
		k.timeouts.call = time.Minute
		s.store = records{k}
		held, err := s.hold(t.Context())
		if err != nil || held.file == nil {
			t.Fatal(err)
		}
		time.AfterFunc(40*time.Second+150*time.Millisecond, held.release)
		posts := 0
		if l, err := tokenBy(s, t.Context(), 0, secret.String{}, counted(&posts, fresh, nil)); err != nil || l.Access.Reveal() != "access-1" {
			t.Errorf("%v, access %q", err, l.Access.Reveal())
		}
	})
}

// B-25: several processes meet a token endpoint that does not answer. None of them is told
// that another spotauth is busy: that is not what is wrong.
func TestManyMeetADeadEndpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := fileOptions(t)
		if err := mustOpen(t, o).Save(t.Context(), testLogin()); err != nil {
			t.Fatal(err)
		}
		down := errors.New("no answer")
		o.Refresh = func(ctx context.Context, _ Login) (Tokens, error) {
			<-ctx.Done()
			return Tokens{}, down
		}
		began := time.Now()
		var wg sync.WaitGroup
		for range 5 {
			s := mustOpen(t, o)
			wg.Go(func() {
				_, err := s.Token(t.Context(), 0, secret.String{})
				if !errors.Is(err, down) && !errors.Is(err, ErrOthersFailed) || errors.Is(err, ErrBusy) {
					t.Errorf("%v", err)
				}
			})
		}
		wg.Wait()
		if took := time.Since(began); took > time.Minute {
			t.Errorf("took %v", took)
		}
	})
}

// A token endpoint that asked for a pause is left alone, without the lock. A token that
// still lives needs no refresh, and one with seconds left is used.
func TestCoolingDown(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		life   time.Duration
		access string
	}{
		{"a refresh is due", -time.Second, ""},
		{"no refresh is due", time.Hour, "access-0"},
		{"half a minute left", 30 * time.Second, "access-0"},
	} {
		s, _ := savedSession(t, living(c.life))
		until := s.now().Add(time.Hour)
		if err := errors.Join(s.SetCoolDown(TokenGroup, until), s.SetCoolDown(webAPILimit, until.Add(time.Hour))); err != nil {
			t.Fatal(err)
		}
		held, err := s.hold(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		s.timeouts.lock = time.Millisecond
		posts := 0
		l, err := tokenBy(s, t.Context(), 0, secret.String{}, counted(&posts, fresh, nil))
		held.release()
		var cooling *CoolingDownError
		if errors.As(err, &cooling) != (c.access == "") || cooling != nil && !cooling.Until.Equal(until) || l.Access.Reveal() != c.access || posts > 0 {
			t.Errorf("%s: %v, access %q, %d posts", c.name, err, l.Access.Reveal(), posts)
		}
		s.timeouts.lock = time.Minute
		s.options.Now = func() time.Time { return until }
		if l, err = tokenBy(s, t.Context(), 0, secret.String{}, counted(&posts, fresh, nil)); err != nil || posts != 1 {
			t.Errorf("%s, afterwards: %v, access %q, %d posts", c.name, err, l.Access.Reveal(), posts)
		}
	}
}
