package chain

import (
	"fmt"
	"slices"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/chainstate"
)

// effects carries out what the machine asks for until it asks for nothing more.
func (c *chain) effects(k *kit.Context) {
	if c.draining && !c.machine.Clean() {
		c.machine.Flush()
	}
	ready := c.machine.Ready()
	if ready.Err != nil {
		k.Fail(fmt.Errorf("chain: %w (the next start resumes at the last commit)", ready.Err))
	}
	for _, w := range ready.Writes {
		c.pruner.wrote(w)
		c.ask(k, c.Cast.Store(), &msg.WriteChain{Write: w})
	}
	c.publish(k, &ready)
	if !c.draining { // at the end only what is connected counts
		for _, job := range ready.Jobs {
			c.ask(k, c.Cast.Verify(), &msg.CheckBlock{Job: job})
		}
		for _, load := range ready.Loads {
			c.ask(k, c.Cast.Store(), &msg.LoadChain{Load: load})
		}
		if ready.More && !c.resuming {
			c.resuming = true
			k.Send(k.Self(), &resume{})
		}
	}
	for i := range ready.Verdicts {
		c.answer(k, &ready.Verdicts[i])
	}
	c.answerHeld()
	c.answerFlushes()
	if len(c.idle) > 0 && c.machine.Idle() {
		for _, r := range c.idle {
			r.Reply(&msg.Done{})
		}
		c.idle = nil
	}
}

// ask hands work on. Its amount is bounded by how far the machine runs ahead, so
// a lane that has no room for it is a bug.
func (c *chain) ask(k *kit.Context, to kit.Ref, m any) {
	switch _, result := k.Call(to, m, patience); result {
	case kit.Full:
		k.Fail(fmt.Errorf("%s has no room for %T: more is under way than was planned for", to, m))
	case kit.Dead:
		if !c.draining {
			k.Fail(fmt.Errorf("%s is gone before chain", to))
		}
	}
}

// publish shows readers the new view, and tells those who follow it.
func (c *chain) publish(k *kit.Context, ready *chainstate.Ready) {
	var landed bool
	if ready.Snapshot != nil {
		old := c.Board.Tip()
		landed = old != nil && !old.HasCoins() && ready.Snapshot.HasCoins()
		c.Board.PublishTip(ready.Snapshot)
		if old != nil {
			old.Release()
		}
	}
	switch t := ready.TipChanged; {
	case t != nil:
		c.moved(t)
		c.follow(k, &msg.TipChanged{})
	case landed:
		k.Send(c.Cast.Mempool(), &msg.TipChanged{}) // it waits for the coins
	}
	if ready.BestHeader != nil {
		k.Send(c.Cast.Blocks(), &msg.HeaderChanged{})
		k.Send(c.Cast.Headers(), &msg.HeaderChanged{})
		k.Send(c.Cast.Notify(), &msg.HeaderChanged{})
	}
}

func (c *chain) moved(t *chainstate.TipChanged) {
	fork := chainstate.Fork(t.Old, t.New)
	c.Log.TipMoved(t.Old, t.New, int(t.Old.Height()-fork.Height()), int(t.New.Height()-fork.Height()), c.Board.Tip())
}

// follow tells of a new tip: first those who work on it, then the peers.
func (c *chain) follow(k *kit.Context, m *msg.TipChanged) {
	cast := c.Cast
	for _, to := range []kit.Ref{cast.Mempool(), cast.Blocks(), cast.Headers(), cast.Minter(), cast.TxIndex(), cast.RPC(), cast.Notify()} {
		if !to.IsZero() {
			k.Send(to, m)
		}
	}
	if c.Board.Tip().InitialDownload() {
		return // nobody is told of old blocks
	}
	for _, p := range c.Board.Peers().Peers {
		if ref := p.Ref(); !ref.IsZero() {
			k.Send(ref, m)
		}
	}
}

// answer gives a verdict to who submitted the block. For a late one, about a block
// that was first answered as stored, nobody waits any more: blocks knows who sent
// it.
func (c *chain) answer(k *kit.Context, v *chainstate.Verdict) {
	if v.Outcome == chainstate.Refused || v.Outcome == chainstate.Failed {
		c.Log.BlockRefused(v)
	}
	if s, ok := c.waiting[v.Origin]; ok {
		delete(c.waiting, v.Origin)
		c.held = append(c.held, held{s, *v})
	} else if v.Outcome == chainstate.Refused {
		k.Send(c.Cast.Blocks(), &msg.BlockTurnedBad{Hash: v.Hash, Err: v.Err})
	}
}

// answerFlushes answers those whose coins the store has.
func (c *chain) answerFlushes() {
	c.flushes = slices.DeleteFunc(c.flushes, func(f flush) bool {
		written := f.seq <= c.machine.Stored()
		if written {
			f.reply.Reply(&msg.Done{})
		}
		return written
	})
}

// answerHeld answers whoever need not wait for more.
func (c *chain) answerHeld() {
	if len(c.held) == 0 {
		return
	}
	idle, reached := c.machine.Idle(), c.Board.Tip().Tip().Work()
	kept := c.held[:0]
	for _, h := range c.held {
		if goal := h.completes; goal != nil && !idle && !goal.Failed() && reached.Less(goal.Work()) {
			kept = append(kept, h)
			continue
		}
		h.reply.Reply(&msg.BlockVerdict{Verdict: h.verdict})
	}
	clear(c.held[len(kept):])
	c.held = kept
}
