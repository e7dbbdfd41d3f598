package session

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spotauth/spotauth/internal/secret"
)

// T-01: an answer is merged into the login, whatever it leaves out, three times in a row.
func TestWithMergesAnAnswer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		refresh string
		scopes  []string
		want    string
		granted []string
	}{
		{"no refresh token, no scope", "", nil, "refresh-0", []string{"user-follow-read"}},
		{"new refresh token", "refresh-1", nil, "refresh-1", []string{"user-follow-read"}},
		{"the same refresh token", "refresh-0", nil, "refresh-0", []string{"user-follow-read"}},
		{"another scope", "", []string{"a", "b"}, "refresh-0", []string{"a", "b"}},
		{"empty scope", "", []string{}, "refresh-0", []string{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, now := testLogin(), testLogin().AuthorizedAt
			for range 3 {
				now = now.Add(2 * time.Hour)
				l = l.With(Tokens{Access: secret.New("new"), Refresh: secret.New(c.refresh), ExpiresIn: time.Hour, Scopes: c.scopes}, now)
			}
			old := testLogin()
			if l.Access.Reveal() != "new" || l.Refresh.Reveal() != c.want || !slices.Equal(l.Scopes, c.granted) {
				t.Errorf("access %q, refresh %q, scopes %q", l.Access.Reveal(), l.Refresh.Reveal(), l.Scopes)
			}
			if l.Account != old.Account || !l.AuthorizedAt.Equal(old.AuthorizedAt) || l.ClientID != old.ClientID {
				t.Errorf("account %v, authorized at %v, client %q", l.Account, l.AuthorizedAt, l.ClientID)
			}
			if !l.ObtainedAt.Equal(now) || !l.AccessExpiresAt.Equal(now.Add(time.Hour)) {
				t.Errorf("obtained %v, expires %v", l.ObtainedAt, l.AccessExpiresAt)
			}
		})
	}
}

// T-07: odd lives of an access token.
func TestOddExpiresIn(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		in, want time.Duration
	}{
		{"not said", 0, time.Hour},
		{"negative", -5 * time.Second, time.Second},
		{"usual", 3600 * time.Second, time.Hour},
		{"short", 30 * time.Second, 30 * time.Second},
		{"for ever", 1<<63 - 1, 24 * time.Hour},
	} {
		now := time.Now()
		l := testLogin().With(Tokens{Access: secret.New("a"), ExpiresIn: c.in}, now)
		if got := l.AccessExpiresAt.Sub(l.ObtainedAt); got != c.want {
			t.Errorf("%s: lives %v, want %v", c.name, got, c.want)
		}
	}
}

// T-07: whether an access token obtained at noon for an hour is used, by clocks that
// were set.
func TestClocksThatWereSet(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("summer", 2*3600) // a change of zone changes nothing
	for _, c := range []struct {
		name  string
		after time.Duration
		need  time.Duration
		want  bool
	}{
		{"at once", 0, margin, true},
		{"half way", 30 * time.Minute, margin, true},
		{"a minute left", 59 * time.Minute, margin, true},
		{"less than a minute left", 59*time.Minute + time.Second, margin, false},
		{"ended", time.Hour, margin, false},
		{"ten minutes wanted, eleven left", 49 * time.Minute, 10 * time.Minute, true},
		{"ten minutes wanted, nine left", 51 * time.Minute, 10 * time.Minute, false},
		{"clock back by a second", -time.Second, margin, false},
		{"clock back by a day", -24 * time.Hour, margin, false},
		{"clock on by a day", 24 * time.Hour, margin, false},
		{"clock on by ten years", 87600 * time.Hour, margin, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			noon := time.Date(2026, 3, 29, 0, 30, 0, 0, time.UTC) // half an hour before European summer time
			l := testLogin().With(Tokens{Access: secret.New("a"), ExpiresIn: time.Hour}, noon)
			for _, now := range []time.Time{noon.Add(c.after), noon.Add(c.after).In(zone)} {
				if got := l.isValidFor(now, c.need); got != c.want {
					t.Errorf("at %v: %v", now, got)
				}
			}
		})
	}
	far := testLogin()
	far.Access, far.ObtainedAt, far.AccessExpiresAt = secret.New("a"), time.Unix(0, 0), time.Now().Add(26*time.Hour)
	if far.isValidFor(time.Now(), margin) {
		t.Error("an end that is further off than any access token lives was believed")
	}
}

// T-04: six months after consent, by the calendar.
func TestReauthBy(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ agreed, by string }{
		{"2026-11-23", "2027-05-23"},
		{"2026-08-31", "2027-02-28"},
		{"2027-08-30", "2028-02-29"},
		{"2026-12-31", "2027-06-30"},
		{"2027-01-01", "2027-07-01"},
	} {
		agreed, _ := time.Parse(time.DateOnly, c.agreed)
		if by := (Login{AuthorizedAt: agreed}).ReauthBy().Format(time.DateOnly); by != c.by {
			t.Errorf("agreed on %s: %s, want %s", c.agreed, by, c.by)
		}
	}
	if by := (Login{}).ReauthBy(); !by.IsZero() {
		t.Errorf("agreed on an unknown day: %v", by)
	}
}

// T-04: an answer that says how long the login lasts replaces the estimate, until another
// answer says it anew (draft-ietf-oauth-refresh-token-expiration).
func TestServerSaysWhenTheLoginEnds(t *testing.T) {
	t.Parallel()
	now := testLogin().AuthorizedAt.Add(24 * time.Hour)
	const day = 24 * time.Hour
	l := testLogin()
	for _, c := range []struct {
		name             string
		refresh, consent time.Duration
		want             time.Time
	}{
		{"nothing is said", 0, 0, testLogin().ReauthBy()},
		{"the refresh token's life", 30 * day, 0, now.Add(30 * day)},
		{"nothing is said again", 0, 0, now.Add(30 * day)},
		{"the consent's life", 7 * day, 90 * day, now.Add(90 * day)},
	} {
		l = l.With(Tokens{Access: secret.New("a"), RefreshExpiresIn: c.refresh, ConsentExpiresIn: c.consent}, now)
		saved, err := decode(mustEncode(t, l))
		if err != nil || !saved.ReauthBy().Equal(c.want) {
			t.Errorf("%s: %v, %v, want %v", c.name, err, saved.ReauthBy(), c.want)
		}
	}
}

// T-07: a login that was made while the clock was years ahead ends six months after the
// first refresh under the right time, not years later.
func TestConsentInTheFuture(t *testing.T) {
	t.Parallel()
	now := testLogin().AuthorizedAt
	l := testLogin()
	l.AuthorizedAt = now.AddDate(5, 0, 0)
	l = l.With(Tokens{Access: secret.New("a")}, now)
	if want := testLogin().ReauthBy(); !l.ReauthBy().Equal(want) {
		t.Errorf("ends %v, want %v", l.ReauthBy(), want)
	}
}

func TestBuriedKeepsWhoAndWhy(t *testing.T) { // T-04
	now := time.Date(2027, 5, 24, 0, 0, 0, 0, time.UTC)
	l := testLogin().tombstone(now, errors.New("Refresh token expired"+strings.Repeat("ß", 200)))
	if !l.Access.Empty() || !l.Refresh.Empty() {
		t.Error("a token was kept")
	}
	if l.Account != testLogin().Account || l.ClientID != testClient || !l.Dead.At.Equal(now) {
		t.Errorf("%+v, dead %+v", l, l.Dead)
	}
	if !strings.HasPrefix(l.Dead.Why, "Refresh token expired") || len([]rune(l.Dead.Why)) != 120 {
		t.Errorf("why: %q", l.Dead.Why)
	}
}
