package session

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"regexp"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"filippo.io/age/armor"
	"github.com/spotauth/spotauth/internal/secret"
)

func TestExportImport(t *testing.T) {
	t.Parallel()
	from := fileOptions(t)
	from.Settings.RedirectURI = "http://127.0.0.1:5000/spotify/callback"
	s := mustOpen(t, from)
	if s.work != 18 {
		t.Errorf("work %d", s.work)
	}
	standIn := from
	standIn.Sandbox = "http://127.0.0.1:5000"
	if work := mustOpen(t, standIn).work; work != 10 {
		t.Errorf("work %d for a login of a stand-in", work)
	}
	s.work = 10 // the rest of the test need not be slow
	saved := living(time.Hour)
	saved.ClientSecret = secret.New("client-secret")
	if err := s.Save(t.Context(), saved); err != nil {
		t.Fatal(err)
	}
	passphrase := secret.New("correct horse battery staple")
	var out bytes.Buffer
	if err := s.Export(t.Context(), &out, passphrase); err != nil {
		t.Fatal(err)
	}
	whole := out.String()
	if !strings.HasPrefix(whole, armor.Header+"\n") || strings.Contains(whole, "refresh-0") {
		t.Errorf("exported: %s", whole)
	}

	to := fileOptions(t)
	to.Settings.ClientID, to.Profile = "", "moved"
	l, err := mustOpen(t, to).Import(t.Context(), strings.NewReader(whole), passphrase, func(Login) error { return nil })
	if err != nil || l.Account != saved.Account {
		t.Fatalf("%v, %+v", err, l)
	}
	there := mustOpen(t, Options{ConfigDir: to.ConfigDir, StateDir: to.StateDir, Profile: "moved"})
	l, err = there.Load(t.Context())
	if err != nil || !l.Refresh.Equal(saved.Refresh) || !l.ClientSecret.Equal(saved.ClientSecret) || !l.Access.Empty() || !l.AuthorizedAt.Equal(saved.AuthorizedAt) {
		t.Errorf("%v, refresh %q, access %q, authorized at %v", err, l.Refresh.Reveal(), l.Access.Reveal(), l.AuthorizedAt)
	}
	if want := (Settings{testClient, from.Settings.RedirectURI, "file"}); there.Settings() != want {
		t.Errorf("settings %+v, want %+v", there.Settings(), want)
	}

	before := tree(t, to.StateDir)
	refused := errors.New("not meant")
	_, err = there.Import(t.Context(), strings.NewReader(whole), passphrase, func(l Login) error {
		if l.Account != saved.Account {
			t.Errorf("asked about %+v", l.Account)
		}
		return refused
	})
	if !errors.Is(err, refused) || !maps.Equal(before, tree(t, to.StateDir)) {
		t.Errorf("refused: %v, or something was changed", err)
	}
	changed := []byte(whole)
	if changed[600] = 'A'; whole[600] == 'A' {
		changed[600] = 'B'
	}
	for _, c := range []struct {
		name, text, passphrase, class string
	}{
		{"wrong passphrase", whole, "correct horse", "Passphrase"},
		{"no passphrase", whole, "", "Passphrase"},
		{"empty", "", "correct horse battery staple", "Foreign"},
		{"cut in the middle", whole[:len(whole)/2], "correct horse battery staple", "Foreign"},
		{"cut before the end line", whole[:strings.Index(whole, "-----END")], "correct horse battery staple", "Foreign"},
		{"a byte changed", string(changed), "correct horse battery staple", "Foreign"},
		{"JSON", `{"refresh_token":"x"}`, "correct horse battery staple", "Foreign"},
		{"another thing in age", sealed(t, `{"hello":"there"}`), "x", "Foreign"},
		{"not JSON in age", sealed(t, "hello"), "x", "Foreign"},
		{"a damaged login in age", sealed(t, `{"login":{"version":1}}`), "x", "Foreign"},
		{"a login of a later version", sealed(t, `{"login":{"version":2}}`), "x", "Newer"},
		{"a dead login in age", sealed(t, `{"login":`+mustEncode(t, testLogin().tombstone(time.Now(), ErrDead))+`}`), "x", "Foreign"},
		{"for a key", forKey(t), "x", "Foreign"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := there.Import(t.Context(), strings.NewReader(c.text), secret.New(c.passphrase), func(Login) error { return nil })
			if class(err) != c.class || strings.Contains(err.Error(), "\n") {
				t.Errorf("class %q: %v", class(err), err)
			}
			if !maps.Equal(before, tree(t, to.StateDir)) {
				t.Error("something was changed")
			}
		})
	}
}

// B-03: a login belongs where it was made. One of Spotify never reaches a stand-in, nor one
// of a stand-in Spotify or another stand-in.
func TestImportElsewhere(t *testing.T) {
	t.Parallel()
	const spotify, one, other = "", "http://127.0.0.1:5000", "http://127.0.0.1:5001"
	passphrase := secret.New("correct horse")
	for _, c := range []struct{ from, to, err string }{
		{spotify, spotify, ""},
		{one, one, ""},
		{spotify, one, "the login belongs elsewhere: it was exported from https://accounts.spotify.com"},
		{one, spotify, "the login belongs elsewhere: it was exported from " + one},
		{one, other, "the login belongs elsewhere: it was exported from " + one},
	} {
		from := fileOptions(t)
		from.Sandbox = c.from
		s := mustOpen(t, from)
		s.work = 10
		var out bytes.Buffer
		if err := errors.Join(s.Save(t.Context(), testLogin()), s.Export(t.Context(), &out, passphrase)); err != nil {
			t.Fatal(err)
		}
		to := fileOptions(t)
		to.Sandbox = c.to
		asked := false
		_, err := mustOpen(t, to).Import(t.Context(), &out, passphrase, func(Login) error { asked = true; return nil })
		if c.err == "" && err != nil || c.err != "" && (err == nil || err.Error() != c.err || class(err) != "Origin" || asked) {
			t.Errorf("from %q to %q: %v, asked %v", c.from, c.to, err, asked)
		}
		if _, err := mustOpen(t, to).Load(t.Context()); (err == nil) != (c.err == "") {
			t.Errorf("from %q to %q: saved: %v", c.from, c.to, err)
		}
	}
}

// A file does not choose how much memory and time it takes: 2^21 is 2 GiB of scrypt.
func TestImportOfAnExpensiveFile(t *testing.T) {
	t.Parallel()
	plain, err := io.ReadAll(armor.NewReader(strings.NewReader(sealed(t, "{}"))))
	if err != nil {
		t.Fatal(err)
	}
	expensive := regexp.MustCompile(`(-> scrypt \S+ )10\n`).ReplaceAll(plain, []byte("${1}21\n"))
	if bytes.Equal(plain, expensive) {
		t.Fatalf("%q has no work factor", plain)
	}
	var out bytes.Buffer
	armored := armor.NewWriter(&out)
	if _, err := armored.Write(expensive); err != nil || armored.Close() != nil {
		t.Fatal(err)
	}
	began := time.Now()
	_, err = mustOpen(t, fileOptions(t)).Import(t.Context(), &out, secret.New("x"), func(Login) error { return nil })
	if class(err) != "Foreign" || time.Since(began) > 4*time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
}

// endless is a file without an end.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	e.read += len(p)
	if e.read > 1<<20 {
		return 0, io.EOF
	}
	for i := range p {
		p[i] = 'A'
	}
	return len(p), nil
}

func TestImportOfAnEndlessFile(t *testing.T) {
	t.Parallel()
	file := &endless{}
	_, err := mustOpen(t, fileOptions(t)).Import(t.Context(), file, secret.New("x"), func(Login) error { return nil })
	if class(err) != "Foreign" || file.read > 2*maxParcel {
		t.Errorf("%v after %d bytes", err, file.read)
	}
}

// A passphrase is the same one on every keyboard: macOS types letters with accents as two
// characters, other systems as one. Files that were made before that count, too.
func TestPassphraseInBothForms(t *testing.T) {
	t.Parallel()
	const composed, decomposed = "caf\u00e9 brûlé", "cafe\u0301 bru\u0302le\u0301"
	from := mustOpen(t, fileOptions(t))
	from.work = 10
	if err := from.Save(t.Context(), testLogin()); err != nil {
		t.Fatal(err)
	}
	read := func(text, passphrase string) error {
		_, err := mustOpen(t, fileOptions(t)).Import(t.Context(), strings.NewReader(text), secret.New(passphrase), func(Login) error { return nil })
		return err
	}
	for _, written := range []string{composed, decomposed} {
		var out bytes.Buffer
		if err := from.Export(t.Context(), &out, secret.New(written)); err != nil {
			t.Fatal(err)
		}
		for _, typed := range []string{composed, decomposed} {
			if err := read(out.String(), typed); err != nil {
				t.Errorf("written with %+q, read with %+q: %v", written, typed, err)
			}
		}
		if err := read(out.String(), "cafe brule"); class(err) != "Passphrase" {
			t.Errorf("without accents: %v", err)
		}
	}
	old, err := seal([]byte(`{"login":`+mustEncode(t, testLogin())+`}`), secret.New(decomposed), 10)
	if err != nil {
		t.Fatal(err)
	}
	if err := read(string(old), decomposed); err != nil {
		t.Errorf("a file of an earlier version: %v", err)
	}
}

// A passphrase that is soon guessed protects nothing.
func TestShortPassphrase(t *testing.T) {
	t.Parallel()
	s := mustOpen(t, fileOptions(t))
	s.work = 10
	if err := s.Save(t.Context(), testLogin()); err != nil {
		t.Fatal(err)
	}
	for passphrase, want := range map[string]string{"": "Invalid", "x": "Invalid", "éééé": "Invalid", "1234567": "Invalid", "12345678": "", "éééééééé": ""} {
		var out bytes.Buffer
		if err := s.Export(t.Context(), &out, secret.New(passphrase)); class(err) != want || (out.Len() == 0) != (want != "") {
			t.Errorf("%q: %v, %d bytes", passphrase, err, out.Len())
		}
	}
}

// A file of an earlier version, which does not say where it is from, is still read.
func TestImportWithoutAnOrigin(t *testing.T) {
	t.Parallel()
	text := sealed(t, `{"login":`+mustEncode(t, testLogin())+`}`)
	if _, err := mustOpen(t, fileOptions(t)).Import(t.Context(), strings.NewReader(text), secret.New("x"), func(Login) error { return nil }); err != nil {
		t.Error(err)
	}
}

func TestExportOfNothing(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	for _, c := range []struct {
		name  string
		login *Login
		want  error
	}{
		{"no login", nil, ErrNone},
		{"a dead one", new(testLogin().tombstone(time.Now(), ErrDead)), ErrDead},
	} {
		s, _ := fakeSession(t)
		if c.login != nil {
			if err := s.Save(t.Context(), *c.login); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Export(t.Context(), &out, secret.New("correct horse")); !errors.Is(err, c.want) || out.Len() != 0 {
			t.Errorf("%s: %v, %d bytes", c.name, err, out.Len())
		}
	}
}

func sealed(t *testing.T, content string) string {
	t.Helper()
	data, err := seal([]byte(content), secret.New("x"), 10)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// forKey is a file that age encrypted to a key, not with a passphrase.
func forKey(t *testing.T) string {
	t.Helper()
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	armored := armor.NewWriter(&out)
	w, err := age.Encrypt(armored, identity.Recipient())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("{}")); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Close(), armored.Close()); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
