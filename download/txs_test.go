package download

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/troupe-node/troupe/tx"
)

// txsPlayer drives a Txs machine by script. Transactions are letters.
type txsPlayer struct {
	m   *Txs
	now time.Time
}

func newTxsPlayer(testing.TB) player {
	return &txsPlayer{m: NewTxs(TxsConfig{}, 1), now: epoch}
}

func txOf(s string) TxID {
	witness := true
	if len(s) > 5 && s[:5] == "txid:" {
		witness, s = false, s[5:]
	}
	return TxID{tx.Hash{s[0]}, witness}
}

func (p *txsPlayer) play(command string, words []string) []string {
	var said []string
	switch command {
	case "peer":
		p.m.PeerUp(peerOf(words[0]), TxsPeer{Preferred: has(words, "outbound"), Trusted: has(words, "trusted"), WTxID: !has(words, "txid")})
	case "down":
		p.m.PeerDown(p.now, peerOf(words[0]))
	case "inv":
		var ids []TxID
		for _, w := range words[1:] {
			ids = append(ids, txOf(w))
		}
		if shed := p.m.Announced(p.now, peerOf(words[0]), ids); shed > 0 {
			said = append(said, fmt.Sprintf("%d ignored", shed))
		}
	case "tx", "notfound":
		p.m.Answered(p.now, peerOf(words[0]), txOf(words[1]).Hash)
	case "forget":
		p.m.Forget(txOf(words[0]).Hash)
	case "back": // the clock is set back
		p.now = p.now.Add(-duration(words[0]))
		p.m.Tick(p.now)
	case "count":
		return []string{fmt.Sprintf("%d announcements", p.m.Len())}
	case "wait":
		begin := p.now
		for end := p.now.Add(duration(words[0])); p.now.Before(end); {
			p.now = p.now.Add(100 * time.Millisecond)
			p.m.Tick(p.now)
			for _, e := range p.m.Ready() {
				said = append(said, fmt.Sprintf("after %s: %s", p.now.Sub(begin), (&fakeTree{}).show(e)))
			}
		}
	default:
		panic("unknown command " + command)
	}
	for _, e := range p.m.Ready() {
		said = append(said, (&fakeTree{}).show(e))
	}
	return said
}

// simpleTxs is the same machine written for clarity alone: it looks at
// everything each time.
type simpleTxs struct {
	cfg   TxsConfig
	real  *Txs // for priorities
	peers map[PeerID]*txsPeer
	all   []*simpleTx
	wtxid int
}

type simpleTx struct {
	peer  PeerID
	id    TxID
	state txState // delayed, candidate, requested or done; ready is decided afresh
	at    time.Time
}

func (m *simpleTxs) inflight(id PeerID) (n int) {
	for _, a := range m.all {
		if a.peer == id && a.state == requested {
			n++
		}
	}
	return n
}

func (m *simpleTxs) find(id PeerID, h tx.Hash) *simpleTx {
	for _, a := range m.all {
		if a.peer == id && a.id.Hash == h {
			return a
		}
	}
	return nil
}

func (m *simpleTxs) tick(now time.Time) (asked []string) {
	for _, a := range m.all {
		if !a.at.After(now) {
			switch a.state {
			case delayed:
				a.state = candidate
			case requested:
				a.state = done
			}
		}
	}
	m.drop()
	for _, a := range m.all {
		if a.state != candidate {
			continue
		}
		best := true
		for _, b := range m.all {
			if b.id.Hash == a.id.Hash && b != a && (b.state == requested || b.state == candidate && m.before(b, a)) {
				best = false
			}
		}
		if best {
			asked = append(asked, fmt.Sprintf("%d %v", a.peer, a.id))
			a.state, a.at = requested, now.Add(m.cfg.AnswerTimeout)
		}
	}
	return asked
}

func (m *simpleTxs) before(b, a *simpleTx) bool {
	return m.real.priority(m.peers[b.peer], b.id.Hash) > m.real.priority(m.peers[a.peer], a.id.Hash)
}

// drop forgets transactions of which every announcement is done.
func (m *simpleTxs) drop() {
	var kept []*simpleTx
	for _, a := range m.all {
		for _, b := range m.all {
			if b.id.Hash == a.id.Hash && b.state != done {
				kept = append(kept, a)
				break
			}
		}
	}
	m.all = kept
}

func TestTxsAsksWhatTheSimpleMachineAsks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := TxsConfig{MaxInFlight: 2, MaxAnnounced: 6}.withDefaults()
		real := NewTxs(cfg, rapid.Uint64().Draw(t, "salt"))
		simple := &simpleTxs{cfg: cfg, real: real, peers: map[PeerID]*txsPeer{}}
		now := epoch
		peer := func(t *rapid.T) PeerID { return PeerID(rapid.IntRange(1, 5).Draw(t, "peer")) }
		id := func(t *rapid.T) TxID {
			return TxID{tx.Hash{byte(rapid.IntRange('a', 'h').Draw(t, "tx"))}, rapid.Bool().Draw(t, "witness")}
		}
		compare := func(t *rapid.T) {
			want := map[string]bool{}
			for _, s := range simple.tick(now) {
				want[s] = true
			}
			got := map[string]bool{}
			for _, e := range real.Ready() {
				for _, x := range e.(AskTxs).IDs {
					got[fmt.Sprintf("%d %v", e.(AskTxs).Peer, x)] = true
				}
			}
			if fmt.Sprint(sortedKeys(want)) != fmt.Sprint(sortedKeys(got)) {
				t.Fatalf("asked %v, want %v", sortedKeys(got), sortedKeys(want))
			}
			if real.Len() != len(simple.all) || len(real.clock) > real.Len() {
				t.Fatalf("%d announcements and %d deadlines, want %d", real.Len(), len(real.clock), len(simple.all))
			}
			for p := range simple.peers {
				if _, n := real.Counts(p); n != simple.inflight(p) {
					t.Fatalf("peer %d: %d requests under way, want %d", p, n, simple.inflight(p))
				}
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"peer": func(t *rapid.T) {
				p := peer(t)
				info := TxsPeer{Preferred: rapid.Bool().Draw(t, "preferred"), Trusted: rapid.Bool().Draw(t, "trusted"), WTxID: rapid.Bool().Draw(t, "wtxid")}
				if simple.peers[p] == nil {
					simple.peers[p] = &txsPeer{TxsPeer: info, id: p}
					if info.WTxID {
						simple.wtxid++
					}
				}
				real.PeerUp(p, info)
				compare(t)
			},
			"down": func(t *rapid.T) {
				p := peer(t)
				if simple.peers[p] == nil {
					return
				}
				if simple.peers[p].WTxID {
					simple.wtxid--
				}
				delete(simple.peers, p)
				var kept []*simpleTx
				for _, a := range simple.all {
					if a.peer != p {
						kept = append(kept, a)
					}
				}
				simple.all = kept
				simple.drop()
				real.PeerDown(now, p)
				compare(t)
			},
			"announce": func(t *rapid.T) {
				p, x := peer(t), id(t)
				info := simple.peers[p]
				if info != nil && simple.find(p, x.Hash) == nil {
					n := 0
					for _, a := range simple.all {
						if a.peer == p {
							n++
						}
					}
					if info.Trusted || n < cfg.MaxAnnounced {
						delay := time.Duration(0)
						if !info.Preferred {
							delay += cfg.NonPreferredDelay
						}
						if !x.Witness && simple.wtxid > 0 {
							delay += cfg.TxIDDelay
						}
						if !info.Trusted && simple.inflight(p) >= cfg.MaxInFlight {
							delay += cfg.OverloadedDelay
						}
						simple.all = append(simple.all, &simpleTx{peer: p, id: x, at: now.Add(delay)})
					}
				}
				real.Announced(now, p, []TxID{x})
				compare(t)
			},
			"answer": func(t *rapid.T) {
				p, x := peer(t), id(t)
				if a := simple.find(p, x.Hash); a != nil {
					a.state = done
				}
				simple.drop()
				real.Answered(now, p, x.Hash)
				compare(t)
			},
			"forget": func(t *rapid.T) {
				x := id(t)
				var kept []*simpleTx
				for _, a := range simple.all {
					if a.id.Hash != x.Hash {
						kept = append(kept, a)
					}
				}
				simple.all = kept
				real.Forget(x.Hash)
				compare(t)
			},
			"wait": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.IntRange(1, 70).Draw(t, "seconds")) * time.Second)
				real.Tick(now)
				compare(t)
			},
		})
	})
}

func TestTxsStaysWithinItsLimits(t *testing.T) {
	m := NewTxs(TxsConfig{MaxTotal: 12_000}, 1)
	for p := range PeerID(4) {
		m.PeerUp(p, TxsPeer{WTxID: true})
		ids := make([]TxID, 50_000)
		for i := range ids {
			ids[i] = TxID{tx.Hash{byte(i), byte(i >> 8), byte(p)}, true}
		}
		m.Announced(epoch, p, ids)
		if n, _ := m.Counts(p); n > 5000 {
			t.Errorf("peer %d: %d announcements", p, n)
		}
	}
	if m.Len() != 12_000 {
		t.Errorf("%d announcements in all", m.Len())
	}
	for p := range PeerID(4) {
		m.PeerDown(epoch, p)
	}
	if m.Len() != 0 || len(m.wanted) != 0 || len(m.clock) != 0 {
		t.Errorf("left behind: %d announcements, %d transactions, %d deadlines", m.Len(), len(m.wanted), len(m.clock))
	}
}

func BenchmarkTxsAnnounceAskAnswer(b *testing.B) {
	b.ReportAllocs()
	m := NewTxs(TxsConfig{}, 1)
	for p := range PeerID(8) {
		m.PeerUp(p, TxsPeer{Preferred: true, WTxID: true})
	}
	n := 0
	for b.Loop() {
		n++
		h := tx.Hash{byte(n), byte(n >> 8), byte(n >> 16)}
		for p := range PeerID(8) {
			m.Announced(epoch, p, []TxID{{h, true}})
		}
		m.Ready()
		m.Forget(h)
	}
}
