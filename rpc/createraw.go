package rpc

import (
	"encoding/json"
	"math"

	"github.com/troupe-node/troupe/address"
	"github.com/troupe-node/troupe/mempool"
	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/tx"
)

// sequenceRBF is the highest sequence number that lets a transaction be replaced
// (BIP125).
const sequenceRBF = 0xfffffffd

var createMethods = []Method{
	{
		Name: "createrawtransaction", Category: "rawtransactions",
		Params: []Param{
			{Name: "inputs", Kind: Array, Shape: `[{"txid":"hex","vout":n,"sequence":n},...]`, Doc: "The inputs"},
			{Name: "outputs", Kind: Any, Shape: `[{"address":amount,...},{"data":"hex"},...]`, Doc: "The outputs specified as key-value pairs.\nEach key may only appear once, i.e. there can only be one 'data' output, and no address may be duplicated."},
			{Name: "locktime", Kind: Number, Optional: true, Default: "0", Doc: "Raw locktime. Non-0 value also locktime-activates inputs"},
			{Name: "replaceable", Kind: Bool, Optional: true, Default: "true", Doc: "Marks this transaction as BIP125-replaceable.\nAllows this transaction to be replaced by a transaction with higher fees. If provided, it is an error if explicit sequence numbers are incompatible."},
		},
		Summary: "Create a transaction spending the given inputs and creating new outputs.\nOutputs can be addresses or data.\nReturns hex-encoded raw transaction.\nNote that the transaction's inputs are not signed, and\nit is not stored in the wallet or transmitted to the network.",
		Result:  "\"hex\"    (string) hex string of the transaction",
		Handler: createRawTransaction,
	},
	{
		Name: "combinerawtransaction", Category: "rawtransactions",
		Params:  []Param{{Name: "txs", Kind: Array, Shape: `["hexstring",...]`, Doc: "The hex strings of partially signed transactions"}},
		Summary: "Combine multiple partially signed transactions into one transaction.\nThe combined transaction may be another partially signed transaction or a \nfully signed transaction.",
		Result:  "\"hex\"    (string) The hex-encoded raw transaction with signature(s)",
		Handler: combineRawTransaction,
	},
}

func createRawTransaction(c *Call) (any, error) {
	locktime, err := c.Int(2, 0)
	if err != nil {
		return nil, err
	}
	if locktime < 0 || locktime > math.MaxUint32 {
		return nil, Errorf(CodeInvalidParam, "Invalid parameter, locktime out of range")
	}
	sequence := uint32(math.MaxUint32)
	switch {
	case c.Bool(3, true):
		sequence = sequenceRBF
	case locktime != 0:
		sequence--
	}
	var inputs []tx.Input
	for _, raw := range c.Elements(0) {
		in, err := parseInput(raw, sequence)
		if err != nil {
			return nil, err
		}
		inputs = append(inputs, in)
	}
	outputs, err := c.Node.parseOutputs(c.args[1])
	if err != nil {
		return nil, err
	}
	t := tx.New(2, inputs, outputs, uint32(locktime))
	if c.Has(3) && c.Bool(3, true) && len(inputs) > 0 && !mempool.SignalsReplacement(t) {
		return nil, Errorf(CodeInvalidParam, "Invalid parameter combination: Sequence number(s) contradict replaceable option")
	}
	return hexOf(t.Bytes()), nil
}

func parseInput(raw json.RawMessage, sequence uint32) (in tx.Input, err error) {
	f, err := fieldsOf(raw)
	if err != nil {
		return in, err
	}
	id, err := text(f["txid"])
	if err != nil {
		return in, err
	}
	in.Sequence = sequence
	if in.PrevOut.Hash, err = parseHashArg(id, "txid"); err != nil {
		return in, err
	}
	if kindOf(f["vout"]) != Number {
		return in, Errorf(CodeInvalidParam, "Invalid parameter, missing vout key")
	}
	vout, err := wholeNumber(f["vout"])
	switch {
	case err != nil:
		return in, err
	case vout < 0:
		return in, Errorf(CodeInvalidParam, "Invalid parameter, vout cannot be negative")
	case vout > math.MaxInt32:
		return in, Errorf(CodeMisc, "JSON integer out of range")
	}
	in.PrevOut.Index = uint32(vout)
	if kindOf(f["sequence"]) == Number {
		n, err := wholeNumber(f["sequence"])
		if err != nil {
			return in, err
		}
		if n < 0 || n > math.MaxUint32 {
			return in, Errorf(CodeInvalidParam, "Invalid parameter, sequence number is out of range")
		}
		in.Sequence = uint32(n)
	}
	return in, nil
}

// parseOutputs reads an object of outputs, or an array of objects with one each.
func (n *Node) parseOutputs(raw json.RawMessage) ([]tx.Output, error) {
	var list []member
	switch kindOf(raw) {
	case null:
		return nil, Errorf(CodeInvalidParam, "Invalid parameter, output argument must be non-null")
	case Obj:
		list = members(raw)
	case Array:
		for _, one := range elements(raw) {
			if kindOf(one) != Obj {
				return nil, Errorf(CodeInvalidParam, "Invalid parameter, key-value pair not an object as expected")
			}
			pair := members(one)
			if len(pair) != 1 {
				return nil, Errorf(CodeInvalidParam, "Invalid parameter, key-value pair must contain exactly one key")
			}
			list = append(list, pair[0])
		}
	default:
		return nil, unexpected(raw, Array)
	}
	seen := make(map[string]bool) // "data", or an output script
	var outputs []tx.Output
	for _, m := range list {
		o, key, err := n.parseOutput(m)
		if err != nil {
			return nil, err
		}
		if seen[key] {
			if key == "data" {
				return nil, Errorf(CodeInvalidParam, "Invalid parameter, duplicate key: data")
			}
			return nil, Errorf(CodeInvalidParam, "Invalid parameter, duplicated address: %s", m.name)
		}
		seen[key] = true
		outputs = append(outputs, o)
	}
	return outputs, nil
}

func (n *Node) parseOutput(m member) (o tx.Output, key string, err error) {
	if m.name == "data" {
		digits := string(m.value)
		if kindOf(m.value) == String {
			digits, _ = text(m.value)
		}
		data, err := parseHexArg(digits, "Data")
		if err != nil {
			return o, "", err
		}
		o.PkScript = script.NewBuilder().Op(script.OP_RETURN).RawData(data).Script()
		return o, "data", nil
	}
	amount, err := ParseAmount(m.value) // before the address, as in Core
	if err != nil {
		return o, "", err
	}
	o.Value = int64(amount)
	if o.PkScript, err = address.Decode(m.name, n.Board.Params.Name); err != nil {
		return o, "", Errorf(CodeInvalidAddress, "Invalid Bitcoin address: %s", m.name)
	}
	return o, string(o.PkScript), nil
}

// combineRawTransaction merges what several people have signed.
func combineRawTransaction(c *Call) (any, error) {
	var variants []*tx.Tx
	for i, raw := range c.Elements(0) {
		digits, err := text(raw)
		if err != nil {
			return nil, err
		}
		t, ok := decodeHexTx(digits)
		if !ok {
			return nil, Errorf(CodeDeserialization, "TX decode failed for tx %d. Make sure the tx has at least one input.", i)
		}
		variants = append(variants, t)
	}
	if len(variants) == 0 {
		return nil, Errorf(CodeDeserialization, "Missing transactions")
	}
	coins, err := c.Node.findCoins(variants[0])
	if err != nil {
		return nil, err
	}
	merged := newDraft(variants[0])
	for i := range merged.inputs {
		spent, ok := coins[merged.inputs[i].PrevOut]
		if !ok {
			return nil, Errorf(CodeVerify, "Input not found or already spent")
		}
		s := &signer{draft: merged, input: i, spent: spent, keys: &keyring{}, hashType: script.SigHashDefault, coins: coins}
		for _, v := range variants {
			if i < len(v.Inputs) {
				s.learn(&v.Inputs[i])
			}
		}
		s.sign()
	}
	return hexOf(merged.tx().Bytes()), nil
}
