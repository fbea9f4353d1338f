package actors

import (
	"fmt"
	"testing"
	"time"

	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/internal/testpeer"
	"github.com/troupe-node/troupe/wire"
)

func TestTheNodeAnswersAVersionInOrderAndPingsRightAway(t *testing.T) {
	s := play(t)
	p := s.peer(testpeer.Options{Silent: true, Mute: true})
	p.Send(p.OurVersion())
	var got []string
	for len(got) < 4 {
		m, err := p.Next(5 * time.Second)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, m.Command())
		if v, ok := m.(*wire.Version); ok {
			expect(t, "protocol", v.Protocol, 70016)
			expect(t, "user agent", v.UserAgent, "/troupe:test/")
			expect(t, "relay", v.Relay, true)
			if !v.Services.Has(wire.NodeNetwork | wire.NodeWitness) {
				t.Errorf("services %v", v.Services)
			}
		}
	}
	expect(t, "before our verack", got, "[version wtxidrelay sendaddrv2 verack]")
	p.Send(&wire.WTxIDRelay{}, &wire.SendAddrV2{}, &wire.Verack{})
	m, err := p.Next(5 * time.Second)
	if ping, ok := m.(*wire.Ping); err != nil || !ok || ping.Nonce == 0 {
		t.Fatalf("after our verack: %v %v, want a ping", m, err)
	}
	after := p.Sync()
	if _, ok := testpeer.Find[*wire.GetHeaders](after); !ok {
		t.Errorf("no getheaders among %s", testpeer.Names(after))
	}
	if f, ok := testpeer.Find[*wire.FeeFilter](after); !ok || f.FeePerKVB != 9170997 {
		t.Errorf("feefilter %v, want Core's word for catching up", f)
	}
	h := s.only().Hello()
	if !h.WTxIDRelay || !h.AddrV2 || h.UserAgent != testpeer.UserAgent || h.Version != 70016 {
		t.Errorf("what the handshake settled: %+v", h)
	}
}

func TestAnOldPeerHearsNothingNew(t *testing.T) {
	s := play(t)
	p := s.peer(testpeer.Options{Silent: true, TxID: true, AddrV1: true, Version: func(v *wire.Version) { v.Protocol = 60002 }})
	p.Shake()
	for _, m := range p.Sync() {
		switch m.Command() {
		case wire.CmdWTxIDRelay, wire.CmdSendAddrV2, wire.CmdFeeFilter, wire.CmdSendHeaders:
			t.Errorf("a peer of 2012 was sent %s", m.Command())
		}
	}
}

func TestWhatComesBeforeTheHandshakeIsIgnoredAndNoted(t *testing.T) {
	s := play(t)
	p := s.peer(testpeer.Options{Silent: true})
	p.Send(&wire.Ping{Nonce: 7}, &wire.Verack{}, p.OurVersion(), &wire.GetAddr{}, p.OurVersion(), &wire.SendHeaders{}, &wire.Verack{})
	before := p.Sync()
	for _, m := range before {
		if pong, ok := m.(*wire.Pong); ok && pong.Nonce == 7 {
			t.Error("a ping was answered before the handshake")
		}
	}
	s.said(`non-version message before version handshake. Message "ping" from peer=0`)
	s.said(`non-version message before version handshake. Message "verack" from peer=0`)
	s.said(`Unsupported message "getaddr" prior to verack from peer=0`)
	s.said("redundant version message from peer=0")
	p.Send(p.OurVersion(), &wire.Verack{})
	p.Sync()
	s.said("ignoring redundant verack message from peer=0")
}

func TestMemoryIsNotPromisedBeforeTheHandshake(t *testing.T) {
	s := play(t)
	p := s.peer(testpeer.Options{Silent: true})
	raw := p.Frame(wire.CmdBlock, make([]byte, 3_000_000))
	go p.SendRaw(raw)
	s.said(`non-version message before version handshake. Message "block" from peer=0`)
	p.Shake()
	p.Sync()
	if high := s.Ledger.Gauges().General.Bytes; high > 4096 {
		t.Errorf("%d bytes taken", high)
	}
}

func TestAnObsoletePeerIsSentAway(t *testing.T) {
	s := play(t)
	p := s.peer(testpeer.Options{Silent: true, Version: func(v *wire.Version) { v.Protocol = 31799 }})
	p.Send(p.OurVersion())
	p.WaitClosed()
	s.said("peer=0 using obsolete version 31799; disconnecting")
}

func TestAPeerThatWeChoseMustOfferWhatWeNeed(t *testing.T) {
	s := play(t)
	for i, services := range []wire.Services{0, wire.NodeNetwork, wire.NodeWitness, wire.NodeNetworkLimited | wire.NodeWitness} {
		p := s.called(msg.OutboundRelay, testpeer.Options{Silent: true, Version: func(v *wire.Version) { v.Services = services }})
		p.Send(p.OurVersion())
		p.WaitClosed()
		s.said(fmt.Sprintf("peer=%d does not offer the expected services (%08x offered, 00000009 expected); disconnecting", i, uint64(services)))
	}
	s.grow(1) // caught up: the latest blocks do
	s.called(msg.OutboundRelay, testpeer.Options{}).Sync()
	s.called(msg.OutboundRelay, testpeer.Options{Version: func(v *wire.Version) { v.Services = wire.NodeNetworkLimited | wire.NodeWitness }}).Sync()
	s.called(msg.Manual, testpeer.Options{Version: func(v *wire.Version) { v.Services = 0 }}).Sync()
}

func TestAFeelerEndsWithTheHandshake(t *testing.T) {
	s := play(t)
	p := s.called(msg.Feeler, testpeer.Options{Silent: true})
	testpeer.Wait[*wire.Version](p, nil)
	p.Send(p.OurVersion(), &wire.Verack{})
	p.WaitClosed()
	s.said("feeler connection completed")
}

func TestLateFeatureMessagesEndTheConnection(t *testing.T) {
	s := play(t)
	for i, m := range []wire.Message{&wire.WTxIDRelay{}, &wire.SendAddrV2{}} {
		p := s.peer(testpeer.Options{})
		p.Send(m)
		p.WaitClosed()
		s.said(fmt.Sprintf("%s received after verack from peer=%d; disconnecting", m.Command(), i))
	}
}

func TestAConnectionToOurselvesIsNoticed(t *testing.T) {
	s := play(t)
	ask[*msg.Done](t, s.Node, s.Cast.Registry(), &msg.PeerCommand{What: msg.TryNode, Node: s.Listeners[0].Addr().String()})
	s.said("connected to self at ")
	waitFor(t, "no connections", func() bool { return len(s.Board.Peers().Peers) == 0 })
}

func TestAHandshakeThatTakesTooLongEnds(t *testing.T) {
	s := play(t, "-peertimeout=3")
	s.clock(0)
	noVerack := s.peer(testpeer.Options{Silent: true})
	noVerack.Send(noVerack.OurVersion())
	testpeer.Wait[*wire.Verack](noVerack, nil)
	noVersion := s.peer(testpeer.Options{Silent: true})
	noVersion.Send(&wire.Ping{Nonce: 1})
	s.said(`Message "ping" from peer=1`)
	nothing := s.peer(testpeer.Options{Silent: true})
	waitFor(t, "three connections", func() bool { return len(s.Board.Peers().Peers) == 3 })
	waitFor(t, "three conns", func() bool { return s.Board.Peers().Peers[2].Ref().Alive() })
	s.clock(2 * time.Second)
	time.Sleep(250 * time.Millisecond)
	expect(t, "connections after two seconds", len(s.Board.Peers().Peers), 3)
	s.clock(4 * time.Second)
	noVerack.WaitClosed()
	noVersion.WaitClosed()
	nothing.WaitClosed()
	s.said("version handshake timeout peer=0")
	s.said("socket no message in first 3 seconds, 1 0 peer=1")
	s.said("socket no message in first 3 seconds, 0 0 peer=2")
}

func TestAPingThatIsNotAnsweredEndsTheConnection(t *testing.T) {
	s := play(t, "-peertimeout=1")
	s.clock(0)
	p := s.peer(testpeer.Options{Mute: true})
	testpeer.Wait[*wire.Ping](p, nil)
	p.Sync()
	s.clock(20*time.Minute - 5*time.Second)
	time.Sleep(250 * time.Millisecond)
	p.Send(&wire.Ping{Nonce: 5}) // we are not silent
	p.Sync()
	s.clock(20*time.Minute + time.Second)
	p.WaitClosed()
	s.said("ping timeout: 120")
	s.said("peer=0")
}

func TestOddPongsAreNotedAndOnlyTheRightOneCounts(t *testing.T) {
	s := play(t)
	p := s.peer(testpeer.Options{Mute: true})
	ping := testpeer.Wait[*wire.Ping](p, nil)
	p.Send(&wire.Pong{Nonce: ping.Nonce + 1})
	p.Sync()
	s.said("Nonce mismatch")
	if s.only().Stats.PingSince.Load() == 0 {
		t.Error("the wrong pong ended the ping")
	}
	p.Send(&wire.Pong{Nonce: ping.Nonce})
	p.Sync()
	if st := &s.only().Stats; st.PingSince.Load() != 0 || st.MinPingMicros.Load() == 0 {
		t.Error("the right pong was not taken")
	}
	p.Send(&wire.Pong{Nonce: 1})
	p.Sync()
	s.said("Unsolicited pong without ping")
	s.order(&msg.PeerCommand{What: msg.PingPeers})
	testpeer.Wait[*wire.Ping](p, nil)
	p.Send(&wire.Pong{})
	p.Sync()
	s.said("Nonce zero")
}

func TestSendHeadersIsSaidWhenThePeerHasShownAChain(t *testing.T) {
	s := play(t)
	blocks := s.grow(2)
	p := s.peer(testpeer.Options{})
	if _, early := testpeer.Find[*wire.SendHeaders](p.Sync()); early {
		t.Error("sendheaders before the peer showed a chain")
	}
	p.Send(headersOf(blocks))
	testpeer.Wait[*wire.SendHeaders](p, nil)
	expect(t, "best header known of the peer", *s.only().Stats.BestHeader.Load(), blocks[1].Hash())
}
