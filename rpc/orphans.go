package rpc

import (
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/mempool"
)

// The method is of Core 29; rigs look at orphans with it.
var orphanMethods = []Method{{
	Name: "getorphantxs", Category: "hidden", Hidden: true,
	Params: []Param{{Name: "verbosity", Kind: Level, Optional: true, Default: "0",
		Doc: "0 for an array of txids (may contain duplicates), 1 for an array of objects with tx details, and 2 for details from (1) and tx hex"}},
	Summary: "Shows transactions in the tx orphanage.\n\nEXPERIMENTAL warning: this call may be changed in future releases.",
	Result: `verbosity 0: [ "txid", ... ]    (json array)
verbosity 1: [ { "txid", "wtxid", "bytes", "vsize", "weight", "entry", "expiration", "from": [ ... ] }, ... ]    (json array)
verbosity 2: with the "hex" of each`,
	Handler: getOrphanTxs,
}}

type orphanTx struct {
	TxID       string   `json:"txid"`
	WTxID      string   `json:"wtxid"`
	Bytes      int      `json:"bytes"`
	VSize      int      `json:"vsize"`
	Weight     int      `json:"weight"`
	Entry      int64    `json:"entry"`
	Expiration int64    `json:"expiration"`
	From       []int64  `json:"from"`
	Hex        hexBytes `json:"hex,omitempty"`
}

func getOrphanTxs(c *Call) (any, error) {
	verbosity, err := c.Verbosity(0, 0)
	if err != nil {
		return nil, err
	}
	v, err := c.Node.pool()
	if err != nil {
		return nil, err
	}
	orphans := v.Orphans().List()
	switch verbosity {
	case 0:
		ids := make([]string, len(orphans))
		for i, o := range orphans {
			ids[i] = o.Tx.ID().String()
		}
		return ids, nil
	case 1, 2:
		list := make([]orphanTx, len(orphans))
		for i, o := range orphans {
			list[i] = describeOrphan(o, verbosity > 1)
		}
		return list, nil
	}
	return nil, Errorf(CodeInvalidParam, "Invalid verbosity value %d", verbosity)
}

func describeOrphan(o mempool.Orphan, withHex bool) orphanTx {
	f := orphanTx{
		TxID: o.Tx.ID().String(), WTxID: o.Tx.WitnessID().String(), Bytes: o.Tx.Size(), VSize: o.Tx.VSize(), Weight: o.Tx.Weight(),
		Entry: o.Came, Expiration: o.Until(), From: []int64{msg.ShownID(msg.PeerID(o.Peer))},
	}
	if withHex {
		f.Hex = o.Tx.Bytes()
	}
	return f
}
