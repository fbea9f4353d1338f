package actors

import (
	"context"
	"testing"
	"time"

	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/lab/peer"
	"github.com/troupe-node/troupe/tx"
	"github.com/troupe-node/troupe/wire"
)

// strangerTime is after how long a stranger gives up.
const strangerTime = time.Minute

// stranger connects to a node as a full node would.
func stranger(t *testing.T, n *Node, nonce uint64) *peer.Peer {
	t.Helper()
	p, err := peer.Dial(context.Background(), n.Listeners[0].Addr().String(), peer.Hello{
		Magic: wire.Magic(n.Params.Magic), Services: wire.NodeNetwork | wire.NodeWitness, UserAgent: "/stranger/", Nonce: nonce,
	})
	if err != nil {
		t.Fatal(err)
	}
	limit := time.AfterFunc(strangerTime, func() { p.Close() })
	t.Cleanup(func() { limit.Stop(); p.Close() })
	return p
}

// next reads until a message of the wanted type; stop says which must not come before.
func next[T wire.Message](t *testing.T, p *peer.Peer, stop func(wire.Message) bool) (m T) {
	t.Helper()
	for {
		got, err := p.Next()
		if err != nil {
			t.Fatalf("waiting for %T: %v", m, err)
		}
		if stop != nil && stop(got) {
			t.Fatalf("got %T while waiting for %T", got, m)
		}
		if m, ok := got.(T); ok {
			return m
		}
	}
}

// mutate is a body with the block's header that its header does not stand for:
// another reserved value in the coinbase's witness, which no id covers.
func mutate(t *testing.T, b *tx.Block) *tx.Block {
	t.Helper()
	coinbase := b.Txs[0]
	ins := []tx.Input{coinbase.Inputs[0]}
	if len(ins[0].Witness) != 1 {
		t.Fatalf("%d witness items in the coinbase", len(ins[0].Witness))
	}
	ins[0].Witness = [][]byte{make([]byte, 32)}
	ins[0].Witness[0][7] = 1
	txs := append([]*tx.Tx{tx.New(coinbase.Version, ins, coinbase.Outputs, coinbase.LockTime)}, b.Txs[1:]...)
	return tx.NewBlock(b.Header, txs)
}

// twoBlocks gives a node a first block, and returns one on top of it that the
// node has not heard of.
func twoBlocks(t *testing.T, n *Node) *tx.Block {
	t.Helper()
	blocks := mint(t, testNode(t), 2)
	ask[*msg.BlockVerdict](t, n, n.Cast.Chain(), &msg.AddBlock{Block: blocks[0], Requested: true})
	if tip(n) != blocks[0].Hash() {
		t.Fatal("the first block was refused")
	}
	return blocks[1]
}

func isBlockRequest(m wire.Message) bool {
	get, ok := m.(*wire.GetData)
	return ok && get.List[0].Type.IsBlock()
}

func TestAMutatedBlockCostsOnlyItsSender(t *testing.T) {
	n := testNode(t)
	block := twoBlocks(t, n)
	honest := stranger(t, n, 1)
	if err := honest.Send(&wire.Headers{Headers: []tx.Header{block.Header}}); err != nil {
		t.Fatal(err)
	}
	for !isBlockRequest(next[*wire.GetData](t, honest, nil)) {
	}
	attacker := stranger(t, n, 2)
	if err := attacker.Send(&wire.Block{Block: mutate(t, block)}); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	for err := error(nil); err == nil; {
		_, err = attacker.Next()
	}
	if time.Since(start) > strangerTime/2 {
		t.Fatal("the sender of a mutated block stays connected")
	}
	if node := n.Board.Index.Get(block.Hash()); node == nil || node.Failed() || node.HasBody() {
		t.Fatalf("the block is marked for what its header does not stand for: %+v", node)
	}
	// The honest peer has been asked, and is not asked again.
	if err := honest.Send(&wire.Ping{Nonce: 5}); err != nil {
		t.Fatal(err)
	}
	next[*wire.Pong](t, honest, isBlockRequest)
	if err := honest.Send(&wire.Block{Block: block}); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the good block", func() bool { return tip(n) == block.Hash() })
}

func TestAfterAMutatedAnswerAnotherPeerIsAsked(t *testing.T) {
	n := testNode(t)
	block := twoBlocks(t, n)
	n.Env.SetMock(time.Now()) // no lease runs out: who asks again does so for the answer's sake
	liar, honest := stranger(t, n, 1), stranger(t, n, 2)
	announce := &wire.Headers{Headers: []tx.Header{block.Header}}
	if err := liar.Send(announce); err != nil {
		t.Fatal(err)
	}
	for !isBlockRequest(next[*wire.GetData](t, liar, nil)) {
	}
	if err := honest.Send(announce); err != nil {
		t.Fatal(err)
	}
	if err := liar.Send(&wire.Block{Block: mutate(t, block)}); err != nil {
		t.Fatal(err)
	}
	for !isBlockRequest(next[*wire.GetData](t, honest, nil)) {
	}
	if err := honest.Send(&wire.Block{Block: block}); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the good block", func() bool { return tip(n) == block.Hash() })
}
