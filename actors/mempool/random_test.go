package mempool

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/forge"
	"github.com/troupe-node/troupe/mempool/estimate"
	"github.com/troupe-node/troupe/mining"
	"github.com/troupe-node/troupe/tx"
)

// Transactions come from several peers in any order, families and conflicts among them,
// while blocks come on several branches, valid ones and others, and checks take their time:
// whenever it is quiet, the pool stands on the tip, and what it offers is a valid block.
func TestWhateverComesATemplateIsAValidBlock(t *testing.T) {
	seeds := 6
	if os.Getenv("TROUPE_LONG") != "" {
		seeds = 1000
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := newWeather(t, uint64(seed))
			w.blow(80)
			w.calm()
			t.Logf("%d reorganisations, %d in the pool", w.reorganised, w.board.Pool().Count())
		})
	}
}

// weather makes things happen at random.
type weather struct {
	*stage
	rand        *rand.Rand
	made        []*tx.Tx
	ours        map[tx.Hash]bool // made
	branches    []*branch
	forks       uint64
	reorganised int
}

func newWeather(t *testing.T, seed uint64) *weather {
	s := newStage(t, func(d *Deps) { d.AtOnce = 3 })
	w := &weather{stage: s, rand: rand.New(rand.NewPCG(seed, 1)), ours: map[tx.Hash]bool{}}
	w.branches = []*branch{{chain: s.chain, mined: map[tx.Hash]bool{}, spent: map[tx.OutPoint]bool{}}}
	for range 12 {
		coin, ok := s.chain.Coin()
		if !ok {
			t.Fatal("no coin is left")
		}
		w.family(coin, 8)
	}
	return w
}

// family makes transactions that descend from a coin, some of which spend what others do.
func (w *weather) family(coin forge.Coin, n int) {
	coins := []forge.Coin{coin}
	for range n {
		plan := forge.Spend{Sequence: forge.SequenceRBF}
		value := int64(0)
		for range 1 + w.rand.IntN(2) {
			at := w.rand.IntN(len(coins))
			c := coins[at]
			if slices.Contains(plan.Coins, c) {
				continue
			}
			plan.Coins = append(plan.Coins, c)
			value += c.Value
			if w.rand.IntN(4) > 0 && len(coins) > 1 {
				coins = slices.Delete(coins, at, at+1)
			}
		}
		value -= 300 + w.rand.Int64N(5000)
		for _, share := range []int64{value / 3, value - value/3} {
			plan.Pays = append(plan.Pays, forge.Pay{Value: share, Key: w.forge.Key(w.rand.Uint64N(100)), Kind: forge.P2WPKH})
		}
		t := plan.Sign()
		w.made = append(w.made, t)
		w.ours[t.ID()] = true
		for i, pay := range plan.Pays {
			coins = append(coins, forge.Coin{OutPoint: tx.OutPoint{Hash: t.ID(), Index: uint32(i)}, Value: pay.Value, Key: pay.Key, Kind: pay.Kind})
		}
	}
}

func (w *weather) blow(steps int) {
	w.t.Helper()
	for range steps {
		switch n := w.rand.IntN(10); {
		case n < 5:
			w.offer()
		case n < 6:
			w.verify.hold = !w.verify.hold
		case n < 9:
			w.block()
		default:
			w.sim.Advance(time.Duration(w.rand.IntN(5000)) * time.Millisecond)
		}
		if w.rand.IntN(3) == 0 {
			w.sim.Settle()
			w.release(w.rand.IntN(2) == 0)
			w.check()
		}
	}
}

// offer sends a run of transactions over one connection.
func (w *weather) offer() {
	at := w.rand.IntN(len(w.made))
	list := slices.Clone(w.made[at:min(len(w.made), at+1+w.rand.IntN(12))])
	if w.rand.IntN(3) == 0 {
		w.rand.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	}
	m := &send{}
	for _, t := range list {
		m.list = append(m.list, &msg.SubmitTx{Tx: t, Peer: msg.PeerID(1 + w.rand.IntN(3))})
	}
	w.cast.TxFetch().Post(m)
}

// branch is a chain and what its blocks have made and spent of ours.
type branch struct {
	chain *forge.Chain
	mined map[tx.Hash]bool
	spent map[tx.OutPoint]bool
}

func (b *branch) clone() *branch {
	chain := *b.chain
	return &branch{&chain, maps.Clone(b.mined), maps.Clone(b.spent)}
}

// takes mines a transaction if what it spends is there.
func (b *branch) takes(t *tx.Tx, ours map[tx.Hash]bool) bool {
	for i := range t.Inputs {
		op := t.Inputs[i].PrevOut
		if b.spent[op] || ours[op.Hash] && !b.mined[op.Hash] {
			return false
		}
	}
	b.mined[t.ID()] = true
	for i := range t.Inputs {
		b.spent[t.Inputs[i].PrevOut] = true
	}
	return true
}

// block comes on one of the branches, or begins another one. Now and then it breaks a rule,
// and nobody builds on it.
func (w *weather) block() {
	i := w.rand.IntN(len(w.branches))
	on := w.branches[i].clone()
	if w.rand.IntN(4) == 0 {
		w.forks++
		on.chain = on.chain.Fork(w.forks)
		w.branches = append(w.branches, on)
		if i = len(w.branches) - 1; i == 3 {
			w.branches = w.branches[1:]
			i--
		}
	}
	var txs []*tx.Tx
	good := true
	for _, t := range w.made {
		if w.rand.IntN(8) > 0 {
			continue
		}
		switch {
		case on.takes(t, w.ours):
			txs = append(txs, t)
		case w.rand.IntN(100) == 0:
			txs, good = append(txs, t), false
		}
	}
	old := w.board.Tip().Tip()
	on.chain.SetTime(max(on.chain.Time()+1, uint32(w.sim.Now().Unix()))) // of now, so that fees are learned
	w.add(w.mint(on.chain, txs...))
	if now := w.board.Tip(); !now.Contains(old) {
		w.reorganised++
	}
	if good {
		w.branches[i] = on
	}
}

// calm mines all that is left. Then nothing of what came and went, on whatever branch, may
// count as waiting in the estimates.
func (w *weather) calm() {
	w.t.Helper()
	w.verify.hold = false
	for w.sim.Settle(); len(w.verify.held) > 0; w.sim.Settle() {
		w.release(false)
	}
	w.check()
	tip := w.board.Tip().Tip()
	job := mining.Job{Params: w.board.Params, Prev: tip, Now: w.sim.Now().Unix(), PayTo: []byte{0x51}}
	job.Choose(ask[*msg.TxsPicked](w.stage, &msg.PickTxs{}).Picks.Build(), mining.DefaultLimits())
	block, _ := mining.GrindAll(mining.Assemble(job), 1<<20, 1, func() bool { return false })
	w.add(block)
	w.sim.Settle()
	if n := w.board.Pool().Count(); n != 0 || w.board.Tip().Tip().Hash() != block.Hash() {
		w.t.Fatalf("%d in the pool after all were mined", n)
	}
	all := ask[*msg.RawFeeEstimated](w.stage, &msg.EstimateRawFee{Blocks: 1, Share: 0.5}).Horizons[estimate.Long].Fail
	if all.From != 0 || all.To < 1e9 {
		w.t.Fatalf("so many were counted that the records tell something: %+v", all)
	}
	if all.Waiting != 0 {
		w.t.Errorf("%v wait in an empty pool: %+v", all.Waiting, all)
	}
	w.t.Logf("fees: %+v", all)
}

// check builds a template and connects it.
func (w *weather) check() {
	w.t.Helper()
	tip := w.board.Tip()
	picked := ask[*msg.TxsPicked](w.stage, &msg.PickTxs{})
	if picked.Tip != tip.Tip().Hash() {
		if w.verify.hold {
			return // what comes back waits for its check
		}
		w.t.Fatalf("the pool stands on %s, the tip is %s", picked.Tip, tip.Tip().Hash())
	}
	if view := w.board.Pool(); view.Tip() != picked.Tip {
		w.t.Fatalf("the view stands on %s, the pool on %s", view.Tip(), picked.Tip)
	}
	job := mining.Job{Params: w.board.Params, Prev: tip.Tip(), Now: w.sim.Now().Unix(), PayTo: []byte{0x51}}
	job.Choose(picked.Picks.Build(), mining.DefaultLimits())
	block := mining.Assemble(job).Block
	if err := consensus.CheckUnsolvedBlock(block); err != nil {
		w.t.Fatal(err)
	}
	connected, err := consensus.ConnectBlock(block, tip.Tip(), tip, w.board.Params)
	if err != nil {
		w.t.Fatalf("a template of %d transactions: %v", len(block.Txs)-1, err)
	}
	if connected.Fees != job.Fees {
		w.t.Fatalf("fees %d, said to be %d", connected.Fees, job.Fees)
	}
	if n := w.board.Pool().Count(); n != len(job.Txs) {
		w.t.Fatalf("%d in the pool, %d chosen into a block with room for all", n, len(job.Txs))
	}
}
