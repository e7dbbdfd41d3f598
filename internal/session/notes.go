package session

import (
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// TokenGroup is the group of the token endpoint. Any other text is a group of the Web API.
const TokenGroup = "token endpoint"

// longestCoolDown limits what a note may ask for. Spotify has been seen to ask for a day. A
// clock that was wrong for a while must not lock anyone out for years.
const longestCoolDown = 24 * time.Hour

// CoolDown is the time before which Spotify must not be contacted about a group of
// requests with this client ID. It is zero if there is no such limit. Every process that
// uses the client ID sees what SetCoolDown has noted.
func (s *Session) CoolDown(group string) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.coolDown(group)
}

func (s *Session) coolDown(group string) time.Time {
	if s.settings.ClientID == "" { // an access token alone does not say whose limit it is
		return time.Time{}
	}
	until, err := time.Parse(time.RFC3339, s.readNote(s.coolDownNote(group)))
	now := s.now()
	if err != nil || !until.After(now) || until.After(now.Add(longestCoolDown+time.Minute)) {
		return time.Time{}
	}
	return until
}

// SetCoolDown notes that Spotify wants no request of a group before a time (429,
// Retry-After). A note lasts for a day at most and replaces none that lasts longer.
// Spotify counts per app, so the note holds for all profiles with the client ID.
func (s *Session) SetCoolDown(group string, until time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	until = until.Add(time.Second - 1).Truncate(time.Second) // better a second late than early
	if limit := s.now().Add(longestCoolDown); until.After(limit) {
		until = limit
	}
	if s.settings.ClientID == "" || !until.After(s.coolDown(group)) {
		return nil
	}
	return s.writeNote(s.coolDownNote(group), until.UTC().Format(time.RFC3339))
}

func (s *Session) coolDownNote(group string) string {
	k := recordKey{s.options.Sandbox, "client", s.settings.ClientID + "\x00" + group}
	return filepath.Join("cooldown", k.hash())
}

// LastCount is how many artists the last whole list of this login had, whichever command
// read it, as SetLastCount noted it. It is 0 if that is not known.
func (s *Session) LastCount() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lastCount()
}

func (s *Session) lastCount() int {
	if s.settings.Store == InMemory { // then every account of a client ID has the same key
		return 0
	}
	n, err := strconv.Atoi(s.readNote(s.countNote()))
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// SetLastCount notes how many artists an export had, so that the next export can doubt
// an empty list.
func (s *Session) SetLastCount(n int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.setLastCount(n)
}

func (s *Session) setLastCount(n int) error {
	if s.settings.Store == InMemory || n == s.lastCount() {
		return nil
	}
	return s.writeNote(s.countNote(), strconv.Itoa(n))
}

func (s *Session) countNote() string { return filepath.Join("counts", s.key().hash()) }

// readNote reads a note: one line in a file of the state folder, which later runs can do
// without. It returns "" if there is none.
func (s *Session) readNote(name string) string {
	if s.options.StateDir == "" {
		return ""
	}
	text, _ := readRegular(filepath.Join(s.options.stateFolder(), name))
	return strings.TrimSpace(string(text))
}

func (s *Session) writeNote(name, text string) error {
	if s.options.StateDir == "" {
		return nil
	}
	return writeFile(filepath.Join(s.options.stateFolder(), name), []byte(text+"\n"))
}
