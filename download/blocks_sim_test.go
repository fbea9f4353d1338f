package download

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/troupe-node/troupe/tx"
)

// simPeer plays a peer in simulated time: it answers requests in order, a block
// every pace.
type simPeer struct {
	id       PeerID
	kind     string
	pace     time.Duration
	queue    []tx.Hash
	next     time.Time
	diesAt   time.Time
	gone     bool
	outgoing bool
}

// blockSim plays peers and chain around a Blocks machine.
type blockSim struct {
	*fakeTree
	t     *rapid.T
	m     *Blocks
	now   time.Time
	peers []*simPeer
	chain []tx.Hash // delivered, not settled
	busy  time.Time // the chain is busy until
	slow  time.Duration
	bad   map[tx.Hash]bool // mutated copies delivered
	sizes func(tx.Hash) int
}

func (s *blockSim) effects() {
	for _, e := range s.m.Ready() {
		switch e := e.(type) {
		case AskBlocks:
			p := s.peers[e.Peer]
			for _, h := range e.Hashes {
				if p.gone {
					s.t.Fatalf("asked peer %d that is gone", e.Peer)
				}
				p.queue = append(p.queue, h)
			}
		case Deliver:
			s.chain = append(s.chain, e.Hash)
		case Disconnect:
			p := s.peers[e.Peer]
			if p.kind == "honest" {
				s.t.Fatalf("%s: honest peer %d disconnected: %s", s.now.Sub(epoch), e.Peer, e.Reason)
			}
			s.down(p)
		}
	}
}

func (s *blockSim) down(p *simPeer) {
	if !p.gone {
		p.gone = true
		s.m.PeerDown(s.now, p.id)
	}
}

// step lets 50 ms pass.
func (s *blockSim) step() {
	s.now = s.now.Add(50 * time.Millisecond)
	for _, p := range s.peers {
		if !p.gone && !p.diesAt.IsZero() && s.now.After(p.diesAt) {
			s.down(p)
			s.effects()
		}
		for !p.gone && len(p.queue) > 0 && !s.now.Before(p.next) {
			s.answer(p)
		}
	}
	for len(s.chain) > 0 && !s.now.Before(s.busy) {
		h := s.chain[0]
		s.chain = s.chain[1:]
		s.busy = s.now.Add(s.slow)
		s.settle(h)
	}
	s.m.Tick(s.now)
	s.effects()
	s.check()
}

func (s *blockSim) answer(p *simPeer) {
	h := p.queue[0]
	p.queue = p.queue[1:]
	p.next = s.now.Add(p.pace)
	switch p.kind {
	case "silent":
		return
	case "lacks":
		s.m.NotFound(s.now, p.id, []tx.Hash{h})
		s.effects()
		return
	}
	if s.m.Arrived(s.now, p.id, h, s.sizes(h)) == Keep && p.kind == "mutates" {
		s.bad[h] = true
	}
	s.effects()
}

func (s *blockSim) settle(h tx.Hash) {
	n := s.byHash[h]
	if s.bad[h] {
		delete(s.bad, h)
		s.m.Settled(s.now, h, Retry)
		return
	}
	n.body = true
	s.m.Settled(s.now, h, Stored)
	for moved := true; moved; {
		moved = false
		for _, l := range s.lines {
			for _, x := range l.nodes {
				if x.body && x.header.Prev == s.tip.hash && x.line.nodes[len(x.line.nodes)-1].known {
					s.tip, moved = x, true
				}
			}
		}
	}
	s.m.Progress(s.now)
	s.effects()
}

// withChain tells whether the chain has a block to decide about.
func (m *Blocks) withChain(h tx.Hash) bool { return m.wants[h] != nil && m.wants[h].state == delivered }

// check verifies the machine's books.
func (s *blockSim) check() {
	bytes, leases, with, withBytes := 0, 0, 0, 0
	for h, w := range s.m.wants {
		if h != w.hash || len(w.leases) > maxLeases || w.tracks == 0 && w.state != delivered {
			s.t.Fatalf("%s: %d leases, %d tracks, %s", s.name(h), len(w.leases), w.tracks, w.state)
		}
		if (w.state == leased) != (len(w.leases) > 0) {
			s.t.Fatalf("%s is %s with %d leases", s.name(h), w.state, len(w.leases))
		}
		leases += len(w.leases)
		if w.state == staged || w.state == delivered {
			bytes += w.size
		}
		if w.state == delivered {
			with++
			withBytes += w.size
		}
		for _, l := range w.leases {
			if !slices.Contains(l.peer.inflight, w) || s.m.peers[l.peer.id] != l.peer {
				s.t.Fatalf("%s is leased to peer %d, who does not know", s.name(h), l.peer.id)
			}
		}
	}
	inflight := 0
	for _, p := range s.m.order {
		inflight += len(p.inflight)
		if len(p.late) > maxMayCome {
			s.t.Fatalf("peer %d: %d blocks may still come", p.id, len(p.late))
		}
	}
	if bytes != s.m.stagedBytes || leases != s.m.leases || leases != inflight || with != s.m.delivered || withBytes != s.m.deliveredBytes || with > s.m.cfg.DeliverBlocks {
		s.t.Fatalf("counted %d bytes, %d leases, %d in flight, %d delivered; booked %d, %d, %d", bytes, leases, inflight, with, s.m.stagedBytes, s.m.leases, s.m.delivered)
	}
	if most := int(s.m.cfg.Window)*(1+len(s.m.tracks)) + s.m.cfg.DeliverBlocks; len(s.m.wants) > most {
		s.t.Fatalf("%d wanted blocks", len(s.m.wants))
	}
}

// TestTheChainIsFetchedWhateverMostPeersDo plays a download from peers of which
// one is honest. Whatever the others do and however slow our own chain is, all
// blocks arrive, the books stay right, and the honest one is never sent away.
func TestTheChainIsFetchedWhateverMostPeersDo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tree := newFakeTree(t)
		length := rapid.IntRange(1, 120).Draw(t, "length")
		tree.grow("a", length, tree.tip)
		target := tree.lines["a"].nodes[length-1]
		for _, n := range tree.lines["a"].nodes {
			n.known = true
		}
		window := rapid.SampledFrom([]int32{8, 32, 1024}).Draw(t, "window")
		s := &blockSim{
			fakeTree: tree, t: t, now: epoch, bad: map[tx.Hash]bool{},
			slow:  time.Duration(rapid.SampledFrom([]int{0, 0, 10, 300, 4000}).Draw(t, "chain takes ms")) * time.Millisecond,
			sizes: func(h tx.Hash) int { return 500 + int(h[0])*10 },
		}
		s.m = NewBlocks(BlocksConfig{Params: tree.params, Window: window, StagingBytes: rapid.SampledFrom([]int{1, 20_000, 1 << 28}).Draw(t, "staging"), DeliverBlocks: rapid.SampledFrom([]int{1, 5, 256}).Draw(t, "deliver")}, tree)
		n := rapid.IntRange(0, 5).Draw(t, "others")
		honest := rapid.IntRange(0, n).Draw(t, "honest one")
		for i := range n + 1 {
			p := &simPeer{id: PeerID(i), kind: "honest", pace: 20 * time.Millisecond, outgoing: true}
			if i != honest {
				p.kind = rapid.SampledFrom([]string{"silent", "lacks", "mutates", "slow", "dies"}).Draw(t, "kind")
				p.outgoing = rapid.Bool().Draw(t, "outgoing")
				p.pace = time.Duration(rapid.IntRange(1, 3000).Draw(t, "pace ms")) * time.Millisecond
				if p.kind == "dies" {
					p.diesAt = epoch.Add(time.Duration(rapid.IntRange(1, 20_000).Draw(t, "dies after ms")) * time.Millisecond)
				}
			}
			s.peers = append(s.peers, p)
			s.m.PeerUp(s.now, p.id, BlocksPeer{Serves: true, Witness: true, Preferred: p.outgoing})
			s.m.PeerHas(s.now, p.id, target, rapid.Bool().Draw(t, "direct"))
			s.effects()
		}
		limit := epoch.Add(2*time.Hour + 4*time.Duration(length)*s.slow)
		for s.tip != target && s.now.Before(limit) {
			s.step()
		}
		if s.tip != target {
			t.Fatalf("stuck at %d of %d: %+v", s.tip.height, target.height, s.m.Explain(s.now, 3))
		}
		if e := s.m.Explain(s.now, 3); e.StagedBytes != 0 || len(e.Wants) != 0 || len(s.m.wants) != 0 {
			t.Fatalf("left behind: %+v", e)
		}
	})
}

// TestAnyHistoryLeavesTheBooksRight throws everything at the machine in any
// order, with competing chains and a tip that goes back and forth.
func TestAnyHistoryLeavesTheBooksRight(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tree := newFakeTree(t)
		tree.grow("a", 30, tree.tip)
		tree.grow("b", 25, tree.node("a10"))
		tree.grow("c", 5, tree.node("b20"))
		var all []*fakeNode
		for _, name := range []string{"a", "b", "c"} {
			for _, n := range tree.lines[name].nodes {
				n.known = true
				all = append(all, n)
			}
		}
		s := &blockSim{fakeTree: tree, t: t, now: epoch}
		s.m = NewBlocks(BlocksConfig{Params: tree.params, Window: 12, StagingBytes: 20_000, DeliverBlocks: 4}, tree)
		var delivered []tx.Hash
		take := func() {
			for _, e := range s.m.Ready() {
				if d, ok := e.(Deliver); ok {
					delivered = append(delivered, d.Hash)
				}
			}
		}
		node := rapid.Custom(func(t *rapid.T) *fakeNode { return rapid.SampledFrom(all).Draw(t, "header") })
		peer := rapid.Custom(func(t *rapid.T) PeerID { return PeerID(rapid.IntRange(0, 4).Draw(t, "peer")) })
		t.Repeat(map[string]func(*rapid.T){
			"": func(*rapid.T) { take(); s.check() },
			"up": func(t *rapid.T) {
				s.m.PeerUp(s.now, peer.Draw(t, "id"), BlocksPeer{Serves: rapid.Bool().Draw(t, "serves"), Limited: true, Witness: true, Preferred: rapid.Bool().Draw(t, "preferred")})
			},
			"down": func(t *rapid.T) { s.m.PeerDown(s.now, peer.Draw(t, "id")) },
			"has": func(t *rapid.T) {
				s.m.PeerHas(s.now, peer.Draw(t, "id"), node.Draw(t, "n"), rapid.Bool().Draw(t, "direct"))
			},
			"pause":    func(t *rapid.T) { s.m.Paused(s.now, peer.Draw(t, "id"), rapid.Bool().Draw(t, "pause")) },
			"notfound": func(t *rapid.T) { s.m.NotFound(s.now, peer.Draw(t, "id"), []tx.Hash{node.Draw(t, "n").hash}) },
			"adopt":    func(t *rapid.T) { s.m.Adopt(s.now, peer.Draw(t, "id"), node.Draw(t, "n").hash) },
			"arrives": func(t *rapid.T) {
				h := node.Draw(t, "n").hash
				fate := s.m.Arrived(s.now, peer.Draw(t, "id"), h, rapid.IntRange(100, 9000).Draw(t, "size"))
				if fate == PassUnrequested && s.m.withChain(h) {
					delivered = append(delivered, h)
				}
			},
			"settle": func(t *rapid.T) {
				if len(delivered) == 0 {
					return
				}
				h := delivered[0]
				delivered = delivered[1:]
				o := rapid.SampledFrom([]Outcome{Stored, Stored, Stored, Refused, Retry, Again, Declined}).Draw(t, "outcome")
				switch o {
				case Stored:
					s.byHash[h].body = true
				case Refused:
					s.fail(s.byHash[h])
				}
				s.m.Settled(s.now, h, o)
			},
			"tip": func(t *rapid.T) {
				if n := node.Draw(t, "n"); !n.failed {
					s.tip = n
				}
				s.m.Progress(s.now)
			},
			"wait": func(t *rapid.T) {
				s.now = s.now.Add(time.Duration(rapid.IntRange(1, 300_000).Draw(t, "ms")) * time.Millisecond)
				s.m.Tick(s.now)
			},
			"explain": func(t *rapid.T) {
				for _, w := range s.m.Explain(s.now, 100).Wants {
					if w.Why == "" {
						t.Fatalf("no reason why %s waits", w.Hash)
					}
				}
			},
		})
	})
}

// BenchmarkBlocks measures what the machine itself costs per block of a long
// download, from one peer and from many.
func BenchmarkBlocks(b *testing.B) {
	tree := newFakeTree(b)
	tree.grow("a", 20_000, tree.tip)
	nodes := tree.lines["a"].nodes
	for _, peers := range []int{1, 8, 125} {
		b.Run(fmt.Sprintf("peers=%d", peers), func(b *testing.B) {
			b.ReportAllocs()
			fresh := func() *Blocks {
				tree.tip = tree.node("genesis")
				for _, n := range nodes {
					n.body = false
				}
				m := NewBlocks(BlocksConfig{Params: tree.params}, tree.fixedBest(nodes[len(nodes)-1]))
				for p := range PeerID(peers) {
					m.PeerUp(epoch, p, BlocksPeer{Serves: true, Witness: true, Preferred: true})
					m.PeerHas(epoch, p, nodes[len(nodes)-1], false)
				}
				return m
			}
			m := fresh()
			now := epoch
			var queue []AskBlocks
			for b.Loop() {
				if len(queue) == 0 {
					for _, e := range m.Ready() {
						switch e := e.(type) {
						case AskBlocks:
							queue = append(queue, e)
						case Deliver:
							n := tree.byHash[e.Hash]
							n.body = true
							m.Settled(now, e.Hash, Stored)
							if n.header.Prev == tree.tip.hash {
								tree.tip = n
								m.Progress(now)
							}
						}
					}
				}
				if tree.tip == nodes[len(nodes)-1] {
					b.StopTimer()
					m, queue = fresh(), nil
					b.StartTimer()
				}
				if len(queue) == 0 {
					continue
				}
				ask := &queue[0]
				now = now.Add(time.Millisecond)
				m.Arrived(now, ask.Peer, ask.Hashes[0], 250)
				if ask.Hashes = ask.Hashes[1:]; len(ask.Hashes) == 0 {
					queue = queue[1:]
				}
			}
		})
	}
}

// fixedBest is a tree whose best header needs no search.
func (f *fakeTree) fixedBest(n *fakeNode) Tree { return bestTree{f, n} }

type bestTree struct {
	*fakeTree
	best *fakeNode
}

func (t bestTree) Best() Node { return t.best }
