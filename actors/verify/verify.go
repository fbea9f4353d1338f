// Package verify is the pool of workers that run scripts.
//
// It owns no state but its queue: a job comes in with everything it needs, runs
// on as many workers as there are cores, and its result goes back to who asked.
// Blocks come before transactions, which keep a small share so that a long
// download does not stop them. A panic in a worker becomes the job's error, an
// internal one that never makes a block invalid.
//
// Workers are goroutines that live while there is work. Start reading at
// [Spec], then queue.go.
package verify

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/chainstate"
	"github.com/troupe-node/troupe/mempool"
	"github.com/troupe-node/troupe/script"
)

// Deps is what the actor is made of.
type Deps struct {
	Board   *msg.Board
	Cache   *script.SigCache
	Workers int // at least one
	// OnPanic is told of a worker's panic: a bug, and where.
	OnPanic func(what string, stack []byte)
}

// Spec describes the actor.
func Spec(d Deps) kit.Spec {
	var lanes kit.Lanes
	lanes[kit.Block] = kit.Limits{Messages: 256, Bytes: 1 << 30}
	lanes[kit.Tx] = kit.Limits{Messages: 1 << 14, Bytes: 64 << 20}
	return kit.Spec{
		Kind: msg.KindVerify, Name: msg.KindVerify, Mailbox: lanes, Policy: kit.Fatal,
		New: func() kit.Actor { return &verify{Deps: d} },
	}
}

type verify struct {
	Deps
	queue queue
}

// Receive handles one message.
func (v *verify) Receive(k *kit.Context, m any) {
	switch m := m.(type) {
	case *msg.CheckBlock:
		v.checkBlock(k, m.Job)
	case *msg.CheckTx:
		v.checkTx(k, m)
	case kit.Stopping:
		v.queue.close()
	}
}

// checkBlock queues the batches of a block.
func (v *verify) checkBlock(k *kit.Context, job *chainstate.VerifyJob) {
	b := &blockRun{verify: v, job: job, cache: v.blockCache(job.Node), batches: job.Batches(), reply: k.ReplyTo()}
	if len(b.batches) == 0 {
		k.Reply(&msg.BlockChecked{Job: job})
		return
	}
	b.init()
	for i := range b.batches {
		v.queue.pushBlock(task{block: b, batch: i})
	}
	v.wake(k)
}

// cachedBehind is how many blocks below the best header a block may be for the pool to
// have known its transactions.
const cachedBehind = 6

// blockCache is what a block's scripts are looked up in: what the pool remembered,
// which the block adds nothing to, as in Core. Nothing is known of older blocks, and a
// look-up costs as much as a hash.
func (v *verify) blockCache(n *chainstate.Node) *script.SigCache {
	if v.Board.Tip().BestHeader().Height()-n.Height() > cachedBehind {
		return nil
	}
	return v.Cache.ReadOnly()
}

func (v *verify) checkTx(k *kit.Context, m *msg.CheckTx) {
	v.queue.pushTx(task{check: m, reply: k.ReplyTo()})
	v.wake(k)
}

// wake starts workers while there is more to do than there are of them.
func (v *verify) wake(k *kit.Context) {
	for v.queue.hire(v.Workers) {
		k.Go("work", v.work)
	}
}

// yieldEvery is after how many transactions a worker lets others have its core: there are
// as many workers as cores, and whoever is woken meanwhile, the reader of a block or a
// connection with a ping, would wait until the scheduler took it away, up to 10 ms. After
// each one would make the batches of all who follow small, and cost a tenth more CPU.
const yieldEvery = 16

func (v *verify) work(context.Context) {
	turn := 0
	for {
		t, ok := v.queue.take()
		if !ok {
			return
		}
		if t.block != nil {
			t.block.run(t.batch)
		} else {
			err := v.guard("transaction", func() error { return v.runTx(t.check.Attempt) })
			t.reply.Reply(&msg.TxChecked{Attempt: t.check.Attempt, Err: err})
			if turn++; turn%yieldEvery == 0 {
				runtime.Gosched()
			}
		}
	}
}

// runTx checks a transaction against the coins of the block that it was prepared
// on. If chain has published another since, the attempt is stale.
func (v *verify) runTx(a *mempool.Attempt) error {
	tip := v.Board.Tip()
	if tip.CoinsTip().Hash() != a.On() || !tip.Acquire() {
		a.Moved()
		return nil
	}
	defer tip.Release()
	return a.Check(tip, v.Cache)
}

// errPanic is an internal failure: it says nothing about what was verified.
var errPanic = errors.New("a worker panicked")

// guard turns a panic into an error and reports it.
func (v *verify) guard(what string, f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			v.OnPanic(fmt.Sprintf("verifying a %s: %v", what, p), debug.Stack())
			err = fmt.Errorf("%w while verifying a %s: %v", errPanic, what, p)
		}
	}()
	return f()
}
