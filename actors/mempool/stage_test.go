package mempool

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/chainstate"
	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/forge"
	"github.com/troupe-node/troupe/mempool"
	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/tx"
)

// stage is the pool actor between a chain that the test moves and a verify that
// it may hold back.
type stage struct {
	t          testing.TB
	sim        *kit.Sim
	sys        *kit.System
	board      *msg.Board
	cast       *msg.Cast
	machine    *chainstate.Machine
	forge      *forge.Forge
	chain      *forge.Chain
	deps       Deps
	log        *logBook
	writes     []*chainstate.Write // held back
	holdWrites bool
	verify     *fakeVerify
	caller     *caller
}

// logBook keeps what the actor says.
type logBook struct {
	accepted []tx.Hash
	refused  []mempool.Refused
	notes    []string
	learned  int // transactions that fees were learned from
}

func (l *logBook) TxAccepted(e *mempool.Entry, _ msg.PeerID, _ int) {
	l.accepted = append(l.accepted, e.Tx.ID())
}
func (l *logBook) TxRefused(r mempool.Refused) { l.refused = append(l.refused, r) }
func (l *logBook) OrphanNote(format string, args ...any) {
	l.notes = append(l.notes, fmt.Sprintf(format, args...))
}
func (l *logBook) PoolNote(text string) { l.notes = append(l.notes, text) }
func (l *logBook) FeesNote(text string) { l.notes = append(l.notes, text) }
func (l *logBook) FeesLearned(_ int32, learned, _, _ int) {
	l.learned += learned
}

// fakeVerify checks at once, or keeps the work until the test lets it go.
type fakeVerify struct {
	board *msg.Board
	hold  bool
	held  []heldCheck
	seen  []tx.Hash       // in the order of arrival
	views []*mempool.View // published when a check arrived
	cache *script.SigCache
}

type heldCheck struct {
	m     *msg.CheckTx
	reply kit.ReplyTo
}

func (v *fakeVerify) Receive(k *kit.Context, m any) {
	c, ok := m.(*msg.CheckTx)
	if !ok {
		return
	}
	if c.Attempt.Tx != nil {
		v.seen = append(v.seen, c.Attempt.Tx.ID())
	}
	v.views = append(v.views, v.board.Pool())
	h := heldCheck{c, k.ReplyTo()}
	if v.hold {
		v.held = append(v.held, h)
		return
	}
	v.check(h)
}

func (v *fakeVerify) check(h heldCheck) {
	answer := &msg.TxChecked{Attempt: h.m.Attempt}
	tip := v.board.Tip()
	if tip.CoinsTip().Hash() != h.m.Attempt.On() {
		h.m.Attempt.Moved()
	} else {
		answer.Err = h.m.Attempt.Check(tip, v.cache)
	}
	h.reply.Reply(answer)
}

// caller submits as txfetch does, and notes the answers in their order.
type caller struct {
	cast    *msg.Cast
	board   *msg.Board
	sent    map[kit.CallID]*msg.SubmitTx
	answers []answered
	bad     []*msg.OrphanTurnedBad
}

type answered struct {
	m     *msg.SubmitTx
	v     mempool.Verdict
	count int // what the board said when the answer came
}

type send struct{ list []*msg.SubmitTx }

var _ = kit.Register[*send](kit.Message{Lane: kit.Local, Role: kit.Work, From: []string{msg.KindOutside}, To: []string{msg.KindTxFetch}, Doc: "test: submit these"})

func (c *caller) Receive(k *kit.Context, m any) {
	switch m := m.(type) {
	case *send:
		for _, s := range m.list {
			if id, ok := k.Call(c.cast.Mempool(), s, time.Hour); ok == kit.Ok {
				c.sent[id] = s
			}
		}
	case *msg.OrphanTurnedBad:
		c.bad = append(c.bad, m)
	case *msg.TxVerdict:
		c.answers = append(c.answers, answered{c.sent[k.CallID()], m.Verdict, c.board.Pool().Count()})
	}
}

func newStage(t testing.TB, change ...func(*Deps)) *stage {
	t.Helper()
	params, err := consensus.ParamsFor("regtest")
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{t: t, sim: kit.NewSim(1), cast: &msg.Cast{}, log: &logBook{}}
	if s.forge, err = forge.New("pool", params); err != nil {
		t.Fatal(err)
	}
	s.chain = s.forge.Chain(forge.Mix{forge.P2WPKH: 1})
	store := chainstore.NewMemory()
	s.machine, err = chainstate.Open(params, store, s.sim.Now().Unix(), chainstate.Options{MaxTipAge: 1 << 40, LoadAbove: -1, LayerBytes: layerBytes})
	if err != nil {
		t.Fatal(err)
	}
	s.board = &msg.Board{Params: params, Index: s.machine.Index(), Store: store}
	s.drive(store)
	s.sys = kit.NewSystem(s.sim, kit.EventListener{Undeclared: func(from, to, m string) { t.Errorf("%s sent %s to %s", from, m, to) }})
	t.Cleanup(func() {
		s.sys.Stop(context.Background())
		s.machine.Close()
	})
	s.chain.SetTime(uint32(s.sim.Now().Unix()) - 200*600)
	for b := range s.chain.Setup(300) {
		s.add(b)
	}
	s.verify = &fakeVerify{board: s.board}
	s.caller = &caller{cast: s.cast, board: s.board, sent: map[kit.CallID]*msg.SubmitTx{}}
	s.cast.Play(msg.KindVerify, s.sys.Spawn(kit.Spec{Kind: msg.KindVerify, Name: msg.KindVerify, New: func() kit.Actor { return s.verify }}))
	lanes := kit.Lanes{kit.Reply: {Messages: 1 << 14}}
	s.cast.Play(msg.KindTxFetch, s.sys.Spawn(kit.Spec{Kind: msg.KindTxFetch, Name: msg.KindTxFetch, Mailbox: lanes, New: func() kit.Actor { return s.caller }}))
	s.deps = Deps{Board: s.board, Cast: s.cast, Policy: mempool.DefaultPolicy(), AtOnce: 16, Log: s.log}
	for _, f := range change {
		f(&s.deps)
	}
	s.start()
	return s
}

func (s *stage) start() {
	s.cast.Play(msg.KindMempool, s.sys.Spawn(Spec(s.deps)))
	s.sim.Settle()
}

// layerBytes are few, so that the coins of a block that makes many come with its commit.
const layerBytes = 20_000

// drive lets the machine work until it is done, and publishes what it has.
func (s *stage) drive(store chainstore.Store) (moved bool) {
	s.t.Helper()
	for {
		rd := s.machine.Ready()
		if rd.Err != nil {
			s.t.Fatal(rd.Err)
		}
		if rd.Snapshot != nil {
			s.board.PublishTip(rd.Snapshot)
		}
		moved = moved || rd.TipChanged != nil
		if rd.More {
			s.machine.Continue()
		}
		if s.holdWrites {
			s.writes = append(s.writes, rd.Writes...)
			rd.Writes = nil
		}
		for _, w := range rd.Writes {
			if err := w.Run(store); err != nil {
				s.t.Fatal(err)
			}
			s.machine.Committed(w.ID)
		}
		for _, l := range rd.Loads {
			l.Run(store)
			s.machine.Loaded(l)
		}
		for _, j := range rd.Jobs {
			s.machine.Verified(j.ID, j.Run(nil))
		}
		if !rd.More && len(rd.Writes)+len(rd.Loads)+len(rd.Jobs) == 0 {
			return moved
		}
	}
}

// add gives the chain a block, and tells the pool if the tip moved.
func (s *stage) add(b *tx.Block) {
	s.t.Helper()
	s.machine.AddBlock(s.sim.Now().Unix(), b, chainstate.Submission{Requested: true})
	if s.drive(s.board.Store) && !s.cast.Mempool().IsZero() {
		s.cast.Mempool().Post(&msg.TipChanged{})
	}
}

// commit lets the writes that were held back be done, and tells the pool that the coins
// have come, as chain does.
func (s *stage) commit() {
	s.t.Helper()
	s.holdWrites = false
	for _, w := range s.writes {
		if err := w.Run(s.board.Store); err != nil {
			s.t.Fatal(err)
		}
		s.machine.Committed(w.ID)
	}
	s.writes = nil
	s.drive(s.board.Store)
	s.cast.Mempool().Post(&msg.TipChanged{})
	s.sim.Settle()
}

// payments signs n independent ones.
func (s *stage) payments(n int) (list []*tx.Tx) {
	s.t.Helper()
	for i := range n {
		coin, ok := s.chain.Coin()
		if !ok {
			s.t.Fatal("no coin is left")
		}
		plan := s.forge.Payment(coin, uint64(i))
		list = append(list, plan.Sign())
	}
	return list
}

// descendants signs n, each spending the one before.
func (s *stage) descendants(n int) []*tx.Tx {
	coin, _ := s.chain.Coin()
	return s.forge.Descendants(coin, n, 7000)
}

// mint makes a block of the transactions on the chain's tip.
func (s *stage) mint(c *forge.Chain, txs ...*tx.Tx) *tx.Block { return c.Mint(nil, txs) }

func ask[T any](s *stage, m any) T {
	s.t.Helper()
	answer, err := s.sys.Ask(context.Background(), s.cast.Mempool(), m)
	if err != nil {
		s.t.Fatalf("%T: %v", m, err)
	}
	got, ok := answer.(T)
	if !ok {
		s.t.Fatalf("%T was answered with %T", m, answer)
	}
	return got
}

func (s *stage) submit(t *tx.Tx) *msg.TxVerdict {
	s.t.Helper()
	return ask[*msg.TxVerdict](s, &msg.SubmitTx{Tx: t})
}

// fromPeer submits as a peer would, and settles.
func (s *stage) fromPeer(peer msg.PeerID, txs ...*tx.Tx) {
	m := &send{}
	for _, t := range txs {
		m.list = append(m.list, &msg.SubmitTx{Tx: t, Peer: peer})
	}
	s.cast.TxFetch().Post(m)
	s.sim.Settle()
}

// release lets held checks go, last first if asked for.
func (s *stage) release(backwards bool) {
	for len(s.verify.held) > 0 {
		i := 0
		if backwards {
			i = len(s.verify.held) - 1
		}
		h := s.verify.held[i]
		s.verify.held = append(s.verify.held[:i:i], s.verify.held[i+1:]...)
		s.verify.check(h)
		s.sim.Settle()
	}
}
