package mempool

import (
	"strings"
	"testing"

	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/forge"
	"github.com/troupe-node/troupe/mempool"
	"github.com/troupe-node/troupe/tx"
)

// relatives is a payment that is in the pool, a parent that alone pays too little to
// replace it, and children of the parent with given fees.
func (s *stage) relatives(fees ...int64) (old, parent *tx.Tx, children []*tx.Tx) {
	coin, _ := s.chain.Coin()
	pay := func(from forge.Coin, fee int64) (forge.Spend, *tx.Tx) {
		plan := forge.Spend{Coins: []forge.Coin{from}, Pays: []forge.Pay{{Value: from.Value - fee, Key: s.forge.Key(1)}}}
		return plan, plan.Sign()
	}
	_, old = pay(coin, 2000)
	plan, parent := pay(coin, 1000)
	for _, fee := range fees {
		_, child := pay(plan.Made(parent)[0], fee)
		children = append(children, child)
	}
	return old, parent, children
}

// last is the answer to what was submitted last.
func (s *stage) last() answered { return s.caller.answers[len(s.caller.answers)-1] }

func TestAChildThatCameBeforeItsCheapParentBringsItIn(t *testing.T) {
	for giver := range map[msg.PeerID]string{3: "of the parent", 4: "another"} {
		s := newStage(t)
		s.board.PublishPeers(&msg.PeerList{Peers: []*msg.Peer{{ID: 3}, {ID: 4}}})
		old, parent, children := s.relatives(5000)
		s.fromPeer(3, old)
		s.fromPeer(giver, children[0])
		s.fromPeer(3, parent)
		if last := s.last(); last.m.Tx != parent || last.v.Entry == nil || last.count != 2 {
			t.Fatalf("%v", last.v.Reject)
		}
	}
}

func TestAFamilyThatFailedIsNotTriedAgainAndABetterChildIs(t *testing.T) {
	s := newStage(t)
	s.board.PublishPeers(&msg.PeerList{Peers: []*msg.Peer{{ID: 3}}})
	old, parent, children := s.relatives(300, 5000)
	s.fromPeer(3, old, children[0], parent)
	refusals := s.board.Pool().Refusals()
	if last := s.last(); last.v.Reject == nil || last.v.Reject.Result != mempool.Reconsiderable {
		t.Fatalf("%+v", last.v)
	}
	if tip := s.board.Tip().Tip().Hash(); !refusals.Cheap(parent.WitnessID(), tip) || s.board.Pool().Orphans().Len() != 1 {
		t.Fatal("the parent is not known to be cheap, or the child has not been kept")
	}
	checks := len(s.verify.views)
	s.fromPeer(3, parent)
	if len(s.verify.views) != checks {
		t.Fatal("the same family was checked again")
	}
	s.fromPeer(3, children[1], parent)
	if last := s.last(); last.v.Entry == nil || last.count != 2 || s.board.Pool().ByID(children[1].ID()) == nil {
		t.Fatalf("%+v", last.v)
	}
}

func TestAChildWithAnotherParentInThePoolLeavesItsCheapParentOut(t *testing.T) {
	s := newStage(t)
	s.board.PublishPeers(&msg.PeerList{Peers: []*msg.Peer{{ID: 3}}})
	old, parent, _ := s.relatives()
	other := s.payments(1)[0]
	child := tx.New(2, []tx.Input{
		{PrevOut: tx.OutPoint{Hash: parent.ID()}, Sequence: 0xffffffff}, {PrevOut: tx.OutPoint{Hash: other.ID()}, Sequence: 0xffffffff},
	}, []tx.Output{{Value: 1000, PkScript: parent.Outputs[0].PkScript}}, 0)
	s.fromPeer(3, old, other, child, parent)
	last := s.last() // there is a verdict, and it is the parent's
	if last.m.Tx != parent || last.v.Reject == nil || last.v.Reject.Result != mempool.Reconsiderable || last.count != 2 {
		t.Fatalf("%+v", last)
	}
	if !s.board.Pool().Orphans().Has(child.WitnessID()) {
		t.Fatal("the child waits no longer")
	}
}

func TestAnOrphanWithARefusedParentIsNotKept(t *testing.T) {
	s := newStage(t)
	s.board.PublishPeers(&msg.PeerList{Peers: []*msg.Peer{{ID: 3}}})
	coin, _ := s.chain.Coin()
	standard := s.payments(1)[0].Outputs[0].PkScript
	parent := tx.New(2, []tx.Input{{PrevOut: coin.OutPoint, Sequence: 0xffffffff}}, []tx.Output{{Value: coin.Value + 1, PkScript: standard}}, 0)
	child := tx.New(2, []tx.Input{{PrevOut: tx.OutPoint{Hash: parent.ID()}, Sequence: 0xffffffff}}, []tx.Output{{Value: 1000, PkScript: standard}}, 0)
	grandchild := tx.New(2, []tx.Input{{PrevOut: tx.OutPoint{Hash: child.ID()}, Sequence: 0xffffffff}}, []tx.Output{{Value: 900, PkScript: standard}}, 0)
	s.fromPeer(3, parent, child, grandchild)
	tip := s.board.Tip().Tip().Hash()
	if want := "not keeping orphan with rejected parents " + child.ID().String(); len(s.log.notes) != 2 || !strings.HasPrefix(s.log.notes[0], want) {
		t.Errorf("%q, want %q", s.log.notes, want)
	}
	for _, orphan := range []*tx.Tx{child, grandchild} {
		if pool := s.board.Pool(); pool.Orphans().Has(orphan.WitnessID()) || !pool.Refusals().Has(orphan.ID(), tip) {
			t.Fatalf("%s: %v", orphan.ID(), s.last().v)
		}
	}
	s.add(s.chain.Mint(nil, nil)) // on another tip it may be another matter
	s.sim.Settle()
	if s.board.Pool().Refusals().Has(child.ID(), s.board.Tip().Tip().Hash()) {
		t.Fatal("refused on a tip that nobody judged it on")
	}
}

func TestWhatComesTwiceAtOnceIsNotRefusedForBeingInThePool(t *testing.T) {
	s := newStage(t)
	s.board.PublishPeers(&msg.PeerList{Peers: []*msg.Peer{{ID: 3}, {ID: 4}}})
	pay := s.payments(1)[0]
	s.cast.TxFetch().Post(&send{[]*msg.SubmitTx{{Tx: pay, Peer: 3}, {Tx: pay, Peer: 4}}})
	s.sim.Settle()
	if r := s.last().v.Reject; r == nil || r.Kind != mempool.ErrAlreadyInPool {
		t.Fatalf("%+v", s.last().v)
	}
	if s.board.Pool().Refusals().Has(pay.WitnessID(), s.board.Tip().Tip().Hash()) {
		t.Error("what is in the pool counts as refused")
	}
}

func TestWhoGaveAnOrphanThatTurnsOutBadIsHeldToAccount(t *testing.T) {
	s := newStage(t)
	s.board.PublishPeers(&msg.PeerList{Peers: []*msg.Peer{{ID: 3}, {ID: 4}}})
	parent := s.payments(1)[0]
	greedy := tx.New(2, []tx.Input{{PrevOut: tx.OutPoint{Hash: parent.ID()}, Sequence: 0xffffffff}},
		[]tx.Output{{Value: parent.Outputs[0].Value + 1, PkScript: parent.Outputs[0].PkScript}}, 0)
	s.fromPeer(4, greedy)
	s.fromPeer(3, parent)
	if last := s.last(); last.v.Entry == nil {
		t.Fatalf("%+v", last.v)
	}
	if len(s.caller.bad) != 1 || s.caller.bad[0].Peer != 4 || s.caller.bad[0].Reject.Kind != consensus.ErrInBelowOut {
		t.Fatalf("%+v", s.caller.bad)
	}
	if !s.board.Pool().Refusals().Has(greedy.WitnessID(), s.board.Tip().Tip().Hash()) {
		t.Fatal("it would be fetched again")
	}
}

func TestTheLastBlocksTransactionsAreRemembered(t *testing.T) {
	s := newStage(t)
	pay := s.payments(1)[0]
	s.fromPeer(3, pay)
	s.add(s.mint(s.chain, pay))
	s.sim.Settle()
	confirmed := s.board.Pool().Confirmed()
	if !confirmed.Has(pay.ID()) || !confirmed.Has(pay.WitnessID()) || confirmed.InLastBlock(pay.WitnessID()) == nil {
		t.Fatal("forgotten at once")
	}
	s.add(s.mint(s.chain))
	s.sim.Settle()
	if !confirmed.Has(pay.ID()) || confirmed.InLastBlock(pay.ID()) != nil {
		t.Fatal("it is confirmed, and not by the last block")
	}
}

func TestAnOrphanOfTwoParentsWaitsForBoth(t *testing.T) {
	s := newStage(t)
	s.board.PublishPeers(&msg.PeerList{Peers: []*msg.Peer{{ID: 3}}})
	pay := func(coins ...forge.Coin) (made forge.Coin, t *tx.Tx) {
		var sum int64
		for _, c := range coins {
			sum += c.Value
		}
		plan := forge.Spend{Coins: coins, Pays: []forge.Pay{{Value: sum - 5000, Key: s.forge.Key(1)}}}
		t = plan.Sign()
		return plan.Made(t)[0], t
	}
	a, _ := s.chain.Coin()
	b, _ := s.chain.Coin()
	fromA, parentA := pay(a)
	fromB, parentB := pay(b)
	_, orphan := pay(fromA, fromB)
	s.fromPeer(3, orphan, parentA)
	pool := s.board.Pool()
	if came := pool.Orphans().List(); len(came) != 1 || pool.Count() != 1 {
		t.Fatalf("%d orphans, %d in the pool", len(came), pool.Count())
	}
	s.fromPeer(3, parentB)
	if pool = s.board.Pool(); pool.Orphans().Len() != 0 || pool.ByID(orphan.ID()) == nil {
		t.Fatal("both parents are here, and it waits")
	}
}
