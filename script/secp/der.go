package secp

// parseLaxDER reads an ECDSA signature the way Bitcoin did before BIP66 and
// Core still does (ecdsa_signature_parse_der_lax in pubkey.cpp): lengths may
// be wrong or in long form, integers may be negative or padded, and anything
// may follow. BIP66 is a separate rule of the script interpreter, and does not
// hold for old blocks.
//
// It returns false when Core's parser fails. When r or s does not fit in 32
// bytes, compact is all zeroes, a signature that parses and never verifies.
func parseLaxDER(sig []byte, compact *[64]byte) bool {
	*compact = [64]byte{}
	// The sequence tag; its length is read and ignored.
	if len(sig) < 2 || sig[0] != 0x30 {
		return false
	}
	rest := sig[2:]
	if sig[1]&0x80 != 0 {
		n := int(sig[1] & 0x7f)
		if n > len(rest) {
			return false
		}
		rest = rest[n:]
	}
	r, rest, ok := laxInteger(rest)
	if !ok {
		return false
	}
	s, _, ok := laxInteger(rest)
	if !ok {
		return false
	}
	if len(r) > 32 || len(s) > 32 {
		return true
	}
	copy(compact[32-len(r):32], r)
	copy(compact[64-len(s):], s)
	return true
}

// laxInteger reads one tagged integer and returns its bytes without leading
// zeroes, and what follows it.
func laxInteger(b []byte) (value, rest []byte, ok bool) {
	if len(b) < 2 || b[0] != 0x02 {
		return nil, nil, false
	}
	length := int(b[1])
	b = b[2:]
	if length&0x80 != 0 {
		n := length & 0x7f
		if n > len(b) {
			return nil, nil, false
		}
		for n > 0 && b[0] == 0 {
			b, n = b[1:], n-1
		}
		// Core refuses lengths of four bytes and more, so that they
		// fit a size_t everywhere.
		if n >= 4 {
			return nil, nil, false
		}
		length = 0
		for ; n > 0; n-- {
			length = length<<8 + int(b[0])
			b = b[1:]
		}
	}
	if length > len(b) {
		return nil, nil, false
	}
	value, rest = b[:length], b[length:]
	for len(value) > 0 && value[0] == 0 {
		value = value[1:]
	}
	return value, rest, true
}

// appendDER writes r and s, 32 bytes each, as strict DER (BIP66).
func appendDER(dst []byte, compact *[64]byte) []byte {
	r, s := derInteger(compact[:32]), derInteger(compact[32:])
	size := len(r.body) + len(s.body) + r.pad + s.pad + 4
	dst = append(dst, 0x30, byte(size))
	for _, n := range [2]derInt{r, s} {
		dst = append(dst, 0x02, byte(len(n.body)+n.pad))
		if n.pad == 1 {
			dst = append(dst, 0)
		}
		dst = append(dst, n.body...)
	}
	return dst
}

type derInt struct {
	body []byte
	pad  int // 1 when a zero byte keeps the number positive
}

func derInteger(b []byte) derInt {
	for len(b) > 1 && b[0] == 0 {
		b = b[1:]
	}
	return derInt{body: b, pad: int(b[0] >> 7)}
}
