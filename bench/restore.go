package main

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// restore measures following the missing artists of a list again.
func (b *bench) restore() error {
	for _, size := range []struct{ listed, missing int }{{120, 37}, {2_000, 400}} {
		if err := b.restoreMissing(size.listed, size.missing); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) restoreMissing(listed, missing int) error {
	s, err := startStandIn(b.binary("standin"), "-artists", fmt.Sprint(listed), "-latency", b.latency.String())
	if err != nil {
		return err
	}
	defer s.stop()
	env, err := b.signedIn(s, "user-follow-modify")
	if err != nil {
		return err
	}
	list := filepath.Join(b.folder, "restore.csv")
	if _, err := text(env, b.binary("spotauth"), "artists", "--format", "csv", "--output", list); err != nil {
		return err
	}
	token, err := text(env, b.binary("spotauth"), "token")
	if err != nil {
		return err
	}
	all, err := alternately(b.runs(5), func() (sample, error) {
		if err := unfollow(s, token, list, missing); err != nil {
			return sample{}, err
		}
		got, err := run(b.folder, env, b.binary("spotauth"), "restore", "--yes", list)
		if err != nil {
			return got, err
		}
		got.requests, err = s.requests()
		return got, err
	})
	if err != nil {
		return err
	}
	job := fmt.Sprintf("restore %d of %d", missing, listed)
	calls := max(1, (listed-missing+49)/50) + 2*((missing+39)/40)
	b.row(job, "spotauth", all[0])
	b.exactly(job+": calls", median(all[0], requests), float64(calls), "")
	b.atMost(job+": wall, 1.02 x calls x latency + 40 ms", median(all[0], wall), 1.02*ms(time.Duration(calls)*b.latency)+40, "ms")
	return nil
}

// unfollow removes the first artists of a list from the account, and forgets
// the requests that it took. curl makes them: net/http would enlarge the runner,
// and with it every peak.
func unfollow(s *standIn, token, list string, n int) error {
	in, err := os.Open(list)
	if err != nil {
		return err
	}
	defer in.Close()
	rows, err := csv.NewReader(in).ReadAll()
	if err != nil {
		return err
	}
	var uris []string
	for _, row := range rows[1 : n+1] {
		uris = append(uris, "spotify:artist:"+row[0])
	}
	for some := range slices.Chunk(uris, 40) {
		address := s.url + "/v1/me/library?uris=" + strings.Join(some, ",")
		if _, err := text(os.Environ(), "curl", "-sS", "--fail", "-X", "DELETE", "-H", "Authorization: Bearer "+token, address); err != nil {
			return err
		}
	}
	_, err = s.requests()
	return err
}
