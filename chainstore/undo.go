package chainstore

import (
	"encoding/binary"
	"hash/crc32"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// Undo is what a block spent: the coins of each transaction after the coinbase, in the order of its inputs. With it the block can
// be taken back.
type Undo struct {
	Txs [][]consensus.Coin
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Encode writes the undo data of the block with this hash: a CRC-32C over the hash and the rest (so that undo data cannot be taken
// for another block's), then the counts and the coins, coded as in the coin set.
func (u *Undo) Encode(block tx.Hash) []byte {
	size := 16
	for _, coins := range u.Txs {
		size += 2 + 40*len(coins)
	}
	b := make([]byte, 4, size)
	b = appendVarint(b, uint64(len(u.Txs)))
	for _, coins := range u.Txs {
		b = appendVarint(b, uint64(len(coins)))
		for i := range coins {
			b = appendCoin(b, &coins[i])
		}
	}
	binary.LittleEndian.PutUint32(b, undoChecksum(block, b[4:]))
	return b
}

func undoChecksum(block tx.Hash, body []byte) uint32 {
	return crc32.Update(crc32.Checksum(block[:], castagnoli), castagnoli, body)
}

// DecodeUndo reads what Encode wrote for the same block.
func DecodeUndo(block tx.Hash, data []byte) (*Undo, error) {
	if len(data) < 5 {
		return nil, decodeError("undo data of block "+block.String(), "cut short")
	}
	b := data[4:]
	if binary.LittleEndian.Uint32(data) != undoChecksum(block, b) {
		return nil, decodeError("undo data of block "+block.String(), "checksum differs")
	}
	u, err := decodeUndoBody(b)
	if err != nil {
		return nil, decodeError("undo data of block "+block.String(), err.Error())
	}
	return u, nil
}

func decodeUndoBody(b []byte) (*Undo, error) {
	txs, n := readVarint(b)
	if n == 0 || txs > uint64(len(b)) {
		return nil, decodeError("undo data", "bad transaction count")
	}
	b = b[n:]
	u := &Undo{Txs: make([][]consensus.Coin, txs)}
	space := new(scriptSpace)
	for i := range u.Txs {
		count, n := readVarint(b)
		// A coin takes at least three bytes, so a count beyond that is a lie and buys no memory.
		if n == 0 || count > uint64(len(b)-n)/3 {
			return nil, decodeError("undo data", "bad coin count")
		}
		b = b[n:]
		coins := make([]consensus.Coin, count)
		for j := range coins {
			n, err := decodeCoin(b, space, &coins[j])
			if err != nil {
				return nil, err
			}
			b = b[n:]
		}
		u.Txs[i] = coins
	}
	if len(b) != 0 {
		return nil, decodeError("undo data", "bytes left over")
	}
	return u, nil
}
