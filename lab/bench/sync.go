package bench

import (
	"context"
	"fmt"
	"io"
	"time"
)

// SyncOptions say how a download is measured.
type SyncOptions struct {
	Ours, Theirs Program // Theirs without a Path: not measured
	Runs         int
	From         string // address of the peer that serves
	Height       int
	Patience     time.Duration // for one run
	Out          io.Writer
}

// Sync has empty nodes download a chain from one peer, in turns, and measures them
// from the start of the process to its end.
func Sync(ctx context.Context, o SyncOptions) (*Comparison, error) {
	c := &Comparison{Ours: Runs{Name: o.Ours.Name}, Theirs: Runs{Name: o.Theirs.Name}}
	for i := range o.Runs {
		for _, turn := range []struct {
			program Program
			runs    *Runs
		}{{o.Ours, &c.Ours}, {o.Theirs, &c.Theirs}} {
			if turn.program.Path == "" {
				continue
			}
			u, err := syncOnce(ctx, turn.program, o)
			if err != nil {
				return c, fmt.Errorf("run %d: %w", i+1, err)
			}
			fmt.Fprintf(o.Out, "run %d: %-7s %6.2f s, %6.2f s of CPU\n", i+1, turn.program.Name, u.Wall.Seconds(), u.CPU.Seconds())
			turn.runs.Runs = append(turn.runs.Runs, u)
		}
	}
	return c, nil
}

func syncOnce(ctx context.Context, p Program, o SyncOptions) (u Usage, err error) {
	ctx, cancel := context.WithTimeout(ctx, o.Patience)
	defer cancel()
	n, err := p.run(ctx, false, o.From)
	if err != nil {
		return u, err
	}
	defer func() { n.close(err != nil) }()
	wall, err := n.reach(ctx, o.Height)
	if err != nil {
		return u, err
	}
	u, err = n.finish()
	u.Wall = wall
	return u, err
}
