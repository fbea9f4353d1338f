package secp

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

func TestAKeyIsKnownWhenItIsUsedAgain(t *testing.T) {
	var k knownKeys
	key := testKey(t, 1).PubKey()
	if got := k.full(key[:]); len(got) != 33 {
		t.Fatal("known at first sight")
	}
	full := k.full(key[:])
	if len(full) != 65 || full[0] != 4 || !bytes.Equal(full[1:33], key[1:]) || full[64]&1 != key[0]&1 {
		t.Fatalf("%x of %x", full, key)
	}
	if again := k.full(key[:]); &again[0] != &full[0] {
		t.Error("found anew")
	}
	negated := key
	negated[0] ^= 1
	k.full(negated[:])
	if got := k.full(negated[:]); got[64]&1 == full[64]&1 || !bytes.Equal(got[1:33], full[1:33]) {
		t.Errorf("%x of %x", got, negated)
	}
	for _, other := range [][]byte{full, append([]byte{2}, bytes.Repeat([]byte{0xff}, 32)...), append([]byte{5}, key[1:]...), nil} {
		for range 3 {
			if got := k.full(other); !bytes.Equal(got, other) {
				t.Errorf("%x became %x", other, got)
			}
		}
	}
	if n := testing.AllocsPerRun(100, func() { k.full(key[:]) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// Whatever comes in, and however often, the answer is that of the pure Go form.
func TestKnownKeysChangeNoAnswer(t *testing.T) {
	keys := []*PrivateKey{testKey(t, 1), testKey(t, 2), testKey(t, 3)}
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.SampledFrom(keys).Draw(t, "key")
		hash := [32]byte{byte(rapid.IntRange(0, 2).Draw(t, "hash"))}
		sig := SignECDSA(key, &hash)
		pubKey := key.PubKey()
		if i := rapid.IntRange(-1, 32).Draw(t, "damage"); i >= 0 {
			pubKey[i] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		}
		var compact [64]byte
		if !parseLaxDER(sig, &compact) || !normalizeS(&compact) {
			t.Fatal("the signature does not parse")
		}
		want := pureVerifyECDSA(pubKey[:], &compact, &hash)
		for i := range 4 {
			if got := VerifyECDSA(pubKey[:], sig, &hash); got != want {
				t.Fatalf("use %d of key %x: %v, want %v", i, pubKey, got, want)
			}
		}
	})
}
