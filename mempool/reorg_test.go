package mempool

import (
	"maps"
	"os"
	"testing"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
	"pgregory.net/rapid"
)

// historian plays with a pool and with the chain under it.
type historian struct {
	*player
	deltas map[tx.Hash]int64
}

func newHistorian(t *rapid.T, tb testing.TB) *historian {
	h := &historian{player: newPlayer(tb, unlimited), deltas: map[tx.Hash]int64{}}
	h.plain = true
	for range rapid.IntRange(0, 4).Draw(t, "coinbases") {
		// Some ripen only while blocks come, and are unripe again when they go.
		h.free = append(h.free, h.coinOf(one, anyoneCan, rapid.Int32Range(99, 105).Draw(t, "mined at"), true))
	}
	for range rapid.IntRange(0, 4).Draw(t, "young coins") {
		h.free = append(h.free, h.coinOf(one, anyoneCan, rapid.Int32Range(197, 200).Draw(t, "confirmed at"), false))
	}
	return h
}

// unlimited leaves families as long as they come: what limits do is another test's.
func unlimited(p *Policy) {
	p.AncestorCount, p.DescendantCount, p.AncestorVBytes, p.DescendantVBytes = 1000, 1000, 1<<30, 1<<30
}

// act is one thing that happens between blocks: payments, some of which may not be mined
// before a height or before a coin is some blocks old, and changed priorities.
func (h *historian) act(t *rapid.T) {
	switch rapid.IntRange(0, 7).Draw(t, "act") {
	default:
		h.play(t)
	case 0, 1:
		op := rapid.SampledFrom(h.free).Draw(t, "locked input")
		s := spend{in: []tx.OutPoint{op}, outs: []int64{h.value(op) - 3000}, sequence: consensus.SequenceFinal - 1}
		if rapid.Bool().Draw(t, "relative") {
			s.sequence = uint32(rapid.IntRange(1, 4).Draw(t, "blocks old"))
		} else {
			s.lock = uint32(rapid.IntRange(199, 204).Draw(t, "from height"))
		}
		if s.outs[0] > 1000 {
			made := s.tx()
			h.all = append(h.all, made)
			if v := h.offer(made); v.Entry != nil {
				h.free = append(h.free, out(made, 0))
			}
		}
	case 2:
		if len(h.all) > 0 {
			id := rapid.SampledFrom(h.all).Draw(t, "which").ID()
			delta := rapid.Int64Range(1, 9000).Draw(t, "delta")
			h.pool.Prioritise(id, delta)
			h.deltas[id] += delta
		}
	}
}

// block connects what the pool has, some of it, and sometimes a payment that the pool
// does not know for a coin that one of its own spends.
func (h *historian) block(t *rapid.T, branch byte) {
	txs := h.some(t)
	if len(h.all) > 0 && rapid.Bool().Draw(t, "a stranger") {
		rival := rapid.SampledFrom(h.all).Draw(t, "whose coins")
		if stranger := h.rival(rival, txs); stranger != nil {
			txs = append(txs, stranger)
			h.all = append(h.all, stranger)
			h.free = append(h.free, out(stranger, 0))
		}
	}
	h.connectAll(branch, txs)
}

func (h *historian) connectAll(branch byte, txs []*tx.Tx) {
	h.connect(branch, txs...)
	h.pool.check(h.t)
	for _, t := range txs {
		delete(h.deltas, t.ID())
	}
}

// rival spends the coins of another transaction, if these are confirmed, ripe and not
// spent by the block's other transactions.
func (h *historian) rival(t *tx.Tx, others []*tx.Tx) *tx.Tx {
	spent := map[tx.OutPoint]bool{}
	for _, o := range others {
		for i := range o.Inputs {
			spent[o.Inputs[i].PrevOut] = true
		}
	}
	var in []tx.OutPoint
	for i := range t.Inputs {
		op := t.Inputs[i].PrevOut
		c := h.coins[op]
		if c == nil || spent[op] || c.Coinbase && h.tip.height+1-c.Height < consensus.CoinbaseMaturity {
			return nil
		}
		in = append(in, op)
	}
	return spend{in: in, outs: []int64{h.worth(in...) - 777}}.tx()
}

// fed is a fresh pool on the same chain that was offered the transactions in whatever
// order lets most of them in: none of them exclude each other.
func (h *historian) fed(txs map[tx.Hash]*tx.Tx) *Pool {
	fresh := newWorld(h.t, unlimited)
	fresh.tip, fresh.coins, fresh.now = h.tip, h.coins, h.now
	fresh.pool.SetTip(NewTip(h.tip, h.params))
	for id, delta := range h.deltas {
		fresh.pool.Prioritise(id, delta)
	}
	left := maps.Clone(txs)
	for before := -1; len(left) != before; {
		before = len(left)
		for id, t := range left {
			if fresh.submit(t, true).Entry != nil {
				delete(left, id)
			}
		}
	}
	fresh.pool.check(h.t)
	return fresh.pool
}

func (h *historian) compare(want *Pool) {
	h.t.Helper()
	h.pool.check(h.t)
	for _, e := range h.pool.list {
		twin := want.ByID(e.Tx.ID())
		switch {
		case twin == nil:
			h.t.Fatalf("%s is impossible, and still there", e.Tx.ID())
		case twin.Fee != e.Fee || twin.VSize != e.VSize || twin.lock != e.lock || twin.SpendsCoinbase != e.SpendsCoinbase ||
			twin.Links().Delta != e.Links().Delta || twin.Links().Ancestors != e.Links().Ancestors || twin.Links().Descendants != e.Links().Descendants:
			h.t.Fatalf("%s differs from one that came in order: %+v, want %+v", e.Tx.ID(), e, twin)
		}
	}
	if h.pool.Count() != want.Count() {
		h.t.Fatalf("%d transactions, a fresh pool has %d", h.pool.Count(), want.Count())
	}
	if h.pool.totals != want.totals || h.pool.usage != want.usage {
		h.t.Fatalf("totals %+v and usage %d, a fresh pool has %+v and %d", h.pool.totals, h.pool.usage, want.totals, want.usage)
	}
}

// Blocks come, some of them go, others come, with strangers among their transactions:
// in the end the pool is what a fresh one is that was offered what is left.
func TestConnectingAndDisconnectingLeavesThePoolAsAFreshOne(t *testing.T) {
	rounds := 15
	if os.Getenv("TROUPE_LONG") != "" {
		rounds = 1000
	}
	for range rounds {
		rapid.Check(t, func(rt *rapid.T) { comeAndGo(t, rt) })
	}
}

func comeAndGo(t *testing.T, rt *rapid.T) {
	h := newHistorian(rt, t)
	depth := rapid.IntRange(1, 5).Draw(rt, "blocks")
	for range depth {
		for range rapid.IntRange(0, 8).Draw(rt, "acts") {
			h.act(rt)
		}
		h.block(rt, 0)
	}
	for range rapid.IntRange(0, 8).Draw(rt, "acts") {
		h.act(rt)
	}
	for range rapid.IntRange(1, 3).Draw(rt, "reorganisations") {
		back := rapid.IntRange(0, depth).Draw(rt, "back")
		var returned []*tx.Tx
		for range back {
			returned = append(h.disconnect(), returned...)
		}
		fork := h.tip.height
		left := map[tx.Hash]*tx.Tx{}
		for _, e := range h.pool.list {
			left[e.Tx.ID()] = e.Tx
		}
		for _, r := range returned {
			left[r.ID()] = r
		}
		depth -= back
		for range rapid.IntRange(0, 5-depth).Draw(rt, "forth") {
			h.branch(rt, returned)
			depth++
		}
		h.settle(fork, h.unconfirmed(returned))
		h.compare(h.fed(left))
		if depth == 0 {
			break
		}
	}
}

// branch connects a block of another branch: of returned transactions, the pool's, and strangers.
func (h *historian) branch(t *rapid.T, returned []*tx.Tx) {
	var txs []*tx.Tx
	within := map[tx.OutPoint]bool{}
	for _, r := range h.unconfirmed(returned) {
		ok := rapid.Bool().Draw(t, "again")
		for i := range r.Inputs {
			op := r.Inputs[i].PrevOut
			ok = ok && (within[op] || h.coins[op] != nil)
		}
		ok = ok && h.minable(r, within)
		if ok {
			txs = append(txs, r)
			for i := range r.Outputs {
				within[out(r, i)] = true
			}
		}
	}
	if len(h.all) > 0 && rapid.Bool().Draw(t, "a stranger") {
		if s := h.rival(rapid.SampledFrom(h.all).Draw(t, "whose coins"), txs); s != nil {
			txs = append(txs, s)
			h.all = append(h.all, s)
		}
	}
	h.connectAll(byte(1+h.serial%200), txs)
	h.serial++
}

// unconfirmed are those that the chain has not.
func (h *historian) unconfirmed(txs []*tx.Tx) (list []*tx.Tx) {
	mined := map[tx.Hash]bool{}
	for l := h.tip; h.undo[l] != nil; l = l.parent {
		for _, t := range h.undo[l].block.Txs {
			mined[t.ID()] = true
		}
	}
	for _, t := range txs {
		if !mined[t.ID()] {
			list = append(list, t)
		}
	}
	return list
}

// minable tells whether the next block may have t, by its locks and coins.
func (h *historian) minable(t *tx.Tx, within map[tx.OutPoint]bool) bool {
	tip := NewTip(h.tip, h.params)
	coins := make([]consensus.Coin, len(t.Inputs))
	for i := range t.Inputs {
		op := t.Inputs[i].PrevOut
		if within[op] {
			coins[i].Height = tip.next()
			continue
		}
		coins[i] = *h.coins[op]
		if coins[i].Coinbase && tip.next()-coins[i].Height < consensus.CoinbaseMaturity {
			return false
		}
	}
	return consensus.IsFinal(t, tip.next(), tip.mtp) && consensus.SequenceLocks(t, coins, h.tip).Satisfied(tip.next(), tip.mtp)
}

func TestAReorganisationTakesOutWhatItMadeImpossible(t *testing.T) {
	w := newWorld(t)
	early := w.coinOf(one, anyoneCan, 101, true)
	w.connect(0)
	paid := w.pay(1000, w.coin(one))
	w.connect(0, paid)
	w.must(w.pay(1000, w.coinOf(one, anyoneCan, 103, true))) // ripe only now
	child := w.pay(1000, out(paid, 0))
	w.must(child)
	w.must(w.pay(1000, early))
	locked := spend{in: []tx.OutPoint{w.coin(one)}, outs: []int64{one - 1000}, sequence: 1 << 31, lock: 202}.tx()
	w.must(locked)
	fork := w.tip.height - 2
	w.disconnect()
	w.disconnect()
	// The other branch spends the coin that paid spent, so that child's is gone.
	other := spend{in: []tx.OutPoint{paid.Inputs[0].PrevOut}, outs: []int64{one - 5000}}.tx()
	w.connect(1, other)
	w.settle(fork, []*tx.Tx{paid})
	w.pool.check(t)
	if w.pool.Count() != 1 || w.pool.ByID(child.ID()) != nil || w.pool.ByID(locked.ID()) != nil {
		t.Fatalf("%d left", w.pool.Count())
	}
}

// A child came while its parent was in the pool; then the parent was mined, and the block
// gave way to one that spends the parent's coin otherwise.
func TestAChildGoesWithAParentThatAReorganisationMadeImpossible(t *testing.T) {
	w := newWorld(t)
	coin := w.coin(one)
	parent := w.pay(1000, coin)
	w.must(parent)
	w.must(w.pay(1000, out(parent, 0)))
	for range 3 {
		w.connect(0)
	}
	w.connect(0, parent)
	fork := w.tip.height - 1
	returned := w.disconnect()
	w.connect(1, spend{in: []tx.OutPoint{coin}, outs: []int64{one - 5000}}.tx())
	w.settle(fork, returned)
	w.pool.check(t)
	if w.pool.Count() != 0 {
		t.Fatalf("%d left, which spend what nobody makes", w.pool.Count())
	}
}

// Two of those that go have a child together and each a parent that stays.
func TestADiamondThatGoesLeavesTheSumsOfThoseThatStayRight(t *testing.T) {
	w := newWorld(t)
	left, right := w.pay(1000, w.coin(one)), w.pay(1000, w.coin(one))
	coin := w.coin(one)
	root := spend{in: []tx.OutPoint{coin}, outs: []int64{one / 4, one / 4}}.tx()
	for _, t := range []*tx.Tx{left, right, root} {
		w.must(t)
	}
	a, b := w.pay(1000, out(root, 0), out(left, 0)), w.pay(1000, out(root, 1), out(right, 0))
	w.must(a)
	w.must(b)
	w.must(w.pay(1000, out(a, 0), out(b, 0)))
	w.connect(0, spend{in: []tx.OutPoint{coin}, outs: []int64{one - 5000}}.tx())
	w.pool.check(t)
	if w.pool.Count() != 2 {
		t.Fatalf("%d left of two", w.pool.Count())
	}
}
