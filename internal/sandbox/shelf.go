package sandbox

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// shelf has what an account has saved of one kind.
type shelf struct {
	kind  *kind
	since map[int]time.Time // when each was saved, by its index in kind
	again []time.Time       // when something saved was saved again
	order []int             // most recent first, equal times by ID; nil: to be sorted
	place map[int]int       // of an index in order
}

func newShelf(k *kind) *shelf { return &shelf{kind: k, since: map[int]time.Time{}} }

// fill saves the first n things, a step apart. The first is the most recent.
func (s *shelf) fill(n int, last time.Time, step time.Duration) {
	for i := range min(n, len(s.kind.things)) {
		s.since[i] = last.Add(-time.Duration(i) * step)
	}
	s.order = nil
}

// save puts things on the shelf, all at the same time. Unknown IDs have no effect.
func (s *shelf) save(ids []string, now time.Time) {
	now = now.Truncate(time.Second)
	for _, id := range ids {
		i, exists := s.kind.index[id]
		if _, saved := s.since[i]; exists && saved {
			s.again = append(s.again, now)
		} else if exists {
			s.since[i] = now
		}
	}
	s.order = nil
}

func (s *shelf) remove(ids []string) {
	for _, id := range ids {
		if i, exists := s.kind.index[id]; exists {
			delete(s.since, i)
		}
	}
	s.order = nil
}

// has reports whether a thing was on the shelf at a time.
func (s *shelf) has(id string, at time.Time) bool {
	i, exists := s.kind.index[id]
	since, saved := s.since[i]
	return exists && saved && !since.After(at)
}

// sorted returns the order of the shelf, as indexes in its kind.
func (s *shelf) sorted() []int {
	if s.order != nil || len(s.since) == 0 {
		return s.order
	}
	for i := range s.since {
		s.order = append(s.order, i)
	}
	slices.SortFunc(s.order, func(a, b int) int {
		return cmp.Or(s.since[b].Compare(s.since[a]), strings.Compare(s.kind.things[a].id, s.kind.things[b].id))
	})
	s.place = make(map[int]int, len(s.order))
	for at, i := range s.order {
		s.place[i] = at
	}
	return s.order
}

// find returns the place of an ID in the order.
func (s *shelf) find(id string) (at int, found bool) {
	i, exists := s.kind.index[id]
	s.sorted()
	at, found = s.place[i]
	return at, exists && found && len(s.order) > 0
}

// total counts the things on the shelf. A thing that is saved again counts twice for
// hours (spotify/web-api issue 1226).
func (s *shelf) total(now time.Time) int {
	n := len(s.since)
	for _, at := range s.again {
		if now.Sub(at) < 6*time.Hour {
			n++
		}
	}
	return n
}

func (s *shelf) thing(at int) thing { return s.kind.things[s.sorted()[at]] }
