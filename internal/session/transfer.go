package session

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"

	"filippo.io/age"
	"filippo.io/age/armor"
	"golang.org/x/text/unicode/norm"

	"github.com/spotauth/spotauth/internal/secret"
)

// parcel is what travels: encrypted with a passphrase by age (age-encryption.org/v1),
// in its armored form.
type parcel struct {
	Origin      string          `json:"origin,omitempty"` // see origin; earlier versions left it out
	RedirectURI string          `json:"redirect_uri,omitempty"`
	Login       json.RawMessage `json:"login"`
}

const (
	maxParcel = 1 << 16
	// The work of guessing a passphrase, as scrypt's N = 2^work. realWork is age's own
	// choice and takes about a second. The login of a stand-in needs no protection. maxWork
	// is the most that a file may ask for (1 GiB of memory).
	realWork, sandboxWork, maxWork = 18, 10, 20
)

func (o Options) exportWork() int {
	if o.Sandbox != "" {
		return sandboxWork
	}
	return realWork
}

// Export writes the saved login, encrypted with a passphrase, for Import on another
// machine. The access token stays behind. Nothing is written before all is encrypted.
func (s *Session) Export(ctx context.Context, w io.Writer, passphrase secret.String) error {
	if isTooShort(passphrase) {
		return fmt.Errorf("the passphrase is %w: use at least %d characters", ErrInvalid, shortestPassphrase)
	}
	l, err := s.Load(ctx)
	if err == nil && l.Dead != nil {
		err = ErrDead
	}
	if err != nil {
		return err
	}
	l.Access = secret.String{}
	login, err := encode(l)
	if err != nil {
		return err
	}
	content, err := json.Marshal(parcel{s.origin(), s.Settings().RedirectURI, json.RawMessage(login)})
	if err != nil {
		return err
	}
	sealed, err := seal(content, passphrase, s.work)
	if err != nil {
		return fmt.Errorf("encrypting the session: %w", err)
	}
	_, err = w.Write(sealed)
	return err
}

// Import reads what Export wrote, and saves it in this session's profile and store. It
// changes nothing unless the file is whole ([ErrPassphrase], [ErrForeign]), is of the same
// server ([ErrOrigin]) and accept returns nil.
func (s *Session) Import(ctx context.Context, r io.Reader, passphrase secret.String, accept func(Login) error) (Login, error) {
	content, err := unseal(r, passphrase)
	if err != nil {
		return Login{}, err
	}
	var p parcel
	if err := json.Unmarshal(content, &p); err != nil {
		return Login{}, ErrForeign
	}
	if p.Origin != "" && p.Origin != s.origin() {
		return Login{}, fmt.Errorf("%w: it was exported from %s", ErrOrigin, p.Origin)
	}
	l, err := decode(string(p.Login))
	switch {
	case errors.Is(err, ErrNewer):
		return Login{}, err
	case err != nil || l.Dead != nil:
		return Login{}, ErrForeign
	}
	if err := accept(l); err != nil {
		return Login{}, err
	}
	s.mu.Lock()
	s.settings.RedirectURI = cmp.Or(s.options.Settings.RedirectURI, p.RedirectURI, s.settings.RedirectURI)
	s.mu.Unlock()
	return l, s.Save(ctx, l)
}

// origin is the server whose logins this session keeps.
func (s *Session) origin() string { return cmp.Or(s.options.Sandbox, spotifyOrigin) }

// shortestPassphrase is what NIST SP 800-63B asks of a secret that a person chooses.
const shortestPassphrase = 8

func isTooShort(passphrase secret.String) bool {
	return utf8.RuneCountInString(passphrase.Reveal()) < shortestPassphrase
}

// forms are a passphrase as it is used, and as it was typed if that differs. Keyboards do
// not agree on how a letter with an accent is encoded, so it is put into one form (Unicode
// Standard Annex 15, NFC). Earlier versions did not do that.
func forms(passphrase secret.String) []secret.String {
	typed := passphrase.Reveal()
	if norm.NFC.IsNormalString(typed) {
		return []secret.String{passphrase}
	}
	return []secret.String{secret.New(norm.NFC.String(typed)), passphrase}
}

func seal(content []byte, passphrase secret.String, work int) ([]byte, error) {
	recipient, err := age.NewScryptRecipient(forms(passphrase)[0].Reveal())
	if err != nil {
		return nil, err
	}
	recipient.SetWorkFactor(work)
	var out bytes.Buffer
	armored := armor.NewWriter(&out)
	sealed, err := age.Encrypt(armored, recipient)
	if err != nil {
		return nil, err
	}
	_, err = sealed.Write(content)
	if err := errors.Join(err, sealed.Close(), armored.Close()); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func unseal(r io.Reader, passphrase secret.String) ([]byte, error) {
	sealed, err := io.ReadAll(io.LimitReader(r, maxParcel))
	if err != nil {
		return nil, fmt.Errorf("reading the session: %w", err)
	}
	var content []byte
	for _, form := range forms(passphrase) {
		if content, err = decrypt(sealed, form); err != ErrPassphrase {
			break
		}
	}
	return content, err
}

func decrypt(sealed []byte, passphrase secret.String) ([]byte, error) {
	identity, err := age.NewScryptIdentity(passphrase.Reveal())
	if err != nil {
		return nil, ErrPassphrase
	}
	identity.SetMaxWorkFactor(maxWork)
	opened, err := age.Decrypt(armor.NewReader(bytes.NewReader(sealed)), identity)
	var noMatch *age.NoIdentityMatchError
	if errors.As(err, &noMatch) && slices.Contains(noMatch.StanzaTypes, "scrypt") {
		return nil, ErrPassphrase
	}
	if err != nil {
		return nil, ErrForeign
	}
	content, err := io.ReadAll(opened)
	if err != nil {
		return nil, ErrForeign
	}
	return content, nil
}
