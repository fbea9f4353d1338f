package forge

import (
	"bytes"
	"testing"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/tx"
)

// ledger validates blocks the way a node does: every rule, every script.
type ledger struct {
	t      testing.TB
	params *consensus.Params
	chain  []*link
	coins  map[tx.OutPoint]*consensus.Coin
	inputs int
}

// link is one header of a ledger's chain.
type link struct {
	header tx.Header
	hash   tx.Hash
	ledger *ledger
	height int32
}

func (l *link) Height() int32              { return l.height }
func (l *link) Hash() tx.Hash              { return l.hash }
func (l *link) Version() int32             { return l.header.Version }
func (l *link) Time() uint32               { return l.header.Time }
func (l *link) Bits() uint32               { return l.header.Bits }
func (l *link) Parent() consensus.Ancestry { return l.Ancestor(l.height - 1) }
func (l *link) Ancestor(height int32) consensus.Ancestry {
	if height < 0 || height > l.height {
		return nil
	}
	return l.ledger.chain[height]
}

func newLedger(t testing.TB, p *consensus.Params) *ledger {
	l := &ledger{t: t, params: p, coins: map[tx.OutPoint]*consensus.Coin{}}
	l.chain = []*link{{header: p.Genesis.Header, hash: p.GenesisHash, ledger: l}}
	return l
}

func (l *ledger) Coin(op tx.OutPoint) (*consensus.Coin, error) { return l.coins[op], nil }

// fork is a copy that goes its own way.
func (l *ledger) fork() *ledger {
	f := &ledger{t: l.t, params: l.params, coins: map[tx.OutPoint]*consensus.Coin{}}
	for op, c := range l.coins {
		f.coins[op] = c
	}
	for _, k := range l.chain {
		f.chain = append(f.chain, &link{header: k.header, hash: k.hash, ledger: f, height: k.height})
	}
	return f
}

// add validates a block and connects it.
func (l *ledger) add(b *tx.Block) {
	l.t.Helper()
	b, err := tx.ParseBlock(bytes.Clone(b.Bytes()))
	if err != nil {
		l.t.Fatal(err)
	}
	prev := l.chain[len(l.chain)-1]
	check := func(step string, err error) {
		l.t.Helper()
		if err != nil {
			l.t.Fatalf("block %d, %s: %v", prev.height+1, step, err)
		}
	}
	if b.Header.Prev != prev.hash {
		l.t.Fatalf("block %d does not follow %s", prev.height+1, prev.hash)
	}
	check("header", consensus.CheckHeaderContext(&b.Header, prev, int64(b.Header.Time), l.params))
	check("block", consensus.CheckBlock(b, l.params))
	check("context", consensus.CheckBlockContext(b, prev, l.params))
	connected, err := consensus.ConnectBlock(b, prev, l, l.params)
	check("connect", err)
	for i := 1; i < len(b.Txs); i++ {
		context := script.NewTxContext(b.Txs[i], connected.Txs[i].Spent)
		for j := range b.Txs[i].Inputs {
			check("script", context.Verify(j, connected.Flags, nil))
			check("standard script", context.Verify(j, script.StandardFlags, nil))
			l.inputs++
		}
	}
	var spent []tx.OutPoint
	for op := range connected.Spends() {
		spent = append(spent, op)
	}
	for op, coin := range connected.Creates() {
		c := *coin
		l.coins[op] = &c
	}
	for _, op := range spent {
		delete(l.coins, op)
	}
	if got, most := b.Txs[0].Outputs[0].Value, consensus.Subsidy(prev.height+1, l.params)+connected.Fees; got > most {
		l.t.Fatalf("block %d: claims %d of %d", prev.height+1, got, most)
	}
	l.chain = append(l.chain, &link{header: b.Header, hash: b.Hash(), ledger: l, height: prev.height + 1})
}
