package chainstate

import (
	"errors"
	"math/rand"
	"testing"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
	"pgregory.net/rapid"
)

// world is a base chain made once, and the store after it, so that each
// property case begins with coins to spend.
type world struct {
	params *consensus.Params
	base   []*tx.Block
}

func newWorld(t *testing.T) *world {
	p := regtest(t)
	return &world{params: p, base: newMaker(t, p).chain("base", "genesis", ripe)}
}

func (w *world) maker(t *testing.T) *maker {
	m := newMaker(t, w.params)
	for i, b := range w.base {
		m.know("base"+itoa(i+1), b, int32(i+1))
	}
	return m
}

func itoa(i int) string {
	if i < 10 {
		return string(rune('0' + i))
	}
	return itoa(i/10) + string(rune('0'+i%10))
}

func (w *world) rig(t *testing.T, opts Options, m *maker) *rig {
	r := newRig(t, w.params, opts)
	r.name, r.quiet = m.name, true
	r.addAll(w.base)
	return r
}

func drawOptions(t *rapid.T) Options {
	return Options{
		AheadBlocks: rapid.IntRange(1, 5).Draw(t, "ahead"),
		AheadInputs: rapid.SampledFrom([]int{1, 3, 1000}).Draw(t, "inputs"),
		StepCoins:   rapid.SampledFrom([]int{1, 30, 1000}).Draw(t, "step"),
		LoadAbove:   rapid.SampledFrom([]int{-1, 1, 1000}).Draw(t, "load"),
		LayerBytes:  rapid.SampledFrom([]int{1, 2000, 1 << 20}).Draw(t, "layers"),
		BodyBytes:   rapid.SampledFrom([]int{1, 1 << 20}).Draw(t, "bodies"),
		BatchInputs: rapid.IntRange(1, 3).Draw(t, "batch"),
	}
}

// play hands the tree's blocks to a machine in a drawn order, with drawn
// delays of everything, and drawn crashes, until nothing is left to do.
func (tr *tree) play(t *rapid.T, r *rig, crashes bool) {
	tr.feedHeaders(t, r)
	order := make([]int, len(tr.blocks))
	for i := range order {
		order[i] = i
	}
	seed := rapid.Int64().Draw(t, "order")
	rand.New(rand.NewSource(seed)).Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	for _, i := range order {
		tr.shuffleHolds(t, r)
		r.add(tr.blocks[i].block, Submission{Requested: true})
		tr.work(t, r)
		tr.checkSnapshot(t, r)
		if crashes && rapid.IntRange(0, 7).Draw(t, "crash") == 0 {
			r.crash()
			tr.checkSnapshot(t, r)
			tr.feedHeaders(t, r)
		}
	}
	r.holdJobs, r.holdWrites, r.holdLoads = false, false, false
	r.run()
	if crashes { // bodies that were lost come again
		for _, b := range tr.blocks {
			r.add(b.block, Submission{Requested: true})
		}
	}
	r.now += 10
	r.m.Tick(r.now)
	r.run()
}

// feedHeaders hands in all headers; those on a block that is known to be bad
// are refused.
func (tr *tree) feedHeaders(t *rapid.T, r *rig) {
	for _, h := range tr.headers() {
		if _, err := r.m.AddHeaders(r.now, []tx.Header{h}); err != nil && !consensus.ResultOf(err).Permanent() {
			t.Fatalf("header refused: %v", err)
		}
	}
	r.run()
}

func (tr *tree) shuffleHolds(t *rapid.T, r *rig) {
	bits := rapid.IntRange(0, 7).Draw(t, "holds")
	r.holdJobs, r.holdWrites, r.holdLoads = bits&1 != 0, bits&2 != 0, bits&4 != 0
}

// work does some of what was held back, jobs in any order.
func (tr *tree) work(t *rapid.T, r *rig) {
	if len(r.jobs) > 0 && rapid.Bool().Draw(t, "job") {
		i := rapid.IntRange(0, len(r.jobs)-1).Draw(t, "which")
		j := r.jobs[i]
		r.jobs = append(r.jobs[:i:i], r.jobs[i+1:]...)
		err := j.Run(nil)
		if rapid.IntRange(0, 5).Draw(t, "broken") == 0 && !r.m.jobsRetried(j.ID) {
			err = errors.New("a worker died")
		}
		r.m.Verified(j.ID, err)
		r.run()
	}
	if len(r.writes) > 0 && rapid.Bool().Draw(t, "write") {
		r.write()
		r.run()
	}
	if rapid.IntRange(0, 3).Draw(t, "tick") == 0 {
		r.now++
		r.m.Tick(r.now)
		r.run()
	}
}

// jobsRetried reports whether a second failure of the job would stop the
// machine.
func (m *Machine) jobsRetried(id uint64) bool { return m.jobs[id] != nil && m.jobs[id].retried }

// checkSnapshot compares what readers see with the model.
func (tr *tree) checkSnapshot(t *rapid.T, r *rig) {
	if r.err != nil {
		t.Fatalf("the machine stopped: %v", r.err)
	}
	s := r.published
	if s.Tip().Failed() {
		t.Fatalf("a failed block is published: %s", tr.name(s.Tip().Hash()))
	}
	for _, b := range tr.blocks {
		if b.block.Hash() != s.CoinsTip().Hash() {
			continue
		}
		if !b.valid {
			t.Fatalf("the invalid block %s is published", b.name)
		}
		tr.checkCoins(t, s, b)
	}
}

// checkCoins asks a snapshot for every coin that any block of the tree has.
func (tr *tree) checkCoins(t *rapid.T, s *Snapshot, b *treeBlock) {
	var ops []tx.OutPoint
	for _, other := range tr.blocks {
		for op := range other.coins {
			ops = append(ops, op)
		}
	}
	coins, err := s.Coins(ops)
	if err != nil {
		t.Fatal(err)
	}
	one, err := s.Coin(ops[0])
	if err != nil || (one == nil) != (coins[0] == nil) {
		t.Fatalf("asked alone for %s: %v, %v", ops[0], one, err)
	}
	for i, op := range ops {
		want, exists := b.coins[op]
		got := coins[i]
		if (got != nil) != exists {
			t.Fatalf("coin %s at %s: %v; want there: %v", op, b.name, got, exists)
		}
		if exists && (got.Output.Value != want.Output.Value || got.Height != want.Height || got.Coinbase != want.Coinbase) {
			t.Fatalf("coin %s at %s is %+v, want %+v", op, b.name, got, want)
		}
	}
}

// checkEnd compares the end with the model: the best valid block, and exactly
// its coins.
func (tr *tree) checkEnd(t *rapid.T, r *rig) {
	if r.err != nil {
		t.Fatalf("the machine stopped: %v", r.err)
	}
	if got := r.published.Tip().Hash(); got != tr.best.block.Hash() {
		t.Fatalf("ended at %s, the best is %s", tr.name(got), tr.best.name)
	}
	if !r.m.Idle() {
		t.Fatal("the machine is not idle")
	}
	for _, n := range r.m.subs.undecided {
		if r.m.subs.waits(n) {
			t.Fatalf("no verdict about %s", tr.name(n.Hash()))
		}
	}
	r.flush()
	snap, err := r.store.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	defer snap.Release()
	coins := 0
	err = snap.EachCoin(func(op tx.OutPoint, c *consensus.Coin) error {
		coins++
		if want, ok := tr.best.coins[op]; !ok || want.Height != c.Height || want.Output.Value != c.Output.Value {
			t.Fatalf("coin %s at the end is %+v, want %+v", op, c, want)
		}
		return nil
	})
	if err != nil || coins != len(tr.best.coins) {
		t.Fatalf("%d coins at the end, want %d (%v)", coins, len(tr.best.coins), err)
	}
}

func TestAnyOrderOfArrivalEndsAtTheSameTipAndCoins(t *testing.T) {
	w := newWorld(t)
	rapid.Check(t, func(rt *rapid.T) {
		m := w.maker(t)
		tr := growTree(rt, m, w.base)
		r := w.rig(t, drawOptions(rt), m)
		tr.play(rt, r, false)
		tr.checkEnd(rt, r)
		for _, c := range r.tipChanges {
			// Equal work is enough for a block that was complete before the tip:
			// it lost only to something on top of the tip that turned out bad.
			if !better(c.New, c.Old) {
				rt.Fatalf("tip moved from %s to %s, which is no better", m.name(c.Old.Hash()), m.name(c.New.Hash()))
			}
		}
		tr.checkVerdicts(rt, r)
	})
}

// checkVerdicts holds the final verdicts against the model: no bad block was
// called connected, and no good one refused.
func (tr *tree) checkVerdicts(t *rapid.T, r *rig) {
	first := map[tx.Hash]int{}
	for _, v := range r.verdicts {
		if !v.Late {
			first[v.Hash]++
		}
		for _, b := range tr.blocks {
			if b.block.Hash() != v.Hash {
				continue
			}
			if b.valid && (v.Outcome == Refused || v.Outcome == Failed) || !b.valid && v.Outcome == Connected {
				t.Fatalf("block %s (valid: %v): %s %v", b.name, b.valid, v.Outcome, v.Err)
			}
		}
	}
	for _, b := range tr.blocks {
		if first[b.block.Hash()] != 1 {
			t.Fatalf("block %s got %d first verdicts", b.name, first[b.block.Hash()])
		}
	}
}

func TestACrashAnywhereResumesAndEndsTheSame(t *testing.T) {
	w := newWorld(t)
	rapid.Check(t, func(rt *rapid.T) {
		m := w.maker(t)
		tr := growTree(rt, m, w.base)
		r := w.rig(t, drawOptions(rt), m)
		r.flush()
		tr.play(rt, r, true)
		tr.checkEnd(rt, r)
	})
}

func TestInvalidateThenReconsiderGivesTheSameCoins(t *testing.T) {
	w := newWorld(t)
	rapid.Check(t, func(rt *rapid.T) {
		m := w.maker(t)
		tr := growTree(rt, m, w.base)
		r := w.rig(t, drawOptions(rt), m)
		tr.play(rt, r, false)
		tr.checkEnd(rt, r)
		for range 3 {
			victim := r.published.AtHeight(int32(rapid.IntRange(ripe-2, int(tr.best.height)).Draw(rt, "height")))
			if victim == nil {
				continue
			}
			if err := r.m.Invalidate(victim.Hash()); err != nil {
				rt.Fatal(err)
			}
			r.run()
			if r.published.Tip().Descends(victim) || !r.m.Idle() {
				rt.Fatalf("still at %s after %s was invalidated", r.tip(), m.name(victim.Hash()))
			}
			tr.checkSnapshot(rt, r)
			if rapid.Bool().Draw(rt, "back") {
				if err := r.m.Reconsider(victim.Hash()); err != nil {
					rt.Fatal(err)
				}
				r.run()
			}
		}
		for _, b := range append(tr.base[ripe-3:], blocksOf(tr)...) { // whatever was marked
			if r.m.Index().Get(b.Hash()) == nil {
				continue
			}
			if err := r.m.Reconsider(b.Hash()); err != nil {
				rt.Fatal(err)
			}
			r.run()
		}
		tr.checkEnd(rt, r)
	})
}

func blocksOf(tr *tree) []*tx.Block {
	var bs []*tx.Block
	for _, b := range tr.blocks {
		bs = append(bs, b.block)
	}
	return bs
}
