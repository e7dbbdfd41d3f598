package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"
)

// A sample is what one run of a program took.
type sample struct {
	wall, cpu time.Duration // cpu: user and system
	peak      float64       // MB that were resident at most
	requests  int
	rows      int     // lines of stdout with an artist in them
	out       float64 // MB of stdout
}

// run runs a program once, with stdout in a file, as in a script.
func run(folder string, env []string, words ...string) (sample, error) {
	return runTo(0, folder, env, words...)
}

// runDiffering is run for a program that may exit with 1 if two files differ.
func runDiffering(folder string, env []string, words ...string) (sample, error) {
	return runTo(1, folder, env, words...)
}

func runTo(most int, folder string, env []string, words ...string) (sample, error) {
	out, err := os.Create(filepath.Join(folder, "out"))
	if err != nil {
		return sample{}, err
	}
	defer out.Close()
	cmd, stderr := exec.Command(words[0], words[1:]...), new(bytes.Buffer)
	cmd.Env, cmd.Stdout, cmd.Stderr = env, out, stderr
	forgetPeak()
	start := time.Now()
	if err := cmd.Run(); err != nil && (cmd.ProcessState == nil || cmd.ProcessState.ExitCode() > most) {
		return sample{}, fmt.Errorf("%s: %w: %s", strings.Join(words, " "), err, stderr)
	}
	s := sample{wall: time.Since(start), cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
	s.peak = peak(cmd.ProcessState.SysUsage().(*syscall.Rusage))
	if s.rows, err = countRows(out); err != nil {
		return s, err
	}
	info, err := out.Stat()
	if err == nil {
		s.out = float64(info.Size()) / 1e6
	}
	return s, err
}

// peak is in MB. Linux counts in kB.
func peak(u *syscall.Rusage) float64 { return float64(u.Maxrss) * 1024 / 1e6 }

// forgetPeak makes the runner small, and Linux forget how big it was: a child begins with the
// peak of the process that started it. An empty program's peak shows how small that is.
func forgetPeak() {
	debug.FreeOSMemory()
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // proc_pid_clear_refs(5)
}

// countRows counts line by line, so that the runner stays small.
func countRows(f *os.File) (n int, err error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return 0, err
	}
	lines := bufio.NewReader(f)
	for {
		line, _, err := lines.ReadLine() // or a part of a long line, which is no artist of a list
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		if bytes.Contains(line, []byte("spotify:artist:")) {
			n++
		}
	}
}

// text is the first line that a program prints.
func text(env []string, words ...string) (string, error) {
	cmd, stderr := exec.Command(words[0], words[1:]...), new(bytes.Buffer)
	cmd.Env, cmd.Stderr = env, stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", strings.Join(words, " "), err, stderr)
	}
	line, _, _ := strings.Cut(string(out), "\n")
	return line, nil
}

// alternately runs each of the tasks n times, in turn, so that a busy moment
// of the machine meets them all.
func alternately(n int, tasks ...func() (sample, error)) ([][]sample, error) {
	all := make([][]sample, len(tasks))
	for range n {
		for i, task := range tasks {
			s, err := task()
			if err != nil {
				return nil, err
			}
			all[i] = append(all[i], s)
		}
	}
	return all, nil
}

// spread is the median, the least and the most of one figure of the samples.
func spread(samples []sample, figure func(sample) float64) (median, least, most float64) {
	var all []float64
	for _, s := range samples {
		all = append(all, figure(s))
	}
	slices.Sort(all)
	n := len(all)
	return (all[(n-1)/2] + all[n/2]) / 2, all[0], all[n-1] // of two runs it is the mean, not the better one
}

func wall(s sample) float64     { return ms(s.wall) }
func cpu(s sample) float64      { return ms(s.cpu) }
func memory(s sample) float64   { return s.peak }
func size(s sample) float64     { return s.out }
func requests(s sample) float64 { return float64(s.requests) }

func median(samples []sample, figure func(sample) float64) float64 {
	m, _, _ := spread(samples, figure)
	return m
}

// A standIn is a running Command standin.
type standIn struct {
	url     string
	ask     io.WriteCloser
	answers *bufio.Reader
	cmd     *exec.Cmd
}

func startStandIn(binary string, args ...string) (*standIn, error) {
	s := &standIn{cmd: exec.Command(binary, args...)}
	s.cmd.Stderr = os.Stderr
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if s.ask, err = s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	s.answers = bufio.NewReader(out)
	s.url, err = s.answers.ReadString('\n')
	s.url = strings.TrimSpace(s.url)
	return s, err
}

// requests is how many came since it was asked last.
func (s *standIn) requests() (n int, err error) {
	if _, err := fmt.Fprintln(s.ask); err != nil {
		return 0, err
	}
	_, err = fmt.Fscanln(s.answers, &n)
	return n, err
}

func (s *standIn) stop() {
	_ = s.ask.Close()
	_ = s.cmd.Wait()
}
