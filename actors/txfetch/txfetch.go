// Package txfetch is the actor that asks peers for the transactions that they
// announce, each once, whoever announced it.
//
// It is a shell around [download.Txs], and remembers for a while what was
// refused. What arrives goes to mempool; the connection hears when it is in the
// pool, an orphan, or refused. It restarts empty: peers announce again. Start
// reading at [Spec].
package txfetch

import (
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
	refused   refused
	cheap     refused // refused for their fee alone: a child may pay for them
	tip       tx.Hash // the refusals are about
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
		f.verdict(k, &m.Verdict)
	case kit.Timeout:
		f.verdict(k, &mempool.Verdict{Reject: mempool.Unavailable(m.Err.Error())})
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
	f.forgetOldRefusals()
	byWitness := m.Peer.Hello().WTxIDRelay
	ids := make([]download.TxID, 0, len(m.List))
	for _, v := range m.List {
		id := download.TxID{Hash: v.Hash, Witness: v.Type == wire.InvWTx}
		if id.Witness == byWitness && !f.have(id) && !f.cheap.has(id.Hash) {
			ids = append(ids, id)
		}
	}
	f.machine.Announced(k.Now(), m.Peer.ID, ids)
}

// have tells whether a transaction is in the pool, or was refused on this tip.
func (f *txfetch) have(id download.TxID) bool {
	if f.refused.has(id.Hash) {
		return true
	}
	pool := f.Board.Pool()
	if pool == nil {
		return false
	}
	return id.Witness && pool.ByWitnessID(id.Hash) != nil || !id.Witness && pool.ByID(id.Hash) != nil
}

// forgetOldRefusals gives everything another chance on another tip: what was
// refused may be good now.
func (f *txfetch) forgetOldRefusals() {
	if tip := f.Board.Tip().Tip().Hash(); tip != f.tip {
		f.tip = tip
		f.refused, f.cheap = refused{}, refused{}
	}
}

// arrived hands a transaction to mempool.
func (f *txfetch) arrived(k *kit.Context, a *arrival) {
	f.forgetOldRefusals()
	t, peer := a.msg.Tx, a.msg.Peer
	f.machine.Answered(k.Now(), peer.ID, t.WitnessID())
	f.machine.Answered(k.Now(), peer.ID, t.ID())
	if f.refused.has(t.WitnessID()) && !peer.Permissions.Has(config.PermForceRelay) {
		a.done(nil)
		return
	}
	if len(f.held) > 0 || !f.submit(k, a) {
		f.held = append(f.held, a)
	}
}

func (f *txfetch) submit(k *kit.Context, a *arrival) bool {
	id, result := k.Call(f.Cast.Mempool(), &msg.SubmitTx{
		Tx: a.msg.Tx, Peer: a.msg.Peer.ID, OnlyWithChild: f.cheap.has(a.msg.Tx.WitnessID()) && !a.msg.Peer.Permissions.Has(config.PermForceRelay),
	}, patience)
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

// verdict remembers what became of a transaction, and tells its connection.
func (f *txfetch) verdict(k *kit.Context, v *mempool.Verdict) {
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
		f.machine.Forget(t.ID())
		f.machine.Forget(t.WitnessID())
	case v.Reject.Result == mempool.MissingInputs:
		f.orphan(k, a, v)
	default:
		blame = f.refuse(t, v.Reject)
	}
	f.effects(k) // what it makes us ask is queued before the answer
	a.done(blame)
}

// refuse remembers a refusal, unless it is about the witness alone or our own
// failure, and blames the peer for a broken rule of consensus.
func (f *txfetch) refuse(t *tx.Tx, r *mempool.Reject) error {
	switch r.Result {
	case mempool.WitnessStripped, mempool.Unknown:
		return nil
	case mempool.Reconsiderable:
		f.cheap.add(t.WitnessID())
		f.machine.Forget(t.WitnessID())
		return nil
	}
	f.refused.add(t.WitnessID())
	f.machine.Forget(t.WitnessID())
	if r.Result == mempool.InputsNotStandard {
		f.refused.add(t.ID()) // whatever its witness
		f.machine.Forget(t.ID())
	}
	if r.Result != mempool.Consensus {
		return nil
	}
	return &consensus.RuleError{Kind: consensus.Kind(r.Reason()), Result: consensus.Invalid, Debug: r.Debug}
}

// orphan asks whoever sent it for the parents, unless one of them was refused:
// then the orphan is, too. One parent that only paid too little is asked for again,
// for the orphan may pay for it; with two of them no package would help.
func (f *txfetch) orphan(k *kit.Context, a *arrival, v *mempool.Verdict) {
	t := a.msg.Tx
	var parents []download.TxID
	cheap := 0
	for _, h := range v.Missing {
		if f.cheap.has(h) {
			cheap++
		}
		if f.refused.has(h) || cheap > 1 {
			f.refused.add(t.WitnessID())
			f.refused.add(t.ID())
			return
		}
		if id := (download.TxID{Hash: h}); !f.have(id) {
			parents = append(parents, id)
		}
	}
	f.machine.Forget(t.ID())
	f.machine.Forget(t.WitnessID())
	f.machine.Announced(k.Now(), a.msg.Peer.ID, parents)
}

// effects sends what the machine wants to ask.
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
		list := make([]wire.InvVect, len(ask.IDs))
		for i, id := range ask.IDs {
			list[i] = wire.InvVect{Type: wire.InvWitnessTx, Hash: id.Hash}
			if id.Witness {
				list[i].Type = wire.InvWTx
			}
		}
		k.Send(p.Ref(), &msg.SendToPeer{Message: &wire.GetData{List: list}})
	}
}
