package mempool

import (
	"bytes"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/chainstate"
	"github.com/troupe-node/troupe/forge"
	"github.com/troupe-node/troupe/mempool/estimate"
	"github.com/troupe-node/troupe/tx"
)

// feeStage keeps its estimates in a directory of the test.
func feeStage(t *testing.T, change ...func(*Deps)) (s *stage, file string) {
	file = filepath.Join(t.TempDir(), estimate.FileName)
	return newStage(t, append([]func(*Deps){func(d *Deps) { d.Fees.File = file }}, change...)...), file
}

func (s *stage) restart() {
	s.cast.Mempool().Stop(nil)
	s.sim.Settle()
	s.start()
}

// next mints a block ten minutes later, and lets the pool see it.
func (s *stage) next(txs ...*tx.Tx) {
	s.t.Helper()
	s.sim.Advance(10 * time.Minute)
	s.chain.SetTime(uint32(s.sim.Now().Unix()))
	s.add(s.mint(s.chain, txs...))
	s.sim.Settle()
}

// market has blocks that confirm ten payments each, until there is an estimate.
func (s *stage) market() estimate.Answer {
	s.t.Helper()
	s.next()
	for range 6 {
		list := s.payments(10)
		s.fromPeer(1, list...)
		s.next(list...)
	}
	a := ask[*msg.FeeEstimated](s, &msg.EstimateFee{Blocks: 2})
	if !a.Known {
		s.t.Fatalf("nothing was learned: %+v", a)
	}
	return a.Answer
}

// confirmed is how many transactions the records of the long horizon know to be
// confirmed. They are too few here for it to tell anything, so that it takes all
// together. What is a block old counts a thousandth less.
func (s *stage) confirmed() float64 {
	s.t.Helper()
	return ask[*msg.RawFeeEstimated](s, &msg.EstimateRawFee{Blocks: 1, Share: 0.5}).Horizons[estimate.Long].Fail.Confirmed
}

func (s *stage) counted() int { return int(math.Round(s.confirmed())) }

func TestWhatFeesDoOutlivesARestart(t *testing.T) {
	s, file := feeStage(t)
	if len(s.log.notes) != 1 || s.log.notes[0] != file+" is not found. Continue anyway." {
		t.Fatal(s.log.notes)
	}
	before := s.market()
	s.fromPeer(1, s.payments(3)...) // these wait in vain
	s.restart()
	if got := ask[*msg.FeeEstimated](s, &msg.EstimateFee{Blocks: 2}); got.Answer != before {
		t.Errorf("%+v, and %+v before the restart", got.Answer, before)
	}
	if notes := s.log.notes; notes[len(notes)-1] != "Flushed fee estimates to fee_estimates.dat." {
		t.Error(notes)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s.restart()
	again, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(again, raw) {
		t.Errorf("without a block between, the file has changed (%v)", err)
	}
	// The records go on where they were.
	s.market()
	if n := s.counted(); n < 119 || s.log.learned != 120 {
		t.Errorf("%d of 120 are known, and %d were said to be learned from", n, s.log.learned)
	}
}

func TestWhatWaitsAtTheEndHasWaitedInVain(t *testing.T) {
	s, _ := feeStage(t)
	s.market()
	s.fromPeer(1, s.payments(3)...)
	s.next()
	s.restart()
	short := ask[*msg.RawFeeEstimated](s, &msg.EstimateRawFee{Blocks: 1, Share: 0.95}).Horizons[estimate.Short]
	if short.Fail.Left+short.Pass.Left == 0 {
		t.Errorf("%+v", short)
	}
}

func TestWhatReturnsFromTheFileOfTheLastRunIsLearnedFrom(t *testing.T) {
	s, _ := feeStage(t, func(d *Deps) { d.File, d.Keep = filepath.Join(t.TempDir(), "mempool.dat"), true })
	s.market()
	before := s.counted()
	waiting := s.payments(20)
	s.fromPeer(1, waiting...)
	s.restart()
	s.next(waiting...)
	if got := s.counted(); got != before+20 {
		t.Errorf("%d counted, want %d", got, before+20)
	}
}

func TestTheFileIsWrittenEveryHour(t *testing.T) {
	s, file := feeStage(t)
	s.sim.Advance(estimate.FlushInterval - time.Minute)
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("written early: %v", err)
	}
	s.sim.Advance(2 * time.Minute)
	first, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s.market()
	ask[*msg.Done](s, &msg.Forward{By: time.Hour})
	s.sim.Settle()
	second, err := os.ReadFile(file)
	if err != nil || bytes.Equal(first, second) {
		t.Fatalf("the second hour's file is as the first's: %v", err)
	}
	if entries, _ := os.ReadDir(filepath.Dir(file)); len(entries) != 1 {
		t.Errorf("%v is left beside the file", entries)
	}
}

func TestAnOldFileIsLeftAloneUnlessItIsWanted(t *testing.T) {
	s, file := feeStage(t)
	want := s.market()
	s.cast.Mempool().Stop(nil)
	s.sim.Settle()
	age := func(hours int) {
		at := time.Now().Add(-time.Duration(hours)*time.Hour - time.Minute)
		if err := os.Chtimes(file, at, at); err != nil {
			t.Fatal(err)
		}
	}
	known := func() estimate.Answer {
		t.Helper()
		s.log.notes = nil
		s.start()
		a := ask[*msg.FeeEstimated](s, &msg.EstimateFee{Blocks: 2}).Answer
		return a
	}
	age(61)
	s.deps.Fees.Stale = true
	if got := known(); got != want {
		t.Errorf("-acceptstalefeeestimates: %+v", got)
	}
	s.cast.Mempool().Stop(nil)
	s.sim.Settle()
	age(60)
	s.deps.Fees.Stale = false
	if got := known(); got != want {
		t.Errorf("after sixty hours: %+v", got)
	}
	s.cast.Mempool().Stop(nil)
	s.sim.Settle()
	age(61)
	if got := known(); got.Known {
		t.Errorf("after 61 hours: %+v", got)
	}
	if want := "Fee estimation file " + file + " too old (age=61 > 60 hours) and will not be used to avoid serving stale estimates."; !slices.Contains(s.log.notes, want) {
		t.Errorf("%q", s.log.notes)
	}
}

func TestADamagedFileOfEstimatesIsNamedAndPutAside(t *testing.T) {
	file := filepath.Join(t.TempDir(), estimate.FileName)
	damaged := []byte("\x8c\x49\x02\x00 and then nothing that anybody understands")
	if err := os.WriteFile(file, damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	s := newStage(t, func(d *Deps) { d.Fees.File = file })
	if len(s.log.notes) != 2 || !strings.HasPrefix(s.log.notes[0], "Failed to read fee estimates from "+file+". Continue anyway.") ||
		s.log.notes[1] != "fee_estimates.dat was renamed to fee_estimates.dat.unreadable" {
		t.Errorf("%q", s.log.notes)
	}
	if kept, err := os.ReadFile(file + ".unreadable"); err != nil || !bytes.Equal(kept, damaged) {
		t.Errorf("%q, %v", kept, err)
	}
	s.market()
	s.restart()
	if a := ask[*msg.FeeEstimated](s, &msg.EstimateFee{Blocks: 2}); !a.Known {
		t.Errorf("%+v", a)
	}
}

func TestAFileThatCannotBeWrittenEndsNothing(t *testing.T) {
	s, file := feeStage(t)
	if err := os.RemoveAll(filepath.Dir(file)); err != nil {
		t.Fatal(err)
	}
	s.sim.Advance(2 * time.Hour)
	if last := s.log.notes[len(s.log.notes)-1]; !strings.HasPrefix(last, "Failed to write fee estimates to "+file+". Continue anyway.") {
		t.Errorf("%q", last)
	}
	if v := s.submit(s.payments(1)[0]); v.Entry == nil {
		t.Errorf("%+v", v.Reject)
	}
}

// Core's validForFeeEstimation, and what leaves the pool.
func TestOnlyWhatWaitsForNothingButItsTurnTeachesFees(t *testing.T) {
	s, _ := feeStage(t)
	s.market() // from here on the estimator knows the tip
	mine := func(txs ...*tx.Tx) (more int) {
		t.Helper()
		before := s.counted()
		if n := s.board.Pool().Count(); n != len(txs) {
			t.Fatalf("%d in the pool, want %d", n, len(txs))
		}
		s.next(txs...)
		return s.counted() - before
	}
	alone := s.payments(3)
	s.fromPeer(1, alone[:2]...)
	s.submit(alone[2]) // our operator's counts like anybody's
	if got := mine(alone...); got != 3 {
		t.Errorf("three payments: %d counted", got)
	}
	chain := s.descendants(4)
	s.fromPeer(1, chain...)
	if got := mine(chain...); got != 1 {
		t.Errorf("a parent and three generations: %d counted", got)
	}
	family := s.descendants(2)
	if v := ask[*msg.PackageJudged](s, &msg.SubmitPackage{Txs: family}); v.Reject != nil {
		t.Fatal(v.Reject)
	}
	if got := mine(family...); got != 0 {
		t.Errorf("a package: %d counted", got)
	}
	replaced, winner := s.rivals()
	s.fromPeer(1, replaced)
	s.fromPeer(1, winner)
	if got := mine(winner); got != 1 {
		t.Errorf("one replaced by another: %d counted", got)
	}
	tip := s.board.Tip().Tip()
	s.sim.Advance(time.Unix(int64(tip.Time()), 0).Sub(s.sim.Now()) + maxFeeTipAge + time.Minute)
	late := s.payments(1)
	s.fromPeer(1, late...)
	if got := mine(late...); got != 0 {
		t.Errorf("while the tip was three hours old: %d counted", got)
	}
}

// rivals are two that spend the same coin.
func (s *stage) rivals() (cheap, dear *tx.Tx) {
	s.t.Helper()
	coin, ok := s.chain.Coin()
	if !ok {
		s.t.Fatal("no coin is left")
	}
	pay := func(fee int64) *tx.Tx {
		plan := forge.Spend{Coins: []forge.Coin{coin}, Pays: []forge.Pay{{Value: coin.Value - fee, Key: s.forge.Key(1)}}}
		return plan.Sign()
	}
	return pay(1000), pay(9000)
}

func TestEveryBlockMakesThePastFadeAlsoWhenNothingWaits(t *testing.T) {
	s, _ := feeStage(t)
	s.market()
	want := s.confirmed()
	for range 20 {
		s.chain.SetTime(s.chain.Time() + 1)
		s.machine.AddBlock(s.sim.Now().Unix(), s.mint(s.chain), chainstate.Submission{Requested: true})
		s.drive(s.board.Store)
	}
	s.cast.Mempool().Post(&msg.TipChanged{}) // one event for twenty blocks
	s.sim.Settle()
	for range 20 {
		want *= 0.99931
	}
	if got := s.confirmed(); math.Abs(got-want) > 0.001 {
		t.Errorf("%v is left, want %v", got, want)
	}
}

func TestAQuestionWaitsForTheBlocksBeforeIt(t *testing.T) {
	s, _ := feeStage(t)
	want := s.market()
	s.fromPeer(1, s.payments(1)...) // so that the pool has to read the blocks
	s.machine.AddBlock(s.sim.Now().Unix(), s.mint(s.chain), chainstate.Submission{Requested: true})
	s.drive(s.board.Store) // and the pool has not heard of it
	got := ask[*msg.FeeEstimated](s, &msg.EstimateFee{Blocks: 3})
	if tip := s.board.Pool().Tip(); tip != s.chain.Tip() {
		t.Errorf("answered before the pool was there: %+v (%+v)", got, want)
	}
}

func TestWithoutRelayNothingIsLearnedOrWritten(t *testing.T) {
	s, file := feeStage(t, func(d *Deps) { d.Fees.Off = true })
	list := s.payments(5)
	s.fromPeer(1, list...)
	s.next(list...)
	s.sim.Advance(3 * time.Hour)
	s.cast.Mempool().Stop(nil)
	s.sim.Settle()
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}
