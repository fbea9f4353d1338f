package secp

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"testing"

	"pgregory.net/rapid"
)

// From Core's key_tests.cpp: deterministic signatures of two keys, with
// grinding for a low R.
func TestLowRSignaturesAreCores(t *testing.T) {
	once := sha256.Sum256([]byte("Very deterministic message"))
	hash := sha256.Sum256(once[:])
	rows := []struct{ secret, sig string }{
		{"12b004fff7f4b69ef8650e767f18f11ede158148b425660723b9f9a66e61f747",
			"304402205dbbddda71772d95ce91cd2d14b592cfbc1dd0aabd6a394b6c2d377bbe59d31d022014ddda21494a4e221f0824f0b8b924c43fa43c0ad57dccdaa11f81a6bd4582f6"},
		{"b524c28b61c9b2c49b2c7dd4c2d75887abb78768c054bd7c01af4029f6c0d117",
			"3044022052d8a32079c11e79db95af63bb9600c5b04f21a9ca33dc129c2bfa8ac9dc1cd5022061d8ae5e0f6c1a16bde3719c64c2fd70e404b6428ab9a69566962e8771b5944d"},
	}
	for _, row := range rows {
		key, err := ParsePrivateKey(unhex(t, row.secret))
		if err != nil {
			t.Fatal(err)
		}
		if got := hex.EncodeToString(SignECDSALowR(key, &hash)); got != row.sig {
			t.Errorf("%s: %s", row.secret, got)
		}
	}
}

func TestSigningEnginesGiveTheSameBytes(t *testing.T) {
	ground := 0
	rapid.Check(t, func(t *rapid.T) {
		key, err := ParsePrivateKey(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "secret"))
		if err != nil {
			return
		}
		hash := [32]byte(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "hash"))
		sig := SignECDSA(key, &hash)
		var compact [64]byte
		pureSignECDSA(key, &hash, 0, &compact)
		if pure := appendDER(nil, &compact); !bytes.Equal(sig, pure) {
			t.Fatalf("engine %x, pure Go %x", sig, pure)
		}
		low, pub := SignECDSALowR(key, &hash), key.PubKey()
		if !bytes.Equal(low, sig) {
			ground++
		}
		if len(low) > 70 || !IsLowS(low) || !VerifyECDSA(pub[:], low, &hash) {
			t.Fatalf("low-R signature %x", low)
		}
	})
	if ground == 0 {
		t.Error("no signature needed grinding")
	}
}

func TestHashesAboveTheOrderSignAlike(t *testing.T) {
	var hash [32]byte
	for i := range hash {
		hash[i] = 0xff
	}
	key := testKey(t, 1)
	var compact [64]byte
	pureSignECDSA(key, &hash, 0, &compact)
	sig, pub := SignECDSA(key, &hash), key.PubKey()
	if !bytes.Equal(sig, appendDER(nil, &compact)) || !bothECDSA(t, pub[:], sig, &hash) {
		t.Errorf("engines differ on a hash above n")
	}
}

func TestKeysOutOfRangeAreRefused(t *testing.T) {
	var n [32]byte
	order.FillBytes(n[:])
	for _, b := range [][]byte{make([]byte, 32), n[:], bytes.Repeat([]byte{0xff}, 32)} {
		if _, err := ParsePrivateKey(b); !errors.Is(err, ErrPrivateKeyRange) {
			t.Errorf("%x: %v", b, err)
		}
	}
	if _, err := ParsePrivateKey(make([]byte, 31)); !errors.Is(err, ErrPrivateKeyLength) {
		t.Error(err)
	}
	n[31]--
	if _, err := ParsePrivateKey(n[:]); err != nil {
		t.Errorf("n-1 refused: %v", err)
	}
}

func TestPublicKeyEncodingsConvert(t *testing.T) {
	key := testKey(t, 5)
	compressed, full := key.PubKey(), key.PubKeyUncompressed()
	got, err := CompressPubKey(full[:])
	if err != nil || got != compressed {
		t.Errorf("%x, %v", got, err)
	}
	if _, err := CompressPubKey(full[:64]); !errors.Is(err, ErrPublicKey) {
		t.Error(err)
	}
	x := key.XOnly()
	if !CheckPubKey(compressed[:]) || CheckPubKey(x[:]) || !CheckXOnly(x[:]) || CheckXOnly(full[:]) {
		t.Error("key checks are wrong")
	}
	order.FillBytes(x[:])
	if CheckXOnly(bytes.Repeat([]byte{0xff}, 32)) {
		t.Error("an x above the field prime was accepted")
	}
}

func TestTaggedHashOfLongMessages(t *testing.T) {
	for _, n := range []int{0, 1, 191, 192, 193, 500} {
		msg := bytes.Repeat([]byte{7}, n)
		want := sha256.Sum256(append(tagNonce[:], msg...))
		if got := tagNonce.Hash(msg); got != want {
			t.Errorf("%d bytes: %x", n, got)
		}
	}
}
