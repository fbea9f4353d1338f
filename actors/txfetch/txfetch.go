// Package txfetch is the actor that asks peers for the transactions that they
// announce, each once, whoever announced it.
//
// It is a shell around [download.Txs]. What arrives goes to mempool, which remembers
// what was refused and why; the connection hears when it is in the pool, an orphan,
// or refused. It restarts empty: peers announce again. Start reading at [Spec].
package txfetch

import (
	"fmt"
	"time"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/config"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/download"
	"github.com/troupe-node/troupe/mempool"
	"github.com/troupe-node/troupe/tx"
	"github.com/troupe-node/troupe/wire"
)

// Deps is what the actor is made of.
type Deps struct {
	Board  *msg.Board
	Cast   *msg.Cast
	Config download.TxsConfig
	Log    Log
}

// Log is told what people want to know of single peers.
type Log interface {
	PeerNote(p *msg.Peer, text string)
}

// patience is how long mempool may take for one transaction; the pool may be in
// the middle of a reorganisation.
const patience = 10 * time.Minute

// Spec describes the actor.
func Spec(d Deps) kit.Spec {
	var lanes kit.Lanes
	lanes[kit.Tx] = kit.Limits{Messages: 1 << 17, Bytes: 128 << 20}
	lanes[kit.Gossip] = kit.Limits{Messages: 1 << 13, Bytes: 64 << 20}
	lanes[kit.Reply] = kit.Limits{Messages: 1 << 17}
	lanes[kit.Control] = kit.Limits{Messages: 1 << 13}
	return kit.Spec{
		Kind: msg.KindTxFetch, Name: msg.KindTxFetch, Mailbox: lanes,
		Policy: kit.Restart(5, time.Minute, 100*time.Millisecond, kit.Fatal),
		New: func() kit.Actor {
			return &txfetch{Deps: d, peers: map[msg.PeerID]*msg.Peer{}, submitted: map[kit.CallID]*arrival{}}
		},
	}
}

type txfetch struct {
	Deps
	machine   *download.Txs
	peers     map[msg.PeerID]*msg.Peer
	submitted map[kit.CallID]*arrival
	held      []*arrival // mempool has no room: in order
	barrier   []kit.ReplyTo
}

// arrival is a transaction that came from a peer.
type arrival struct {
	msg   *msg.TxArrived
	reply kit.ReplyTo
}

func (a *arrival) done(err error) {
	a.msg.Release()
	a.reply.Reply(&msg.Done{Err: err})
}

// Receive handles one message.
func (f *txfetch) Receive(k *kit.Context, m any) {
	switch m := m.(type) {
	case kit.Started:
		f.machine = download.NewTxs(f.Config, k.Rand().Uint64())
		for _, p := range f.Board.Peers().Peers {
			if p.Hello() != nil && p.Ref().Alive() {
				f.join(p)
			}
		}
		k.Every(100*time.Millisecond, msg.Tick{})
	case kit.Stopping:
		f.abandon()
		return
	case *msg.ConnUp:
		f.join(m.Peer)
	case *msg.ConnDown:
		f.machine.PeerDown(k.Now(), m.Peer.ID)
		delete(f.peers, m.Peer.ID)
	case *msg.TxsAnnounced:
		f.announced(k, m)
		f.effects(k)
		k.Reply(&msg.Done{})
	case *msg.TxsNotFound:
		for _, v := range m.List {
			f.machine.Answered(k.Now(), m.Peer.ID, v.Hash)
		}
	case *msg.TxArrived:
		f.arrived(k, &arrival{msg: m, reply: k.ReplyTo()})
	case *msg.TxVerdict:
		f.verdict(k, m)
	case *msg.OrphanTurnedBad:
		if p := f.peers[m.Peer]; p != nil {
			k.Send(p.Ref(), &msg.Disconnect{Reason: broken(m.Reject).Error(), Misbehaved: true})
		}
	case kit.Timeout:
		f.verdict(k, &msg.TxVerdict{Verdict: mempool.Verdict{Reject: mempool.Unavailable(m.Err.Error())}})
	case kit.Room:
		f.retry(k)
	case *msg.Barrier:
		f.barrier = append(f.barrier, k.ReplyTo())
	case msg.Tick:
		f.machine.Tick(k.Now())
		f.retry(k)
	}
	f.effects(k)
	if len(f.barrier) > 0 && len(f.submitted)+len(f.held) == 0 {
		for _, r := range f.barrier {
			r.Reply(&msg.Done{})
		}
		f.barrier = nil
	}
}

// abandon answers for the transactions that this life has in hand: mempool decides
// about them all the same.
func (f *txfetch) abandon() {
	for _, a := range f.submitted {
		a.done(nil)
	}
	for _, a := range f.held {
		a.done(nil)
	}
	f.submitted, f.held = nil, nil
}

func (f *txfetch) join(p *msg.Peer) {
	f.peers[p.ID] = p
	f.machine.PeerUp(p.ID, download.TxsPeer{
		Preferred: !p.Inbound() || p.Permissions.Has(config.PermNoBan),
		Trusted:   p.Permissions.Has(config.PermRelay), WTxID: p.Hello().WTxIDRelay,
	})
}

// announced notes what we do not have.
func (f *txfetch) announced(k *kit.Context, m *msg.TxsAnnounced) {
	byWitness := m.Peer.Hello().WTxIDRelay
	ids := make([]download.TxID, 0, len(m.List))
	for _, v := range m.List {
		id := download.TxID{Hash: v.Hash, Witness: v.Type == wire.InvWTx}
		if id.Witness == byWitness && !f.have(id) && !f.cheap(id.Hash) {
			ids = append(ids, id)
		}
	}
	f.machine.Announced(k.Now(), m.Peer.ID, ids)
}

// have tells whether a transaction is here, was here until a block confirmed it, or
// was refused on this tip (Core's AlreadyHaveTx). Of what is known by its txid alone
// another witness may be wanted: an orphan and most refusals are known by witness id,
// which is the same for what has no witness.
func (f *txfetch) have(id download.TxID) bool {
	pool := f.Board.Pool()
	if pool == nil {
		return false
	}
	if giver, ok := pool.Orphans().Giver(id.Hash); ok && f.peers[msg.PeerID(giver)] != nil {
		return true
	}
	if pool.Confirmed().Has(id.Hash) || pool.Refusals().Has(id.Hash, f.tip()) {
		return true
	}
	return id.Witness && pool.ByWitnessID(id.Hash) != nil || !id.Witness && pool.ByID(id.Hash) != nil
}

// cheap tells whether a transaction was refused on this tip for its fee alone.
func (f *txfetch) cheap(id tx.Hash) bool {
	pool := f.Board.Pool()
	return pool != nil && pool.Refusals().Cheap(id, f.tip())
}

func (f *txfetch) tip() tx.Hash { return f.Board.Tip().Tip().Hash() }

// arrived hands a transaction to mempool, unless we have it. With the forcerelay
// permission others hear of it all the same: the peer may be our gateway's inside.
func (f *txfetch) arrived(k *kit.Context, a *arrival) {
	t, peer := a.msg.Tx, a.msg.Peer
	f.machine.Answered(k.Now(), peer.ID, t.WitnessID())
	f.machine.Answered(k.Now(), peer.ID, t.ID())
	if f.have(download.TxID{Hash: t.WitnessID(), Witness: true}) {
		if peer.Permissions.Has(config.PermForceRelay) {
			f.forceRelay(k, peer, t)
		}
		a.done(nil)
		return
	}
	if len(f.held) > 0 || !f.submit(k, a) {
		f.held = append(f.held, a)
	}
}

func (f *txfetch) forceRelay(k *kit.Context, peer *msg.Peer, t *tx.Tx) {
	what := fmt.Sprintf("%s (wtxid=%s) from", t.ID(), t.WitnessID())
	if f.Board.Pool().ByID(t.ID()) == nil {
		f.Log.PeerNote(peer, fmt.Sprintf("Not relaying non-mempool transaction %s forcerelay peer=%d", what, peer.Number()))
		return
	}
	f.Log.PeerNote(peer, fmt.Sprintf("Force relaying tx %s peer=%d", what, peer.Number()))
	k.Send(f.Cast.Mempool(), &msg.AnnounceTx{ID: t.ID()})
}

func (f *txfetch) submit(k *kit.Context, a *arrival) bool {
	id, result := k.Call(f.Cast.Mempool(), &msg.SubmitTx{Tx: a.msg.Tx, Peer: a.msg.Peer.ID}, patience)
	switch result {
	case kit.Full:
		return false
	case kit.Dead:
		a.done(nil)
		return true
	}
	f.submitted[id] = a
	return true
}

// retry hands on what mempool had no room for.
func (f *txfetch) retry(k *kit.Context) {
	for len(f.held) > 0 && f.submit(k, f.held[0]) {
		f.held[0] = nil
		f.held = f.held[1:]
	}
}

// verdict ends what was asked about a transaction, and tells its connection.
func (f *txfetch) verdict(k *kit.Context, v *msg.TxVerdict) {
	a := f.submitted[k.CallID()]
	if a == nil {
		return
	}
	delete(f.submitted, k.CallID())
	t, peer := a.msg.Tx, a.msg.Peer
	var blame error
	switch {
	case v.Entry != nil:
		peer.Stats.LastTx.Store(k.Now().Unix())
		f.forget(t)
	case v.Reject.Result == mempool.MissingInputs:
		f.forget(t)
		if v.Kept {
			f.askParents(k, peer, t)
		}
	case v.Reject.Result == mempool.WitnessStripped, v.Reject.Result == mempool.Unknown:
	default:
		f.machine.Forget(t.WitnessID())
		if v.Reject.Result == mempool.InputsNotStandard {
			f.machine.Forget(t.ID()) // whatever its witness
		}
		if v.Reject.Result == mempool.Consensus {
			blame = broken(v.Reject)
		}
	}
	f.effects(k) // what it makes us ask is queued before the answer
	a.done(blame)
}

func (f *txfetch) forget(t *tx.Tx) {
	f.machine.Forget(t.ID())
	f.machine.Forget(t.WitnessID())
}

// broken is what a peer is told that broke a rule of consensus.
func broken(r *mempool.Reject) error {
	return &consensus.RuleError{Kind: consensus.Kind(r.Reason()), Result: consensus.Invalid, Debug: r.Debug}
}

// askParents asks whoever sent an orphan for its parents, but for those that we have.
// Like Core we do not look whether their coins are there: only that of which neither
// pool nor the last blocks know is asked for. One that only paid too little is asked
// for again, for the orphan may pay for it.
func (f *txfetch) askParents(k *kit.Context, peer *msg.Peer, t *tx.Tx) {
	var parents []download.TxID
	seen := make(map[tx.Hash]bool, len(t.Inputs)) // there may be thousands
	for i := range t.Inputs {
		id := download.TxID{Hash: t.Inputs[i].PrevOut.Hash}
		if !seen[id.Hash] && !f.have(id) {
			parents = append(parents, id)
		}
		seen[id.Hash] = true
	}
	f.machine.Announced(k.Now(), peer.ID, parents)
}

// effects sends what the machine wants to ask, but for what has come by another way
// meanwhile.
func (f *txfetch) effects(k *kit.Context) {
	for _, e := range f.machine.Ready() {
		ask, ok := e.(download.AskTxs)
		if !ok {
			continue
		}
		p := f.peers[ask.Peer]
		if p == nil {
			continue
		}
		list := make([]wire.InvVect, 0, len(ask.IDs))
		for _, id := range ask.IDs {
			if f.have(id) {
				f.machine.Forget(id.Hash)
				continue
			}
			list = append(list, wire.InvVect{Type: askFor(p, id), Hash: id.Hash})
		}
		if len(list) > 0 {
			k.Send(p.Ref(), &msg.SendToPeer{Message: &wire.GetData{List: list}})
		}
	}
}

// askFor is how a transaction is asked for: only of peers that know witnesses with
// its witness.
func askFor(p *msg.Peer, id download.TxID) wire.InvType {
	switch {
	case id.Witness:
		return wire.InvWTx
	case p.Hello().Services.Has(wire.NodeWitness):
		return wire.InvWitnessTx
	}
	return wire.InvTx
}
