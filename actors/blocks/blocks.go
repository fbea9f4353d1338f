// Package blocks is the actor that fetches block bodies. It owns what the
// tutorial called blocksInTransit.
//
// It is a shell around [download.Blocks], which decides who is asked for what and
// when to stop waiting. Blocks that arrive are handed to chain in the order that
// it can use them in; those that have to wait are kept here, within a budget of
// their own, and their connections go on.
//
// It restarts without memory and takes up the connections there are; what was in
// flight arrives as unasked, or is asked for again. Start reading at [Spec].
package blocks

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/chainstate"
	"github.com/troupe-node/troupe/config"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/download"
	"github.com/troupe-node/troupe/tx"
	"github.com/troupe-node/troupe/wire"
)

// Deps is what the actor is made of.
type Deps struct {
	Board  *msg.Board
	Cast   *msg.Cast
	Config download.BlocksConfig
	Log    Log
}

// Log is told what people want to know of single peers, and of all.
type Log interface {
	PeerNote(p *msg.Peer, text string)
	DownloadNote(text string)
}

// patience is how long chain may take for a block: it may be in the middle of a
// long reorganisation.
const patience = 30 * time.Minute

// Spec describes the actor.
func Spec(d Deps) kit.Spec {
	var lanes kit.Lanes
	lanes[kit.Block] = kit.Limits{Messages: 1 << 13, Bytes: 512 << 20}
	lanes[kit.Headers] = kit.Limits{Messages: 1 << 13, Bytes: 16 << 20}
	lanes[kit.Reply] = kit.Limits{Messages: 1 << 13}
	lanes[kit.Control] = kit.Limits{Messages: 1 << 13}
	return kit.Spec{
		Kind: msg.KindBlocks, Name: msg.KindBlocks, Mailbox: lanes,
		Policy: kit.Restart(5, time.Minute, 100*time.Millisecond, kit.Fatal),
		New: func() kit.Actor {
			return &blocks{Deps: d, peers: map[msg.PeerID]*msg.Peer{}, staged: map[tx.Hash]*arrival{}, follows: map[tx.Hash]*arrival{}, chain: map[kit.CallID]*arrival{}, unread: map[msg.PeerID]bool{}}
		},
	}
}

type blocks struct {
	Deps
	machine *download.Blocks
	peers   map[msg.PeerID]*msg.Peer
	staged  map[tx.Hash]*arrival    // here, not yet with chain
	follows map[tx.Hash]*arrival    // of these, the one on top of a block
	chain   map[kit.CallID]*arrival // with chain
	sources sources
	barrier []kit.ReplyTo
	unread  map[msg.PeerID]bool // connections that do not read at the moment
	low     bool                // the disk is nearly full
}

// arrival is a block that came from a peer.
type arrival struct {
	msg    *msg.BlockArrived
	reply  kit.ReplyTo
	leased bool // the machine waits for its verdict

	// last is the end of the chain of blocks that were here before and follow this
	// one: its connection hears when that is decided about, too.
	last    *arrival
	decided bool
	waiting []waiter // who waits for this one as their last
}

type waiter struct {
	reply kit.ReplyTo
	err   error
}

// done gives the credit back and answers the connection; once.
func (a *arrival) done(err error) {
	a.msg.Release()
	if a.last != nil && !a.last.decided {
		a.last.waiting = append(a.last.waiting, waiter{a.reply, err})
	} else {
		a.reply.Reply(&msg.Done{Err: err})
	}
	a.reply = kit.ReplyTo{}
}

// over ends a block that is decided about, or dropped.
func (a *arrival) over(err error) {
	a.done(err)
	a.decided = true
	for _, w := range a.waiting {
		w.reply.Reply(&msg.Done{Err: w.err})
	}
	a.waiting = nil
}

// Receive handles one message.
func (b *blocks) Receive(k *kit.Context, m any) {
	switch m := m.(type) {
	case kit.Started:
		b.machine = download.NewBlocks(b.Config, msg.Tree{Board: b.Board})
		b.rejoin(k)
		k.Every(100*time.Millisecond, msg.Tick{})
	case kit.Stopping:
		b.abandon()
		return
	case *msg.ConnUp:
		b.join(k, m.Peer)
	case *msg.ConnDown:
		b.machine.PeerDown(k.Now(), m.Peer.ID)
		delete(b.peers, m.Peer.ID)
		delete(b.unread, m.Peer.ID)
	case *msg.ConnPaused:
		b.unread[m.Peer.ID] = m.Paused
		b.machine.Paused(k.Now(), m.Peer.ID, m.Paused || b.low)
	case *msg.PeerHas:
		b.machine.PeerHas(k.Now(), m.Peer.ID, m.Node, m.Direct)
		b.effects(k)
		m.Then.Reply(&msg.Done{})
	case *msg.BlockArrived:
		b.arrived(k, &arrival{msg: m, reply: k.ReplyTo()})
	case *msg.BlocksNotFound:
		b.machine.NotFound(k.Now(), m.Peer.ID, m.Hashes)
	case *msg.FetchBlock:
		k.Reply(&msg.Done{Err: b.machine.Fetch(k.Now(), m.Peer, m.Hash)})
	case *msg.BlockVerdict:
		b.verdict(k, &m.Verdict)
	case *msg.BlockTurnedBad:
		b.turnedBad(k, m)
	case kit.Timeout:
		b.verdict(k, &chainstate.Verdict{Outcome: chainstate.Failed, Err: m.Err})
	case *msg.TipChanged, *msg.HeaderChanged:
		b.machine.Progress(k.Now())
	case *msg.DiskLow:
		b.pause(k, true)
	case *msg.DiskEnough:
		b.pause(k, false)
	case *msg.Barrier:
		b.barrier = append(b.barrier, k.ReplyTo())
	case msg.Tick:
		b.machine.Tick(k.Now())
		b.show(k)
	}
	b.effects(k)
	if len(b.barrier) > 0 && len(b.chain) == 0 {
		for _, r := range b.barrier {
			r.Reply(&msg.Done{})
		}
		b.barrier = nil
	}
}

// rejoin takes up the connections there are, after a restart, and what they are
// known to have.
func (b *blocks) rejoin(k *kit.Context) {
	for _, p := range b.Board.Peers().Peers {
		if p.Hello() == nil || !p.Ref().Alive() {
			continue
		}
		b.join(k, p)
		if best := p.Stats.BestHeader.Load(); best != nil {
			if n := b.Board.Index.Get(*best); n != nil {
				b.machine.PeerHas(k.Now(), p.ID, n, false)
			}
		}
	}
	b.effects(k)
}

// abandon lets go of the blocks that this life has in hand: their connections go
// on, and whoever has them will be asked again.
func (b *blocks) abandon() {
	for _, a := range b.staged {
		a.over(nil)
	}
	for _, a := range b.chain {
		a.over(nil)
	}
	b.staged, b.follows, b.chain = nil, nil, nil
}

func (b *blocks) join(k *kit.Context, p *msg.Peer) {
	b.peers[p.ID] = p
	services, noBan := p.Hello().Services, p.Permissions.Has(config.PermNoBan)
	full := services.Has(wire.NodeNetwork)
	b.machine.PeerUp(k.Now(), p.ID, download.BlocksPeer{
		Serves: full, Limited: !full && services.Has(wire.NodeNetworkLimited), Witness: services.Has(wire.NodeWitness),
		Preferred: !p.Inbound() || noBan, NoBan: noBan || p.Type == msg.Manual,
	})
	if b.low {
		b.machine.Paused(k.Now(), p.ID, true)
	}
}

// show tells readers what each connection was asked for, and how far its chain is
// the same as ours.
func (b *blocks) show(k *kit.Context) {
	tip := b.Board.Tip().Tip()
	for _, s := range b.machine.Explain(k.Now(), 0).Peers {
		p := b.peers[s.Peer]
		if p == nil {
			continue
		}
		if old := p.Stats.InFlight.Load(); old == nil || !slices.Equal(*old, s.InFlight) {
			p.Stats.InFlight.Store(&s.InFlight)
		}
		if best := p.Stats.BestHeader.Load(); best != nil {
			if n := b.Board.Index.Get(*best); n != nil {
				p.Stats.SyncedBlocks.Store(chainstate.Fork(n, tip).Height())
			}
		}
	}
}

// pause stops asking while there is no room for the answers.
func (b *blocks) pause(k *kit.Context, low bool) {
	b.low = low
	for _, id := range slices.Sorted(maps.Keys(b.peers)) {
		b.machine.Paused(k.Now(), id, low || b.unread[id])
	}
}

// arrived takes a block. One that chain can use goes there, and its connection
// hears when it is decided about; one that has to wait is kept, and its
// connection goes on. One that already shows to be bad takes nobody's place.
func (b *blocks) arrived(k *kit.Context, a *arrival) {
	hash, from := a.msg.Block.Hash(), a.msg.Peer.ID
	if a.msg.Err != nil {
		b.machine.NotFound(k.Now(), from, []tx.Hash{hash})
		if consensus.ResultOf(a.msg.Err) == consensus.Mutated {
			// These bytes are not the block: chain never hears of them.
			b.effects(k)
			a.over(a.msg.Err)
			return
		}
		b.submit(k, a, false)
		return
	}
	switch b.machine.Arrived(k.Now(), from, hash, a.msg.Block.Size()) {
	case download.Keep:
		b.staged[hash], b.follows[a.msg.Block.Header.Prev] = a, a
		b.effects(k)
		if b.staged[hash] == a {
			a.done(nil)
		}
	case download.PassRequested:
		b.submit(k, a, true)
	case download.PassUnrequested:
		if b.lowWork(a.msg.Block) {
			b.Log.PeerNote(a.msg.Peer, "AcceptBlockHeader: not adding new block header "+hash.String()+", missing anti-dos proof-of-work validation")
			a.over(nil)
			return
		}
		a.leased = true
		b.submit(k, a, false)
	case download.DropDuplicate:
		a.over(nil)
	}
}

// unstage takes a block out of those that wait.
func (b *blocks) unstage(hash tx.Hash) *arrival {
	a := b.staged[hash]
	if a == nil {
		return nil
	}
	delete(b.staged, hash)
	if prev := a.msg.Block.Header.Prev; b.follows[prev] == a {
		delete(b.follows, prev)
	}
	return a
}

// lastBehind is the last of the blocks that wait and follow one another from this
// one on.
func (b *blocks) lastBehind(a *arrival) (last *arrival) {
	for next := b.follows[a.msg.Block.Hash()]; next != nil; next = b.follows[next.msg.Block.Hash()] {
		last = next
	}
	return last
}

// lowWork tells whether a block that nobody asked for lies on a chain with too
// little work to keep even its header: such ones cost nothing to make (Core's
// GetAntiDoSWorkThreshold).
func (b *blocks) lowWork(block *tx.Block) bool {
	if b.Board.Index.Get(block.Hash()) != nil {
		return false
	}
	parent := b.Board.Index.Get(block.Header.Prev)
	if parent == nil {
		return false // chain says what is wrong
	}
	tip := b.Board.Tip().Tip()
	threshold := consensus.HeaderWorkThreshold(consensus.Chainwork{Header: tip, Work: tip.Work()}, b.Board.Params)
	return parent.Work().Add(consensus.BlockWork(block.Header.Bits)).Less(threshold)
}

// submit hands a block to chain.
func (b *blocks) submit(k *kit.Context, a *arrival, requested bool) {
	add := &msg.AddBlock{Block: a.msg.Block, Checked: a.msg.Err == nil, Requested: requested}
	id, result := k.Call(b.Cast.Chain(), add, patience)
	if result != kit.Ok {
		b.settle(k, a, download.Again)
		a.over(nil)
		return
	}
	if !a.reply.IsZero() {
		a.last = b.lastBehind(a)
	}
	b.chain[id] = a
}

// verdict passes chain's answer on.
func (b *blocks) verdict(k *kit.Context, v *chainstate.Verdict) {
	a := b.chain[k.CallID()]
	if a == nil {
		return
	}
	delete(b.chain, k.CallID())
	outcome := download.Stored
	switch {
	case v.Outcome == chainstate.Failed:
		outcome = download.Again // our failure, nobody is to blame
	case a.msg.Err != nil, v.Err != nil && v.Result() == consensus.Mutated:
		outcome = download.Retry
	case v.Outcome == chainstate.Refused:
		outcome = download.Refused
	case v.Outcome == chainstate.Ignored:
		outcome = download.Declined
	}
	b.settle(k, a, outcome)
	b.effects(k) // what it makes us ask is queued before the answer
	switch v.Outcome {
	case chainstate.Failed:
		a.over(nil) // our failure, not the peer's
		return
	case chainstate.Connected, chainstate.SideBranch, chainstate.AwaitingParent:
		a.msg.Peer.Stats.LastBlock.Store(k.Now().Unix())
	}
	if v.Outcome == chainstate.SideBranch || v.Outcome == chainstate.AwaitingParent {
		b.sources.add(v.Hash, a.msg.Peer.ID)
	}
	late := a.reply.IsZero()
	a.over(v.Err)
	if late && blames(v.Err) {
		k.Send(a.msg.Peer.Ref(), &msg.Disconnect{Reason: v.Err.Error(), Misbehaved: true})
	}
}

// turnedBad holds who sent a block to account when it is found bad after all.
func (b *blocks) turnedBad(k *kit.Context, m *msg.BlockTurnedBad) {
	if id, ok := b.sources.sender(m.Hash); ok && blames(m.Err) {
		b.send(k, id, &msg.Disconnect{Reason: m.Err.Error(), Misbehaved: true})
	}
}

// blames tells whether a refusal is the fault of who sent the block.
func blames(err error) bool {
	var rule *consensus.RuleError
	return errors.As(err, &rule) && (rule.Result == consensus.Invalid || rule.Result == consensus.Mutated)
}

func (b *blocks) settle(k *kit.Context, a *arrival, o download.Outcome) {
	if a.leased {
		b.machine.Settled(k.Now(), a.msg.Block.Hash(), o)
	}
}

// effects does what the machine wants.
func (b *blocks) effects(k *kit.Context) {
	for list := b.machine.Ready(); len(list) > 0; list = b.machine.Ready() {
		for _, e := range list {
			b.perform(k, e)
		}
	}
}

func (b *blocks) perform(k *kit.Context, e download.Effect) {
	switch e := e.(type) {
	case download.AskBlocks:
		what := wire.InvWitnessBlock
		if p := b.peers[e.Peer]; p != nil && !p.Hello().Services.Has(wire.NodeWitness) {
			what = wire.InvBlock // it would not know what we mean
		}
		want := make([]wire.InvVect, len(e.Hashes))
		for i, h := range e.Hashes {
			want[i] = wire.InvVect{Type: what, Hash: h}
		}
		b.send(k, e.Peer, &msg.SendToPeer{Message: &wire.GetData{List: want}})
	case download.Deliver:
		if a := b.unstage(e.Hash); a != nil {
			a.leased = true
			b.submit(k, a, true)
		}
	case download.Discard:
		if a := b.unstage(e.Hash); a != nil {
			a.over(nil)
		}
	case download.Note:
		if p := b.peers[e.Peer]; p != nil {
			b.Log.PeerNote(p, fmt.Sprintf("%s peer=%d", e.Text, p.Number()))
		} else {
			b.Log.DownloadNote(e.Text)
		}
	case download.Disconnect:
		b.send(k, e.Peer, &msg.Disconnect{Reason: e.Reason, Misbehaved: e.Misbehaved})
	}
}

func (b *blocks) send(k *kit.Context, id msg.PeerID, m any) {
	if p := b.peers[id]; p != nil {
		k.Send(p.Ref(), m)
	}
}
