package mend

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/chainstore/blkfile"
)

// ErrPruned says that the store does not have all blocks of its chain.
var ErrPruned = errors.New("blocks were pruned")

// Export writes the bodies of the best chain, genesis first, as `troupe import`
// and Bitcoin Core read them: magic, length, block, over and over.
func Export(s chainstore.Store, magic [4]byte, w io.Writer, report Report) (blocks int, err error) {
	chain, err := path(s)
	if err != nil {
		return 0, err
	}
	if h := lowestWhole(chain); h > 1 {
		return 0, fmt.Errorf("%w: those below height %d are gone", ErrPruned, h)
	}
	snap, err := s.Snapshot()
	if err != nil {
		return 0, err
	}
	defer snap.Release()
	out := bufio.NewWriterSize(w, 1<<20)
	var buf []byte
	for h := range chain {
		raw, err := snap.Block(chain[h].Hash)
		if err != nil {
			return h, fmt.Errorf("block %s at height %d: %w", chain[h].Hash, h, err)
		}
		buf = blkfile.Append(buf[:0], magic, raw)
		if _, err := out.Write(buf); err != nil {
			return h, err
		}
		if err := report.tell(Progress{Stage: "exporting", Done: int64(h), Of: int64(len(chain) - 1), Unit: "blocks", Height: int32(h)}); err != nil {
			return h, err
		}
	}
	return len(chain), out.Flush()
}
