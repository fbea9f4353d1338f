package bench

import (
	"context"
	"fmt"
	"io"
	"os"
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

// ImportOptions say how an import is measured.
type ImportOptions struct {
	Troupe, AddBlock string // paths of the programs; AddBlock may be empty
	File             string // of main's blocks
	Runs             int
	Patience         time.Duration
	Out              io.Writer
}

// Import has troupe import and btcd's addblock read the same block file, in turns.
func Import(ctx context.Context, o ImportOptions) (*Comparison, error) {
	c := &Comparison{Ours: Runs{Name: "troupe"}, Theirs: Runs{Name: "addblock"}}
	for i := range o.Runs {
		for _, turn := range []struct {
			path string
			args func(dir string) []string
			runs *Runs
		}{
			{o.Troupe, func(dir string) []string {
				return []string{"import", "-datadir=" + dir, "-noconf", "-printtoconsole=0", o.File}
			}, &c.Ours},
			{o.AddBlock, func(dir string) []string { return []string{"--datadir=" + dir, "-i", o.File} }, &c.Theirs},
		} {
			if turn.path == "" {
				continue
			}
			u, err := importOnce(ctx, turn.path, turn.args, o.Patience)
			if err != nil {
				return c, fmt.Errorf("run %d: %w", i+1, err)
			}
			fmt.Fprintf(o.Out, "run %d: %-8s %6.2f s, %6.2f s of CPU\n", i+1, turn.runs.Name, u.Wall.Seconds(), u.CPU.Seconds())
			turn.runs.Runs = append(turn.runs.Runs, u)
		}
	}
	return c, nil
}

func importOnce(ctx context.Context, path string, args func(string) []string, patience time.Duration) (u Usage, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	dir, err := os.MkdirTemp("", "troupe-bench-")
	if err != nil {
		return u, err
	}
	log := dir + ".log"
	p, err := start(ctx, log, path, args(dir)...)
	if err != nil {
		return u, err
	}
	if u, err = p.wait(); err != nil {
		return u, err
	}
	if u.Disk, err = diskUse(dir); err != nil {
		return u, err
	}
	os.Remove(log)
	return u, os.RemoveAll(dir)
}
