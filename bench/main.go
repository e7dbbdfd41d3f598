// Command bench compares spotauth with other programs (an exporter on
// zmb3/spotify, secret-tool, an empty Go program) in one run, prints one table,
// and says for each goal whether it is met and why. The artists come from a
// stand-in for Spotify in a process of its own, 50 ms away. bench runs on Linux,
// from its own folder, and needs dbus-daemon, gnome-keyring-daemon, secret-tool, curl, git and
// chromium. daff (of npm) is measured too if it is installed.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// bench is one run of the benchmark.
type bench struct {
	folder  string // of everything it writes
	latency time.Duration
	quick   bool
	rows    []row
	goals   []goal

	binaries []string // the programs with their sizes
}

func main() {
	var b bench
	flag.DurationVar(&b.latency, "latency", 50*time.Millisecond, "from a request for a page to its answer")
	flag.BoolVar(&b.quick, "quick", false, "few runs, and not of 20,000 artists: for a first look")
	flag.Parse()
	if err := b.run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func (b *bench) run() (err error) {
	if b.folder, err = os.MkdirTemp("", "bench"); err != nil {
		return err
	}
	defer os.RemoveAll(b.folder)
	if err := b.build(); err != nil {
		return err
	}
	for _, measure := range []func() error{b.sizes, b.startUp, b.exports, b.tokens, b.lists, b.restore, b.api} {
		if err := measure(); err != nil {
			return err
		}
	}
	return b.print(os.Stdout)
}

// build makes spotauth as a release does, and the others in the same way. They run as the linker
// left them in memory, which matters: docs/performance.md, "What start-up takes".
func (b *bench) build() error {
	for _, source := range []string{"../cmd/spotauth", "zmb3", "empty", "standin", "paint"} {
		program := filepath.Base(source)
		cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", b.binary(program), ".")
		cmd.Dir, cmd.Env = source, append(os.Environ(), "CGO_ENABLED=0")
		cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("building %s: %w", program, err)
		}
	}
	return nil
}

func (b *bench) binary(program string) string { return filepath.Join(b.folder, program) }

// runs is how often something is run: n times, or for a first look twice.
func (b *bench) runs(n int) int {
	if b.quick {
		return min(n, 2)
	}
	return n
}

// environment is that of a person who has never run spotauth; a curl that
// follows redirects is the browser.
func (b *bench) environment(api string, more ...string) ([]string, error) {
	home, err := os.MkdirTemp(b.folder, "home")
	return append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "BROWSER=curl -sLo/dev/null",
		"SPOTAUTH_SANDBOX=" + api, "SPOTIFY_API=" + api,
	}, more...), err
}
