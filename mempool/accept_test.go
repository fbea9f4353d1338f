package mempool

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/tx"
)

// raw makes a transaction of parts, of a coin of one bitcoin.
func (w *world) raw(version uint32, change func(in *tx.Input, out *[]tx.Output)) *tx.Tx {
	in := tx.Input{PrevOut: w.coin(one), Sequence: consensus.SequenceFinal, Witness: [][]byte{opTrue}}
	outs := []tx.Output{{Value: one - 20_000, PkScript: anyoneCan}}
	change(&in, &outs)
	return tx.New(version, []tx.Input{in}, outs, 0)
}

func paysTo(pkScript ...byte) func(*tx.Input, *[]tx.Output) {
	return func(_ *tx.Input, outs *[]tx.Output) { (*outs)[0].PkScript = pkScript }
}

func key(b byte) []byte { return append([]byte{2}, bytes.Repeat([]byte{b}, 32)...) }

func multisig(m, n int) []byte {
	var keys [][]byte
	for i := range n {
		keys = append(keys, key(byte(i+1)))
	}
	return script.PayToMultiSig(m, keys...)
}

func dataScript(n int) []byte { return append([]byte{script.OP_RETURN}, make([]byte, n-1)...) }

func TestStandardnessHasCoresWords(t *testing.T) {
	anchor := script.PayToWitness(1, []byte{0x4e, 0x73})
	for _, c := range []struct {
		name   string
		make   func(w *world) *tx.Tx
		reason string // empty: accepted
		policy func(*Policy)
	}{
		{"version 0", func(w *world) *tx.Tx { return w.raw(0, func(*tx.Input, *[]tx.Output) {}) }, "version", nil},
		{"version 1", func(w *world) *tx.Tx { return w.raw(1, func(*tx.Input, *[]tx.Output) {}) }, "", nil},
		{"version 3", func(w *world) *tx.Tx { return w.raw(3, func(*tx.Input, *[]tx.Output) {}) }, "", nil},
		{"version 4", func(w *world) *tx.Tx { return w.raw(4, func(*tx.Input, *[]tx.Output) {}) }, "version", nil},
		{"the highest version", func(w *world) *tx.Tx { return w.raw(0xffffffff, func(*tx.Input, *[]tx.Output) {}) }, "version", nil},
		{"any version without standardness", func(w *world) *tx.Tx { return w.raw(9, func(*tx.Input, *[]tx.Output) {}) }, "", func(p *Policy) { p.RequireStandard = false }},
		{"too heavy", func(w *world) *tx.Tx {
			return w.raw(2, func(in *tx.Input, _ *[]tx.Output) { in.Witness = [][]byte{make([]byte, 400_000), opTrue} })
		}, "tx-size", nil},
		{"long input script", func(w *world) *tx.Tx {
			return w.raw(2, func(in *tx.Input, _ *[]tx.Output) { in.ScriptSig = make([]byte, 1651) })
		}, "scriptsig-size", nil},
		{"input script that computes", func(w *world) *tx.Tx {
			return w.raw(2, func(in *tx.Input, _ *[]tx.Output) { in.ScriptSig = []byte{script.OP_1, script.OP_DUP} })
		}, "scriptsig-not-pushonly", nil},
		{"unknown output script", func(w *world) *tx.Tx { return w.raw(2, paysTo(script.OP_1, script.OP_DROP)) }, "scriptpubkey", nil},
		{"unknown output script without standardness", func(w *world) *tx.Tx { return w.raw(2, paysTo(repeat(script.OP_NOP, 20)...)) }, "", func(p *Policy) { p.RequireStandard = false }},
		{"bare multisig of three", func(w *world) *tx.Tx { return w.raw(2, paysTo(multisig(2, 3)...)) }, "", nil},
		{"bare multisig of four", func(w *world) *tx.Tx { return w.raw(2, paysTo(multisig(2, 4)...)) }, "scriptpubkey", nil},
		{"bare multisig forbidden", func(w *world) *tx.Tx { return w.raw(2, paysTo(multisig(1, 2)...)) }, "bare-multisig", func(p *Policy) { p.PermitBareMulti = false }},
		{"data of 83 bytes", func(w *world) *tx.Tx { return w.raw(2, paysTo(dataScript(83)...)) }, "", nil},
		{"data of 84 bytes", func(w *world) *tx.Tx { return w.raw(2, paysTo(dataScript(84)...)) }, "scriptpubkey", nil},
		{"data forbidden", func(w *world) *tx.Tx { return w.raw(2, paysTo(dataScript(2)...)) }, "scriptpubkey", func(p *Policy) { p.MaxDataCarrier = 0 }},
		{"data twice", func(w *world) *tx.Tx {
			return w.raw(2, func(_ *tx.Input, outs *[]tx.Output) {
				*outs = []tx.Output{{PkScript: dataScript(9)}, {PkScript: dataScript(9)}}
			})
		}, "multi-op-return", nil},
		{"dust", func(w *world) *tx.Tx {
			return w.raw(2, func(_ *tx.Input, outs *[]tx.Output) { (*outs)[0].Value = 329 })
		}, "dust", nil},
		{"just no dust", func(w *world) *tx.Tx {
			return w.raw(2, func(_ *tx.Input, outs *[]tx.Output) { (*outs)[0].Value = 330 })
		}, "", nil},
		{"an anchor output", func(w *world) *tx.Tx {
			return w.raw(2, func(_ *tx.Input, outs *[]tx.Output) {
				*outs = append(*outs, tx.Output{Value: 240, PkScript: anchor})
				(*outs)[0].Value -= 240
			})
		}, "", nil},
		{"an anchor of dust", func(w *world) *tx.Tx {
			return w.raw(2, func(_ *tx.Input, outs *[]tx.Output) { (*outs)[0] = tx.Output{Value: 239, PkScript: anchor} })
		}, "dust", nil},
		{"64 bytes", func(w *world) *tx.Tx { return w.raw(2, paysTo(script.OP_RETURN, 0, 0, 0)) }, "tx-size-small", nil},
		{"64 bytes without standardness", func(w *world) *tx.Tx { return w.raw(2, paysTo(script.OP_RETURN, 0, 0, 0)) }, "tx-size-small", func(p *Policy) { p.RequireStandard = false }},
		{"65 bytes", func(w *world) *tx.Tx { return w.raw(2, paysTo(script.OP_RETURN, 0, 0, 0, 0)) }, "", nil},
		{"unknown witness version paid to", func(w *world) *tx.Tx { return w.raw(2, paysTo(script.PayToWitness(16, make([]byte, 20))...)) }, "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, func(p *Policy) {
				if c.policy != nil {
					c.policy(p)
				}
			})
			expect(t, w.offer(c.make(w)), c.reason)
			w.pool.check(t)
		})
	}
}

func expect(t *testing.T, v Verdict, reason string) {
	t.Helper()
	switch {
	case reason == "" && v.Reject != nil:
		t.Fatalf("refused: %v", v.Reject)
	case reason != "" && v.Reject == nil:
		t.Fatalf("accepted; want %q", reason)
	case reason != "" && v.Reject.Reason() != reason && v.Reject.Error() != reason:
		t.Fatalf("refused with %q; want %q", v.Reject.Error(), reason)
	}
}

// spendOf spends a coin of a script with whatever satisfies it.
func (w *world) spendOf(pkScript, scriptSig []byte, witness ...[]byte) *tx.Tx {
	op := w.coinOf(one, pkScript, 1, false)
	return tx.New(2, []tx.Input{{PrevOut: op, ScriptSig: scriptSig, Sequence: consensus.SequenceFinal, Witness: witness}},
		[]tx.Output{{Value: one - 20_000, PkScript: anyoneCan}}, 0)
}

func p2sh(redeem []byte) ([]byte, []byte) {
	return script.PayToScriptHash(script.Hash160(redeem)), script.NewBuilder().Data(redeem).Script()
}

func repeat(op byte, n int) []byte { return bytes.Repeat([]byte{op}, n) }

func p2wsh(witnessScript []byte) []byte {
	h := sha(witnessScript)
	return script.PayToWitness(0, h[:])
}

func TestInputsAndWitnessesHaveCoresWords(t *testing.T) {
	anchor := script.PayToWitness(1, []byte{0x4e, 0x73})
	many := append(append([]byte{script.OP_1, script.OP_0, script.OP_IF}, repeat(script.OP_CHECKSIG, 16)...), script.OP_ENDIF)
	fifteen := append(append([]byte{script.OP_1, script.OP_0, script.OP_IF}, repeat(script.OP_CHECKSIG, 15)...), script.OP_ENDIF)
	drops := func(n int) []byte { return append(repeat(script.OP_DROP, n), script.OP_1) }
	items := func(n, size int) (list [][]byte) {
		for range n {
			list = append(list, make([]byte, size))
		}
		return list
	}
	strict := func(p *Policy) {}
	loose := func(p *Policy) { p.RequireStandard = false }
	for _, c := range []struct {
		name   string
		make   func(w *world) *tx.Tx
		policy func(*Policy)
		reason string
		result Result
	}{
		{"bare OP_1", func(w *world) *tx.Tx { return w.spendOf(opTrue, nil) }, strict, "bad-txns-nonstandard-inputs", InputsNotStandard},
		{"bare OP_1 without standardness", func(w *world) *tx.Tx { return w.spendOf(opTrue, nil) }, loose, "", 0},
		{"unknown witness version", func(w *world) *tx.Tx { return w.spendOf(script.PayToWitness(2, repeat(7, 32)), nil) }, strict, "bad-txns-nonstandard-inputs", InputsNotStandard},
		{"unknown witness version without standardness", func(w *world) *tx.Tx {
			return w.spendOf(script.PayToWitness(2, repeat(7, 32)), nil)
		}, loose, "non-mandatory-script-verify-flag (Witness version reserved for soft-fork upgrades)", WitnessStripped},
		{"fifteen signature operations behind a hash", func(w *world) *tx.Tx { a, b := p2sh(fifteen); return w.spendOf(a, b) }, strict, "", 0},
		{"sixteen", func(w *world) *tx.Tx { a, b := p2sh(many); return w.spendOf(a, b) }, strict, "bad-txns-nonstandard-inputs", InputsNotStandard},
		{"sixteen without standardness", func(w *world) *tx.Tx { a, b := p2sh(many); return w.spendOf(a, b) }, loose, "", 0},
		{"no redeem script", func(w *world) *tx.Tx { a, _ := p2sh(fifteen); return w.spendOf(a, nil) }, strict, "bad-txns-nonstandard-inputs", InputsNotStandard},
		{"an anchor", func(w *world) *tx.Tx { return w.spendOf(anchor, nil) }, strict, "", 0},
		{"an anchor with a witness", func(w *world) *tx.Tx { return w.spendOf(anchor, nil, []byte{1}) }, strict, "bad-witness-nonstandard", WitnessMutated},
		{"a witness where none belongs", func(w *world) *tx.Tx {
			a, b := p2sh(opTrue)
			return w.spendOf(a, b, []byte{1})
		}, strict, "bad-witness-nonstandard", WitnessMutated},
		{"a hundred witness items", func(w *world) *tx.Tx {
			return w.spendOf(p2wsh(drops(100)), nil, append(items(100, 80), drops(100))...)
		}, strict, "", 0},
		{"a hundred and one", func(w *world) *tx.Tx {
			return w.spendOf(p2wsh(drops(101)), nil, append(items(101, 1), drops(101))...)
		}, strict, "bad-witness-nonstandard", WitnessMutated},
		{"a witness item of 81 bytes", func(w *world) *tx.Tx {
			return w.spendOf(p2wsh(drops(1)), nil, append(items(1, 81), drops(1))...)
		}, strict, "bad-witness-nonstandard", WitnessMutated},
		{"a witness item of 81 bytes without standardness", func(w *world) *tx.Tx {
			return w.spendOf(p2wsh(drops(1)), nil, append(items(1, 81), drops(1))...)
		}, loose, "", 0},
		{"a witness script of 3601 bytes", func(w *world) *tx.Tx {
			long := append(append([]byte{}, repeat(script.OP_NOP, 3600)...), script.OP_1)
			return w.spendOf(p2wsh(long), nil, long)
		}, strict, "bad-witness-nonstandard", WitnessMutated},
		{"an annex", func(w *world) *tx.Tx {
			return w.spendOf(script.PayToWitness(1, make([]byte, 32)), nil, make([]byte, 64), []byte{0x50})
		}, strict, "bad-witness-nonstandard", WitnessMutated},
		{"a large tapscript item", func(w *world) *tx.Tx {
			control := append([]byte{0xc0}, make([]byte, 32)...)
			return w.spendOf(script.PayToWitness(1, make([]byte, 32)), nil, make([]byte, 81), opTrue, control)
		}, strict, "bad-witness-nonstandard", WitnessMutated},
		{"a bad key path signature", func(w *world) *tx.Tx {
			return w.spendOf(script.PayToWitness(1, key(1)[1:]), nil, repeat(1, 64))
		}, strict, "mandatory-script-verify-flag-failed (Invalid Schnorr signature)", Consensus},
		{"what breaks a rule of policy before one of consensus", func(w *world) *tx.Tx {
			return w.spendOf(opTrue, []byte{script.OP_0, script.OP_CODESEPARATOR, script.OP_RETURN})
		}, loose, "mandatory-script-verify-flag-failed (OP_RETURN was encountered)", Consensus},
		{"a witness that is missing", func(w *world) *tx.Tx { return w.spendOf(anyoneCan, nil) }, strict,
			"mandatory-script-verify-flag-failed (Witness program was passed an empty witness)", WitnessStripped},
		{"another script than the hashed one", func(w *world) *tx.Tx { return w.spendOf(anyoneCan, nil, []byte{script.OP_2}) }, strict,
			"mandatory-script-verify-flag-failed (Witness program hash mismatch)", Consensus},
		{"a stack that is not clean", func(w *world) *tx.Tx {
			a, b := p2sh(opTrue)
			return w.spendOf(a, append([]byte{script.OP_1}, b...))
		}, strict, "non-mandatory-script-verify-flag (Stack size must be exactly one after execution)", NotStandard},
		{"a stack that is not clean, without standardness", func(w *world) *tx.Tx {
			a, b := p2sh(opTrue)
			return w.spendOf(a, append([]byte{script.OP_1}, b...))
		}, loose, "non-mandatory-script-verify-flag (Stack size must be exactly one after execution)", NotStandard},
		{"too many signature operations", func(w *world) *tx.Tx {
			s := append(append([]byte{script.OP_0, script.OP_IF}, repeat(script.OP_CHECKMULTISIG, 10)...), script.OP_ENDIF, script.OP_1)
			ins := make([]tx.Input, 81)
			h := sha(s)
			for i := range ins {
				ins[i] = tx.Input{PrevOut: w.coinOf(one, script.PayToWitness(0, h[:]), 1, false), Witness: [][]byte{s}}
			}
			return tx.New(2, ins, []tx.Output{{Value: one, PkScript: anyoneCan}}, 0)
		}, strict, "bad-txns-too-many-sigops, 16200", NotStandard},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, c.policy)
			v := w.offer(c.make(w))
			expect(t, v, c.reason)
			if v.Reject != nil && v.Reject.Result != c.result {
				t.Fatalf("result %s; want %s", v.Reject.Result, c.result)
			}
		})
	}
}

func TestConsensusRefusalsKeepTheirWords(t *testing.T) {
	for _, c := range []struct {
		name   string
		make   func(w *world) *tx.Tx
		reason string
		result Result
	}{
		{"no input", func(w *world) *tx.Tx { return tx.New(2, nil, []tx.Output{{Value: 1, PkScript: anyoneCan}}, 0) }, "bad-txns-vin-empty", Consensus},
		{"no output", func(w *world) *tx.Tx { return w.raw(2, func(_ *tx.Input, o *[]tx.Output) { *o = nil }) }, "bad-txns-vout-empty", Consensus},
		{"more than there is", func(w *world) *tx.Tx { return w.raw(2, func(_ *tx.Input, o *[]tx.Output) { (*o)[0].Value = one + 1 }) },
			"bad-txns-in-belowout", Consensus},
		{"a coinbase", func(w *world) *tx.Tx {
			return tx.New(2, []tx.Input{{PrevOut: tx.OutPoint{Index: tx.NullIndex}, ScriptSig: []byte{1, 1, 1}}}, []tx.Output{{Value: 1, PkScript: anyoneCan}}, 0)
		}, "coinbase", Consensus},
		{"unknown inputs", func(w *world) *tx.Tx { return spend{in: []tx.OutPoint{{Hash: tx.Hash{9}}}, outs: []int64{9999}}.tx() },
			"bad-txns-inputs-missingorspent", MissingInputs},
		{"a young coinbase", func(w *world) *tx.Tx { return w.pay(1000, w.coinOf(one, anyoneCan, 102, true)) },
			"bad-txns-premature-spend-of-coinbase", PrematureSpend},
		{"a ripe coinbase", func(w *world) *tx.Tx { return w.pay(1000, w.coinOf(one, anyoneCan, 101, true)) }, "", 0},
		{"a lock at the next height", func(w *world) *tx.Tx {
			return spend{in: []tx.OutPoint{w.coin(one)}, outs: []int64{one - 1000}, sequence: 1 << 31, lock: 200}.tx()
		}, "", 0},
		{"a lock one higher", func(w *world) *tx.Tx {
			return spend{in: []tx.OutPoint{w.coin(one)}, outs: []int64{one - 1000}, sequence: 1 << 31, lock: 201}.tx()
		}, "non-final", PrematureSpend},
		{"ten blocks after its coin", func(w *world) *tx.Tx {
			return spend{in: []tx.OutPoint{w.coinOf(one, anyoneCan, 191, false)}, outs: []int64{one - 1000}, sequence: 10}.tx()
		}, "", 0},
		{"nine blocks after, with ten asked", func(w *world) *tx.Tx {
			return spend{in: []tx.OutPoint{w.coinOf(one, anyoneCan, 192, false)}, outs: []int64{one - 1000}, sequence: 10}.tx()
		}, "non-BIP68-final", PrematureSpend},
		{"with version 1 nothing is asked", func(w *world) *tx.Tx {
			return spend{version: 1, in: []tx.OutPoint{w.coinOf(one, anyoneCan, 192, false)}, outs: []int64{one - 1000}, sequence: 10}.tx()
		}, "", 0},
		{"a block after an unconfirmed parent", func(w *world) *tx.Tx {
			parent := w.pay(1000, w.coin(one))
			w.must(parent)
			return spend{in: []tx.OutPoint{out(parent, 0)}, outs: []int64{one - 9000}, sequence: 1}.tx()
		}, "non-BIP68-final", PrematureSpend},
		{"confirmed already", func(w *world) *tx.Tx {
			t := w.pay(1000, w.coin(one))
			w.connect(0, t)
			return t
		}, "txn-already-known", Conflict},
		{"here already", func(w *world) *tx.Tx {
			t := w.pay(1000, w.coin(one))
			w.must(t)
			return t
		}, "txn-already-in-mempool", Conflict},
		{"here with another witness", func(w *world) *tx.Tx {
			t := w.pay(1000, w.coin(one))
			w.must(t)
			in := t.Inputs[0]
			in.Witness = [][]byte{{1}, opTrue}
			return tx.New(t.Version, []tx.Input{in}, t.Outputs, 0)
		}, "txn-same-nonwitness-data-in-mempool", Conflict},
		{"an output that its parent lacks", func(w *world) *tx.Tx {
			t := w.pay(1000, w.coin(one))
			w.must(t)
			return spend{in: []tx.OutPoint{out(t, 7)}, outs: []int64{9999}}.tx()
		}, "bad-txns-inputs-missingorspent", MissingInputs},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			v := w.offer(c.make(w))
			expect(t, v, c.reason)
			if v.Reject != nil && v.Reject.Result != c.result {
				t.Fatalf("result %s; want %s", v.Reject.Result, c.result)
			}
			w.pool.check(t)
		})
	}
}

func TestFeesAreAskedAsCoreAsks(t *testing.T) {
	w := newWorld(t)
	t.Run("below the relay minimum", func(t *testing.T) {
		p := w.pay(0, w.coin(one))
		v := w.offer(w.pay(int64(p.VSize())-1, w.coin(one)))
		if v.Reject == nil || v.Reject.Result != MempoolPolicy || v.Reject.Reason() != "min relay fee not met" {
			t.Fatalf("%+v", v.Reject)
		}
		if !strings.HasSuffix(v.Reject.Error(), ", 95 < 96") && !strings.Contains(v.Reject.Error(), " < ") {
			t.Fatal(v.Reject.Error())
		}
		expect(t, w.offer(w.pay(int64(p.VSize()), w.coin(one))), "")
	})
	t.Run("a TRUC one may be helped by a child", func(t *testing.T) {
		v := w.offer(spend{version: 3, in: []tx.OutPoint{w.coin(one)}, outs: []int64{one}}.tx())
		if v.Reject == nil || v.Reject.Result != Reconsiderable {
			t.Fatalf("%+v", v.Reject)
		}
	})
	t.Run("a delta counts, and its scripts are still run", func(t *testing.T) {
		free := w.pay(0, w.coin(one))
		w.pool.Prioritise(free.ID(), 5000)
		if e := w.must(free); e.Fee != 0 || e.ModifiedFee() != 5000 {
			t.Fatal(e.Fee, e.ModifiedFee())
		}
		bad := w.spendOf(anyoneCan, nil, []byte{script.OP_2})
		bad = tx.New(2, bad.Inputs, []tx.Output{{Value: one, PkScript: anyoneCan}}, 0)
		w.pool.Prioritise(bad.ID(), 5000)
		if v := w.offer(bad); !errors.Is(v.Reject, consensus.ErrScript) {
			t.Fatalf("%+v", v.Reject)
		}
	})
	t.Run("a delta that comes between check and decision does not spare the scripts", func(t *testing.T) {
		bad := w.spendOf(anyoneCan, nil, []byte{script.OP_2})
		bad = tx.New(2, bad.Inputs, []tx.Output{{Value: one, PkScript: anyoneCan}}, 0)
		a, r := w.pool.Prepare(bad, w.now, false)
		if r != nil {
			t.Fatal(r)
		}
		if err := a.Check(w, nil); err != nil {
			t.Fatal(err)
		}
		w.pool.Prioritise(bad.ID(), 5000)
		if !w.pool.Stale(a, w.now) {
			t.Fatal("it was never verified, and would be accepted")
		}
	})
	t.Run("more than our operator wants to pay", func(t *testing.T) {
		p := w.pay(200_000, w.coin(one))
		a, _ := w.pool.Prepare(p, w.now, false)
		a.MaxRate = 100_000
		if err := a.Check(w, nil); err != nil {
			t.Fatal(err)
		}
		if v := w.pool.Finish(a, w.now); !errors.Is(v.Reject, ErrMaxFee) {
			t.Fatalf("%+v", v.Reject)
		}
	})
	w.pool.check(t)
}
