package registry

import (
	"testing"
	"time"

	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/addrbook"
	"github.com/troupe-node/troupe/wire"
	"github.com/troupe-node/troupe/wire/netaddr"
)

// peer makes a connection as it is when hands were shaken.
func peer(id msg.PeerID, typ msg.ConnType, addr string, change func(*msg.Peer)) *msg.Peer {
	a, err := netaddr.ParseAddrPort(addr, 8333)
	if err != nil {
		panic(err)
	}
	p := &msg.Peer{ID: id, Type: typ, Addr: a}
	p.SetHello(&msg.Hello{})
	if change != nil {
		change(p)
	}
	return p
}

func news(at int64) func(*msg.Peer)   { return func(p *msg.Peer) { p.Stats.LastNews.Store(at) } }
func blocks(at int64) func(*msg.Peer) { return func(p *msg.Peer) { p.Stats.LastBlock.Store(at) } }

// TestWhoBroughtTheLeastIsOneTooMany follows Core's denialofservice_tests
// (stale_tip_peer_management and block_relay_only_eviction).
func TestWhoBroughtTheLeastIsOneTooMany(t *testing.T) {
	full := func(n int, tweak map[msg.PeerID]func(*msg.Peer)) (list []*msg.Peer) {
		for id := msg.PeerID(1); id <= msg.PeerID(n); id++ {
			change := tweak[id]
			if change == nil {
				change = news(100)
			}
			list = append(list, peer(id, msg.OutboundRelay, "8.8.8.8", change))
		}
		return list
	}
	for _, c := range []struct {
		what  string
		peers []*msg.Peer
		want  msg.PeerID // 0: nobody
	}{
		{"as many as there are slots", full(outboundSlots, nil), 0},
		{"of equals the youngest", full(outboundSlots+1, nil), outboundSlots + 1},
		{"who is silent for the longest", full(outboundSlots+1, map[msg.PeerID]func(*msg.Peer){3: news(99)}), 3},
		{"the younger of two that never told us of any", full(outboundSlots+1, map[msg.PeerID]func(*msg.Peer){3: news(0), 5: news(0)}), 5},
		{"not one that is protected", full(outboundSlots+1, map[msg.PeerID]func(*msg.Peer){
			3: func(p *msg.Peer) { p.Stats.Protected.Store(true) },
		}), outboundSlots + 1},
		{"not the last one of its network", append(full(outboundSlots, nil), peer(20, msg.OutboundRelay, "2a00::1", nil)), outboundSlots},
		{"one of two of a network", append(full(outboundSlots, nil), peer(20, msg.OutboundRelay, "2a00::1", nil), peer(21, msg.Manual, "2a00::2", nil)), 20},
		{"nobody whom we did not choose counts", append(full(outboundSlots, nil), peer(20, msg.Manual, "8.8.8.8", nil), peer(21, msg.Inbound, "8.8.8.8", nil)), 0},
		{"nobody who has not shaken hands counts", append(full(outboundSlots, nil), &msg.Peer{ID: 20, Type: msg.OutboundRelay}), 0},
	} {
		var got msg.PeerID
		if p := extraFull(c.peers, outboundSlots); p != nil {
			got = p.ID
		}
		if got != c.want {
			t.Errorf("full relay, %s: %d, want %d", c.what, got, c.want)
		}
	}
	one := func(id msg.PeerID, at int64) *msg.Peer { return peer(id, msg.BlockRelay, "8.8.8.8", blocks(at)) }
	for _, c := range []struct {
		what  string
		peers []*msg.Peer
		want  msg.PeerID
	}{
		{"as many as there are slots", []*msg.Peer{one(1, 0), one(2, 0)}, 0},
		{"the youngest", []*msg.Peer{one(1, 0), one(2, 7), one(3, 7)}, 3},
		{"the one before, when the youngest gave us a block later", []*msg.Peer{one(1, 0), one(2, 7), one(3, 8)}, 2},
	} {
		var got msg.PeerID
		if p := extraBlocks(c.peers, blockRelaySlots); p != nil {
			got = p.ID
		}
		if got != c.want {
			t.Errorf("blocks alone, %s: %d, want %d", c.what, got, c.want)
		}
	}
}

func TestWhoMayBeCalledDependsOnWhatElseThereIs(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	r := &registry{Deps: Deps{Board: &msg.Board{}}, bans: addrbook.NewBans(), discouraged: addrbook.NewDiscouraged()}
	good := uint64(wire.NodeNetwork | wire.NodeWitness)
	for _, c := range []struct {
		what     string
		addr     string
		services uint64
		tried    time.Duration // ago; 0: never
		typ      msg.ConnType
		tries    int
		want     bool
	}{
		{"a node", "8.8.8.8:8333", good, 0, msg.OutboundRelay, 0, true},
		{"one that was tried just now", "8.8.8.8:8333", good, time.Minute, msg.OutboundRelay, 29, false},
		{"the same when nothing else is to be had", "8.8.8.8:8333", good, time.Minute, msg.OutboundRelay, 30, true},
		{"another service's port", "8.8.8.8:25", good, 0, msg.OutboundRelay, 49, false},
		{"the same when nothing else is to be had", "8.8.8.8:25", good, 0, msg.OutboundRelay, 50, true},
		{"no witnesses", "8.8.8.8:8333", uint64(wire.NodeNetwork), 0, msg.BlockRelay, 99, false},
		{"no witnesses, for a feeler", "8.8.8.8:8333", uint64(wire.NodeNetwork), 0, msg.Feeler, 0, true},
		{"the latest blocks alone, while we catch up", "8.8.8.8:8333", uint64(wire.NodeNetworkLimited | wire.NodeWitness), 0, msg.OutboundRelay, 99, false},
		{"no network of ours", "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion:8333", good, 0, msg.OutboundRelay, 99, false},
	} {
		a, err := netaddr.ParseAddrPort(c.addr, 0)
		if err != nil {
			t.Fatal(err)
		}
		info := addrbook.Info{Addr: a, Services: c.services}
		if c.tried > 0 {
			info.LastTry = now.Add(-c.tried)
		}
		if got := r.mayCall(info, c.typ, c.tries, now); got != c.want {
			t.Errorf("%s after %d tries: %v", c.what, c.tries, got)
		}
	}
}

func TestConnectionsAreSharedOutAsInCore(t *testing.T) {
	for most, want := range map[int]slots{
		0: {}, 1: {full: 1, chosen: 1}, 8: {full: 8, chosen: 8}, 9: {8, 1, 9, 0}, 10: {8, 2, 10, 0}, 11: {8, 2, 11, 0}, 12: {8, 2, 11, 1}, 125: {8, 2, 11, 114},
	} {
		if got := slotsOf(most); got != want {
			t.Errorf("of %d: %+v, want %+v", most, got, want)
		}
	}
}
