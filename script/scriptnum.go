package script

// Numbers on the stack are little endian with the sign in the top bit of the last byte. Operands have at most four
// bytes, five for lock times; results may be longer and then only serve as bytes.
const (
	maxNumSize      = 4
	maxLockTimeSize = 5
)

// parseNum reads an operand. It is false for operands that are too long, and with minimal for encodings that a shorter
// one could replace; Core throws there, which surfaces as ErrUnknown.
func parseNum(b []byte, minimal bool, maxSize int) (int64, bool) {
	if len(b) > maxSize {
		return 0, false
	}
	if len(b) == 0 {
		return 0, true
	}
	last := b[len(b)-1]
	// A last byte that holds nothing but a sign bit is needed only if the byte before uses its own top bit.
	if minimal && last&0x7f == 0 && (len(b) == 1 || b[len(b)-2]&0x80 == 0) {
		return 0, false
	}
	var n int64
	for i, c := range b {
		n |= int64(c) << (8 * i)
	}
	if last&0x80 != 0 {
		n &^= int64(0x80) << (8 * (len(b) - 1))
		return -n, true
	}
	return n, true
}

// appendNum appends the minimal encoding of n.
func appendNum(dst []byte, n int64) []byte {
	if n == 0 {
		return dst
	}
	abs := uint64(n)
	if n < 0 {
		abs = -abs
	}
	for ; abs > 0xff; abs >>= 8 {
		dst = append(dst, byte(abs))
	}
	sign := byte(0)
	if n < 0 {
		sign = 0x80
	}
	if abs&0x80 != 0 {
		return append(dst, byte(abs), sign)
	}
	return append(dst, byte(abs)|sign)
}

// isTrue is the truth value of an element: false is zero of any length, negative zero included.
func isTrue(b []byte) bool {
	for i, c := range b {
		if c != 0 {
			return i != len(b)-1 || c != 0x80
		}
	}
	return false
}
