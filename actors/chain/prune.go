package chain

import (
	"fmt"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/chainstate"
)

const (
	// pruneSlice blocks are deleted at a time, so that nothing else waits.
	pruneSlice = 100
	// measureEvery bytes of new bodies the room they take is looked at again.
	measureEvery = 8 << 20
	// pruneReserve is room for what comes before the next look (Core's buffer of a
	// chunk of a block file and one of an undo file).
	pruneReserve = 17 << 20
)

// pruner deletes old bodies and undo data: from the bottom as many as it takes
// to stay under a target, or up to a height on command.
type pruner struct {
	target    int64         // bytes to stay under; 0: only on command
	usage     msg.BodyUsage // at the last look
	fresh     int64         // bytes of bodies written since
	told      int64         // of them, how many the board knows of
	looked    bool
	measuring bool
	old       []*chainstate.Node // left to delete, lowest first
	upTo      int32              // what old was listed for
	writing   int                // deletions on their way to the store
	orders    []pruneOrder
}

// pruneOrder is a command that waits.
type pruneOrder struct {
	height int32
	reply  kit.ReplyTo
}

// limit is what bodies may take now: less than the target by a reserve, and
// during the initial download by a tenth more, for they come fast then.
func (p *pruner) limit(downloading bool) int64 {
	reserve := min(pruneReserve, p.target/8)
	if downloading {
		reserve += p.target / 10
	}
	return p.target - reserve
}

// wrote notes a write that is given out.
func (p *pruner) wrote(w *chainstate.Write) {
	for _, b := range w.Bodies {
		p.fresh += int64(b.Size())
	}
	if w.Commit != nil && len(w.Commit.Prune) > 0 {
		p.writing++
	}
}

// written notes a write that is done.
func (p *pruner) written(w *chainstate.Write) {
	if w.Commit != nil && len(w.Commit.Prune) > 0 {
		p.writing--
	}
}

// prune takes one small step, on each tick.
func (c *chain) prune(k *kit.Context) {
	p := &c.pruner
	switch {
	case c.draining || p.measuring:
	case len(p.old) > 0:
		c.pruneSome()
	case p.writing > 0: // until then the store would list them again
	default:
		c.pruned()
		c.measure(k)
	}
	if p.told != p.fresh && !p.measuring {
		c.tell()
	}
}

// tell publishes what was measured with what has come since.
func (c *chain) tell() {
	p := &c.pruner
	p.told = p.fresh
	u := p.usage
	u.Bytes += p.fresh
	c.Board.PublishBodies(u)
}

// pruneSome deletes the lowest blocks of the list.
func (c *chain) pruneSome() {
	p := &c.pruner
	n := min(pruneSlice, len(p.old))
	targets := make([]*chainstate.Node, 0, n)
	for _, node := range p.old[:n] {
		if c.machine.MayPrune(node) {
			targets = append(targets, node)
		}
	}
	p.old = p.old[n:]
	if len(targets) > 0 {
		p.looked = false // look again when they are gone
	}
	c.machine.Prune(targets)
}

// pruned answers the commands that are carried out: nothing listed for them is
// left.
func (c *chain) pruned() {
	p := &c.pruner
	left := p.orders[:0]
	for _, o := range p.orders {
		if o.height <= p.upTo {
			o.reply.Reply(&msg.Done{})
		} else {
			left = append(left, o)
		}
	}
	p.orders, p.upTo = left, 0
}

// measure asks the store for what there is to delete, if there may be anything.
func (c *chain) measure(k *kit.Context) {
	p := &c.pruner
	m := &msg.MeasureBodies{}
	for _, o := range p.orders {
		m.Height = max(m.Height, o.height)
	}
	if m.Height == 0 && p.looked && p.fresh < measureEvery {
		return
	}
	// A short chain is not worth it (Core's FindFilesToPrune).
	if tip := c.Board.Tip(); p.target > 0 && tip.Tip().Height() > c.Board.Params.PruneAfterHeight {
		m.Limit = p.limit(tip.InitialDownload())
	}
	p.measuring, p.looked, p.fresh = true, true, 0
	c.ask(k, c.Cast.Store(), m)
}

func (c *chain) measured(k *kit.Context, m *msg.BodiesMeasured) {
	p := &c.pruner
	p.measuring = false
	if m.Err != nil {
		k.Fail(fmt.Errorf("measuring the stored blocks: %w", m.Err))
	}
	p.usage = m.Usage
	c.tell()
	p.old, p.upTo = m.Old, m.Height
}

// order takes a command.
func (c *chain) order(k *kit.Context, m *msg.PruneChain) {
	if m.Height <= 0 {
		k.Reply(&msg.Done{})
		return
	}
	c.pruner.orders = append(c.pruner.orders, pruneOrder{height: m.Height, reply: k.ReplyTo()})
}
