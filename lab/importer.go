package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/troupe-node/troupe/actors"
	"github.com/troupe-node/troupe/chainstore/blkfile"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// maxOrphans bounds the places remembered of blocks whose parent has not come: about 100
// bytes each.
const maxOrphans = 1 << 20

// importer reads, orders and checks. Three stages work at once: one goroutine reads and
// brings children behind their parents, some parse and check, one hands the blocks to
// the feeder in the order of the first.
type importer struct {
	node   *actors.Node
	cancel context.CancelCauseFunc
	window *window

	orphans map[tx.Hash][]place // by the parent they wait for
	waiting int                 // places in orphans
	dropped int64               // for which there was no room

	mu    sync.Mutex
	under hashSet // blocks read whose fate is not known
	first error   // the first refusal
	path  string

	total struct { // what progress is made of
		Bytes, Blocks, Known, Refused, Orphans, Skipped, Torn atomic.Int64
		OfBytes                                               int64
	}
}

type hashSet map[tx.Hash]struct{}

// place is where a block stands.
type place struct {
	source *source
	at     int64
	size   int
}

// candidate is a block on its way through the stages.
type candidate struct {
	raw     []byte
	hash    tx.Hash
	block   *tx.Block
	err     error
	checked chan struct{}
}

func (im *importer) run(ctx context.Context, all sources) error {
	toCheck := make(chan *candidate, windowBlocks)
	inOrder := make(chan *candidate, windowBlocks)
	feeder := im.spawnFeeder()
	defer feeder.Stop(nil)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for c := range toCheck {
				c.check(im.node.Params)
			}
		})
	}
	wg.Go(func() {
		for c := range inOrder {
			<-c.checked
			if c.err != nil {
				im.refused(c.hash, len(c.raw), c.err)
				continue
			}
			feeder.Post(&offer{block: c.block})
		}
	})
	err := im.read(ctx, all, func(c *candidate) {
		inOrder <- c // both have room for the whole window
		toCheck <- c
	})
	close(toCheck)
	close(inOrder)
	wg.Wait()
	if idle := im.window.empty(ctx); err == nil {
		err = idle
	}
	return err
}

// check does what needs nobody else.
func (c *candidate) check(p *consensus.Params) {
	defer close(c.checked)
	if c.block, c.err = tx.ParseBlock(c.raw); c.err == nil {
		c.err = consensus.CheckBlock(c.block, p)
	}
}

// read reads all files and passes each block on behind its parent.
func (im *importer) read(ctx context.Context, all sources, pass func(*candidate)) error {
	im.orphans = map[tx.Hash][]place{}
	for _, s := range all {
		im.setPath(s.path)
		before := im.total.Bytes.Load()
		r := s.reader(im.node.Params.Magic)
		for {
			raw, err := r.Next()
			im.total.Bytes.Store(before + r.Offset())
			if errors.Is(err, blkfile.ErrTorn) {
				im.total.Torn.Add(1)
				break
			}
			if err == io.EOF {
				break
			}
			if err != nil {
				return fmt.Errorf("reading %s: %w", s.path, err)
			}
			if err := im.sort(ctx, raw, place{s, r.BlockOffset(), len(raw)}, pass); err != nil {
				return err
			}
		}
		im.total.Skipped.Add(r.Skipped())
		im.total.Bytes.Store(before + s.size)
	}
	return nil
}

// sort passes a block on, and then those that waited for it; or has it wait.
func (im *importer) sort(ctx context.Context, raw []byte, at place, pass func(*candidate)) error {
	hash, prev := tx.DoubleSHA256(raw[:tx.HeaderSize]), tx.Hash(raw[4:36])
	if !im.known(prev) && hash != im.node.Params.GenesisHash {
		if im.waiting >= maxOrphans {
			im.total.Orphans.Store(int64(im.waiting) + im.droppedOne())
			return nil
		}
		im.orphans[prev] = append(im.orphans[prev], at)
		im.waiting++
		im.total.Orphans.Store(int64(im.waiting) + im.dropped)
		return nil
	}
	if err := im.pass(ctx, raw, hash, pass); err != nil {
		return err
	}
	for queue := []tx.Hash{hash}; len(queue) > 0; {
		parent := queue[0]
		queue = queue[1:]
		for _, p := range im.orphans[parent] {
			raw, err := p.source.block(p.at, p.size)
			if err != nil {
				return err
			}
			hash := tx.DoubleSHA256(raw[:tx.HeaderSize])
			if err := im.pass(ctx, raw, hash, pass); err != nil {
				return err
			}
			queue = append(queue, hash)
			im.waiting--
		}
		delete(im.orphans, parent)
		im.total.Orphans.Store(int64(im.waiting) + im.dropped)
	}
	return nil
}

func (im *importer) droppedOne() int64 {
	im.dropped++
	return im.dropped
}

// pass passes a block on whose parent is known, unless the node has it.
func (im *importer) pass(ctx context.Context, raw []byte, hash tx.Hash, pass func(*candidate)) error {
	im.mu.Lock()
	_, doubled := im.under[hash]
	if !doubled {
		im.under[hash] = struct{}{}
	}
	im.mu.Unlock()
	if n := im.node.Board.Index.Get(hash); doubled || n != nil && n.HasBody() {
		im.total.Known.Add(1)
		if !doubled {
			im.forget(hash)
		}
		return nil
	}
	if err := im.window.take(ctx, len(raw)); err != nil {
		im.forget(hash)
		return err
	}
	pass(&candidate{raw: raw, hash: hash, checked: make(chan struct{})})
	return nil
}

// known says whether the node has this header, or will have before the next block.
func (im *importer) known(hash tx.Hash) bool {
	im.mu.Lock()
	_, under := im.under[hash]
	im.mu.Unlock()
	// In this order: a block leaves the set only after its header is in the index.
	return under || im.node.Board.Index.Get(hash) != nil
}

func (im *importer) forget(hash tx.Hash) {
	im.mu.Lock()
	delete(im.under, hash)
	im.mu.Unlock()
}

func (im *importer) refused(hash tx.Hash, size int, err error) {
	im.mu.Lock()
	delete(im.under, hash)
	if im.first == nil {
		im.first = fmt.Errorf("%s: %w", hash, err)
	}
	im.mu.Unlock()
	im.total.Refused.Add(1)
	im.window.give(size)
}

func (im *importer) taken(hash tx.Hash, size int) {
	im.forget(hash)
	im.total.Blocks.Add(1)
	im.window.give(size)
}

func (im *importer) firstRefusal() error {
	im.mu.Lock()
	defer im.mu.Unlock()
	return im.first
}

func (im *importer) setPath(path string) {
	im.mu.Lock()
	defer im.mu.Unlock()
	im.path = path
}

func (im *importer) state() ImportState {
	im.mu.Lock()
	path := im.path
	im.mu.Unlock()
	t := &im.total
	return ImportState{
		Bytes: t.Bytes.Load(), OfBytes: t.OfBytes, Path: path, Height: im.node.Board.Tip().Tip().Height(),
		Blocks: t.Blocks.Load(), Known: t.Known.Load(), Refused: t.Refused.Load(), Orphans: t.Orphans.Load(),
		Skipped: t.Skipped.Load(), Torn: t.Torn.Load(),
	}
}
