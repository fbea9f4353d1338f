package bench

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/troupe-node/troupe/lab/flood"
)

// FloodOptions say how a flood is measured.
type FloodOptions struct {
	Ours, Theirs Program // Theirs without a Path: not measured
	Runs         int
	Connections  int
	Count        int
	Seed         uint64
	Mined        int           // blocks of pool transactions that arrive meanwhile
	Patience     time.Duration // for one run
	Out          io.Writer
}

// FloodRuns are the floods of one program.
type FloodRuns struct {
	Name string
	Runs []*flood.Result
}

// FloodComparison is two programs that were flooded in turns.
type FloodComparison struct{ Ours, Theirs FloodRuns }

// Flood pushes the same transactions at a fresh node of each program, in turns. The
// node's CPU is that of its process from the first byte of the flood until the last
// transaction is in its pool.
func Flood(ctx context.Context, o FloodOptions) (*FloodComparison, error) {
	c := &FloodComparison{Ours: FloodRuns{Name: o.Ours.Name}, Theirs: FloodRuns{Name: o.Theirs.Name}}
	for i := range o.Runs {
		for _, turn := range []struct {
			program Program
			runs    *FloodRuns
		}{{o.Ours, &c.Ours}, {o.Theirs, &c.Theirs}} {
			if turn.program.Path == "" {
				continue
			}
			r, err := floodOnce(ctx, turn.program, o)
			if err != nil {
				return c, fmt.Errorf("run %d: %s: %w", i+1, turn.program.Name, err)
			}
			fmt.Fprintf(o.Out, "run %d: %-7s ", i+1, turn.program.Name)
			r.Print(o.Out)
			turn.runs.Runs = append(turn.runs.Runs, r)
		}
	}
	return c, nil
}

func floodOnce(ctx context.Context, p Program, o FloodOptions) (r *flood.Result, err error) {
	ctx, cancel := context.WithTimeout(ctx, o.Patience)
	defer cancel()
	n, err := p.run(ctx, true, "")
	if err != nil {
		return nil, err
	}
	defer func() { n.close(err != nil) }()
	if _, err := n.reach(ctx, 0); err != nil {
		return nil, err
	}
	r, err = flood.Run(ctx, flood.Options{
		Kind: flood.Txs, Target: n.listen, Connections: o.Connections, Count: o.Count, Seed: o.Seed, Mined: o.Mined,
		PoolSize: func(ctx context.Context) (int, error) {
			var info struct{ Size int }
			err := n.call(ctx, &info, "getmempoolinfo")
			return info.Size, err
		},
	})
	if err != nil {
		return nil, err
	}
	_, err = n.finish()
	return r, err
}

// FloodFigures are what is compared.
type FloodFigures struct {
	Rate     float64 `json:"accepted_per_second"`
	CPU      float64 `json:"cpu_microseconds_each"`
	Ping     float64 `json:"ping_p99_ms"`
	Memory   float64 `json:"memory_bytes"`
	Accepted float64 `json:"accepted"`
}

func figures(r *flood.Result) FloodFigures {
	f := FloodFigures{Rate: r.Goodput, Ping: r.Ping.P99, Memory: float64(r.MemoryPeak)}
	if r.Accepted != nil && *r.Accepted > 0 {
		f.Accepted = float64(*r.Accepted)
		f.CPU = r.CPU * 1e6 / f.Accepted
	}
	return f
}

// merge takes the median of each figure.
func merge(all []FloodFigures) FloodFigures {
	pick := func(f func(FloodFigures) float64) float64 {
		values := make([]float64, len(all))
		for i, v := range all {
			values[i] = f(v)
		}
		return median(values)
	}
	return FloodFigures{
		Rate: pick(func(f FloodFigures) float64 { return f.Rate }), CPU: pick(func(f FloodFigures) float64 { return f.CPU }),
		Ping: pick(func(f FloodFigures) float64 { return f.Ping }), Memory: pick(func(f FloodFigures) float64 { return f.Memory }),
		Accepted: pick(func(f FloodFigures) float64 { return f.Accepted }),
	}
}

// Median has the median of each figure by itself.
func (r FloodRuns) Median() FloodFigures {
	all := make([]FloodFigures, len(r.Runs))
	for i, run := range r.Runs {
		all[i] = figures(run)
	}
	return merge(all)
}

// Ratio is the median of the turns' ratios.
func (c *FloodComparison) Ratio() FloodFigures {
	turns := make([]FloodFigures, min(len(c.Ours.Runs), len(c.Theirs.Runs)))
	for i := range turns {
		a, b := figures(c.Ours.Runs[i]), figures(c.Theirs.Runs[i])
		of := func(x, y float64) float64 {
			if y == 0 {
				return 0
			}
			return x / y
		}
		turns[i] = FloodFigures{Rate: of(a.Rate, b.Rate), CPU: of(a.CPU, b.CPU), Ping: of(a.Ping, b.Ping),
			Memory: of(a.Memory, b.Memory), Accepted: of(a.Accepted, b.Accepted)}
	}
	return merge(turns)
}

// Print writes the medians and the ratios.
func (c *FloodComparison) Print(w io.Writer) {
	line := func(name string, f FloodFigures) {
		fmt.Fprintf(w, "%-12s %8.0f/s  %6.1f µs CPU each  ping p99 %8.1f ms  peak %4.0f MiB  accepted %.0f\n",
			name, f.Rate, f.CPU, f.Ping, f.Memory/(1<<20), f.Accepted)
	}
	if len(c.Ours.Runs) > 0 {
		line(c.Ours.Name, c.Ours.Median())
	}
	if len(c.Theirs.Runs) > 0 {
		line(c.Theirs.Name, c.Theirs.Median())
		r := c.Ratio()
		fmt.Fprintf(w, "%-12s rate %.2f  CPU each %.3f  ping p99 %.4f  memory %.2f\n", c.Ours.Name+"/"+c.Theirs.Name, r.Rate, r.CPU, r.Ping, r.Memory)
	}
}
