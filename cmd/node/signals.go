package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/troupe-node/troupe/logs"
)

// errSignal is the cause of a context that a signal ended.
type errSignal struct{ os.Signal }

func (e errSignal) Error() string { return e.String() }

// untilSignal derives a context that the first SIGINT or SIGTERM ends; the second ends the
// process at once with code 130, which costs nothing that was committed. SIGHUP begins a new
// log file. The returned function gives the signals back.
func untilSignal(parent context.Context, log *logs.Logger, exit func(int)) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	ch := make(chan os.Signal, 4)
	done := make(chan struct{})
	signal.Notify(ch, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	var wg sync.WaitGroup
	wg.Go(func() {
		asked := false
		for {
			select {
			case <-done:
				return
			case sig := <-ch:
				switch {
				case sig == syscall.SIGHUP:
					if err := log.Rotate(); err != nil {
						logs.NodeWarning.Log(log, logs.Warning.Is("the log file could not be rotated: "+err.Error()))
					}
				case asked:
					exit(exitInterrupt)
				default:
					asked = true
					cancel(errSignal{sig})
				}
			}
		}
	})
	return ctx, func() {
		signal.Stop(ch)
		close(done)
		wg.Wait()
		cancel(nil)
	}
}

// withinStopTimeout runs a node and gives its ordered stop a deadline. Every commit is
// durable, so that ending late costs no more than a kill would.
func withinStopTimeout(ctx context.Context, limit time.Duration, log *logs.Logger, run func(context.Context) error) error {
	ended := make(chan error, 1)
	go func() { ended <- run(ctx) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	if why := context.Cause(ctx); !errors.Is(why, context.Canceled) {
		logs.NodeStopping.Log(log, logs.Reason.Is(why.Error()))
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case err := <-ended:
		return err
	case <-timer.C:
		logs.NodeLate.Log(log, logs.Stage.Is("stop"), logs.TookMS.Is(limit))
		return fail(exitUnexpected, fmt.Sprintf("the node did not stop within %s", limit),
			"some part of it hangs; the log names which", "what was committed is safe: start again, and report the log")
	}
}
