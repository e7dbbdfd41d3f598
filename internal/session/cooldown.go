package session

import (
	"os"
	"path/filepath"
	"strings"
	"time"
)

// longestCoolDown is as far ahead as one is believed: Spotify has been seen to ask for
// a day, and a clock that was wrong for a while must not lock anybody out for years.
const longestCoolDown = 24 * time.Hour

// CoolDown is when Spotify may be asked again with this client id, as remembered by
// SetCoolDown in this or another process; zero when it may be asked now.
func (s *Session) CoolDown() time.Time {
	if !s.countsLimits() {
		return time.Time{}
	}
	data, err := os.ReadFile(s.coolDownPath())
	if err != nil {
		return time.Time{}
	}
	until, err := time.Parse(time.RFC3339, strings.TrimSpace(string(data)))
	now := s.now()
	if err != nil || !until.After(now) || until.After(now.Add(longestCoolDown+time.Minute)) {
		return time.Time{}
	}
	return until
}

// SetCoolDown remembers that Spotify asked (429, Retry-After) not to be asked with this
// client id before a time, at most a day ahead. Limits are counted per app, so that all
// profiles with the client id are meant.
func (s *Session) SetCoolDown(until time.Time) error {
	if !s.countsLimits() {
		return nil
	}
	until = until.Add(time.Second - 1).Truncate(time.Second) // rather late than early
	if limit := s.now().Add(longestCoolDown); until.After(limit) {
		until = limit
	}
	return writeFile(s.coolDownPath(), []byte(until.UTC().Format(time.RFC3339)+"\n"))
}

// countsLimits is false where it is not known which app an access token is of, or
// nothing may be kept.
func (s *Session) countsLimits() bool {
	return s.options.StateDir != "" && s.Settings().ClientID != ""
}

func (s *Session) coolDownPath() string {
	name := key{s.options.Sandbox, "client", s.Settings().ClientID}.hash()
	return filepath.Join(s.options.stateFolder(), "cooldown", name)
}
