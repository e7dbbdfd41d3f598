package session

import (
	"os"
	"testing"
)

// H-04: an empty list is doubted where the last one was not.
func TestLastCount(t *testing.T) {
	o := Options{ConfigDir: t.TempDir(), StateDir: t.TempDir(), ClientID: "0123456789abcdef0123456789abcdef", Store: "file"}
	open := func(profile string) *Session {
		t.Helper()
		o.Profile = profile
		s, err := Open(o)
		if err != nil {
			t.Fatal(err)
		}
		return s
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
		if err := os.WriteFile(open("a").countPath(), []byte(damaged), 0o600); err != nil {
			t.Fatal(err)
		}
		if n := open("a").LastCount(); n != 0 {
			t.Errorf("damaged to %q: %d", damaged, n)
		}
	}
}
