package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
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

// A bar is a promise and what became of it.
type bar struct {
	name        string
	have, limit float64
	unit        string
}

func (b *bench) atMost(name string, have, limit float64, unit string) {
	b.bars = append(b.bars, bar{name, have, limit, unit})
}

func ms(d time.Duration) float64 { return d.Seconds() * 1000 }

func (b *bench) print(w io.Writer) error {
	fmt.Fprintf(w, "%s, %s/%s, %d CPUs, pages %v away; medians (least to most)\n\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), b.latency)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "job\tprogram\truns\twall ms\tCPU ms\tpeak MB\trequests\t")
	for _, r := range b.rows {
		wall, wallMin, wallMax := spread(r.samples, wall)
		cpu, cpuMin, cpuMax := spread(r.samples, cpu)
		fmt.Fprintf(t, "%s\t%s\t%d\t%.1f (%.1f to %.1f)\t%.1f (%.1f to %.1f)\t%.1f\t%.0f\t\n", r.job, r.program, len(r.samples),
			wall, wallMin, wallMax, cpu, cpuMin, cpuMax, median(r.samples, memory), median(r.samples, requests))
	}
	fmt.Fprintln(t)
	fmt.Fprintln(t, "bar\tmeasured\tat most\t\t")
	for _, p := range b.bars {
		verdict := "PASS"
		if p.have > p.limit {
			verdict = "FAIL"
		}
		fmt.Fprintf(t, "%s\t%.2f\t%.2f %s\t%s\t\n", p.name, p.have, p.limit, p.unit, verdict)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	return b.printSizes(w)
}

func (b *bench) printSizes(w io.Writer) error {
	fmt.Fprintln(w)
	for _, program := range []string{"spotauth", "zmb3", "empty"} {
		info, err := os.Stat(b.binary(program))
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "binary of %s: %.1f MB\n", program, float64(info.Size())/1e6)
	}
	return nil
}
