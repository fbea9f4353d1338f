package estimate

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/troupe-node/troupe/tx"
)

// market lets transactions of some feerates come, and confirms them as miners do
// who take the best first and have room for a share.
type market struct {
	e       *Estimator
	rng     *rand.Rand
	height  int32
	serial  uint64
	waiting map[tx.Hash]Confirmation
}

func newMarket() *market {
	m := &market{e: New(), rng: rand.New(rand.NewPCG(1, 2)), height: 100, waiting: map[tx.Hash]Confirmation{}}
	m.e.Block(m.height, nil)
	return m
}

// block lets n transactions of each rate come and confirms all that pay at least
// the price, and a tenth of the others.
func (m *market) block(n int, price int64, rates ...int64) {
	for _, rate := range rates {
		for range n {
			m.serial++
			var id tx.Hash
			binary.LittleEndian.PutUint64(id[:], m.serial)
			m.waiting[id] = Confirmation{id, rate}
			m.e.Added(id, m.height, rate)
		}
	}
	m.height++
	var confirmed []Confirmation
	for id, c := range m.waiting {
		if c.PerKVB >= price || m.rng.IntN(100) == 0 {
			confirmed = append(confirmed, c)
			delete(m.waiting, id)
		}
	}
	m.e.Block(m.height, confirmed)
}

func TestNothingIsKnownWithoutExperience(t *testing.T) {
	e := New()
	if a := e.Estimate(6, false); a.Known || e.Longest() != 0 {
		t.Fatalf("%+v", a)
	}
	e.Block(100, nil)
	for h := int32(101); h < 300; h++ {
		e.Block(h, nil)
	}
	if a := e.Estimate(6, true); a.Known {
		t.Fatalf("it knows %+v from empty blocks", a)
	}
}

func TestAFewTransactionsAreNotEnough(t *testing.T) {
	m := newMarket()
	m.block(1, 0, 5000)
	for range 100 {
		m.block(0, 0)
	}
	if a := m.e.Estimate(2, false); a.Known {
		t.Fatalf("%+v from a single transaction", a)
	}
}

func TestTheEstimateIsThePriceThatMinersAsk(t *testing.T) {
	m := newMarket()
	for range 200 {
		m.block(10, 20_000, 2000, 5000, 10_000, 20_000, 50_000)
	}
	a := m.e.Estimate(2, false)
	if !a.Known || a.PerKVB < 19_000 || a.PerKVB > 21_000 {
		t.Fatalf("%+v", a)
	}
	for range 300 { // prices rise
		m.block(10, 50_000, 2000, 5000, 10_000, 20_000, 50_000)
	}
	if a = m.e.Estimate(2, false); !a.Known || a.PerKVB < 48_000 {
		t.Fatalf("%+v after prices rose", a)
	}
	if long := m.e.Longest(); long != min(1008, 499/2) && long < 200 {
		t.Fatal(long)
	}
}

func TestAConservativeEstimateIsNeverLess(t *testing.T) {
	m := newMarket()
	for range 300 {
		m.block(5, 30_000, 1000, 30_000, 60_000)
	}
	for range 30 {
		m.block(5, 1000, 1000, 30_000, 60_000)
	}
	for blocks := 2; blocks <= 48; blocks++ {
		bold, careful := m.e.Estimate(blocks, false), m.e.Estimate(blocks, true)
		if bold.Known && (!careful.Known || careful.PerKVB < bold.PerKVB) {
			t.Fatalf("%d blocks: %+v, carefully %+v", blocks, bold, careful)
		}
	}
}

func TestWhatLeavesUnconfirmedCountsAgainstItsRate(t *testing.T) {
	m := newMarket()
	for i := range 200 {
		m.block(10, 20_000, 5000, 20_000)
		if i%20 == 19 {
			for id, c := range m.waiting {
				if c.PerKVB == 5000 {
					m.e.Removed(id)
					delete(m.waiting, id)
				}
			}
		}
	}
	if a := m.e.Estimate(4, false); !a.Known || a.PerKVB < 19_000 {
		t.Fatalf("%+v", a)
	}
	if len(m.e.tracked) != len(m.waiting) {
		t.Fatalf("%d tracked, %d wait", len(m.e.tracked), len(m.waiting))
	}
}

func TestABlockThatWasSeenTeachesNothingTwice(t *testing.T) {
	m := newMarket()
	for range 50 {
		m.block(10, 0, 5000)
	}
	before := m.e.records[Short].count[len(m.e.limits)/2]
	m.e.Block(m.height-3, nil)
	m.e.Block(m.height, nil)
	if m.e.records[Short].count[len(m.e.limits)/2] != before || m.e.height != m.height {
		t.Fatal("an old block changed something")
	}
}

func BenchmarkBlock(b *testing.B) {
	e, _ := Decode(someFile())
	b.ReportAllocs()
	for b.Loop() {
		e.Block(e.Height()+1, nil)
	}
}
