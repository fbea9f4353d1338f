package rpc

import (
	"cmp"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/troupe-node/troupe/address/descriptor"
	"github.com/troupe-node/troupe/chainstate"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// scan is the one walk of scantxoutset that may be under way.
type scan struct {
	running  sync.Mutex // held by the walk
	progress atomic.Int32
	abort    atomic.Bool
}

// errAborted ends a walk on the operator's order.
var errAborted = errors.New("scan aborted")

func scanTxOutSet(c *Call) (any, error) {
	scan := &c.Node.scan
	idle := scan.running.TryLock()
	if idle {
		defer scan.running.Unlock()
	}
	switch action := c.String(0, ""); action {
	case "status":
		if idle {
			return nil, nil
		}
		return Object{{"progress", scan.progress.Load()}}, nil
	case "abort":
		if !idle {
			scan.abort.Store(true)
		}
		return !idle, nil
	case "start":
		if !idle {
			return nil, Errorf(CodeInvalidParam, `Scan already in progress, use action "abort" or "status"`)
		}
		if !c.Has(1) {
			return nil, Errorf(CodeMisc, "scanobjects argument is required for the start action")
		}
		return c.startScan()
	default:
		return nil, Errorf(CodeInvalidParam, "Invalid action '%s'", action)
	}
}

type unspent struct {
	TxID          tx.Hash  `json:"txid"`
	Vout          uint32   `json:"vout"`
	ScriptPubKey  hexBytes `json:"scriptPubKey"`
	Desc          string   `json:"desc"`
	Amount        Amount   `json:"amount"`
	Coinbase      bool     `json:"coinbase"`
	Height        int32    `json:"height"`
	BlockHash     tx.Hash  `json:"blockhash"`
	Confirmations int32    `json:"confirmations"`
}

type scanResult struct {
	Success     bool      `json:"success"`
	TxOuts      int64     `json:"txouts"`
	Height      int32     `json:"height"`
	BestBlock   tx.Hash   `json:"bestblock"`
	Unspents    []unspent `json:"unspents"`
	TotalAmount Amount    `json:"total_amount"`
}

// startScan walks over all coins and lists those that the descriptors stand for.
func (c *Call) startScan() (any, error) {
	needles := make(map[string]needle) // by output script
	for _, object := range c.Elements(1) {
		if err := c.addNeedles(needles, object); err != nil {
			return nil, err
		}
	}
	s, err := c.storedCoins()
	if err != nil {
		return nil, err
	}
	defer s.Release()
	tip := s.Header(s.Stored().Tip())
	if tip == nil {
		return nil, Errorf(CodeInternal, "Unable to read UTXO set")
	}
	scan := &c.Node.scan
	scan.abort.Store(false)
	scan.progress.Store(0)
	r := scanResult{Success: true, Height: tip.Height(), BestBlock: tip.Hash(), Unspents: []unspent{}}
	err = s.Stored().EachCoin(func(op tx.OutPoint, coin *consensus.Coin) error {
		if r.TxOuts++; r.TxOuts%256 == 0 {
			high := int32(op.Hash[0])<<8 | int32(op.Hash[1])
			scan.progress.Store((high*100 + 32768) / 65536)
		}
		if r.TxOuts%8192 == 0 {
			if scan.abort.Load() {
				return errAborted
			}
			if err := c.interrupted(); err != nil {
				return err
			}
		}
		if n, ok := needles[string(coin.Output.PkScript)]; ok {
			desc, err := n.describe(c.Node.Board.Params.Name)
			if err != nil {
				return err
			}
			r.add(op, coin, tip, desc)
		}
		return nil
	})
	if errors.Is(err, errAborted) {
		r.Success, err = false, nil
	}
	slices.SortFunc(r.Unspents, func(a, b unspent) int {
		return cmp.Or(slices.Compare(a.TxID[:], b.TxID[:]), cmp.Compare(a.Vout, b.Vout))
	})
	return r, longRead(err)
}

func (r *scanResult) add(op tx.OutPoint, coin *consensus.Coin, tip *chainstate.Node, desc string) {
	u := unspent{
		TxID: op.Hash, Vout: op.Index, ScriptPubKey: slices.Clone(coin.Output.PkScript), Desc: desc,
		Amount: Amount(coin.Output.Value), Coinbase: coin.Coinbase, Height: coin.Height, Confirmations: tip.Height() - coin.Height + 1,
	}
	if made := tip.At(coin.Height); made != nil {
		u.BlockHash = made.Hash()
	}
	r.TotalAmount += u.Amount
	r.Unspents = append(r.Unspents, u)
}

// needle is a script that is looked for: one form of a descriptor at an index.
type needle struct {
	of    *descriptor.Descriptor
	index uint32
	form  int
}

// describe is only worth its time for what was found.
func (n needle) describe(chain string) (string, error) {
	outputs, err := n.of.Outputs(n.index, chain)
	if err != nil {
		return "", err
	}
	return outputs[n.form].Desc, nil
}

// addNeedles expands one scan object: a descriptor, or an object with a
// descriptor and a range.
func (c *Call) addNeedles(needles map[string]needle, object json.RawMessage) error {
	var desc string
	first, last := int64(0), int64(1000)
	switch kindOf(object) {
	case String:
		desc, _ = text(object)
	case Obj:
		f, err := fieldsOf(object)
		if err != nil {
			return err
		}
		if f["desc"] == nil {
			return Errorf(CodeInvalidParam, "Descriptor needs to be provided in scan object")
		}
		if desc, err = text(f["desc"]); err != nil {
			return err
		}
		if f["range"] != nil {
			if first, last, err = parseRange(f["range"]); err != nil {
				return err
			}
		}
	default:
		return Errorf(CodeInvalidParam, "Scan object needs to be either a string or an object")
	}
	d, err := c.Node.parseDescriptor(desc, false)
	if err != nil {
		return err
	}
	if !d.IsRange() {
		first, last = 0, 0
	}
	for i := first; i <= last; i++ {
		scripts, err := d.Expand(uint32(i))
		if err != nil {
			return Errorf(CodeInvalidAddress, "Cannot derive script without private keys: '%s'", desc)
		}
		for form, s := range scripts {
			needles[string(s)] = needle{d, uint32(i), form}
		}
	}
	return nil
}

// parseRange reads the end of a range, or its both ends (Core's
// ParseDescriptorRange).
func parseRange(raw json.RawMessage) (first, last int64, err error) {
	switch list := elements(raw); {
	case kindOf(raw) == Number:
		if last, err = wholeNumber(raw); err != nil {
			return 0, 0, err
		}
	case len(list) == 2 && kindOf(list[0]) == Number && kindOf(list[1]) == Number:
		if first, err = wholeNumber(list[0]); err != nil {
			return 0, 0, err
		}
		if last, err = wholeNumber(list[1]); err != nil {
			return 0, 0, err
		}
		if first > last {
			return 0, 0, Errorf(CodeInvalidParam, "Range specified as [begin,end] must not have begin after end")
		}
	default:
		return 0, 0, Errorf(CodeInvalidParam, "Range must be specified as end or as [begin,end]")
	}
	switch {
	case first < 0:
		return 0, 0, Errorf(CodeInvalidParam, "Range should be greater or equal than 0")
	case last>>31 != 0:
		return 0, 0, Errorf(CodeInvalidParam, "End of range is too high")
	case last >= first+1_000_000:
		return 0, 0, Errorf(CodeInvalidParam, "Range is too large")
	}
	return first, last, nil
}

// parseDescriptor refuses in Core's words.
func (n *Node) parseDescriptor(s string, requireChecksum bool) (*descriptor.Descriptor, error) {
	d, err := descriptor.Parse(s, n.Board.Params.Name, requireChecksum)
	if err != nil {
		return nil, Errorf(CodeInvalidAddress, "%s", err)
	}
	return d, nil
}
