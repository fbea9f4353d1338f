package chainstore

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// Info describes the set of coins, as gettxoutsetinfo does.
type Info struct {
	Seq            uint64
	Tip            tx.Hash
	TxOuts         uint64
	Transactions   uint64  // with at least one coin left
	BogoSize       uint64  // Core's measure that does not depend on the database
	TotalAmount    int64   // satoshis
	HashSerialized tx.Hash // hash_serialized_3; zero unless asked for
	MuHash         tx.Hash // zero unless asked for
}

// HashKind chooses the hashes SetInfo computes. MuHash costs some microseconds a coin, the other one a tenth of that.
type HashKind int

// Hash kinds; add them up.
const (
	HashNone       HashKind = 0
	HashSerialized HashKind = 1
	HashMuHash     HashKind = 2
)

// SetInfo goes through all coins of a snapshot. keepOn, unless nil, is asked every few thousand coins, with their number so far; its
// error ends the walk.
func SetInfo(s *Snapshot, kinds HashKind, keepOn func(coins uint64) error) (*Info, error) {
	info := &Info{Seq: s.Seq(), Tip: s.Tip()}
	serialized := sha256.New()
	mu := NewMuHash()
	var last tx.Hash
	var buf []byte
	err := s.EachCoin(func(op tx.OutPoint, coin *consensus.Coin) error {
		if info.TxOuts == 0 || op.Hash != last {
			info.Transactions++
			last = op.Hash
		}
		info.TxOuts++
		info.BogoSize += uint64(32 + 4 + 4 + 8 + 2 + len(coin.Output.PkScript))
		info.TotalAmount += coin.Output.Value
		if kinds != HashNone {
			buf = AppendCoinHashed(buf[:0], op, coin)
		}
		if kinds&HashSerialized != 0 {
			serialized.Write(buf)
		}
		if kinds&HashMuHash != 0 {
			mu.Insert(buf)
		}
		if keepOn != nil && info.TxOuts%4096 == 0 {
			return keepOn(info.TxOuts)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if kinds&HashSerialized != 0 {
		info.HashSerialized = sha256.Sum256(serialized.Sum(nil))
	}
	if kinds&HashMuHash != 0 {
		info.MuHash = mu.Sum()
	}
	return info, nil
}

// AppendCoinHashed appends the bytes of a coin that both hashes are over (Core's TxOutSer): outpoint, height times two plus
// coinbase, output.
func AppendCoinHashed(dst []byte, op tx.OutPoint, coin *consensus.Coin) []byte {
	dst = append(dst, op.Hash[:]...)
	dst = binary.LittleEndian.AppendUint32(dst, op.Index)
	code := uint32(coin.Height) << 1
	if coin.Coinbase {
		code |= 1
	}
	dst = binary.LittleEndian.AppendUint32(dst, code)
	return coin.Output.Append(dst)
}
