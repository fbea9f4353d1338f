// Package minter is the actor that makes blocks: by rule (every so often, or
// when enough transactions wait) and on demand.
//
// It owns the template and the search for a nonce. It asks the pool what a block
// on the published tip may hold, never builds on another tip than the pool's,
// grinds in a goroutine of its own, and hands the block to chain like everybody
// else. Start reading at [Spec], then mint.go.
package minter

import (
	"time"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/chainstate"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/mining"
	"github.com/troupe-node/troupe/tx"
)

// Rule says when a block is minted without being asked for.
type Rule struct {
	PayTo []byte        // output script; empty: never
	Every time.Duration // 0: not by the clock
	Txs   int           // when so many transactions wait; 0: not by their number
}

// Deps is what the actor is made of.
type Deps struct {
	Board  *msg.Board
	Cast   *msg.Cast
	Rule   Rule
	Limits mining.Limits
	// Version is the header version to use instead of the computed one
	// (-blockversion); 0 for none.
	Version int32
	// Cores is how many goroutines grind at once.
	Cores int
	Log   Log
}

// Log is told what people want to know of the minter.
type Log interface {
	Minted(b *tx.Block, height int32, fees int64, why string)
	MintFailed(why string, err error)
}

// patience is how long the minter waits for pool and chain.
const patience = time.Minute

// Spec describes the actor.
func Spec(d Deps) kit.Spec {
	return kit.Spec{
		Kind: msg.KindMinter, Name: msg.KindMinter,
		Policy: kit.Restart(10, time.Minute, 100*time.Millisecond, kit.Stop),
		New: func() kit.Actor {
			return &minter{Deps: d, deployments: consensus.NewDeploymentCache()}
		},
	}
}

type minter struct {
	Deps
	deployments *consensus.DeploymentCache
	jobs        []*job           // the first is under way
	extra       uint64           // extra nonce, for a coinbase that must not be the same as another
	builtOn     *chainstate.Node // below the last template
	lastAt      time.Time
	barriers    []kit.ReplyTo
}

// cores is on how many of them to grind.
func (m *minter) cores() int { return max(m.Cores, 1) }

// version is what a header on top of prev gets.
func (m *minter) version(prev *chainstate.Node) int32 {
	return consensus.BlockVersion(prev, m.Board.Params, m.deployments)
}

// Receive handles one message.
func (m *minter) Receive(k *kit.Context, in any) {
	switch in := in.(type) {
	case kit.Started:
		m.extra = k.Rand().Uint64()
		m.lastAt = k.Now()
		if len(m.Rule.PayTo) > 0 && (m.Rule.Every > 0 || m.Rule.Txs > 0) {
			k.Every(100*time.Millisecond, msg.Tick{})
		}
	case *msg.Mint:
		m.add(k, &job{Mint: *in, reply: k.ReplyTo(), why: "on demand"})
	case *msg.TxsPicked:
		m.onPicked(k, in)
	case *ground:
		m.onGround(k, in)
	case *msg.BlockVerdict:
		m.onVerdict(k, in)
	case *msg.TipChanged:
		m.onTip(k)
	case kit.Timeout:
		m.fail(k, in.Err)
	case msg.Tick:
		m.byRule(k)
	case *again:
		m.pick(k)
	case *msg.Barrier:
		m.barriers = append(m.barriers, k.ReplyTo())
		m.settle()
	}
}

// byRule starts a block when the rule says so: by the clock, or because enough
// transactions wait.
func (m *minter) byRule(k *kit.Context) {
	tip := m.Board.Tip()
	if len(m.jobs) > 0 || tip == nil || tip.Tip() != tip.BestHeader() {
		return
	}
	now := k.Now()
	pool := m.Board.Pool()
	switch {
	case m.Rule.Every > 0 && now.Sub(m.lastAt) >= m.Rule.Every:
		m.mintByRule(k, "the interval has passed")
	case m.Rule.Txs > 0 && pool != nil && pool.Count() >= m.Rule.Txs:
		m.mintByRule(k, "enough transactions wait")
	}
	if now.Before(m.lastAt) { // a mock clock was set back
		m.lastAt = now
	}
}

func (m *minter) mintByRule(k *kit.Context, why string) {
	m.lastAt = k.Now()
	m.add(k, &job{Mint: msg.Mint{Blocks: 1, PayTo: m.Rule.PayTo, MaxTries: 1 << 62}, why: why})
}

// settle answers barriers when nothing is under way.
func (m *minter) settle() {
	if len(m.jobs) > 0 {
		return
	}
	for _, r := range m.barriers {
		r.Reply(&msg.Done{})
	}
	m.barriers = nil
}
