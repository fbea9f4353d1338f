package mempool

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/tx"
)

// heavy makes a transaction of exactly that weight.
func heavy(weight int) *tx.Tx {
	for pad := weight/4 - 200; ; pad++ {
		for witness := range 4 {
			in := tx.Input{Sequence: consensus.SequenceFinal, Witness: [][]byte{make([]byte, 1+witness)}}
			t := tx.New(2, []tx.Input{in}, []tx.Output{{Value: one, PkScript: anyoneCan}, {PkScript: dataScript(pad)}}, 0)
			if t.Weight() == weight {
				return t
			}
		}
	}
}

// What is just allowed, and what is one more.
func TestLimitsOfStandardnessAreCoresToTheLast(t *testing.T) {
	with := func(in tx.Input, outs ...tx.Output) *tx.Tx {
		return tx.New(2, []tx.Input{in}, append(outs, tx.Output{Value: one, PkScript: anyoneCan}), 0)
	}
	pays := func(pkScript []byte) *tx.Tx { return with(tx.Input{}, tx.Output{Value: one, PkScript: pkScript}) }
	policy := DefaultPolicy()
	policy.PermitBareMulti = true
	for _, c := range []struct {
		name string
		tx   *tx.Tx
		want error
	}{
		{"as heavy as may be", func() *tx.Tx { // its data output is too large, which comes later
			return heavy(maxStandardWeight)
		}(), ErrScriptPubKey},
		{"one unit heavier", heavy(maxStandardWeight + 1), ErrTxSize},
		{"an input script of 1,650 bytes", with(tx.Input{ScriptSig: make([]byte, 1650)}), nil},
		{"of 1,651", with(tx.Input{ScriptSig: make([]byte, 1651)}), ErrScriptSigSize},
		{"1 of 1 keys", pays(multisig(1, 1)), nil},
		{"1 of 3", pays(multisig(1, 3)), nil},
		{"3 of 3", pays(multisig(3, 3)), nil},
		{"1 of 4", pays(multisig(1, 4)), ErrScriptPubKey},
		{"a data output of 83 bytes", pays(dataScript(83)), nil},
		{"of 84", pays(dataScript(84)), ErrScriptPubKey},
	} {
		r := policy.checkStandard(c.tx)
		if c.want == nil && r != nil || c.want != nil && (r == nil || !errors.Is(r.Kind, c.want)) {
			t.Errorf("%s: %v, want %v", c.name, r, c.want)
		}
	}
}

// Values from Core's policy (GetDustThreshold) at 3,000 satoshis per kvB.
func TestDustIsCoresForEveryKindOfOutput(t *testing.T) {
	for _, c := range []struct {
		name     string
		pkScript []byte
		want     int64
	}{
		{"P2PK", script.PayToPubKey(key(1)), 576},
		{"P2PKH", script.PayToPubKeyHash([20]byte{}), 546},
		{"P2SH", script.PayToScriptHash([20]byte{}), 540},
		{"P2WPKH", script.PayToWitness(0, make([]byte, 20)), 294},
		{"P2WSH", anyoneCan, 330},
		{"P2TR", script.PayToWitness(1, make([]byte, 32)), 330},
		{"P2A", script.PayToWitness(1, []byte{0x4e, 0x73}), 240},
		{"data", dataScript(20), 0},
		{"one of two keys", multisig(1, 2), 684},
	} {
		if got := DustThreshold(&tx.Output{PkScript: c.pkScript}, 3000); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

func TestTheLastPushIsWhatCoresInterpreterLeavesOnTop(t *testing.T) {
	long := func(n int) []byte { return bytes.Repeat([]byte{7}, n) }
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	many := bytes.Repeat([]byte{script.OP_1}, 1000)
	for _, c := range []struct {
		name   string
		script []byte
		want   []byte
		ok     bool
	}{
		{"nothing", nil, nil, false},
		{"an empty push", []byte{script.OP_0}, []byte{}, true},
		{"1 byte", []byte{1, 9}, []byte{9}, true},
		{"75 bytes", join([]byte{75}, long(75)), long(75), true},
		{"75 bytes, of which one is missing", join([]byte{75}, long(74)), nil, false},
		{"PUSHDATA1", join([]byte{script.OP_PUSHDATA1, 76}, long(76)), long(76), true},
		{"PUSHDATA1 of nothing", []byte{script.OP_PUSHDATA1, 0}, []byte{}, true},
		{"PUSHDATA1 without length", []byte{script.OP_PUSHDATA1}, nil, false},
		{"PUSHDATA1 cut", join([]byte{script.OP_PUSHDATA1, 76}, long(75)), nil, false},
		{"PUSHDATA2", join([]byte{script.OP_PUSHDATA2, 1, 1}, long(257)), long(257), true},
		{"PUSHDATA2 of nothing", []byte{script.OP_PUSHDATA2, 0, 0}, []byte{}, true},
		{"PUSHDATA2 with half a length", []byte{script.OP_PUSHDATA2, 1}, nil, false},
		{"PUSHDATA2 cut", join([]byte{script.OP_PUSHDATA2, 1, 1}, long(256)), nil, false},
		{"PUSHDATA4", join([]byte{script.OP_PUSHDATA4, 5, 0, 0, 0}, long(5)), long(5), true},
		{"PUSHDATA4 of nothing", []byte{script.OP_PUSHDATA4, 0, 0, 0, 0}, []byte{}, true},
		{"PUSHDATA4 with three quarters of a length", []byte{script.OP_PUSHDATA4, 5, 0, 0}, nil, false},
		{"PUSHDATA4 cut", join([]byte{script.OP_PUSHDATA4, 5, 0, 0, 0}, long(4)), nil, false},
		{"PUSHDATA4 of 4 GiB", []byte{script.OP_PUSHDATA4, 255, 255, 255, 255, 1}, nil, false},
		{"520 bytes", join([]byte{script.OP_PUSHDATA2, 8, 2}, long(520)), long(520), true},
		{"521 bytes", join([]byte{script.OP_PUSHDATA2, 9, 2}, long(521)), nil, false},
		{"minus one", []byte{script.OP_1NEGATE}, []byte{0x81}, true},
		{"1", []byte{script.OP_1}, []byte{1}, true},
		{"16", []byte{script.OP_16}, []byte{16}, true},
		{"the last of three", []byte{script.OP_5, 1, 9, script.OP_3}, []byte{3}, true},
		{"OP_RESERVED", []byte{script.OP_1, script.OP_RESERVED}, nil, false},
		{"OP_NOP", []byte{script.OP_1, script.OP_NOP}, nil, false},
		{"as many as the stack holds", many, []byte{1}, true},
		{"one more", join(many, []byte{script.OP_2}), nil, false},
	} {
		if got, ok := lastPush(c.script); ok != c.ok || ok && !bytes.Equal(got, c.want) {
			t.Errorf("%s: %x %v, want %x %v", c.name, got, ok, c.want, c.ok)
		}
	}
}

func TestLimitsOfWitnessesAreCoresToTheLast(t *testing.T) {
	items := func(n, size int, last ...[]byte) (stack [][]byte) {
		for range n {
			stack = append(stack, make([]byte, size))
		}
		return append(stack, last...)
	}
	tr := script.PayToWitness(1, make([]byte, 32))
	leaf, other := append([]byte{0xc1}, make([]byte, 32)...), append([]byte{0xc2}, make([]byte, 32)...)
	annex := []byte{0x50}
	for _, c := range []struct {
		name    string
		prev    []byte
		witness [][]byte
		ok      bool
	}{
		{"P2WSH, a script of 3,600 bytes", anyoneCan, items(0, 0, make([]byte, 3600)), true},
		{"of 3,601", anyoneCan, items(0, 0, make([]byte, 3601)), false},
		{"100 items", anyoneCan, items(100, 1, opTrue), true},
		{"101", anyoneCan, items(101, 1, opTrue), false},
		{"an item of 80 bytes", anyoneCan, items(1, 80, opTrue), true},
		{"of 81", anyoneCan, items(1, 81, opTrue), false},
		{"a key path", tr, items(1, 64), true},
		{"with annex", tr, items(1, 64, annex), false},
		{"an empty annex tag", tr, items(1, 64, nil), false},
		{"a script path without arguments", tr, items(0, 0, opTrue, leaf), true},
		{"with one of 80 bytes", tr, items(1, 80, opTrue, leaf), true},
		{"of 81", tr, items(1, 81, opTrue, leaf), false},
		{"of 81 for another leaf version", tr, items(1, 81, opTrue, other), true},
		{"a script path with annex", tr, items(0, 0, opTrue, leaf, annex), false},
		{"without control block", tr, items(0, 0, opTrue, nil), false},
		{"another version's program", script.PayToWitness(2, make([]byte, 32)), items(1, 600, annex), true},
		{"a short program of version 1", script.PayToWitness(1, make([]byte, 20)), items(1, 600, annex), true},
		{"a witness where none belongs", script.PayToPubKeyHash([20]byte{}), items(1, 1), false},
		{"an anchor's", script.PayToWitness(1, []byte{0x4e, 0x73}), items(1, 1), false},
	} {
		if got := standardWitness(c.prev, &tx.Input{Witness: c.witness}); got != c.ok {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	// Taproot's rules do not reach through P2SH.
	in := tx.Input{ScriptSig: append([]byte{byte(len(tr))}, tr...), Witness: items(1, 64, annex)}
	if !standardWitness(script.PayToScriptHash([20]byte{}), &in) {
		t.Error("version 1 behind P2SH has no rules yet")
	}
}

func TestTheCarveOutIsForOneChildOfTenThousandBytes(t *testing.T) {
	for _, c := range []struct {
		vsize int
		ok    bool
	}{{10_000, true}, {10_001, false}} {
		t.Run(fmt.Sprint(c.vsize), func(t *testing.T) {
			w := newWorld(t, func(p *Policy) { p.DescendantCount, p.MaxDataCarrier = 3, 100_000 })
			root := spend{in: []tx.OutPoint{w.coin(one)}, outs: []int64{one / 2, one / 3}}.tx()
			w.must(root)
			w.chain(2, out(root, 0))
			child := spend{in: []tx.OutPoint{out(root, 1)}, outs: []int64{one / 4}, pad: 1}
			child.pad += c.vsize - child.tx().VSize() - 2 // the pad's length takes three bytes
			last := child.tx()
			if last.VSize() != c.vsize {
				t.Fatalf("a child of %d", last.VSize())
			}
			if v := w.offer(last); (v.Entry != nil) != c.ok {
				t.Fatalf("%v", v.Reject)
			}
		})
	}
}

func TestSizesOfChainsMayReachTheirLimit(t *testing.T) {
	for _, which := range []func(*Policy) *int64{
		func(p *Policy) *int64 { return &p.AncestorVBytes },
		func(p *Policy) *int64 { return &p.DescendantVBytes },
	} {
		for short := range 2 {
			w := newWorld(t)
			root := w.pay(1000, w.coin(one))
			w.must(root)
			middle := w.pay(1000, out(root, 0))
			w.must(middle)
			last := w.pay(1000, out(middle, 0))
			*which(&w.pool.policy) = int64(root.VSize() + middle.VSize() + last.VSize() - short)
			v := w.offer(last)
			if (v.Reject == nil) != (short == 0) || v.Reject != nil && !errors.Is(v.Reject.Kind, ErrTooLongChain) {
				t.Errorf("short of %d bytes: %v", short, v.Reject)
			}
		}
	}
}

// sized is a transaction of exactly that many virtual bytes.
func (s spend) sized(t *testing.T, vsize int) *tx.Tx {
	t.Helper()
	for s.pad = 1; s.pad <= vsize; s.pad++ {
		switch made := s.tx(); {
		case made.VSize() == vsize:
			return made
		case made.VSize() < vsize-8:
			s.pad += vsize - 8 - made.VSize()
		}
	}
	t.Fatalf("no transaction has %d virtual bytes", vsize)
	return nil
}

func TestCountsOfAncestorsMayReachTheirLimit(t *testing.T) {
	w := newWorld(t, func(p *Policy) { p.AncestorCount = 3 })
	chain := w.chain(3, w.coin(one))
	v := w.offer(w.pay(1000, out(chain[2], 0)))
	if v.Reject == nil || v.Reject.Debug != "too many unconfirmed ancestors [limit: 3]" {
		t.Fatalf("%+v", v.Reject)
	}
}

func TestSizesOfVersion3AreBIP431sToTheLast(t *testing.T) {
	roomy := func(p *Policy) { p.MaxDataCarrier = 100_000 }
	for vsize, want := range map[int]string{10_000: "", 10_001: "is too big: 10001 > 10000 virtual bytes"} {
		w := newWorld(t, roomy)
		v := w.offer(spend{version: 3, in: []tx.OutPoint{w.coin(one)}, outs: []int64{one / 2}}.sized(t, vsize))
		if (v.Reject == nil) != (want == "") || v.Reject != nil && !strings.Contains(v.Reject.Debug, want) {
			t.Errorf("%d: %+v", vsize, v.Reject)
		}
	}
	for vsize, want := range map[int]string{1_000: "", 1_001: "is too big: 1001 > 1000 virtual bytes"} {
		w := newWorld(t, roomy)
		parent := spend{version: 3, in: []tx.OutPoint{w.coin(one)}, outs: []int64{one / 2}}.tx()
		w.must(parent)
		v := w.offer(spend{version: 3, in: []tx.OutPoint{out(parent, 0)}, outs: []int64{one / 4}}.sized(t, vsize))
		if (v.Reject == nil) != (want == "") || v.Reject != nil && !strings.Contains(v.Reject.Debug, want) {
			t.Errorf("child of %d: %+v", vsize, v.Reject)
		}
	}
}

func TestAReplacementMustBeBetterAndNotJustAsGood(t *testing.T) {
	w := newWorld(t, func(p *Policy) { p.MaxDataCarrier = 1000 })
	coin, elsewhere := w.coin(one), w.pay(1000, w.coin(one))
	w.must(elsewhere)
	old := spend{in: []tx.OutPoint{coin}, outs: []int64{one - 2000}}.sized(t, 200)
	w.must(old)
	for _, c := range []struct {
		name string
		tx   *tx.Tx
		want string
	}{
		{"the same feerate for twice the size", spend{in: []tx.OutPoint{coin}, outs: []int64{one - 3000}}.sized(t, 300),
			"insufficient fee, rejecting replacement %s; new feerate 0.00010000 BTC/kvB <= old feerate 0.00010000 BTC/kvB"},
		{"the same fee for less", spend{in: []tx.OutPoint{coin}, outs: []int64{one - 2000}}.sized(t, 150),
			"insufficient fee, rejecting replacement %s, not enough additional fees to relay; 0.00 < 0.0000015"},
		{"with another's output first", spend{in: []tx.OutPoint{out(elsewhere, 0), coin}, outs: []int64{one}}.tx(),
			"replacement-adds-unconfirmed, replacement %s adds unconfirmed input, idx 0"},
	} {
		v := w.offer(c.tx)
		if v.Reject == nil {
			t.Errorf("%s: accepted", c.name)
			continue
		}
		if got, want := v.Reject.Text+", "+v.Reject.Debug, fmt.Sprintf(c.want, c.tx.ID()); got != want {
			t.Errorf("%s:\n %s, want\n %s", c.name, got, want)
		}
	}
}

func TestPackagesMayReachTheLimitsOfChains(t *testing.T) {
	for _, c := range []struct {
		set  func(p *Policy, n int, vsize int64)
		want string
	}{
		{func(p *Policy, n int, _ int64) { p.AncestorCount = n }, "package count 3 exceeds ancestor count limit [limit: 2]"},
		{func(p *Policy, n int, _ int64) { p.DescendantCount = n }, "package count 3 exceeds descendant count limit [limit: 2]"},
		{func(p *Policy, _ int, vsize int64) { p.AncestorVBytes = vsize }, "package size 288 exceeds ancestor size limit [limit: 287]"},
		{func(p *Policy, _ int, vsize int64) { p.DescendantVBytes = vsize }, "package size 288 exceeds descendant size limit [limit: 287]"},
	} {
		for short := range 2 {
			w := newWorld(t)
			var list []*tx.Tx
			from, value, size := w.coin(one), int64(one), int64(0)
			for range 3 {
				value -= 1000
				list = append(list, spend{in: []tx.OutPoint{from}, outs: []int64{value}}.tx())
				from, size = out(list[len(list)-1], 0), size+int64(list[len(list)-1].VSize())
			}
			c.set(&w.pool.policy, 3-short, size-int64(short))
			v := w.pool.TestPackage(w.prepared(list...), w.now)
			if (v.Reject == nil) != (short == 0) || v.Reject != nil && v.Reject.Debug != c.want {
				t.Errorf("short of %d: %+v, want %q", short, v.Reject, c.want)
			}
		}
	}
}

func TestAFeerateMayReachWhatTheOperatorAllows(t *testing.T) {
	for short := range 2 {
		w := newWorld(t)
		parent, child := w.familyOf(3, 0, 5000, w.coin(one))
		rate := perKVB(5000, int64(parent.VSize()+child.VSize()))
		v := w.pool.FinishPackage(w.prepared(parent, child), w.now, max(rate, perKVB(5000, int64(child.VSize())))-int64(short))
		if (v.Reject == nil) != (short == 0) {
			t.Errorf("short of %d: %+v", short, v.Reject)
		}
	}
}

func TestOfEquallyWorthyOnesTheYoungestGoes(t *testing.T) {
	w := newWorld(t)
	var list []*tx.Tx
	for range 6 {
		list = append(list, w.pay(1000, w.coin(one)))
		w.must(list[len(list)-1])
	}
	w.pool.Prioritise(list[5].ID(), 500) // worth more than it pays
	w.pool.Prioritise(list[0].ID(), -500)
	for _, next := range []int{0, 4, 3, 2, 1, 5} {
		w.pool.policy.MaxBytes = w.pool.usage - 1
		w.pool.TrimToSize()
		if w.pool.ByID(list[next].ID()) != nil {
			t.Fatalf("number %d is still there", next)
		}
	}
}

func TestTheRaisedMinimumFallsByRoomAndAfterTenSeconds(t *testing.T) {
	for _, c := range []struct {
		room    int64 // what the pool may use, in parts of what it does
		quicker int64
	}{{1, 1}, {3, 2}, {5, 4}} {
		w := newWorld(t)
		w.must(w.pay(1000, w.coin(one)))
		w.pool.policy.MaxBytes = c.room * w.pool.usage
		w.pool.rolling.raise(64_000)
		w.connect(0)
		if w.now += 10; w.pool.rollingMin(w.now) != 64_000 {
			t.Errorf("it fell at once, to %d", w.pool.rollingMin(w.now))
		}
		w.now += rollingHalfLife/c.quicker - 10
		if got := w.pool.rollingMin(w.now); got != 32_000 {
			t.Errorf("with room for %d: %d after what should be half of its life", c.room, got)
		}
	}
}
