package session

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

const webAPILimit = "web api"

// H-01: what one process learned about waiting, the next one knows.
func TestCoolDown(t *testing.T) {
	t.Parallel()
	o := fileOptions(t)
	now := testLogin().AuthorizedAt
	o.Now = func() time.Time { return now }
	other := o
	other.Settings.ClientID = otherClient
	profile := o
	profile.Profile = "work"
	for _, c := range []struct {
		name        string
		set, passed time.Duration
		left        time.Duration // 0: none
	}{
		{"just set", time.Hour, 0, time.Hour},
		{"half over", time.Hour, 30 * time.Minute, 30 * time.Minute},
		{"over", time.Hour, time.Hour, 0},
		{"rounded up", time.Hour + time.Millisecond, 0, time.Hour + time.Second},
		{"a week", 7 * 24 * time.Hour, 0, 24 * time.Hour},
		{"in the past", -time.Hour, 0, 0},
		{"set by a clock that was a year ahead", time.Hour, -365 * 24 * time.Hour, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			_ = os.RemoveAll(o.StateDir)
			now = testLogin().AuthorizedAt
			if err := mustOpen(t, o).SetCoolDown(webAPILimit, now.Add(c.set)); err != nil {
				t.Fatal(err)
			}
			now = now.Add(c.passed)
			want := time.Time{}
			if c.left != 0 {
				want = now.Add(c.left)
			}
			for _, o := range []Options{o, profile} { // limits are counted per client ID
				if got := mustOpen(t, o).CoolDown(webAPILimit); !got.Equal(want) {
					t.Errorf("%v, want %v", got, want)
				}
			}
			if got := mustOpen(t, other).CoolDown(webAPILimit); !got.IsZero() {
				t.Errorf("another client ID: %v", got)
			}
		})
	}
	write(t, filepath.Join(o.StateDir, mustOpen(t, o).coolDownNote(webAPILimit)), "tomorrow")
	if got := mustOpen(t, o).CoolDown(webAPILimit); !got.IsZero() {
		t.Errorf("not a time: %v", got)
	}
	if err := Memory(testLogin(), Options{}).SetCoolDown(webAPILimit, now.Add(time.Hour)); err != nil {
		t.Errorf("no folder for notes: %v", err)
	}
}

// A limit holds for its own group of requests, and for no other.
func TestCoolDownsOfGroups(t *testing.T) {
	t.Parallel()
	o := fileOptions(t)
	groups := []string{TokenGroup, webAPILimit, "GET me/tracks", "GET me/../tracks", "PUT me/tracks"}
	now := time.Now().Truncate(time.Second)
	for i, group := range groups {
		if err := mustOpen(t, o).SetCoolDown(group, now.Add(time.Duration(i+1)*time.Hour)); err != nil {
			t.Fatal(err)
		}
		for j, other := range groups {
			got, want := mustOpen(t, o).CoolDown(other), now.Add(time.Duration(j+1)*time.Hour)
			if j <= i && !got.Equal(want) || j > i && !got.IsZero() {
				t.Errorf("after %q, %q waits until %v", group, other, got)
			}
		}
	}
}

// B-27: a short limit does not end a long one.
func TestShorterCoolDown(t *testing.T) {
	t.Parallel()
	s := mustOpen(t, fileOptions(t))
	long := time.Now().Add(time.Hour).Truncate(time.Second)
	for _, until := range []time.Time{long, time.Now().Add(time.Minute)} {
		if err := s.SetCoolDown(webAPILimit, until); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.CoolDown(webAPILimit); !got.Equal(long) {
		t.Errorf("until %v, want %v", got, long)
	}
}

// H-04: the count of one account says nothing about the list of another.
func TestLastCountOfAnotherAccount(t *testing.T) {
	t.Parallel()
	o := fileOptions(t)
	mine, theirs := testLogin(), testLogin()
	theirs.Account = Account{ID: "mallory", Name: "Mallory M"}
	for _, step := range []struct {
		name  string
		login Login
		want  int
	}{{"first", mine, 0}, {"the same account again", mine, 120}, {"another account", theirs, 0}} {
		s := mustOpen(t, o)
		if err := s.Save(t.Context(), step.login); err != nil {
			t.Fatal(err)
		}
		if got := s.LastCount(); got != step.want {
			t.Errorf("%s: count %d, want %d", step.name, got, step.want)
		}
		if err := s.SetLastCount(120); err != nil {
			t.Fatal(err)
		}
	}
}

// H-04: an empty list is doubted if the last one was not empty.
func TestLastCount(t *testing.T) {
	t.Parallel()
	o := fileOptions(t)
	open := func(profile string) *Session {
		t.Helper()
		o.Profile = profile
		return mustOpen(t, o)
	}
	if n := open("a").LastCount(); n != 0 {
		t.Errorf("before any export: %d", n)
	}
	for _, n := range []int{120, 120, 7, 0} {
		if err := open("a").SetLastCount(n); err != nil {
			t.Fatal(err)
		}
		if got := open("a").LastCount(); got != n {
			t.Errorf("got %d, want %d", got, n)
		}
	}
	if n := open("b").LastCount(); n != 0 {
		t.Errorf("another profile: %d", n)
	}
	for _, damaged := range []string{"", "many", "-3", "1e3"} {
		if err := open("a").SetLastCount(5); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(o.StateDir, open("a").countNote()), damaged)
		if n := open("a").LastCount(); n != 0 {
			t.Errorf("damaged to %q: %d", damaged, n)
		}
	}
}

// B-34: a login from the environment leaves no file of its count, which all accounts of
// the client ID would share.
func TestNoCountOfALoginInMemory(t *testing.T) {
	t.Parallel()
	o := fileOptions(t)
	s := Memory(testLogin(), o)
	if err := s.SetLastCount(120); err != nil || s.LastCount() != 0 {
		t.Errorf("%v, count %d", err, s.LastCount())
	}
	if _, err := os.Stat(o.StateDir); err == nil {
		t.Errorf("written: %v", tree(t, o.StateDir))
	}
}
