package secp

import (
	"crypto/sha256"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	secp256k1 "github.com/decred/dcrd/dcrec/secp256k1/v4"
	"pgregory.net/rapid"
)

// From the wallet vectors of BIP341 (bips/bip-0341/wallet-test-vectors.json).
func TestTapTweakOfKnownKeys(t *testing.T) {
	rows := []struct{ internal, root, output string }{
		{"d6889cb081036e0faefa3a35157ad71086b123b2b144b649798b494c300a961d", "",
			"53a1f6e454df1aa2776a2814a721372d6258050de330b3c6d10ee8f4e0dda343"},
		{"187791b6f712a8ea41c8ecdd0ee77fab3e85263b37e1ec18a3651926b3a6cf27",
			"5b75adecf53548f3ec6ad7d78383bf84cc57b55a3127c72b9a2481752dd88b21",
			"147c9c57132f6e7ecddba9800bb0c4449251c92a1e60371ee77557b6620f3ea3"},
	}
	for _, row := range rows {
		internal := [32]byte(unhex(t, row.internal))
		got, odd, ok := TapTweak(&internal, unhex(t, row.root))
		if !ok || [32]byte(unhex(t, row.output)) != got {
			t.Errorf("%s: got %x, %v", row.internal, got, ok)
		}
		if row.root == "" {
			continue
		}
		root := unhex(t, row.root)
		if !CheckTapTweak(got[:], internal[:], root, odd) || CheckTapTweak(got[:], internal[:], root, !odd) {
			t.Errorf("%s: parity is not checked", row.internal)
		}
		root[5] ^= 1
		if CheckTapTweak(got[:], internal[:], root, odd) || CheckTapTweak(got[:31], internal[:], root, odd) {
			t.Errorf("%s: wrong root or length accepted", row.internal)
		}
	}
}

func TestBIP341WalletVectors(t *testing.T) {
	dir := os.Getenv("TROUPE_VECTORS")
	if dir == "" {
		t.Skip("TROUPE_VECTORS is not set: point it at a folder with bip341_wallet_vectors.json")
	}
	raw, err := os.ReadFile(filepath.Join(dir, "bip341_wallet_vectors.json"))
	if err != nil {
		t.Skip(err)
	}
	var file struct {
		ScriptPubKey []struct {
			Given        struct{ InternalPubkey string }
			Intermediary struct{ MerkleRoot, Tweak, TweakedPubkey string }
		}
		KeyPathSpending []struct {
			InputSpending []struct {
				Given        struct{ InternalPrivkey, MerkleRoot string }
				Intermediary struct{ TweakedPrivkey, SigHash string }
				Expected     struct{ Witness []string }
			}
		}
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	for _, v := range file.ScriptPubKey {
		internal, root := [32]byte(unhex(t, v.Given.InternalPubkey)), unhex(t, v.Intermediary.MerkleRoot)
		if tweak := TapTweakHash(&internal, root); tweak != [32]byte(unhex(t, v.Intermediary.Tweak)) {
			t.Errorf("%x: tweak %x", internal, tweak)
		}
		if out, _, ok := TapTweak(&internal, root); !ok || out != [32]byte(unhex(t, v.Intermediary.TweakedPubkey)) {
			t.Errorf("%x: output key %x", internal, out)
		}
	}
	inputs := 0
	for _, spend := range file.KeyPathSpending {
		for _, v := range spend.InputSpending {
			inputs++
			key, err := ParsePrivateKey(unhex(t, v.Given.InternalPrivkey))
			if err != nil {
				t.Fatal(err)
			}
			tweaked, err := key.TapTweaked(unhex(t, v.Given.MerkleRoot))
			if err != nil || tweaked.Bytes() != [32]byte(unhex(t, v.Intermediary.TweakedPrivkey)) {
				t.Errorf("%s: tweaked key differs (%v)", v.Given.InternalPrivkey, err)
			}
			hash := [32]byte(unhex(t, v.Intermediary.SigHash))
			sig := SignSchnorr(tweaked, &hash, nil)
			if [64]byte(unhex(t, v.Expected.Witness[0])[:64]) != sig {
				t.Errorf("%s: signature %x", v.Given.InternalPrivkey, sig)
			}
		}
	}
	if len(file.ScriptPubKey) == 0 || inputs == 0 {
		t.Fatal("the vectors were not read")
	}
}

func TestTweakEnginesAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		internal := drawX(t)
		s := drawScalar(t, "tweak")
		tweak := s.Bytes()
		if rapid.IntRange(0, 9).Draw(t, "overflow") == 0 {
			order.FillBytes(tweak[:])
		}
		x, odd, ok := engineTweakAdd(&internal, &tweak)
		px, podd, pok := pureTweakAdd(&internal, &tweak)
		if x != px || odd != podd || ok != pok {
			t.Fatalf("engine %x %v %v, pure Go %x %v %v", x, odd, ok, px, podd, pok)
		}
	})
}

func TestTweakToInfinityIsRefused(t *testing.T) {
	key := testKey(t, 11)
	minus := *key.evenScalar()
	tweak := minus.Negate().Bytes()
	x := key.XOnly()
	if _, _, ok := engineTweakAdd(&x, &tweak); ok {
		t.Error("engine tweaked a key to infinity")
	}
	if _, _, ok := pureTweakAdd(&x, &tweak); ok {
		t.Error("pure Go tweaked a key to infinity")
	}
}

func TestTweakedSecretMatchesTweakedPublicKey(t *testing.T) {
	for i := uint32(0); i < 50; i++ {
		key := testKey(t, i)
		root := sha256.Sum256([]byte{byte(i)})
		tweaked, err := key.TapTweaked(root[:])
		if err != nil {
			t.Fatal(err)
		}
		internal := key.XOnly()
		out, odd, ok := TapTweak(&internal, root[:])
		pub := tweaked.PubKey()
		if !ok || out != tweaked.XOnly() || odd != (pub[0] == secp256k1.PubKeyFormatCompressedOdd) {
			t.Fatalf("key %d: %x, odd %v, against %x", i, out, odd, pub)
		}
		hash := sha256.Sum256(root[:])
		sig := SignSchnorr(tweaked, &hash, nil)
		if !VerifySchnorr(out[:], sig[:], &hash) {
			t.Fatalf("key %d: key path signature refused", i)
		}
	}
}
