package script_test

import (
	"crypto/sha256"
	"slices"
	"testing"
	"time"

	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/script/secp"
	"github.com/troupe-node/troupe/tx"
)

// benchTx has two inputs and two outputs; its first input spends pkScript.
func benchTx(pkScript []byte) (inputs []tx.Input, outputs []tx.Output, spent []tx.Output) {
	inputs = []tx.Input{
		{PrevOut: tx.OutPoint{Hash: tx.Hash{1}}, Sequence: 0xfffffffd},
		{PrevOut: tx.OutPoint{Hash: tx.Hash{2}, Index: 7}, Sequence: 0xfffffffd},
	}
	hash := [20]byte{1, 2, 3}
	outputs = []tx.Output{{Value: 5_000_000, PkScript: pkScript}, {Value: 70_000, PkScript: script.PayToPubKeyHash(hash)}}
	spent = []tx.Output{{Value: 5_000_100, PkScript: pkScript}, {Value: 80_000, PkScript: []byte{script.OP_1}}}
	return inputs, outputs, spent
}

// benchSpend is a signed input, and the bare check of its last signature.
type benchSpend struct {
	*script.TxContext
	fresh func() *script.TxContext // as for a transaction that was never seen
	bare  func() bool
	sigs  int
	sig   []byte // with its hash type
}

func newBenchSpend(inputs []tx.Input, outputs, spent []tx.Output, sigs int, sig []byte, bare func() bool) benchSpend {
	t := tx.New(2, inputs, outputs, 0)
	fresh := func() *script.TxContext { return script.NewTxContext(t, spent) }
	return benchSpend{fresh(), fresh, bare, sigs, sig}
}

func spendP2WPKH() benchSpend {
	key := testKeys[0].PubKey()
	hash := script.Hash160(key[:])
	inputs, outputs, spent := benchTx(script.PayToWitness(0, hash[:]))
	digest := script.NewTxContext(tx.New(2, inputs, outputs, 0), spent).WitnessV0Hash(0, script.PayToPubKeyHash(hash), 1)
	sig := secp.SignECDSA(testKeys[0], &digest)
	inputs[0].Witness = [][]byte{append(sig[:len(sig):len(sig)], 1), key[:]}
	return newBenchSpend(inputs, outputs, spent, 1, append(sig[:len(sig):len(sig)], 1),
		func() bool { return secp.VerifyECDSA(key[:], sig, &digest) })
}

func spendP2PKH() benchSpend {
	key := testKeys[0].PubKey()
	code := script.PayToPubKeyHash(script.Hash160(key[:]))
	inputs, outputs, spent := benchTx(code)
	digest := script.LegacyHash(tx.New(2, inputs, outputs, 0), 0, code, 1)
	sig := secp.SignECDSA(testKeys[0], &digest)
	inputs[0].ScriptSig = script.NewBuilder().Data(append(sig[:len(sig):len(sig)], 1)).Data(key[:]).Script()
	return newBenchSpend(inputs, outputs, spent, 1, append(sig[:len(sig):len(sig)], 1),
		func() bool { return secp.VerifyECDSA(key[:], sig, &digest) })
}

func spendKeyPath() benchSpend {
	tweaked, err := testKeys[0].TapTweaked(nil)
	if err != nil {
		panic(err)
	}
	output := tweaked.XOnly()
	inputs, outputs, spent := benchTx(script.PayToWitness(1, output[:]))
	digest, _ := script.NewTxContext(tx.New(2, inputs, outputs, 0), spent).TaprootHash(0, script.TaprootSpend{}, 0)
	sig := secp.SignSchnorr(tweaked, &digest, nil)
	inputs[0].Witness = [][]byte{sig[:]}
	return newBenchSpend(inputs, outputs, spent, 1, sig[:],
		func() bool { return secp.VerifySchnorr(output[:], sig[:], &digest) })
}

// spendMultiSig signs with the second and third of three keys, so that exactly two signatures are checked.
func spendMultiSig() benchSpend {
	var keys [][]byte
	for i := range 3 {
		key := testKeys[i].PubKey()
		keys = append(keys, key[:])
	}
	code := script.PayToMultiSig(2, keys...)
	program := sha256.Sum256(code)
	inputs, outputs, spent := benchTx(script.PayToWitness(0, program[:]))
	digest := script.NewTxContext(tx.New(2, inputs, outputs, 0), spent).WitnessV0Hash(0, code, 1)
	witness := [][]byte{nil}
	for i := 1; i < 3; i++ {
		witness = append(witness, append(secp.SignECDSA(testKeys[i], &digest), 1))
	}
	inputs[0].Witness = append(witness, code)
	sig := witness[2][:len(witness[2])-1]
	return newBenchSpend(inputs, outputs, spent, 2, witness[2],
		func() bool { return secp.VerifyECDSA(keys[2], sig, &digest) })
}

var benchSpends = []struct {
	name string
	make func() benchSpend
}{
	{"P2WPKH", spendP2WPKH}, {"P2PKH", spendP2PKH}, {"P2TR-key", spendKeyPath}, {"P2WSH-2of3", spendMultiSig},
}

// BenchmarkVerify is one input, beside the bare checks of as many signatures.
func BenchmarkVerify(b *testing.B) {
	for _, c := range benchSpends {
		s := c.make()
		b.Run(c.name+"/bare-signatures", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for range s.sigs {
					if !s.bare() {
						b.Fatal("the signature does not verify")
					}
				}
			}
		})
		b.Run(c.name+"/input", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				verifyFirst(b, s.TxContext)
			}
		})
		b.Run(c.name+"/fresh", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				verifyFirst(b, s.fresh())
			}
		})
		b.Run(c.name+"/cached", func(b *testing.B) {
			cache := script.NewSigCache(1<<20, [32]byte{4})
			b.ReportAllocs()
			for b.Loop() {
				if err := s.Verify(0, script.StandardFlags, cache); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkOverhead is what an input costs beyond the bare checks of its signatures: one of a transaction under way,
// and the first of a fresh one, which pays for what the inputs share. All are measured in turns of a
// few calls, and their medians compared: what else the machine does hits both alike.
func BenchmarkOverhead(b *testing.B) {
	for _, c := range benchSpends {
		s := c.make()
		b.Run(c.name, func(b *testing.B) {
			var bare, input, fresh []float64
			for range b.N {
				bare = append(bare, perCall(func() {
					for range s.sigs {
						s.bare()
					}
				}))
				input = append(input, perCall(func() {
					verifyFirst(b, s.TxContext)
				}))
				fresh = append(fresh, perCall(func() {
					verifyFirst(b, s.fresh())
				}))
			}
			b.ReportMetric(median(bare), "ns/bare")
			b.ReportMetric(median(input), "ns/input")
			b.ReportMetric((median(input)/median(bare)-1)*100, "%over")
			b.ReportMetric((median(fresh)/median(bare)-1)*100, "%over-fresh")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func verifyFirst(b *testing.B, ctx *script.TxContext) {
	if err := ctx.Verify(0, script.StandardFlags, nil); err != nil {
		b.Fatal(err)
	}
}

func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}

// perCall times a turn of eight calls.
func perCall(f func()) float64 {
	const calls = 8
	start := time.Now()
	for range calls {
		f()
	}
	return float64(time.Since(start).Nanoseconds()) / calls
}

// BenchmarkLegacyHash is the signature hash of the last input of a transaction of about 100 kB.
func BenchmarkLegacyHash(b *testing.B) {
	code := script.PayToPubKeyHash([20]byte{9})
	inputs := make([]tx.Input, 700)
	for i := range inputs {
		inputs[i] = tx.Input{PrevOut: tx.OutPoint{Index: uint32(i)}, ScriptSig: make([]byte, 107), Sequence: 1}
	}
	t := tx.New(1, inputs, []tx.Output{{Value: 1, PkScript: code}, {Value: 2, PkScript: code}}, 0)
	for _, kind := range []struct {
		name string
		t    uint32
	}{{"all", script.SigHashAll}, {"none", script.SigHashNone}, {"all-anyonecanpay", 0x81}} {
		b.Run(kind.name, func(b *testing.B) {
			b.SetBytes(int64(41 * len(inputs)))
			b.ReportAllocs()
			for b.Loop() {
				script.LegacyHash(t, len(inputs)-1, code, kind.t)
			}
		})
	}
}

// BenchmarkMidstates is what a transaction pays once, with 50 inputs.
func BenchmarkMidstates(b *testing.B) {
	inputs := make([]tx.Input, 50)
	spent := make([]tx.Output, len(inputs))
	for i := range spent {
		spent[i] = tx.Output{Value: 1, PkScript: script.PayToWitness(1, make([]byte, 32))}
	}
	t := tx.New(2, inputs, spent[:2], 0)
	b.ReportAllocs()
	for b.Loop() {
		script.NewTxContext(t, spent).TaprootHash(0, script.TaprootSpend{}, 0)
	}
}

func BenchmarkClassify(b *testing.B) {
	code := script.PayToWitness(1, make([]byte, 32))
	b.ReportAllocs()
	for b.Loop() {
		script.Classify(code)
	}
}
