package main

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

const clientID = "5107a0c3d9e84b6f8a2b1c4d7e9f0a35" // the stand-in's app

// startUp is what a program costs before it does anything.
func (b *bench) startUp() error {
	env, err := b.environment("")
	if err != nil {
		return err
	}
	all, err := alternately(b.runs(60),
		func() (sample, error) { return run(b.folder, env, b.binary("empty")) },
		func() (sample, error) { return run(b.folder, env, b.binary("spotauth"), "--version") },
	)
	if err != nil {
		return err
	}
	empty, version := all[0], all[1]
	b.row("start-up", "empty Go program", empty)
	b.row("start-up", "spotauth --version", version)
	b.atMost("start-up, of an empty program's", median(version, wall)/median(empty, wall), 2.0, "times")
	return nil
}

func (b *bench) exports() error {
	for _, size := range []struct{ artists, runs int }{{100, 15}, {2_000, 5}, {20_000, 2}} {
		if b.quick && size.artists > 2_000 {
			continue
		}
		if err := b.export(size.artists, b.runs(size.runs)); err != nil {
			return err
		}
	}
	return nil
}

// export measures one size in all formats.
func (b *bench) export(artists, runs int) error {
	s, err := startStandIn(b.binary("standin"), "-artists", fmt.Sprint(artists), "-latency", b.latency.String())
	if err != nil {
		return err
	}
	defer s.stop()
	env, err := b.signedIn(s)
	if err != nil {
		return err
	}
	token, err := text(env, b.binary("spotauth"), "token")
	if err != nil {
		return err
	}
	task := func(env []string, words ...string) func() (sample, error) {
		return func() (sample, error) { return whole(artists, s, b.folder, env, words...) }
	}
	all, err := alternately(runs,
		task(append(env, "SPOTIFY_ACCESS_TOKEN="+token), b.binary("zmb3")),
		task(env, b.binary("spotauth"), "artists", "--format", "csv"),
		task(env, b.binary("spotauth"), "artists", "--format", "json"),
		task(env, b.binary("spotauth"), "artists", "--format", "ndjson"),
	)
	if err != nil {
		return err
	}
	b.exportGoals(artists, all[0], map[string][]sample{"csv": all[1], "json": all[2], "ndjson": all[3]})
	return nil
}

// whole is a run that has to give all artists.
func whole(artists int, s *standIn, folder string, env []string, words ...string) (sample, error) {
	got, err := counted(s, folder, env, words...)
	if err == nil && got.rows != artists {
		err = fmt.Errorf("%s gave %d artists of %d", strings.Join(words, " "), got.rows, artists)
	}
	return got, err
}

func (b *bench) exportGoals(artists int, peer []sample, formats map[string][]sample) {
	job := fmt.Sprintf("%d artists", artists)
	pages := (artists + 49) / 50
	least := time.Duration(pages) * b.latency
	b.row(job, "zmb3/spotify, csv", peer)
	for _, format := range []string{"csv", "json", "ndjson"} {
		samples, name := formats[format], job+", "+format+": "
		b.row(job, "spotauth, "+format, samples)
		b.atMost(name+"wall, zmb3's", median(samples, wall), median(peer, wall), "ms")
		b.atMost(name+"wall, 1.02 x pages x latency + 40 ms", median(samples, wall), 1.02*ms(least)+40, "ms")
		b.atMost(name+"CPU, half of zmb3's", median(samples, cpu), median(peer, cpu)/2, "ms")
		if artists == 20_000 {
			b.atMost(name+"peak", median(samples, memory), map[string]float64{"csv": 30, "json": 30, "ndjson": 15}[format], "MB")
		}
	}
}

// refreshTime is how long a token endpoint on another machine takes.
const refreshTime = 200 * time.Millisecond

// tokens measures `spotauth token` in a gnome-keyring: next to secret-tool, and
// twenty at once when the token has to be refreshed.
func (b *bench) tokens() error {
	address, stop, err := startKeychain(b.folder)
	defer stop()
	if err != nil {
		return err
	}
	if err := b.cachedToken(address); err != nil {
		return err
	}
	return b.twenty(address)
}

func (b *bench) cachedToken(bus string) error {
	s, err := startStandIn(b.binary("standin"))
	if err != nil {
		return err
	}
	defer s.stop()
	env, err := b.environment(s.url, "DBUS_SESSION_BUS_ADDRESS="+bus)
	if err != nil {
		return err
	}
	if _, err := text(env, b.binary("spotauth"), "login", "--client-id", clientID); err != nil {
		return err
	}
	// Both read the one item; secret-tool finds it by the attributes that it has.
	all, err := alternately(b.runs(40),
		func() (sample, error) {
			return run(b.folder, env, "secret-tool", "lookup", "service", "spotauth", "username", "default "+clientID+" "+s.url)
		},
		func() (sample, error) { return run(b.folder, env, b.binary("spotauth"), "token") },
	)
	if err != nil {
		return err
	}
	b.row("token, valid, in gnome-keyring", "secret-tool lookup", all[0])
	b.row("token, valid, in gnome-keyring", "spotauth token", all[1])
	b.atMost("token: over secret-tool's", median(all[1], wall)-median(all[0], wall), 15, "ms")
	return nil
}

func (b *bench) twenty(bus string) error {
	s, err := startStandIn(b.binary("standin"), "-refresh", refreshTime.String())
	if err != nil {
		return err
	}
	defer s.stop()
	env, err := b.environment(s.url, "DBUS_SESSION_BUS_ADDRESS="+bus)
	if err != nil {
		return err
	}
	all, err := alternately(b.runs(7),
		func() (sample, error) { return b.atOnce(1, s, env) },
		func() (sample, error) { return b.atOnce(20, s, env) },
	)
	if err != nil {
		return err
	}
	b.row(fmt.Sprintf("token, expired, refreshed in %v", refreshTime), "1 spotauth token", all[0])
	b.row(fmt.Sprintf("token, expired, refreshed in %v", refreshTime), "20 spotauth token at once", all[1])
	b.atMost("20 tokens at once, of one's time", median(all[1], wall)/median(all[0], wall), 2, "times")
	b.atMost("20 tokens at once: requests", median(all[1], requests), 1, "")
	return nil
}

// atOnce signs in anew, which leaves an access token about to end, and lets n
// processes ask for one. Its sample adds up their CPU.
func (b *bench) atOnce(n int, s *standIn, env []string) (sum sample, err error) {
	if _, err := text(env, b.binary("spotauth"), "login", "--client-id", clientID); err != nil {
		return sum, err
	}
	if _, err := s.requests(); err != nil {
		return sum, err
	}
	samples, errs := make([]sample, n), make([]error, n)
	var group sync.WaitGroup
	start := time.Now()
	for i := range n {
		group.Go(func() { samples[i], errs[i] = run(b.folder, env, b.binary("spotauth"), "token") })
	}
	group.Wait()
	sum.wall = time.Since(start)
	for i, s := range samples {
		if errs[i] != nil {
			return sum, errs[i]
		}
		sum.cpu += s.cpu
		sum.peak = max(sum.peak, s.peak)
	}
	sum.requests, err = s.requests()
	return sum, err
}
