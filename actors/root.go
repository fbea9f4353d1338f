package actors

import (
	"fmt"
	"runtime"

	"github.com/troupe-node/troupe/actors/blocks"
	"github.com/troupe-node/troupe/actors/chain"
	"github.com/troupe-node/troupe/actors/conn"
	"github.com/troupe-node/troupe/actors/dialer"
	"github.com/troupe-node/troupe/actors/headers"
	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/listener"
	"github.com/troupe-node/troupe/actors/mempool"
	"github.com/troupe-node/troupe/actors/minter"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/actors/notify"
	"github.com/troupe-node/troupe/actors/observer"
	"github.com/troupe-node/troupe/actors/registry"
	"github.com/troupe-node/troupe/actors/store"
	"github.com/troupe-node/troupe/actors/txfetch"
	"github.com/troupe-node/troupe/actors/txindex"
	"github.com/troupe-node/troupe/actors/verify"
	"github.com/troupe-node/troupe/chainstate"
	"github.com/troupe-node/troupe/config"
	"github.com/troupe-node/troupe/download"
	pool "github.com/troupe-node/troupe/mempool"
	"github.com/troupe-node/troupe/mining"
	"github.com/troupe-node/troupe/wire"
)

// ready asks root for an answer once the whole cast is on stage.
// Sender: outside. Answer: *msg.Done.
type ready struct{}

// opened says that chain has loaded its headers, or why not. Sender: chain,
// through the callback that root gave it.
type opened struct{ err error }

// pooled says that the pool has published its first view, which everybody who reads
// it counts on. Sender: mempool, through the callback that root gave it.
type pooled struct{}

var (
	_ = kit.Register[*ready](kit.Message{
		Lane: kit.Local, Full: kit.Hold, Role: kit.Work, From: []string{msg.KindOutside}, To: []string{msg.KindRoot},
		Reply: "*Done", Doc: "answer when the whole cast is on stage",
	})
	_ = kit.Register[*opened](kit.Message{
		Lane: kit.Control, Full: kit.Hold, Role: kit.Return, From: []string{msg.KindChain}, To: []string{msg.KindRoot},
		Doc: "the header tree is loaded, or why not",
	})
	_ = kit.Register[*pooled](kit.Message{
		Lane: kit.Control, Full: kit.Hold, Role: kit.Return, From: []string{msg.KindMempool}, To: []string{msg.KindRoot},
		Doc: "the pool has a view",
	})
)

// root spawns the others: first those that everybody stands on, the rest when
// chain is there, and a conn for every connection that registry has let in.
type root struct {
	node    *Node
	conns   *conn.Node
	on      bool
	err     error
	waiting []kit.ReplyTo
}

func rootSpec(n *Node) kit.Spec {
	return kit.Spec{Kind: msg.KindRoot, Name: msg.KindRoot, Policy: kit.Fatal, New: func() kit.Actor { return &root{node: n} }}
}

// Receive handles one message.
func (r *root) Receive(k *kit.Context, m any) {
	switch m := m.(type) {
	case kit.Started:
		r.node.Cast.Play(msg.KindRoot, k.Self())
		r.conns = r.node.connNode()
		r.foundation(k)
	case *opened:
		if r.err = m.err; m.err == nil {
			r.err = r.company(k)
		}
		if r.err != nil {
			r.answer()
		}
	case *pooled:
		r.on = r.err == nil
		r.answer()
	case *ready:
		r.waiting = append(r.waiting, k.ReplyTo())
		if r.on || r.err != nil {
			r.answer()
		}
	case *msg.StartConn:
		if ref := k.Spawn(conn.Spec(r.conns, m.Peer, m.Conn)); ref.IsZero() {
			m.Release()
		}
	}
}

func (r *root) answer() {
	for _, w := range r.waiting {
		if r.err != nil {
			w.Refuse(r.err)
		} else {
			w.Reply(&msg.Done{})
		}
	}
	r.waiting = nil
}

func (r *root) play(k *kit.Context, spec kit.Spec) {
	r.node.Cast.Play(spec.Kind, k.Spawn(spec))
}

// foundation starts those who keep the chain.
func (r *root) foundation(k *kit.Context) {
	n := r.node
	c := n.Config
	r.play(k, store.Spec(store.Deps{Store: n.Store, Cast: n.Cast, Board: n.Board, Free: n.Free, Log: n.log}))
	r.play(k, verify.Spec(verify.Deps{Board: n.Board, Cache: n.Cache, Workers: c.Store.Par, OnPanic: n.log.WorkerPanicked}))
	self := k.Self()
	r.play(k, chain.Spec(chain.Deps{
		Board: n.Board, Cast: n.Cast, Log: n.log,
		Options:     chainstate.Options{CacheBytes: int(c.Store.DBCache), MaxTipAge: int64(c.Rules.MaxTipAge.Seconds())},
		PruneTarget: c.Store.PruneTarget,
		Opened: func(s *chainstate.Snapshot, err error) {
			if err == nil {
				err = refusePruned(s, c)
			}
			if err != nil {
				err = fmt.Errorf("opening the chain: %w", err)
			}
			self.Post(&opened{err: err})
		},
	}))
}

// refusePruned is for a node that keeps all blocks on a store where some are
// gone (in Core's words).
func refusePruned(s *chainstate.Snapshot, c *config.Config) error {
	if h := s.PruneHeight(); h > 0 && !c.Store.Prune {
		return fmt.Errorf("You need to rebuild the database using -reindex to go back to unpruned mode.  This will redownload the entire blockchain (blocks below %d are gone; or set -prune again)", h)
	}
	return nil
}

// company starts everybody else.
func (r *root) company(k *kit.Context) error {
	n := r.node
	c := n.Config
	self := k.Self()
	r.play(k, observer.Spec(observer.Deps{Board: n.Board, Ledger: n.Ledger, Log: n.Log}))
	r.play(k, mempool.Spec(mempool.Deps{
		Board: n.Board, Cast: n.Cast, Policy: poolPolicy(&c.Mempool), AtOnce: 64 * max(1, c.Store.Par),
		File: n.PoolFile, Keep: c.Mempool.Persist && n.PoolFile != "", Log: n.log,
		Fees:   mempool.Fees{File: n.FeesFile, Stale: c.Mempool.AcceptStaleFees, Off: c.Mempool.BlocksOnly},
		Opened: func() { self.Post(&pooled{}) },
	}))
	r.play(k, txfetch.Spec(txfetch.Deps{Board: n.Board, Cast: n.Cast, Log: n.log}))
	r.play(k, blocks.Spec(blocks.Deps{Board: n.Board, Cast: n.Cast, Config: download.BlocksConfig{Params: n.Params}, Log: n.log}))
	r.play(k, headers.Spec(headers.Deps{Board: n.Board, Cast: n.Cast, Config: download.HeadersConfig{Params: n.Params}, Log: n.log}))
	r.play(k, minter.Spec(minter.Deps{
		Board: n.Board, Cast: n.Cast, Log: n.log, Limits: n.TemplateLimits(),
		Rule:    minter.Rule{PayTo: n.PayTo, Every: c.Minter.Interval, Txs: c.Minter.Txs},
		Version: c.Rules.TestBlockVersion, Cores: runtime.GOMAXPROCS(0),
	}))
	r.play(k, notify.Spec(notify.Deps{
		Board: n.Board, Command: c.Notify.Block, Alert: c.Notify.Alert, StopAt: c.Process.StopAtHeight, Stop: n.Quit, Log: n.Log,
	}))
	if c.Store.TxIndex {
		r.play(k, txindex.Spec(txindex.Deps{Board: n.Board, Cast: n.Cast, Log: n.log}))
	}
	r.play(k, dialer.Spec(dialer.Deps{Timeout: c.Network.DialTimeout}))
	r.play(k, registry.Spec(registry.Deps{
		Board: n.Board, Cast: n.Cast, Config: c.Network, Magic: wire.Magic(n.Params.Magic), Port: n.Params.P2PPort,
		Seeds: n.Params.DNSSeeds, Files: registry.Files{Dir: c.ChainDir}, IDs: n.IDs, Log: n.log,
	}))
	if len(n.Addresses) > 0 {
		r.play(k, listener.Spec(listener.Deps{Cast: n.Cast, Listeners: n.Listeners, Addresses: n.Addresses, Log: n.log}))
	}
	if n.RPC != nil {
		spec, err := n.RPC(n)
		if err != nil {
			return err
		}
		r.play(k, spec)
	}
	return nil
}

// poolPolicy is what the options say about the pool.
func poolPolicy(c *config.Mempool) pool.Policy {
	p := pool.DefaultPolicy()
	p.RequireStandard = !c.AcceptNonStandard
	p.MinRelayFee, p.IncrementalFee, p.DustFee = int64(c.MinRelayFee), int64(c.IncrementalFee), int64(c.DustFee)
	p.MaxDataCarrier = c.DataCarrierBytes
	if !c.DataCarrier {
		p.MaxDataCarrier = 0
	}
	p.PermitBareMulti, p.BytesPerSigOp = c.PermitBareMultisig, c.BytesPerSigOp
	p.AncestorCount, p.AncestorVBytes = c.AncestorCount, c.AncestorBytes
	p.DescendantCount, p.DescendantVBytes = c.DescendantCount, c.DescendantBytes
	p.FullRBF, p.MaxBytes, p.ExpirySeconds = c.FullRBF, c.MaxBytes, int64(c.Expiry.Seconds())
	p.MaxOrphans = c.MaxOrphans
	return p
}

// TemplateLimits are what the options say about blocks of our own.
func (n *Node) TemplateLimits() mining.Limits {
	l := mining.DefaultLimits()
	l.MaxWeight = int64(n.Config.Minter.BlockWeight)
	l.MinFeePerKVB = int64(n.Config.Minter.MinFee)
	return l
}
