package mend

import (
	"errors"
	"fmt"
	"os"

	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/tx"
)

// VerifyOptions says how deep Verify looks, and with what.
type VerifyOptions struct {
	// Level 0 to 4: see docs/storage.md.
	Level int
	// Scratch is a directory for level 4, which makes the coins a second time there;
	// it is made and removed again.
	Scratch string
	// Memory in bytes for level 4: half for the coins, half for the scratch store.
	Memory int
	Report Report
}

// Verify looks for damage. The error is of the walk itself.
func Verify(s chainstore.Store, o VerifyOptions) ([]*chainstore.Damage, error) {
	if err := o.Report.tell(Progress{Stage: "reading tables"}); err != nil {
		return nil, err
	}
	damage, err := chainstore.Verify(s, chainstore.VerifyOptions{Level: o.Level, Progress: func(done, total int) error {
		return o.Report.tell(Progress{Stage: "reading blocks", Done: int64(done), Of: int64(total), Unit: "blocks"})
	}})
	if err != nil || o.Level < 4 {
		return damage, err
	}
	if len(damage) > 0 {
		return damage, nil // coins made from damaged blocks would say nothing
	}
	more, err := verifyCoins(s, &o)
	return append(damage, more...), err
}

// verifyCoins makes the coins again, from the blocks if all are here. On a pruned
// store it takes the blocks that are left back with their undo data, one by one, and puts them on again:
// each must fit.
func verifyCoins(s chainstore.Store, o *VerifyOptions) (damage []*chainstore.Damage, err error) {
	if s.State().Tip == (tx.Hash{}) {
		return nil, nil // nothing was ever committed
	}
	chain, err := path(s)
	if err != nil {
		return found(err)
	}
	snap, err := s.Snapshot()
	if err != nil {
		return nil, err
	}
	defer snap.Release()
	scratch, err := openScratch(o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, scratch.Close(), os.RemoveAll(o.Scratch)) }()
	c := newCoins(scratch, o.Memory/2)
	defer c.close()
	lowest := lowestWhole(chain)
	if lowest > 1 {
		err = thereAndBack(c, snap, chain, lowest, o.Report)
	} else {
		err = replay(c, snap, chain, o.Report)
	}
	if err != nil {
		return found(err)
	}
	if err := c.flush(); err != nil {
		return nil, err
	}
	want, err := scratch.Snapshot()
	if err != nil {
		return nil, err
	}
	defer want.Release()
	return compare(snap, want, o.Report)
}

func found(err error) ([]*chainstore.Damage, error) {
	var d *chainstore.Damage
	if errors.As(err, &d) {
		return []*chainstore.Damage{d}, nil
	}
	return nil, err
}

func openScratch(o *VerifyOptions) (*chainstore.Badger, error) {
	if err := os.RemoveAll(o.Scratch); err != nil {
		return nil, fmt.Errorf("scratch store: %w", err)
	}
	return chainstore.Open(o.Scratch, chainstore.Options{Network: "scratch", CreatedBy: "troupe store verify", Memory: o.Memory / 2, SnapshotLimit: -1})
}

// lowestWhole is the lowest height from which on all bodies are here.
func lowestWhole(chain []chainstore.HeaderRecord) int32 {
	h := len(chain)
	for h > 1 && chain[h-1].Status&chainstore.StatusHaveBody != 0 {
		h--
	}
	return int32(h)
}

// replay connects all blocks from the first.
func replay(c *coins, snap *chainstore.Snapshot, chain []chainstore.HeaderRecord, report Report) error {
	for h := int32(1); int(h) < len(chain); h++ {
		b, err := readBody(snap, &chain[h])
		if err != nil {
			return err
		}
		if err := judge(c.connect(b, h, nil), &chain[h]); err != nil {
			return err
		}
		if err := tellReplay(report, "making the coins again", h, chain); err != nil {
			return err
		}
	}
	c.tip = chain[len(chain)-1].Hash
	return nil
}

func tellReplay(report Report, stage string, h int32, chain []chainstore.HeaderRecord) error {
	return report.tell(Progress{Stage: stage, Done: int64(h), Of: int64(len(chain) - 1), Unit: "blocks", Height: h})
}

// thereAndBack copies the coins, takes the blocks down to lowest back, and puts
// them on again.
func thereAndBack(c *coins, snap *chainstore.Snapshot, chain []chainstore.HeaderRecord, lowest int32, report Report) error {
	var failed error
	c.tip = chain[len(chain)-1].Hash
	n := int64(0)
	for p := range eachCoin(snap, &failed) {
		if err := c.put(p.op, p.coin); err != nil {
			return err
		}
		if n++; n%10_000 == 0 {
			if err := report.tell(Progress{Stage: "copying coins", Done: n, Unit: "coins"}); err != nil {
				return err
			}
		}
	}
	if failed != nil {
		return failed
	}
	step := func(h int32, stage string, do func(*tx.Block, int32, *chainstore.Undo) error) error {
		b, err := readBody(snap, &chain[h])
		if err != nil {
			return err
		}
		undo, err := snap.Undo(chain[h].Hash)
		if err != nil {
			return err
		}
		if err := judge(do(b, h, undo), &chain[h]); err != nil {
			return err
		}
		return tellReplay(report, stage, h, chain)
	}
	for h := int32(len(chain) - 1); h >= lowest; h-- {
		if err := step(h, "taking blocks back", c.disconnect); err != nil {
			return err
		}
	}
	for h := lowest; int(h) < len(chain); h++ {
		if err := step(h, "putting blocks on again", c.connect); err != nil {
			return err
		}
	}
	return nil
}

// judge makes a contradiction a damage.
func judge(err error, r *chainstore.HeaderRecord) error {
	if !errors.Is(err, errContradicts) && !errors.Is(err, chainstore.ErrCoinExists) {
		return err
	}
	return &chainstore.Damage{What: fmt.Sprintf("the coins at block %s, height %d", r.Hash, r.Height), Why: "they do not fit the block", Mend: mendAll, Err: err}
}

func readBody(snap *chainstore.Snapshot, r *chainstore.HeaderRecord) (*tx.Block, error) {
	raw, err := snap.Block(r.Hash)
	if err != nil {
		return nil, err
	}
	return tx.ParseBlock(raw)
}
