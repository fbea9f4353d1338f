package mempool

import (
	"crypto/sha256"
	"encoding/binary"
	"testing"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/tx"
)

// link is a header of a chain that grows by hand.
type link struct {
	height int32
	time   uint32
	branch byte
	parent *link
}

func (l *link) Height() int32  { return l.height }
func (l *link) Version() int32 { return 0x20000000 }
func (l *link) Time() uint32   { return l.time }
func (l *link) Bits() uint32   { return 0x207fffff }

func (l *link) Hash() (h tx.Hash) {
	binary.LittleEndian.PutUint32(h[:], uint32(l.height))
	h[31] = l.branch
	return h
}

func (l *link) Parent() consensus.Ancestry { return l.Ancestor(l.height - 1) }

func (l *link) Ancestor(height int32) consensus.Ancestry {
	if height < 0 || height > l.height {
		return nil
	}
	for l.height > height {
		l = l.parent
	}
	return l
}

func (l *link) child(branch byte) *link {
	return &link{height: l.height + 1, time: l.time + 600, branch: branch, parent: l}
}

// anyone may spend what is locked by the hash of this script.
var (
	opTrue    = []byte{script.OP_1}
	wsh       = sha256.Sum256(opTrue)
	anyoneCan = script.PayToWitness(0, wsh[:])
)

// world is a chain with coins and a pool on top.
type world struct {
	t      testing.TB
	params *consensus.Params
	tip    *link
	coins  map[tx.OutPoint]*consensus.Coin
	undo   map[*link]*undo
	pool   *Pool
	now    int64
	serial uint64
	batch  uint64 // of what comes back to the pool
}

type undo struct {
	block *tx.Block
	spent map[tx.OutPoint]*consensus.Coin
}

func newWorld(t testing.TB, change ...func(*Policy)) *world {
	t.Helper()
	params, err := consensus.ParamsFor("regtest")
	if err != nil {
		t.Fatal(err)
	}
	tip := &link{time: 1_600_000_000}
	for range 200 {
		tip = tip.child(0)
	}
	w := &world{t: t, params: params, tip: tip, coins: map[tx.OutPoint]*consensus.Coin{}, undo: map[*link]*undo{}, now: int64(tip.time) + 60}
	policy := DefaultPolicy()
	for _, f := range change {
		f(&policy)
	}
	w.pool = New(policy, NewTip(tip, params))
	return w
}

// Coins is the chain's view.
func (w *world) Coins(ops []tx.OutPoint) ([]*consensus.Coin, error) {
	list := make([]*consensus.Coin, len(ops))
	for i, op := range ops {
		list[i] = w.coins[op]
	}
	return list, nil
}

// coin makes a confirmed coin that anyone can spend.
func (w *world) coin(value int64) tx.OutPoint { return w.coinOf(value, anyoneCan, 1, false) }

func (w *world) coinOf(value int64, pkScript []byte, height int32, coinbase bool) tx.OutPoint {
	w.serial++
	var op tx.OutPoint
	binary.LittleEndian.PutUint64(op.Hash[8:], w.serial)
	op.Hash[0] = 0xcc
	w.coins[op] = &consensus.Coin{Output: tx.Output{Value: value, PkScript: pkScript}, Height: height, Coinbase: coinbase}
	return op
}

// spend describes a transaction; zero fields have what is usual.
type spend struct {
	version  uint32
	in       []tx.OutPoint
	sequence uint32
	outs     []int64
	lock     uint32
	pad      int // bytes of a data output
}

const one = 100_000_000

func (s spend) tx() *tx.Tx {
	if s.version == 0 {
		s.version = 2
	}
	if s.sequence == 0 {
		s.sequence = consensus.SequenceFinal
	}
	var ins []tx.Input
	for _, op := range s.in {
		ins = append(ins, tx.Input{PrevOut: op, Sequence: s.sequence, Witness: [][]byte{opTrue}})
	}
	var outs []tx.Output
	for _, v := range s.outs {
		outs = append(outs, tx.Output{Value: v, PkScript: anyoneCan})
	}
	if s.pad > 0 {
		outs = append(outs, tx.Output{PkScript: append([]byte{script.OP_RETURN}, make([]byte, s.pad)...)})
	}
	return tx.New(s.version, ins, outs, s.lock)
}

func out(t *tx.Tx, i int) tx.OutPoint { return tx.OutPoint{Hash: t.ID(), Index: uint32(i)} }

// pay spends coins to one output and leaves a fee.
func (w *world) pay(fee int64, in ...tx.OutPoint) *tx.Tx {
	return spend{in: in, outs: []int64{w.worth(in...) - fee}}.tx()
}

// worth is the value of outputs, confirmed or in the pool.
func (w *world) worth(ops ...tx.OutPoint) (sum int64) {
	w.t.Helper()
	for _, op := range ops {
		if c := w.coins[op]; c != nil {
			sum += c.Output.Value
		} else if e := w.pool.ByID(op.Hash); e != nil {
			sum += e.Tx.Outputs[op.Index].Value
		} else {
			w.t.Fatalf("there is no output %s", op)
		}
	}
	return sum
}

func (w *world) offer(t *tx.Tx) Verdict { return w.submit(t, false) }

func (w *world) submit(t *tx.Tx, bypass bool) Verdict {
	w.t.Helper()
	for {
		a, r := w.pool.Prepare(t, w.now, bypass)
		if r != nil {
			return Verdict{Reject: r}
		}
		if bypass {
			a.Batch = w.batch
		}
		if err := a.Check(w, nil); err != nil {
			w.t.Fatal(err)
		}
		if !w.pool.Stale(a, w.now) {
			return w.pool.Finish(a, w.now)
		}
	}
}

// must offers what has to be accepted.
func (w *world) must(t *tx.Tx) *Entry {
	w.t.Helper()
	v := w.offer(t)
	if v.Reject != nil {
		w.t.Fatalf("refused: %v", v.Reject)
	}
	return v.Entry
}

// chain accepts n transactions, each spending the one before.
func (w *world) chain(n int, from tx.OutPoint) (list []*tx.Tx) {
	w.t.Helper()
	for range n {
		t := w.pay(1000, from)
		w.must(t)
		list = append(list, t)
		from = out(t, 0)
	}
	return list
}

// connect mines transactions on the tip.
func (w *world) connect(branch byte, txs ...*tx.Tx) *tx.Block {
	w.tip = w.tip.child(branch)
	u := &undo{spent: map[tx.OutPoint]*consensus.Coin{}}
	coinbase := tx.New(1, []tx.Input{{PrevOut: tx.OutPoint{Index: tx.NullIndex}, ScriptSig: consensus.AppendHeight(nil, w.tip.height)}},
		[]tx.Output{{Value: 50 * one, PkScript: append([]byte{branch}, anyoneCan...)}}, 0)
	u.block = tx.NewBlock(tx.Header{}, append([]*tx.Tx{coinbase}, txs...))
	for _, t := range u.block.Txs {
		for i := range t.Inputs {
			op := t.Inputs[i].PrevOut
			if c := w.coins[op]; c != nil {
				u.spent[op] = c
				delete(w.coins, op)
			}
		}
		for i := range t.Outputs {
			w.coins[out(t, i)] = &consensus.Coin{Output: t.Outputs[i], Height: w.tip.height, Coinbase: t == coinbase}
		}
	}
	w.undo[w.tip] = u
	w.pool.BlockConnected(u.block, w.now)
	w.pool.SetTip(NewTip(w.tip, w.params))
	return u.block
}

// disconnect takes the tip back and returns its transactions; the pool is told
// by reorg.
func (w *world) disconnect() []*tx.Tx {
	u := w.undo[w.tip]
	for i := len(u.block.Txs) - 1; i >= 0; i-- {
		t := u.block.Txs[i]
		for j := range t.Outputs {
			delete(w.coins, out(t, j))
		}
	}
	for op, c := range u.spent {
		if c.Height < w.tip.height {
			w.coins[op] = c
		}
	}
	w.tip = w.tip.parent
	return u.block.Txs[1:]
}

// settle ends a reorganisation that went down to a fork: what was confirmed is
// offered again, and what became impossible goes.
func (w *world) settle(fork int32, returned []*tx.Tx) {
	w.t.Helper()
	w.pool.SetTip(NewTip(w.tip, w.params))
	w.batch++
	for _, t := range returned {
		w.submit(t, true)
	}
	d := w.pool.Doubts(fork)
	if err := d.Look(w.pool.View(w.now), w); err != nil {
		w.t.Fatal(err)
	}
	w.pool.Settle(d)
}

func sha(b []byte) [32]byte { return sha256.Sum256(b) }
