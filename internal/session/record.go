package session

import (
	"encoding/json"
	"time"

	"github.com/spotauth/spotauth/internal/secret"
)

const (
	recordVersion = 1
	// maxRecord is what every keychain takes: Windows 2560 bytes, macOS about 2900.
	maxRecord = 2400
)

// record is a Login in a store, in JSON. Its secrets are in the clear there: the
// store is what protects them.
type record struct {
	Version         int       `json:"version"`
	ClientID        string    `json:"client_id"`
	ClientSecret    string    `json:"client_secret,omitempty"`
	Account         Account   `json:"account"`
	Scopes          []string  `json:"scopes,omitempty"`
	AuthorizedAt    time.Time `json:"authorized_at,omitzero"`
	EndsAt          time.Time `json:"ends_at,omitzero"`
	ObtainedAt      time.Time `json:"obtained_at,omitzero"`
	AccessExpiresAt time.Time `json:"access_expires_at,omitzero"`
	Access          string    `json:"access_token,omitempty"`
	Refresh         string    `json:"refresh_token,omitempty"`
	Dead            *Death    `json:"dead,omitempty"`
}

// encode makes the record of a login, of at most maxRecord bytes. The access token is a
// cache, so it goes first if there is too little space.
func encode(l Login) (string, error) {
	r := record{
		Version: recordVersion, ClientID: l.ClientID, ClientSecret: l.ClientSecret.Reveal(),
		Account: l.Account, Scopes: l.Scopes,
		AuthorizedAt: l.AuthorizedAt, EndsAt: l.EndsAt, ObtainedAt: l.ObtainedAt, AccessExpiresAt: l.AccessExpiresAt,
		Access: l.Access.Reveal(), Refresh: l.Refresh.Reveal(), Dead: l.Dead,
	}
	data, err := json.Marshal(r)
	if err == nil && len(data) > maxRecord {
		r.Access, r.AccessExpiresAt = "", time.Time{}
		data, err = json.Marshal(r)
	}
	if err != nil {
		return "", err
	}
	if len(data) > maxRecord {
		return "", ErrTooBig
	}
	return string(data), nil
}

// decode reads a record. From a newer version it reads only the version number. A record
// without a refresh token is corrupt, unless it is a tombstone.
func decode(data string) (Login, error) {
	var version struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal([]byte(data), &version); err != nil {
		return Login{}, ErrCorrupt // the parser's words could quote a token
	}
	if version.Version > recordVersion {
		return Login{}, ErrNewer
	}
	var r record
	if err := json.Unmarshal([]byte(data), &r); err != nil {
		return Login{}, ErrCorrupt
	}
	if r.Version != recordVersion || r.ClientID == "" || (r.Refresh == "") == (r.Dead == nil) {
		return Login{}, ErrCorrupt
	}
	if !secret.IsVisible(r.Access) { // it is damaged, and only a cache
		r.Access, r.AccessExpiresAt = "", time.Time{}
	}
	return Login{
		ClientID: r.ClientID, ClientSecret: secret.New(r.ClientSecret),
		Account: r.Account, Scopes: r.Scopes,
		AuthorizedAt: r.AuthorizedAt, EndsAt: r.EndsAt, ObtainedAt: r.ObtainedAt, AccessExpiresAt: r.AccessExpiresAt,
		Access: secret.New(r.Access), Refresh: secret.New(r.Refresh), Dead: r.Dead,
	}, nil
}
