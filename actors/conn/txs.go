package conn

import (
	"cmp"
	"encoding/binary"
	"slices"
	"sync/atomic"
	"time"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
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
	feeFilterEvery  = 10 * time.Minute
	maxMoney        = 21_000_000 * 100_000_000
)

// maxWaiting bounds the announcements that wait for their moment; the oldest
// give way, for the peer will hear of them from others.
const maxWaiting = 50_000

// txRelay is what the peer was told of transactions, and what it told us.
type txRelay struct {
	cursor     *mempool.LogEntry // last accepted transaction that we looked at
	waiting    []*mempool.Entry
	known      knownTxs
	next       time.Time     // when the next announcement is due
	told       atomic.Uint64 // transactions with a smaller sequence may be asked for; read by the writer
	everything bool          // it said mempool

	filterSent int64
	filterAt   time.Time
}

func (r *txRelay) init(k *kit.Context, c *conn) {
	if pool := c.node.Board.Pool(); pool != nil {
		r.cursor = pool.LogEnd()
	}
	r.known.salt = k.Rand().Uint64()
}

// wantsTxs tells whether the peer wants to hear of transactions at all.
func (c *conn) wantsTxs() bool {
	return c.peer.Hello().Relay && !c.rejectsTxs()
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
	if pool == nil || r.cursor == nil || !c.wantsTxs() {
		return
	}
	c.gather()
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
		r.waiting = append(r.waiting, pool.Entries()...)
	}
	c.announce(k, pool)
	r.told.Store(pool.Sequence())
}

// gather moves new entries of the log to those waiting.
func (c *conn) gather() {
	r := &c.txs
	filter := c.peer.Stats.FeeFilter.Load()
	for e := r.cursor.Next(); e != nil; e = e.Next() {
		r.cursor = e
		if e.Entry.FeePerKVB() >= filter && !r.known.has(c.idOf(e.Entry)) {
			r.waiting = append(r.waiting, e.Entry)
		}
	}
	if over := len(r.waiting) - maxWaiting; over > 0 {
		r.waiting = slices.Delete(r.waiting, 0, over)
	}
}

func (c *conn) idOf(e *mempool.Entry) tx.Hash {
	if c.shake.wtxid {
		return e.Tx.WitnessID()
	}
	return e.Tx.ID()
}

// announce sends one inv: parents before children, and the best feerates first.
func (c *conn) announce(k *kit.Context, pool *mempool.View) {
	r := &c.txs
	if len(r.waiting) == 0 {
		return
	}
	slices.SortStableFunc(r.waiting, func(a, b *mempool.Entry) int {
		if d := cmp.Compare(a.AncestorCount(), b.AncestorCount()); d != 0 {
			return d
		}
		return cmp.Compare(b.FeePerKVB(), a.FeePerKVB())
	})
	kind := wire.InvTx
	if c.shake.wtxid {
		kind = wire.InvWTx
	}
	limit := min(broadcastMax, broadcastTarget+len(r.waiting)/1000*5)
	var list []wire.InvVect
	taken := 0
	for _, e := range r.waiting {
		if len(list) == limit {
			break
		}
		taken++
		id := c.idOf(e)
		if r.known.has(id) || pool.ByWitnessID(e.Tx.WitnessID()) != e {
			continue
		}
		r.known.add(id)
		list = append(list, wire.InvVect{Type: kind, Hash: id})
	}
	r.waiting = slices.Delete(r.waiting, 0, taken)
	if len(list) > 0 {
		c.send(k, &wire.Inv{List: list})
	}
}

func (c *conn) onFeeFilter(m *wire.FeeFilter) {
	if m.FeePerKVB >= 0 && m.FeePerKVB <= maxMoney {
		c.peer.Stats.FeeFilter.Store(m.FeePerKVB)
		c.note("received: feefilter of %d sat/kvB from peer=%s", m.FeePerKVB, peerNumber(c.peer))
	}
}

// sendFeeFilter tells the peer below which feerate we are not interested, now and
// then and whenever it has changed much (BIP133).
func (c *conn) sendFeeFilter(k *kit.Context) {
	r := &c.txs
	if c.shake.version.Protocol < wire.VersionFeeFilter || c.peer.Type == msg.BlockRelay || c.node.BlocksOnly ||
		c.peer.Permissions.Has(permForceRelay) {
		return
	}
	now := k.Now()
	fee := c.node.MinRelayFee
	if pool := c.node.Board.Pool(); pool != nil {
		fee = max(fee, pool.MinFeePerKVB())
	}
	catching := c.node.Board.Tip().InitialDownload()
	if catching {
		fee = maxMoney // Core rounds it, too
	}
	changed := fee != r.filterSent && (r.filterSent == 0 || r.filterSent == maxMoney || catching || fee*3 > r.filterSent*4 || fee*4 < r.filterSent*3)
	if !changed && now.Sub(r.filterAt) < feeFilterEvery || fee == r.filterSent {
		return
	}
	r.filterSent, r.filterAt = fee, now
	c.send(k, &wire.FeeFilter{FeePerKVB: fee})
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
