package consensus_test

import (
	"bytes"
	"compress/bzip2"
	"errors"
	"io"
	"testing"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

func unpack(t testing.TB, packed []byte) []byte {
	t.Helper()
	raw, err := io.ReadAll(bzip2.NewReader(bytes.NewReader(packed)))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func parseBlock(t testing.TB, raw []byte) *tx.Block {
	t.Helper()
	b, err := tx.ParseBlock(raw)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func params(t testing.TB, chain string, options ...consensus.Option) *consensus.Params {
	t.Helper()
	p, err := consensus.ParamsFor(chain, options...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// node is the plainest header tree there is: every node knows its whole chain.
type node struct {
	header tx.Header
	hash   tx.Hash
	chain  []*node // from genesis to this one
}

func (n *node) Height() int32  { return int32(len(n.chain)) - 1 }
func (n *node) Hash() tx.Hash  { return n.hash }
func (n *node) Version() int32 { return n.header.Version }
func (n *node) Time() uint32   { return n.header.Time }
func (n *node) Bits() uint32   { return n.header.Bits }

func (n *node) Parent() consensus.Ancestry { return n.Ancestor(n.Height() - 1) }

func (n *node) Ancestor(height int32) consensus.Ancestry {
	if height < 0 || height > n.Height() {
		return nil
	}
	return n.chain[height]
}

// work is the work of the chain up to the node.
func (n *node) work() (w consensus.Work) {
	for _, a := range n.chain {
		w = w.Add(consensus.BlockWork(a.header.Bits))
	}
	return w
}

// chainBuilder grows one chain.
type chainBuilder struct{ nodes []*node }

func (c *chainBuilder) add(h tx.Header) *node {
	if n := len(c.nodes); n > 0 {
		h.Prev = c.nodes[n-1].hash
	}
	n := &node{header: h, hash: h.Hash()}
	c.nodes = append(c.nodes, n)
	n.chain = c.nodes[:len(c.nodes):len(c.nodes)]
	return n
}

func (c *chainBuilder) tip() *node { return c.nodes[len(c.nodes)-1] }

// chainOf makes count headers on a genesis header, spacing seconds apart.
func chainOf(p *consensus.Params, count int, spacing uint32, version int32) *chainBuilder {
	c := &chainBuilder{}
	h := p.Genesis.Header
	c.add(h)
	for range count {
		h.Time += spacing
		h.Version = version
		c.add(h)
	}
	return c
}

// coins is the plainest set of coins.
type coins map[tx.OutPoint]*consensus.Coin

func (c coins) Coin(op tx.OutPoint) (*consensus.Coin, error) { return c[op], nil }

func (c coins) apply(done *consensus.Connected) {
	for op := range done.Spends() {
		delete(c, op)
	}
	for op, coin := range done.Creates() {
		kept := *coin
		c[op] = &kept
	}
}

var errDisk = errors.New("disk on fire")

// brokenCoins fails at every look.
type brokenCoins struct{}

func (brokenCoins) Coin(tx.OutPoint) (*consensus.Coin, error) { return nil, errDisk }

// wantRule fails unless err breaks exactly this rule with this result.
func wantRule(t testing.TB, err error, kind consensus.Kind, result consensus.Result) {
	t.Helper()
	if kind == "" {
		if err != nil {
			t.Fatalf("refused: %v", err)
		}
		return
	}
	if !errors.Is(err, kind) {
		t.Fatalf("got %v, want %s", err, string(kind))
	}
	if got := consensus.ResultOf(err); got != result {
		t.Fatalf("%v has result %v, want %v", err, got, result)
	}
}
