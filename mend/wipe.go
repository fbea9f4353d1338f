package mend

import (
	"errors"
	"fmt"

	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// ErrPrunedCoins is in Core's words.
var ErrPrunedCoins = errors.New("Prune mode is incompatible with -reindex-chainstate. Use full -reindex instead.")

// wipeCoins are deleted at a time.
const wipeCoins = 20_000

// WipeCoins deletes the coins of a store and goes back to genesis, so that whoever opens it connects the stored blocks
// again: coins and undo data are made anew, and scripts are run again. Killed at any moment, the next call goes on.
func WipeCoins(o Options) (err error) {
	phase, err := Pending(o.Dir)
	if err != nil {
		return err
	}
	switch phase {
	case Connect:
		return nil
	case Headers, Bodies:
		return errors.New("a full reindexing is under way: run `troupe reindex` to go on with it")
	}
	opts := o.Store
	opts.Failpoint = o.fail
	opts.SnapshotLimit = -1 // the walk may take long, and nobody else is here
	store, err := chainstore.Open(o.Dir, opts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if phase == None {
		if err := refusePruned(store); err != nil {
			return err
		}
		if err := setPhase(o.Dir, Wipe); err != nil {
			return err
		}
		o.fail("wipe-begun")
	}
	if err := forgetUndo(store); err != nil {
		return err
	}
	if err := deleteCoins(store, &o); err != nil {
		return err
	}
	if err := store.Sync(); err != nil {
		return err
	}
	o.fail("wipe-done")
	return setPhase(o.Dir, Connect)
}

func refusePruned(s chainstore.Store) error {
	return s.Headers(func(r chainstore.HeaderRecord) error {
		if r.Status&chainstore.StatusPruned != 0 {
			return fmt.Errorf("%w (block %s at height %d is gone)", ErrPrunedCoins, r.Hash, r.Height)
		}
		return nil
	})
}

// forgetUndo notes in the records that there are no undo data and that no script
// was run.
func forgetUndo(s chainstore.Store) error {
	const made = chainstore.StatusHaveUndo | chainstore.StatusScriptsValid
	var records []chainstore.HeaderRecord
	err := s.Headers(func(r chainstore.HeaderRecord) error {
		if r.Status&made != 0 && r.Height > 0 {
			r.Status &^= made
			records = append(records, r)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for len(records) > 0 {
		n := min(len(records), batch)
		if err := s.Commit(&chainstore.Commit{Headers: records[:n]}); err != nil {
			return err
		}
		records = records[n:]
	}
	return nil
}

// deleteCoins goes through the coins once, deleting behind itself.
func deleteCoins(s *chainstore.Badger, o *Options) error {
	snap, err := s.Snapshot()
	if err != nil {
		return err
	}
	defer snap.Release()
	var gone []chainstore.CoinChange
	done := int64(0)
	chunk := func() error {
		o.fail("wipe-chunk")
		// The tip goes back with the first chunk, so that nobody takes what is left for its coins.
		err := s.Commit(&chainstore.Commit{Tip: o.Params.GenesisHash, Coins: gone})
		done += int64(len(gone))
		gone = gone[:0]
		return errors.Join(err, o.Report.tell(Progress{Stage: "deleting coins", Done: done, Unit: "coins"}))
	}
	err = snap.EachCoin(func(op tx.OutPoint, _ *consensus.Coin) error {
		if gone = append(gone, chainstore.CoinChange{OutPoint: op}); len(gone) < wipeCoins {
			return nil
		}
		return chunk()
	})
	if err != nil {
		return err
	}
	return chunk()
}
