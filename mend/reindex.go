package mend

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/consensus"
)

// Options of a reindexing.
type Options struct {
	Dir    string // of the store
	Params *consensus.Params
	Store  chainstore.Options
	Now    int64 // seconds since 1970, for the rule on headers of the future
	Report Report
	// Failpoint, in tests, is called at each distinct step with its name. It may end
	// the process.
	Failpoint func(string)
}

func (o *Options) fail(point string) {
	if o.Failpoint != nil {
		o.Failpoint(point)
	}
}

// Salvaged counts what a reindexing found.
type Salvaged struct {
	Headers int
	Bodies  int
	Lost    int // bodies that no header leads to, or that are not what their header says
}

// Reindex rebuilds the store from its files, whether it opens or not: the headers, from the bodies and from what is left
// of their records, each checked; then the bodies, each of which must be its header's. File by file the bodies move into
// a new store, and what was moved is deleted, so that it takes hardly more room than before. Coins and undo data are not made
// here: whoever opens the store connects the blocks, with every rule and every script.
//
// Killed at any moment, the next call goes on where it was.
func Reindex(o Options) (found Salvaged, err error) {
	phase, err := Pending(o.Dir)
	if err != nil {
		return found, err
	}
	switch phase {
	case Connect: // everything was in its place
		return found, nil
	case None, Wipe:
		if _, err := os.Stat(o.Dir); err != nil {
			return found, fmt.Errorf("reindex: there is no store: %w", err)
		}
		if err := os.RemoveAll(o.Dir + newSuffix); err != nil {
			return found, fmt.Errorf("reindex: %w", err)
		}
		if err := setPhase(o.Dir, Headers); err != nil {
			return found, err
		}
		o.fail("reindex-begun")
	}
	if phase != Bodies {
		if found.Headers, err = o.gatherHeaders(); err != nil {
			return found, err
		}
		o.fail("reindex-headers-gathered")
		if err := setPhase(o.Dir, Bodies); err != nil {
			return found, err
		}
		o.fail("reindex-headers-done")
	}
	if err := o.moveBodies(&found); err != nil {
		return found, err
	}
	return found, o.swap()
}

// swap puts the new store in the old one's place.
func (o *Options) swap() error {
	next := o.Dir + newSuffix
	if _, err := os.Stat(next); err == nil {
		if err := os.RemoveAll(o.Dir); err != nil {
			return fmt.Errorf("reindex: %w", err)
		}
		o.fail("reindex-removed")
		if err := os.Rename(next, o.Dir); err != nil {
			return fmt.Errorf("reindex: %w", err)
		}
		o.fail("reindex-renamed")
	} else if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("reindex: %w", err)
	}
	if err := syncDir(filepath.Dir(o.Dir)); err != nil {
		return err
	}
	if err := setPhase(o.Dir, Connect); err != nil {
		return err
	}
	o.fail("reindex-swapped")
	return nil
}

// openNew opens the store that is being made.
func (o *Options) openNew() (*chainstore.Badger, error) {
	opts := o.Store
	opts.Failpoint = func(point string) { o.fail("new-" + point) }
	return chainstore.Open(o.Dir+newSuffix, opts)
}
