package minter

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/chainstate"
	"github.com/troupe-node/troupe/mempool"
	"github.com/troupe-node/troupe/mining"
	"github.com/troupe-node/troupe/tx"
)

// retryAfter is how long the minter waits for a pool that is behind the tip.
const retryAfter = time.Millisecond

// job is one order for blocks.
type job struct {
	msg.Mint
	reply kit.ReplyTo
	why   string

	prev     *chainstate.Node
	template *mining.Template
	done     []*tx.Block
	tried    uint64
	stop     context.CancelFunc // ends the grinding under way
	round    uint64             // of grinding: results of older ones do not count
}

// ground is what a grinder found.
type ground struct {
	job      *job
	round    uint64
	template *mining.Template
	block    *tx.Block // nil: not found
	tried    uint64
}

// again makes the minter try once more to build on the tip.
type again struct{}

var (
	_ = kit.Register[*ground](kit.Message{Lane: kit.Local, Full: kit.Hold, Role: kit.Return, From: []string{msg.KindMinter}, To: []string{msg.KindMinter},
		Doc: "from its own grinder: a block, or none"})
	_ = kit.Register[*again](kit.Message{Lane: kit.Control, Full: kit.Conflate, Role: kit.Tick, From: []string{msg.KindMinter}, To: []string{msg.KindMinter},
		Doc: "try again to build on the tip"})
)

func (m *minter) add(k *kit.Context, j *job) {
	m.jobs = append(m.jobs, j)
	if len(m.jobs) == 1 {
		m.begin(k)
	}
}

// begin starts the next block of the first job.
func (m *minter) begin(k *kit.Context) {
	if len(m.jobs) == 0 {
		m.settle()
		return
	}
	j := m.jobs[0]
	if len(j.done) >= j.Blocks || j.tried >= j.MaxTries {
		m.end(k, nil)
		return
	}
	if j.Exact {
		m.build(k, mempool.Candidates{}, j.Txs, true)
		return
	}
	m.pick(k)
}

// pick asks the pool what the block may hold.
func (m *minter) pick(k *kit.Context) {
	if len(m.jobs) == 0 || m.jobs[0].stop != nil {
		return
	}
	if _, result := k.Call(m.Cast.Mempool(), &msg.PickTxs{}, patience); result != kit.Ok {
		m.fail(k, errors.New("the pool takes no questions now"))
	}
}

// onPicked builds on the tip, if the pool's choice is valid there.
func (m *minter) onPicked(k *kit.Context, p *msg.TxsPicked) {
	if len(m.jobs) == 0 || m.jobs[0].stop != nil {
		return
	}
	if p.Tip != m.Board.Tip().Tip().Hash() {
		k.After(retryAfter, &again{})
		return
	}
	m.build(k, p.Picks, nil, false)
}

// build selects, assembles and grinds beside the actor.
func (m *minter) build(k *kit.Context, picks mempool.Candidates, txs []*tx.Tx, exact bool) {
	j := m.jobs[0]
	j.prev = m.Board.Tip().Tip()
	m.extra++
	extra := m.extra
	order := mining.Job{
		Params: m.Board.Params, Prev: j.prev, Now: k.Now().Unix(), Version: m.Version,
		PayTo: j.PayTo, Txs: txs, BlockVersion: m.version(j.prev),
	}
	if m.builtOn == j.prev {
		order.Extra = extra // not the same search again
	}
	m.builtOn = j.prev
	j.round++
	ctx, stop := context.WithCancel(context.Background())
	j.stop = stop
	self, round, left, limits, cores, board := k.Self(), j.round, j.MaxTries-j.tried, m.Limits, m.cores(), m.Board
	k.Go("grind", func(life context.Context) {
		defer stop()
		if !exact {
			order.Choose(picks.Build(), limits)
		}
		stopped := func() bool { return ctx.Err() != nil || life.Err() != nil }
		g := &ground{job: j, round: round, template: mining.Assemble(order)}
		g.block, g.tried = mining.GrindAll(g.template, left, cores, stopped)
		if g.block != nil && board.Index.Get(g.block.Hash()) != nil {
			// The same block once more, after it was invalidated, say.
			order.Extra = extra
			g.template = mining.Assemble(order)
			first := g.tried
			g.block, g.tried = mining.GrindAll(g.template, left, cores, stopped)
			g.tried += first
		}
		self.Post(g)
	})
}

// onGround hands the block to chain.
func (m *minter) onGround(k *kit.Context, g *ground) {
	if len(m.jobs) == 0 || m.jobs[0] != g.job || g.job.round != g.round {
		return
	}
	j := g.job
	j.stop, j.template = nil, g.template
	j.tried += g.tried
	if g.block == nil {
		m.begin(k) // with a new template, if there are tries left
		return
	}
	if j.Hold {
		j.done = append(j.done, g.block)
		m.begin(k)
		return
	}
	if _, result := k.Call(m.Cast.Chain(), &msg.AddBlock{Block: g.block, Requested: true}, patience); result != kit.Ok {
		m.fail(k, errors.New("chain takes no blocks now"))
	}
}

// onVerdict counts a block that was connected. One that came second to
// another's is minted again on the new tip.
func (m *minter) onVerdict(k *kit.Context, v *msg.BlockVerdict) {
	if len(m.jobs) == 0 {
		return
	}
	j := m.jobs[0]
	switch {
	case v.Err != nil:
		m.fail(k, v.Err)
		return
	case v.Outcome == chainstate.Connected:
		b := j.template.WithHeader(v.Node.Header())
		j.done = append(j.done, b)
		m.lastAt = k.Now()
		m.Log.Minted(b, j.template.Height, j.template.Fees, j.why)
	}
	m.begin(k)
}

// onTip drops a template on a tip that is no longer the best.
func (m *minter) onTip(k *kit.Context) {
	if len(m.jobs) == 0 {
		return
	}
	j := m.jobs[0]
	if j.stop == nil || j.prev == m.Board.Tip().Tip() {
		return
	}
	j.round++
	j.stop()
	j.stop = nil
	m.begin(k)
}

// fail ends the first job with an error.
func (m *minter) fail(k *kit.Context, err error) {
	if len(m.jobs) == 0 {
		return
	}
	m.Log.MintFailed(m.jobs[0].why, err)
	m.end(k, fmt.Errorf("minting: %w", err))
}

func (m *minter) end(k *kit.Context, err error) {
	j := m.jobs[0]
	if j.stop != nil {
		j.stop()
	}
	j.reply.Reply(&msg.Minted{Blocks: j.done, Err: err})
	m.jobs = m.jobs[1:]
	m.begin(k)
}
