package session

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spotauth/spotauth/internal/secret"
)

// fakeSession is a session on a keychain in memory, with the clock at noon of the day
// of testLogin, and nothing in it.
func fakeSession(t *testing.T) (*Session, *fakeItems) {
	t.Helper()
	dir := t.TempDir()
	now := testLogin().AuthorizedAt
	s, err := Open(Options{
		ConfigDir: dir + "/config", StateDir: dir + "/state", Settings: Settings{ClientID: testClient},
		Now: func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	f := &fakeItems{}
	s.store = records{fakeKeychain(f)}
	s.timeouts.retry, s.timeouts.settle = time.Millisecond, time.Millisecond
	return s, f
}

// savedSession is a fakeSession with a login in it.
func savedSession(t *testing.T, l Login) (*Session, *fakeItems) {
	t.Helper()
	s, f := fakeSession(t)
	if err := s.Save(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	f.sets = 0
	return s, f
}

// living is a login whose access token has so long to live.
func living(d time.Duration) Login {
	l := testLogin()
	l.ObtainedAt = l.AuthorizedAt.Add(-time.Hour)
	l.AccessExpiresAt = l.AuthorizedAt.Add(d)
	return l
}

// tokenBy is Token with a refresh of the test's own. What Unsaved says is its error.
func tokenBy(s *Session, ctx context.Context, minLife time.Duration, refused secret.String, refresh Refresh) (Login, error) {
	s.options.Refresh = refresh
	l, err := s.Token(ctx, minLife, refused)
	return l, cmp.Or(err, s.Unsaved())
}

// counted is a refresh that counts its calls.
func counted(n *int, answer Tokens, err error) Refresh {
	return func(context.Context, Login) (Tokens, error) {
		*n++
		return answer, err
	}
}

var fresh = Tokens{Access: secret.New("access-1"), ExpiresIn: time.Hour}

// T-01, T-05: when a login is refreshed, and that one that is good is not written again.
func TestRefreshedOnlyWhenDue(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		life    time.Duration
		min     time.Duration
		refused string
		posts   int
		sets    int
	}{
		{"good", time.Hour, 0, "", 0, 0},
		{"at the margin", margin, 0, "", 0, 0},
		{"inside the margin", margin - time.Second, 0, "", 1, 2},
		{"ended", -time.Hour, 0, "", 1, 2},
		{"too short for the caller", 9 * time.Minute, 10 * time.Minute, "", 1, 2},
		{"long enough for the caller", 11 * time.Minute, 10 * time.Minute, "", 0, 0},
		{"refused", time.Hour, 0, "access-0", 1, 2},
		{"another one was refused", time.Hour, 0, "access-9", 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, f := savedSession(t, living(c.life))
			posts := 0
			for range 2 { // the second time it is answered from what the first has found
				l, err := tokenBy(s, t.Context(), c.min, secret.New(c.refused), counted(&posts, fresh, nil))
				want := "access-0"
				if c.posts > 0 {
					want = "access-1"
				}
				if err != nil || l.Access.Reveal() != want || l.Refresh.Reveal() != "refresh-0" {
					t.Errorf("%v, access %q, refresh %q", err, l.Access.Reveal(), l.Refresh.Reveal())
				}
			}
			if posts != c.posts || f.sets != c.sets {
				t.Errorf("%d posts and %d writes, want %d and %d", posts, f.sets, c.posts, c.sets)
			}
		})
	}
}

// T-03: whatever the token endpoint does, other than "invalid_grant", leaves every byte.
func TestTransientFaultsLeaveTheLogin(t *testing.T) {
	t.Parallel()
	faults := map[string]error{
		"DNS":                   &net.DNSError{Err: "no such host", Name: "accounts.spotify.com", IsNotFound: true},
		"DNS, later":            &net.DNSError{Err: "try again", IsTemporary: true},
		"refused":               &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED},
		"reset":                 &net.OpError{Op: "read", Err: syscall.ECONNRESET},
		"no route":              &net.OpError{Op: "dial", Err: syscall.EHOSTUNREACH},
		"cut":                   io.ErrUnexpectedEOF,
		"closed":                io.EOF,
		"timeout":               context.DeadlineExceeded,
		"dial timeout":          os.ErrDeadlineExceeded,
		"cancelled":             context.Canceled,
		"proxy":                 &url.Error{Op: "Post", URL: "https://proxy", Err: errors.New("407")},
		"certificate":           errors.New("x509: certificate has expired"),
		"400 invalid_client":    errors.New("invalid_client: Invalid client"),
		"400 invalid_request":   errors.New("invalid_request"),
		"invalid_grant in HTML": errors.New("<html>invalid_grant</html>"),
		"403":                   errors.New("403 Forbidden"),
		"429":                   errors.New("429 Too Many Requests"),
		"500":                   errors.New("500 Internal Server Error"),
		"502":                   errors.New("502 Bad Gateway"),
		"503":                   errors.New("503 Service Unavailable"),
		"307":                   errors.New("307 Temporary Redirect"),
		"not JSON":              errors.New("the answer is not JSON"),
		"200, no access token":  nil,
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			s, f := savedSession(t, testLogin())
			before := maps.Clone(f.items)
			posts := 0
			_, err := tokenBy(s, t.Context(), 0, secret.String{}, counted(&posts, Tokens{}, fault))
			if err == nil || fault != nil && !errors.Is(err, fault) || errors.Is(err, ErrDead) {
				t.Errorf("the error is %v", err)
			}
			if posts != 1 || f.sets != 1 || !maps.Equal(f.items, before) {
				t.Errorf("%d posts, %d writes", posts, f.sets)
			}
			l, err := tokenBy(s, t.Context(), 0, secret.String{}, counted(&posts, fresh, nil))
			if err != nil || l.Access.Reveal() != "access-1" {
				t.Errorf("afterwards: %v, access %q", err, l.Access.Reveal())
			}
		})
	}
}

// T-03: an access token is used to its end if no new one can be had.
func TestTheLastSecondsAreUsed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		life    time.Duration
		min     time.Duration
		refused string
		ok      bool
	}{
		{"half a minute left", 30 * time.Second, 0, "", true},
		{"a second left", time.Second, 0, "", false},
		{"refused", 30 * time.Second, 0, "access-0", false},
		{"more was asked for", 5 * time.Minute, 10 * time.Minute, "", false},
	} {
		s, f := savedSession(t, living(c.life))
		posts := 0
		down := errors.New("503")
		l, err := tokenBy(s, t.Context(), c.min, secret.New(c.refused), counted(&posts, Tokens{}, down))
		if c.ok && (err != nil || l.Access.Reveal() != "access-0") || !c.ok && err != down || posts != 1 || f.sets != 1 {
			t.Errorf("%s: %v, access %q, %d posts, %d writes", c.name, err, l.Access.Reveal(), posts, f.sets)
		}
	}
}

// T-04: a dead login is remembered as dead, so the second command does not ask Spotify.
func TestDeadLoginStaysDead(t *testing.T) {
	t.Parallel()
	s, f := savedSession(t, testLogin())
	posts := 0
	refused := fmt.Errorf("%w: Refresh token expired", ErrDead)
	for range 3 {
		l, err := tokenBy(s, t.Context(), 0, secret.String{}, counted(&posts, Tokens{}, refused))
		if !errors.Is(err, ErrDead) || l.Dead == nil || l.Account.ID != "user1" {
			t.Errorf("%v, %+v", err, l)
		}
	}
	if posts != 1 || f.sets != 2 {
		t.Errorf("%d posts and %d writes, want 1 and 2", posts, f.sets)
	}
	for _, data := range f.items {
		if strings.Contains(data, "refresh-0") || strings.Contains(data, "access-0") || !strings.Contains(data, "Refresh token expired") {
			t.Errorf("the tombstone is %s", data)
		}
	}
	if err := s.Save(t.Context(), testLogin()); err != nil { // signing in again
		t.Fatal(err)
	}
	if l, err := s.Load(t.Context()); err != nil || l.Dead != nil {
		t.Errorf("after signing in: %v, %+v", err, l.Dead)
	}
}

// T-05: compare-and-clear: only the refresh token that died is marked dead.
func TestOnlyWhatDiedIsBuried(t *testing.T) {
	t.Parallel()
	other := testLogin()
	other.Refresh = secret.New("refresh-7")
	otherFresh := living(time.Hour)
	otherFresh.Refresh, otherFresh.Access = other.Refresh, secret.New("access-7")
	for _, c := range []struct {
		name    string
		saved   *Login // what another process saves meanwhile
		gone    bool   // or deletes
		dies    int    // how many refreshes die
		class   string
		access  string
		posts   int
		refresh string // what is saved in the end; "" for a tombstone
	}{
		{"nobody else", nil, false, 9, "Dead", "", 1, ""},
		{"another refresh token", &other, false, 1, "", "access-1", 2, "refresh-7"},
		{"another that is dead as well", &other, false, 9, "Dead", "", 2, ""},
		{"another access token", &otherFresh, false, 9, "", "access-7", 1, "refresh-7"},
		{"logged out", nil, true, 9, "None", "", 1, "none"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, f := savedSession(t, testLogin())
			posts := 0
			l, err := tokenBy(s, t.Context(), 0, secret.String{}, func(_ context.Context, l Login) (Tokens, error) {
				posts++
				if c.saved != nil && posts == 1 {
					data, _ := encode(*c.saved)
					_ = s.store.(records).items.set(t.Context(), s.key(), data)
				}
				if c.gone {
					clear(f.items)
				}
				if posts <= c.dies {
					return Tokens{}, ErrDead
				}
				return fresh, nil
			})
			if class(err) != c.class || l.Access.Reveal() != c.access || posts != c.posts {
				t.Errorf("class %q, access %q, %d posts", class(err), l.Access.Reveal(), posts)
			}
			saved, err := s.Load(t.Context())
			if c.refresh == "none" {
				if !errors.Is(err, ErrNone) {
					t.Errorf("brought back: %v, %v", saved, err)
				}
			} else if err != nil || saved.Refresh.Reveal() != c.refresh {
				t.Errorf("saved in the end: %v, refresh %q", err, saved.Refresh.Reveal())
			}
		})
	}
}

// T-05: a folder that can't be locked does not stop a refresh.
func TestNoLockToBeHad(t *testing.T) {
	t.Parallel()
	s, _ := savedSession(t, testLogin())
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, "")
	s.options.StateDir = filepath.Join(file, "no", "folder")
	posts := 0
	l, err := tokenBy(s, t.Context(), 0, secret.String{}, counted(&posts, fresh, nil))
	if err != nil || l.Access.Reveal() != "access-1" || posts != 1 {
		t.Errorf("%v, access %q, %d posts", err, l.Access.Reveal(), posts)
	}
}

// T-06: a login that no store keeps serves this process to its end, and says so.
func TestRefreshedAndNotSaved(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		failures int
		sets     int
		class    string
	}{
		{"fails once", 1, 3, ""},
		{"fails twice", 2, 4, ""},
		{"fails each time", 99, 4, "NotSaved"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, f := savedSession(t, testLogin())
			f.fail = func() error {
				if proof := 1; proof < f.sets && f.sets <= proof+c.failures {
					return errors.New("no room")
				}
				return nil
			}
			posts := 0
			rotated := Tokens{Access: secret.New("access-1"), Refresh: secret.New("refresh-1"), ExpiresIn: time.Hour}
			l, err := tokenBy(s, t.Context(), 0, secret.String{}, counted(&posts, rotated, nil))
			if class(err) != c.class || l.Access.Reveal() != "access-1" || f.sets != c.sets || posts != 1 {
				t.Errorf("class %q, access %q, %d writes, %d posts", class(err), l.Access.Reveal(), f.sets, posts)
			}
			if err != nil && !strings.Contains(err.Error(), "no room") {
				t.Errorf("the cause is not told: %v", err)
			}
			// The store's refresh token is used up: the next refresh must take the new one.
			var used string
			l, err = tokenBy(s, t.Context(), 0, l.Access, func(_ context.Context, l Login) (Tokens, error) {
				used = l.Refresh.Reveal()
				return Tokens{Access: secret.New("access-2"), ExpiresIn: time.Hour}, nil
			})
			if class(err) != c.class || used != "refresh-1" || l.Access.Reveal() != "access-2" {
				t.Errorf("next: %v, used %q, access %q", err, used, l.Access.Reveal())
			}
		})
	}
}

// T-06: a store that takes nothing is found out before the token endpoint is contacted, so
// that no new refresh token is lost. What is left of the old access token is used.
func TestStoreIsProvedBeforeARefresh(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		life   time.Duration
		class  string
		access string
	}{
		{-time.Hour, "Unavailable", ""},
		{30 * time.Second, "", "access-0"},
	} {
		s, f := savedSession(t, living(c.life))
		before := maps.Clone(f.items)
		f.fail = func() error { return errors.New("no room") }
		posts := 0
		l, err := tokenBy(s, t.Context(), 0, secret.String{}, counted(&posts, fresh, nil))
		if class(err) != c.class || l.Access.Reveal() != c.access || posts != 0 || f.sets != 1 || !maps.Equal(f.items, before) {
			t.Errorf("%v left: %v, access %q, %d posts, %d writes", c.life, err, l.Access.Reveal(), posts, f.sets)
		}
	}
}

// K-03: a login that has become too big for every store is offered to it once.
func TestRefreshedAndTooBig(t *testing.T) {
	t.Parallel()
	s, f := savedSession(t, testLogin())
	big := Tokens{Access: secret.New("access-1"), Refresh: secret.New(strings.Repeat("r", maxRecord)), ExpiresIn: time.Hour}
	posts := 0
	began := time.Now()
	s.timeouts.retry = 10 * time.Second
	l, err := tokenBy(s, t.Context(), 0, secret.String{}, counted(&posts, big, nil))
	if class(err) != "NotSaved" || !errors.Is(err, ErrTooBig) || l.Access.Reveal() != "access-1" || f.sets != 1 || time.Since(began) > 5*time.Second {
		t.Errorf("%v, access %q, %d writes", err, l.Access.Reveal(), f.sets)
	}
}

// T-04: a refresh token that is refused while the saved one keeps changing ends after three
// requests, and the login is not called dead.
func TestRefusedAndReplacedAgainAndAgain(t *testing.T) {
	t.Parallel()
	s, f := savedSession(t, testLogin())
	posts := 0
	_, err := tokenBy(s, t.Context(), 0, secret.String{}, func(context.Context, Login) (Tokens, error) {
		posts++
		l := testLogin()
		l.Refresh = secret.New(fmt.Sprintf("refresh-%d", posts))
		f.items[service+":"+s.key().user()] = mustEncode(t, l)
		return Tokens{}, ErrDead
	})
	if l, loadErr := s.Load(t.Context()); !errors.Is(err, ErrDead) || posts != 3 || loadErr != nil || l.Dead != nil {
		t.Errorf("%v after %d posts; saved: %v, %v", err, posts, l.Dead, loadErr)
	}
}

// T-05: the loser of a race waits for the winner to save before it calls the login dead. A
// lock is no proof that there was no race: a container has its own locks, and the keychain
// of the machine.
func TestLoserOfARaceUnderAnotherLock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, f := savedSession(t, testLogin())
		s.timeouts = newTimeouts(s.options)
		winner := living(time.Hour)
		winner.Access, winner.Refresh = secret.New("access-7"), secret.New("refresh-7")
		var mu sync.Mutex
		k := fakeKeychain(f)
		f.items[service+":"+s.key().user()] = mustEncode(t, testLogin())
		get := k.getItem
		k.getItem = func(service, user string) (string, error) { mu.Lock(); defer mu.Unlock(); return get(service, user) }
		s.store = records{k}
		l, err := tokenBy(s, t.Context(), 0, secret.String{}, func(context.Context, Login) (Tokens, error) {
			time.AfterFunc(900*time.Millisecond, func() {
				mu.Lock()
				defer mu.Unlock()
				f.items[service+":"+s.key().user()] = mustEncode(t, winner)
			})
			return Tokens{}, ErrDead
		})
		if err != nil || l.Access.Reveal() != "access-7" {
			t.Errorf("%v, access %q", err, l.Access.Reveal())
		}
	})
}

// T-06: a refresh that has begun is not interrupted by Ctrl-C, but it does not take
// forever.
func TestRefreshIsNotTorn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := Memory(testLogin(), Options{})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		began := time.Now()
		_, err := tokenBy(s, ctx, 0, secret.String{}, func(ctx context.Context, _ Login) (Tokens, error) {
			<-ctx.Done()
			return Tokens{}, ctx.Err()
		})
		if took := time.Since(began); took != 15*time.Second || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v after %v", err, took)
		}
	})
	saved, f := savedSession(t, testLogin())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, s := range map[string]*Session{"saved": saved, "memory": Memory(testLogin(), Options{})} {
		posts := 0
		if _, err := tokenBy(s, ctx, 0, secret.String{}, counted(&posts, fresh, nil)); !errors.Is(err, context.Canceled) || posts != 0 || f.sets != 0 {
			t.Errorf("%s, interrupted before it began: %v, %d posts, %d writes", name, err, posts, f.sets)
		}
	}
}

// K-05: a record that cannot be read is not written over by a refresh.
func TestUnreadableRecordsAreLeftAlone(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]string{"{}": "Corrupt", `{"version":2}`: "Newer", "": "Corrupt"} {
		s, f := savedSession(t, testLogin())
		for user := range f.items {
			f.items[user] = data
		}
		posts := 0
		_, err := tokenBy(s, t.Context(), 0, secret.String{}, counted(&posts, fresh, nil))
		if class(err) != want || posts != 0 || f.sets != 0 {
			t.Errorf("%q: class %q, %d posts, %d writes", data, class(err), posts, f.sets)
		}
		if err := s.Save(t.Context(), testLogin()); err != nil { // but by signing in
			t.Errorf("%q: %v", data, err)
		}
	}
}

// A login from the environment is refreshed in memory, and touches no store.
func TestMemory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	options := Options{ConfigDir: dir + "/c", StateDir: dir + "/s"}
	s := Memory(Login{ClientID: testClient, Refresh: secret.New("refresh-0")}, options)
	posts := 0
	for range 2 {
		l, err := tokenBy(s, t.Context(), 0, secret.String{}, counted(&posts, fresh, nil))
		if err != nil || l.Access.Reveal() != "access-1" {
			t.Errorf("%v, access %q", err, l.Access.Reveal())
		}
	}
	if posts != 1 {
		t.Errorf("%d posts, want 1", posts)
	}
	if err := errors.Join(s.Probe(t.Context()), s.Save(t.Context(), testLogin()), s.Forget(t.Context())); err != nil {
		t.Error(err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 || s.Settings().Store != "memory" {
		t.Errorf("written: %v, store %q", left, s.Settings().Store)
	}

	bare := Memory(Login{Access: secret.New("access-0")}, options) // SPOTIFY_ACCESS_TOKEN alone
	if l, err := tokenBy(bare, t.Context(), 0, secret.String{}, nil); err != nil || l.Access.Reveal() != "access-0" {
		t.Errorf("an access token alone: %v, %q", err, l.Access.Reveal())
	}
	if _, err := tokenBy(bare, t.Context(), 0, secret.New("access-0"), nil); !errors.Is(err, ErrDead) {
		t.Errorf("an access token alone, refused: %v", err)
	}
}
