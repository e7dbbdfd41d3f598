package session

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/spotauth/spotauth/internal/secret"
)

// K-05: what is not a record, and what is one of a later version.
func TestDecode(t *testing.T) {
	t.Parallel()
	good, err := encode(testLogin())
	if err != nil {
		t.Fatal(err)
	}
	tombstone, err := encode(testLogin().tombstone(time.Now(), ErrDead))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, data, class string
	}{
		{"good", good, ""},
		{"tombstone", tombstone, ""},
		{"unknown field", strings.Replace(good, `{`, `{"later":[1],`, 1), ""},
		{"empty", "", "Corrupt"},
		{"cut short", good[:len(good)/2], "Corrupt"},
		{"cut by a byte", good[:len(good)-1], "Corrupt"},
		{"more after it", good + "{}", "Corrupt"},
		{"byte order mark", "\ufeff" + good, "Corrupt"},
		{"null", "null", "Corrupt"},
		{"a text", `"hello"`, "Corrupt"},
		{"a list", "[]", "Corrupt"},
		{"no version", strings.Replace(good, `"version":1,`, "", 1), "Corrupt"},
		{"version 0", strings.Replace(good, `"version":1`, `"version":0`, 1), "Corrupt"},
		{"version 2", strings.Replace(good, `"version":1`, `"version":2`, 1), "Newer"},
		{"version 2 of another form", `{"version":2,"client_id":{"no":"text"}}`, "Newer"},
		{"no client id", strings.Replace(good, testClient, "", 1), "Corrupt"},
		{"no refresh token", strings.Replace(good, `"refresh-0"`, `""`, 1), "Corrupt"},
		{"dead, and a refresh token", strings.Replace(good, `{`, `{"dead":{"at":"2026-11-23T12:00:00Z"},`, 1), "Corrupt"},
		{"time of another form", strings.Replace(good, "2026-11-23T12:00:00Z", "yesterday", 1), "Corrupt"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := decode(c.data)
			if class(err) != c.class {
				t.Errorf("class %q, want %q", class(err), c.class)
			}
			if err != nil && (strings.Contains(err.Error(), "refresh-0") || strings.Contains(err.Error(), "access-0")) {
				t.Errorf("the error quotes a token: %v", err)
			}
		})
	}
}

// An access token that no server takes is refreshed. Sent, it would look like a network that
// fails; printed, like two lines.
func TestDamagedAccessToken(t *testing.T) {
	t.Parallel()
	good, err := encode(testLogin())
	if err != nil {
		t.Fatal(err)
	}
	for _, damage := range []string{`\n`, `\u0000`, ` `, `é`} {
		l, err := decode(strings.Replace(good, "access-0", "access-"+damage+"0", 1))
		if err != nil || !l.Access.Empty() || !l.AccessExpiresAt.IsZero() || l.Refresh.Reveal() != "refresh-0" {
			t.Errorf("%s: %v, access token of %d bytes until %v", damage, err, len(l.Access.Reveal()), l.AccessExpiresAt)
		}
	}
}

// K-03: tokens of any length are kept in a keychain of 2560 bytes, or refused by name.
func TestRecordsThatAreTooBig(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		access, refresh int
		keepsAccess     bool
		class           string
	}{
		{200, 200, true, ""},
		{1500, 200, true, ""},
		{200, 1500, true, ""},
		{1500, 1500, false, ""},
		{2400, 200, false, ""},
		{5000, 200, false, ""},
		{200, 2400, false, "TooBig"},
		{5000, 5000, false, "TooBig"},
	} {
		s, f := fakeSession(t)
		f.limit = 2560 // Windows
		l := testLogin()
		l.Access = secret.New(strings.Repeat("a", c.access))
		l.Refresh = secret.New(strings.Repeat("r", c.refresh))
		err := s.Save(t.Context(), l)
		if class(err) != c.class {
			t.Errorf("%d and %d: class %q: %v", c.access, c.refresh, class(err), err)
		}
		if err != nil {
			continue
		}
		got, err := s.Load(t.Context())
		if err != nil || !got.Refresh.Equal(l.Refresh) || got.Access.Equal(l.Access) != c.keepsAccess || got.Access.Empty() == c.keepsAccess {
			t.Errorf("%d and %d: %v, refresh %d, access %d", c.access, c.refresh, err, len(got.Refresh.Reveal()), len(got.Access.Reveal()))
		}
		for _, data := range f.items {
			if len(data) > maxRecord {
				t.Errorf("%d and %d: %d bytes", c.access, c.refresh, len(data))
			}
		}
	}
}

// A record that was read is a login that can be written and read again.
func FuzzDecode(f *testing.F) {
	good, _ := encode(testLogin())
	tombstone, _ := encode(testLogin().tombstone(time.Unix(1, 0), ErrDead))
	for _, data := range []string{good, tombstone, "", "{}", `{"version":9e9}`, good[:40]} {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data string) {
		l, err := decode(data)
		if err != nil {
			if class(err) != "Corrupt" && class(err) != "Newer" {
				t.Errorf("%v", err)
			}
			return
		}
		if l.ClientID == "" || l.Refresh.Empty() == (l.Dead == nil) {
			t.Errorf("not a login: %+v", l)
		}
		again, err := encode(l)
		if err == ErrTooBig {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		back, err := decode(again)
		if len(again) < maxRecord && back.Access.Empty() && !l.Access.Empty() {
			l.Access, l.AccessExpiresAt = back.Access, back.AccessExpiresAt // dropped for its size
		}
		one, _ := encode(l)
		two, _ := encode(back)
		if err != nil || one != two || !reflect.DeepEqual(l.Account, back.Account) {
			t.Errorf("%v: %q is not %q", err, one, two)
		}
	})
}
