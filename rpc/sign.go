package rpc

import (
	"bytes"
	"encoding/json"
	"math"

	"github.com/troupe-node/troupe/address"
	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/tx"
)

var signMethods = []Method{{
	Name: "signrawtransactionwithkey", Category: "rawtransactions",
	Params: []Param{
		{Name: "hexstring", Kind: String, Doc: "The transaction hex string"},
		{Name: "privkeys", Kind: Array, Shape: `["privatekey",...]`, Doc: "The base58-encoded private keys for signing"},
		{Name: "prevtxs", Kind: Array, Optional: true, Shape: `[{"txid":"hex","vout":n,"scriptPubKey":"hex","redeemScript":"hex","witnessScript":"hex","amount":amount},...]`, Doc: "The previous dependent transaction outputs"},
		{Name: "sighashtype", Kind: String, Optional: true, Default: `"DEFAULT" for Taproot, "ALL" otherwise`, Doc: "The signature hash type. Must be one of:\n\"DEFAULT\"\n\"ALL\"\n\"NONE\"\n\"SINGLE\"\n\"ALL|ANYONECANPAY\"\n\"NONE|ANYONECANPAY\"\n\"SINGLE|ANYONECANPAY\""},
	},
	Summary: "Sign inputs for raw transaction (serialized, hex-encoded).\nThe second argument is an array of base58-encoded private\nkeys that will be the only keys used to sign the transaction.\nThe third optional argument (may be null) is an array of previous transaction outputs that\nthis transaction depends on but may not yet be in the block chain.",
	Result:  "{ \"hex\", \"complete\", \"errors\": [ { \"txid\", \"vout\", \"witness\", \"scriptSig\", \"sequence\", \"error\" }, ... ] }    (json object)",
	Handler: signRawTransactionWithKey,
}}

var sigHashTypes = map[string]byte{
	"DEFAULT": script.SigHashDefault, "ALL": script.SigHashAll, "NONE": script.SigHashNone, "SINGLE": script.SigHashSingle,
	"ALL|ANYONECANPAY":    script.SigHashAll | script.SigHashAnyoneCanPay,
	"NONE|ANYONECANPAY":   script.SigHashNone | script.SigHashAnyoneCanPay,
	"SINGLE|ANYONECANPAY": script.SigHashSingle | script.SigHashAnyoneCanPay,
}

type signError struct {
	TxID      tx.Hash    `json:"txid"`
	Vout      uint32     `json:"vout"`
	Witness   []hexBytes `json:"witness"`
	ScriptSig hexBytes   `json:"scriptSig"`
	Sequence  uint32     `json:"sequence"`
	Error     string     `json:"error"`
}

type signResult struct {
	Hex      string      `json:"hex"`
	Complete bool        `json:"complete"`
	Errors   []signError `json:"errors,omitempty"`
}

// unknownAmount stands for the value of an output of which only the script was
// told, as in Core.
const unknownAmount = MaxMoney

func signRawTransactionWithKey(c *Call) (any, error) {
	t, ok := decodeHexTx(c.String(0, ""))
	if !ok {
		return nil, Errorf(CodeDeserialization, "TX decode failed. Make sure the tx has at least one input.")
	}
	ring := &keyring{}
	for _, raw := range c.Elements(1) {
		wif, err := text(raw)
		if err != nil {
			return nil, err
		}
		secret, compressed, err := address.DecodeWIF(wif, c.Node.Board.Params.Name)
		if err != nil {
			return nil, Errorf(CodeInvalidAddress, "Invalid private key")
		}
		key := signKey{secret: secret}
		if public := secret.PubKey(); compressed {
			key.public = public[:]
		} else {
			public := secret.PubKeyUncompressed()
			key.public = public[:]
		}
		ring.keys = append(ring.keys, key)
	}
	coins, err := c.Node.findCoins(t)
	if err != nil {
		return nil, err
	}
	for _, raw := range c.Elements(2) {
		if err := ring.addPrevTx(coins, raw); err != nil {
			return nil, err
		}
	}
	name := c.String(3, "DEFAULT")
	hashType, ok := sigHashTypes[name]
	if !ok {
		return nil, Errorf(CodeInvalidParam, "'%s' is not a valid sighash parameter.", name)
	}
	return signAll(newDraft(t), ring, coins, hashType)
}

// findCoins looks the inputs of a transaction up, in the pool and in the chain.
// Those that are not there are left out.
func (n *Node) findCoins(t *tx.Tx) (map[tx.OutPoint]tx.Output, error) {
	s, err := n.pinned()
	if err != nil {
		return nil, err
	}
	defer s.Release()
	pool, err := n.pool()
	if err != nil {
		return nil, err
	}
	coins := make(map[tx.OutPoint]tx.Output)
	for i := range t.Inputs {
		op := t.Inputs[i].PrevOut
		if e := pool.ByID(op.Hash); e != nil {
			if int(op.Index) < len(e.Tx.Outputs) {
				coins[op] = e.Tx.Outputs[op.Index]
			}
			continue
		}
		coin, err := s.Coin(op)
		if err != nil {
			return nil, err
		}
		if coin != nil {
			coins[op] = coin.Output
		}
	}
	return coins, nil
}

// signAll signs what it can and says what is missing.
func signAll(d *draft, ring *keyring, coins map[tx.OutPoint]tx.Output, hashType byte) (any, error) {
	result := signResult{}
	for i := range d.inputs {
		in := &d.inputs[i]
		spent, ok := coins[in.PrevOut]
		if !ok {
			result.fail(in, "Input not found or already spent")
			continue
		}
		s := &signer{draft: d, input: i, spent: spent, coins: coins, hashType: hashType,
			keys: &keyring{ring.keys, append([][]byte(nil), ring.scripts...)}}
		// A signature of SINGLE without an output of that index would sign for all.
		if hashType&^script.SigHashAnyoneCanPay != script.SigHashSingle || i < len(d.outputs) {
			s.sign()
		}
		if spent.Value == unknownAmount && len(in.Witness) > 0 {
			return nil, Errorf(CodeType, "Missing amount for %s", outputText(&spent))
		}
		switch err := s.verify(); err {
		case nil:
		case script.ErrInvalidStackOperation:
			result.fail(in, "Unable to sign input, invalid stack size (possibly missing key)")
		case script.ErrSigNullFail:
			result.fail(in, "CHECK(MULTI)SIG failing with non-zero signature (possibly need more signatures)")
		default:
			result.fail(in, err.Error())
		}
	}
	result.Hex, result.Complete = hexOf(d.tx().Bytes()), len(result.Errors) == 0
	return result, nil
}

func (r *signResult) fail(in *tx.Input, why string) {
	e := signError{
		TxID: in.PrevOut.Hash, Vout: in.PrevOut.Index, Witness: []hexBytes{}, ScriptSig: in.ScriptSig, Sequence: in.Sequence, Error: why,
	}
	for _, item := range in.Witness {
		e.Witness = append(e.Witness, item)
	}
	r.Errors = append(r.Errors, e)
}

// outputText is Core's CTxOut::ToString.
func outputText(o *tx.Output) string {
	digits := hexOf(o.PkScript)
	return "CTxOut(nValue=" + Amount(o.Value).String() + ", scriptPubKey=" + digits[:min(30, len(digits))] + ")"
}

// addPrevTx reads one of the outputs that the caller describes (Core's
// ParsePrevouts).
func (r *keyring) addPrevTx(coins map[tx.OutPoint]tx.Output, raw json.RawMessage) error {
	if kindOf(raw) != Obj {
		return Errorf(CodeDeserialization, `expected object with {"txid'","vout","scriptPubKey"}`)
	}
	f, err := fieldsOf(raw)
	if err != nil {
		return err
	}
	for _, want := range []struct {
		name string
		kind Kind
	}{{"scriptPubKey", String}, {"txid", String}, {"vout", Number}} {
		if err := f.want(want.name, want.kind); err != nil {
			return err
		}
	}
	op, pkScript, err := f.prevOut()
	if err != nil {
		return err
	}
	if known, ok := coins[op]; ok && !bytes.Equal(known.PkScript, pkScript) {
		return Errorf(CodeDeserialization, "Previous output scriptPubKey mismatch:\n%s\nvs:\n%s", script.ASM(known.PkScript, false), script.ASM(pkScript, false))
	}
	value := Amount(unknownAmount)
	if f["amount"] != nil {
		if value, err = ParseAmount(f["amount"]); err != nil {
			return err
		}
	}
	coins[op] = tx.Output{Value: int64(value), PkScript: pkScript}
	return r.addScripts(f, pkScript)
}

func (f fields) prevOut() (op tx.OutPoint, pkScript []byte, err error) {
	id, err := text(f["txid"])
	if err != nil {
		return op, nil, err
	}
	if op.Hash, err = parseHashArg(id, "txid"); err != nil {
		return op, nil, err
	}
	vout, err := wholeNumber(f["vout"])
	if err != nil {
		return op, nil, err
	}
	switch {
	case vout > math.MaxInt32:
		return op, nil, Errorf(CodeMisc, "JSON integer out of range")
	case vout < 0:
		return op, nil, Errorf(CodeDeserialization, "vout cannot be negative")
	}
	op.Index = uint32(vout)
	digits, err := text(f["scriptPubKey"])
	if err != nil {
		return op, nil, err
	}
	pkScript, err = parseHexArg(digits, "scriptPubKey")
	return op, pkScript, err
}

// addScripts keeps the redeem and witness scripts of an output, if they fit it.
func (r *keyring) addScripts(f fields, pkScript []byte) error {
	class, _ := script.Classify(pkScript)
	if class != script.ScriptHash && class != script.WitnessV0ScriptHash {
		return nil
	}
	for _, name := range []string{"redeemScript", "witnessScript"} {
		if err := f.may(name, String); err != nil {
			return err
		}
	}
	given := map[string][]byte{}
	for _, name := range []string{"witnessScript", "redeemScript"} {
		if f[name] == nil {
			continue
		}
		digits, err := text(f[name])
		if err != nil {
			return err
		}
		if given[name], err = parseHexArg(digits, name); err != nil {
			return err
		}
	}
	redeem, witness := given["redeemScript"], given["witnessScript"]
	if redeem == nil && witness == nil {
		return Errorf(CodeInvalidParam, "Missing redeemScript/witnessScript")
	}
	inner := witness
	if inner == nil {
		inner = redeem
	}
	wrapped := payToWitnessScript(inner)
	if witness != nil && redeem != nil && !bytes.Equal(witness, redeem) && !bytes.Equal(redeem, wrapped) {
		return Errorf(CodeInvalidParam, "redeemScript does not correspond to witnessScript")
	}
	fits := bytes.Equal(pkScript, payToScriptHash(inner)) || bytes.Equal(pkScript, payToScriptHash(wrapped))
	if class == script.WitnessV0ScriptHash {
		fits = bytes.Equal(pkScript, wrapped)
	}
	if !fits {
		return Errorf(CodeInvalidParam, "redeemScript/witnessScript does not match scriptPubKey")
	}
	r.scripts = append(r.scripts, inner, wrapped)
	return nil
}
