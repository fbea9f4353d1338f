package rpc

import (
	"encoding/json"

	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/mempool"
	"github.com/troupe-node/troupe/tx"
)

// defaultMaxFeeRate is what sendrawtransaction lets pass without being asked, in
// satoshis per 1000 virtual bytes.
const defaultMaxFeeRate = Coin / 10

// maxPackage is Core's MAX_PACKAGE_COUNT.
const maxPackage = 25

var maxFeeRateParam = Param{Name: "maxfeerate", Kind: Money, Optional: true, Default: `"0.10"`, Doc: "Reject transactions whose fee rate is higher than the specified value, expressed in BTC/kvB.\nFee rates larger than 1BTC/kvB are rejected.\nSet to 0 to accept any fee rate."}

var maxBurnAmountParam = Param{Name: "maxburnamount", Kind: Money, Optional: true, Default: `"0.00"`, Doc: "Reject transactions with provably unspendable outputs (e.g. 'datacarrier' outputs that use the OP_RETURN opcode) greater than the specified value, expressed in BTC.\nIf burning funds through unspendable outputs is desired, increase this value.\nThis check is based on heuristics and does not guarantee spendability of outputs."}

var sendMethods = []Method{
	{
		Name: "sendrawtransaction", Category: "rawtransactions",
		Params: []Param{
			{Name: "hexstring", Kind: String, Doc: "The hex string of the raw transaction"}, maxFeeRateParam, maxBurnAmountParam,
		},
		Summary: "Submit a raw transaction (serialized, hex-encoded) to local node and network.\n\nThe transaction will be sent unconditionally to all peers, so using sendrawtransaction\nfor manual rebroadcast may degrade privacy by leaking the transaction's origin.\n\nA specific exception, RPC_TRANSACTION_ALREADY_IN_UTXO_SET, may throw if the transaction cannot be added to the mempool.",
		Result:  "\"hex\"    (string) The transaction hash in hex",
		Handler: sendRawTransaction,
	},
	{
		Name: "testmempoolaccept", Category: "rawtransactions",
		Params:  []Param{{Name: "rawtxs", Kind: Array, Shape: `["rawtx",...]`, Doc: "An array of hex strings of raw transactions."}, maxFeeRateParam},
		Summary: "Returns result of mempool acceptance tests indicating if raw transaction(s) (serialized, hex-encoded) would be accepted by mempool.\n\nIf multiple transactions are passed in, parents must come before children and package policies apply: the transactions cannot conflict with any mempool transactions or each other.\n\nThe maximum number of transactions allowed is 25.",
		Result: `[ { "txid", "wtxid", "package-error", "allowed", "vsize", "fees": { "base", "effective-feerate", "effective-includes": [ ... ] },
  "reject-reason" }, ... ]    (json array)`,
		Handler: testMempoolAccept,
	},
}

// feeRate reads argument i as a feerate in satoshis per 1000 virtual bytes.
func (c *Call) feeRate(i int) (int64, error) {
	if !c.Has(i) {
		return defaultMaxFeeRate, nil
	}
	rate, err := ParseAmount(c.args[i])
	if err == nil && rate >= Coin {
		err = Errorf(CodeInvalidParam, "Fee rates larger than or equal to 1BTC/kvB are not accepted")
	}
	return int64(rate), err
}

// burnAmount reads argument i, the largest sum that an unspendable output may have.
func (c *Call) burnAmount(i int) (Amount, error) {
	if !c.Has(i) {
		return 0, nil
	}
	return ParseAmount(c.args[i])
}

func sendRawTransaction(c *Call) (any, error) {
	burn, err := c.burnAmount(2)
	if err != nil {
		return nil, err
	}
	t, ok := decodeHexTx(c.String(0, ""))
	if !ok {
		return nil, Errorf(CodeDeserialization, "TX decode failed. Make sure the tx has at least one input.")
	}
	if burns(t, burn) {
		return nil, errBurns
	}
	rate, err := c.feeRate(1)
	if err != nil {
		return nil, err
	}
	return t.ID(), c.Node.submit(c, t, rate)
}

// submit offers a transaction to the pool. One that is there already is no error,
// and is announced to peers that have not heard of it.
func (n *Node) submit(c *Call, t *tx.Tx, maxFeePerKVB int64) error {
	confirmed, err := n.hasCoinOf(t)
	if err != nil {
		return err
	}
	if confirmed {
		return Errorf(CodeAlreadyInChain, "Transaction outputs already in utxo set")
	}
	v, err := ask[*msg.TxVerdict](c.Context, n, n.Cast.Mempool(), &msg.SubmitTx{Tx: t, MaxFeePerKVB: maxFeePerKVB})
	if err != nil {
		return err
	}
	return refusal(v.Reject)
}

// refusal is the error for a transaction that the pool refused.
func refusal(r *mempool.Reject) error {
	switch {
	case r == nil:
		return nil
	case r.Kind == mempool.ErrMaxFee:
		return Errorf(CodeVerify, "Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)")
	case r.Result == mempool.MissingInputs:
		return Errorf(CodeVerify, "%s", r)
	case r.Result == mempool.Unknown:
		return Errorf(CodeVerify, "%s", r)
	}
	return Errorf(CodeVerifyRejected, "%s", r)
}

// hasCoinOf tells whether an output of the transaction is in the chain, unspent.
func (n *Node) hasCoinOf(t *tx.Tx) (bool, error) {
	s, err := n.pinned()
	if err != nil {
		return false, err
	}
	defer s.Release()
	ops := make([]tx.OutPoint, len(t.Outputs))
	for i := range ops {
		ops[i] = tx.OutPoint{Hash: t.ID(), Index: uint32(i)}
	}
	coins, err := s.Coins(ops)
	if err != nil {
		return false, err
	}
	for _, coin := range coins {
		if coin != nil {
			return true, nil
		}
	}
	return false, nil
}

type acceptFees struct {
	Base     Amount    `json:"base"`
	Rate     Amount    `json:"effective-feerate"`
	Includes []tx.Hash `json:"effective-includes"`
}

type acceptResult struct {
	TxID         tx.Hash     `json:"txid"`
	WTxID        tx.Hash     `json:"wtxid"`
	PackageError string      `json:"package-error,omitempty"`
	Allowed      *bool       `json:"allowed,omitempty"`
	VSize        int64       `json:"vsize,omitempty"`
	Fees         *acceptFees `json:"fees,omitempty"`
	RejectReason string      `json:"reject-reason,omitempty"`
}

func testMempoolAccept(c *Call) (any, error) {
	raws := c.Elements(0)
	if len(raws) < 1 || len(raws) > maxPackage {
		return nil, Errorf(CodeInvalidParam, "Array must contain between 1 and %d transactions.", maxPackage)
	}
	rate, err := c.feeRate(1)
	if err != nil {
		return nil, err
	}
	txs, err := decodeTxs(raws, nil)
	if err != nil {
		return nil, err
	}
	results := make([]acceptResult, len(txs))
	for i, t := range txs {
		results[i].TxID, results[i].WTxID = t.ID(), t.WitnessID()
	}
	tested, err := ask[*msg.TxsTested](c.Context, c.Node, c.Node.Cast.Mempool(), &msg.TestTxs{Txs: txs})
	if err != nil {
		return nil, err
	}
	if tested.Package != nil {
		for i := range results {
			results[i].PackageError = tested.Package.Error()
		}
	}
	for i := range results {
		if i >= len(tested.Verdicts) || tested.Verdicts[i].Unknown {
			continue // it was not fully tested
		}
		if !results[i].decide(&tested.Verdicts[i], rate) {
			break
		}
	}
	return results, nil
}

// decide fills in a verdict, and tells whether those behind it count: what spends
// from one that pays more than its sender wants would not be sent either.
func (r *acceptResult) decide(v *mempool.Verdict, maxFeePerKVB int64) bool {
	allowed := v.Reject == nil
	r.Allowed = &allowed
	switch {
	case allowed && maxFeePerKVB > 0 && v.Fee > (maxFeePerKVB*v.VSize+999)/1000:
		allowed = false
		r.RejectReason = mempool.ErrMaxFee.Error()
		return false
	case allowed:
		r.VSize = v.VSize
		r.Fees = judgedFees(v, r.WTxID)
	case v.Reject.Result == mempool.MissingInputs:
		r.RejectReason = "missing-inputs"
	default:
		r.RejectReason = v.Reject.Reason()
	}
	return true
}

// judgedFees tells by which feerate a transaction was judged, and together with
// which others.
func judgedFees(v *mempool.Verdict, wtxid tx.Hash) *acceptFees {
	f := &acceptFees{Amount(v.Fee), Amount(v.Effective), v.With}
	if len(f.Includes) == 0 {
		f.Includes = []tx.Hash{wtxid}
	}
	if f.Rate == 0 && v.VSize > 0 {
		f.Rate = Amount(v.Fee * 1000 / v.VSize) // 21 million coins times 1000 fit
	}
	return f
}

// decodeTxs reads transactions one after the other; admit may refuse each before
// the next is looked at.
func decodeTxs(raws []json.RawMessage, admit func(*tx.Tx) error) ([]*tx.Tx, error) {
	txs := make([]*tx.Tx, len(raws))
	for i, raw := range raws {
		digits, err := text(raw)
		if err != nil {
			return nil, err
		}
		t, ok := decodeHexTx(digits)
		if !ok {
			return nil, Errorf(CodeDeserialization, "TX decode failed: %s Make sure the tx has at least one input.", digits)
		}
		if admit != nil {
			if err := admit(t); err != nil {
				return nil, err
			}
		}
		txs[i] = t
	}
	return txs, nil
}
