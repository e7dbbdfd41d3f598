package session

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// LastCount is how many artists the last whole export of this login had, as
// SetLastCount remembered it; 0 where that is not known.
func (s *Session) LastCount() int {
	if s.options.StateDir == "" {
		return 0
	}
	text, err := os.ReadFile(s.countPath())
	if err != nil {
		return 0
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// SetLastCount remembers how many artists an export had, so that the next one
// can doubt an empty list.
func (s *Session) SetLastCount(n int) error {
	if s.options.StateDir == "" || n == s.LastCount() {
		return nil
	}
	return writeFile(s.countPath(), []byte(strconv.Itoa(n)+"\n"))
}

func (s *Session) countPath() string {
	return filepath.Join(s.options.stateFolder(), "counts", s.key().hash())
}
