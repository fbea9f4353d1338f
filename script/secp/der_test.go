package secp

import (
	"bytes"
	"encoding/hex"
	"math/big"
	"strings"
	"testing"

	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatalf("bad hex in test: %v", err)
	}
	return b
}

func compactOf(r, s int64) (c [64]byte) {
	big.NewInt(r).FillBytes(c[:32])
	big.NewInt(s).FillBytes(c[32:])
	return c
}

func TestLaxDERReadsWhatCoreReads(t *testing.T) {
	one33 := "01" + strings.Repeat("00", 32)
	rows := []struct {
		what, sig string
		ok        bool
		want      [64]byte
	}{
		{"strict", "30 06 0201 05 0201 07", true, compactOf(5, 7)},
		{"wrong sequence length", "30 55 0201 05 0201 07", true, compactOf(5, 7)},
		{"sequence length in long form", "30 82 0006 0201 05 0201 07", true, compactOf(5, 7)},
		{"long sequence length of nonsense", "30 83 ffffff 0201 05 0201 07", true, compactOf(5, 7)},
		{"indefinite sequence length", "30 80 0201 05 0201 07", true, compactOf(5, 7)},
		{"negative integers are positive", "30 06 0201 85 0201 87", true, compactOf(0x85, 0x87)},
		{"padded integers", "30 0a 0203 000005 0204 00000007", true, compactOf(5, 7)},
		{"trailing bytes", "30 06 0201 05 0201 07 deadbeef", true, compactOf(5, 7)},
		{"integer length in long form", "30 09 02 81 01 05 02 83 000001 07", true, compactOf(5, 7)},
		{"long length with five zero bytes", "30 09 02 85 0000000001 05 0201 07", true, compactOf(5, 7)},
		{"empty integers are zero", "30 04 0200 0200", true, compactOf(0, 0)},
		{"long form without bytes is length zero", "30 04 0280 0280", true, compactOf(0, 0)},
		{"r of 33 bytes reads as zero", "30 26 0221" + one33 + "0201 07", true, compactOf(0, 0)},
		{"s of 33 bytes reads as zero", "30 26 0201 07 0221" + one33, true, compactOf(0, 0)},
		{"r of 33 bytes with a leading zero", "30 26 0221 00" + strings.Repeat("00", 31) + "09 0201 07", true, compactOf(9, 7)},
		{"empty", "", false, [64]byte{}},
		{"only a tag", "30", false, [64]byte{}},
		{"wrong sequence tag", "31 06 0201 05 0201 07", false, [64]byte{}},
		{"sequence length runs out", "30 84 000000", false, [64]byte{}},
		{"r tag missing", "30 06", false, [64]byte{}},
		{"r has no length", "30 06 02", false, [64]byte{}},
		{"wrong r tag", "30 06 0301 05 0201 07", false, [64]byte{}},
		{"r longer than the input", "30 06 0209 05 0201 07", false, [64]byte{}},
		{"r length runs out", "30 06 0289 05", false, [64]byte{}},
		{"r length of four significant bytes", "30 06 0284 01000000 05 0201 07", false, [64]byte{}},
		{"r length of three significant bytes, too long", "30 06 0283 010000 05 0201 07", false, [64]byte{}},
		{"s missing", "30 03 0201 05", false, [64]byte{}},
		{"wrong s tag", "30 06 0201 05 0301 07", false, [64]byte{}},
		{"s longer than the input", "30 06 0201 05 0202 07", false, [64]byte{}},
	}
	for _, row := range rows {
		var got [64]byte
		ok := parseLaxDER(unhex(t, row.sig), &got)
		if ok != row.ok || (ok && got != row.want) {
			t.Errorf("%s: got %v %x, want %v %x", row.what, ok, got, row.ok, row.want)
		}
	}
}

func TestAppendDERWritesWhatStrictParsersRead(t *testing.T) {
	for _, c := range [][64]byte{compactOf(1, 1), compactOf(0x80, 0x7f), compactOf(0x100, 0x8000)} {
		der := appendDER(nil, &c)
		sig, err := ecdsa.ParseDERSignature(der)
		if err != nil {
			t.Fatalf("%x: %v", der, err)
		}
		if !bytes.Equal(sig.Serialize(), der) {
			t.Errorf("%x is not canonical", der)
		}
	}
}

// A signature that strict DER reads, lax DER reads to the same numbers.
func FuzzLaxDER(f *testing.F) {
	for _, s := range []string{"3006020105020107", "3080020105020107", "300602018502010700", "30820006028101050201071122"} {
		b, _ := hex.DecodeString(s)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, sig []byte) {
		var compact [64]byte
		ok := parseLaxDER(sig, &compact)
		strict, err := ecdsa.ParseDERSignature(sig)
		if err != nil {
			return
		}
		if !ok {
			t.Fatalf("strict DER %x refused", sig)
		}
		r, s := strict.R(), strict.S()
		rb, sb := r.Bytes(), s.Bytes()
		if !bytes.Equal(rb[:], compact[:32]) || !bytes.Equal(sb[:], compact[32:]) {
			t.Fatalf("%x read as %x", sig, compact)
		}
	})
}
