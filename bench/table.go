package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"
)

type row struct {
	job, program string
	samples      []sample
}

func (b *bench) row(job, program string, samples []sample) {
	b.rows = append(b.rows, row{job, program, samples})
}

// A goal is a promise and what became of it.
type goal struct {
	name        string
	have, limit float64
	unit        string
	exact       bool
	skipped     string // why it was not measured
}

func (b *bench) atMost(name string, have, limit float64, unit string) {
	b.goals = append(b.goals, goal{name: name, have: have, limit: limit, unit: unit})
}

func (b *bench) exactly(name string, have, want float64, unit string) {
	b.goals = append(b.goals, goal{name: name, have: have, limit: want, unit: unit, exact: true})
}

func (b *bench) skip(name, why string) {
	b.goals = append(b.goals, goal{name: name, skipped: why})
}

// verdict is PASS, FAIL or SKIP with the reason.
func (g goal) verdict() (verdict, reason string) {
	have, limit := fmt.Sprintf("%.2f", g.have), strings.TrimSpace(fmt.Sprintf("%.2f %s", g.limit, g.unit))
	switch {
	case g.skipped != "":
		return "SKIP", g.skipped
	case g.exact && g.have == g.limit:
		return "PASS", have + ", as it must be"
	case g.exact:
		return "FAIL", have + ", must be " + limit
	case g.have <= g.limit:
		return "PASS", have + " of at most " + limit
	}
	return "FAIL", fmt.Sprintf("%s, at most %s: %.1f %% too much", have, limit, 100*(g.have/g.limit-1))
}

func ms(d time.Duration) float64 { return d.Seconds() * 1000 }

func (b *bench) print(w io.Writer) error {
	fmt.Fprintf(w, "%s, %s/%s, %d CPUs, pages %v away; medians (least to most); binaries: %s\n\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), b.latency, strings.Join(b.binaries, ", "))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "job\tprogram\truns\twall ms\tCPU ms\tpeak MB\trequests\t")
	for _, r := range b.rows {
		wall, wallMin, wallMax := spread(r.samples, wall)
		cost := "\t" // empty if the program is not ours to measure
		if cpu, cpuMin, cpuMax := spread(r.samples, cpu); cpu > 0 {
			cost = fmt.Sprintf("%.1f (%.1f to %.1f)\t%.1f", cpu, cpuMin, cpuMax, median(r.samples, memory))
		}
		fmt.Fprintf(t, "%s\t%s\t%d\t%.1f (%.1f to %.1f)\t%s\t%.0f\t\n", r.job, r.program, len(r.samples),
			wall, wallMin, wallMax, cost, median(r.samples, requests))
	}
	fmt.Fprintln(t)
	fmt.Fprintln(t, "verdict\tgoal\treason\t")
	for _, g := range b.goals {
		verdict, reason := g.verdict()
		fmt.Fprintf(t, "%s\t%s\t%s\t\n", verdict, g.name, reason)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	return nil
}

// sizes notes how large the programs are.
func (b *bench) sizes() error {
	for _, program := range []string{"spotauth", "zmb3", "empty"} {
		info, err := os.Stat(b.binary(program))
		if err != nil {
			return err
		}
		mb := float64(info.Size()) / 1e6
		if program == "spotauth" {
			b.atMost("binary", mb, 12.5, "MB")
		}
		b.binaries = append(b.binaries, fmt.Sprintf("%s %.1f MB", program, mb))
	}
	return nil
}
