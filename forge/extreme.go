package forge

import (
	"bytes"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/tx"
)

// MaxOutputs is how many outputs a block can create, beside its coinbase, if
// they are as small as can be: nine bytes each. They do not fit into one
// database transaction of 64 MiB.
const MaxOutputs = 111_000

// Wide plans a transaction with outputs of nothing: zero satoshis behind an
// empty script. They are coins all the same. With MaxOutputs of them it fills a
// block. All but a thousand satoshis come back as the first output.
func (f *Forge) Wide(coin Coin, outputs int) Spend {
	return Spend{
		Coins:    []Coin{coin},
		Pays:     []Pay{{Value: coin.Value - 1000, Key: coin.Key, Kind: coin.Kind}},
		Extra:    make([]tx.Output, outputs-1),
		Sequence: SequenceFinal,
		keep:     1,
	}
}

// MaxSigOps is how many signature operations SigOps can put into a block: each
// costs four, and the input may cost one.
const MaxSigOps = (consensus.MaxBlockSigOpsCost - 1) / tx.WitnessScale

// SigOps plans a transaction with that many signature operations in its output
// scripts: CHECKSIG after CHECKSIG, as many to an output as a script may have
// bytes. All but a thousand satoshis come back as the first output.
func (f *Forge) SigOps(coin Coin, count int) Spend {
	// The change is a witness program, which has no operation of its own.
	s := Spend{
		Coins:    []Coin{coin},
		Pays:     []Pay{{Value: coin.Value - 1000, Key: coin.Key, Kind: P2WPKH}},
		Sequence: SequenceFinal,
		keep:     1,
	}
	for count > 0 {
		n := min(count, script.MaxScriptSize)
		s.Extra = append(s.Extra, tx.Output{PkScript: bytes.Repeat([]byte{script.OP_CHECKSIG}, n)})
		count -= n
	}
	return s
}
