package actors

import (
	"slices"
	"testing"
	"time"

	"github.com/troupe-node/troupe/internal/testpeer"
	"github.com/troupe-node/troupe/tx"
	"github.com/troupe-node/troupe/wire"
)

func blockInv(hashes ...tx.Hash) *wire.GetData {
	m := &wire.GetData{}
	for _, h := range hashes {
		m.List = append(m.List, wire.InvVect{Type: wire.InvWitnessBlock, Hash: h})
	}
	return m
}

func announced(list []wire.Message) (headers, invs []tx.Hash) {
	for _, m := range list {
		switch m := m.(type) {
		case *wire.Headers:
			for i := range m.Headers {
				headers = append(headers, m.Headers[i].Hash())
			}
		case *wire.Inv:
			for _, v := range m.List {
				invs = append(invs, v.Hash)
			}
		}
	}
	return headers, invs
}

// TestBlocksAreAnnouncedAsCoreDoes follows p2p_sendheaders.py.
func TestBlocksAreAnnouncedAsCoreDoes(t *testing.T) {
	s := play(t)
	base := s.grow(2)
	plain, modern := s.peer(testpeer.Options{}), s.peer(testpeer.Options{})
	modern.Send(&wire.SendHeaders{})
	plain.Sync()
	modern.Sync()
	grow := func(n int) []tx.Hash {
		var hashes []tx.Hash
		for _, b := range s.grow(n) {
			hashes = append(hashes, b.Hash())
		}
		return hashes
	}
	check := func(what string, p *testpeer.Peer, wantHeaders, wantInvs []tx.Hash) {
		t.Helper()
		var headers, invs []tx.Hash
		for end, last := time.Now().Add(time.Minute), false; !last; {
			last = len(headers) >= len(wantHeaders) && len(invs) >= len(wantInvs) || time.Now().After(end)
			h, i := announced(p.Quiet(100 * time.Millisecond)) // once more than needed, for what is too much
			headers, invs = append(headers, h...), append(invs, i...)
		}
		if !slices.Equal(headers, wantHeaders) || !slices.Equal(invs, wantInvs) {
			t.Errorf("%s: %d headers and %d invs, want %d and %d", what, len(headers), len(invs), len(wantHeaders), len(wantInvs))
		}
	}
	first := grow(1)
	check("a peer that did not ask for headers", plain, nil, first)
	check("a peer whose chain we do not know", modern, nil, first)
	modern.Send(&wire.GetHeaders{Protocol: 70016, Locator: []tx.Hash{base[1].Hash()}})
	check("the answer to getheaders", modern, first, nil)
	second := grow(1)
	check("a peer that has what comes before", modern, second, nil)
	modern.Send(headersOf([]*tx.Block{s.chain.Mint(nil, nil)})) // it is ahead
	modern.Sync()
	check("nothing new", plain, nil, second)
}

func TestAReorganisationIsAnnouncedFromItsFork(t *testing.T) {
	s := play(t)
	s.grow(3)
	fork := s.chain.Fork(9)
	s.grow(2)
	p := s.peer(testpeer.Options{})
	p.Send(&wire.SendHeaders{}, &wire.GetHeaders{Protocol: 70016, Locator: []tx.Hash{s.Params.GenesisHash}})
	p.Sync()
	var want []tx.Hash
	for b := range fork.Empty(4) {
		want = append(want, b.Hash())
		s.give(b)
	}
	var got []tx.Hash
	for end := time.Now().Add(time.Minute); len(got) < len(want) && time.Now().Before(end); {
		headers, _ := announced(p.Quiet(100 * time.Millisecond))
		got = append(got, headers...)
	}
	// Whatever was published in between is told on the way; all of it connects.
	if !slices.Equal(got, want) {
		t.Errorf("%d headers, want the %d of the new branch", len(got), len(want))
	}
}

func TestGetheadersIsAnsweredFromTheFork(t *testing.T) {
	s := play(t)
	blocks := s.grow(10)
	p := s.peer(testpeer.Options{})
	p.Sync()
	for _, c := range []struct {
		what        string
		locator     []tx.Hash
		stop        tx.Hash
		first, last int // of blocks; none if first > last
	}{
		{"from genesis", []tx.Hash{s.Params.GenesisHash}, tx.Hash{}, 0, 9},
		{"from the middle", []tx.Hash{blocks[4].Hash()}, tx.Hash{}, 5, 9},
		{"unknown hashes are passed over", []tx.Hash{{1}, blocks[7].Hash()}, tx.Hash{}, 8, 9},
		{"up to the stop", []tx.Hash{blocks[1].Hash()}, blocks[4].Hash(), 2, 4},
		{"nothing above the tip", []tx.Hash{blocks[9].Hash()}, tx.Hash{}, 1, 0},
		{"one by its hash", nil, blocks[3].Hash(), 3, 3},
		{"nothing known", []tx.Hash{{1}}, tx.Hash{}, 0, 9},
	} {
		p.Send(&wire.GetHeaders{Protocol: 70016, Locator: c.locator, Stop: c.stop})
		var want []tx.Hash
		for i := c.first; i <= c.last; i++ {
			want = append(want, blocks[i].Hash())
		}
		got, _ := announced(p.Sync())
		if !slices.Equal(got, want) {
			t.Errorf("%s: %d headers, want %d", c.what, len(got), len(want))
		}
	}
	p.Send(&wire.GetHeaders{Protocol: 70016, Stop: tx.Hash{1}})
	if got := p.Sync(); has[*wire.Headers](got) {
		t.Error("an unknown stop was answered")
	}
}

func TestGetblocksLeadsAPeerThatWorksBlocksFirst(t *testing.T) {
	s := play(t)
	s.chain.SetTime(uint32(time.Now().Unix()) - 700*600)
	blocks := s.grow(700)
	s.Env.SetMock(time.Unix(int64(s.chain.Time()), 0))
	p := s.peer(testpeer.Options{})
	p.Sync()
	p.Send(&wire.GetBlocks{Protocol: 70016, Locator: []tx.Hash{s.Params.GenesisHash}})
	_, first := announced(p.Sync())
	expect(t, "hashes at once", len(first), 500)
	p.Send(blockInv(first...))
	got := p.Sync()
	served := 0
	for _, m := range got {
		if _, ok := m.(*wire.Block); ok {
			served++
		}
	}
	expect(t, "blocks served", served, 500)
	_, more := announced(got)
	if !slices.Equal(more, []tx.Hash{s.tip()}) {
		t.Fatalf("behind the last block: %d hashes, want that of the tip", len(more))
	}
	p.Send(&wire.GetBlocks{Protocol: 70016, Locator: []tx.Hash{first[499]}, Stop: blocks[600].Hash()})
	_, rest := announced(p.Sync())
	expect(t, "hashes before the stop", len(rest), 100)
}

func TestBlocksAreServedInTheFormAskedFor(t *testing.T) {
	s := play(t)
	b := s.grow(1)[0]
	p := s.peer(testpeer.Options{})
	p.Sync()
	p.Send(blockInv(b.Hash()))
	if got := testpeer.Wait[*wire.Block](p, nil); !slices.Equal(got.Block.Bytes(), b.Bytes()) {
		t.Error("other bytes")
	}
	p.Send(&wire.GetData{List: []wire.InvVect{{Type: wire.InvBlock, Hash: b.Hash()}}})
	if got := testpeer.Wait[*wire.Block](p, nil); got.Block.Hash() != b.Hash() || got.Block.Size() != b.StrippedSize() {
		t.Error("not without witnesses")
	}
	p.Send(blockInv(tx.Hash{1}))
	if got := p.Sync(); has[*wire.Block](got) || has[*wire.NotFound](got) {
		t.Errorf("%s about an unknown block, want silence", testpeer.Names(got))
	}
}

// TestABlockIsServedAsSoonAsItIsTheTip: as long as a better header is known, the tip
// moves ahead of the store. A node that was silent about such blocks held up whoever
// had heard of them from it.
func TestABlockIsServedAsSoonAsItIsTheTip(t *testing.T) {
	s := play(t)
	s.grow(1)
	p := s.peer(testpeer.Options{})
	p.Sync()
	blocks := slices.Collect(s.chain.Empty(20))
	p.Send(headersOf(blocks))
	p.Sync()
	for i, b := range blocks {
		s.give(b)
		p.Send(blockInv(b.Hash()))
		if !has[*wire.Block](p.Sync()) {
			t.Fatalf("block %d of %d is the tip, and the node is silent about it", i+1, len(blocks))
		}
	}
}

// TestStaleBlocksAreNotToldOf follows p2p_fingerprint.py.
func TestStaleBlocksAreNotToldOf(t *testing.T) {
	s := play(t)
	s.Env.SetMock(time.Now())
	s.chain.SetTime(uint32(s.Env.Now().Unix()) - 60*24*3600)
	s.grow(3)
	fork := s.chain.Fork(4)
	stale := s.grow(1)[0]
	for b := range fork.Empty(2) {
		s.give(b)
	}
	p := s.peer(testpeer.Options{})
	p.Sync()
	sees := func() (header, body bool) {
		p.Send(&wire.GetHeaders{Protocol: 70016, Stop: stale.Hash()}, blockInv(stale.Hash()))
		got := p.Sync()
		return has[*wire.Headers](got), has[*wire.Block](got)
	}
	if h, b := sees(); !h || !b {
		t.Errorf("a fresh side branch: header %t, block %t", h, b)
	}
	fork.SetTime(uint32(s.Env.Now().Unix()))
	for b := range fork.Empty(1) {
		s.give(b)
	}
	if h, b := sees(); h || b {
		t.Errorf("a stale side branch: header %t, block %t", h, b)
	}
	if g := s.Board.Tip().AtHeight(1); g != nil {
		p.Send(blockInv(g.Hash()))
		if !has[*wire.Block](p.Sync()) {
			t.Error("an old block of the best chain was not served")
		}
	}
}

func TestADownloadOfManyBlocksCostsOneAtATime(t *testing.T) {
	s := play(t)
	blocks := s.grow(50)
	p := s.peer(testpeer.Options{})
	p.Sync()
	var want []tx.Hash
	for range 100 {
		for _, b := range blocks {
			want = append(want, b.Hash())
		}
	}
	p.Send(blockInv(want...))
	p.Send(&wire.Ping{Nonce: 99})
	n := 0
	for {
		m, err := p.Next(10 * time.Second)
		if err != nil {
			t.Fatal(err)
		}
		if b, ok := m.(*wire.Block); ok {
			if b.Block.Hash() != want[n] {
				t.Fatal("out of order")
			}
			n++
		}
		if pong, ok := m.(*wire.Pong); ok && pong.Nonce == 99 {
			break
		}
	}
	expect(t, "blocks before the pong", n, len(want))
}

// TestWhatIsLeftOfTheUploadTargetIsForNewBlocks follows feature_maxuploadtarget.py: a
// target below what a day's blocks may need leaves nothing for old ones.
func TestWhatIsLeftOfTheUploadTargetIsForNewBlocks(t *testing.T) {
	const week = 7 * 24 * 60 / 10 // blocks
	s := play(t, "-maxuploadtarget=1")
	s.clock(8 * 24 * time.Hour)
	blocks := s.grow(week + 2)
	old, young := blocks[0], blocks[1]
	if age := blocks[week+1].Header.Time - young.Header.Time; age != 7*24*60*60 {
		t.Fatalf("the young one is %d seconds old", age)
	}
	p := s.peer(testpeer.Options{})
	p.Send(blockInv(young.Hash()))
	sent := func(b *tx.Block) func(*wire.Block) bool {
		return func(m *wire.Block) bool { return m.Block.Hash() == b.Hash() }
	}
	testpeer.Wait(p, sent(young))
	p.Send(blockInv(old.Hash()))
	p.WaitClosed()
	s.said("historical block serving limit reached, disconnect peer=0")

	s = play(t, "-maxuploadtarget=1", "-whitelist=download@127.0.0.1")
	s.clock(8 * 24 * time.Hour)
	old = s.grow(week + 2)[0]
	friend := s.peer(testpeer.Options{})
	friend.Send(blockInv(old.Hash()))
	testpeer.Wait(friend, sent(old))
}
