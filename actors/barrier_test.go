package actors

import (
	"slices"
	"testing"
	"time"

	"github.com/troupe-node/troupe/internal/testpeer"
	"github.com/troupe-node/troupe/tx"
	"github.com/troupe-node/troupe/wire"
)

// noBan lets peers of this machine send anything.
const noBan = "-whitelist=noban@127.0.0.1"

func TestAPongSaysThatTheBlockBeforeIsConnected(t *testing.T) {
	s := play(t)
	s.grow(1)
	p := s.peer(testpeer.Options{})
	for range 50 {
		b := s.chain.Mint(nil, nil)
		p.Send(block(b))
		p.Sync()
		if s.tip() != b.Hash() {
			t.Fatalf("the pong came at height %d before block %d was connected", s.Board.Tip().Tip().Height(), s.chain.Height())
		}
	}
}

func TestAPongSaysThatTheBlockBeforeIsRefusedOrWaits(t *testing.T) {
	s := play(t, noBan)
	s.grow(1)
	p := s.peer(testpeer.Options{})
	tip := s.tip()
	good := s.chain.Mint(nil, nil)
	bad := s.tooRich(good)
	p.Send(block(bad))
	p.Sync()
	if n := s.Board.Index.Get(bad.Hash()); n == nil || !n.Failed() || s.tip() != tip {
		t.Error("the pong came before the block was refused")
	}
	next := s.chain.Mint(nil, nil)
	p.Send(headersOf([]*tx.Block{good, next}), block(next))
	p.Sync()
	if n := s.Board.Index.Get(next.Hash()); n == nil || !n.HasBody() || s.tip() != tip {
		t.Error("the pong came before the block was stored")
	}
	p.Send(block(good))
	p.Sync()
	expect(t, "tip", s.tip(), next.Hash())
}

func TestAPongSaysThatTheTransactionBeforeIsInThePoolOrNot(t *testing.T) {
	s := play(t)
	s.coins(40)
	p := s.peer(testpeer.Options{})
	for i := range uint64(20) {
		pay := s.payment(i)
		p.Send(transaction(pay))
		p.Sync()
		if !s.inPool(pay) {
			t.Fatal("the pong came before the transaction was in the pool")
		}
	}
	coin, _ := s.chain.Coin()
	family := s.forge.Descendants(coin, 2, 100)
	p.Send(transaction(family[1]))
	before := p.Sync()
	if s.inPool(family[1]) {
		t.Error("an orphan is in the pool")
	}
	_ = before // the parent is asked for when a peer that called us may be
	p.Send(transaction(family[0]))
	p.Sync()
	if !s.inPool(family[0]) || !s.inPool(family[1]) {
		t.Error("the orphan did not follow its parent before the pong")
	}
}

func TestHeadersAreFollowedByGetdataBeforeThePong(t *testing.T) {
	s := play(t)
	s.grow(1)
	p := s.peer(testpeer.Options{})
	p.Sync()
	b := s.chain.Mint(nil, nil)
	p.Send(headersOf([]*tx.Block{b}))
	if got := asked(p.Sync()); !slices.Equal(got, []tx.Hash{b.Hash()}) {
		t.Fatalf("asked for %v before the pong, want the new block", got)
	}
	p.Send(block(b))
	p.Sync()
	expect(t, "tip", s.tip(), b.Hash())
}

func TestABlockInvIsFollowedByGetheadersBeforeThePong(t *testing.T) {
	s := play(t)
	s.grow(1)
	p := s.peer(testpeer.Options{})
	p.Send(headersOf(nil)) // answers the node's first question
	p.Sync()
	b := s.chain.Mint(nil, nil)
	p.Send(&wire.Inv{List: []wire.InvVect{{Type: wire.InvBlock, Hash: b.Hash()}}})
	if got := p.Sync(); !has[*wire.GetHeaders](got) {
		t.Fatalf("%s before the pong, want getheaders", testpeer.Names(got))
	}
}

func has[M wire.Message](list []wire.Message) bool {
	_, ok := testpeer.Find[M](list)
	return ok
}

func TestAnInvOfATrustedPeerIsFollowedByGetdataBeforeThePong(t *testing.T) {
	s := play(t, noBan)
	s.coins(2)
	p := s.peer(testpeer.Options{})
	pay := s.payment(1)
	p.Send(&wire.Inv{List: []wire.InvVect{{Type: wire.InvWTx, Hash: pay.WitnessID()}}})
	if got := asked(p.Sync()); !slices.Equal(got, []tx.Hash{pay.WitnessID()}) {
		t.Fatalf("asked for %v before the pong", got)
	}
	p.Send(&wire.Inv{List: []wire.InvVect{{Type: wire.InvTx, Hash: pay.ID()}}})
	if got := asked(p.Sync()); len(got) > 0 {
		t.Errorf("asked a wtxid peer by txid: %v", got)
	}
}

func TestAnInvOfACallerWaitsTwoSecondsForBetterPeers(t *testing.T) {
	s := play(t)
	s.coins(2)
	s.clock(0)
	p := s.peer(testpeer.Options{})
	pay := s.payment(1)
	p.Send(&wire.Inv{List: []wire.InvVect{{Type: wire.InvWTx, Hash: pay.WitnessID()}}})
	s.clock(time.Second)
	if got := asked(p.Quiet(300 * time.Millisecond)); len(got) > 0 {
		t.Fatalf("asked for %v at once", got)
	}
	s.clock(3 * time.Second)
	g := testpeer.Wait[*wire.GetData](p, nil)
	expect(t, "asked", g.List[0].Hash, pay.WitnessID())
	p.Send(transaction(pay))
	p.Sync()
	if !s.inPool(pay) {
		t.Error("not in the pool")
	}
}

func TestManyBlocksAndTransactionsKeepTheirOrder(t *testing.T) {
	s := play(t)
	s.coins(60)
	p := s.peer(testpeer.Options{})
	var all []*tx.Tx
	for i := range uint64(8) {
		// Payments on top of each block, the next block with them, and a payment
		// that depends on one: each needs what came before.
		coin, _ := s.chain.Coin()
		family := s.forge.Descendants(coin, 3, 10*i)
		p.Send(transaction(family[0]), transaction(family[1]))
		b := s.chain.Mint(nil, []*tx.Tx{family[0]})
		p.Send(block(b), transaction(family[2]), &wire.GetData{List: []wire.InvVect{{Type: wire.InvWitnessBlock, Hash: b.Hash()}}})
		all = append(all, family[1], family[2])
	}
	got := p.Sync()
	expect(t, "tip", s.tip(), s.chain.Tip())
	for _, x := range all {
		if !s.inPool(x) {
			t.Errorf("%s is not in the pool", x.ID())
		}
	}
	served := 0
	for _, m := range got {
		if _, ok := m.(*wire.Block); ok {
			served++
		}
	}
	expect(t, "blocks served, each asked for right behind itself", served, 8)
}
