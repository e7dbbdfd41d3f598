package main

import (
	"encoding/csv"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const longList = 20_000

// lists measures what reads lists: diff, artists --from, and the html page.
func (b *bench) lists() error {
	old, changed := filepath.Join(b.folder, "old.csv"), filepath.Join(b.folder, "new.csv")
	s, err := startStandIn(b.binary("standin"), "-artists", fmt.Sprint(longList))
	if err != nil {
		return err
	}
	defer s.stop()
	env, err := b.signedIn(s)
	if err != nil {
		return err
	}
	if _, err := text(env, b.binary("spotauth"), "artists", "--format", "csv", "--output", old); err != nil {
		return err
	}
	if err := change(old, changed); err != nil {
		return err
	}
	if err := b.diff(env, old, changed); err != nil {
		return err
	}
	if err := b.from(env, old); err != nil {
		return err
	}
	return b.html(env, old)
}

// signedIn is the environment of a person who has signed in to s.
func (b *bench) signedIn(s *standIn, scopes ...string) ([]string, error) {
	env, err := b.environment(s.url)
	if err != nil {
		return nil, err
	}
	words := []string{b.binary("spotauth"), "login", "--client-id", clientID, "--store", "file"}
	for _, scope := range scopes {
		words = append(words, "--scope", scope)
	}
	_, err = text(env, words...)
	return env, err
}

// change writes a list with 1 in 100 artists removed, 1 in 150 renamed, and 200 added.
func change(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	rows, err := csv.NewReader(in).ReadAll()
	if err != nil {
		return err
	}
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer out.Close()
	w := csv.NewWriter(out)
	for i, row := range rows {
		switch {
		case i > 0 && i%100 == 0:
			continue
		case i > 0 && i%150 == 0:
			row[1] += " (renamed)"
		}
		_ = w.Write(row) // Error has it
	}
	for i := range 200 {
		id := fmt.Sprintf("%022d", i)
		_ = w.Write([]string{id, "new " + id, "spotify:artist:" + id, "https://open.spotify.com/artist/" + id, ""})
	}
	w.Flush()
	return w.Error()
}

func (b *bench) diff(env []string, old, changed string) error {
	const job = "diff of two lists of 20,000"
	csvs := []string{old, changed}
	var jsons []string
	for _, list := range csvs {
		name := strings.TrimSuffix(list, ".csv") + ".json"
		if _, err := text(env, b.binary("spotauth"), "artists", "--from", list, "--format", "json", "--output", name); err != nil {
			return err
		}
		jsons = append(jsons, name)
	}
	programs := []struct {
		name  string
		words []string
	}{
		{"spotauth diff, csv", []string{b.binary("spotauth"), "diff", csvs[0], csvs[1]}},
		{"spotauth diff, json", []string{b.binary("spotauth"), "diff", jsons[0], jsons[1]}},
		{"git diff --no-index, csv", []string{"git", "diff", "--no-index", csvs[0], csvs[1]}},
		{"daff, csv", []string{"daff", csvs[0], csvs[1]}},
	}
	if _, err := exec.LookPath("daff"); err != nil {
		b.skip(job+": daff", "daff is not installed: npm install --global daff")
		programs = programs[:3]
	}
	var tasks []func() (sample, error)
	for _, p := range programs {
		tasks = append(tasks, func() (sample, error) { return runDiffering(b.folder, env, p.words...) })
	}
	all, err := alternately(b.runs(9), tasks...)
	if err != nil {
		return err
	}
	for i, p := range programs {
		b.row(job, p.name, all[i])
	}
	for i, format := range []string{"csv", "json"} {
		b.atMost(job+", "+format+": wall", median(all[i], wall), 150, "ms")
		b.atMost(job+", "+format+": peak", median(all[i], memory), 60, "MB")
	}
	return nil
}

func (b *bench) from(env []string, list string) error {
	const job = "artists --from, 20,000 csv rows to json"
	all, err := alternately(b.runs(9), func() (sample, error) {
		got, err := run(b.folder, env, b.binary("spotauth"), "artists", "--from", list, "--format", "json")
		if err == nil && got.rows != longList {
			err = fmt.Errorf("--from gave %d artists", got.rows)
		}
		return got, err
	})
	if err != nil {
		return err
	}
	b.row(job, "spotauth", all[0])
	b.atMost(job+": wall", median(all[0], wall), 100, "ms")
	b.atMost(job+": peak", median(all[0], memory), 40, "MB")
	return nil
}

// html measures when the page of a long list is first painted.
func (b *bench) html(env []string, list string) error {
	const job = "html page of 20,000: first paint in Chromium"
	page := filepath.Join(b.folder, "page.html")
	if _, err := text(env, b.binary("spotauth"), "artists", "--from", list, "--format", "html", "--output", page); err != nil {
		return err
	}
	if _, err := exec.LookPath("chromium"); err != nil {
		b.skip(job, "chromium is not installed")
		return nil
	}
	all, err := alternately(b.runs(5), func() (sample, error) { return b.paint(page) })
	if err != nil {
		return err
	}
	b.row(job, "spotauth", all[0])
	b.atMost(job, median(all[0], wall), 1000, "ms")
	return nil
}

func (b *bench) paint(page string) (sample, error) {
	line, err := text(os.Environ(), b.binary("paint"), page)
	if err != nil {
		return sample{}, err
	}
	after, err := strconv.ParseFloat(line, 64)
	return sample{wall: time.Duration(after * float64(time.Millisecond))}, err
}
