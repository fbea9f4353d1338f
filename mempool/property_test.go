package mempool

import (
	"testing"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/mining"
	"github.com/troupe-node/troupe/tx"
	"pgregory.net/rapid"
)

// player does random things to a pool.
type player struct {
	*world
	free []tx.OutPoint // coins and outputs that may be spent, or conflict
	all  []*tx.Tx
	// plain leaves out version 3: a block that goes may give a parent back to more children
	// than its rules allow, which no order of coming would.
	plain bool
}

func newPlayer(t testing.TB, policy ...func(*Policy)) *player {
	p := &player{world: newWorld(t, policy...)}
	for range 12 {
		p.free = append(p.free, p.coin(one))
	}
	return p
}

func (p *player) value(op tx.OutPoint) int64 {
	if c := p.coins[op]; c != nil {
		return c.Output.Value
	}
	for _, t := range p.all {
		if t.ID() == op.Hash {
			return t.Outputs[op.Index].Value
		}
	}
	return 0
}

// make draws a transaction.
func (p *player) make(t *rapid.T) *tx.Tx {
	seen := map[tx.OutPoint]bool{}
	var in []tx.OutPoint
	sum := int64(0)
	for range rapid.IntRange(1, 3).Draw(t, "inputs") {
		op := rapid.SampledFrom(p.free).Draw(t, "input")
		if !seen[op] {
			seen[op] = true
			in = append(in, op)
			sum += p.value(op)
		}
	}
	version := uint32(2)
	if !p.plain && rapid.IntRange(0, 5).Draw(t, "version") == 0 {
		version = 3
	}
	fee := rapid.Int64Range(0, 20_000).Draw(t, "fee")
	outs := make([]int64, rapid.IntRange(1, 3).Draw(t, "outputs"))
	for i := range outs {
		outs[i] = (sum - fee) / int64(len(outs))
	}
	if len(in) == 0 || outs[0] < 1000 {
		return p.pay(5000, p.coin(one))
	}
	return spend{version: version, in: in, outs: outs, pad: rapid.IntRange(0, 80).Draw(t, "pad")}.tx()
}

func (p *player) play(t *rapid.T) {
	made := p.make(t)
	p.all = append(p.all, made)
	if v := p.offer(made); v.Entry != nil {
		for i := range made.Outputs {
			p.free = append(p.free, out(made, i))
		}
	}
}

// some draws entries whose ancestors are drawn, too: what a block may hold.
func (p *player) some(t *rapid.T) (txs []*tx.Tx) {
	chosen := map[*Entry]bool{}
	for _, x := range p.pool.Candidates().sorted() {
		ok := rapid.Bool().Draw(t, "in block")
		for _, q := range x.l.Parents {
			ok = ok && chosen[q]
		}
		if ok {
			chosen[x.e] = true
			txs = append(txs, x.e.Tx)
		}
	}
	return txs
}

func TestSumsAreRightWhateverHappens(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p := newPlayer(t, func(policy *Policy) {
			policy.AncestorCount, policy.DescendantCount = 6, 6
			policy.MaxBytes = rapid.Int64Range(8_000, 60_000).Draw(rt, "room")
		})
		for range rapid.IntRange(1, 60).Draw(rt, "steps") {
			switch rapid.IntRange(0, 11).Draw(rt, "step") {
			default:
				p.play(rt)
			case 0:
				if len(p.all) > 0 {
					id := rapid.SampledFrom(p.all).Draw(rt, "which").ID()
					p.pool.Prioritise(id, rapid.Int64Range(-9000, 9000).Draw(rt, "delta"))
				}
			case 1:
				p.connect(0, p.some(rt)...)
			case 2:
				if p.undo[p.tip] != nil {
					fork := p.tip.height - 1
					returned := p.disconnect()
					p.settle(fork, returned)
				}
			case 3:
				p.now += rapid.Int64Range(0, 400_000).Draw(rt, "seconds")
				p.pool.Expire(p.now)
			}
			p.pool.check(t)
			if p.pool.usage > p.pool.policy.MaxBytes {
				p.pool.TrimToSize()
				p.pool.check(t)
				if p.pool.usage > p.pool.policy.MaxBytes {
					t.Fatal("larger than its limit")
				}
			}
		}
	})
}

func TestATemplateOfThePoolIsAValidBlock(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p := newPlayer(t)
		for range rapid.IntRange(0, 40).Draw(rt, "steps") {
			p.play(rt)
			if rapid.IntRange(0, 9).Draw(rt, "block") == 0 {
				p.connect(0, p.some(rt)...)
			}
		}
		job := mining.Job{Params: p.params, Prev: p.tip, Now: p.now, PayTo: anyoneCan}
		limits := mining.DefaultLimits()
		limits.MinFeePerKVB = rapid.Int64Range(0, 30_000).Draw(rt, "least")
		job.Choose(p.pool.Candidates().Build(), limits)
		block := mining.Assemble(job).Block
		if err := consensus.CheckUnsolvedBlock(block); err != nil {
			t.Fatal(err)
		}
		if err := consensus.CheckBlockContext(block, p.tip, p.params); err != nil {
			t.Fatal(err)
		}
		connected, err := consensus.ConnectBlock(block, p.tip, coinsOf{p.world}, p.params)
		if err != nil {
			t.Fatal(err)
		}
		if connected.Fees != job.Fees {
			t.Fatalf("fees %d, said to be %d", connected.Fees, job.Fees)
		}
	})
}

type coinsOf struct{ w *world }

// Coin makes the world a consensus.CoinSource.
func (c coinsOf) Coin(op tx.OutPoint) (*consensus.Coin, error) { return c.w.coins[op], nil }
