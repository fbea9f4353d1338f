package script_test

import (
	"crypto/sha256"
	"encoding/binary"
	"testing"

	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/script/secp"
	"github.com/troupe-node/troupe/tx"
)

func signLegacy(t *tx.Tx, key int, code []byte) []byte {
	hash := script.LegacyHash(t, 0, code, script.SigHashAll)
	return append(secp.SignECDSA(testKeys[key], &hash), script.SigHashAll)
}

// scriptSig and output script check signatures over codes of the same length and type: remembering the hash of one
// must not answer for the other.
func TestHashesOfDifferentScriptCodesAreNotMixedUp(t *testing.T) {
	key1, key2 := testKeys[1].PubKey(), testKeys[2].PubKey()
	inputs := []tx.Input{{Sequence: 1}}
	outputs := []tx.Output{{Value: 1}}
	unsigned := tx.New(1, inputs, outputs, 0)
	padding := 70
	for {
		pkScript := script.NewBuilder().RawData(make([]byte, padding)).Op(script.OP_DROP).RawData(key2[:]).
			Op(script.OP_CHECKSIG).Script()
		sig2 := signLegacy(unsigned, 2, pkScript)
		code := script.NewBuilder().RawData(sig2).RawData(key1[:]).Op(script.OP_CHECKSIGVERIFY).Script()
		if len(code) != len(pkScript) {
			padding = len(sig2) - 1 // and sign again
			outputs[0].Value++
			unsigned = tx.New(1, inputs, outputs, 0)
			continue
		}
		// The code leaves its own signature out: FindAndDelete takes it away.
		sig1 := signLegacy(unsigned, 1, code)
		inputs[0].ScriptSig = script.NewBuilder().RawData(sig2).RawData(sig1).RawData(key1[:]).
			Op(script.OP_CHECKSIGVERIFY).Script()
		ctx := script.NewTxContext(tx.New(1, inputs, outputs, 0), []tx.Output{{PkScript: pkScript}})
		if err := ctx.Verify(0, script.VerifyNone, nil); err != nil {
			t.Fatal(err)
		}
		if err := ctx.Verify(0, script.VerifyConstScriptCode, nil); err != script.ErrSigFindAndDelete {
			t.Errorf("under CONST_SCRIPTCODE: %v", err)
		}
		return
	}
}

func TestASignatureCachedForOneKeyDoesNotVerifyForAnother(t *testing.T) {
	a, b := testKeys[0].PubKey(), testKeys[1].PubKey()
	code := script.PayToMultiSig(2, a[:], b[:])
	program := sha256.Sum256(code)
	spent := []tx.Output{{Value: 5, PkScript: script.PayToWitness(0, program[:])}}
	inputs := []tx.Input{{}}
	outputs := []tx.Output{{Value: 4}}
	hash := script.NewTxContext(tx.New(2, inputs, outputs, 0), spent).WitnessV0Hash(0, code, script.SigHashAll)
	sigA := append(secp.SignECDSA(testKeys[0], &hash), script.SigHashAll)
	sigB := append(secp.SignECDSA(testKeys[1], &hash), script.SigHashAll)
	cache := script.NewSigCache(1<<16, [32]byte{11})
	for _, c := range []struct {
		sigs [2][]byte
		want error
	}{
		{[2][]byte{sigA, sigB}, nil},
		{[2][]byte{sigA, sigA}, script.ErrSigNullFail},
		{[2][]byte{sigB, sigB}, script.ErrSigNullFail},
		{[2][]byte{sigB, sigA}, script.ErrSigNullFail},
		{[2][]byte{nil, nil}, script.ErrEvalFalse},
	} {
		in := []tx.Input{{Witness: [][]byte{nil, c.sigs[0], c.sigs[1], code}}}
		ctx := script.NewTxContext(tx.New(2, in, outputs, 0), spent)
		if err := ctx.Verify(0, script.StandardFlags, cache); err != c.want {
			t.Errorf("%x: %v, want %v", c.sigs, err, c.want)
		}
	}
}

// Core announces the whole length of a script code that ends inside a push, and then writes only what it could read.
func TestLegacyHashStopsWhereCoreStopsReading(t *testing.T) {
	parsed := tx.New(2, []tx.Input{{PrevOut: tx.OutPoint{Index: 3}, Sequence: 9}}, nil, 7)
	for _, c := range []struct {
		what          string
		code, written []byte
		length        byte
	}{
		{"complete", []byte{0x51, 0x01, 0x05}, []byte{0x51, 0x01, 0x05}, 3},
		{"separators", []byte{0xab, 0x51, 0xab, 0xab, 0x52}, []byte{0x51, 0x52}, 2},
		{"inside a direct push", []byte{0x51, 0x05, 0x01, 0x02}, []byte{0x51, 0x05}, 4},
		{"inside a direct push behind a separator", []byte{0xab, 0x51, 0x05, 0x01}, []byte{0x51, 0x05}, 3},
		{"inside PUSHDATA1", []byte{0x51, 0x4c, 0x05, 0x01}, []byte{0x51, 0x4c, 0x05}, 4},
		{"before PUSHDATA1's length", []byte{0xab, 0x51, 0x4c}, []byte{0x51, 0x4c}, 2},
		{"inside PUSHDATA2's length", []byte{0x51, 0x4d, 0x05}, []byte{0x51, 0x4d}, 3},
		{"inside PUSHDATA4", []byte{0x4e, 0xff, 0xff, 0xff, 0xff, 0x51}, []byte{0x4e, 0xff, 0xff, 0xff, 0xff}, 6},
	} {
		var pre []byte
		pre = binary.LittleEndian.AppendUint32(pre, 2)
		pre = append(pre, 1)
		pre = append(pre, make([]byte, 32)...)
		pre = binary.LittleEndian.AppendUint32(pre, 3)
		pre = append(append(pre, c.length), c.written...)
		pre = binary.LittleEndian.AppendUint32(pre, 9)
		pre = append(pre, 0)
		pre = binary.LittleEndian.AppendUint32(pre, 7)
		pre = binary.LittleEndian.AppendUint32(pre, 1)
		if got, want := tx.Hash(script.LegacyHash(parsed, 0, c.code, 1)), tx.DoubleSHA256(pre); got != want {
			t.Errorf("%s: %v, want %v", c.what, got, want)
		}
	}
}

// Every length of both pushes, minimal or not, must find the interpreter's answer.
func TestP2PKHTemplateLeavesOddPushesToTheInterpreter(t *testing.T) {
	key := testKeys[0].PubKey()
	good := spendP2PKH().sig
	for size := range 90 {
		for _, keySize := range []int{0, 1, 32, 33, 34, 65, 66, 80} {
			sig := append(append([]byte{}, good...), make([]byte, 30)...)[:size]
			if size == 1 {
				sig = []byte{5}
			}
			pubKey := append(append([]byte{}, key[:]...), make([]byte, 60)...)[:keySize]
			for _, scriptSig := range [][]byte{
				script.NewBuilder().RawData(sig).RawData(pubKey).Script(),
				script.NewBuilder().Data(sig).Data(pubKey).Op(script.OP_NOP).Script(),
				append(append([]byte{script.OP_PUSHDATA1, byte(size)}, sig...), script.NewBuilder().Data(pubKey).Script()...),
				script.NewBuilder().Data(sig).Script(),
			} {
				in := []tx.Input{{ScriptSig: scriptSig}}
				spent := []tx.Output{{PkScript: script.PayToPubKeyHash(script.Hash160(pubKey))}}
				ctx := script.NewTxContext(tx.New(1, in, []tx.Output{{}}, 0), spent)
				for _, flags := range []script.Flags{script.VerifyNone, script.MandatoryFlags, script.StandardFlags} {
					fast, slow := ctx.Verify(0, flags, nil), ctx.VerifyByInterpreter(0, flags, nil)
					if fast != slow {
						t.Errorf("scriptSig %x under %v: template %v, interpreter %v", scriptSig, flags, fast, slow)
					}
				}
			}
		}
	}
}
