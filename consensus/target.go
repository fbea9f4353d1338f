package consensus

// TargetFromBits expands the compact form that headers carry. Like Core's
// arith_uint256::SetCompact it tells of a sign bit and of an exponent that
// does not fit; the target is then without meaning.
func TargetFromBits(compact uint32) (target Uint256, negative, overflow bool) {
	size := compact >> 24
	word := compact & 0x007fffff
	if size <= 3 {
		word >>= 8 * (3 - size)
		target[0] = uint64(word)
	} else {
		target = Uint256{uint64(word)}.Lsh(uint(8 * (size - 3)))
	}
	negative = word != 0 && compact&0x00800000 != 0
	overflow = word != 0 && (size > 34 || word > 0xff && size > 33 || word > 0xffff && size > 32)
	return target, negative, overflow
}

// Compact is the number in the form that headers carry, rounded down to 23
// bits of mantissa (Core's arith_uint256::GetCompact, never negative).
func (x Uint256) Compact() uint32 {
	size := uint32(x.BitLen()+7) / 8
	var word uint32
	if size <= 3 {
		word = uint32(x[0]) << (8 * (3 - size))
	} else {
		word = uint32(x.Rsh(uint(8 * (size - 3)))[0])
	}
	if word&0x00800000 != 0 { // would read as a sign
		word >>= 8
		size++
	}
	return word | size<<24
}

// ValidTarget expands bits and tells whether they are a target that this
// chain allows at all: positive, in range, not above the limit (Core's
// DeriveTarget).
func ValidTarget(compact uint32, limit Uint256) (Uint256, bool) {
	target, negative, overflow := TargetFromBits(compact)
	if negative || overflow || target.IsZero() || limit.Less(target) {
		return Uint256{}, false
	}
	return target, true
}

// Difficulty is how many times harder bits are than difficulty 1 (0x1d00ffff),
// as RPC and people count it (Core's GetDifficulty).
func Difficulty(compact uint32) float64 {
	d := float64(0x0000ffff) / float64(compact&0x00ffffff)
	shift := int(compact >> 24)
	for ; shift < 29; shift++ {
		d *= 256
	}
	for ; shift > 29; shift-- {
		d /= 256
	}
	return d
}
