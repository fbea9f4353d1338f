package actors

import (
	"testing"
	"time"

	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/forge"
	"github.com/troupe-node/troupe/internal/testpeer"
	"github.com/troupe-node/troupe/tx"
	"github.com/troupe-node/troupe/wire"
)

// orphanOf is a transaction that spends from another that nobody knows; greedy ones
// pay out more than they get.
func (s *stage) orphanOf(greedy bool) (parent, child *tx.Tx) {
	s.t.Helper()
	coin, ok := s.chain.Coin()
	if !ok {
		s.t.Fatal("no coins left")
	}
	plan := forge.Spend{Coins: []forge.Coin{coin}, Pays: []forge.Pay{{Value: coin.Value - 2000, Key: s.forge.Key(1)}}}
	parent = plan.Sign()
	made := plan.Made(parent)[0]
	pays := made.Value - 2000
	if greedy {
		pays = made.Value + 1
	}
	next := forge.Spend{Coins: []forge.Coin{made}, Pays: []forge.Pay{{Value: pays, Key: s.forge.Key(1)}}}
	return parent, next.Sign()
}

func TestWhoSentAnInvalidOrphanIsDisconnectedAndNobodyElse(t *testing.T) {
	s := play(t)
	s.coins(3)
	good, bad := s.peer(testpeer.Options{}), s.peer(testpeer.Options{})
	parent, child := s.orphanOf(true)
	bad.Send(transaction(child))
	bad.Sync()
	good.Send(transaction(parent))
	good.Sync()
	if !s.inPool(parent) {
		t.Error("the parent is not in the pool")
	}
	bad.WaitClosed()
	s.said("bad-txns-in-belowout")
	good.Sync()
}

func TestAnOrphanIsNotAskedForAgainUnlessItsPeerIsGone(t *testing.T) {
	s := play(t, noBan)
	s.coins(3)
	p, q := s.peer(testpeer.Options{}), s.peer(testpeer.Options{})
	_, child := s.orphanOf(false)
	inv := &wire.Inv{List: []wire.InvVect{{Type: wire.InvWTx, Hash: child.WitnessID()}}}
	p.Send(transaction(child))
	p.Sync()
	q.Send(inv)
	if got := asked(q.Sync()); len(got) > 0 {
		t.Errorf("asked for %v, which is an orphan", got)
	}
	p.Conn.Close()
	waitFor(t, "the end of the first connection", func() bool { return len(s.Board.Peers().Peers) == 1 })
	for len(asked(q.Sync())) == 0 { // at once, or when the orphan is forgotten
		q.Send(inv)
	}
	q.Send(transaction(child))
	q.Sync()
	if giver, ok := s.Board.Pool().Orphans().Giver(child.WitnessID()); !ok || msg.PeerID(giver) != s.only().ID {
		t.Error("it is not the second peer's orphan now")
	}
}

func TestParentsAreAskedForUnlessThePoolOrTheLastBlocksHaveThem(t *testing.T) {
	s := play(t, noBan)
	s.coins(5)
	p := s.peer(testpeer.Options{})
	old, _ := s.chain.Coin() // confirmed long ago: nobody looks whether its coin is there
	s.grow(1)
	s.settled()
	for _, what := range []msg.ChainOrder{msg.InvalidateBlock, msg.ReconsiderBlock} { // what leaves the chain may be worth fetching
		ask[*msg.Done](t, s.Node, s.Cast.Chain(), &msg.ChainCommand{What: what, Hash: s.chain.Tip()})
		s.settled()
	}
	confirmed := s.payment(1)
	s.submit(confirmed)
	s.settled()
	if v := s.give(s.chain.Mint(nil, []*tx.Tx{confirmed})); v.Err != nil {
		t.Fatal(v.Err)
	}
	s.settled()
	pooled := s.payment(2)
	s.submit(pooled)
	missing := tx.Hash{1, 2, 3}
	var ins []tx.Input
	for _, from := range []tx.Hash{confirmed.ID(), pooled.ID(), old.OutPoint.Hash, missing, missing} {
		ins = append(ins, tx.Input{PrevOut: tx.OutPoint{Hash: from, Index: uint32(len(ins))}})
	}
	p.Send(transaction(tx.New(2, ins, []tx.Output{{Value: 1000, PkScript: pooled.Outputs[0].PkScript}}, 0)))
	p.Sync()
	s.clock(time.Minute) // who announces by txid waits
	ask := testpeer.Wait[*wire.GetData](p, nil)
	expect(t, "request", ask.List, []wire.InvVect{{Type: wire.InvWitnessTx, Hash: old.OutPoint.Hash}, {Type: wire.InvWitnessTx, Hash: missing}})
}

func TestWhatCameByAnotherWayMeanwhileIsNotAskedFor(t *testing.T) {
	s := play(t)
	s.coins(3)
	s.clock(0)
	p := s.peer(testpeer.Options{})
	parent, child := s.orphanOf(false)
	p.Send(transaction(child))
	if got := asked(p.Sync()); len(got) > 0 {
		t.Fatalf("asked for %v at once: nothing is tested", got)
	}
	s.submit(parent) // by our operator, of whom txfetch hears nothing
	s.clock(time.Minute)
	s.look()
	if got := asked(p.Quiet(300 * time.Millisecond)); len(got) > 0 {
		t.Errorf("asked for %v", got)
	}
	if !s.inPool(child) {
		t.Error("the orphan waits on")
	}
}

func TestAConfirmedTransactionIsNotAskedForAndServedFromTheLastBlock(t *testing.T) {
	s := play(t, noBan)
	s.coins(5)
	p := s.peer(testpeer.Options{})
	pay := s.payment(1)
	s.submit(pay)
	if v := s.give(s.chain.Mint(nil, []*tx.Tx{pay})); v.Err != nil {
		t.Fatal(v.Err)
	}
	s.settled()
	p.Send(&wire.Inv{List: []wire.InvVect{{Type: wire.InvWTx, Hash: pay.WitnessID()}}})
	if got := asked(p.Sync()); len(got) > 0 {
		t.Errorf("asked for %v, which is confirmed", got)
	}
	p.Send(wtx(pay))
	if got := p.Sync(); !has[*wire.Tx](got) {
		t.Errorf("%s for a transaction of the last block", testpeer.Names(got))
	}
	s.grow(1)
	s.settled()
	p.Send(wtx(pay))
	if got := p.Sync(); !has[*wire.NotFound](got) {
		t.Errorf("%s for a transaction of the last block but one", testpeer.Names(got))
	}
}

func TestAPeerWithoutWitnessesIsAskedWithoutThem(t *testing.T) {
	s := play(t, noBan)
	s.coins(3)
	p := s.peer(testpeer.Options{TxID: true, Version: func(v *wire.Version) { v.Services = wire.NodeNetwork }})
	pay := s.payment(1)
	p.Send(&wire.Inv{List: []wire.InvVect{{Type: wire.InvTx, Hash: pay.ID()}}})
	ask := testpeer.Wait[*wire.GetData](p, nil)
	expect(t, "request", ask.List, []wire.InvVect{{Type: wire.InvTx, Hash: pay.ID()}})
}

func TestABlockWithoutWitnessesIsAskedOfAPeerThatKnowsNone(t *testing.T) {
	s := play(t, "-testactivationheight=segwit@500")
	p := s.peer(testpeer.Options{TxID: true, Version: func(v *wire.Version) { v.Services = wire.NodeNetwork }})
	b := s.chain.Mint(nil, nil)
	p.Send(headersOf([]*tx.Block{b}))
	ask := testpeer.Wait[*wire.GetData](p, nil)
	expect(t, "request", ask.List, []wire.InvVect{{Type: wire.InvBlock, Hash: b.Hash()}})
}

func TestWithForceRelayWhatIsInThePoolIsAnnouncedAnew(t *testing.T) {
	s := play(t, "-whitelist=forcerelay,noban@127.0.0.1")
	s.coins(5)
	p := s.peer(testpeer.Options{})
	pay := s.payment(1)
	p.Send(transaction(pay))
	p.Sync()
	later := s.peer(testpeer.Options{}) // it was not here when the pool took it
	later.Sync()
	if _, invs := announced(later.Quiet(250 * time.Millisecond)); len(invs) > 0 {
		t.Fatal("announced to who came later: nothing is tested")
	}
	p.Send(transaction(pay))
	testpeer.Wait(later, func(m *wire.Inv) bool { return m.List[0].Hash == pay.WitnessID() })
	s.said("Force relaying tx " + pay.ID().String())
	outs := append([]tx.Output(nil), pay.Outputs...)
	outs[0].Value = 0 // dust
	poor := transaction(tx.New(pay.Version, pay.Inputs, outs, 0))
	p.Send(poor)
	p.Sync()
	p.Send(poor)
	p.Sync()
	s.said("Not relaying non-mempool transaction " + poor.Tx.ID().String())
}

func TestABlockRelayConnectionIsShownToRelayNoTransactions(t *testing.T) {
	for kind, relays := range map[msg.ConnType]bool{msg.BlockRelay: false, msg.Feeler: false, msg.OutboundRelay: true, msg.Inbound: true, msg.Manual: true} {
		if p := (&msg.Peer{Type: kind}); p.RelaysTxs() != relays {
			t.Errorf("%s: %v", kind, !relays)
		}
	}
}
