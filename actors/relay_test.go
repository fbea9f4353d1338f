package actors

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/forge"
	"github.com/troupe-node/troupe/internal/testpeer"
	"github.com/troupe-node/troupe/tx"
	"github.com/troupe-node/troupe/wire"
	"github.com/troupe-node/troupe/wire/netaddr"
)

func wtx(t *tx.Tx) *wire.GetData {
	return &wire.GetData{List: []wire.InvVect{{Type: wire.InvWTx, Hash: t.WitnessID()}}}
}

func TestTransactionsTrickleToCallersAndGoAtOnceToTrustedPeers(t *testing.T) {
	s := play(t)
	s.coins(3)
	s.clock(0)
	p := s.peer(testpeer.Options{})
	p.Sync()
	s.look() // the first trickle, with nothing in it
	p.Sync()
	pay := s.payment(1)
	s.submit(pay)
	if _, invs := announced(p.Quiet(300 * time.Millisecond)); len(invs) > 0 {
		t.Error("announced while the clock stood still")
	}
	p.Send(wtx(pay))
	if got := p.Sync(); !has[*wire.NotFound](got) || has[*wire.Tx](got) {
		t.Errorf("%s for a transaction that was not announced yet, want notfound", testpeer.Names(got))
	}
	s.clock(2 * time.Minute)
	inv := testpeer.Wait[*wire.Inv](p, nil)
	if len(inv.List) != 1 || inv.List[0] != (wire.InvVect{Type: wire.InvWTx, Hash: pay.WitnessID()}) {
		t.Errorf("%v", inv.List)
	}
	p.Send(wtx(pay), &wire.GetData{List: []wire.InvVect{{Type: wire.InvTx, Hash: pay.ID()}, {Type: wire.InvWTx, Hash: tx.Hash{1}}}})
	got := p.Sync()
	expect(t, "answer", testpeer.Names(got), "3: tx tx notfound")
	if full := got[0].(*wire.Tx).Tx; full.WitnessID() != pay.WitnessID() {
		t.Error("not the transaction")
	}
	if bare := got[1].(*wire.Tx).Tx; bare.ID() != pay.ID() || bare.HasWitness() {
		t.Error("not without witness")
	}
}

func TestATrustedPeerHearsOfTransactionsAtOnce(t *testing.T) {
	s := play(t, noBan)
	s.coins(5)
	s.clock(0)
	p, old := s.peer(testpeer.Options{}), s.peer(testpeer.Options{TxID: true})
	p.Sync()
	old.Sync()
	pay := s.payment(1)
	p.Send(transaction(pay)) // from one to the other
	inv := testpeer.Wait[*wire.Inv](old, nil)
	expect(t, "by txid", inv.List, []wire.InvVect{{Type: wire.InvTx, Hash: pay.ID()}})
	if _, invs := announced(p.Quiet(250 * time.Millisecond)); len(invs) > 0 {
		t.Error("announced to who sent it")
	}
}

func TestAFeeFilterIsRespected(t *testing.T) {
	s := play(t, noBan)
	s.coins(5)
	p := s.peer(testpeer.Options{})
	p.Send(&wire.FeeFilter{FeePerKVB: 1_000_000_00})
	p.Sync()
	s.submit(s.payment(1))
	if _, invs := announced(p.Quiet(300 * time.Millisecond)); len(invs) > 0 {
		t.Error("announced below the filter")
	}
	p.Send(&wire.FeeFilter{FeePerKVB: 0})
	p.Sync()
	pay := s.payment(2)
	s.submit(pay)
	testpeer.Wait(p, func(m *wire.Inv) bool { return m.List[0].Hash == pay.WitnessID() })
	p.Send(&wire.FeeFilter{FeePerKVB: -1}) // nonsense is ignored
	p.Sync()
	expect(t, "filter", s.only().Stats.FeeFilter.Load(), 0)
}

func TestOurFeeFilterIsThatOfThePoolOnceWeHaveCaughtUp(t *testing.T) {
	s := play(t)
	p := s.peer(testpeer.Options{})
	testpeer.Wait(p, func(m *wire.FeeFilter) bool { return m.FeePerKVB == 9170997 })
	s.grow(1)
	testpeer.Wait(p, func(m *wire.FeeFilter) bool { return m.FeePerKVB == 1000 })
}

func TestWhileCatchingUpTransactionsAreIgnored(t *testing.T) {
	s := play(t)
	p := s.peer(testpeer.Options{})
	coin := tx.OutPoint{Hash: tx.Hash{7}}
	pay := tx.New(2, []tx.Input{{PrevOut: coin, Sequence: 0xffffffff}}, []tx.Output{{Value: 1, PkScript: anyoneCanSpend}}, 0)
	p.Send(&wire.Inv{List: []wire.InvVect{{Type: wire.InvWTx, Hash: pay.WitnessID()}}}, transaction(pay))
	s.Env.SetMock(time.Now().Add(time.Minute))
	if got := asked(p.Quiet(300 * time.Millisecond)); len(got) > 0 {
		t.Errorf("asked for %v", got)
	}
}

func TestWithBlocksOnlyPeersMustNotSendTransactions(t *testing.T) {
	s := play(t, "-blocksonly")
	s.coins(5)
	p := s.peer(testpeer.Options{})
	expect(t, "relay in our version", p.Theirs.Relay, false)
	if has[*wire.FeeFilter](p.Sync()) {
		t.Error("a fee filter for nothing")
	}
	pay := s.payment(1)
	p.Send(&wire.Inv{List: []wire.InvVect{{Type: wire.InvWTx, Hash: pay.WitnessID()}}})
	p.WaitClosed()
	s.said("inv sent in violation of protocol, disconnecting peer=0")
	q := s.peer(testpeer.Options{})
	q.Send(transaction(pay))
	q.WaitClosed()
	s.said("transaction sent in violation of protocol peer=1")
	r := s.peer(testpeer.Options{})
	r.Sync()
	s.submit(pay) // our operator's are announced all the same
	testpeer.Wait[*wire.Inv](r, nil)
}

func TestWithTheMempoolPermissionThePoolIsTold(t *testing.T) {
	s := play(t, "-whitelist=mempool@127.0.0.1")
	s.coins(150)
	var want []tx.Hash
	for i := range uint64(100) {
		pay := s.payment(i)
		s.submit(pay)
		want = append(want, pay.WitnessID())
	}
	s.clock(0)
	p := s.peer(testpeer.Options{})
	p.Send(&wire.Mempool{})
	p.Sync()
	s.clock(time.Minute)
	inv := testpeer.Wait[*wire.Inv](p, nil)
	expect(t, "announced", len(inv.List), len(want))
	for _, v := range inv.List {
		if !slices.Contains(want, v.Hash) {
			t.Error("an unknown transaction")
		}
	}
}

func TestAPeerThatWantsNoTransactionsGetsNone(t *testing.T) {
	s := play(t, noBan)
	s.coins(3)
	p := s.peer(testpeer.Options{Version: func(v *wire.Version) { v.Relay = false }})
	p.Sync()
	pay := s.payment(1)
	s.submit(pay)
	p.Send(wtx(pay))
	if got := p.Quiet(300 * time.Millisecond); has[*wire.Inv](got) || has[*wire.Tx](got) || has[*wire.NotFound](got) {
		t.Errorf("%s, want silence", testpeer.Names(got))
	}
}

func TestAnInvalidTransactionCostsTheConnection(t *testing.T) {
	s := play(t)
	s.coins(3)
	p := s.peer(testpeer.Options{})
	pay := s.payment(1)
	outs := append([]tx.Output(nil), pay.Outputs...)
	outs[0].Value = 22_000_000 * 100_000_000
	p.Send(transaction(tx.New(pay.Version, pay.Inputs, outs, 0)))
	p.WaitClosed()
	s.said("bad-txns-vout-toolarge")
}

func addresses(s *stage, first, n int) (list []wire.PeerAddr) {
	for i := first; i < first+n; i++ {
		a, _ := netaddr.ParseAddrPort(fmt.Sprintf("8.%d.%d.8", i/250, i%250), 8333)
		list = append(list, wire.PeerAddr{Time: uint32(s.Env.Now().Unix()), Services: wire.NodeNetwork | wire.NodeWitness, Addr: a})
	}
	return list
}

func TestAddressesAreLimitedAndPassedOn(t *testing.T) {
	s := play(t, "-connect=0")
	s.grow(1)
	s.clock(0)
	var listeners []*testpeer.Peer
	for range 4 {
		p := s.peer(testpeer.Options{})
		p.Send(&wire.GetAddr{}) // it speaks of addresses
		p.Sync()
		listeners = append(listeners, p)
	}
	teller := s.peer(testpeer.Options{})
	teller.Send(&wire.AddrV2{Addrs: addresses(s, 0, 5)})
	teller.Sync()
	st := &s.Board.Peers().Peers[4].Stats
	expect(t, "taken of a caller", st.AddrProcessed.Load(), 1)
	expect(t, "beyond its rate", st.AddrRateLimited.Load(), 4)
	s.clock(100 * time.Second)
	teller.Send(&wire.AddrV2{Addrs: addresses(s, 5, 10)})
	teller.Sync()
	expect(t, "taken after 100 seconds", st.AddrProcessed.Load(), 11)
	s.settled() // registry has chosen who is told
	for range 2 {
		for _, p := range listeners {
			p.Sync()
		}
	}
	s.clock(10 * time.Minute)
	told, all := map[string]int{}, 0
	for end, last := time.Now().Add(time.Minute), false; !last; {
		last = all >= 22 || time.Now().After(end) // and once more, for what is too much
		for _, p := range listeners {
			for _, m := range p.Quiet(50 * time.Millisecond) {
				if a, ok := m.(*wire.AddrV2); ok {
					for _, x := range a.Addrs {
						told[x.Addr.String()]++
						all++
					}
				}
			}
		}
	}
	expect(t, "addresses passed on", len(told), 11)
	for a, n := range told {
		if n != 2 {
			t.Errorf("%s was told to %d peers, want 2", a, n)
		}
	}
}

func TestAddressesOfNetworksThatWeDoNotCallAreNotKept(t *testing.T) {
	s := play(t, "-whitelist=addr@127.0.0.1", "-onlynet=ipv4", "-connect=0")
	s.clock(0)
	list := addresses(s, 0, 4)
	for i, text := range []string{
		"pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion:8333",
		"c4gfnttsuwqomiygupdqqqyy5y5emnk5c73hrfvatri67prd7vyq.b32.i2p:8333",
		"[2803:0:1234:abcd::1]:8333",
	} {
		list[i].Addr, _ = netaddr.ParseAddrPort(text, 0)
	}
	teller := s.peer(testpeer.Options{})
	teller.Send(&wire.AddrV2{Addrs: list})
	teller.Sync()
	s.settled()
	book := ask[*msg.BookShown](t, s.Node, s.Cast.Registry(), &msg.BookWanted{}).Entries
	if len(book) != 1 || book[0].Addr != list[3].Addr {
		t.Errorf("the book has %v, want %s", book, list[3].Addr)
	}
}

func TestPeersHearOfOurOwnAddressOnceADay(t *testing.T) {
	s := play(t, "-listen=1", "-peertimeout=999999999", "-externalip=8.7.6.5:1234", "-externalip=2803:0:1234:abcd::1")
	s.clock(0)
	early := s.peer(testpeer.Options{})
	early.Send(&wire.GetAddr{})
	silent := s.peer(testpeer.Options{})
	if got := early.Sync(); has[*wire.AddrV2](got) {
		t.Errorf("%s while we catch up", testpeer.Names(got))
	}
	s.grow(1)
	own, _ := netaddr.ParseAddrPort("8.7.6.5:1234", 0)
	told := func(m *wire.AddrV2) bool {
		return len(m.Addrs) == 1 && m.Addrs[0].Addr == own && m.Addrs[0].Services == s.Services()
	}
	testpeer.Wait(early, told)
	s.clock(30 * 24 * time.Hour) // the chance that it is not due yet: e to the -30
	s.look()
	s.grow(1)
	s.clock(31 * 24 * time.Hour) // it is told with others, when their moment has come
	testpeer.Wait(early, told)
	if got := silent.Sync(); has[*wire.AddrV2](got) {
		t.Errorf("%s to who did not speak of addresses", testpeer.Names(got))
	}
	s.said("Advertising address 8.7.6.5:1234 to peer=0")
}

func TestGetaddrIsAnsweredOnceAndOnlyToCallers(t *testing.T) {
	s := play(t, "-whitelist=addr@127.0.0.1", "-connect=0")
	s.clock(0)
	teller := s.peer(testpeer.Options{})
	for i := range 10 {
		teller.Send(&wire.AddrV2{Addrs: addresses(s, 100*i, 100)})
	}
	teller.Sync()
	p := s.peer(testpeer.Options{})
	p.Send(&wire.GetAddr{}, &wire.GetAddr{})
	n := 0
	for _, m := range p.Sync() {
		if a, ok := m.(*wire.AddrV2); ok {
			n++
			if len(a.Addrs) == 0 || len(a.Addrs) > 230 {
				t.Errorf("%d addresses of a thousand", len(a.Addrs))
			}
		}
	}
	expect(t, "answers", n, 1)
	s.said(`Ignoring repeated "getaddr". peer=1`)
	out := s.called(msg.Manual, testpeer.Options{})
	if !has[*wire.GetAddr](out.Sync()) {
		t.Error("we did not ask whom we called")
	}
	out.Send(&wire.GetAddr{})
	if got := out.Sync(); has[*wire.AddrV2](got) {
		t.Error("answered to whom we called")
	}
	old := s.peer(testpeer.Options{AddrV1: true})
	old.Send(&wire.GetAddr{})
	if got := old.Sync(); !has[*wire.Addr](got) || has[*wire.AddrV2](got) {
		t.Errorf("%s, want addr", testpeer.Names(got))
	}
	blocksOnly := s.called(msg.BlockRelay, testpeer.Options{})
	if got := blocksOnly.Sync(); has[*wire.GetAddr](got) || has[*wire.FeeFilter](got) {
		t.Errorf("%s to a block-relay-only peer", testpeer.Names(got))
	}
	expect(t, "relay to it", blocksOnly.Theirs.Relay, false)
}

func TestAParentThatPaidTooLittleIsAskedForAgainForItsChild(t *testing.T) {
	s := play(t, noBan)
	s.coins(3)
	p := s.peer(testpeer.Options{})
	coin, _ := s.chain.Coin()
	pay := func(from forge.Coin, fee int64) (forge.Spend, *tx.Tx) {
		plan := forge.Spend{Coins: []forge.Coin{from}, Pays: []forge.Pay{{Value: from.Value - fee, Key: s.forge.Key(1)}}}
		return plan, plan.Sign()
	}
	_, old := pay(coin, 2000)
	plan, parent := pay(coin, 1000) // not enough to replace the old one
	_, child := pay(plan.Made(parent)[0], 5000)
	p.Send(transaction(old), transaction(parent))
	p.Sync()
	if !s.inPool(old) {
		t.Fatal("the first payment is not in the pool")
	}
	p.Send(transaction(child))
	ask := testpeer.Wait(p, func(m *wire.GetData) bool { return m.List[0].Hash == parent.ID() })
	expect(t, "request", ask.List, []wire.InvVect{{Type: wire.InvWitnessTx, Hash: parent.ID()}})
	p.Send(transaction(parent))
	p.Sync()
	if s.inPool(old) || !s.inPool(parent) || !s.inPool(child) {
		t.Error("the child did not pay for its parent")
	}
}

func TestGetaddrIsAnsweredAlikeForADay(t *testing.T) {
	s := play(t)
	s.clock(0)
	b := s.Cast.Registry()
	for i := range 10 {
		b.Post(&msg.AddrsArrived{Peer: &msg.Peer{Addr: addresses(s, 0, 1)[0].Addr}, Addrs: addresses(s, 100*i, 100)})
	}
	s.settled()
	asked := func() string {
		p := s.peer(testpeer.Options{})
		p.Send(&wire.GetAddr{})
		for _, m := range p.Sync() {
			if a, ok := m.(*wire.AddrV2); ok {
				return fmt.Sprint(a.Addrs)
			}
		}
		t.Fatal("no answer")
		return ""
	}
	first := asked()
	s.clock(20 * time.Hour)
	expect(t, "answer after 20 hours", asked(), first)
	s.clock(30 * time.Hour)
	if asked() == first {
		t.Error("the same answer after 30 hours")
	}
}
