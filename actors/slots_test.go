package actors

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/internal/testpeer"
	"github.com/troupe-node/troupe/tx"
	"github.com/troupe-node/troupe/wire"
	"github.com/troupe-node/troupe/wire/netaddr"
)

func (s *stage) connections(n int) {
	s.t.Helper()
	waitFor(s.t, fmt.Sprint(n, " connections"), func() bool { return len(s.Board.Peers().Peers) == n })
}

func TestCallersBeyondTheSlotsTakeThePlaceOfOthersOneByOne(t *testing.T) {
	s := play(t, "-maxconnections=51") // 40 for callers
	var all []*testpeer.Peer
	for range 40 {
		all = append(all, s.peer(testpeer.Options{}))
	}
	s.connections(40)
	for range 20 {
		all = append(all, s.peer(testpeer.Options{}))
		if n := len(s.Board.Peers().Peers); n > 42 {
			t.Fatalf("%d connections for 40 slots", n)
		}
	}
	s.connections(40)
	s.said("evicted: all slots are taken")
	alive := 0
	for _, p := range all {
		if _, err := p.TrySync(); err == nil {
			alive++
		}
	}
	expect(t, "peers still connected", alive, 40)
}

func TestABurstOfCallersStaysWithinTheSlots(t *testing.T) {
	s := play(t, "-maxconnections=51")
	for range 150 {
		conn, err := dialTCP(s.Listeners[0].Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
	}
	waitFor(t, "all callers to be decided about", func() bool {
		log := s.log.String()
		return strings.Count(log, "peer.refused")+strings.Count(log, `"evt":"actor.spawned","actor":"conn-`) >= 150
	})
	s.connections(40)
}

func TestWithoutSlotsCallersAreRefused(t *testing.T) {
	s := play(t, "-maxconnections=0")
	conn, err := dialTCP(s.Listeners[0].Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	p := testpeer.New(t, conn, testpeer.Options{Silent: true})
	p.WaitClosed()
	s.said("dropped (full)")
}

func TestPeersWithNoBanAreNotEvicted(t *testing.T) {
	s := play(t, noBan, "-maxconnections=13")
	a, b := s.peer(testpeer.Options{}), s.peer(testpeer.Options{})
	conn, err := dialTCP(s.Listeners[0].Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	testpeer.New(t, conn, testpeer.Options{Silent: true}).WaitClosed()
	a.Sync()
	b.Sync()
}

func TestTheOperatorsOrders(t *testing.T) {
	s, other := play(t), play(t)
	node := other.Listeners[0].Addr().String()
	add := &msg.PeerCommand{What: msg.AddNode, Node: node}
	if err := s.order(add); err != nil {
		t.Fatal(err)
	}
	expect(t, "added twice", s.order(add), msg.ErrNodeAdded)
	waitFor(t, "the node of addnode", func() bool { l := s.Board.Peers().Peers; return len(l) == 1 && l[0].Hello() != nil })
	expect(t, "type", s.only().Type, msg.Manual)
	expect(t, "added nodes", s.Board.Peers().Added, "["+node+"]")
	if err := s.order(&msg.PeerCommand{What: msg.DropPeer, Node: node}); err != nil {
		t.Error(err)
	}
	s.said("peer.disconnected")
	waitFor(t, "the node to be called again", func() bool { l := s.Board.Peers().Peers; return len(l) == 1 && l[0].ID > 1 })
	if err := s.order(&msg.PeerCommand{What: msg.RemoveNode, Node: node}); err != nil {
		t.Error(err)
	}
	expect(t, "removed twice", s.order(&msg.PeerCommand{What: msg.RemoveNode, Node: node}), msg.ErrNodeNotAdded)
	expect(t, "unknown peer", s.order(&msg.PeerCommand{What: msg.DropPeer, Node: "127.0.0.1:1"}), msg.ErrNodeNotConnected)
	s.order(&msg.PeerCommand{What: msg.SetNetworkActive, On: false})
	s.connections(0)
	if !s.Board.Peers().NetworkInactive {
		t.Error("the board shows an active network")
	}
	conn, err := dialTCP(s.Listeners[0].Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	testpeer.New(t, conn, testpeer.Options{Silent: true}).WaitClosed()
	s.said("not accepting new connections")
	s.order(&msg.PeerCommand{What: msg.TryNode, Node: node})
	s.order(&msg.PeerCommand{What: msg.SetNetworkActive, On: true})
	time.Sleep(200 * time.Millisecond)
	s.connections(0) // what was tried in vain is not tried later
	s.order(&msg.PeerCommand{What: msg.TryNode, Node: node})
	s.connections(1)
}

func TestABannedAddressIsDroppedAndRefused(t *testing.T) {
	s := play(t)
	p := s.peer(testpeer.Options{})
	p.Sync()
	subnet, err := netaddr.ParseSubnet("127.0.0.0/8")
	if err != nil {
		t.Fatal(err)
	}
	ban := &msg.PeerCommand{What: msg.SetBan, Ban: &msg.Ban{Subnet: subnet, Until: time.Now().Add(time.Hour).Unix()}}
	if err := s.order(ban); err != nil {
		t.Fatal(err)
	}
	p.WaitClosed()
	if err := s.order(ban); !errors.Is(err, msg.ErrAlreadyBanned) {
		t.Errorf("banned twice: %v", err)
	}
	conn, err := dialTCP(s.Listeners[0].Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	testpeer.New(t, conn, testpeer.Options{Silent: true}).WaitClosed()
	s.said("dropped (banned)")
	s.clock(2 * time.Hour)
	waitFor(t, "the ban to end", func() bool { return len(s.Board.Peers().Bans) == 0 })
	s.peer(testpeer.Options{}).Sync()
	s.order(&msg.PeerCommand{What: msg.SetBan, Ban: &msg.Ban{Subnet: subnet, Until: time.Now().Add(9 * time.Hour).Unix()}})
	s.order(&msg.PeerCommand{What: msg.ClearBans})
	s.peer(testpeer.Options{}).Sync()
}

func TestASlowReaderHurtsNobodyAndItsQueueIsBounded(t *testing.T) {
	s := play(t)
	blocks := s.grow(50)
	slow, honest := s.peer(testpeer.Options{Mute: true}), s.peer(testpeer.Options{})
	slow.Sync()
	want := blockInv()
	for range 1000 {
		for _, b := range blocks {
			want.List = append(want.List, wire.InvVect{Type: wire.InvWitnessBlock, Hash: b.Hash()})
		}
	}
	want.List = want.List[:wire.MaxInv]
	asking := wire.Append(nil, testpeer.Regtest, want)
	asking = wire.Append(asking, testpeer.Regtest, &wire.GetHeaders{Protocol: 70016, Locator: []tx.Hash{blocks[0].Hash()}})
	heap := liveHeap()
	go func() { // it asks and asks and never reads
		for range 200 {
			slow.SendRaw(asking) // made once: what we allocate would count as the node's
		}
	}()
	for range 30 {
		b := s.chain.Mint(nil, nil)
		honest.Send(block(b))
		start := time.Now()
		honest.Sync()
		if took := time.Since(start); took > 15*time.Second {
			t.Fatalf("an honest peer waited %v", took)
		}
		if s.tip() != b.Hash() {
			t.Fatal("not connected")
		}
	}
	if now := liveHeap(); now > heap+heapSlack*40<<20 {
		t.Errorf("the heap grew from %d to %d MiB", heap>>20, now>>20)
	}
	if g := s.Ledger.Gauges(); g.General.Bytes > 17<<20 {
		t.Errorf("%d MiB on the books", g.General.Bytes>>20)
	}
	slow.Conn.Close()
	s.connections(1)
	waitFor(t, "the credit to be back", func() bool { return s.Ledger.Gauges().General.Bytes == 0 })
}

func TestTwoHundredConnectionsLeaveNothingBehind(t *testing.T) {
	before := goleak.IgnoreCurrent()
	t.Run("node", func(t *testing.T) {
		s := play(t, "-maxconnections=300")
		s.grow(3)
		// The kernel takes calls before the listener's goroutine runs: a caller that was
		// served and has gone proves that everything of the quiet node is there.
		s.peer(testpeer.Options{}).Conn.Close()
		s.said("peer.disconnected")
		s.connections(0)
		inside := goleak.IgnoreCurrent()
		var all []*testpeer.Peer
		for i := range 200 {
			p := s.peer(testpeer.Options{})
			if i%3 == 0 {
				p.Send(&wire.GetHeaders{Protocol: 70016}, &wire.GetAddr{})
			}
			all = append(all, p)
		}
		s.connections(200)
		for i, p := range all {
			if i%2 == 0 {
				p.Sync()
			}
			p.Conn.Close()
		}
		s.connections(0)
		waitFor(t, "all accounts to be closed", func() bool { return s.Ledger.Gauges().Owners == 0 })
		if err := s.Ledger.Check(); err != nil {
			t.Error(err)
		}
		// Idle workers of the kit stay warm until the node stops.
		nothingLeft(t, inside, goleak.IgnoreAnyFunction("github.com/troupe-node/troupe/actors/kit.(*workers).worker"))
	})
	nothingLeft(t, before)
}

// nothingLeft waits until all goroutines have ended, save those that are ignored:
// goleak's own patience is less than half a second.
func nothingLeft(t testing.TB, ignore ...goleak.Option) {
	t.Helper()
	var left error
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		if left = goleak.Find(ignore...); left == nil {
			return
		}
	}
	t.Error(left)
}

func TestATipThatDoesNotMoveIsSuspicious(t *testing.T) {
	s := play(t, "-peertimeout=999999999")
	s.grow(1)
	halfHours := 0
	waitFor(t, "registry to think so", func() bool { // it looks every now and then
		halfHours++
		s.clock(time.Duration(halfHours) * 31 * time.Minute)
		s.look()
		return strings.Contains(s.log.String(), "Potential stale tip detected, will try using extra outbound peer (last tip update: ")
	})
}

func TestWhoCallsTheOnionServiceComesThroughTor(t *testing.T) {
	s := play(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	far, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	near, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	s.Cast.Registry().Post(&msg.Accepted{Conn: near, Onion: true})
	testpeer.New(t, far, testpeer.Options{}).Sync()
	plain := s.peer(testpeer.Options{})
	plain.Sync()
	for i, want := range []netaddr.Network{netaddr.TorV3, netaddr.None} {
		if got := s.Board.Peers().Peers[i].Network(); got != want {
			t.Errorf("peer %d comes through %s, want %s", i, got, want)
		}
	}
}
