package session

import (
	"testing"
	"time"
)

// H-01: what one process was told about waiting, the next one knows.
func TestCoolDown(t *testing.T) {
	o := fileOptions(t)
	now := testLogin().AuthorizedAt
	o.Now = func() time.Time { return now }
	other := o
	other.ClientID = otherClient
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
		{"a week", 7 * 24 * time.Hour, 0, 24 * time.Hour},
		{"in the past", -time.Hour, 0, 0},
		{"set by a clock that was a year ahead", time.Hour, -365 * 24 * time.Hour, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			now = testLogin().AuthorizedAt
			if err := mustOpen(t, o).SetCoolDown(now.Add(c.set)); err != nil {
				t.Fatal(err)
			}
			now = now.Add(c.passed)
			want := time.Time{}
			if c.left != 0 {
				want = now.Add(c.left)
			}
			for _, o := range []Options{o, profile} { // limits are counted per client id
				if got := mustOpen(t, o).CoolDown(); !got.Equal(want) {
					t.Errorf("%v, want %v", got, want)
				}
			}
			if got := mustOpen(t, other).CoolDown(); !got.IsZero() {
				t.Errorf("another client id: %v", got)
			}
		})
	}
	write(t, mustOpen(t, o).coolDownPath(), "tomorrow")
	if got := mustOpen(t, o).CoolDown(); !got.IsZero() {
		t.Errorf("not a time: %v", got)
	}
	if err := Memory(testLogin(), Options{}).SetCoolDown(now.Add(time.Hour)); err != nil {
		t.Errorf("nowhere to remember it: %v", err)
	}
}
