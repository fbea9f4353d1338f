package chainstate

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// maker makes regtest blocks by name: enough of a miner for these tests. Coins
// pay to OP_TRUE unless said otherwise.
type maker struct {
	tb     testing.TB
	params *consensus.Params
	blocks map[string]*tx.Block
	height map[string]int32
	names  map[tx.Hash]string
	bits   uint32
}

var (
	opTrue  = []byte{0x51}
	opFalse = []byte{0x00}
)

func regtest(tb testing.TB, options ...consensus.Option) *consensus.Params {
	tb.Helper()
	p, err := consensus.ParamsFor("regtest", options...)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

func newMaker(tb testing.TB, p *consensus.Params) *maker {
	m := &maker{tb: tb, params: p, blocks: map[string]*tx.Block{}, height: map[string]int32{}, names: map[tx.Hash]string{}}
	m.bits = p.Genesis.Header.Bits
	m.know("genesis", p.Genesis, 0)
	return m
}

func (m *maker) know(name string, b *tx.Block, height int32) {
	m.blocks[name], m.height[name], m.names[b.Hash()] = b, height, name
}

func (m *maker) name(h tx.Hash) string {
	if n, ok := m.names[h]; ok {
		return n
	}
	return h.String()[:8]
}

func (m *maker) get(name string) *tx.Block {
	m.tb.Helper()
	b := m.blocks[name]
	if b == nil {
		m.tb.Fatalf("no block %q was made", name)
	}
	return b
}

// coinbase of a block, distinct by name; pays too much when extra is positive.
func (m *maker) coinbase(name string, height int32, extra int64, script []byte) *tx.Tx {
	sig := append(pushHeight(height), byte(len(name)))
	sig = append(sig, name...)
	if len(sig) > 100 {
		m.tb.Fatalf("block name %q is too long", name)
	}
	return tx.New(2,
		[]tx.Input{{PrevOut: tx.OutPoint{Index: tx.NullIndex}, ScriptSig: sig, Sequence: 0xffffffff}},
		[]tx.Output{{Value: consensus.Subsidy(height, m.params) + extra, PkScript: script}}, 0)
}

func pushHeight(h int32) []byte {
	if h <= 16 {
		return []byte{0x50 + byte(h)}
	}
	b := binary.LittleEndian.AppendUint32(nil, uint32(h))
	for len(b) > 1 && b[len(b)-1] == 0 && b[len(b)-2] < 0x80 {
		b = b[:len(b)-1]
	}
	return append([]byte{byte(len(b))}, b...)
}

type blockOption struct {
	coinbase *tx.Tx // nil: one of its own
	extra    int64
	script   []byte
	txs      []*tx.Tx
	time     uint32
	badRoot  bool
	mutate   bool
	version  int32
	unsolved bool
}

// block makes a block on top of another.
func (m *maker) block(name, parent string, o blockOption) *tx.Block {
	m.tb.Helper()
	prev := m.get(parent)
	height := m.height[parent] + 1
	if o.script == nil {
		o.script = opTrue
	}
	if o.version == 0 {
		o.version = 4
	}
	if o.coinbase == nil {
		o.coinbase = m.coinbase(name, height, o.extra, o.script)
	}
	txs := append([]*tx.Tx{o.coinbase}, o.txs...)
	ids := make([]tx.Hash, len(txs))
	for i := range txs {
		ids[i] = txs[i].ID()
	}
	root, _ := tx.MerkleRoot(ids)
	if o.badRoot {
		root[0] ^= 1
	}
	h := tx.Header{Version: o.version, Prev: prev.Hash(), MerkleRoot: root, Time: prev.Header.Time + 600, Bits: m.bits}
	if o.time != 0 {
		h.Time = o.time
	}
	m.solve(&h, !o.unsolved)
	if o.mutate { // CVE-2012-2459: repeat the last transaction
		txs = append(txs, txs[len(txs)-1])
	}
	b := tx.NewBlock(h, txs)
	m.know(name, b, height)
	return b
}

func (m *maker) solve(h *tx.Header, good bool) {
	target, _, _ := consensus.TargetFromBits(h.Bits)
	for ; ; h.Nonce++ {
		hash := h.Hash()
		if !target.Less(consensus.Uint256FromHash(&hash)) == good {
			return
		}
	}
}

// chain makes blocks name1..nameN on top of parent.
func (m *maker) chain(name, parent string, n int) []*tx.Block {
	m.tb.Helper()
	blocks := make([]*tx.Block, n)
	for i := range n {
		next := fmt.Sprintf("%s%d", name, i+1)
		blocks[i] = m.block(next, parent, blockOption{})
		parent = next
	}
	return blocks
}

// spend moves outputs to scripts, dividing the value equally.
func spend(from []tx.OutPoint, value int64, scripts ...[]byte) *tx.Tx {
	ins := make([]tx.Input, len(from))
	for i := range from {
		ins[i] = tx.Input{PrevOut: from[i], Sequence: 0xffffffff}
	}
	outs := make([]tx.Output, len(scripts))
	for i := range scripts {
		outs[i] = tx.Output{Value: value / int64(len(scripts)), PkScript: scripts[i]}
	}
	return tx.New(2, ins, outs, 0)
}

// reward is the outpoint of a block's coinbase.
func (m *maker) reward(name string) tx.OutPoint {
	return tx.OutPoint{Hash: m.get(name).Txs[0].ID()}
}
