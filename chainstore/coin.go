package chainstore

import (
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// A coin is stored as varint(height*2 + coinbase), varint(compressed amount), compressed script.

func appendCoin(dst []byte, c *consensus.Coin) []byte {
	return appendCoinParts(dst, &c.Output, c.Height, c.Coinbase)
}

func appendCoinParts(dst []byte, out *tx.Output, height int32, coinbase bool) []byte {
	code := uint64(uint32(height)) << 1
	if coinbase {
		code |= 1
	}
	dst = appendVarint(dst, code)
	dst = appendVarint(dst, compressAmount(uint64(out.Value)))
	return appendScript(dst, out.PkScript)
}

// scriptSpace hands out room for decoded scripts. Scripts live as long as the job that looks at them, so that cutting many from
// one block of memory costs the garbage collector one object instead of thousands. Blocks grow with use; nil allocates each script
// by itself.
type scriptSpace struct {
	free []byte
	next int
}

const (
	scriptSpaceFirst = 512
	scriptSpaceBlock = 32 << 10
)

func (s *scriptSpace) take(n int) []byte {
	if s == nil || n > scriptSpaceBlock/8 {
		return make([]byte, 0, n)
	}
	if len(s.free) < n {
		s.next = min(max(2*s.next, scriptSpaceFirst), scriptSpaceBlock)
		s.free = make([]byte, max(s.next, n))
	}
	out := s.free[:0:n]
	s.free = s.free[n:]
	return out
}

// decodeCoin reads one coin from the front of b and returns the bytes it took. The script is a copy: it pins nothing of b.
func decodeCoin(b []byte, space *scriptSpace, c *consensus.Coin) (int, error) {
	code, n := readVarint(b)
	if n == 0 || code>>1 > 1<<31-1 {
		return 0, decodeError("coin", "bad height")
	}
	amount, m := readVarint(b[n:])
	if m == 0 {
		return 0, decodeError("coin", "bad amount")
	}
	n += m
	value := decompressAmount(amount)
	if value > consensus.MaxMoney {
		return 0, decodeError("coin", "amount above all money")
	}
	template, payload, m := splitScript(b[n:])
	if m == 0 {
		return 0, decodeError("coin", "script cut short")
	}
	n += m
	script, ok := expandScript(space.take(scriptSize(template, payload)), template, payload)
	if !ok {
		return 0, decodeError("coin", "key is not on the curve")
	}
	c.Height = int32(code >> 1)
	c.Coinbase = code&1 != 0
	c.Output = tx.Output{Value: int64(value), PkScript: script}
	return n, nil
}

func decodeWholeCoin(b []byte, space *scriptSpace) (*consensus.Coin, error) {
	c := new(consensus.Coin)
	n, err := decodeCoin(b, space, c)
	if err != nil {
		return nil, err
	}
	if n != len(b) {
		return nil, decodeError("coin", "bytes left over")
	}
	return c, nil
}
