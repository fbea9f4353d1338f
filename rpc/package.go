package rpc

import (
	"path/filepath"

	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/mempool"
	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/tx"
)

var packageMethods = []Method{
	{
		Name: "submitpackage", Category: "rawtransactions",
		Params: []Param{
			{Name: "package", Kind: Array, Shape: `["rawtx",...]`, Doc: "An array of raw transactions.\nThe package must solely consist of a child and its parents. None of the parents may depend on each other.\nThe package must be topologically sorted, with the child being the last element in the array."},
			maxFeeRateParam,
			{Name: "maxburnamount", Kind: Any, Optional: true, Default: "0.00", Doc: "Reject transactions with provably unspendable outputs greater than the specified value, expressed in BTC."},
		},
		Summary: "Submit a package of raw transactions (serialized, hex-encoded) to local node.\nThe package will be validated according to consensus and mempool policy rules. If any transaction passes, it will be accepted to mempool.",
		Handler: submitPackage,
	},
	{
		Name: "savemempool", Category: "blockchain",
		Summary: "Dumps the mempool to disk. It will fail until the previous dump is fully loaded.",
		Result:  "{ \"filename\" }    (json object) the directory and file where the mempool was saved",
		Handler: saveMempool,
	},
	{
		Name: "importmempool", Category: "blockchain",
		Params: []Param{
			{Name: "filepath", Kind: String, Doc: "The mempool file"},
			{Name: "options", Kind: Obj, Optional: true, Shape: "options", Doc: "use_current_time (default true), apply_fee_delta_priority (default false), apply_unbroadcast_set (default false)"},
		},
		Summary: "Import a mempool.dat file and attempt to add its contents to the mempool.\nWarning: Importing untrusted files is dangerous, especially if metadata from the file is taken over.",
		Result:  "{}    (json object)",
		Handler: importMempool,
	},
}

type packageTx struct {
	TxID       tx.Hash      `json:"txid"`
	OtherWTxID *tx.Hash     `json:"other-wtxid,omitempty"`
	VSize      int64        `json:"vsize,omitempty"`
	Fees       *packageFees `json:"fees,omitempty"`
	Error      string       `json:"error,omitempty"`
}

type packageFees struct {
	Base     Amount    `json:"base"`
	Rate     *Amount   `json:"effective-feerate,omitempty"`
	Includes []tx.Hash `json:"effective-includes,omitempty"`
}

func submitPackage(c *Call) (any, error) {
	raws := c.Elements(0)
	if len(raws) < 2 || len(raws) > maxPackage {
		return nil, Errorf(CodeInvalidParam, "Array must contain between 2 and %d transactions.", maxPackage)
	}
	rate, err := c.feeRate(1)
	if err != nil {
		return nil, err
	}
	burn := Amount(0)
	if c.Has(2) {
		if burn, err = ParseAmount(c.args[2]); err != nil {
			return nil, err
		}
	}
	txs, err := decodeTxs(raws)
	if err != nil {
		return nil, err
	}
	for _, t := range txs {
		if burns(t, burn) {
			return nil, errBurns
		}
	}
	if !mempool.ChildWithParentsTree(txs) {
		return nil, Errorf(CodeVerify, "package topology disallowed. not child-with-parents or parents depend on each other.")
	}
	judged, err := ask[*msg.PackageJudged](c.Context, c.Node, c.Node.Cast.Mempool(), &msg.SubmitPackage{Txs: txs, MaxRate: rate})
	if err != nil {
		return nil, err
	}
	if judged.Reject != nil && judged.Reject.Result == mempool.Unknown {
		return nil, Errorf(CodeVerify, "%s", judged.Reject)
	}
	message := "success"
	if judged.Reject != nil {
		message = judged.Reject.Error()
	}
	results, replaced := Object{}, []tx.Hash{}
	for i := range judged.Txs {
		v := &judged.Txs[i]
		if v.Unknown {
			continue // the package failed as a whole
		}
		results = append(results, Field{txs[i].WitnessID().String(), describeJudged(txs[i], v)})
		replaced = append(replaced, ids(v.Replaced)...)
	}
	return Object{{"package_msg", message}, {"tx-results", results}, {"replaced-transactions", replaced}}, nil
}

func describeJudged(t *tx.Tx, v *mempool.Verdict) packageTx {
	r := packageTx{TxID: t.ID()}
	switch {
	case v.Reject != nil:
		r.Error = v.Reject.Error()
	case v.Known && v.Entry.Tx.WitnessID() != t.WitnessID():
		other := v.Entry.Tx.WitnessID()
		r.OtherWTxID = &other
	default:
		r.VSize, r.Fees = v.Entry.VSize, &packageFees{Base: Amount(v.Entry.Fee)}
		if !v.Known {
			f := judgedFees(v, t.WitnessID())
			r.Fees.Rate, r.Fees.Includes = &f.Rate, f.Includes
		}
	}
	return r
}

// errBurns is the refusal of outputs that throw coins away.
var errBurns = Errorf(CodeVerify, "Unspendable output exceeds maximum configured by user (maxburnamount)")

// burns tells whether an output that nobody can spend has more than the limit.
func burns(t *tx.Tx, limit Amount) bool {
	for i := range t.Outputs {
		o := &t.Outputs[i]
		if (script.IsUnspendable(o.PkScript) || !hasValidOps(o.PkScript)) && Amount(o.Value) > limit {
			return true
		}
	}
	return false
}

func saveMempool(c *Call) (any, error) {
	pool, err := c.Node.pool()
	if err != nil {
		return nil, err
	}
	if !pool.Loaded() {
		return nil, Errorf(CodeMisc, "The mempool was not loaded yet")
	}
	done, err := ask[*msg.Done](c.Context, c.Node, c.Node.Cast.Mempool(), &msg.SavePool{})
	if err != nil {
		return nil, err
	}
	if done.Err != nil {
		return nil, Errorf(CodeMisc, "Unable to dump mempool to disk")
	}
	return Object{{"filename", filepath.Join(c.Node.Config.ChainDir, "mempool.dat")}}, nil
}

func importMempool(c *Call) (any, error) {
	s, err := c.Node.chain()
	if err != nil {
		return nil, err
	}
	if s.InitialDownload() {
		return nil, Errorf(CodeInitialDownload, "Can only import the mempool after the block download and sync is done.")
	}
	order := &msg.ImportPool{Path: c.String(0, "")}
	if !filepath.IsAbs(order.Path) {
		order.Path = filepath.Join(c.Node.Config.DataDir, order.Path)
	}
	if c.Has(1) {
		f, err := fieldsOf(c.args[1])
		if err != nil {
			return nil, err
		}
		for name, set := range map[string]func(bool){
			"use_current_time":         func(on bool) { order.KeepTimes = !on },
			"apply_fee_delta_priority": func(on bool) { order.ApplyDeltas = on },
			"apply_unbroadcast_set":    func(on bool) { order.ApplyUnbroadcast = on },
		} {
			if err := f.may(name, Bool); err != nil {
				return nil, err
			}
			if raw, ok := f[name]; ok {
				set(string(raw) == "true")
			}
		}
	}
	done, err := ask[*msg.Done](c.Context, c.Node, c.Node.Cast.Mempool(), order)
	if err != nil {
		return nil, err
	}
	if done.Err != nil {
		return nil, Errorf(CodeMisc, "Unable to import mempool file, see debug log for details.")
	}
	return Object{}, nil
}
