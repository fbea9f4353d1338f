package rpc

import (
	"encoding/hex"
	"strings"

	"github.com/troupe-node/troupe/address"
	"github.com/troupe-node/troupe/address/descriptor"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/tx"
)

// hexBytes prints as hexadecimal.
type hexBytes []byte

// MarshalText writes lower case digits.
func (h hexBytes) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h), nil }

// parseHexArg refuses with the words of Core's ParseHexV.
func parseHexArg(s, name string) ([]byte, error) {
	b, err := hex.DecodeString(s)
	if err != nil || s == "" {
		return nil, Errorf(CodeInvalidParam, "%s must be hexadecimal string (not '%s')", name, s)
	}
	return b, nil
}

// decodeHexTx reads a transaction as Core's DecodeHexTx does: with witness or
// without, and when both will do, the way that leaves sane scripts.
func decodeHexTx(s string) (*tx.Tx, bool) {
	raw, err := hex.DecodeString(s)
	if err != nil {
		return nil, false
	}
	whole, err := tx.Parse(raw)
	if err == nil && saneScripts(whole) {
		return whole, true
	}
	stripped, strippedErr := tx.ParseStripped(raw)
	if strippedErr == nil && (err != nil || saneScripts(stripped)) {
		return stripped, true
	}
	return whole, err == nil
}

// saneScripts is Core's CheckTxScriptsSanity: no script is too long or has what is
// no opcode.
func saneScripts(t *tx.Tx) bool {
	sane := func(s []byte) bool { return len(s) <= script.MaxScriptSize && hasValidOps(s) }
	for i := range t.Inputs {
		if !t.IsCoinbase() && !sane(t.Inputs[i].ScriptSig) {
			return false
		}
	}
	for i := range t.Outputs {
		if !sane(t.Outputs[i].PkScript) {
			return false
		}
	}
	return true
}

// decodeHexBlock reads a block.
func decodeHexBlock(s string) (*tx.Block, bool) {
	raw, err := hex.DecodeString(s)
	if err != nil {
		return nil, false
	}
	b, err := tx.ParseBlock(raw)
	return b, err == nil
}

// ScriptPubKey is an output script as Core's ScriptToUniv prints it.
type ScriptPubKey struct {
	Asm     string    `json:"asm"`
	Desc    string    `json:"desc"`
	Hex     *hexBytes `json:"hex,omitempty"`
	Address string    `json:"address,omitempty"`
	Type    string    `json:"type"`
}

func scriptPubKey(pkScript []byte, chain string) ScriptPubKey {
	class, _ := script.Classify(pkScript)
	s := ScriptPubKey{
		Asm: script.ASM(pkScript, false), Desc: descriptor.Infer(pkScript, chain),
		Hex: (*hexBytes)(&pkScript), Type: class.String(),
	}
	if class != script.PubKey {
		s.Address, _ = address.Encode(pkScript, chain)
	}
	return s
}

type scriptSig struct {
	Asm string   `json:"asm"`
	Hex hexBytes `json:"hex"`
}

type prevOutput struct {
	Generated    bool         `json:"generated"`
	Height       int32        `json:"height"`
	Value        Amount       `json:"value"`
	ScriptPubKey ScriptPubKey `json:"scriptPubKey"`
}

type txInput struct {
	Coinbase  *hexBytes   `json:"coinbase,omitempty"`
	TxID      *tx.Hash    `json:"txid,omitempty"`
	Vout      *uint32     `json:"vout,omitempty"`
	ScriptSig *scriptSig  `json:"scriptSig,omitempty"`
	Witness   []hexBytes  `json:"txinwitness,omitempty"`
	PrevOut   *prevOutput `json:"prevout,omitempty"`
	Sequence  uint32      `json:"sequence"`
}

type txOutput struct {
	Value        Amount       `json:"value"`
	N            int          `json:"n"`
	ScriptPubKey ScriptPubKey `json:"scriptPubKey"`
}

// txFields is a transaction as Core's TxToUniv prints it, with what
// getrawtransaction adds about its block.
type txFields struct {
	InActiveChain *bool      `json:"in_active_chain,omitempty"`
	TxID          tx.Hash    `json:"txid"`
	Hash          tx.Hash    `json:"hash"`
	Version       uint32     `json:"version"`
	Size          int        `json:"size"`
	VSize         int        `json:"vsize"`
	Weight        int        `json:"weight"`
	LockTime      uint32     `json:"locktime"`
	Vin           []txInput  `json:"vin"`
	Vout          []txOutput `json:"vout"`
	Fee           *Amount    `json:"fee,omitempty"`
	Hex           *hexBytes  `json:"hex,omitempty"`
	BlockHash     *tx.Hash   `json:"blockhash,omitempty"`
	Confirmations *int32     `json:"confirmations,omitempty"`
	Time          *uint32    `json:"time,omitempty"`
	BlockTime     *uint32    `json:"blocktime,omitempty"`
}

// describeTx prints a transaction. spent, if known, are the coins of its inputs:
// with them the fee is shown, and with prevouts also what each input spends.
func describeTx(t *tx.Tx, chain string, withHex bool, spent []consensus.Coin, prevouts bool) txFields {
	f := txFields{
		TxID: t.ID(), Hash: t.WitnessID(), Version: t.Version, Size: t.Size(), VSize: t.VSize(), Weight: t.Weight(),
		LockTime: t.LockTime, Vin: make([]txInput, len(t.Inputs)), Vout: make([]txOutput, len(t.Outputs)),
	}
	if len(spent) != len(t.Inputs) || t.IsCoinbase() {
		spent = nil
	}
	coinbase, fee := t.IsCoinbase(), Amount(0)
	for i := range t.Inputs {
		f.Vin[i] = describeInput(&t.Inputs[i], coinbase)
		if spent != nil {
			fee += Amount(spent[i].Output.Value)
			if prevouts {
				f.Vin[i].PrevOut = describePrevOut(&spent[i], chain)
			}
		}
	}
	for i := range t.Outputs {
		o := &t.Outputs[i]
		fee -= Amount(o.Value)
		f.Vout[i] = txOutput{Amount(o.Value), i, scriptPubKey(o.PkScript, chain)}
	}
	if spent != nil {
		f.Fee = &fee
	}
	if withHex {
		raw := hexBytes(t.Bytes())
		f.Hex = &raw
	}
	return f
}

func describeInput(in *tx.Input, coinbase bool) txInput {
	v := txInput{Sequence: in.Sequence}
	if coinbase {
		v.Coinbase = (*hexBytes)(&in.ScriptSig)
	} else {
		v.TxID, v.Vout = &in.PrevOut.Hash, &in.PrevOut.Index
		v.ScriptSig = &scriptSig{script.ASM(in.ScriptSig, true), in.ScriptSig}
	}
	for _, item := range in.Witness {
		v.Witness = append(v.Witness, item)
	}
	return v
}

func describePrevOut(c *consensus.Coin, chain string) *prevOutput {
	return &prevOutput{c.Coinbase, c.Height, Amount(c.Output.Value), scriptPubKey(c.Output.PkScript, chain)}
}

// hexOf is the hexadecimal form of bytes, as a result.
func hexOf(b []byte) string { return hex.EncodeToString(b) }

// isHash tells whether a text is a hash rather than a whole transaction.
func isHash(s string) bool {
	return len(s) == 2*tx.HashSize && strings.Trim(s, "0123456789abcdefABCDEF") == ""
}
