package download

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

func TestBitsComeOutAsTheyWentIn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q bitQueue
		var model []bool
		for _, push := range rapid.SliceOfN(rapid.Bool(), 0, 400).Draw(t, "push or pop") {
			switch {
			case push:
				bit := rapid.Bool().Draw(t, "bit")
				q.push(bit)
				model = append(model, bit)
			case len(model) > 0:
				if got := q.pop(); got != model[0] {
					t.Fatalf("got %v after %d pops", got, q.head)
				}
				model = model[1:]
			}
			if q.len() != len(model) {
				t.Fatalf("%d bits, want %d", q.len(), len(model))
			}
		}
	})
}

// fetchTwice plays a chain the first time and perhaps another the second, and
// gives what passed.
func fetchTwice(tree *fakeTree, salt uint64, required consensus.Work, first, second []tx.Header) (passed []tx.Header, err error) {
	s := newPresync(epoch, tree.params, tree.tip, required, salt)
	sent, again := 0, false
	for {
		if s.again && !again {
			again, sent, first = true, 0, second
		}
		part := first[sent:min(sent+maxHeaders, len(first))]
		sent += len(part)
		pass, done, err := s.take(part)
		passed = append(passed, pass...)
		if done {
			return passed, err
		}
	}
}

// The same chain passes completely and in order. Another one the second time
// passes nothing, since everything is still held back when the bits differ; that
// ten bits agree by chance happens once in a thousand times.
func TestALowWorkChainPassesWholeOrNotAtAll(t *testing.T) {
	tree := newFakeTree(t)
	tree.grow("a", 7000, tree.tip)
	tree.grow("b", 6000, tree.node("a1000"))
	honest := headersOf(tree.nodes("a1..a7000"))
	other := headersOf(tree.nodes("a1..b6000"))
	required := tree.node("a6500").work
	cheated := 0
	for i := range uint64(40) {
		salt := (i + 1) * 0x9e3779b97f4a7c15
		passed, err := fetchTwice(tree, salt, required, honest, honest)
		if err != nil || len(passed) < 6500 {
			t.Fatalf("salt %x: only %d headers passed: %v", salt, len(passed), err)
		}
		for i := range passed {
			if passed[i] != honest[i] {
				t.Fatalf("salt %x: header %d is another one", salt, i)
			}
		}
		passed, err = fetchTwice(tree, salt, required, honest, other)
		switch {
		case err == nil:
			cheated++
		case len(passed) > 0:
			t.Fatalf("salt %x: %d headers of another chain passed before it was found out", salt, len(passed))
		}
	}
	if cheated > 1 {
		t.Errorf("another chain passed %d of 40 times", cheated)
	}
}

func TestALowWorkChainThatBreaksARuleIsLeftAlone(t *testing.T) {
	tree := newFakeTree(t)
	tree.grow("a", 10, tree.tip)
	for name, spoil := range map[string]func(h []tx.Header){
		"gap":       func(h []tx.Header) { h[5] = h[6] },
		"no work":   func(h []tx.Header) { h[9].Nonce += 1; mustFail(t, tree, &h[9]) },
		"easy bits": func(h []tx.Header) { h[9].Bits = 0x217fffff },
	} {
		headers := headersOf(tree.nodes("a1..a10"))
		spoil(headers)
		s := newPresync(epoch, tree.params, tree.tip, consensus.Work{1 << 40}, 1)
		if pass, done, err := s.take(headers); err == nil || !done || len(pass) > 0 {
			t.Errorf("%s: passed %d, done %v, %v", name, len(pass), done, err)
		}
	}
}

// mustFail changes the nonce until the header has no proof of work.
func mustFail(t *testing.T, tree *fakeTree, h *tx.Header) {
	for range 100 {
		if consensus.CheckHeader(h, h.Hash(), tree.params) != nil {
			return
		}
		h.Nonce++
	}
	t.Fatal("every nonce has proof of work")
}

func headersOf(nodes []*fakeNode) (out []tx.Header) {
	for _, n := range nodes {
		out = append(out, n.header)
	}
	return out
}

func TestLocatorsLeadBackToAnyFork(t *testing.T) {
	tree := newFakeTree(t)
	tree.grow("a", 1500, tree.tip)
	tree.grow("b", 300, tree.node("a700"))
	for _, n := range []*fakeNode{tree.node("genesis"), tree.node("a1"), tree.node("a11"), tree.node("a1500"), tree.node("b300")} {
		hashes := locator(n)
		if len(hashes) > 40 || hashes[0] != n.hash || hashes[len(hashes)-1] != tree.params.GenesisHash {
			t.Errorf("%s: %d hashes, from %s to %s", tree.name(n.hash), len(hashes), tree.name(hashes[0]), tree.name(hashes[len(hashes)-1]))
		}
		for i := 1; i < len(hashes); i++ {
			if a, b := tree.byHash[hashes[i]], tree.byHash[hashes[i-1]]; a.height >= b.height || !isAncestor(a, n) || i < 10 && b.height-a.height != 1 {
				t.Errorf("%s: %s follows %s", tree.name(n.hash), tree.name(a.hash), tree.name(b.hash))
			}
		}
	}
	if forkHeight(tree.node("b300"), tree.node("a1500")) != 700 || forkHeight(tree.node("a5"), tree.node("a1500")) != 5 || forkHeight(tree.node("b9"), tree.node("b9")) != 709 {
		t.Error("forks")
	}
}

func BenchmarkHeaders2000(b *testing.B) {
	b.ReportAllocs()
	tree := newFakeTree(b)
	tree.grow("a", 2000, tree.tip)
	headers := headersOf(tree.nodes("a1..a2000"))
	for b.Loop() {
		m := NewHeaders(HeadersConfig{Params: tree.params}, tree.fixedBest(tree.tip), func() uint64 { return 1 })
		m.PeerUp(epoch, 1, HeadersPeer{Serves: true})
		m.Arrived(epoch, 1, headers)
	}
}
