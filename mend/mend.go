// Package mend checks a chain store and makes it anew: what `troupe store
// verify`, `troupe reindex` and `troupe export` do.
//
// It works on a store that no node has open, knows the rules only as far as coins
// need them, and runs no script: a store that was made anew holds bodies and headers, and
// a node that opens it connects them like any other blocks.
//
// Everything that takes long reports [Progress] and ends with an error that the
// report returns. What was begun and not ended is in [Pending], and goes on from there.
//
// Start reading at [Verify], [Reindex] and [Export].
package mend

import (
	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/tx"
)

// Progress is how far a long step is.
type Progress struct {
	Stage    string // what is being done
	Done, Of int64
	Unit     string
	Height   int32
}

// Report is told of progress now and then; its error ends the work.
type Report func(Progress) error

func (r Report) tell(p Progress) error {
	if r == nil {
		return nil
	}
	return r(p)
}

// Remedies for what only the blocks can tell.
const (
	mendCoins = "run `troupe reindex --chainstate` to make the coins again from the stored blocks"
	mendAll   = "run `troupe reindex` to rebuild the store (blocks that are lost are fetched again)"
)

// path lists the header records from genesis to the stored tip.
func path(s chainstore.Store) ([]chainstore.HeaderRecord, error) {
	byHash := make(map[tx.Hash]chainstore.HeaderRecord)
	err := s.Headers(func(r chainstore.HeaderRecord) error {
		byHash[r.Hash] = r
		return nil
	})
	if err != nil {
		return nil, err
	}
	r, ok := byHash[s.State().Tip]
	if !ok {
		return nil, &chainstore.Damage{What: "the tip " + s.State().Tip.String(), Why: "there is no header of it", Mend: mendAll}
	}
	chain := make([]chainstore.HeaderRecord, r.Height+1)
	for h := r.Height; ; h-- {
		chain[h] = r
		if h == 0 {
			return chain, nil
		}
		parent, ok := byHash[r.Header.Prev]
		if !ok || parent.Height != h-1 {
			return nil, &chainstore.Damage{What: "the header of block " + r.Header.Prev.String(), Why: "it is missing or at another height", Mend: mendAll}
		}
		r = parent
	}
}
