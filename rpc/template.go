package rpc

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/chainstate"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/mining"
	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/tx"
)

var templateMethods = []Method{{
	Name: "getblocktemplate", Category: "mining",
	Params: []Param{{Name: "template_request", Kind: Obj, Shape: `{"mode":"str","capabilities":["str",...],"rules":["segwit","str",...],"longpollid":"str","data":"hex"}`,
		Doc: "Format of the template"}},
	Summary: "If the request parameters include a 'mode' key, that is used to explicitly select between the default 'template' request or a 'proposal'.\nIt returns data needed to construct a block to work on.\nFor full specification, see BIPs 22, 23, 9, and 145.",
	Result: `null if a proposal was accepted, a string according to BIP22 if it was not, otherwise
{ "capabilities": [ ... ], "version", "rules": [ ... ], "vbavailable": { "name": bit, ... }, "vbrequired", "previousblockhash",
  "transactions": [ { "data", "txid", "hash", "depends": [ ... ], "fee", "sigops", "weight" }, ... ], "coinbaseaux": {}, "coinbasevalue",
  "longpollid", "target", "mintime", "mutable": [ ... ], "noncerange", "sigoplimit", "sizelimit", "weightlimit", "curtime", "bits", "height",
  "signet_challenge", "default_witness_commitment" }    (json object)`,
	Handler: getBlockTemplate,
}}

const (
	templateAge = 5           // seconds that a template lives when only the pool changes
	firstLook   = time.Minute // a long poll's first look at the pool
	laterLooks  = 10 * time.Second
)

// templates keeps the last template: miners ask often.
type templates struct {
	mu   sync.Mutex
	held *blockTemplate
	size *blockSize // of what was assembled last, template or block
}

// blockSize is what getmininginfo tells of the block assembled last: its weight with
// what is set aside for header and coinbase, and how many transactions it has besides
// that.
type blockSize struct{ weight, txs int }

func (n *Node) sizeOf(txs []*tx.Tx) blockSize {
	s := blockSize{weight: int(n.Limits.ReservedWeight), txs: len(txs)}
	for _, t := range txs {
		s.weight += t.Weight()
	}
	return s
}

func (ts *templates) assembled(s blockSize) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.size = &s
}

func (ts *templates) lastSize() *blockSize {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	return ts.size
}

// blockTemplate is a template with what getblocktemplate tells about it.
type blockTemplate struct {
	t        *mining.Template
	prev     *chainstate.Node
	picks    []mining.Candidate // in block order, without coinbase
	sequence uint64             // of the pool
	made     time.Time
	size     blockSize
}

func (ts *templates) last() *blockTemplate {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	return ts.held
}

// templateRequest is argument 0 of getblocktemplate.
type templateRequest struct {
	longPoll json.RawMessage // nil: answer at once
	rules    map[string]bool
}

func getBlockTemplate(c *Call) (any, error) {
	f, err := fieldsOf(c.args[0])
	if err != nil {
		return nil, err
	}
	mode := "template"
	switch kindOf(f["mode"]) {
	case null:
	case String:
		mode, _ = text(f["mode"])
	default:
		return nil, Errorf(CodeInvalidParam, "Invalid mode")
	}
	if mode == "proposal" {
		return c.propose(f)
	}
	if mode != "template" {
		return nil, Errorf(CodeInvalidParam, "Invalid mode")
	}
	r := templateRequest{rules: map[string]bool{}}
	for _, raw := range elements(f["rules"]) {
		rule, err := text(raw)
		if err != nil {
			return nil, err
		}
		r.rules[rule] = true
	}
	r.longPoll = f["longpollid"]
	return c.template(&r)
}

// propose checks a block that somebody intends to solve.
func (c *Call) propose(f fields) (any, error) {
	if kindOf(f["data"]) != String {
		return nil, Errorf(CodeType, "Missing data String key for proposal")
	}
	digits, _ := text(f["data"])
	b, ok := decodeHexBlock(digits)
	if !ok {
		return nil, Errorf(CodeDeserialization, "Block decode failed")
	}
	s, err := c.settledCoins()
	if err != nil {
		return nil, err
	}
	defer s.Release()
	if node := s.Header(b.Hash()); node != nil {
		switch {
		case node.Failed():
			return "duplicate-invalid", nil
		case node.ScriptsValid():
			return "duplicate", nil
		}
		return "duplicate-inconclusive", nil
	}
	return rejectReason(c.Node.checkUnsolved(s, b))
}

func (c *Call) template(r *templateRequest) (any, error) {
	n, p := c.Node, c.Node.Board.Params
	s, err := n.chain()
	if err != nil {
		return nil, err
	}
	if !n.Config.Chain.Test() {
		if len(n.Board.Peers().Peers) == 0 {
			return nil, Errorf(CodeNotConnected, "Troupe is not connected!")
		}
		if s.InitialDownload() {
			return nil, Errorf(CodeInitialDownload, "Troupe is in initial sync and waiting for blocks...")
		}
	}
	if r.longPoll != nil {
		if err := c.longPoll(r); err != nil {
			return nil, err
		}
	}
	if p.Signet && !r.rules["signet"] {
		return nil, Errorf(CodeInvalidParam, `getblocktemplate must be called with the signet rule set (call with {"rules": ["segwit", "signet"]})`)
	}
	if !r.rules["segwit"] {
		return nil, Errorf(CodeInvalidParam, `getblocktemplate must be called with the segwit rule set (call with {"rules": ["segwit"]})`)
	}
	t, err := n.currentTemplate(c.Context)
	if err != nil {
		return nil, err
	}
	return n.describeTemplate(t, r)
}

// longPoll waits until the tip is another than the caller's, or the pool has
// changed: looked at after a minute first, then every ten seconds, as Core does.
func (c *Call) longPoll(r *templateRequest) error {
	n := c.Node
	s, err := n.chain()
	if err != nil {
		return err
	}
	watched, sequence := s.Tip().Hash(), uint64(0)
	if t := n.templates.last(); t != nil {
		sequence = t.sequence
	}
	// What is no string is about the tip and the template that there are.
	if kindOf(r.longPoll) == String {
		id, err := text(r.longPoll)
		if err != nil {
			return err
		}
		if watched, err = parseHashArg(id[:min(64, len(id))], "longpollid"); err != nil {
			return err
		}
		// What is no number counts as zero, as with C's atoi.
		sequence, _ = strconv.ParseUint(id[64:], 10, 64)
	}
	for look := firstLook; ; look = laterLooks {
		tip, err := n.waitTip(c.Context, look, func(tip *chainstate.Node) bool { return tip.Hash() != watched })
		if err != nil {
			return err
		}
		if c.Context.Err() != nil {
			return Errorf(CodeNotConnected, "Shutting down")
		}
		pool, err := n.pool()
		if err != nil || tip.Hash() != watched || pool.Sequence() != sequence {
			return err
		}
	}
}

// currentTemplate is the last template, or a new one when the tip has moved or the
// pool has changed for a while.
func (n *Node) currentTemplate(ctx context.Context) (*blockTemplate, error) {
	n.templates.mu.Lock()
	defer n.templates.mu.Unlock()
	s, err := n.chain()
	if err != nil {
		return nil, err
	}
	pool, err := n.pool()
	if err != nil {
		return nil, err
	}
	if t := n.templates.held; t != nil && t.prev == s.Tip() && (t.sequence == pool.Sequence() || n.now().Unix()-t.made.Unix() <= templateAge) {
		return t, nil
	}
	n.templates.held = nil
	t, err := n.newTemplate(ctx)
	n.templates.held = t
	if t != nil {
		n.templates.size = &t.size
	}
	return t, err
}

// newTemplate asks the pool what a block may hold, and never builds on another
// tip than the pool's.
func (n *Node) newTemplate(ctx context.Context) (*blockTemplate, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		picked, err := ask[*msg.TxsPicked](ctx, n, n.Cast.Mempool(), &msg.PickTxs{})
		if err != nil {
			return nil, err
		}
		s, err := n.chain()
		if err != nil {
			return nil, err
		}
		if picked.Tip == s.Tip().Hash() {
			return n.assemble(s.Tip(), picked.Picks.Build(), picked.Sequence), nil
		}
		// One of them is behind the other, for a moment.
		if err := n.System.Env().Sleep(ctx, time.Millisecond); err != nil {
			return nil, Errorf(CodeNotConnected, "Shutting down")
		}
	}
}

func (n *Node) assemble(prev *chainstate.Node, all []mining.Candidate, sequence uint64) *blockTemplate {
	t := &blockTemplate{prev: prev, sequence: sequence, made: n.now()}
	var txs []*tx.Tx
	fees := int64(0)
	for _, i := range mining.Select(all, n.Limits) {
		t.picks = append(t.picks, all[i])
		txs = append(txs, all[i].Tx)
		fees += all[i].Pays
	}
	version := int32(0)
	if r := &n.Config.Rules; r.HasBlockVersion {
		version = r.TestBlockVersion
	}
	t.t = mining.Assemble(mining.Job{
		Params: n.Board.Params, Prev: prev, Now: n.now().Unix(), Version: version,
		PayTo: []byte{script.OP_1}, Txs: txs, Fees: fees,
	})
	t.size = n.sizeOf(txs)
	return t
}

// templateTime is the time that a block on the template may have now.
func (n *Node) templateTime(t *blockTemplate) int64 {
	return max(n.now().Unix(), int64(t.t.Block.Header.Time), consensus.MinimumBlockTime(t.prev, n.Board.Params))
}

type templateTx struct {
	Data    hexBytes `json:"data"`
	TxID    tx.Hash  `json:"txid"`
	Hash    tx.Hash  `json:"hash"`
	Depends []int    `json:"depends"`
	Fee     int64    `json:"fee"`
	SigOps  int64    `json:"sigops"`
	Weight  int      `json:"weight"`
}

type templateFields struct {
	Capabilities      []string     `json:"capabilities"`
	Version           int32        `json:"version"`
	Rules             []string     `json:"rules"`
	VBAvailable       Object       `json:"vbavailable"`
	VBRequired        int          `json:"vbrequired"`
	PreviousBlockHash tx.Hash      `json:"previousblockhash"`
	Transactions      []templateTx `json:"transactions"`
	CoinbaseAux       Object       `json:"coinbaseaux"`
	CoinbaseValue     int64        `json:"coinbasevalue"`
	LongPollID        string       `json:"longpollid"`
	Target            tx.Hash      `json:"target"`
	MinTime           int64        `json:"mintime"`
	Mutable           []string     `json:"mutable"`
	NonceRange        string       `json:"noncerange"`
	SigOpLimit        int          `json:"sigoplimit"`
	SizeLimit         int          `json:"sizelimit"`
	WeightLimit       int          `json:"weightlimit,omitempty"`
	CurTime           int64        `json:"curtime"`
	Bits              string       `json:"bits"`
	Height            int32        `json:"height"`
	SignetChallenge   *hexBytes    `json:"signet_challenge,omitempty"`
	WitnessCommitment *hexBytes    `json:"default_witness_commitment,omitempty"`
}

func (n *Node) describeTemplate(t *blockTemplate, r *templateRequest) (any, error) {
	p, b := n.Board.Params, t.t.Block
	now := n.templateTime(t)
	bits := consensus.NextWorkRequired(t.prev, uint32(now), p)
	target, _, _ := consensus.TargetFromBits(bits)
	be := target.Bytes()
	f := templateFields{
		Capabilities: []string{"proposal"}, Version: b.Header.Version, Rules: []string{"csv"}, VBAvailable: Object{},
		PreviousBlockHash: t.prev.Hash(), Transactions: t.transactions(), CoinbaseAux: Object{}, CoinbaseValue: b.Txs[0].Outputs[0].Value,
		LongPollID: t.prev.Hash().String() + strconv.FormatUint(t.sequence, 10), Target: hashFromBig(be),
		MinTime: consensus.MinimumBlockTime(t.prev, p), Mutable: []string{"time", "transactions", "prevblock"},
		NonceRange: "00000000ffffffff", SigOpLimit: consensus.MaxBlockSigOpsCost, SizeLimit: consensus.MaxBlockWeight,
		WeightLimit: consensus.MaxBlockWeight, CurTime: now, Bits: fmt.Sprintf("%08x", bits), Height: t.prev.Height() + 1,
	}
	if p.ActiveAt(consensus.Segwit, f.Height) {
		f.Rules = append(f.Rules, "!segwit")
	} else {
		f.beforeSegwit()
	}
	if i := consensus.WitnessCommitmentIndex(b.Txs[0]); i >= 0 {
		f.WitnessCommitment = (*hexBytes)(&b.Txs[0].Outputs[i].PkScript)
	}
	if p.Signet {
		f.Rules = append(f.Rules, "!signet")
		f.SignetChallenge = (*hexBytes)(&p.SignetChallenge)
	}
	for id := range consensus.DeploymentCount {
		d := &p.Deployments[id]
		switch consensus.DeploymentState(id, t.prev, p, nil) {
		case consensus.Started, consensus.LockedIn:
			f.VBAvailable = append(f.VBAvailable, Field{d.Name, d.Bit})
		case consensus.Active:
			f.Rules = append(f.Rules, d.Name)
		}
	}
	return f, nil
}

// beforeSegwit counts in the units that held before it (BIP141).
func (f *templateFields) beforeSegwit() {
	f.SigOpLimit /= tx.WitnessScale
	f.SizeLimit /= tx.WitnessScale
	f.WeightLimit = 0
	for i := range f.Transactions {
		f.Transactions[i].SigOps /= tx.WitnessScale
	}
}

func (t *blockTemplate) transactions() []templateTx {
	list := make([]templateTx, len(t.picks))
	places := make(map[tx.Hash]int, len(t.picks))
	for i, pick := range t.picks {
		places[pick.Tx.ID()] = i + 1
		depends := []int{}
		for j := range pick.Tx.Inputs {
			if place, ok := places[pick.Tx.Inputs[j].PrevOut.Hash]; ok {
				depends = append(depends, place)
			}
		}
		list[i] = templateTx{pick.Tx.Bytes(), pick.Tx.ID(), pick.Tx.WitnessID(), depends, pick.Pays, pick.SigOpCost, pick.Tx.Weight()}
	}
	return list
}

// hashFromBig turns a number, most significant byte first, into the order of
// hashes, which prints it as a number again.
func hashFromBig(be [32]byte) (h tx.Hash) {
	for i := range be {
		h[len(h)-1-i] = be[i]
	}
	return h
}
