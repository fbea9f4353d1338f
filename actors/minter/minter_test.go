package minter

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/chainstate"
	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/mempool"
	"github.com/troupe-node/troupe/mining"
	"github.com/troupe-node/troupe/tx"
)

var payTo = []byte{0x51}

// stage is the minter between a chain and a pool of the test's.
type stage struct {
	t       testing.TB
	sim     *kit.Sim
	sys     *kit.System
	board   *msg.Board
	cast    *msg.Cast
	machine *chainstate.Machine
	log     *logBook
	pool    *mempool.Pool
	refuse  error // what chain says of blocks
	lag     int   // how many times the pool answers with an old tip
	picks   int
}

type logBook struct {
	minted []string
	failed []error
}

func (l *logBook) Minted(_ *tx.Block, _ int32, _ int64, why string) { l.minted = append(l.minted, why) }
func (l *logBook) MintFailed(_ string, err error)                   { l.failed = append(l.failed, err) }

func newStage(t testing.TB, rule Rule) *stage {
	t.Helper()
	params, err := consensus.ParamsFor("regtest")
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{t: t, sim: kit.NewSim(1), cast: &msg.Cast{}, log: &logBook{}}
	store := chainstore.NewMemory()
	if s.machine, err = chainstate.Open(params, store, s.sim.Now().Unix(), chainstate.Options{LoadAbove: -1}); err != nil {
		t.Fatal(err)
	}
	s.board = &msg.Board{Params: params, Index: s.machine.Index(), Store: store}
	s.sys = kit.NewSystem(s.sim, kit.EventListener{Undeclared: func(from, to, m string) { t.Errorf("%s sent %s to %s", from, m, to) }})
	t.Cleanup(func() {
		s.sys.Stop(context.Background())
		s.machine.Close()
	})
	s.drive()
	s.pool = mempool.New(mempool.DefaultPolicy(), mempool.NewTip(s.board.Tip().Tip(), params))
	s.publishPool()
	s.play(msg.KindMempool, s.asPool)
	s.play(msg.KindChain, s.asChain)
	s.cast.Play(msg.KindMinter, s.sys.Spawn(Spec(Deps{Board: s.board, Cast: s.cast, Rule: rule, Limits: mining.DefaultLimits(), Log: s.log})))
	s.sim.Settle()
	return s
}

func (s *stage) play(kind string, f kit.Func) {
	s.cast.Play(kind, s.sys.Spawn(kit.Spec{Kind: kind, Name: kind, New: func() kit.Actor { return f }}))
}

func (s *stage) asPool(k *kit.Context, m any) {
	if _, ok := m.(*msg.PickTxs); !ok {
		return
	}
	s.picks++
	if s.lag > 0 {
		s.lag--
		k.Reply(&msg.TxsPicked{Tip: tx.Hash{9}})
		return
	}
	tip := s.pool.Tip()
	k.Reply(&msg.TxsPicked{Tip: tip.Hash(), Picks: s.pool.Candidates()})
}

func (s *stage) asChain(k *kit.Context, m any) {
	add, ok := m.(*msg.AddBlock)
	if !ok {
		return
	}
	if s.refuse != nil {
		k.Reply(&msg.BlockVerdict{Verdict: chainstate.Verdict{Outcome: chainstate.Refused, Err: s.refuse}})
		return
	}
	k.Reply(&msg.BlockVerdict{Verdict: s.add(add.Block)})
}

// add connects a block, moves the pool with it and tells the minter.
func (s *stage) add(b *tx.Block) (verdict chainstate.Verdict) {
	s.t.Helper()
	s.machine.AddBlock(s.sim.Now().Unix(), b, chainstate.Submission{Requested: true})
	verdict = s.drive()
	s.pool.BlockConnected(b, s.sim.Now().Unix())
	s.pool.SetTip(mempool.NewTip(s.board.Tip().Tip(), s.board.Params))
	s.publishPool()
	s.cast.Minter().Post(&msg.TipChanged{})
	return verdict
}

func (s *stage) publishPool() { s.board.PublishPool(s.pool.View(s.sim.Now().Unix())) }

func (s *stage) drive() (last chainstate.Verdict) {
	s.t.Helper()
	for {
		rd := s.machine.Ready()
		if rd.Err != nil {
			s.t.Fatal(rd.Err)
		}
		if rd.Snapshot != nil {
			s.board.PublishTip(rd.Snapshot)
		}
		for _, v := range rd.Verdicts {
			last = v
		}
		for _, w := range rd.Writes {
			if err := w.Run(s.board.Store); err != nil {
				s.t.Fatal(err)
			}
			s.machine.Committed(w.ID)
		}
		for _, j := range rd.Jobs {
			s.machine.Verified(j.ID, j.Run(nil))
		}
		if len(rd.Writes)+len(rd.Jobs)+len(rd.Verdicts) == 0 {
			return last
		}
	}
}

func (s *stage) mint(m *msg.Mint) *msg.Minted {
	s.t.Helper()
	m.PayTo = payTo
	answer, err := s.sys.Ask(context.Background(), s.cast.Minter(), m)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer.(*msg.Minted)
}

func (s *stage) height() int32 { return s.board.Tip().Tip().Height() }

func TestBlocksAreMintedOnDemand(t *testing.T) {
	s := newStage(t, Rule{})
	got := s.mint(&msg.Mint{Blocks: 5, MaxTries: 1 << 20})
	if got.Err != nil || len(got.Blocks) != 5 || s.height() != 5 {
		t.Fatalf("%v, %d blocks, height %d", got.Err, len(got.Blocks), s.height())
	}
	for i, b := range got.Blocks {
		if s.board.Tip().AtHeight(int32(i+1)).Hash() != b.Hash() {
			t.Fatal("another block is on the chain")
		}
	}
	if held := s.mint(&msg.Mint{Blocks: 1, MaxTries: 1 << 20, Hold: true}); len(held.Blocks) != 1 || s.height() != 5 {
		t.Fatalf("%+v at %d", held, s.height())
	}
	if none := s.mint(&msg.Mint{Blocks: 1, MaxTries: 0}); len(none.Blocks) != 0 || none.Err != nil {
		t.Fatalf("%+v", none)
	}
}

func TestATemplateWaitsForThePoolToReachTheTip(t *testing.T) {
	s := newStage(t, Rule{})
	s.lag = 3
	if got := s.mint(&msg.Mint{Blocks: 1, MaxTries: 1 << 20}); got.Err != nil || len(got.Blocks) != 1 || s.picks != 4 {
		t.Fatalf("%+v after %d questions", got, s.picks)
	}
}

func TestABlockThatIsRefusedEndsTheOrder(t *testing.T) {
	s := newStage(t, Rule{})
	s.refuse = errors.New("bad-cb-amount")
	got := s.mint(&msg.Mint{Blocks: 3, MaxTries: 1 << 20})
	if got.Err == nil || !strings.Contains(got.Err.Error(), "bad-cb-amount") || len(s.log.failed) != 1 {
		t.Fatalf("%+v", got)
	}
	s.refuse = nil
	if got = s.mint(&msg.Mint{Blocks: 1, MaxTries: 1 << 20}); got.Err != nil {
		t.Fatal(got.Err)
	}
}

func TestBlocksAreMintedByTheClock(t *testing.T) {
	s := newStage(t, Rule{PayTo: payTo, Every: 10 * time.Second})
	s.sim.Advance(61 * time.Second)
	if s.height() < 5 || s.height() > 7 || s.log.minted[0] != "the interval has passed" {
		t.Fatal(s.height(), s.log.minted)
	}
}

func TestBlocksAreMintedWhenEnoughTransactionsWait(t *testing.T) {
	s := newStage(t, Rule{PayTo: payTo, Txs: 2})
	first := s.mint(&msg.Mint{Blocks: 102, MaxTries: 1 << 30}).Blocks
	spend := func(n int) {
		coinbase := first[n].Txs[0]
		in := tx.Input{PrevOut: tx.OutPoint{Hash: coinbase.ID()}, Sequence: 0xffffffff}
		p := tx.New(2, []tx.Input{in}, []tx.Output{{Value: coinbase.Outputs[0].Value - 9000, PkScript: append([]byte{0x6a, 20}, make([]byte, 20)...)}}, 0)
		a, r := s.pool.Prepare(p, s.sim.Now().Unix(), true)
		if r != nil {
			t.Fatal(r)
		}
		if err := a.Check(s.board.Tip(), nil); err != nil {
			t.Fatal(err)
		}
		if v := s.pool.Finish(a, s.sim.Now().Unix()); v.Reject != nil {
			t.Fatal(v.Reject)
		}
		s.publishPool()
		s.sim.Advance(time.Second)
	}
	s.pool = mempool.New(mempool.Policy{MaxBytes: 1 << 30, AncestorCount: 25, DescendantCount: 25, AncestorVBytes: 1e6, DescendantVBytes: 1e6, BytesPerSigOp: 20, ExpirySeconds: 1 << 40},
		mempool.NewTip(s.board.Tip().Tip(), s.board.Params))
	before := s.height()
	spend(0)
	if s.height() != before {
		t.Fatal("one is not enough")
	}
	spend(1)
	if s.pool.Count() != 0 || s.height() != before+1 || s.log.minted[len(s.log.minted)-1] != "enough transactions wait" {
		t.Fatalf("%d wait at %d: %v", s.pool.Count(), s.height(), s.log.minted[len(s.log.minted)-1])
	}
}

func TestABarrierWaitsForTheOrdersBefore(t *testing.T) {
	s := newStage(t, Rule{})
	s.cast.Minter().Post(&msg.Mint{Blocks: 20, PayTo: payTo, MaxTries: 1 << 30})
	if _, err := s.sys.Ask(context.Background(), s.cast.Minter(), &msg.Barrier{}); err != nil {
		t.Fatal(err)
	}
	if s.height() != 20 {
		t.Fatal(s.height())
	}
}
