package chainstate

import (
	"errors"
	"testing"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// repeatedChain is what happened on main net at 91722 and 91880: "repeat" has
// the very coinbase of "older", two blocks below, before BIP34 made that
// impossible. "other" is a longer branch from below both.
func repeatedChain(t *testing.T) (mk *maker, blocks []*tx.Block, p *consensus.Params) {
	t.Helper()
	before34 := consensus.WithActivationHeight("bip34@1000")
	mk = newMaker(t, regtest(t, before34))
	blocks = mk.chain("a", "genesis", 2)
	older := mk.block("older", "a2", blockOption{})
	between := mk.block("between", "older", blockOption{})
	repeat := mk.block("repeat", "between", blockOption{coinbase: older.Txs[0]})
	p = regtest(t, before34, consensus.WithBIP30Repeat(older.Hash(), repeat.Hash(), 3, 5))
	return mk, append(blocks, older, between, repeat), p
}

func TestARepeatedCoinbaseIsConnectedAndTakenBackAsOnMainNet(t *testing.T) {
	mk, blocks, p := repeatedChain(t)
	for _, step := range []int{1, defaultStepCoins} {
		r := newRig(t, p, Options{StepCoins: step})
		r.addAll(blocks)
		snap := r.published
		if snap.Tip().Hash() != mk.get("repeat").Hash() {
			t.Fatalf("tip is %s: %+v", r.tip(), r.verdicts)
		}
		coin, err := snap.Coin(mk.reward("older"))
		if err != nil || coin == nil || coin.Height != 5 {
			t.Fatalf("the coin is the newer one's: %+v, %v", coin, err)
		}
		before := r.coinHash()

		// Taking both back finds the older one's coin gone, and nothing else.
		other := mk.chain("other", "a2", 4)
		r.addAll(other)
		if r.err != nil || r.published.Tip().Hash() != mk.get("other4").Hash() {
			t.Fatalf("tip is %s: %v", r.tip(), r.err)
		}
		fresh := newRig(t, p, Options{})
		fresh.addAll(append(mk.chain("a", "genesis", 2), other...))
		if got, want := r.coinHash(), fresh.coinHash(); got != want {
			t.Fatalf("coins %s after the reorganisation, %s without the repeated coinbase", got, want)
		}

		// And back again.
		r.addAll(mk.chain("more", "repeat", 2))
		if err := r.m.Invalidate(mk.get("more1").Hash()); err != nil {
			t.Fatal(err)
		}
		r.run()
		if err := r.m.Invalidate(mk.get("other1").Hash()); err != nil {
			t.Fatal(err)
		}
		r.run()
		if r.published.Tip().Hash() != mk.get("repeat").Hash() || r.coinHash() != before {
			t.Fatalf("at %s with coins %s, want %s", r.tip(), r.coinHash(), before)
		}
	}
}

func TestAnyOtherRepeatedCoinbaseIsRefused(t *testing.T) {
	mk, blocks, _ := repeatedChain(t)
	r := newRig(t, mk.params, Options{})
	r.addAll(blocks)
	if v := r.verdicts[len(r.verdicts)-1]; !errors.Is(v.Err, consensus.ErrOverwrite) {
		t.Fatalf("%s %v", v.Outcome, v.Err)
	}
	if r.published.Tip().Hash() != mk.get("between").Hash() {
		t.Fatalf("tip is %s", r.tip())
	}
}

// Where BIP34 binds every block, a repeated transaction spends coins that are gone; the rule
// that Core names is still the one about its outputs.
func TestARepeatedTransactionIsRefusedByTheRuleThatCoreNames(t *testing.T) {
	mk := newMaker(t, regtest(t))
	r := newRig(t, mk.params, Options{})
	r.addAll(mk.chain("base", "genesis", 101))
	pay := spend([]tx.OutPoint{mk.reward("base1")}, 1000, opTrue)
	r.addAll([]*tx.Block{mk.block("first", "base101", blockOption{txs: []*tx.Tx{pay}})})
	r.addAll([]*tx.Block{mk.block("again", "first", blockOption{txs: []*tx.Tx{pay}})})
	if v := r.verdicts[len(r.verdicts)-1]; !errors.Is(v.Err, consensus.ErrOverwrite) {
		t.Fatalf("%s %v", v.Outcome, v.Err)
	}
}
