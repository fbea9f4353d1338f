package chainstore

import (
	"github.com/decred/dcrd/dcrec/secp256k1/v4"
)

// Amounts and scripts are compressed as in Core's compressor.cpp, so that a coin takes as few bytes here as there.

// compressAmount drops trailing zeros: most amounts are round.
func compressAmount(n uint64) uint64 {
	if n == 0 {
		return 0
	}
	e := uint64(0)
	for n%10 == 0 && e < 9 {
		n /= 10
		e++
	}
	if e < 9 {
		d := n % 10
		n /= 10
		return 1 + (n*9+d-1)*10 + e
	}
	return 1 + (n-1)*10 + 9
}

func decompressAmount(x uint64) uint64 {
	if x == 0 {
		return 0
	}
	x--
	e := x % 10
	x /= 10
	var n uint64
	if e < 9 {
		d := x%9 + 1
		x /= 9
		n = x*10 + d
	} else {
		n = x + 1
	}
	for ; e > 0; e-- {
		n *= 10
	}
	return n
}

// Script templates. Anything else is stored as it is, after its length plus scriptTemplates.
const (
	templateP2PKH        = 0
	templateP2SH         = 1
	templateP2PKEven     = 2 // compressed key 02
	templateP2PKOdd      = 3 // compressed key 03
	templateP2PKFullEven = 4 // uncompressed key, even y
	templateP2PKFullOdd  = 5
	scriptTemplates      = 6

	opDup         = 0x76
	opHash160     = 0xa9
	opEqual       = 0x87
	opEqualVerify = 0x88
	opCheckSig    = 0xac
)

// maxScript bounds a stored script: longer ones are unspendable by consensus (MAX_SCRIPT_SIZE) and never become coins, but the
// format itself leaves room for any output a block can hold.
const maxScript = 4_000_000

func appendScript(dst, s []byte) []byte {
	switch {
	case len(s) == 25 && s[0] == opDup && s[1] == opHash160 && s[2] == 20 && s[23] == opEqualVerify && s[24] == opCheckSig:
		return append(append(dst, templateP2PKH), s[3:23]...)
	case len(s) == 23 && s[0] == opHash160 && s[1] == 20 && s[22] == opEqual:
		return append(append(dst, templateP2SH), s[2:22]...)
	case len(s) == 35 && s[0] == 33 && s[34] == opCheckSig && (s[1] == 2 || s[1] == 3):
		return append(append(dst, s[1]), s[2:34]...)
	case len(s) == 67 && s[0] == 65 && s[66] == opCheckSig && s[1] == 4:
		// Only a key on the curve can be rebuilt from its x, so only such a key is shortened.
		if _, err := secp256k1.ParsePubKey(s[1:66]); err == nil {
			return append(append(dst, templateP2PKFullEven|s[65]&1), s[2:34]...)
		}
	}
	dst = appendVarint(dst, uint64(len(s))+scriptTemplates)
	return append(dst, s...)
}

// splitScript returns the template (or scriptTemplates for a plain script), its payload and the bytes taken; 0 bytes when b does
// not start with a script.
func splitScript(b []byte) (template int, payload []byte, n int) {
	kind, n := readVarint(b)
	if n == 0 {
		return 0, nil, 0
	}
	size := uint64(0)
	template = int(min(kind, scriptTemplates))
	switch {
	case kind <= templateP2SH:
		size = 20
	case kind < scriptTemplates:
		size = 32
	default:
		size = kind - scriptTemplates
	}
	if size > maxScript || uint64(len(b)-n) < size {
		return 0, nil, 0
	}
	return template, b[n : n+int(size)], n + int(size)
}

// scriptSize is the length of the script a template stands for.
func scriptSize(template int, payload []byte) int {
	switch template {
	case templateP2PKH:
		return 25
	case templateP2SH:
		return 23
	case templateP2PKEven, templateP2PKOdd:
		return 35
	case templateP2PKFullEven, templateP2PKFullOdd:
		return 67
	}
	return len(payload)
}

// expandScript appends the script; false when the template holds an x that is on no curve point.
func expandScript(dst []byte, template int, payload []byte) ([]byte, bool) {
	switch template {
	case templateP2PKH:
		dst = append(dst, opDup, opHash160, 20)
		dst = append(dst, payload...)
		return append(dst, opEqualVerify, opCheckSig), true
	case templateP2SH:
		dst = append(dst, opHash160, 20)
		dst = append(dst, payload...)
		return append(dst, opEqual), true
	case templateP2PKEven, templateP2PKOdd:
		dst = append(dst, 33, byte(template))
		dst = append(dst, payload...)
		return append(dst, opCheckSig), true
	case templateP2PKFullEven, templateP2PKFullOdd:
		var key [33]byte
		key[0] = byte(template - 2)
		copy(key[1:], payload)
		pub, err := secp256k1.ParsePubKey(key[:])
		if err != nil {
			return dst, false
		}
		dst = append(dst, 65)
		dst = append(dst, pub.SerializeUncompressed()...)
		return append(dst, opCheckSig), true
	}
	return append(dst, payload...), true
}
