package consensus_test

import (
	"bytes"
	"errors"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/tx"
)

// outside is a coin of the tests: old enough for everything.
func outside(value int64) *consensus.Coin {
	return &consensus.Coin{Output: tx.Output{Value: value, PkScript: anyoneCan}, Height: 1}
}

func TestABlockAndItsCoinsBreakTheRuleTheyShould(t *testing.T) {
	p := params(t, "regtest")
	prev := chainOf(p, 200, 600, 4).tip()
	const height, subsidy = 201, 25_0000_0000
	a, b := tx.OutPoint{Hash: txid(1)}, tx.OutPoint{Hash: txid(2), Index: 5}
	old := coins{a: outside(1000), b: outside(50)}
	first := spend(900, a) // a fee of 100
	burn := tx.New(2, first.Inputs, []tx.Output{{Value: 1, PkScript: []byte{0x6a}}}, 0)
	child := func(parent *tx.Tx, index uint32, value int64) *tx.Tx {
		return spend(value, tx.OutPoint{Hash: parent.ID(), Index: index})
	}
	cb := coinbase(height, subsidy)
	relative := func(blocks uint32) *tx.Tx {
		return tx.New(2, []tx.Input{{PrevOut: a, Sequence: blocks}}, first.Outputs, 0)
	}
	p2sh := append(append([]byte{0xa9, 20}, make([]byte, 20)...), 0x87)
	heavy := coins{a: {Output: tx.Output{Value: 9, PkScript: p2sh}, Height: 1}}
	// 1,000 multisigs of 20 operations in the redeem script.
	redeem := bytes.Repeat([]byte{0xae}, 250)
	heavySpend := func(n int) []*tx.Tx {
		txs := []*tx.Tx{coinbase(height, 0)}
		for i := range n {
			op := tx.OutPoint{Hash: txid(9), Index: uint32(i)}
			heavy[op] = heavy[a]
			sig := append([]byte{0x4c, byte(len(redeem))}, redeem...)
			txs = append(txs, tx.New(2, []tx.Input{{PrevOut: op, ScriptSig: sig}}, []tx.Output{{Value: 9}}, 0))
		}
		return txs
	}
	rich := coins{a: outside(consensus.MaxMoney), b: outside(consensus.MaxMoney)}
	young := coins{a: {Output: tx.Output{Value: 1000}, Height: height - 99, Coinbase: true}}
	late := params(t, "regtest", consensus.WithActivationHeight("csv@1000"))
	rows := []struct {
		what string
		p    *consensus.Params
		set  coins
		txs  []*tx.Tx
		want consensus.Kind
	}{
		{"a coinbase alone", p, old, []*tx.Tx{cb}, ""},
		{"a coinbase that takes less", p, old, []*tx.Tx{coinbase(height, 1)}, ""},
		{"a coinbase that takes a satoshi too much", p, old, []*tx.Tx{coinbase(height, subsidy+1)}, consensus.ErrCoinbaseAmount},
		{"a coinbase with the fees", p, old, []*tx.Tx{coinbase(height, subsidy+100), first}, ""},
		{"a coinbase with more than the fees", p, old, []*tx.Tx{coinbase(height, subsidy+101), first}, consensus.ErrCoinbaseAmount},
		{"a coin that does not exist", p, old, []*tx.Tx{cb, spend(1, tx.OutPoint{Hash: txid(3)})}, consensus.ErrMissingInputs},
		{"a coin spent twice by two transactions", p, old, []*tx.Tx{cb, first, spend(1, b, a)}, consensus.ErrMissingInputs},
		{"a coin of the block", p, old, []*tx.Tx{cb, first, child(first, 0, 800)}, ""},
		{"a coin of the block spent twice", p, old, []*tx.Tx{cb, first, child(first, 0, 800), child(first, 0, 700)}, consensus.ErrMissingInputs},
		{"a coin made later in the block", p, old, []*tx.Tx{cb, child(first, 0, 800), first}, consensus.ErrMissingInputs},
		{"an output that the transaction does not have", p, old, []*tx.Tx{cb, first, child(first, 1, 1)}, consensus.ErrMissingInputs},
		{"an output that nobody can spend", p, old, []*tx.Tx{cb, burn, child(burn, 0, 1)}, consensus.ErrMissingInputs},
		{"the block's own coinbase", p, old, []*tx.Tx{cb, child(cb, 0, 1)}, consensus.ErrPrematureSpend},
		{"a young coinbase", p, young, []*tx.Tx{cb, first}, consensus.ErrPrematureSpend},
		{"more out than in", p, old, []*tx.Tx{cb, spend(1001, a)}, consensus.ErrInBelowOut},
		{"fees of more than all money", p, rich, []*tx.Tx{cb, spend(0, a), spend(0, b)}, consensus.ErrFeesOutOfRange},
		{"a coin old enough for BIP68", p, old, []*tx.Tx{cb, relative(200)}, ""},
		{"a coin too young for BIP68", p, old, []*tx.Tx{cb, relative(201)}, consensus.ErrNonFinal},
		{"before BIP68 it is old enough", late, old, []*tx.Tx{cb, relative(201)}, ""},
		{"an output that exists already", p, coins{{Hash: first.ID()}: outside(1), a: outside(1000)}, []*tx.Tx{cb, first}, consensus.ErrOverwrite},
		{"80,000 of sigop cost", p, heavy, heavySpend(4), ""},
		{"more than that", p, heavy, append(heavySpend(4), tx.New(2, []tx.Input{{PrevOut: a, ScriptSig: []byte{1, 0xac}}}, []tx.Output{{Value: 9}}, 0)), consensus.ErrSigOps},
	}
	for _, row := range rows {
		t.Run(row.what, func(t *testing.T) {
			before := maps.Clone(row.set)
			block := seal(t, p, headerOn(prev), row.txs...)
			done, err := consensus.ConnectBlock(block, prev, row.set, row.p)
			wantRule(t, err, row.want, consensus.Invalid)
			if (done == nil) != (err != nil) {
				t.Error("a result and an error, or neither")
			}
			if !maps.Equal(before, row.set) {
				t.Error("the coins were changed")
			}
		})
	}
}

func TestAConnectedBlockSaysWhatItDoesToTheCoins(t *testing.T) {
	p := params(t, "regtest")
	prev := chainOf(p, 200, 600, 4).tip()
	a, b := tx.OutPoint{Hash: txid(1)}, tx.OutPoint{Hash: txid(2), Index: 5}
	set := coins{a: outside(1000), b: outside(50)}
	first := tx.New(2, []tx.Input{{PrevOut: a}}, []tx.Output{
		{Value: 300, PkScript: anyoneCan}, {Value: 400, PkScript: anyoneCan}, {Value: 0, PkScript: []byte{0x6a}}}, 0)
	second := spend(320, tx.OutPoint{Hash: first.ID()}, b)
	cb := coinbase(201, 5)
	done, err := consensus.ConnectBlock(seal(t, p, headerOn(prev), cb, first, second), prev, set, p)
	if err != nil {
		t.Fatal(err)
	}
	if done.Fees != 300+30 || done.Txs[1].Fee != 300 || done.Txs[2].Fee != 30 || done.Height != 201 || done.Inputs != 3 {
		t.Errorf("%+v", done)
	}
	if got := done.Txs[2].Coins; len(got) != 2 || got[0].Height != 201 || got[0].Output.Value != 300 || got[1].Height != 1 || len(done.Txs[0].Coins) != 0 {
		t.Errorf("the undo data are %+v", got)
	}
	if got := done.Txs[2].Spent; len(got) != 2 || got[0].Value != 300 || got[1].Value != 50 {
		t.Errorf("the spent outputs are %+v", got)
	}
	spent := []tx.OutPoint{}
	for op, coin := range done.Spends() {
		if c := set[op]; c == nil || coin.Output.Value != c.Output.Value || coin.Height != c.Height {
			t.Errorf("coin %s is spent as %+v", op, coin)
		}
		spent = append(spent, op)
	}
	if !slices.Equal(spent, []tx.OutPoint{a, b}) {
		t.Errorf("spends %v from before, want %v", spent, []tx.OutPoint{a, b})
	}
	set.apply(done)
	want := map[tx.OutPoint]int64{{Hash: cb.ID()}: 5, {Hash: first.ID(), Index: 1}: 400, {Hash: second.ID()}: 320}
	if len(set) != len(want) {
		t.Errorf("%d coins are left, want %d", len(set), len(want))
	}
	for op, value := range want {
		if c := set[op]; c == nil || c.Output.Value != value || c.Height != 201 || c.Coinbase != (op.Hash == cb.ID()) {
			t.Errorf("coin %s is %+v", op, c)
		}
	}
	for range done.Spends() {
		break // an iterator that is left early stays quiet
	}
	for range done.Creates() {
		break
	}
}

func TestAFailureOfTheCoinsNeverCountsAgainstTheBlock(t *testing.T) {
	p := params(t, "regtest")
	prev := chainOf(p, 200, 600, 4).tip()
	block := seal(t, p, headerOn(prev), coinbase(201, 1), spend(1, tx.OutPoint{Hash: txid(1)}))
	// With BIP30 to look for, and without.
	known := params(t, "main")
	for _, chain := range []*consensus.Params{p, known} {
		_, err := consensus.ConnectBlock(block, fakeParent{b: block, height: 300_000}, brokenCoins{}, chain)
		if !errors.Is(err, errDisk) || consensus.ResultOf(err) != consensus.Internal || consensus.ResultOf(err).Permanent() {
			t.Errorf("%s: %v is %v", chain.Name, err, consensus.ResultOf(err))
		}
	}
}

func TestGenesisMakesNoCoinAndAnOrphanHasNoParent(t *testing.T) {
	p := params(t, "regtest")
	done, err := consensus.ConnectBlock(p.Genesis, nil, brokenCoins{}, p)
	if err != nil {
		t.Fatal(err)
	}
	set := coins{}
	set.apply(done)
	if len(set) != 0 {
		t.Errorf("genesis made %d coins", len(set))
	}
	orphan := seal(t, p, headerOn(chainOf(p, 1, 600, 4).tip()), coinbase(2, 1))
	_, err = consensus.ConnectBlock(orphan, nil, set, p)
	wantRule(t, err, consensus.ErrPrevNotFound, consensus.MissingParent)
}

// fixedHash is an ancestry at any height in which one ancestor has a hash.
type fixedHash struct {
	fakeParent
	at   int32
	hash tx.Hash
}

func (f fixedHash) Ancestor(h int32) consensus.Ancestry {
	if h < 0 || h > f.height {
		return nil
	}
	return fixedHash{fakeParent{f.b, h}, f.at, f.hash}
}

func (f fixedHash) Hash() tx.Hash {
	if f.height == f.at {
		return f.hash
	}
	return tx.Hash{1}
}

func TestBIP30IsLookedAtWhereCoreLooks(t *testing.T) {
	main := params(t, "main")
	bip34 := tx.MustHash("000000000000024b89b42a942fe0d9fea3bb44ab7bd1b19115dd6a759c0808b8")
	repeat := tx.MustHash("00000000000a4d0a398161ffc163c503763b1f4360639393e0e4c8e300e0caec")
	rows := []struct {
		what   string
		height int32
		hash   tx.Hash
		known  tx.Hash // at BIP34's height
		want   bool
	}{
		{"before BIP34", 100_000, txid(1), bip34, true},
		{"a block that repeated a coinbase", 91842, repeat, bip34, false},
		{"the same hash at another height", 91843, repeat, bip34, true},
		{"BIP34's first block", 227931, txid(1), bip34, true},
		{"the block above it", 227932, txid(1), bip34, false},
		{"above it on another chain", 227932, txid(1), txid(2), true},
		{"the last height that needs no look", 1_983_701, txid(1), bip34, false},
		{"the first that an old coinbase claimed", 1_983_702, txid(1), bip34, true},
	}
	for _, row := range rows {
		t.Run(row.what, func(t *testing.T) {
			prev := fixedHash{fakeParent{height: row.height - 1}, 227931, row.known}
			if got := consensus.BIP30Needed(row.hash, prev, main); got != row.want {
				t.Errorf("needed: %v", got)
			}
		})
	}
	lost := tx.MustHash("00000000000271a2dc26e7667f8419f2e15416dc6955e5a6c6cdf3f2574dd08e")
	if !consensus.BIP30Unspendable(lost, 91722, main) || consensus.BIP30Unspendable(lost, 91723, main) ||
		consensus.BIP30Unspendable(txid(1), 91722, main) || consensus.BIP30Unspendable(lost, 91722, params(t, "test")) {
		t.Error("the coinbases that were lost are not those of Core")
	}
}

func TestScriptFlagsAreThoseOfCoreForEveryBlock(t *testing.T) {
	const always = script.VerifyP2SH | script.VerifyWitness | script.VerifyTaproot
	const der, cltv, csv = script.VerifyDERSig, script.VerifyCheckLockTimeVerify, script.VerifyCheckSequenceVerify
	bip16 := "00000000000002dc756eebf4f49723ed8d30cc28a5f108eb94b1ba88ac4f9c22"
	taproot := "0000000000000000000f14c35b2d841e986ab5441de8c585d5ffe55ea1e395ad"
	none := "0000000000000000000000000000000000000000000000000000000000000000"
	rows := []struct {
		chain, hash string
		height      int32
		want        script.Flags
	}{
		{"main", none, 0, always},
		{"main", none, 363724, always},
		{"main", none, 363725, always | der},
		{"main", none, 388381, always | der | cltv},
		{"main", none, 419328, always | der | cltv | csv},
		{"main", none, 481824, script.MandatoryFlags},
		{"main", bip16, 170060, script.VerifyNone},
		{"main", taproot, 692261, script.MandatoryFlags &^ script.VerifyTaproot},
		{"test", bip16, 170060, always},
		{"test", "00000000dd30457c001f4095d208cc1296b0eed002427aa599874af7a432b105", 514, script.VerifyNone},
		{"regtest", none, 0, always | script.VerifyNullDummy},
		{"regtest", none, 1, script.MandatoryFlags},
		{"signet", none, 1, script.MandatoryFlags},
		{"testnet4", none, 1, script.MandatoryFlags},
	}
	for _, row := range rows {
		if got := consensus.ScriptFlags(tx.MustHash(row.hash), row.height, params(t, row.chain)); got != row.want {
			t.Errorf("%s at %d: %v, want %v", row.chain, row.height, got, row.want)
		}
	}
}

// A model that knows nothing of arenas, bitmaps and iterators: a map that each
// transaction changes in turn.
func TestConnectingAgreesWithSpendingOneTransactionAfterTheOther(t *testing.T) {
	p := params(t, "regtest")
	prev := chainOf(p, 200, 600, 4).tip()
	rapid.Check(t, func(t *rapid.T) {
		set := coins{}
		var known []tx.OutPoint
		for i := range rapid.IntRange(1, 6).Draw(t, "coins") {
			op := tx.OutPoint{Hash: txid(byte(i)), Index: uint32(i)}
			set[op], known = outside(1000), append(known, op)
		}
		model := maps.Clone(set)
		txs := []*tx.Tx{coinbase(201, 1)}
		valid := true
		for range rapid.IntRange(0, 8).Draw(t, "txs") {
			ins := rapid.SliceOfNDistinct(rapid.SampledFrom(known), 1, min(3, len(known)), rapid.ID[tx.OutPoint]).Draw(t, "spends")
			outs := make([]tx.Output, rapid.IntRange(1, 3).Draw(t, "outs"))
			for i := range outs {
				outs[i] = tx.Output{Value: int64(i), PkScript: rapid.SampledFrom([][]byte{anyoneCan, {0x6a}}).Draw(t, "script")}
			}
			made := tx.New(1, inputsOf(ins), outs, 0)
			txs = append(txs, made)
			valid = valid && spendInModel(model, made)
			for i := range outs {
				known = append(known, tx.OutPoint{Hash: made.ID(), Index: uint32(i)})
			}
		}
		h := headerOn(prev)
		h.MerkleRoot, _ = tx.MerkleRoot(idsOf(txs))
		done, err := consensus.ConnectBlock(tx.NewBlock(h, txs), prev, set, p)
		if (err == nil) != valid {
			t.Fatalf("valid %v, but: %v", valid, err)
		}
		if err != nil {
			return
		}
		set.apply(done)
		model[tx.OutPoint{Hash: txs[0].ID()}] = nil
		if len(set) != len(model) {
			t.Fatalf("%d coins are left, want %d", len(set), len(model))
		}
		for op := range model {
			if set[op] == nil {
				t.Fatalf("coin %s is missing", op)
			}
		}
	})
}

func inputsOf(ops []tx.OutPoint) []tx.Input {
	ins := make([]tx.Input, len(ops))
	for i, op := range ops {
		ins[i].PrevOut = op
	}
	return ins
}

// spendInModel tells whether all inputs and enough value were there.
func spendInModel(model coins, t *tx.Tx) bool {
	value := int64(0)
	for _, in := range t.Inputs {
		c := model[in.PrevOut]
		if c == nil {
			return false
		}
		value += c.Output.Value
		delete(model, in.PrevOut)
	}
	for i, out := range t.Outputs {
		value -= out.Value
		if len(out.PkScript) == 0 || out.PkScript[0] != 0x6a {
			model[tx.OutPoint{Hash: t.ID(), Index: uint32(i)}] = &consensus.Coin{Output: out}
		}
	}
	return value >= 0
}
