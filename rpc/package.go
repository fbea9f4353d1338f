package rpc

import (
	"path/filepath"
	"slices"

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
			maxFeeRateParam, maxBurnAmountParam,
		},
		Summary: "Submit a package of raw transactions (serialized, hex-encoded) to local node.\nThe package will be validated according to consensus and mempool policy rules. If any transaction passes, it will be accepted to mempool.",
		Result: `{ "package_msg", "tx-results": { "wtxid": { "txid", "other-wtxid", "vsize", "fees": { "base", "effective-feerate", "effective-includes": [ ... ] },
  "error" }, ... }, "replaced-transactions": [ ... ] }    (json object)`,
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
			{Name: "options", Kind: Obj, Optional: true, Shape: "options", Named: importOptions},
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
	burn, err := c.burnAmount(2)
	if err != nil {
		return nil, err
	}
	txs, err := decodeTxs(raws, func(t *tx.Tx) error {
		if burns(t, burn) {
			return errBurns
		}
		return nil
	})
	if err != nil {
		return nil, err
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
	return Object{{"package_msg", message}, {"tx-results", results}, {"replaced-transactions", slices.Compact(inStoredOrder(replaced))}}, nil
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

// importOptions are the members of importmempool's options.
var importOptions = []Param{
	{Name: "use_current_time", Kind: Bool, Optional: true, Default: "true", Doc: "Whether to use the current system time or use the entry time metadata from the mempool file.\nWarning: Importing untrusted metadata may lead to unexpected issues and undesirable behavior."},
	{Name: "apply_fee_delta_priority", Kind: Bool, Optional: true, Default: "false", Doc: "Whether to apply the fee delta metadata from the mempool file.\nIt will be added to any existing fee deltas.\nThe fee delta can be set by the prioritisetransaction RPC.\nWarning: Importing untrusted metadata may lead to unexpected issues and undesirable behavior.\nOnly set this bool if you understand what it does."},
	{Name: "apply_unbroadcast_set", Kind: Bool, Optional: true, Default: "false", Doc: "Whether to apply the unbroadcast set metadata from the mempool file.\nWarning: Importing untrusted metadata may lead to unexpected issues and undesirable behavior."},
}

// option is a member of the options object that is argument i, or its default.
func (c *Call) option(i int, p *Param) (bool, error) {
	on := p.Default == "true"
	if !c.Has(i) {
		return on, nil
	}
	f, err := fieldsOf(c.args[i])
	if err != nil {
		return false, err
	}
	raw, ok := f[p.Name]
	switch {
	case !ok:
		return on, nil
	case kindOf(raw) != Bool:
		return false, unexpected(raw, Bool)
	}
	return string(raw) == "true", nil
}

func importMempool(c *Call) (any, error) {
	s, err := c.Node.chain()
	if err != nil {
		return nil, err
	}
	if s.InitialDownload() {
		return nil, Errorf(CodeInitialDownload, "Can only import the mempool after the block download and sync is done.")
	}
	var choices [3]bool
	for i := range importOptions {
		if choices[i], err = c.option(1, &importOptions[i]); err != nil {
			return nil, err
		}
	}
	// A relative path counts from the directory that the node was started in.
	order := &msg.ImportPool{Path: c.String(0, ""), KeepTimes: !choices[0], ApplyDeltas: choices[1], ApplyUnbroadcast: choices[2]}
	done, err := ask[*msg.Done](c.Context, c.Node, c.Node.Cast.Mempool(), order)
	if err != nil {
		return nil, err
	}
	if done.Err != nil {
		return nil, Errorf(CodeMisc, "Unable to import mempool file, see debug.log for details.")
	}
	return Object{}, nil
}
