package chainstate

import (
	"errors"
	"testing"

	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// torn is a store whose readings fail while broken is set.
type torn struct {
	*chainstore.Memory
	broken bool
}

var errDisk = errors.New("the disk is on fire")

func (s *torn) Snapshot() (*chainstore.Snapshot, error) {
	if s.broken {
		return nil, errDisk
	}
	return s.Memory.Snapshot()
}

func TestAFailureOfTheStoreStopsTheMachineAndBlamesNoBlock(t *testing.T) {
	for _, c := range []struct {
		what string
		load int
	}{{"read by the machine", -1}, {"read by a worker", 1}} {
		t.Run(c.what, func(t *testing.T) {
			mk := newMaker(t, regtest(t))
			base := mk.chain("base", "genesis", 103)
			b := mk.block("b", "base103", blockOption{txs: []*tx.Tx{
				spend([]tx.OutPoint{mk.reward("base1")}, 9, opTrue), spend([]tx.OutPoint{mk.reward("base2")}, 9, opTrue)}})
			r := newRig(t, mk.params, Options{LoadAbove: c.load})
			r.addAll(base)
			r.flush()
			// A new machine has an empty cache: it must read.
			r.m.Close()
			store := &torn{Memory: r.store.(*chainstore.Memory)}
			m, err := Open(mk.params, store, r.now, r.opts)
			if err != nil {
				t.Fatal(err)
			}
			r.m = m
			store.broken = true
			m.AddBlock(r.now, b, Submission{Requested: true, Origin: 9})
			var seen Ready
			for range 4 {
				rd := m.Ready()
				for _, l := range rd.Loads {
					l.Run(store)
					m.Loaded(l)
				}
				seen.Verdicts = append(seen.Verdicts, rd.Verdicts...)
				seen.Err = rd.Err
			}
			if !errors.Is(seen.Err, errDisk) {
				t.Fatalf("stopped with %v", seen.Err)
			}
			if len(seen.Verdicts) != 1 || seen.Verdicts[0].Outcome != Failed || seen.Verdicts[0].Origin != 9 ||
				seen.Verdicts[0].Result() != consensus.Internal {
				t.Fatalf("verdicts %+v", seen.Verdicts)
			}
			if m.Index().Get(b.Hash()).Failed() {
				t.Fatal("the block was marked for a failure of ours")
			}
			if _, err := m.AddHeaders(r.now, nil); !errors.Is(err, errDisk) {
				t.Fatalf("a stopped machine takes headers: %v", err)
			}
			// A restart goes on where the last commit was, and the block is fine.
			store.broken = false
			r.open()
			r.add(b, Submission{Requested: true})
			if r.published.Tip().Hash() != b.Hash() {
				t.Fatalf("tip is %s after a restart: %v", r.tip(), r.err)
			}
		})
	}
}

func TestAMutatedBlockLeavesItsHeaderUnharmed(t *testing.T) {
	mk := newMaker(t, regtest(t))
	base := mk.chain("base", "genesis", 103)
	good := mk.block("b", "base103", blockOption{txs: []*tx.Tx{spend([]tx.OutPoint{mk.reward("base1")}, 9, opTrue)}})
	// A witness that nothing commits to: bad only in its place in the chain.
	in := append([]tx.Input(nil), good.Txs[1].Inputs...)
	in[0].Witness = [][]byte{{1}}
	padded := tx.NewBlock(good.Header, []*tx.Tx{good.Txs[0], tx.New(2, in, good.Txs[1].Outputs, 0)})
	r := newRig(t, mk.params, Options{})
	r.addAll(base)
	r.add(padded, Submission{Requested: true})
	v := r.verdicts[len(r.verdicts)-1]
	if v.Outcome != Refused || v.Result() != consensus.Mutated || !errors.Is(v.Err, consensus.ErrUnexpectedWitness) {
		t.Fatalf("padded block: %s %v", v.Outcome, v.Err)
	}
	r.add(good, Submission{Requested: true})
	if r.published.Tip().Hash() != good.Hash() {
		t.Fatalf("the good block is refused after the mutated one: %+v", r.verdicts[len(r.verdicts)-1])
	}
}

func TestWritesMustBeReportedInOrder(t *testing.T) {
	mk := newMaker(t, regtest(t))
	r := newRig(t, mk.params, Options{})
	r.m.Committed(77)
	r.run()
	if r.err == nil {
		t.Fatal("a write that was never given out was taken for done")
	}
}

func TestAStoreOfAnotherNetworkIsRefused(t *testing.T) {
	mk := newMaker(t, regtest(t))
	r := newRig(t, mk.params, Options{})
	r.flush()
	p, err := consensus.ParamsFor("signet")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(p, r.store, r.now, Options{}); !errors.Is(err, chainstore.ErrNetwork) {
		t.Fatalf("opened a regtest store as signet: %v", err)
	}
}

func TestWhatFailedIsRememberedOverARestart(t *testing.T) {
	mk := newMaker(t, regtest(t))
	r := newRig(t, mk.params, Options{})
	r.addAll(mk.chain("a", "genesis", 3))
	bad := mk.block("bad", "a3", blockOption{extra: 1})
	r.add(bad, Submission{Requested: true})
	if err := r.m.Invalidate(mk.get("a2").Hash()); err != nil {
		t.Fatal(err)
	}
	r.run()
	r.flush()
	r.crash()
	if r.published.Tip().Hash() != mk.get("a1").Hash() || !r.m.Index().Get(bad.Hash()).Failed() || r.published.BestHeader() != r.published.Tip() {
		t.Fatalf("after a restart the tip is %s", r.tip())
	}
}

// TestARepeatedCoinbaseReplacesTheOlderCoin is what happened in blocks 91842
// and 91880 of main net, before BIP30: the older coin is overwritten, and once
// the newer one is spent none is left, not even when the older one was in the
// store already.
func TestARepeatedCoinbaseReplacesTheOlderCoin(t *testing.T) {
	mk := newMaker(t, regtest(t))
	r := newRig(t, mk.params, Options{})
	r.addAll(mk.chain("a", "genesis", 2))
	op := mk.reward("a1")
	newer := consensus.Coin{Output: mk.get("a1").Txs[0].Outputs[0], Height: 2, Coinbase: true}
	connect := &step{node: r.m.connected, connect: true}
	connect.coins.changes = []chainstore.CoinChange{{OutPoint: op, Coin: &newer}}
	if err := r.m.mergeCoins(connect); err != nil {
		t.Fatal(err)
	}
	if coin, ok, err := r.m.cache.Get(op); !ok || err != nil || coin.Height != 2 {
		t.Fatalf("coin %+v, %v, %v", coin, ok, err)
	}
	spent := &step{node: r.m.connected, connect: true}
	spent.coins.changes = []chainstore.CoinChange{{OutPoint: op}}
	if err := r.m.mergeCoins(spent); err != nil {
		t.Fatal(err)
	}
	if err := r.store.Commit(&chainstore.Commit{Tip: r.m.connected.hash, Layer: r.m.cache.Freeze()}); err != nil {
		t.Fatal(err)
	}
	snap, err := r.store.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	defer snap.Release()
	if coin, err := snap.Coin(op); coin != nil || err != nil {
		t.Fatalf("the older coin came back: %+v, %v", coin, err)
	}
}
