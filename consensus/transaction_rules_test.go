package consensus_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

func manyOutpoints(n int) []tx.OutPoint {
	ops := make([]tx.OutPoint, n)
	for i := range ops {
		ops[i] = tx.OutPoint{Hash: txid(byte(i)), Index: uint32(i)}
	}
	return ops
}

func TestATransactionByItselfBreaksTheRuleItShould(t *testing.T) {
	op := tx.OutPoint{Hash: txid(1)}
	in := []tx.Input{{PrevOut: op, Sequence: consensus.SequenceFinal}}
	out := func(values ...int64) (outs []tx.Output) {
		for _, v := range values {
			outs = append(outs, tx.Output{Value: v, PkScript: anyoneCan})
		}
		return outs
	}
	null := tx.OutPoint{Index: tx.NullIndex}
	most := int64(consensus.MaxMoney)
	rows := []struct {
		what string
		t    *tx.Tx
		want consensus.Kind
	}{
		{"one input, one output", tx.New(2, in, out(1), 0), ""},
		{"no input", tx.New(2, nil, out(1), 0), consensus.ErrNoInputs},
		{"no output", tx.New(2, in, nil, 0), consensus.ErrNoOutputs},
		{"neither: the inputs are looked at first", tx.New(2, nil, nil, 0), consensus.ErrNoInputs},
		{"a million bytes without witness", tx.New(2, in, []tx.Output{{PkScript: make([]byte, 1_000_000)}}, 0), consensus.ErrTxOversize},
		{"just a million bytes without witness", tx.New(2, in, []tx.Output{{PkScript: make([]byte, 1_000_000-64)}}, 0), ""},
		{"a million bytes of witness", withWitness(tx.New(2, in, out(1), 0), make([]byte, 1_000_000)), ""},
		{"a value of zero", tx.New(2, in, out(0), 0), ""},
		{"a value below zero", tx.New(2, in, out(-1), 0), consensus.ErrValueNegative},
		{"all money", tx.New(2, in, out(most), 0), ""},
		{"more than all money", tx.New(2, in, out(most+1), 0), consensus.ErrValueTooLarge},
		{"more than all money in two outputs", tx.New(2, in, out(most, 1), 0), consensus.ErrTotalTooLarge},
		{"the same input twice", spend(1, op, op), consensus.ErrDuplicateInputs},
		{"the same input twice among many", spend(1, append(manyOutpoints(200), tx.OutPoint{Hash: txid(7), Index: 7})...), consensus.ErrDuplicateInputs},
		{"many inputs", spend(1, manyOutpoints(200)...), ""},
		{"two outputs of one transaction", spend(1, op, tx.OutPoint{Hash: op.Hash, Index: 1}), ""},
		{"a null input beside another", spend(1, op, null), consensus.ErrPrevOutNull},
		{"a coinbase script of 1 byte", coinbaseWith(make([]byte, 1), nil, out(1)), consensus.ErrCoinbaseLength},
		{"a coinbase script of 2 bytes", coinbaseWith(make([]byte, 2), nil, out(1)), ""},
		{"a coinbase script of 100 bytes", coinbaseWith(make([]byte, 100), nil, out(1)), ""},
		{"a coinbase script of 101 bytes", coinbaseWith(make([]byte, 101), nil, out(1)), consensus.ErrCoinbaseLength},
	}
	for _, row := range rows {
		t.Run(row.what, func(t *testing.T) {
			wantRule(t, consensus.CheckTransaction(row.t), row.want, consensus.Invalid)
		})
	}
}

func TestInputsOfATransactionBreakTheRuleTheyShould(t *testing.T) {
	const height = 1000
	most := int64(consensus.MaxMoney)
	coin := func(value int64) consensus.Coin { return consensus.Coin{Output: tx.Output{Value: value}, Height: 1} }
	young := func(made int32) consensus.Coin {
		return consensus.Coin{Output: tx.Output{Value: 5}, Height: made, Coinbase: true}
	}
	rows := []struct {
		what  string
		coins []consensus.Coin
		out   int64
		fee   int64
		want  consensus.Kind
		debug string
	}{
		{"a fee is the rest", []consensus.Coin{coin(7), coin(5)}, 10, 2, "", ""},
		{"no fee at all", []consensus.Coin{coin(10)}, 10, 0, "", ""},
		{"more out than in", []consensus.Coin{coin(150_000_000)}, 150_000_001, 0, consensus.ErrInBelowOut,
			"value in (1.50) < value out (1.50000001)"},
		{"a coinbase 99 blocks deep", []consensus.Coin{young(height - 99)}, 1, 0, consensus.ErrPrematureSpend,
			"tried to spend coinbase at depth 99"},
		{"a coinbase 100 blocks deep", []consensus.Coin{young(height - 100)}, 1, 4, "", ""},
		{"a coin of more than all money", []consensus.Coin{coin(most + 1)}, 1, 0, consensus.ErrInputValues, ""},
		{"a coin below zero", []consensus.Coin{coin(-1)}, 1, 0, consensus.ErrInputValues, ""},
		{"coins of more than all money together", []consensus.Coin{coin(most), coin(1)}, 1, 0, consensus.ErrInputValues, ""},
		{"the age is looked at before the value", []consensus.Coin{young(height), coin(-1)}, 1, 0, consensus.ErrPrematureSpend, ""},
	}
	for _, row := range rows {
		t.Run(row.what, func(t *testing.T) {
			fee, err := consensus.CheckTxInputs(spend(row.out, manyOutpoints(len(row.coins))...), row.coins, height)
			wantRule(t, err, row.want, consensus.Invalid)
			if fee != row.fee {
				t.Errorf("fee is %d, want %d", fee, row.fee)
			}
			if err != nil && !strings.Contains(err.Error(), row.debug) {
				t.Errorf("says %q, want %q", err, row.debug)
			}
		})
	}
}

func TestSigOpCostCountsEachKindOfScript(t *testing.T) {
	p := params(t, "regtest")
	all := consensus.ScriptFlags(tx.Hash{}, 1, p)
	op := tx.OutPoint{Hash: txid(1)}
	multisig := []byte{0x51, 0xae} // OP_1 OP_CHECKMULTISIG
	p2sh := append([]byte{0xa9, 20}, make([]byte, 20)...)
	p2sh = append(p2sh, 0x87)
	p2wpkh := append([]byte{0x00, 20}, make([]byte, 20)...)
	p2wsh := append([]byte{0x00, 32}, make([]byte, 32)...)
	p2tr := append([]byte{0x51, 32}, make([]byte, 32)...)
	sigs := bytes.Repeat([]byte{0xac}, 3) // three OP_CHECKSIG
	make1 := func(scriptSig []byte, witness ...[]byte) *tx.Tx {
		return tx.New(2, []tx.Input{{PrevOut: op, ScriptSig: scriptSig, Witness: witness}}, []tx.Output{{PkScript: nil}}, 0)
	}
	rows := []struct {
		what     string
		t        *tx.Tx
		pkScript []byte
		want     int
	}{
		{"nothing", make1(nil), anyoneCan, 0},
		{"the spent script counts nothing by itself", make1(nil), sigs, 0},
		{"three in the script that spends", make1(sigs), anyoneCan, 12},
		{"a multisig in it counts twenty", make1(multisig), anyoneCan, 80},
		{"a multisig in P2SH counts its keys", make1(append([]byte{2}, multisig...)), p2sh, 4},
		{"P2WPKH counts one", make1(nil, []byte{1}, []byte{2}), p2wpkh, 1},
		{"P2WSH counts what its script shows", make1(nil, sigs), p2wsh, 3},
		{"P2WSH counts a multisig's keys", make1(nil, multisig), p2wsh, 1},
		{"P2WSH in P2SH", make1(append([]byte{34}, p2wsh...), sigs), p2sh, 3},
		{"taproot counts nothing", make1(nil, make([]byte, 64)), p2tr, 0},
	}
	for _, row := range rows {
		t.Run(row.what, func(t *testing.T) {
			coins := []consensus.Coin{{Output: tx.Output{PkScript: row.pkScript}}}
			if got := consensus.SigOpCost(row.t, coins, all); got != row.want {
				t.Errorf("cost is %d, want %d", got, row.want)
			}
		})
	}
	if got := consensus.SigOpCost(rows[4].t, []consensus.Coin{{Output: tx.Output{PkScript: p2sh}}}, 0); got != 0 {
		t.Errorf("P2SH counts %d before BIP16", got)
	}
	cb := coinbaseWith(sigs, nil, []tx.Output{{PkScript: multisig}})
	if got := consensus.SigOpCost(cb, nil, all); got != 12+80 {
		t.Errorf("a coinbase costs %d", got)
	}
}
