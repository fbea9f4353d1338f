package consensus

import (
	"encoding/hex"

	"github.com/troupe-node/troupe/tx"
)

const (
	genesisText = "The Times 03/Jan/2009 Chancellor on brink of second bailout for banks"
	genesisKey  = "04678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5f"
)

// genesisBlock makes the first block of a chain: one coinbase of 50 bitcoins
// that nobody can spend, since it was never put among the coins.
func genesisBlock(text, key string, time, bits, nonce uint32) *tx.Block {
	// Push of 0x1d00ffff, push of the number 4, push of the newspaper's title.
	scriptSig := []byte{0x04, 0xff, 0xff, 0x00, 0x1d, 0x01, 0x04}
	if len(text) >= 0x4c { // OP_PUSHDATA1
		scriptSig = append(scriptSig, 0x4c)
	}
	scriptSig = append(scriptSig, byte(len(text)))
	scriptSig = append(scriptSig, text...)

	pubKey, err := hex.DecodeString(key)
	if err != nil {
		panic(err) // a constant of this file
	}
	pkScript := append([]byte{byte(len(pubKey))}, pubKey...)
	pkScript = append(pkScript, 0xac) // OP_CHECKSIG

	coinbase := tx.New(1,
		[]tx.Input{{PrevOut: tx.OutPoint{Index: tx.NullIndex}, ScriptSig: scriptSig, Sequence: 0xffffffff}},
		[]tx.Output{{Value: 50 * SatsPerCoin, PkScript: pkScript}}, 0)
	return tx.NewBlock(tx.Header{
		Version:    1,
		MerkleRoot: coinbase.ID(),
		Time:       time,
		Bits:       bits,
		Nonce:      nonce,
	}, []*tx.Tx{coinbase})
}
