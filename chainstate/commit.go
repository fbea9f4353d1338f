package chainstate

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/tx"
)

// Write is something for the store: bodies and undo data first, then perhaps a
// commit. Writes are done one after the other, in the order they came out;
// anywhere, as long as Machine.Committed follows.
type Write struct {
	ID     uint64
	Bodies []*tx.Block
	Commit *chainstore.Commit

	undos []undoWrite
	coins bool // the commit moves the tip
	node  *Node
	seq   uint64
}

type undoWrite struct {
	node *Node
	undo *chainstore.Undo
}

// Run does the write. Any error is fatal for the machine: do not call
// Committed, stop the node.
func (w *Write) Run(store chainstore.Store) error {
	puts := make([]chainstore.Put, 0, len(w.Bodies)+len(w.undos))
	for _, b := range w.Bodies {
		puts = append(puts, chainstore.Put{Hash: b.Hash(), Data: b.Bytes()})
	}
	for _, u := range w.undos {
		puts = append(puts, chainstore.Put{Hash: u.node.hash, Undo: true, Data: u.undo.Encode(u.node.hash)})
	}
	if err := store.PutAll(puts); err != nil {
		return fmt.Errorf("store %d bodies and undo data of %d blocks: %w", len(w.Bodies), len(w.undos), err)
	}
	if w.Commit == nil {
		return nil
	}
	if err := store.Commit(w.Commit); err != nil {
		return fmt.Errorf("commit %d: %w", w.Commit.Seq, err)
	}
	return nil
}

// Tip is the block whose coins the store holds after the write, nil when it
// leaves the coins alone.
func (w *Write) Tip() *Node {
	if w.coins {
		return w.node
	}
	return nil
}

// commits gathers what must be written and remembers what is being written.
type commits struct {
	id       uint64
	bodies   []*tx.Block
	undos    []undoWrite
	bytes    int // of both, about
	inflight []*Write
	coins    *Write // the write under way that moves the tip
	wanted   bool   // another one after it, at once
	stored   tx.Hash
	changes  int    // of coins, since the last one began
	coinsSeq uint64 // of the last one done

	lastWrite, lastCoins, lastChange int64
}

// Thresholds for writing bodies, undo data and headers without coins.
const (
	writeBytes   = 4 << 20
	writeHeaders = 2000
	writeSeconds = 2
	undoBytes    = 80 // in memory, about, of one spent coin
)

func (c *commits) addBody(b *tx.Block) {
	c.bodies = append(c.bodies, b)
	c.bytes += b.Size()
}

func (c *commits) addUndo(n *Node, u *chainstore.Undo) {
	c.undos = append(c.undos, undoWrite{n, u})
	for _, coins := range u.Txs {
		c.bytes += undoBytes * len(coins)
	}
}

func (c *commits) changed(n int) { c.changes += max(n, 1) }

// catchingUp reports whether there is a better header than the connected tip:
// then commits wait for each other.
func (m *Machine) catchingUp() bool { return m.connected.work.Less(m.best.work) }

// connectedMoved is called when the connected tip is one to be published: at once, before the
// store has it. Readers find its coins in layers. Where these would be too many, at the end of a
// download usually, when a commit takes a second for a million of them, readers' coins follow
// with the commit.
func (m *Machine) connectedMoved() {
	m.commits.lastChange = m.now
	m.publishTip(m.connected, m.seq)
	if m.catchingUp() {
		m.commitIfDue()
	} else {
		m.commitCoins()
	}
}

// landingBlocks is how many blocks before the end of a download its changes are written:
// what these change fits into layers, and their scripts take longer than the commit.
const landingBlocks = 8

// landing reports whether a download is about to end with more changes to be written than
// readers could be given in layers. They are written beside the verification of the last
// blocks, so that the tip comes with its coins.
func (m *Machine) landing() bool {
	return m.layers.since.dropped && m.best.height-m.connected.height <= landingBlocks
}

// commitIfDue writes what has waited long enough or has grown large.
func (m *Machine) commitIfDue() {
	c := &m.commits
	for _, t := range []*int64{&c.lastWrite, &c.lastCoins, &c.lastChange} {
		*t = min(*t, m.now) // the clock was set back
	}
	if c.changes > 0 && c.coins == nil && (c.wanted || m.landing() || m.cache.ShouldFlush() || !m.catchingUp() ||
		m.now-c.lastCoins >= m.opts.FlushSeconds || m.now-c.lastChange >= m.opts.IdleSeconds) {
		m.commitCoins()
		return
	}
	pending := len(c.bodies) + len(c.undos) + len(m.dirtyHeaders)
	if pending > 0 && (c.bytes >= writeBytes || len(m.dirtyHeaders) >= writeHeaders || m.now-c.lastWrite >= writeSeconds) {
		m.write(&Write{})
	}
}

// commitCoins begins to commit the connected tip; after the commit under way,
// if there is one.
func (m *Machine) commitCoins() {
	c := &m.commits
	if c.coins != nil || m.merging > 0 {
		c.wanted = true
		return
	}
	c.wanted = false
	w := &Write{coins: true, node: m.connected, Commit: &chainstore.Commit{
		Base: c.stored, Tip: m.connected.hash, Layer: m.cache.Freeze(),
	}}
	m.layers.freeze()
	c.changes, c.lastCoins, c.coins = 0, m.now, w
	m.write(w)
}

// write adds bodies, undo data and headers to a write and gives it out.
func (m *Machine) write(w *Write) {
	c := &m.commits
	w.Bodies, w.undos = c.bodies, c.undos
	c.bodies, c.undos, c.bytes = nil, nil, 0
	if w.Commit == nil {
		w.Commit = &chainstore.Commit{}
	}
	w.Commit.Headers = m.takeHeaders()
	m.seq++
	w.seq, w.Commit.Seq = m.seq, m.seq
	c.id++
	w.ID = c.id
	c.lastWrite = m.now
	c.inflight = append(c.inflight, w)
	m.out.Writes = append(m.out.Writes, w)
}

func (m *Machine) takeHeaders() []chainstore.HeaderRecord {
	slices.SortFunc(m.dirtyHeaders, func(a, b *Node) int {
		if a.height != b.height {
			return int(a.height) - int(b.height)
		}
		return bytes.Compare(a.hash[:], b.hash[:])
	})
	records := make([]chainstore.HeaderRecord, len(m.dirtyHeaders))
	for i, n := range m.dirtyHeaders {
		n.clear(statusDirty)
		records[i] = chainstore.HeaderRecord{
			Hash: n.hash, Header: n.Header(), Height: n.height, Status: n.status.Load() &^ statusLocal,
			Order: uint64(max(n.order, 0)), TxCount: n.txs.Load(),
		}
	}
	m.dirtyHeaders = m.dirtyHeaders[:0]
	return records
}

// Committed takes back a Write that was done.
func (m *Machine) Committed(id uint64) {
	c := &m.commits
	if m.err != nil {
		return
	}
	if len(c.inflight) == 0 || c.inflight[0].ID != id {
		m.fail(fmt.Errorf("write %d was reported done out of order", id))
		return
	}
	w := c.inflight[0]
	c.inflight = c.inflight[1:]
	for _, b := range w.Bodies {
		n := m.index.Get(b.Hash())
		m.bodies.stored(n)
		m.young.bodyStored(n)
	}
	for _, u := range w.undos {
		delete(m.undos, u.node)
		m.young.undoStored(u.node)
	}
	if w.coins {
		m.coinsCommitted(w)
	} else {
		m.renewBase()
	}
	m.advance()
}

func (m *Machine) coinsCommitted(w *Write) {
	c := &m.commits
	c.coins, c.stored, c.coinsSeq = nil, w.node.hash, w.seq
	m.cache.Flushed()
	m.layers.committed()
	old := m.takeBase(w.node)
	if old == nil {
		m.fail(fmt.Errorf("after commit %d the store is not at block %s", w.Commit.Seq, w.node.hash))
		return
	}
	if m.published.seq < w.seq && m.published.tip != w.node {
		m.publishTip(w.node, w.seq)
	} else {
		m.publishView()
	}
	old.release()
	if c.wanted && m.merging == 0 || c.changes > 0 && !m.catchingUp() {
		m.commitCoins()
	}
}

// takeBase pins the store for readers as it is now, if it is at tip. It
// returns the base replaced, nil when it was left alone.
func (m *Machine) takeBase(tip *Node) (old *coinBase) {
	snap, err := m.store.Snapshot()
	if err != nil {
		m.fail(&internalError{"reading the store after a commit", err})
		return nil
	}
	if snap.Tip() != tip.hash {
		snap.Release()
		return nil
	}
	old, m.base = m.base, newCoinBase(snap, tip)
	return old
}

// renewBase pins the store anew after a commit of headers alone: a snapshot
// that is not the latest expires after a while, though its coins are the same.
// When a commit of coins is done, too, and about to be reported, that will.
func (m *Machine) renewBase() {
	if old := m.takeBase(m.base.tip); old != nil {
		m.publishView()
		old.release()
	}
}

// Flush asks for everything that is connected, and every header and body, to
// be committed now: at shutdown, say.
func (m *Machine) Flush() {
	switch c := &m.commits; {
	case m.err != nil:
	case c.changes > 0:
		m.commitCoins()
	case len(c.bodies)+len(c.undos)+len(m.dirtyHeaders) > 0:
		m.write(&Write{})
	}
}

// Stored is the sequence up to which the store has the coins: see Snapshot.Seq.
func (m *Machine) Stored() uint64 { return m.commits.coinsSeq }

// Clean reports whether the store holds, or was given, everything.
func (m *Machine) Clean() bool {
	c := &m.commits
	return c.changes == 0 && len(c.inflight) == 0 && len(c.bodies)+len(c.undos)+len(m.dirtyHeaders) == 0
}
