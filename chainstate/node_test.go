package chainstate

import (
	"sync"
	"testing"
	"unsafe"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
	"pgregory.net/rapid"
)

var _ consensus.Ancestry = (*Node)(nil)

// fakeTree makes n nodes, each on a parent chosen by pick, without proof of work.
func fakeTree(n int, pick func(made int) int) []*Node {
	nodes := make([]*Node, 0, n)
	for i := range n {
		h := tx.Header{Bits: 0x207fffff, Nonce: uint32(i)}
		var parent *Node
		if i > 0 {
			parent = nodes[pick(i)]
			h.Prev = parent.hash
		}
		nodes = append(nodes, newNode(&h, h.Hash(), parent))
	}
	return nodes
}

func TestANodeIsSmall(t *testing.T) {
	if size := unsafe.Sizeof(Node{}); size > 160 {
		t.Fatalf("a node takes %d bytes, 900,000 of them live in memory", size)
	}
}

func TestAncestorsAndForksAreThoseOfAPlainWalk(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		nodes := fakeTree(rapid.IntRange(1, 300).Draw(t, "size"), func(made int) int {
			return rapid.IntRange(max(0, made-4), made-1).Draw(t, "parent")
		})
		a := nodes[rapid.IntRange(0, len(nodes)-1).Draw(t, "a")]
		b := nodes[rapid.IntRange(0, len(nodes)-1).Draw(t, "b")]
		onA := map[*Node]bool{}
		for n := a; n != nil; n = n.parent {
			onA[n] = true
			if a.At(n.height) != n {
				t.Fatalf("ancestor of %d at %d is wrong", a.height, n.height)
			}
		}
		fork := b
		for !onA[fork] {
			fork = fork.parent
		}
		if Fork(a, b) != fork || Fork(b, a) != fork {
			t.Fatal("fork is wrong")
		}
		if a.Descends(b) != onA[b] {
			t.Fatal("Descends is wrong")
		}
		if a.At(a.height+1) != nil || a.At(-1) != nil || a.Ancestor(-1) != nil || nodes[0].Parent() != nil {
			t.Fatal("what does not exist was found")
		}
	})
}

func TestAnAncestorIsAFewJumpsAway(t *testing.T) {
	const length = 1 << 17
	nodes := fakeTree(length, func(made int) int { return made - 1 })
	worst := 0
	for h := int32(0); h < length; h += 997 {
		jumps := 0
		for n := nodes[length-1]; n.height > h; jumps++ {
			if n.jump.height >= h {
				n = n.jump
			} else {
				n = n.parent
			}
		}
		worst = max(worst, jumps)
	}
	if worst > 3*17 {
		t.Fatalf("%d jumps for a chain of 2^17", worst)
	}
}

func TestTheIndexIsReadWhileItGrows(t *testing.T) {
	nodes := fakeTree(20_000, func(made int) int { return made - 1 })
	x := NewIndex(0)
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for range 2 {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				n := nodes[i%len(nodes)]
				if got := x.Get(n.hash); got != nil && got != n {
					t.Error("the index returned another node")
					return
				}
			}
		})
	}
	for i, n := range nodes {
		x.insert(n)
		if x.Get(n.hash) != n || x.Len() != i+1 {
			t.Fatalf("node %d is not found after it was put", i)
		}
	}
	close(stop)
	wg.Wait()
	if x.Get(tx.Hash{1}) != nil {
		t.Fatal("an unknown hash was found")
	}
	count := 0
	x.All(func(*Node) bool { count++; return true })
	if count != len(nodes) {
		t.Fatalf("All visited %d of %d", count, len(nodes))
	}
}

func TestALocatorFindsTheFork(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		common := rapid.IntRange(1, 200).Draw(t, "common")
		mine := rapid.IntRange(0, 60).Draw(t, "mine")
		theirs := rapid.IntRange(0, 60).Draw(t, "theirs")
		total := common + mine + theirs
		nodes := fakeTree(total, func(made int) int {
			if made == common+mine {
				return common - 1 // their branch leaves ours here
			}
			return made - 1
		})
		tip, other := nodes[common+mine-1], nodes[total-1]
		if theirs == 0 {
			other = nodes[common-1]
		}
		x := NewIndex(total)
		for _, n := range nodes {
			x.insert(n)
		}
		s := &Snapshot{tip: tip, index: x}
		fork := Fork(tip, other)
		locator := other.Locator()
		got := s.FindFork(locator)
		if !s.Contains(got) || got.height > fork.height {
			t.Fatal("the fork found is not on both chains")
		}
		// A locator names every block near its end, so a near fork is exact.
		if other.height-fork.height <= 10 && got != fork {
			t.Fatalf("fork at %d, found %d", fork.height, got.height)
		}
		if locator[len(locator)-1] != nodes[0].hash || locator[0] != other.hash {
			t.Fatal("a locator goes from the tip to genesis")
		}
		if s.FindFork(nil) != nodes[0] {
			t.Fatal("an empty locator means genesis")
		}
	})
}

func BenchmarkAncestor(b *testing.B) {
	nodes := fakeTree(900_000, func(made int) int { return made - 1 })
	tip := nodes[len(nodes)-1]
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if tip.At(int32(i*7919%900_000)) == nil {
			b.Fatal("lost")
		}
	}
}

func BenchmarkIndexGet(b *testing.B) {
	nodes := fakeTree(900_000, func(made int) int { return made - 1 })
	x := NewIndex(len(nodes))
	for _, n := range nodes {
		x.insert(n)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if x.Get(nodes[i*7919%len(nodes)].hash) == nil {
			b.Fatal("lost")
		}
	}
}
