package sandbox

import (
	"crypto/sha256"
	"encoding/base64"
	"math/rand/v2"
	"strings"
	"time"
)

// account is a Spotify account that someone can sign in to.
type account struct {
	id, name, key, email string
	shelves              map[string]*shelf // by the type of what is on them
	playlists            []*playlist
}

// newAccounts makes the account that Options describe, and a second one that has
// nothing saved.
func newAccounts(o Options, artists *kind) []*account {
	r := rand.New(rand.NewPCG(o.Seed, 1))
	first := newAccount("31"+strings.ToLower(base62(r, 26)), "Wren Demo")
	first.shelves["artist"] = newShelf(artists)
	first.shelves["artist"].fill(len(artists.things), longAgo(o), time.Minute)
	return []*account{first, newAccount("robindemo", "Robin Demo")}
}

// longAgo is before anything that a client does.
func longAgo(o Options) time.Time {
	fixed, recent := time.Date(2026, 9, 1, 18, 30, 0, 0, time.UTC), o.Now().Add(-time.Hour).Truncate(time.Second)
	if recent.Before(fixed) {
		return recent.UTC()
	}
	return fixed
}

func newAccount(id, name string) *account {
	sum := sha256.Sum256([]byte(id))
	first, _, _ := strings.Cut(strings.ToLower(name), " ")
	return &account{
		id: id, name: name, key: base64.RawURLEncoding.EncodeToString(sum[:])[:10],
		email: first + "@example.com", shelves: map[string]*shelf{},
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

// isFirst reports whether a is the account that has followed artists, saved tracks
// and so on from the start.
func (s *Server) isFirst(a *account) bool { return a == s.accounts[0] }

// shelf returns what an account has saved of a type. The caller holds s.mu.
func (s *Server) shelf(a *account, kind string) *shelf {
	if a.shelves[kind] == nil {
		shelf := newShelf(s.kindOf(kind))
		if s.isFirst(a) {
			full := map[string]int{"track": s.options.Tracks, "album": savedAlbums, "show": shows, "episode": savedEpisodes, "audiobook": audiobooks}
			shelf.fill(full[kind], longAgo(s.options), 7*time.Hour)
		}
		a.shelves[kind] = shelf
	}
	return a.shelves[kind]
}
