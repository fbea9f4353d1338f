package lab

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/troupe-node/troupe/actors"
	"github.com/troupe-node/troupe/actors/msg"
)

// ImportState is how far an import is.
type ImportState struct {
	Bytes, OfBytes int64 // read, and of all files together
	Path           string
	Height         int32 // of the node's tip

	Blocks  int64 // that the node has taken
	Known   int64 // that it had before
	Refused int64 // that broke a rule
	Orphans int64 // whose parent did not come
	Skipped int64 // bytes that belong to no block
	Torn    int64 // files that end in the middle of a block
}

// ErrRefused says that some of the blocks broke a rule. All others were imported.
var ErrRefused = errors.New("blocks were refused")

// progressEvery is how often progress is told.
const progressEvery = 100 * time.Millisecond

// Import feeds the blocks of files to a node, in any order, and returns when all of
// them are connected, refused, or on a side branch. What the node has already is
// skipped, so that an import can be begun again.
//
// Files are read, parsed and checked ahead of the chain actor, on as many cores as
// there are, within importWindow. Blocks whose parent is unknown are remembered by
// their place and read again when it has come. Progress is called now and then from one
// goroutine at a time, and once at the end.
func Import(ctx context.Context, node *actors.Node, files []string, progress func(ImportState)) (ImportState, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	im := &importer{node: node, cancel: cancel, window: newWindow(), under: hashSet{}}
	sources, err := openSources(files)
	if err != nil {
		return ImportState{}, err
	}
	defer sources.close()
	im.total.OfBytes = sources.size()

	stopped := make(chan struct{})
	told := make(chan struct{})
	go func() {
		defer close(told)
		tick := time.NewTicker(progressEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				progress(im.state())
			case <-stopped:
				return
			}
		}
	}()
	err = im.run(ctx, sources)
	if err == nil { // only now is everything published that could be connected
		if _, err = node.System.Ask(ctx, node.Cast.Chain(), &msg.Barrier{}); err != nil {
			err = fmt.Errorf("waiting for the last blocks: %w", err)
		}
	}
	close(stopped)
	<-told
	final := im.state()
	progress(final)
	if err == nil && final.Refused > 0 {
		err = fmt.Errorf("%d %w; the first: %v", final.Refused, ErrRefused, im.firstRefusal())
	}
	return final, err
}
