package conn

import (
	"cmp"
	"encoding/binary"
	"slices"
	"sync/atomic"
	"time"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/mempool"
	"github.com/troupe-node/troupe/tx"
	"github.com/troupe-node/troupe/wire"
)

// Core's numbers for announcing transactions.
const (
	inboundTrickle  = 5 * time.Second // on average
	outboundTrickle = 2 * time.Second
	broadcastTarget = 70 // announcements at once, plus five in a thousand of those waiting
	broadcastMax    = 1000
	maxMoney        = 21_000_000 * 100_000_000
)

// maxWaiting bounds the announcements that wait for their moment; what comes on
// top the peer will hear of from others.
const maxWaiting = 50_000

// txRelay is what the peer was told of transactions, and what it told us.
type txRelay struct {
	cursor     *mempool.LogEntry // last accepted transaction that we looked at
	waiting    []*mempool.Entry
	known      knownTxs
	next       time.Time     // when the next announcement is due
	told       atomic.Uint64 // transactions with a smaller sequence may be asked for; read by the writer
	everything bool          // it said mempool
	filter     feeFilter
}

func (r *txRelay) init(k *kit.Context, c *conn) {
	if pool := c.node.Board.Pool(); pool != nil {
		r.cursor = pool.LogEnd()
	}
	r.known.salt = k.Rand().Uint64()
}

// hearsTxs tells whether the peer hears of transactions at all. With -blocksonly
// it still hears of those of our operator.
func (c *conn) hearsTxs() bool {
	return c.peer.Hello().Relay && c.peer.RelaysTxs()
}

func (r *txRelay) hasTx(t *tx.Tx) {
	r.known.add(t.WitnessID())
	r.known.add(t.ID())
}

func (r *txRelay) hasID(id tx.Hash) { r.known.add(id) }

// announceTxs walks the pool's log from where it last stood, and tells the peer
// what has gathered whenever a moment has come that it cannot foresee.
func (c *conn) announceTxs(k *kit.Context) {
	r := &c.txs
	pool := c.node.Board.Pool()
	if pool == nil || r.cursor == nil || !c.hearsTxs() {
		return
	}
	c.gather()
	if c.out.crowded() {
		return // a peer that does not read hears of them later, or not at all
	}
	now := k.Now()
	if now.Before(r.next) && !c.peer.Permissions.Has(permNoBan) {
		return
	}
	mean := outboundTrickle
	if c.peer.Inbound() {
		mean = inboundTrickle
	}
	r.next = now.Add(time.Duration(k.Rand().ExpFloat64() * float64(mean)))
	if r.everything {
		r.everything = false
		c.announceAll(k, pool)
	}
	r.told.Store(max(pool.Sequence(), c.announce(k, pool)))
}

// announceAll answers mempool: all of the pool that the peer does not know and
// that pays enough for it.
func (c *conn) announceAll(k *kit.Context, pool *mempool.View) {
	entries := pool.Entries()
	slices.SortFunc(entries, func(a, b *mempool.Entry) int { return cmp.Compare(a.Sequence, b.Sequence) })
	var list []wire.InvVect
	for _, e := range entries {
		if v, ok := c.announceable(e, pool); ok {
			list = append(list, v)
		}
	}
	for part := range slices.Chunk(list, wire.MaxInv) {
		c.send(k, &wire.Inv{List: part})
	}
}

// announceable tells whether the peer should hear of a transaction, and notes
// that it does.
func (c *conn) announceable(e *mempool.Entry, pool *mempool.View) (v wire.InvVect, ok bool) {
	r := &c.txs
	id := c.idOf(e)
	if r.known.has(id) || pool.ByWitnessID(e.Tx.WitnessID()) != e || e.Fee < feeFor(c.peer.Stats.FeeFilter.Load(), e.VSize) {
		return v, false
	}
	r.known.add(id)
	v = wire.InvVect{Type: wire.InvTx, Hash: id}
	if c.shake.wtxid {
		v.Type = wire.InvWTx
	}
	return v, true
}

// feeFor is what a feerate asks of a size, rounded up as Core's CFeeRate::GetFee.
func feeFor(perKVB, vsize int64) int64 {
	if perKVB <= 0 {
		return 0
	}
	return (perKVB*vsize + 999) / 1000
}

// gather moves new entries of the log to those waiting.
func (c *conn) gather() {
	r := &c.txs
	for e := r.cursor.Next(); e != nil; e = e.Next() {
		r.cursor = e
		r.waiting = append(r.waiting, e.Entry) // whether the peer knows it is asked in its turn
	}
	if len(r.waiting) > maxWaiting {
		clear(r.waiting[maxWaiting:])
		r.waiting = r.waiting[:maxWaiting]
	}
}

func (c *conn) idOf(e *mempool.Entry) tx.Hash {
	if c.shake.wtxid {
		return e.Tx.WitnessID()
	}
	return e.Tx.ID()
}

// announce sends one inv: parents before children, and the best feerates first.
// It returns a sequence number above all that it told of: the pool's index may be
// younger than its view.
func (c *conn) announce(k *kit.Context, pool *mempool.View) (told uint64) {
	r := &c.txs
	if len(r.waiting) == 0 {
		return 0
	}
	limit := min(broadcastMax, broadcastTarget+len(r.waiting)/1000*5)
	var list []wire.InvVect
	turns := rank(r.waiting)
	defer turns.done()
	for len(turns.heap) > 0 && len(list) < limit {
		e := turns.pop()
		if v, ok := c.announceable(e, pool); ok {
			list = append(list, v)
			told = max(told, e.Sequence+1)
		}
	}
	r.waiting = turns.rest(r.waiting)
	if len(list) > 0 {
		c.send(k, &wire.Inv{List: list})
	}
	return told
}

// knownTxs remembers which transactions the peer has: fingerprints in a table
// in which newer ones overwrite older ones. Forgetting one costs an
// announcement too many; taking one for another costs one too few, once in 2^50.
type knownTxs struct {
	salt  uint64
	table []uint64
}

// The table grows with its use to 64 KiB.
const (
	knownLeast = 1 << 7
	knownMost  = 1 << 13
)

func (t *knownTxs) slot(id tx.Hash) (slot int, mark uint64) {
	mark = (binary.LittleEndian.Uint64(id[:]) ^ t.salt) * 0x9e3779b97f4a7c15
	return int(mark>>40) & (len(t.table) - 1), mark | 1
}

func (t *knownTxs) has(id tx.Hash) bool {
	if t.table == nil {
		return false
	}
	slot, mark := t.slot(id)
	return t.table[slot] == mark
}

func (t *knownTxs) add(id tx.Hash) {
	if t.table == nil {
		t.table = make([]uint64, knownLeast)
	}
	slot, mark := t.slot(id)
	if old := t.table[slot]; old != 0 && old != mark && len(t.table) < knownMost {
		t.grow()
		slot, mark = t.slot(id)
	}
	t.table[slot] = mark
}

func (t *knownTxs) grow() {
	old := t.table
	t.table = make([]uint64, 4*len(old))
	for _, mark := range old {
		if mark != 0 {
			t.table[int(mark>>40)&(len(t.table)-1)] = mark
		}
	}
}
