package bench

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// Runs are the uses of one program, one of each run.
type Runs struct {
	Name string
	Runs []Usage
}

// median of a measure.
func median[T cmp.Ordered](all []T) (m T) {
	if len(all) == 0 {
		return m // nothing to compare with
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}

func column[T any](runs []Usage, f func(Usage) T) []T {
	out := make([]T, len(runs))
	for i, u := range runs {
		out[i] = f(u)
	}
	return out
}

// Median has the median of each measure by itself.
func (r Runs) Median() Usage {
	return Usage{
		Wall: median(column(r.Runs, func(u Usage) time.Duration { return u.Wall })),
		CPU:  median(column(r.Runs, func(u Usage) time.Duration { return u.CPU })),
		Peak: median(column(r.Runs, func(u Usage) int64 { return u.Peak })),
		Disk: median(column(r.Runs, func(u Usage) int64 { return u.Disk })),
		Left: median(column(r.Runs, func(u Usage) time.Duration { return u.Left })),
	}
}

// Ratio is a's share of b in each measure; 0 where b has none.
type Ratio struct{ Wall, CPU, Peak, Disk float64 }

func ratio(a, b Usage) Ratio {
	of := func(x, y float64) float64 {
		if y == 0 {
			return 0
		}
		return x / y
	}
	return Ratio{
		Wall: of(a.Wall.Seconds(), b.Wall.Seconds()), CPU: of(a.CPU.Seconds(), b.CPU.Seconds()),
		Peak: of(float64(a.Peak), float64(b.Peak)), Disk: of(float64(a.Disk), float64(b.Disk)),
	}
}

// Comparison is two programs that took turns: run i of the one came right before run i of
// the other.
type Comparison struct{ Ours, Theirs Runs }

// Ratio is the median of the ratios of the turns: a machine that others use as well is about
// equally slow for the two of one turn.
func (c *Comparison) Ratio() Ratio {
	turns := make([]Ratio, min(len(c.Ours.Runs), len(c.Theirs.Runs)))
	for i := range turns {
		turns[i] = ratio(c.Ours.Runs[i], c.Theirs.Runs[i])
	}
	pick := func(f func(Ratio) float64) float64 {
		all := make([]float64, len(turns))
		for i, t := range turns {
			all[i] = f(t)
		}
		return median(all)
	}
	return Ratio{
		Wall: pick(func(r Ratio) float64 { return r.Wall }), CPU: pick(func(r Ratio) float64 { return r.CPU }),
		Peak: pick(func(r Ratio) float64 { return r.Peak }), Disk: pick(func(r Ratio) float64 { return r.Disk }),
	}
}

// Print writes every run, the medians and the ratios.
func (c *Comparison) Print(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "run\tprogram\twall s\tCPU s\tpeak MiB\tdisk MiB\tstop s\t")
	line := func(run string, name string, u Usage) {
		fmt.Fprintf(t, "%s\t%s\t%.2f\t%.2f\t%.0f\t%.1f\t%.2f\t\n", run, name, u.Wall.Seconds(), u.CPU.Seconds(),
			float64(u.Peak)/(1<<20), float64(u.Disk)/(1<<20), u.Left.Seconds())
	}
	for i := range c.Ours.Runs {
		for _, r := range []Runs{c.Ours, c.Theirs} {
			if i < len(r.Runs) {
				line(fmt.Sprint(i+1), r.Name, r.Runs[i])
			}
		}
	}
	if len(c.Ours.Runs) > 0 {
		line("median", c.Ours.Name, c.Ours.Median())
	}
	if len(c.Theirs.Runs) > 0 {
		line("median", c.Theirs.Name, c.Theirs.Median())
		r := c.Ratio()
		fmt.Fprintf(t, "ratio\t%s/%s\t%.3f\t%.3f\t%.2f\t%.2f\t\t\n", c.Ours.Name, c.Theirs.Name, r.Wall, r.CPU, r.Peak, r.Disk)
	}
	t.Flush()
}
