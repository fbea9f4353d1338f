package rpc

import (
	"bytes"
	"cmp"
	"encoding/json"
	"math"
	"slices"

	"github.com/troupe-node/troupe/mempool"
	"github.com/troupe-node/troupe/tx"
)

var txidParam = Param{Name: "txid", Kind: String, Doc: "The transaction id (must be in mempool)"}

var verboseParam = Param{Name: "verbose", Kind: Bool, Optional: true, Default: "false", Doc: "True for a json object, false for array of transaction ids"}

// relativesResult is what comes back about ancestors and descendants.
const relativesResult = `verbose=false: [ "txid", ... ]    (json array)
verbose=true: { "txid": { as getmempoolentry shows it }, ... }    (json object)`

var mempoolMethods = []Method{
	{
		Name: "getmempoolinfo", Category: "blockchain",
		Summary: "Returns details on the active state of the TX memory pool.",
		Result: `{ "loaded", "size", "bytes", "usage", "total_fee", "maxmempool", "mempoolminfee", "minrelaytxfee", "incrementalrelayfee",
  "unbroadcastcount", "fullrbf" }    (json object)`,
		Handler: getMempoolInfo,
	},
	{
		Name: "getrawmempool", Category: "blockchain",
		Params: []Param{verboseParam, {Name: "mempool_sequence", Kind: Bool, Optional: true, Default: "false",
			Doc: "If verbose=false, returns a json object with transaction list and mempool sequence number attached."}},
		Summary: "Returns all transaction ids in memory pool as a json array of string transaction ids.\n\nHint: use getmempoolentry to fetch a specific transaction from the mempool.",
		Result: `verbose=false: [ "txid", ... ]    (json array)
verbose=true: { "txid": { as getmempoolentry shows it }, ... }    (json object)
mempool_sequence=true: { "txids": [ ... ], "mempool_sequence" }    (json object)`,
		Handler: getRawMempool,
	},
	{
		Name: "getmempoolentry", Category: "blockchain", Params: []Param{txidParam},
		Summary: "Returns mempool data for given transaction",
		Result: `{ "vsize", "weight", "time", "height", "descendantcount", "descendantsize", "ancestorcount", "ancestorsize", "wtxid",
  "fees": { "base", "modified", "ancestor", "descendant" }, "depends": [ ... ], "spentby": [ ... ], "bip125-replaceable", "unbroadcast" }    (json object)`,
		Handler: func(c *Call) (any, error) {
			v, e, err := c.entry()
			if err != nil {
				return nil, err
			}
			return describeEntry(v, e), nil
		},
	},
	{
		Name: "getmempoolancestors", Category: "blockchain", Params: []Param{txidParam, verboseParam},
		Summary: "If txid is in the mempool, returns all in-mempool ancestors.",
		Result:  relativesResult,
		Handler: func(c *Call) (any, error) {
			return c.relatives((*mempool.View).Ancestors)
		},
	},
	{
		Name: "getmempooldescendants", Category: "blockchain", Params: []Param{txidParam, verboseParam},
		Summary: "If txid is in the mempool, returns all in-mempool descendants.",
		Result:  relativesResult,
		Handler: func(c *Call) (any, error) {
			return c.relatives((*mempool.View).Descendants)
		},
	},
	{
		Name: "gettxspendingprevout", Category: "blockchain",
		Params:  []Param{{Name: "outputs", Kind: Array, Shape: `[{"txid":"hex","vout":n},...]`, Doc: "The transaction outputs that we want to check, and within each, the txid (string) vout (numeric)."}},
		Summary: "Scans the mempool to find transactions spending any of the given outputs",
		Result:  `[ { "txid", "vout", "spendingtxid" }, ... ]    (json array)`,
		Handler: getTxSpendingPrevOut,
	},
}

type mempoolInfo struct {
	Loaded              bool   `json:"loaded"`
	Size                int    `json:"size"`
	Bytes               int64  `json:"bytes"`
	Usage               int64  `json:"usage"`
	TotalFee            Amount `json:"total_fee"`
	MaxMempool          int64  `json:"maxmempool"`
	MempoolMinFee       Amount `json:"mempoolminfee"`
	MinRelayTxFee       Amount `json:"minrelaytxfee"`
	IncrementalRelayFee Amount `json:"incrementalrelayfee"`
	UnbroadcastCount    int    `json:"unbroadcastcount"`
	FullRBF             bool   `json:"fullrbf"`
}

func getMempoolInfo(c *Call) (any, error) {
	v, err := c.Node.pool()
	if err != nil {
		return nil, err
	}
	p := v.Policy()
	return mempoolInfo{
		Loaded: v.Loaded(), Size: v.Count(), Bytes: v.VSize(), Usage: v.Usage(), TotalFee: Amount(v.Fees()), MaxMempool: v.MaxBytes(),
		MempoolMinFee: Amount(max(v.MinFeePerKVB(), p.MinRelayFee)), MinRelayTxFee: Amount(p.MinRelayFee),
		IncrementalRelayFee: Amount(p.IncrementalFee), UnbroadcastCount: v.Unbroadcast(), FullRBF: p.FullRBF,
	}, nil
}

// inOrder lists entries as Core does: those with fewer unconfirmed ancestors
// first, then those with the better feerate.
func inOrder(entries []*mempool.Entry) []*mempool.Entry {
	type sortable struct {
		e         *mempool.Entry
		ancestors int
	}
	list := make([]sortable, len(entries))
	for i, e := range entries {
		list[i] = sortable{e, e.AncestorCount()}
	}
	slices.SortFunc(list, func(a, b sortable) int {
		rate := cmp.Compare(float64(b.e.Fee)*float64(a.e.VSize), float64(a.e.Fee)*float64(b.e.VSize))
		return cmp.Or(cmp.Compare(a.ancestors, b.ancestors), rate, compareIDs(b.e, a.e))
	})
	for i := range list {
		entries[i] = list[i].e
	}
	return entries
}

func compareIDs(a, b *mempool.Entry) int {
	return compareHashes(a.Tx.ID(), b.Tx.ID())
}

func ids(entries []*mempool.Entry) []tx.Hash {
	list := make([]tx.Hash, len(entries))
	for i, e := range entries {
		list[i] = e.Tx.ID()
	}
	return list
}

// inPrintedOrder sorts as a set of printed hashes is sorted in Core.
func inPrintedOrder(list []tx.Hash) []tx.Hash {
	slices.SortFunc(list, func(a, b tx.Hash) int { return cmp.Compare(a.String(), b.String()) })
	return list
}

// inStoredOrder sorts as a set of Core's uint256 is sorted: by the bytes, of which
// the last is printed first.
func inStoredOrder(list []tx.Hash) []tx.Hash {
	slices.SortFunc(list, compareHashes)
	return list
}

func compareHashes(a, b tx.Hash) int { return bytes.Compare(a[:], b[:]) }

func getRawMempool(c *Call) (any, error) {
	v, err := c.Node.pool()
	if err != nil {
		return nil, err
	}
	verbose, sequence := c.Bool(0, false), c.Bool(1, false)
	if verbose && sequence {
		return nil, Errorf(CodeInvalidParam, "Verbose results cannot contain mempool sequence values.")
	}
	number := v.Sequence() // before the list: what comes later has a higher one
	entries := inOrder(v.Entries())
	switch {
	case verbose:
		return describeEntries(v, entries), nil
	case sequence:
		return Object{{"txids", ids(entries)}, {"mempool_sequence", number}}, nil
	}
	return ids(entries), nil
}

type entryFees struct {
	Base       Amount `json:"base"`
	Modified   Amount `json:"modified"`
	Ancestor   Amount `json:"ancestor"`
	Descendant Amount `json:"descendant"`
}

type entryFields struct {
	VSize           int64     `json:"vsize"`
	Weight          int       `json:"weight"`
	Time            int64     `json:"time"`
	Height          int32     `json:"height"`
	DescendantCount int       `json:"descendantcount"`
	DescendantSize  int64     `json:"descendantsize"`
	AncestorCount   int       `json:"ancestorcount"`
	AncestorSize    int64     `json:"ancestorsize"`
	WTxID           tx.Hash   `json:"wtxid"`
	Fees            entryFees `json:"fees"`
	Depends         []tx.Hash `json:"depends"`
	SpentBy         []tx.Hash `json:"spentby"`
	Replaceable     bool      `json:"bip125-replaceable"`
	Unbroadcast     bool      `json:"unbroadcast"`
}

func describeEntry(v *mempool.View, e *mempool.Entry) entryFields {
	l := e.Links()
	return entryFields{
		VSize: e.VSize, Weight: e.Tx.Weight(), Time: e.Time, Height: e.Height,
		DescendantCount: l.Descendants.Count, DescendantSize: l.Descendants.VSize,
		AncestorCount: l.Ancestors.Count, AncestorSize: l.Ancestors.VSize, WTxID: e.Tx.WitnessID(),
		Fees:    entryFees{Amount(e.Fee), Amount(e.Fee + l.Delta), Amount(l.Ancestors.Fees), Amount(l.Descendants.Fees)},
		Depends: inPrintedOrder(ids(l.Parents)), SpentBy: inStoredOrder(ids(l.Children)), Replaceable: replaceable(v, e), Unbroadcast: e.Unbroadcast(),
	}
}

// replaceable tells whether a transaction or one that it depends on signals that
// it may be replaced (BIP125; Core's IsRBFOptIn).
func replaceable(v *mempool.View, e *mempool.Entry) bool {
	return mempool.SignalsReplacement(e.Tx) ||
		slices.ContainsFunc(v.Ancestors(e), func(a *mempool.Entry) bool { return mempool.SignalsReplacement(a.Tx) })
}

func describeEntries(v *mempool.View, entries []*mempool.Entry) Object {
	list := Object{}
	for _, e := range entries {
		list = append(list, Field{e.Tx.ID().String(), describeEntry(v, e)})
	}
	return list
}

// entry finds the pool's transaction that argument 0 names.
func (c *Call) entry() (*mempool.View, *mempool.Entry, error) {
	id, err := c.Hash(0, "parameter 1")
	if err != nil {
		return nil, nil, err
	}
	v, err := c.Node.pool()
	if err != nil {
		return nil, nil, err
	}
	e := v.ByID(id)
	if e == nil {
		return nil, nil, Errorf(CodeInvalidAddress, "Transaction not in mempool")
	}
	return v, e, nil
}

func (c *Call) relatives(of func(*mempool.View, *mempool.Entry) []*mempool.Entry) (any, error) {
	v, e, err := c.entry()
	if err != nil {
		return nil, err
	}
	list := of(v, e)
	slices.SortFunc(list, compareIDs)
	if c.Bool(1, false) {
		return describeEntries(v, list), nil
	}
	return ids(list), nil
}

func getTxSpendingPrevOut(c *Call) (any, error) {
	outputs := c.Elements(0)
	if len(outputs) == 0 {
		return nil, Errorf(CodeInvalidParam, "Invalid parameter, outputs are missing")
	}
	v, err := c.Node.pool()
	if err != nil {
		return nil, err
	}
	list := []Object{}
	for _, raw := range outputs {
		op, err := parseOutPoint(raw)
		if err != nil {
			return nil, err
		}
		o := Object{{"txid", op.Hash}, {"vout", op.Index}}
		if e := v.Spender(op); e != nil {
			o = append(o, Field{"spendingtxid", e.Tx.ID()})
		}
		list = append(list, o)
	}
	return list, nil
}

func parseOutPoint(raw json.RawMessage) (op tx.OutPoint, err error) {
	f, err := fieldsOf(raw)
	if err != nil {
		return op, err
	}
	if err := f.want("txid", String); err != nil {
		return op, err
	}
	if err := f.want("vout", Number); err != nil {
		return op, err
	}
	if err := onlyMembers(raw, "txid", "vout"); err != nil {
		return op, err
	}
	id, err := text(f["txid"])
	if err != nil {
		return op, err
	}
	if op.Hash, err = parseHashArg(id, "txid"); err != nil {
		return op, err
	}
	vout, err := wholeNumber(f["vout"])
	switch {
	case err != nil:
		return op, err
	case vout < 0:
		return op, Errorf(CodeInvalidParam, "Invalid parameter, vout cannot be negative")
	case vout > math.MaxInt32:
		return op, Errorf(CodeMisc, "JSON integer out of range")
	}
	op.Index = uint32(vout)
	return op, nil
}
