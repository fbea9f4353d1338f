package chainstore

// Core's variable-length integer (serialize.h, VARINT): base 128, most significant digit first, the top bit says "more", and one
// is added per further digit so that every number has exactly one encoding.

func appendVarint(dst []byte, v uint64) []byte {
	var tmp [10]byte
	n := len(tmp) - 1
	tmp[n] = byte(v & 0x7f)
	for v > 0x7f {
		v = v>>7 - 1
		n--
		tmp[n] = byte(v&0x7f) | 0x80
	}
	return append(dst, tmp[n:]...)
}

// readVarint returns the number and the bytes it took, or 0 bytes when b does not start with a varint that fits 64 bits.
func readVarint(b []byte) (uint64, int) {
	var v uint64
	for i, c := range b {
		if v > (1<<64-1)>>7 {
			return 0, 0
		}
		v = v<<7 | uint64(c&0x7f)
		if c&0x80 == 0 {
			return v, i + 1
		}
		if v == 1<<64-1 {
			return 0, 0
		}
		v++
	}
	return 0, 0
}
