package consensus

import "math/bits"

// Div returns x / y rounded down. Like Go's own integers it panics when y is
// zero; no caller here lets that happen.
//
// It is Knuth's algorithm D on 64-bit limbs: a header's work takes one
// division, and there are nearly a million headers.
func (x Uint256) Div(y Uint256) (q Uint256) {
	m, n := (x.BitLen()+63)/64, (y.BitLen()+63)/64
	if n <= 1 {
		return x.divUint64(y[0])
	}
	if m < n {
		return q
	}
	// Normalise: the divisor's highest bit is set, so that a guess from two
	// limbs is at most two too high.
	shift := uint(bits.LeadingZeros64(y[n-1]))
	v := y.Lsh(shift)
	var u [5]uint64
	shifted := x.Lsh(shift)
	copy(u[:], shifted[:])
	u[4] = x[3] >> (64 - shift)
	for j := m - n; j >= 0; j-- {
		q[j] = divStep(u[j:j+n+1], v[:n])
	}
	return q
}

// divStep finds one limb of the quotient and leaves the remainder in u.
func divStep(u, v []uint64) uint64 {
	n := len(v)
	guess := guessLimb(u, v)
	var carry, borrow uint64
	for i := range v {
		hi, lo := bits.Mul64(guess, v[i])
		var c uint64
		lo, c = bits.Add64(lo, carry, 0)
		carry = hi + c
		u[i], borrow = bits.Sub64(u[i], lo, borrow)
	}
	u[n], borrow = bits.Sub64(u[n], carry, borrow)
	if borrow == 0 {
		return guess
	}
	carry = 0 // still one too high: add the divisor back
	for i := range v {
		u[i], carry = bits.Add64(u[i], v[i], carry)
	}
	u[n] += carry
	return guess - 1
}

func guessLimb(u, v []uint64) uint64 {
	n := len(v)
	top, next := v[n-1], v[n-2]
	guess, rest := ^uint64(0), u[n-1]
	if u[n] < top {
		guess, rest = bits.Div64(u[n], u[n-1], top)
	} else {
		var overflow uint64
		if rest, overflow = bits.Add64(rest, top, 0); overflow != 0 {
			return guess
		}
	}
	for {
		hi, lo := bits.Mul64(guess, next)
		if hi < rest || hi == rest && lo <= u[n-2] {
			return guess
		}
		guess--
		var overflow uint64
		if rest, overflow = bits.Add64(rest, top, 0); overflow != 0 {
			return guess
		}
	}
}

func (x Uint256) divUint64(y uint64) (q Uint256) {
	var rest uint64
	for i := 3; i >= 0; i-- {
		q[i], rest = bits.Div64(rest, x[i], y)
	}
	return q
}
