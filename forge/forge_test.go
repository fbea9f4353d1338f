package forge

import (
	"crypto/sha256"
	"encoding/hex"
	"runtime"
	"sync"
	"testing"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/tx"
)

func regtest(t testing.TB) *consensus.Params {
	t.Helper()
	p, err := consensus.ParamsFor("regtest")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func newForge(t testing.TB, seed string) *Forge {
	t.Helper()
	f, err := New(seed, regtest(t))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// grow sets up a chain with coins, its blocks validated by a ledger.
func grow(t testing.TB, seed string, coins int, mix Mix) (*Chain, *ledger) {
	t.Helper()
	f := newForge(t, seed)
	c, l := f.Chain(mix), newLedger(t, f.Params())
	for b := range c.Setup(coins) {
		l.add(b)
	}
	if c.Spendable() < coins {
		t.Fatalf("%d coins of %d", c.Spendable(), coins)
	}
	return c, l
}

func TestEveryForgedBlockIsValid(t *testing.T) {
	c, l := grow(t, "valid", 300, DefaultMix)
	for b, err := range c.Blocks(1000, 120) {
		if err != nil {
			t.Fatal(err)
		}
		l.add(b)
	}
	for b := range c.Empty(3) {
		l.add(b)
	}
	// 100 to mature, one fan-out, nine of payments, three empty.
	if c.Height() != 113 || c.Tip() != l.chain[113].hash || c.Time() != l.chain[113].header.Time {
		t.Errorf("the chain believes to be at %d, %s", c.Height(), c.Tip())
	}
	if l.inputs != 1001 {
		t.Errorf("%d inputs verified", l.inputs)
	}
	if c.Spendable() != 300 {
		t.Errorf("%d coins left of 300: payments must keep their number", c.Spendable())
	}
}

func TestInputsFollowTheMix(t *testing.T) {
	c, _ := grow(t, "mix", 2000, DefaultMix)
	var count [kindCount]int
	for _, s := range c.Plan(2000) {
		count[s.Coins[0].Kind]++
	}
	for kind, share := range DefaultMix {
		if got := count[kind]; got < int(share)*20*8/10 || got > int(share)*20*12/10 {
			t.Errorf("%s: %d of 2000, want about %d", Kind(kind), got, share*20)
		}
	}
	if kind := new(Mix).draw(new(dice)); kind != P2WPKH {
		t.Errorf("a mix of nothing draws %s", kind)
	}
}

// fingerprint hashes all bytes of a small chain with everything on it.
func fingerprint(t *testing.T, seed string) string {
	t.Helper()
	h := sha256.New()
	f := newForge(t, seed)
	c := f.Chain(DefaultMix)
	for b := range c.Setup(50) {
		h.Write(b.Bytes())
	}
	for b, err := range c.Blocks(100, 40) {
		if err != nil {
			t.Fatal(err)
		}
		h.Write(b.Bytes())
	}
	coin, _ := c.Coin()
	for _, t := range append(f.Descendants(coin, 5, 1), f.Conflicts(coin, 3, 2)...) {
		h.Write(t.Bytes())
	}
	return hex.EncodeToString(h.Sum(nil))
}

func TestTheSameSeedGivesTheSameBytes(t *testing.T) {
	// Pinned, so that both builds and all machines agree. Whoever changes it
	// changes what every recorded seed means.
	const pinned = "a6bd0d17558377bf2a3e51d7cad4cfa3ace48a5e9452843ba632a4c879b43241"
	if got := fingerprint(t, "pinned"); got != pinned {
		t.Errorf("seed %q gives %s", "pinned", got)
	}
	if fingerprint(t, "another") == pinned {
		t.Error("two seeds give the same chain")
	}
}

func TestSigningOnManyCoresGivesTheSameBlock(t *testing.T) {
	a, _ := grow(t, "parallel", 200, DefaultMix)
	b, _ := grow(t, "parallel", 200, DefaultMix)
	planned := a.Plan(200)
	txs := make([]*tx.Tx, len(planned))
	var wg sync.WaitGroup
	for w := range runtime.NumCPU() * 2 {
		wg.Go(func() {
			for i := w; i < len(planned); i += runtime.NumCPU() * 2 {
				txs[i] = planned[i].Sign()
			}
		})
	}
	wg.Wait()
	parallel := a.Mint(planned, txs)
	for serial, err := range b.Blocks(200, 200) {
		if err != nil || serial.Hash() != parallel.Hash() {
			t.Errorf("%s against %s, %v", serial.Hash(), parallel.Hash(), err)
		}
	}
}

func TestBranchesAreValidAndShareNothingButTheTrunk(t *testing.T) {
	main, l := grow(t, "branches", 100, DefaultMix)
	other, ol := main.Fork(1), l.fork()
	seen := map[tx.Hash]bool{}
	for b, err := range main.Blocks(150, 50) {
		if err != nil {
			t.Fatal(err)
		}
		l.add(b)
		seen[b.Hash()] = true
		for _, t := range b.Txs {
			seen[t.ID()] = true
		}
	}
	for b, err := range other.Blocks(200, 50) {
		if err != nil {
			t.Fatal(err)
		}
		ol.add(b)
		if seen[b.Hash()] {
			t.Error("a block is on both branches")
		}
		for _, x := range b.Txs {
			if seen[x.ID()] {
				t.Errorf("transaction %s is on both branches", x.ID())
			}
		}
	}
	if main.Height()+1 != other.Height() {
		t.Errorf("heights %d and %d", main.Height(), other.Height())
	}
}

func TestTheLargestFanOutIsValid(t *testing.T) {
	f := newForge(t, "fan-out")
	c, l := f.Chain(Mix{P2TR: 1}), newLedger(t, f.Params())
	for b := range c.Empty(109) {
		l.add(b)
	}
	for b := range c.Setup(fanOut * fanOutsPerBlock) {
		l.add(b)
		if b.Weight() < consensus.MaxBlockWeight*9/10 {
			t.Errorf("weight %d: not the largest", b.Weight())
		}
		for _, x := range b.Txs[1:] {
			if x.Weight() > 400_000 {
				t.Errorf("a fan-out of weight %d is not relayed", x.Weight())
			}
		}
	}
	if c.Height() != 110 {
		t.Errorf("height %d", c.Height())
	}
}

func TestABlockOf111000OutputsIsValid(t *testing.T) {
	c, l := grow(t, "wide", 1, Mix{})
	coin, ok := c.Coin()
	if !ok {
		t.Fatal("no coin")
	}
	planned := []Spend{c.forge.Wide(coin, MaxOutputs)}
	before := len(l.coins)
	b := c.Mint(planned, SignAll(planned))
	l.add(b)
	if made := len(l.coins) - before; made != MaxOutputs { // one spent, one of the coinbase
		t.Errorf("%d more coins", made)
	}
	if b.Weight() < consensus.MaxBlockWeight*99/100 {
		t.Errorf("weight %d: not as full as it could be", b.Weight())
	}
	if c.Spendable() != 1 {
		t.Error("the change is lost")
	}
}

func TestABlockAtTheSigOpLimitIsValidAndOneMoreIsNot(t *testing.T) {
	for _, kind := range []Kind{P2WPKH, P2TR} {
		mix := Mix{}
		mix[kind] = 1
		c, l := grow(t, "sigops", 2, mix)
		coin, _ := c.Coin()
		over := c.Fork(1)
		planned := []Spend{c.forge.SigOps(coin, MaxSigOps)}
		txs := SignAll(planned)
		if n := consensus.LegacySigOps(txs[0]); n != MaxSigOps {
			t.Errorf("%d operations, want %d", n, MaxSigOps)
		}
		l.add(c.Mint(planned, txs))

		planned = []Spend{c.forge.SigOps(coin, MaxSigOps+2)}
		if err := consensus.CheckBlock(over.Mint(planned, SignAll(planned)), l.params); err == nil {
			t.Error("a block above the limit passes")
		}
	}
}

func TestDescendantsSpendEachOther(t *testing.T) {
	c, l := grow(t, "descendants", 1, Mix{P2TR: 1})
	coin, _ := c.Coin()
	txs := c.forge.Descendants(coin, 25, 0)
	for i := 1; i < len(txs); i++ {
		if txs[i].Inputs[0].PrevOut != (tx.OutPoint{Hash: txs[i-1].ID()}) {
			t.Errorf("transaction %d does not spend the one before", i)
		}
	}
	l.add(c.Mint(nil, txs))
}

func TestConflictsReplaceEachOther(t *testing.T) {
	c, l := grow(t, "conflicts", 1, Mix{P2WPKH: 1})
	coin, _ := c.Coin()
	txs := c.forge.Conflicts(coin, 4, 0)
	fee := func(t *tx.Tx) int64 { return coin.Value - t.Outputs[0].Value - t.Outputs[1].Value }
	for i, x := range txs {
		if x.Inputs[0].PrevOut != coin.OutPoint || x.Inputs[0].Sequence != SequenceRBF {
			t.Errorf("transaction %d is no replaceable conflict", i)
		}
		if i > 0 && fee(x) < fee(txs[i-1])+int64(x.VSize()) {
			t.Errorf("transaction %d does not pay for its relay", i)
		}
		l.fork().add(c.Fork(uint64(i)).Mint(nil, []*tx.Tx{x}))
	}
}

func TestPaymentsAreOneInTwoOutAndPayAtLeastTheirRate(t *testing.T) {
	c, _ := grow(t, "payments", 100, DefaultMix)
	for i := range uint64(100) {
		coin, _ := c.Coin()
		spend := c.forge.Payment(coin, i)
		signed := spend.Sign()
		if len(signed.Inputs) != 1 || len(signed.Outputs) != 2 {
			t.Fatal("not one in, two out")
		}
		if rate := float64(spend.Fee()) / float64(signed.VSize()); rate < 2 || rate > 22 {
			t.Errorf("%s: %.2f sat/vB", coin.Kind, rate)
		}
		for j, out := range signed.Outputs {
			if class, _ := script.Classify(out.PkScript); class != script.WitnessV0KeyHash || out.Value < minPayment {
				t.Errorf("output %d: %s of %d", j, class, out.Value)
			}
			if made := spend.Made(signed)[j]; made.Value != out.Value || made.OutPoint != (tx.OutPoint{Hash: signed.ID(), Index: uint32(j)}) {
				t.Errorf("output %d: coin %+v", j, made)
			}
		}
	}
}

func TestBlockTimesCanBeSet(t *testing.T) {
	c, l := grow(t, "time", 1, Mix{})
	c.SetTime(1_700_000_000)
	for b := range c.Empty(2) {
		l.add(b)
	}
	if c.Time() != 1_700_000_000+blockSpacing {
		t.Errorf("time %d", c.Time())
	}
}

func TestRunningOutOfCoinsIsAnError(t *testing.T) {
	c, _ := grow(t, "poor", 10, Mix{})
	var last error
	for _, err := range c.Blocks(40, 20) {
		last = err
	}
	if last == nil {
		t.Error("ten coins made twenty payments in a block")
	}
	c.coins.push(Coin{Value: MinCoin - 1, Key: c.forge.Key(0)})
	if planned := c.Plan(1); len(planned) != 0 {
		t.Error("a coin below the least value was spent")
	}
}

func TestOnlyRegtestCanBeForged(t *testing.T) {
	for _, chain := range []string{"main", "test", "testnet4", "signet"} {
		p, err := consensus.ParamsFor(chain)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := New("x", p); err == nil {
			t.Errorf("%s", chain)
		}
	}
}

func TestALongChainHoldsNoMoreThanItsCoins(t *testing.T) {
	c, _ := grow(t, "long", 300, DefaultMix)
	total := 0
	for b, err := range c.Blocks(9000, 300) {
		if err != nil {
			t.Fatal(err)
		}
		total += len(b.Txs) - 1
	}
	if total != 9000 || c.Spendable() != 300 || cap(c.coins.items) > 2048 {
		t.Errorf("%d payments, %d coins in a queue of %d", total, c.Spendable(), cap(c.coins.items))
	}
}

func TestQueueKeepsItsOrderAndItsSize(t *testing.T) {
	var q queue[int]
	next := 0
	for i := range 1000 {
		q.push(i)
	}
	for i := 1000; i < 100_000; i++ {
		v, ok := q.pop()
		if !ok || v != next {
			t.Fatalf("got %d, want %d", v, next)
		}
		next++
		q.push(i)
	}
	if cap(q.items) > 4096 {
		t.Errorf("a queue of 1000 holds %d", cap(q.items))
	}
	copied := q.clone()
	q.pop()
	if copied.len() != 1000 || q.len() != 999 {
		t.Errorf("%d and %d", copied.len(), q.len())
	}
}
