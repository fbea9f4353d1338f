package download

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/troupe-node/troupe/tx"
)

// TestTheBestChainIsFoundWhateverMostPeersDo plays a header synchronisation from
// peers with different chains, some of whom never answer or answer with
// nonsense. In the end the best chain that an honest peer has is known, and so is
// who has a chain that is not part of it; no honest peer was sent away, and none
// was asked twice at once.
func TestTheBestChainIsFoundWhateverMostPeersDo(t *testing.T) {
	tree := newFakeTree(t)
	tree.grow("a", 4400, tree.tip)
	tree.grow("b", 2300, tree.node("a2200"))
	rapid.Check(t, func(t *rapid.T) {
		for _, n := range tree.byHash {
			n.known = n.height == 0
		}
		s := &headerSim{fakeTree: tree, t: t, now: epoch, best: tree.node("genesis")}
		s.m = NewHeaders(HeadersConfig{Params: tree.params}, s, func() uint64 { return 7 })
		n := rapid.IntRange(1, 5).Draw(t, "peers")
		for i := range n {
			p := &headerSimPeer{id: PeerID(i), kind: "honest"}
			if i > 0 {
				p.kind = rapid.SampledFrom([]string{"honest", "silent", "nonsense", "dies"}).Draw(t, "kind")
			}
			line := tree.lines[rapid.SampledFrom([]string{"a", "b"}).Draw(t, "line")]
			p.tip = line.nodes[rapid.IntRange(0, len(line.nodes)-1).Draw(t, "length")]
			s.peers = append(s.peers, p)
		}
		for _, i := range rapid.Permutation([]int{0, 1, 2, 3, 4}).Draw(t, "order") {
			if i < n {
				s.m.PeerUp(s.now, PeerID(i), HeadersPeer{Outbound: i%2 == 0, Preferred: i%2 == 0, Serves: true})
				s.effects()
			}
		}
		for range 1200 {
			s.step()
		}
		want := s.peers[0].tip
		for _, p := range s.peers {
			if p.kind != "honest" {
				continue
			}
			if p.gone {
				t.Fatalf("honest peer %d was sent away", p.id)
			}
			// Who has nothing that we lack answers with nothing, and stays unknown.
			if got := s.m.Best(p.id); got != Node(p.tip) && !s.covered(p) {
				t.Fatalf("peer %d has %s, is known to have %v", p.id, tree.name(p.tip.hash), got)
			}
			if want.work.Less(p.tip.work) {
				want = p.tip
			}
		}
		if s.best.work.Less(want.work) {
			t.Fatalf("best header is %s, somebody has %s", tree.name(s.best.hash), tree.name(want.hash))
		}
		if len(s.m.batches) != 0 {
			t.Fatalf("%d batches left", len(s.m.batches))
		}
	})
}

type headerSimPeer struct {
	id    PeerID
	kind  string
	tip   *fakeNode
	asked []AskHeaders
	gone  bool
}

type headerSim struct {
	*fakeTree
	t      *rapid.T
	m      *Headers
	now    time.Time
	best   *fakeNode
	peers  []*headerSimPeer
	checks []CheckHeaders
}

func (s *headerSim) Best() Node { return s.best }

func (s *headerSim) effects() {
	for _, e := range s.m.Ready() {
		switch e := e.(type) {
		case AskHeaders:
			p := s.peers[e.Peer]
			if len(p.asked) > 0 && p.kind == "honest" {
				s.t.Fatalf("peer %d was asked twice at once", e.Peer)
			}
			p.asked = append(p.asked, e)
		case CheckHeaders:
			s.checks = append(s.checks, e)
		case Disconnect:
			p := s.peers[e.Peer]
			if !p.gone {
				p.gone = true
				s.m.PeerDown(s.now, p.id)
			}
		}
	}
}

// covered says whether another honest peer's chain holds all of a peer's.
func (s *headerSim) covered(p *headerSimPeer) bool {
	for _, q := range s.peers {
		if q != p && q.kind == "honest" && isAncestor(p.tip, q.tip) {
			return true
		}
	}
	return false
}

// step lets a second pass: peers answer, the chain checks one batch.
func (s *headerSim) step() {
	s.now = s.now.Add(time.Second)
	for _, p := range s.peers {
		if p.gone || len(p.asked) == 0 {
			continue
		}
		ask := p.asked[0]
		switch p.kind {
		case "silent":
			continue
		case "dies":
			p.gone = true
			s.m.PeerDown(s.now, p.id)
		case "nonsense":
			p.asked = p.asked[1:]
			s.m.Arrived(s.now, p.id, []tx.Header{s.node("b7").header})
		default:
			p.asked = p.asked[1:]
			s.m.Arrived(s.now, p.id, s.answer(p, ask.Locator))
		}
		s.effects()
	}
	if len(s.checks) > 0 {
		c := s.checks[0]
		s.checks = s.checks[1:]
		var last *fakeNode
		for i := range c.Headers {
			n := s.byHash[c.Headers[i].Hash()]
			if parent := s.byHash[c.Headers[i].Prev]; parent == nil || !parent.known {
				s.t.Fatalf("headers that do not connect went to the chain")
			}
			n.known, last = true, n
		}
		if s.best.work.Less(last.work) {
			s.best = last
		}
		s.m.Checked(s.now, c.Batch, last, nil)
	}
	s.m.Tick(s.now)
	s.effects()
}

// answer is what a node with this tip says to a locator.
func (s *headerSim) answer(p *headerSimPeer, locator []tx.Hash) (out []tx.Header) {
	from := int32(0)
	for _, h := range locator {
		if n := s.byHash[h]; n != nil && isAncestor(n, p.tip) {
			from = n.height
			break
		}
	}
	for h := from + 1; h <= p.tip.height && len(out) < maxHeaders; h++ {
		out = append(out, p.tip.Ancestor(h).(*fakeNode).header)
	}
	return out
}
