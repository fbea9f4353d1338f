package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"

	"github.com/troupe-node/troupe/lab"
)

// importGC is the garbage, in percent of what is alive, that an import lets pile up. Most of
// what is alive are arenas of the database and the coin cache, which hold no pointers and
// of which much is not touched yet: with Go's 100 their size again of garbage takes up real
// memory, a fifth of the process, to spare one percent of its time.
const importGC = 50

// importBlocks plays a node that speaks to nobody, and feeds it the files.
func importBlocks(ctx context.Context, s *session, files []string, progress func(importState)) error {
	silence(&s.Config)
	if os.Getenv("GOGC") == "" {
		defer debug.SetGCPercent(debug.SetGCPercent(importGC))
	}
	if err := mendStore(ctx, s); err != nil {
		return err
	}
	a, err := prepare(s)
	if err != nil {
		return err
	}
	node, err := a.start()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	failed := make(chan error, 1)
	go func() {
		select {
		case failure := <-node.Fatal():
			failed <- failure
			cancel(failure)
		case <-ctx.Done():
		}
	}()
	_, err = lab.Import(ctx, node, files, func(i lab.ImportState) {
		progress(importState{Bytes: i.Bytes, OfBytes: i.OfBytes, Blocks: i.Blocks, Height: i.Height, Path: i.Path})
	})
	height := node.Board.Tip().Tip().Height()
	stopped := a.end(node)
	select {
	case failure := <-failed:
		return fail(exitFatalActor, "an actor failed without which the import must not go on", failure.Error(), "import again; if it happens again, report the log").because(failure)
	default:
	}
	if err != nil && ctx.Err() != nil {
		err = fail(exitUnexpected, fmt.Sprintf("the import was ended at height %d", height), "", "begin it again: it goes on from there").because(err)
	}
	return errors.Join(err, stopped)
}
