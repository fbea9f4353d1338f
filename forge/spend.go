package forge

import (
	"slices"

	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/script/secp"
	"github.com/troupe-node/troupe/tx"
)

// SequenceFinal disables lock times, SequenceRBF also signals BIP125.
const (
	SequenceFinal = 0xfffffffe
	SequenceRBF   = 0xfffffffd
)

// Coin is an output that a forge can spend.
type Coin struct {
	OutPoint tx.OutPoint
	Value    int64 // satoshis
	Key      *Key
	Kind     Kind
}

// Pay is an output that a forge can spend later.
type Pay struct {
	Value int64 // satoshis
	Key   *Key
	Kind  Kind
}

// Spend is a transaction that is planned and not yet signed. Outputs are the
// payments, then the extra ones.
type Spend struct {
	Coins    []Coin
	Pays     []Pay
	Extra    []tx.Output
	Sequence uint32 // of every input
	LockTime uint32

	// keep is how many payments, from the first, the chain that mints this
	// spends again. The others are somebody else's, so that a chain's coins
	// stay as many as they are.
	keep int
}

// Fee is what the transaction leaves to the miner, in satoshis.
func (s *Spend) Fee() int64 {
	var fee int64
	for i := range s.Coins {
		fee += s.Coins[i].Value
	}
	for i := range s.Pays {
		fee -= s.Pays[i].Value
	}
	for i := range s.Extra {
		fee -= s.Extra[i].Value
	}
	return fee
}

// Sign makes the transaction. It is a pure function: the same plan gives the
// same bytes, on any core.
func (s *Spend) Sign() *tx.Tx {
	in := make([]tx.Input, len(s.Coins))
	spent := make([]tx.Output, len(s.Coins))
	for i := range s.Coins {
		c := &s.Coins[i]
		in[i] = tx.Input{PrevOut: c.OutPoint, Sequence: s.Sequence}
		spent[i] = tx.Output{Value: c.Value, PkScript: c.Key.scripts[c.Kind]}
	}
	out := make([]tx.Output, 0, len(s.Pays)+len(s.Extra))
	for i := range s.Pays {
		p := &s.Pays[i]
		out = append(out, tx.Output{Value: p.Value, PkScript: p.Key.scripts[p.Kind]})
	}
	out = append(out, s.Extra...)

	// No signature hash covers the fields that signing fills in.
	unsigned := tx.New(2, in, out, s.LockTime)
	context := script.NewTxContext(unsigned, spent)
	signed := slices.Clone(in)
	for i := range s.Coins {
		s.Coins[i].sign(&signed[i], unsigned, context, i)
	}
	return tx.New(2, signed, out, s.LockTime)
}

// sign fills in what unlocks input i.
func (c *Coin) sign(in *tx.Input, unsigned *tx.Tx, context *script.TxContext, i int) {
	switch c.Kind {
	case P2TR:
		// SIGHASH_DEFAULT is defined for every transaction.
		hash, _ := context.TaprootHash(i, script.TaprootSpend{}, script.SigHashDefault)
		sig := secp.SignSchnorr(c.Key.tweaked, &hash, nil)
		in.Witness = [][]byte{sig[:]}
	case P2PKH:
		hash := script.LegacyHash(unsigned, i, c.Key.scripts[P2PKH], script.SigHashAll)
		sig := append(secp.SignECDSA(c.Key.Secret, &hash), script.SigHashAll)
		in.ScriptSig = script.NewBuilder().RawData(sig).RawData(c.Key.pubKey[:]).Script()
	default:
		// The script code of P2WPKH is the P2PKH script of the same hash.
		hash := context.WitnessV0Hash(i, c.Key.scripts[P2PKH], script.SigHashAll)
		sig := append(secp.SignECDSA(c.Key.Secret, &hash), script.SigHashAll)
		in.Witness = [][]byte{sig, c.Key.pubKey[:]}
	}
}

// Made returns the coins that the payments of the signed transaction are.
func (s *Spend) Made(signed *tx.Tx) []Coin {
	coins := make([]Coin, len(s.Pays))
	for i := range s.Pays {
		coins[i] = s.made(signed, i)
	}
	return coins
}

func (s *Spend) made(signed *tx.Tx, i int) Coin {
	p := &s.Pays[i]
	return Coin{OutPoint: tx.OutPoint{Hash: signed.ID(), Index: uint32(i)}, Value: p.Value, Key: p.Key, Kind: p.Kind}
}
