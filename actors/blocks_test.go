package actors

import (
	"slices"
	"testing"
	"time"

	"github.com/troupe-node/troupe/chainstate"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/internal/testpeer"
	"github.com/troupe-node/troupe/tx"
	"github.com/troupe-node/troupe/wire"
)

func TestAnInvalidBlockCostsTheConnectionAndMovesNothing(t *testing.T) {
	s := play(t)
	s.grow(3)
	tip := s.tip()
	p := s.peer(testpeer.Options{})
	bad := s.tooRich(s.chain.Mint(nil, nil))
	p.Send(block(bad))
	p.WaitClosed()
	s.said("bad-cb-amount")
	s.said("Misbehaving: peer=0: bad-cb-amount")
	expect(t, "tip", s.tip(), tip)

	again := s.peer(testpeer.Options{}) // a caller may follow the same bad chain
	again.Send(block(bad))
	again.Sync()
	expect(t, "tip", s.tip(), tip)

	on := s.forge.Block(bad.Hash(), s.chain.Height()+1, s.chain.Time()+600, nil, forgeOptions)
	again.Send(block(on)) // but not build on it
	again.WaitClosed()
	s.said("bad-prevblk")
}

func TestAPeerWithNoBanKeepsItsConnection(t *testing.T) {
	s := play(t, noBan)
	s.grow(3)
	tip := s.tip()
	p := s.peer(testpeer.Options{})
	good := s.chain.Mint(nil, nil)
	p.Send(block(s.tooRich(good)))
	p.Sync()
	s.said("Warning: not punishing noban")
	expect(t, "tip", s.tip(), tip)
	p.Send(&wire.Headers{Headers: []tx.Header{{Time: 1}, {Time: 2}}})
	p.Sync()
	p.Send(headersOf([]*tx.Block{good})) // and is listened to as before
	if got := asked(p.Sync()); !slices.Equal(got, []tx.Hash{good.Hash()}) {
		t.Errorf("asked for %v", got)
	}
	p.Send(block(good))
	p.Sync()
	expect(t, "tip", s.tip(), good.Hash())
}

func TestABlockThatTurnsOutBadLaterIsBlamedOnWhoSentIt(t *testing.T) {
	s := play(t)
	s.grow(3)
	branch := s.chain.Fork(1)
	s.grow(1)
	tip := s.tip()
	bad := s.tooRich(branch.Mint(nil, nil))
	liar, honest := s.peer(testpeer.Options{}), s.peer(testpeer.Options{})
	liar.Send(block(bad)) // as much work as the tip: stored, and not looked at
	liar.Sync()
	next := s.forge.Block(bad.Hash(), branch.Height()+1, branch.Time()+600, nil, forgeOptions)
	honest.Send(block(next))
	liar.WaitClosed()
	honest.WaitClosed() // it builds on an invalid one, as Core has it
	s.said("Misbehaving: peer=0: bad-cb-amount")
	expect(t, "tip", s.tip(), tip)
}

func TestABlockWithoutKnownParentCostsTheConnection(t *testing.T) {
	s := play(t)
	s.grow(1)
	p := s.peer(testpeer.Options{})
	s.chain.Mint(nil, nil)
	p.Send(block(s.chain.Mint(nil, nil)))
	p.WaitClosed()
	s.said("prev-blk-not-found")
}

// TestUnrequestedBlocksAreTakenAsCoreTakesThem follows p2p_unrequested_blocks.py.
func TestUnrequestedBlocksAreTakenAsCoreTakesThem(t *testing.T) {
	s := play(t, noBan)
	s.grow(1)
	p := s.peer(testpeer.Options{})
	has := func(b *tx.Block) bool { n := s.Board.Index.Get(b.Hash()); return n != nil && n.HasBody() }

	fork := s.chain.Fork(1)
	s.grow(1)
	tip := s.tip()
	same := fork.Mint(nil, nil)
	p.Send(block(same))
	p.Sync()
	if !has(same) || s.tip() != tip {
		t.Error("a block with as much work as the tip must be stored and not connected")
	}
	more := fork.Mint(nil, nil)
	p.Send(block(more))
	p.Sync()
	expect(t, "tip after a block with more work", s.tip(), more.Hash())

	less := s.flawed(same, func(h *tx.Header, txs []*tx.Tx) []*tx.Tx { h.Time++; return txs })
	p.Send(block(less))
	p.Sync()
	if n := s.Board.Index.Get(less.Hash()); n == nil || n.HasBody() {
		t.Error("a block with less work than the tip must not be stored, its header must")
	}

	var far []*tx.Block
	for b := range fork.Empty(290) {
		far = append(far, b)
	}
	s.Env.SetMock(time.Unix(int64(fork.Time()), 0))
	p.Send(headersOf(far))
	p.Sync()                // asks for the lowest ones, and we do not answer
	p.Send(block(far[288])) // 289 above the tip
	p.Sync()
	if has(far[288]) {
		t.Error("a block too far ahead was stored")
	}
	p.Send(block(far[287]))
	p.Sync()
	if !has(far[287]) {
		t.Error("a block 288 ahead was not stored")
	}
	for _, b := range far[1:288] {
		p.Send(block(b))
	}
	p.Sync()
	expect(t, "tip before the missing block", s.tip(), more.Hash())
	p.Send(block(far[0]))
	p.Sync()
	expect(t, "height after the missing block", s.Board.Tip().Tip().Height(), 291)
}

func TestBelowTheMinimumWorkNothingIsKept(t *testing.T) {
	s := play(t, "-minimumchainwork=0x20")
	p := s.peer(testpeer.Options{})
	var blocks []*tx.Block
	for b := range s.chain.Empty(20) {
		blocks = append(blocks, b)
	}
	p.Send(block(blocks[0]))
	p.Sync()
	if s.Board.Index.Get(blocks[0].Hash()) != nil {
		t.Error("the header of an unrequested block with little work was kept")
	}
	s.said("not adding new block header " + blocks[0].Hash().String() + ", missing anti-dos proof-of-work validation")
	p.Send(headersOf(blocks[:10]))
	p.Sync()
	if s.Board.Index.Get(blocks[0].Hash()) != nil {
		t.Error("headers with little work were kept")
	}
	p.Send(&wire.GetHeaders{Protocol: 70016, Locator: []tx.Hash{s.Params.GenesisHash}})
	if h := testpeer.Wait[*wire.Headers](p, nil); len(h.Headers) != 0 {
		t.Error("headers were served below the minimum work")
	}
	s.said("because active chain has too little work; sending empty response")
	p.Handle = serve(p, blocks)
	p.Send(headersOf(blocks))
	for end := time.Now().Add(time.Minute); s.tip() != blocks[19].Hash() && time.Now().Before(end); {
		p.Quiet(10 * time.Millisecond)
	}
	expect(t, "tip", s.tip(), blocks[19].Hash())
}

func TestInvalidHeadersCostTheConnection(t *testing.T) {
	for _, c := range []struct {
		what, words string
		change      func(s *stage, h *tx.Header)
	}{
		{"no proof of work", "header with invalid proof of work", func(s *stage, h *tx.Header) {
			for consensus.CheckHeader(h, h.Hash(), s.Params) == nil {
				h.Nonce++
			}
		}},
		{"a time that is too old", "time-too-old", func(s *stage, h *tx.Header) { h.Time -= 100_000; s.solve(h) }},
		{"a difficulty that is not the chain's", "bad-diffbits", func(s *stage, h *tx.Header) { h.Bits = 0x207ffffe; s.solve(h) }},
	} {
		s := play(t)
		s.grow(12)
		p := s.peer(testpeer.Options{})
		h := s.chain.Mint(nil, nil).Header
		c.change(s, &h)
		p.Send(&wire.Headers{Headers: []tx.Header{h}})
		p.WaitClosed()
		s.said(c.words)
	}
}

func TestAHeaderFromTheFutureIsNobodysFault(t *testing.T) {
	s := play(t)
	s.grow(1)
	p := s.peer(testpeer.Options{})
	h := s.chain.Mint(nil, nil).Header
	h.Time = uint32(time.Now().Add(3 * time.Hour).Unix())
	s.solve(&h)
	p.Send(&wire.Headers{Headers: []tx.Header{h}})
	p.Sync()
	if s.Board.Index.Get(h.Hash()) != nil {
		t.Error("the header was kept")
	}
}

func TestHeadersThatDoNotConnectAreAskedAbout(t *testing.T) {
	s := play(t)
	s.grow(1)
	p := s.peer(testpeer.Options{})
	p.Send(headersOf(nil))
	p.Sync()
	first, second := s.chain.Mint(nil, nil), s.chain.Mint(nil, nil)
	p.Send(headersOf([]*tx.Block{second}))
	got := p.Sync()
	g, ok := testpeer.Find[*wire.GetHeaders](got)
	if !ok || g.Locator[0] != s.tip() {
		t.Fatalf("%s, want getheaders from our tip", testpeer.Names(got))
	}
	p.Send(headersOf([]*tx.Block{first, second}))
	if got := asked(p.Sync()); len(got) != 2 {
		t.Errorf("asked for %d blocks, want both", len(got))
	}
}

func TestABranchWithMoreWorkIsFetchedAndReorganisedTo(t *testing.T) {
	s := play(t)
	s.grow(5)
	fork := s.chain.Fork(3)
	s.grow(3)
	var branch []*tx.Block
	for b := range fork.Empty(20) {
		branch = append(branch, b)
	}
	p := s.peer(testpeer.Options{})
	p.Handle = serve(p, branch)
	p.Send(headersOf(branch))
	for s.tip() != branch[19].Hash() {
		p.Sync()
	}
	if v := s.give(branch[0]); v.Outcome != chainstate.Duplicate {
		t.Errorf("%v", v.Outcome)
	}
	waitFor(t, "no leases", func() bool { l := s.only().Stats.InFlight.Load(); return l != nil && len(*l) == 0 })
}

func TestAStallingPeerLosesItsBlocksToAnother(t *testing.T) {
	s := play(t)
	s.grow(1)
	blocks := slices.Collect(s.chain.Empty(6))
	silent := s.peer(testpeer.Options{})
	silent.Send(headersOf(blocks))
	if got := asked(silent.Sync()); len(got) == 0 {
		t.Fatal("nothing was asked for")
	}
	serving := s.peer(testpeer.Options{})
	serving.Handle = serve(serving, blocks)
	serving.Send(headersOf(blocks))
	for end := time.Now().Add(time.Minute); s.tip() != blocks[5].Hash(); serving.Quiet(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("stuck at height %d", s.Board.Tip().Tip().Height())
		}
	}
}

// serve answers getdata for these blocks.
func serve(p *testpeer.Peer, blocks []*tx.Block) func(wire.Message) {
	byHash := map[tx.Hash]*tx.Block{}
	for _, b := range blocks {
		byHash[b.Hash()] = b
	}
	return func(m wire.Message) {
		if g, ok := m.(*wire.GetData); ok {
			for _, v := range g.List {
				if b := byHash[v.Hash]; b != nil {
					p.Send(block(b))
				}
			}
		}
	}
}

func TestBlocksThatAPeerDoesNotHaveAreAskedOfAnother(t *testing.T) {
	s := play(t)
	s.grow(1)
	blocks := slices.Collect(s.chain.Empty(2))
	poor, rich := s.peer(testpeer.Options{}), s.peer(testpeer.Options{})
	poor.Send(headersOf(blocks))
	got := asked(poor.Sync())
	var list []wire.InvVect
	for _, h := range got {
		list = append(list, wire.InvVect{Type: wire.InvWitnessBlock, Hash: h})
	}
	rich.Send(headersOf(blocks))
	rich.Sync()
	poor.Send(&wire.NotFound{List: list})
	rich.Handle = serve(rich, blocks)
	for s.tip() != blocks[1].Hash() {
		rich.Quiet(10 * time.Millisecond)
	}
}
