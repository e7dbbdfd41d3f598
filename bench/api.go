package main

import (
	"fmt"
	"time"
)

// api measures `spotauth api` next to the same loop written with zmb3/spotify.
func (b *bench) api() error {
	if err := b.tracks(2_345, b.runs(5), b.latency, b.tracksGoals); err != nil || b.quick {
		return err
	}
	return b.tracks(20_000, 2, 0, b.longTracksGoals)
}

// tracks measures listing n saved tracks in three ways.
func (b *bench) tracks(n, runs int, latency time.Duration, goals func(job string, n int, peer, document, ndjson []sample)) error {
	s, err := startStandIn(b.binary("standin"), "-tracks", fmt.Sprint(n), "-latency", latency.String())
	if err != nil {
		return err
	}
	defer s.stop()
	env, err := b.signedIn(s, "user-library-read")
	if err != nil {
		return err
	}
	token, err := text(env, b.binary("spotauth"), "token")
	if err != nil {
		return err
	}
	task := func(env []string, words ...string) func() (sample, error) {
		return func() (sample, error) { return counted(s, b.folder, env, words...) }
	}
	spotauth := []string{b.binary("spotauth"), "api", "me/tracks", "--paginate"}
	all, err := alternately(runs,
		task(append(env, "SPOTIFY_ACCESS_TOKEN="+token), b.binary("zmb3"), "tracks"),
		task(env, spotauth...),
		task(env, append(spotauth, "--format", "ndjson")...),
	)
	if err != nil {
		return err
	}
	job := fmt.Sprintf("%d saved tracks", n)
	b.row(job, "zmb3/spotify, json", all[0])
	b.row(job, "spotauth api, one document", all[1])
	b.row(job, "spotauth api, ndjson", all[2])
	goals(job, n, all[0], all[1], all[2])
	return nil
}

// counted is a run with its requests.
func counted(s *standIn, folder string, env []string, words ...string) (sample, error) {
	if _, err := s.requests(); err != nil {
		return sample{}, err
	}
	got, err := run(folder, env, words...)
	if err != nil {
		return got, err
	}
	got.requests, err = s.requests()
	return got, err
}

func (b *bench) tracksGoals(job string, n int, peer, document, ndjson []sample) {
	least := ms(time.Duration((n+49)/50) * b.latency)
	for i, name := range []string{"one document", "ndjson"} {
		samples := [][]sample{document, ndjson}[i]
		b.atMost(job+", "+name+": wall, 1.02 x pages x latency + 40 ms", median(samples, wall), 1.02*least+40, "ms")
		b.atMost(job+", "+name+": CPU, 60 % of zmb3's", median(samples, cpu), 0.6*median(peer, cpu), "ms")
	}
}

func (b *bench) longTracksGoals(job string, _ int, _, document, ndjson []sample) {
	b.atMost(job+", ndjson: peak", median(ndjson, memory), 16, "MB")
	b.atMost(job+", one document: peak, 3 x its size", median(document, memory), 3*median(document, size), "MB")
}
