package consensus

import (
	"bytes"

	"github.com/troupe-node/troupe/tx"
)

// AppendHeight appends the push of a block's height that a coinbase's script
// begins with (BIP34): one opcode up to 16, else a script number, as Core's
// CScript() << height writes it.
func AppendHeight(dst []byte, height int32) []byte {
	if height == 0 {
		return append(dst, 0x00) // OP_0
	}
	if height <= 16 {
		return append(dst, byte(0x50+height)) // OP_1 to OP_16
	}
	var number [5]byte
	n := 0
	for v := uint32(height); v > 0; v >>= 8 {
		number[n] = byte(v)
		n++
	}
	if number[n-1]&0x80 != 0 { // would read as a sign
		n++
	}
	return append(append(dst, byte(n)), number[:n]...)
}

func startsWithHeight(b *tx.Block, height int32) bool {
	if len(b.Txs) == 0 || len(b.Txs[0].Inputs) == 0 {
		return false
	}
	var buf [6]byte
	return bytes.HasPrefix(b.Txs[0].Inputs[0].ScriptSig, AppendHeight(buf[:0], height))
}
