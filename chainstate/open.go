package chainstate

import (
	"fmt"

	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// Open loads the header tree and resumes at the tip that the store was last
// committed at. An empty store gets the genesis block. now is in seconds since
// 1970. The first Ready has the first Snapshot.
func Open(params *consensus.Params, store chainstore.Store, now int64, opts Options) (*Machine, error) {
	opts = opts.withDefaults()
	m := &Machine{
		params: params, opts: opts, store: store, now: now,
		cache:   chainstore.NewCache(store, opts.CacheBytes),
		leaves:  leaves{set: make(map[*Node]struct{})},
		waiting: make(map[*Node][]*Node),
		layers:  layers{budget: opts.LayerBytes},
		bodies:  newBodyStore(opts.BodyBytes),
		undos:   make(map[*Node]*chainstore.Undo),
		young:   &young{store: store},
		loads:   loads{state: make(map[*Node]*loadState)},
		subs:    subscribers{of: make(map[*Node][]subscriber)},
		jobs:    make(map[uint64]*step),
	}
	m.overlay = newOverlay(m.cache)
	m.commits.lastWrite, m.commits.lastCoins, m.commits.lastChange = now, now, now
	if err := m.loadHeaders(); err != nil {
		return nil, err
	}
	if err := m.resume(); err != nil {
		return nil, err
	}
	m.advance()
	return m, m.err
}

// loadHeaders builds the tree from the stored records: parents come first.
func (m *Machine) loadHeaders() error {
	var records []chainstore.HeaderRecord
	if err := m.store.Headers(func(r chainstore.HeaderRecord) error {
		records = append(records, r)
		return nil
	}); err != nil {
		return fmt.Errorf("load the headers: %w", err)
	}
	m.index = NewIndex(len(records))
	if len(records) == 0 {
		m.addGenesis()
		return nil
	}
	for i := range records {
		if err := m.loadHeader(&records[i]); err != nil {
			return err
		}
	}
	return nil
}

func (m *Machine) loadHeader(r *chainstore.HeaderRecord) error {
	var parent *Node
	switch {
	case r.Height == 0 && r.Hash != m.params.GenesisHash:
		return fmt.Errorf("%w: its first block is %s, that of %s is %s: choose another -datadir or network",
			chainstore.ErrNetwork, r.Hash, m.params.Name, m.params.GenesisHash)
	case r.Height > 0:
		parent = m.index.Get(r.Header.Prev)
		if parent == nil || parent.height != r.Height-1 {
			return &chainstore.Damage{What: "header record of block " + r.Hash.String(), Why: "its parent's record is missing",
				Mend: "run `troupe reindex`"}
		}
	}
	n := newNode(&r.Header, r.Hash, parent)
	n.status.Store(r.Status)
	n.order = int64(r.Order)
	n.txs.Store(r.TxCount)
	m.index.insert(n)
	m.leaves.add(n)
	m.order = max(m.order, n.order)
	if m.best == nil || !n.Failed() && m.best.work.Less(n.work) {
		m.best = n
	}
	switch {
	case r.TxCount == 0:
	case parent == nil:
		n.chainTxs.Store(uint64(r.TxCount))
	case parent.ChainTxs() != 0:
		n.chainTxs.Store(parent.ChainTxs() + uint64(r.TxCount))
	default:
		m.waiting[parent] = append(m.waiting[parent], n)
	}
	return nil
}

// addGenesis starts a chain. The coin of its coinbase was never spendable.
func (m *Machine) addGenesis() {
	b := m.params.Genesis
	n := newNode(&b.Header, b.Hash(), nil)
	n.txs.Store(uint32(len(b.Txs)))
	n.chainTxs.Store(uint64(len(b.Txs)))
	n.status.Store(chainstore.StatusHaveBody | chainstore.StatusScriptsValid)
	m.index.insert(n)
	m.leaves.add(n)
	m.best = n
	m.bodies.put(n, b)
	m.young.addBody(n, b)
	m.bodies.settled(n)
	m.commits.addBody(b)
	m.markDirty(n)
}

// resume goes back to the stored tip, and makes candidates of the chains that
// are better.
func (m *Machine) resume() error {
	state := m.store.State()
	m.seq = state.Seq
	m.connected = m.index.Get(m.params.GenesisHash)
	if state.Tip != (tx.Hash{}) {
		if m.connected = m.index.Get(state.Tip); m.connected == nil {
			return &chainstore.Damage{What: "the tip " + state.Tip.String(), Why: "it has no header record", Mend: "run `troupe reindex`"}
		}
	}
	m.commits.stored, m.commits.coinsSeq = state.Tip, state.Seq
	m.findBestHeader()
	snap, err := m.store.Snapshot()
	if err != nil {
		return fmt.Errorf("read the chain store: %w", err)
	}
	m.base = newCoinBase(snap, m.connected)
	m.publish(m.connected, m.seq)
	if state.Tip == (tx.Hash{}) {
		m.commits.changed(0)
		m.commitCoins()
	}
	m.refillCandidates()
	return nil
}

// Close lets go of the store. What is not committed is lost, and will be
// connected again from the stored bodies.
func (m *Machine) Close() {
	m.cache.Close()
	m.base.release()
	if m.err == nil {
		m.err = chainstore.ErrClosed
	}
}
