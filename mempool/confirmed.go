package mempool

import (
	"sync"

	"github.com/troupe-node/troupe/tx"
)

// leastConfirmed is how many ids of confirmed transactions are remembered at least: both of
// each of six blocks' (Core's m_recent_confirmed_transactions).
const leastConfirmed = 48_000

// Confirmed remembers the transactions of the last blocks: there is no need to
// fetch them, and those of the last block may still be asked of us, for compact
// blocks that others put together. One goroutine writes, any may read.
type Confirmed struct {
	mu     sync.RWMutex
	recent remembered
	last   map[tx.Hash]*tx.Tx // of the last block, by both ids
}

func newConfirmed() *Confirmed { return &Confirmed{recent: remembered{half: leastConfirmed}} }

// Has tells whether the transaction of that id or witness id was confirmed lately.
func (c *Confirmed) Has(id tx.Hash) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.recent.has(id)
}

// InLastBlock finds a transaction of the last block by id or witness id, or nil.
func (c *Confirmed) InLastBlock(id tx.Hash) *tx.Tx {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.last[id]
}

func (c *Confirmed) connect(b *tx.Block) {
	last := make(map[tx.Hash]*tx.Tx, 2*len(b.Txs))
	for _, t := range b.Txs {
		last[t.ID()], last[t.WitnessID()] = t, t
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for id := range last {
		c.recent.add(id)
	}
	c.last = last
}

// disconnect forgets all: what left the chain may be worth fetching again.
func (c *Confirmed) disconnect() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.recent.clear()
	c.last = nil
}
