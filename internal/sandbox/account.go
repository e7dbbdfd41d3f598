package sandbox

import (
	"crypto/sha256"
	"encoding/base64"
	"math/rand/v2"
	"strings"
	"time"
)

// account is one that a person can sign in to.
type account struct {
	id, name, key, email string
	followed             *shelf
}

// newAccounts are the account of Options, and a second one that follows nobody.
func newAccounts(o Options, artists *kind) []*account {
	r := rand.New(rand.NewPCG(o.Seed, 1))
	first := newAccount("31"+strings.ToLower(base62(r, 26)), "Wren Demo", artists)
	first.followed.fill(len(artists.things), longAgo(o), time.Minute)
	return []*account{first, newAccount("robindemo", "Robin Demo", artists)}
}

// longAgo is a time before anything that a client does.
func longAgo(o Options) time.Time {
	fixed, recent := time.Date(2026, 9, 1, 18, 30, 0, 0, time.UTC), o.Now().Add(-time.Hour).Truncate(time.Second)
	if recent.Before(fixed) {
		return recent.UTC()
	}
	return fixed
}

func newAccount(id, name string, artists *kind) *account {
	sum := sha256.Sum256([]byte(id))
	first, _, _ := strings.Cut(strings.ToLower(name), " ")
	return &account{
		id: id, name: name, key: base64.RawURLEncoding.EncodeToString(sum[:])[:10],
		email: first + "@example.com", followed: newShelf(artists),
	}
}

// accountOf finds an account by its ID. The caller holds s.mu.
func (s *Server) accountOf(id string) *account {
	for _, a := range s.accounts {
		if a.id == id {
			return a
		}
	}
	return nil
}
