package script_test

import (
	"encoding/hex"
	"encoding/json"
	"testing"

	"github.com/troupe-node/troupe/internal/testdata"
	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/script/secp"
	"github.com/troupe-node/troupe/tx"
)

func TestLegacySignatureHashesAreCores(t *testing.T) {
	vectorSets(t, "sighash.json", func(t *testing.T, data []byte) {
		var lines [][]any
		if err := json.Unmarshal(data, &lines); err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, line := range lines {
			if len(line) < 5 {
				continue
			}
			n++
			parsed := parseTx(t, line[0].(string))
			code := unhex(t, line[1].(string))
			hashType := uint32(int32(line[3].(float64)))
			got := tx.Hash(script.LegacyHash(parsed, int(line[2].(float64)), code, hashType))
			if got.String() != line[4].(string) {
				t.Errorf("got %v, want %v", got, line)
			}
		}
		if n < 500 {
			t.Errorf("only %d cases", n)
		}
	})
}

// walletVectors is the part of BIP341's wallet test vectors that a verifier can check.
type walletVectors struct {
	ScriptPubKey []struct {
		Given struct {
			InternalPubkey string
			ScriptTree     json.RawMessage
		}
		Intermediary struct {
			LeafHashes []string
			MerkleRoot *string
		}
		Expected struct {
			ScriptPubKey            string
			ScriptPathControlBlocks []string
		}
	}
	KeyPathSpending []struct {
		Given struct {
			RawUnsignedTx string
			UtxosSpent    []struct {
				ScriptPubKey string
				AmountSats   int64
			}
		}
		InputSpending []struct {
			Given struct {
				TxinIndex       int
				InternalPrivkey string
				MerkleRoot      *string
				HashType        byte
			}
			Intermediary struct{ SigHash string }
			Expected     struct{ Witness []string }
		}
		Auxiliary struct{ FullySignedTx string }
	}
}

func readWalletVectors(t *testing.T) (v walletVectors) {
	t.Helper()
	if err := json.Unmarshal(testdata.Vectors(t, "bip341_wallet_vectors.json"), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestBIP341KeyPathVectorsHashSignAndVerify(t *testing.T) {
	v := readWalletVectors(t)
	for _, c := range v.KeyPathSpending {
		signed := parseTx(t, c.Auxiliary.FullySignedTx)
		var spent []tx.Output
		for _, u := range c.Given.UtxosSpent {
			spent = append(spent, tx.Output{Value: u.AmountSats, PkScript: unhex(t, u.ScriptPubKey)})
		}
		ctx := script.NewTxContext(parseTx(t, c.Given.RawUnsignedTx), spent)
		for _, in := range c.InputSpending {
			g := in.Given
			hash, ok := ctx.TaprootHash(g.TxinIndex, script.TaprootSpend{}, g.HashType)
			if !ok || hex.EncodeToString(hash[:]) != in.Intermediary.SigHash {
				t.Errorf("input %d: hash %x, want %s", g.TxinIndex, hash, in.Intermediary.SigHash)
			}
			key, err := secp.ParsePrivateKey(unhex(t, g.InternalPrivkey))
			if err != nil {
				t.Fatal(err)
			}
			var root []byte
			if g.MerkleRoot != nil {
				root = unhex(t, *g.MerkleRoot)
			}
			tweaked, err := key.TapTweaked(root)
			if err != nil {
				t.Fatal(err)
			}
			sig := secp.SignSchnorr(tweaked, &hash, nil)
			got := sig[:]
			if g.HashType != script.SigHashDefault {
				got = append(got, g.HashType)
			}
			if hex.EncodeToString(got) != in.Expected.Witness[0] {
				t.Errorf("input %d: signature %x, want %s", g.TxinIndex, got, in.Expected.Witness[0])
			}
		}
		full := script.NewTxContext(signed, spent)
		for i := range signed.Inputs {
			if err := full.Verify(i, script.StandardFlags, nil); err != nil {
				t.Errorf("input %d of the signed transaction: %v", i, err)
			}
		}
	}
}

// tapTree flattens a script tree of the vectors: its root hash and each leaf's path in the order of the leaves' ids.
func tapTree(t *testing.T, raw json.RawMessage) (root [32]byte, leaves []tapLeaf) {
	t.Helper()
	var leaf struct {
		Script      string
		LeafVersion byte
	}
	if raw[0] == '{' {
		if err := json.Unmarshal(raw, &leaf); err != nil {
			t.Fatal(err)
		}
		root = script.TapLeafHash(leaf.LeafVersion, unhex(t, leaf.Script))
		return root, []tapLeaf{{version: leaf.LeafVersion, hash: root}}
	}
	var children []json.RawMessage
	if err := json.Unmarshal(raw, &children); err != nil {
		t.Fatal(err)
	}
	left, leftLeaves := tapTree(t, children[0])
	right, rightLeaves := tapTree(t, children[1])
	for _, l := range leftLeaves {
		l.path = append(l.path, right[:]...)
		leaves = append(leaves, l)
	}
	for _, l := range rightLeaves {
		l.path = append(l.path, left[:]...)
		leaves = append(leaves, l)
	}
	return script.TapBranchHash(&left, &right), leaves
}

type tapLeaf struct {
	version byte
	hash    [32]byte
	path    []byte
}

func TestBIP341ScriptTreesGiveTheirOutputsAndControlBlocks(t *testing.T) {
	for _, c := range readWalletVectors(t).ScriptPubKey {
		internal := [32]byte(unhex(t, c.Given.InternalPubkey))
		var root []byte
		var leaves []tapLeaf
		if len(c.Given.ScriptTree) > 0 && string(c.Given.ScriptTree) != "null" {
			var hash [32]byte
			hash, leaves = tapTree(t, c.Given.ScriptTree)
			root = hash[:]
		}
		output, odd, ok := secp.TapTweak(&internal, root)
		if got := hex.EncodeToString(script.PayToWitness(1, output[:])); !ok || got != c.Expected.ScriptPubKey {
			t.Errorf("output script %s, want %s", got, c.Expected.ScriptPubKey)
		}
		if len(leaves) != len(c.Expected.ScriptPathControlBlocks) {
			t.Fatalf("%d leaves, want %d", len(leaves), len(c.Expected.ScriptPathControlBlocks))
		}
		for i, leaf := range leaves {
			if got := hex.EncodeToString(leaf.hash[:]); got != c.Intermediary.LeafHashes[i] {
				t.Errorf("leaf %d: hash %s, want %s", i, got, c.Intermediary.LeafHashes[i])
			}
			control := append([]byte{leaf.version}, internal[:]...)
			if odd {
				control[0] |= 1
			}
			if got := hex.EncodeToString(append(control, leaf.path...)); got != c.Expected.ScriptPathControlBlocks[i] {
				t.Errorf("leaf %d: control block %s, want %s", i, got, c.Expected.ScriptPathControlBlocks[i])
			}
		}
	}
}
