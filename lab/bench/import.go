package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/troupe-node/troupe/chainstore/blkfile"
)

// ImportOptions say how an import is measured.
type ImportOptions struct {
	Troupe, AddBlock string // paths of the programs; AddBlock may be empty
	File             string // of main's blocks
	Magic            [4]byte
	Runs             int
	Patience         time.Duration
	Out              io.Writer
}

// Import has troupe import and btcd's addblock read the same block file, in turns.
func Import(ctx context.Context, o ImportOptions) (*Comparison, error) {
	temp, err := os.MkdirTemp("", "troupe-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(temp)
	tidy := filepath.Join(temp, "blk00000.dat")
	if err := Tidy(o.File, tidy, o.Magic); err != nil {
		return nil, err
	}
	o.File = tidy
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

// Tidy copies the blocks of a block file and nothing else: addblock takes the zeros that
// Core leaves at its end for damage.
func Tidy(from, to string, magic [4]byte) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(out)
	for r := blkfile.NewReader(in, magic); err == nil; {
		var raw []byte
		if raw, err = r.Next(); err == nil {
			_, err = w.Write(blkfile.Append(nil, magic, raw))
		}
	}
	if err == io.EOF {
		err = nil
	}
	if err = errors.Join(err, w.Flush(), out.Close()); err != nil {
		return fmt.Errorf("copying the blocks of %s: %w", from, err)
	}
	return nil
}
