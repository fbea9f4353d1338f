package consensus

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strings"

	"github.com/troupe-node/troupe/tx"
)

// Uint256 is an unsigned 256-bit number, least significant limb first. It is
// a value: no operation allocates, and all wrap around as Core's
// arith_uint256 does.
type Uint256 [4]uint64

// Work counts expected hashes: a block's, or a chain's from its genesis on.
type Work = Uint256

// Uint256FromHash reads a hash as a number, as proof of work does.
func Uint256FromHash(h *tx.Hash) Uint256 {
	return Uint256{
		binary.LittleEndian.Uint64(h[0:]),
		binary.LittleEndian.Uint64(h[8:]),
		binary.LittleEndian.Uint64(h[16:]),
		binary.LittleEndian.Uint64(h[24:]),
	}
}

// ParseUint256 reads up to 64 hexadecimal digits, with or without "0x", as
// -minimumchainwork is written.
func ParseUint256(s string) (Uint256, error) {
	digits := strings.TrimPrefix(s, "0x")
	if len(digits) == 0 || len(digits) > 64 {
		return Uint256{}, fmt.Errorf("number %.80q has %d digits, want 1 to 64 hexadecimal ones", s, len(digits))
	}
	var be [32]byte
	padded := strings.Repeat("0", 64-len(digits)) + digits
	if _, err := hex.Decode(be[:], []byte(padded)); err != nil {
		return Uint256{}, fmt.Errorf("number %q is not hexadecimal: %w", s, err)
	}
	return uint256FromBytes(&be), nil
}

func mustUint256(s string) Uint256 {
	x, err := ParseUint256(s)
	if err != nil {
		panic(err)
	}
	return x
}

func uint256FromBytes(be *[32]byte) Uint256 {
	return Uint256{
		binary.BigEndian.Uint64(be[24:]),
		binary.BigEndian.Uint64(be[16:]),
		binary.BigEndian.Uint64(be[8:]),
		binary.BigEndian.Uint64(be[0:]),
	}
}

// Bytes is the number in 32 bytes, most significant first.
func (x Uint256) Bytes() (be [32]byte) {
	for i, limb := range x {
		binary.BigEndian.PutUint64(be[24-8*i:], limb)
	}
	return be
}

// String is the number as 64 hexadecimal digits, as Core prints chain work.
func (x Uint256) String() string {
	be := x.Bytes()
	return hex.EncodeToString(be[:])
}

// MarshalText writes what String returns.
func (x Uint256) MarshalText() ([]byte, error) { return []byte(x.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (x *Uint256) UnmarshalText(text []byte) error {
	if len(text) > 66 {
		return errors.New("number has more than 64 hexadecimal digits")
	}
	parsed, err := ParseUint256(string(text))
	if err != nil {
		return err
	}
	*x = parsed
	return nil
}

// Float64 is the number as a float64, for rates and displays (Core's getdouble).
func (x Uint256) Float64() float64 {
	f := 0.0
	for i, limb := range x {
		f += math.Ldexp(float64(limb), 64*i)
	}
	return f
}

// IsZero tells whether the number is zero.
func (x Uint256) IsZero() bool { return x == Uint256{} }

// Cmp returns -1, 0 or 1 as x is less than, equal to or greater than y.
func (x Uint256) Cmp(y Uint256) int {
	for i := 3; i >= 0; i-- {
		if x[i] != y[i] {
			if x[i] < y[i] {
				return -1
			}
			return 1
		}
	}
	return 0
}

// Less tells whether x < y.
func (x Uint256) Less(y Uint256) bool { return x.Cmp(y) < 0 }

// Add returns x + y.
func (x Uint256) Add(y Uint256) Uint256 {
	var carry uint64
	for i := range x {
		x[i], carry = bits.Add64(x[i], y[i], carry)
	}
	return x
}

// Sub returns x - y.
func (x Uint256) Sub(y Uint256) Uint256 {
	var borrow uint64
	for i := range x {
		x[i], borrow = bits.Sub64(x[i], y[i], borrow)
	}
	return x
}

// MulUint64 returns x * y.
func (x Uint256) MulUint64(y uint64) Uint256 {
	var carry uint64
	for i := range x {
		hi, lo := bits.Mul64(x[i], y)
		var c uint64
		x[i], c = bits.Add64(lo, carry, 0)
		carry = hi + c
	}
	return x
}

// BitLen is the position of the highest set bit plus one; zero for zero.
func (x Uint256) BitLen() int {
	for i := 3; i >= 0; i-- {
		if x[i] != 0 {
			return 64*i + bits.Len64(x[i])
		}
	}
	return 0
}

// Lsh returns x << n.
func (x Uint256) Lsh(n uint) (z Uint256) {
	limbs, shift := int(n/64), n%64
	for i := 3; i >= limbs; i-- {
		z[i] = x[i-limbs] << shift
		if i > limbs {
			z[i] |= x[i-limbs-1] >> (64 - shift) // a shift by 64 gives 0
		}
	}
	return z
}

// Rsh returns x >> n.
func (x Uint256) Rsh(n uint) (z Uint256) {
	limbs, shift := int(n/64), n%64
	for i := 0; i+limbs < 4; i++ {
		z[i] = x[i+limbs] >> shift
		if i+limbs < 3 {
			z[i] |= x[i+limbs+1] << (64 - shift)
		}
	}
	return z
}
