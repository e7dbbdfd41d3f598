package session

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spotauth/spotauth/internal/secret"
)

// pendingFile is a sign-in that one process began and another one will finish, with the
// settings that the profile will have then.
type pendingFile struct {
	Expires     time.Time       `json:"expires"`
	ClientID    string          `json:"client_id"`
	RedirectURI string          `json:"redirect_uri,omitempty"`
	Store       string          `json:"store"`
	Login       json.RawMessage `json:"login"`
}

// SavePending keeps a sign-in that another process will finish before it expires: login
// is what the caller needs for that, as JSON. A profile has one pending sign-in at most.
func (s *Session) SavePending(login secret.String, expires time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.settings
	data, err := json.Marshal(pendingFile{expires.UTC(), c.ClientID, c.RedirectURI, c.Store, json.RawMessage(login.Reveal())})
	if err != nil {
		return err
	}
	if err := writeFile(s.pendingPath(), data); err != nil {
		return fmt.Errorf("saving the pending sign-in: %w", err)
	}
	return nil
}

// Pending reads what SavePending kept. The session takes over the settings that the
// sign-in began with. ErrNoPending says that there is none, or none any longer.
func (s *Session) Pending() (secret.String, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := readPending(s.pendingPath())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return secret.String{}, ErrNoPending
	case err != nil:
		return secret.String{}, fmt.Errorf("reading the pending sign-in: %w", err)
	}
	begun := Settings{ClientID: p.ClientID, RedirectURI: p.RedirectURI, Store: p.Store}
	if s.options.Settings.Store != "" {
		begun.Store = s.options.Settings.Store
	}
	return secret.New(string(p.Login)), s.use(begun)
}

// DropPending deletes the pending sign-in. It is no error if there is none.
func (s *Session) DropPending() error {
	removeTemporary(s.pendingPath(), 0)
	err := retryWhileOpen(func() error { return os.Remove(s.pendingPath()) })
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("deleting the pending sign-in: %w", err)
	}
	return nil
}

func (s *Session) pendingPath() string {
	return filepath.Join(s.options.stateFolder(), "pending", recordKey{s.options.Sandbox, s.profile, ""}.hash()+".json")
}

func readPending(path string) (pendingFile, error) {
	text, err := readPrivate(path)
	if err != nil {
		return pendingFile{}, err
	}
	var p pendingFile
	if json.Unmarshal([]byte(text), &p) != nil { // the parser's words could quote the verifier
		return pendingFile{}, ErrNoPending
	}
	return p, nil
}

// dropExpired deletes the expired sign-ins of all profiles, because each holds a PKCE
// verifier.
func (s *Session) dropExpired() {
	folder := filepath.Dir(s.pendingPath())
	left, _ := os.ReadDir(folder)
	for _, entry := range left {
		path := filepath.Join(folder, entry.Name())
		if whole, number, ok := strings.Cut(entry.Name(), ".json."); ok && number != "" { // its writer may still be at work
			removeTemporary(filepath.Join(folder, whole+".json"), time.Minute)
			continue
		}
		if p, err := readPending(path); isUseless(err) || err == nil && !p.Expires.After(s.now()) {
			_ = os.Remove(path)
		}
	}
}

// isUseless reports whether an error of readPending says that the sign-in can never be
// finished. One of another user can: a command run with sudo must leave it to its owner.
func isUseless(err error) bool {
	var shared *sharedError
	return errors.Is(err, ErrNoPending) || errors.As(err, &shared) && shared.why != ofAnother
}
