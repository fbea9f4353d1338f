package bench

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// Usage is what one process has used in its life.
type Usage struct {
	Wall time.Duration // until the work was done
	CPU  time.Duration // user and system, of the whole life
	Peak int64         // bytes of memory, resident; 0 where it cannot be told
	Disk int64         // bytes
	Left time.Duration // from the request to stop to the end
}

// process is a running program whose use is being measured.
type process struct {
	name string
	cmd  *exec.Cmd
	log  string
	from time.Time
	done chan struct{}
	err  error
}

// start runs a program; what it prints goes to a file.
func start(ctx context.Context, log string, path string, args ...string) (*process, error) {
	out, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Stdout, cmd.Stderr = out, out
	p := &process{name: filepath.Base(path), cmd: cmd, log: log, from: time.Now(), done: make(chan struct{})}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", path, err)
	}
	go func() {
		defer close(p.done)
		p.err = cmd.Wait()
	}()
	return p, nil
}

// stopTime is how long a node may take to end when asked to.
const stopTime = time.Minute

// stop asks for an orderly end and says what was used. A process that does not end is
// killed.
func (p *process) stop() (Usage, error) {
	from := time.Now()
	p.cmd.Process.Signal(os.Interrupt)
	select {
	case <-p.done:
	case <-time.After(stopTime):
		p.cmd.Process.Kill()
		<-p.done
		return Usage{}, fmt.Errorf("%s did not end within %v of being asked to: see %s", p.name, stopTime, p.log)
	}
	u, err := p.usage()
	u.Left = time.Since(from)
	return u, err
}

// wait waits for a program that ends by itself.
func (p *process) wait() (Usage, error) {
	<-p.done
	u, err := p.usage()
	u.Wall = time.Since(p.from)
	return u, err
}

func (p *process) usage() (Usage, error) {
	state := p.cmd.ProcessState
	if p.err != nil {
		return Usage{}, fmt.Errorf("%s ended with %w: see %s", p.name, p.err, p.log)
	}
	return Usage{CPU: state.UserTime() + state.SystemTime(), Peak: peakMemory(state)}, nil
}

// errEnded says that a process ended before its work was done.
var errEnded = errors.New("ended before its time")

// until polls until done says so, and returns how long after the start that was.
func (p *process) until(ctx context.Context, every time.Duration, done func() (bool, error)) (time.Duration, error) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	var last error
	for {
		select {
		case <-ctx.Done():
			return 0, fmt.Errorf("waiting for %s: %w (last heard: %v; see %s)", p.name, context.Cause(ctx), last, p.log)
		case <-p.done:
			return 0, fmt.Errorf("%s %w: %v, see %s", p.name, errEnded, p.err, p.log)
		case <-tick.C:
		}
		var ok bool
		if ok, last = done(); ok {
			return time.Since(p.from), nil
		}
	}
}

// diskUse sums up the files of a folder.
func diskUse(dir string) (total int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			total += occupied(info)
		}
		return err
	})
	return total, err
}
