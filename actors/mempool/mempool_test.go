package mempool

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/mempool"
	"github.com/troupe-node/troupe/tx"
)

func TestVerdictsOfOnePeerComeInItsOrder(t *testing.T) {
	s := newStage(t)
	s.verify.hold = true
	list := s.payments(10)
	s.fromPeer(1, list...)
	s.release(true)
	if len(s.caller.answers) != 10 {
		t.Fatalf("%d answers", len(s.caller.answers))
	}
	for i, a := range s.caller.answers {
		if a.m.Tx != list[i] || a.v.Entry == nil {
			t.Fatalf("answer %d is about another transaction: %+v", i, a.v.Reject)
		}
		if a.count < i+1 {
			t.Fatalf("answer %d left before the view with %d", i, a.count)
		}
	}
}

func TestAChildSentBehindItsParentNeedsNoOrphanage(t *testing.T) {
	s := newStage(t)
	s.fromPeer(1, s.descendants(20)...)
	for i, a := range s.caller.answers {
		if a.v.Entry == nil {
			t.Fatalf("%d: %v", i, a.v.Reject)
		}
	}
	if n := s.board.Pool().Count(); n != 20 {
		t.Fatal(n)
	}
}

func TestPeersTakeTurns(t *testing.T) {
	s := newStage(t, func(d *Deps) { d.AtOnce = 1 })
	s.verify.hold = true
	greedy, modest := s.payments(100), s.payments(3)
	s.fromPeer(1, greedy...)
	s.fromPeer(2, modest...)
	s.release(false)
	place := map[tx.Hash]int{}
	for i, id := range s.verify.seen {
		place[id] = i
	}
	if last := place[modest[2].ID()]; last > 8 {
		t.Fatalf("the modest peer's third transaction was checked as number %d", last)
	}
	if len(s.caller.answers) != 103 {
		t.Fatalf("%d answers", len(s.caller.answers))
	}
}

func TestOrphansAreAdoptedBeforeTheirParentIsAnswered(t *testing.T) {
	s := newStage(t)
	list := s.descendants(5)
	for i := 4; i > 0; i-- {
		s.fromPeer(3, list[i])
	}
	for _, a := range s.caller.answers {
		if a.v.Reject == nil || a.v.Reject.Result != mempool.MissingInputs || len(a.v.Missing) == 0 {
			t.Fatalf("%+v", a.v)
		}
	}
	s.board.PublishPeers(&msg.PeerList{Peers: []*msg.Peer{{ID: 3}}})
	s.fromPeer(4, list[0])
	last := s.caller.answers[len(s.caller.answers)-1]
	if last.m.Tx != list[0] || last.count != 5 {
		t.Fatalf("the parent was answered with %d in the pool", last.count)
	}
}

func TestOrphansOfAPeerThatIsGoneAreForgotten(t *testing.T) {
	s := newStage(t)
	list := s.descendants(2)
	s.fromPeer(3, list[1])
	s.sim.Advance(2 * time.Second) // nobody is connected
	s.fromPeer(4, list[0])
	if n := s.board.Pool().Count(); n != 1 {
		t.Fatal(n)
	}
}

func TestAReorganisationIsOneView(t *testing.T) {
	s := newStage(t)
	other := s.chain.Fork(1)
	list := s.payments(30)
	kids := s.descendants(4)
	s.add(s.mint(s.chain, append(list[:20:20], kids[:2]...)...))
	s.add(s.mint(s.chain))
	s.sim.Settle()
	s.fromPeer(1, append(list[20:], kids[2:]...)...)
	before := s.board.Pool()
	if before.Count() != 12 || before.Tip() != s.chain.Tip() {
		t.Fatalf("%d on %s", before.Count(), before.Tip())
	}
	s.verify.views = nil
	for range 3 {
		s.add(s.mint(other))
	}
	s.sim.Settle()
	after := s.board.Pool()
	if after.Count() != 34 || after.Tip() != other.Tip() {
		t.Fatalf("%d on %s", after.Count(), after.Tip())
	}
	if len(s.verify.views) < 22 {
		t.Fatalf("%d checks for 22 returned transactions", len(s.verify.views))
	}
	for _, v := range s.verify.views {
		if v != before {
			t.Fatal("a view in the middle of a reorganisation")
		}
	}
}

func TestALongReorganisationLosesNothing(t *testing.T) {
	s := newStage(t)
	other := s.chain.Fork(1)
	list := s.payments(40)
	for i := range 40 {
		s.add(s.mint(s.chain, list[i]))
	}
	s.sim.Settle()
	for range 41 {
		s.add(s.mint(other))
	}
	s.sim.Settle()
	if v := s.board.Pool(); v.Count() != 40 || v.Tip() != other.Tip() {
		t.Fatalf("%d on %s", v.Count(), v.Tip())
	}
}

func TestTransactionsThatComeDuringAMoveWaitForItsEnd(t *testing.T) {
	s := newStage(t)
	list := s.payments(6)
	s.fromPeer(1, list[:3]...)
	s.verify.hold = true
	s.fromPeer(1, list[3:]...)
	s.add(s.mint(s.chain, list[0], list[1]))
	s.sim.Settle()
	s.release(false) // of the old tip: stale
	if len(s.caller.answers) != 6 {
		t.Fatalf("%d answers", len(s.caller.answers))
	}
	if v := s.board.Pool(); v.Count() != 4 || v.Tip() != s.chain.Tip() {
		t.Fatalf("%d", v.Count())
	}
}

func TestABarrierWaitsForWhatCameBeforeItAndNothingElse(t *testing.T) {
	s := newStage(t)
	s.verify.hold = true
	list := s.payments(2)
	s.fromPeer(1, list[0])
	done := false
	waiter := s.sys.Spawn(kit.Spec{Kind: "outside", Name: "waiter", New: func() kit.Actor {
		return kit.Func(func(k *kit.Context, m any) {
			switch m.(type) {
			case kit.Started:
				k.Call(s.cast.Mempool(), &msg.Barrier{}, time.Hour)
			case *msg.Done:
				done = true
			}
		})
	}})
	_ = waiter
	s.sim.Settle()
	s.fromPeer(2, list[1])
	if done {
		t.Fatal("answered before the first transaction was decided about")
	}
	s.verify.check(s.verify.held[0])
	s.sim.Settle()
	if !done {
		t.Fatal("it waits for what came later")
	}
}

func TestOurOperatorsTransactionsAreAnnouncedUntilSomebodyAsks(t *testing.T) {
	s := newStage(t)
	p := s.payments(1)[0]
	log := s.board.Pool().LogEnd()
	s.submit(p)
	count := func() (n int) {
		for e := log.Next(); e != nil; e = e.Next() {
			n++
		}
		return n
	}
	if v := s.board.Pool(); v.Unbroadcast() != 1 || !v.ByID(p.ID()).Unbroadcast() || count() != 1 {
		t.Fatal(v.Unbroadcast(), count())
	}
	s.sim.Advance(16 * time.Minute)
	if count() != 2 {
		t.Fatal(count())
	}
	if again := s.submit(p); again.Entry == nil || again.Reject != nil || !again.Known || count() != 3 {
		t.Fatalf("%+v, %d", again, count())
	}
	s.cast.Mempool().Post(&msg.TxServed{ID: p.ID()})
	s.sim.Advance(time.Hour)
	if v := s.board.Pool(); v.Unbroadcast() != 0 || count() != 3 {
		t.Fatal(v.Unbroadcast(), count())
	}
}

func TestPackagesAndTestsGoThroughMessages(t *testing.T) {
	s := newStage(t)
	list := s.descendants(2)
	tested := ask[*msg.TxsTested](s, &msg.TestTxs{Txs: list})
	if tested.Package != nil || len(tested.Verdicts) != 2 || tested.Verdicts[1].Reject != nil || tested.Verdicts[1].Fee == 0 {
		t.Fatalf("%+v", tested)
	}
	if s.board.Pool().Count() != 0 {
		t.Fatal("a test changed the pool")
	}
	if one := ask[*msg.TxsTested](s, &msg.TestTxs{Txs: list[1:]}); one.Verdicts[0].Reject.Reason() != "missing-inputs" &&
		one.Verdicts[0].Reject.Result != mempool.MissingInputs {
		t.Fatalf("%+v", one.Verdicts[0].Reject)
	}
	unsorted := ask[*msg.TxsTested](s, &msg.TestTxs{Txs: []*tx.Tx{list[1], list[0]}})
	if !errors.Is(unsorted.Package, mempool.ErrPackageOrder) {
		t.Fatalf("%+v", unsorted.Package)
	}
	judged := ask[*msg.PackageJudged](s, &msg.SubmitPackage{Txs: list})
	if judged.Reject != nil || len(judged.Txs) != 2 || s.board.Pool().Count() != 2 {
		t.Fatalf("%+v, %d", judged.Reject, s.board.Pool().Count())
	}
	if again := ask[*msg.PackageJudged](s, &msg.SubmitPackage{Txs: list}); !again.Txs[0].Known || s.board.Pool().Unbroadcast() != 0 {
		t.Fatalf("%+v, %d of a package are unbroadcast", again.Txs[0], s.board.Pool().Unbroadcast())
	}
	ask[*msg.Done](s, &msg.Prioritise{ID: list[0].ID(), Delta: 77})
	if got := ask[*msg.DeltasListed](s, &msg.ListDeltas{}); got.Deltas[list[0].ID()] != 77 {
		t.Fatal(got)
	}
	if a := ask[*msg.FeeEstimated](s, &msg.EstimateFee{Blocks: 6}); a.Known {
		t.Fatalf("%+v", a)
	}
	picked := ask[*msg.TxsPicked](s, &msg.PickTxs{})
	if all := picked.Picks.Build(); picked.Tip != s.chain.Tip() || len(all) != 2 || all[0].Fee != all[0].Pays+77 || all[1].Parents[0] != 0 {
		t.Fatalf("%+v", all)
	}
}

func TestThePoolIsBackAfterARestart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mempool.dat")
	s := newStage(t, func(d *Deps) { d.File, d.Keep = file, true })
	if !s.board.Pool().Loaded() {
		t.Fatal("a first run has nothing to load")
	}
	list := append(s.payments(150), s.descendants(20)...)
	s.fromPeer(1, list[0])
	s.submit(list[1]) // ours: unbroadcast
	s.fromPeer(1, list[2:]...)
	s.submit(list[2]) // ours, too, but not ours to announce until somebody asks
	ask[*msg.Done](s, &msg.Prioritise{ID: list[0].ID(), Delta: 5})
	ask[*msg.Done](s, &msg.Prioritise{ID: tx.Hash{1}, Delta: -5})
	before := s.board.Pool()
	s.sim.Advance(time.Hour)
	s.cast.Mempool().Stop(nil)
	s.sim.Settle()
	s.start()
	after := s.board.Pool()
	if after.Count() != 170 || !after.Loaded() || after.Unbroadcast() != 1 || after.Fees() != before.Fees() {
		t.Fatalf("%d, loaded %v, %d, %v", after.Count(), after.Loaded(), after.Unbroadcast(), s.log.notes)
	}
	for _, p := range list {
		if e := after.ByID(p.ID()); e == nil || e.Time != before.ByID(p.ID()).Time {
			t.Fatal("another time")
		}
	}
	if d := ask[*msg.DeltasListed](s, &msg.ListDeltas{}).Deltas; d[list[0].ID()] != 5 || d[tx.Hash{1}] != -5 {
		t.Fatal(d)
	}
	if e := ask[*msg.Done](s, &msg.SavePool{}); e.Err != nil {
		t.Fatal(e.Err)
	}
	if e := ask[*msg.Done](s, &msg.ImportPool{Path: file}); e.Err != nil {
		t.Fatal(e.Err)
	}
	if e := ask[*msg.Done](s, &msg.ImportPool{Path: file + ".none"}); e.Err == nil {
		t.Fatal("imported nothing")
	}
}

func TestImportedTransactionsAreAsYoungAsTheOperatorSays(t *testing.T) {
	s := newStage(t)
	old := s.sim.Now().Add(-400 * time.Hour).Unix() // longer ago than transactions are kept
	file := filepath.Join(t.TempDir(), "old.dat")
	dump := mempool.Dump{Txs: []mempool.DumpedTx{{Tx: s.payments(1)[0], Time: old}}}
	if err := os.WriteFile(file, dump.Encode(7), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		keep bool
		want int
	}{{true, 0}, {false, 1}} {
		if e := ask[*msg.Done](s, &msg.ImportPool{Path: file, KeepTimes: c.keep}); e.Err != nil || s.board.Pool().Count() != c.want {
			t.Errorf("with the times of the file %v: %d in the pool, %v", c.keep, s.board.Pool().Count(), e.Err)
		}
	}
}

func TestADamagedFileIsNotedAndThePoolStartsEmpty(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mempool.dat")
	if err := os.WriteFile(file, []byte("\x02\x00\x00\x00\x00\x00\x00\x00\x08 no such thing"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := newStage(t, func(d *Deps) { d.File, d.Keep = file, true })
	if v := s.board.Pool(); !v.Loaded() || v.Count() != 0 || len(s.log.notes) != 1 || !strings.Contains(s.log.notes[0], file) {
		t.Fatal(v.Loaded(), v.Count(), s.log.notes)
	}
	if v := s.submit(s.payments(1)[0]); v.Entry == nil {
		t.Fatalf("%+v", v.Reject)
	}
}

func TestAFileIsLoadedWhileOthersAreServed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mempool.dat")
	s := newStage(t, func(d *Deps) { d.File, d.Keep = file, true })
	s.fromPeer(1, s.payments(200)...)
	s.cast.Mempool().Stop(nil)
	s.sim.Settle()
	s.verify.hold = true
	s.cast.Play(msg.KindMempool, s.sys.Spawn(Spec(s.deps)))
	s.sim.Settle()
	if s.board.Pool().Loaded() {
		t.Fatal("loaded before anything was checked")
	}
	mine := s.payments(1)
	s.caller.answers = nil
	s.fromPeer(2, mine...)
	for checks := 0; len(s.caller.answers) == 0; checks++ {
		if checks > 40 {
			t.Fatal("the file goes first")
		}
		h := s.verify.held[0]
		s.verify.held = s.verify.held[1:]
		s.verify.check(h)
		s.sim.Settle()
	}
	s.release(false)
	if v := s.board.Pool(); v.Count() != 201 || !v.Loaded() {
		t.Fatal(v.Count(), v.Loaded())
	}
}

func TestAVerifierThatDiesIsNobodysFault(t *testing.T) {
	s := newStage(t)
	s.cast.Play(msg.KindVerify, kit.Ref{})
	v := s.submit(s.payments(1)[0])
	if v.Reject == nil || v.Reject.Result != mempool.Unknown {
		t.Fatalf("%+v", v.Reject)
	}
	if r := s.sys.Stop(context.Background()); r.Err() != nil {
		t.Fatal(r.Err())
	}
}

func TestWhatComesBeforeTheTipsCoinsWaitsForThem(t *testing.T) {
	s := newStage(t)
	s.holdWrites = true
	for b := range s.chain.Setup(600) { // as many changes as no layer holds
		s.add(b)
	}
	s.sim.Settle()
	if s.board.Tip().HasCoins() {
		t.Fatal("the coins came with the tip: nothing is tested")
	}
	list := s.payments(600)
	s.fromPeer(1, list[:300]...) // of coins that readers have
	s.fromPeer(2, list[300:]...) // of the last block's
	s.sim.Advance(10 * time.Second)
	if len(s.caller.answers) != 0 {
		t.Fatalf("%d answers, of which the first is %+v", len(s.caller.answers), s.caller.answers[0].v.Reject)
	}
	s.commit()
	if n := s.board.Pool().Count(); n != 600 || len(s.caller.answers) != 600 {
		t.Fatalf("%d in the pool, %d answers", n, len(s.caller.answers))
	}
}

func TestTheSavedPoolWaitsUntilThereAreCoins(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mempool.dat")
	s := newStage(t, func(d *Deps) { d.File, d.Keep = file, true })
	list := s.payments(200)
	s.fromPeer(1, list...)
	s.cast.Mempool().Stop(nil)
	s.sim.Settle()
	s.holdWrites = true
	for b := range s.chain.Setup(900) {
		s.add(b)
	}
	last := s.mint(s.chain) // of which only the header is known: the node catches up
	if _, err := s.machine.AddHeaders(s.sim.Now().Unix(), []tx.Header{last.Header}); err != nil {
		t.Fatal(err)
	}
	s.drive(s.board.Store)
	if tip := s.board.Tip(); tip.HasCoins() || tip.Tip() == tip.BestHeader() {
		t.Fatal("the node does not catch up: nothing is tested")
	}
	s.start()
	s.sim.Advance(10 * time.Second)
	if v := s.board.Pool(); v.Loaded() || v.Count() != 0 {
		t.Fatalf("%d are back before their coins", v.Count())
	}
	s.commit()
	if v := s.board.Pool(); !v.Loaded() || v.Count() != 200 {
		t.Fatalf("%d are back, loaded %v, %v", v.Count(), v.Loaded(), s.log.notes)
	}
}
