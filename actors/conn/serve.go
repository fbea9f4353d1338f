package conn

import (
	"fmt"
	"slices"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/chainstate"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/mempool"
	"github.com/troupe-node/troupe/tx"
	"github.com/troupe-node/troupe/wire"
)

// maxInvBlocks is how many blocks one getblocks is answered with (Core: 500).
const maxInvBlocks = 500

// handle does what a message that goes alone asks for. False means that somebody
// whom it concerns has no room: it is tried again.
func (c *conn) handle(k *kit.Context, m wire.Message) bool {
	switch m := m.(type) {
	case *wire.Ping:
		if c.shake.version.Protocol >= wire.VersionPong {
			c.send(k, &wire.Pong{Nonce: m.Nonce})
		}
	case *wire.Pong:
		c.onPong(k, m)
	case *wire.Headers:
		return c.onHeaders(k, m)
	case *wire.Inv:
		return c.onInv(k, m)
	case *wire.GetHeaders:
		c.onGetHeaders(k, m)
	case *wire.GetBlocks:
		c.onGetBlocks(k, m)
	case *wire.NotFound:
		c.onNotFound(k, m)
	case *wire.SendHeaders:
		c.shake.headers = true
	case *wire.FeeFilter:
		c.onFeeFilter(m)
	case *wire.GetAddr:
		return c.onGetAddr(k)
	case *wire.Addr:
		c.onAddrs(k, m.Command(), m.Addrs)
	case *wire.AddrV2:
		c.onAddrs(k, m.Command(), m.Addrs)
	case *wire.Mempool:
		c.onMempool(k)
	default:
		c.oddMessage(k, m)
	}
	return true
}

// oddMessage is one that is known, but not welcome now.
func (c *conn) oddMessage(k *kit.Context, m wire.Message) {
	switch m.(type) {
	case *wire.Version:
		c.note("redundant version message from peer=%s", peerNumber(c.peer))
	case *wire.Verack:
		c.note("ignoring redundant verack message from peer=%s", peerNumber(c.peer))
	case *wire.WTxIDRelay:
		c.end(k, "wtxidrelay received after verack from peer="+peerNumber(c.peer)+"; disconnecting")
	case *wire.SendAddrV2:
		c.end(k, "sendaddrv2 received after verack from peer="+peerNumber(c.peer)+"; disconnecting")
	case *wire.FilterLoad, *wire.FilterAdd, *wire.FilterClear:
		c.end(k, m.Command()+" received despite not offering bloom services from peer="+peerNumber(c.peer)+"; disconnecting")
	case *wire.GetCFilters, *wire.GetCFHeaders, *wire.GetCFCheckpt:
		c.end(k, "peer "+peerNumber(c.peer)+" requested unsupported block filter type: 0")
	}
}

func (c *conn) onHeaders(k *kit.Context, m *wire.Headers) bool {
	for i := range m.Headers {
		if consensus.CheckHeader(&m.Headers[i], m.Headers[i].Hash(), c.node.Board.Params) != nil {
			c.punish(k, "header with invalid proof of work")
			return true
		}
	}
	if !c.call(k, c.node.Cast.Headers(), &msg.HeadersArrived{Peer: c.peer, Headers: m.Headers}, alone, patience) {
		return false
	}
	if n := len(m.Headers); n > 0 {
		c.order.announced = m.Headers[n-1].Hash()
	}
	return true
}

// onInv passes announcements on: blocks to headers, transactions to txfetch. A
// list of both goes in two calls.
func (c *conn) onInv(k *kit.Context, m *wire.Inv) bool {
	var blockHashes []tx.Hash
	var txids []wire.InvVect
	for _, v := range m.List {
		switch {
		case v.Type.IsBlock():
			blockHashes = append(blockHashes, v.Hash)
		case v.Type.IsTx():
			txids = append(txids, v)
		}
	}
	if len(txids) > 0 && c.rejectsTxs() {
		c.end(k, fmt.Sprintf("transaction (%s) inv sent in violation of protocol, disconnecting peer=%s", txids[0].Hash, peerNumber(c.peer)))
		return true
	}
	if len(blockHashes) > 0 && !c.order.half {
		if !c.call(k, c.node.Cast.Headers(), &msg.BlocksAnnounced{Peer: c.peer, Hashes: blockHashes}, alone, patience) {
			return false
		}
		c.order.announced = blockHashes[len(blockHashes)-1]
	}
	c.order.half = false
	if len(txids) > 0 && !c.node.Board.Tip().InitialDownload() {
		for _, v := range txids {
			c.txs.hasID(v.Hash)
		}
		if !c.call(k, c.node.Cast.TxFetch(), &msg.TxsAnnounced{Peer: c.peer, List: txids}, alone, patience) {
			c.order.half = true // the blocks' half is done
			return false
		}
	}
	return true
}

// maxNotFound is what a list can hold that answers us: more was never asked for
// (Core's MAX_PEER_TX_ANNOUNCEMENTS and MAX_BLOCKS_IN_TRANSIT_PER_PEER).
const maxNotFound = 5000 + maxAsked

func (c *conn) onNotFound(k *kit.Context, m *wire.NotFound) {
	if len(m.List) > maxNotFound {
		return
	}
	var hashes []tx.Hash
	var txids []wire.InvVect
	for _, v := range m.List {
		if v.Type.IsBlock() {
			hashes = append(hashes, v.Hash)
		} else {
			txids = append(txids, v)
		}
	}
	if len(hashes) > 0 {
		took(&c.in.blocks, int64(len(hashes)))
		k.Send(c.node.Cast.Blocks(), &msg.BlocksNotFound{Peer: c.peer, Hashes: hashes})
	}
	if len(txids) > 0 {
		k.Send(c.node.Cast.TxFetch(), &msg.TxsNotFound{Peer: c.peer, List: txids})
	}
}

// onGetHeaders answers from the published chain. Headers of a branch are told
// only to who names one (empty locator), and only while it is fresh.
func (c *conn) onGetHeaders(k *kit.Context, m *wire.GetHeaders) {
	tip := c.node.Board.Tip()
	if !c.node.Board.Params.HasMinimumWork(tip.Tip().Work()) && !c.peer.Permissions.Has(permDownload) {
		c.note("Ignoring getheaders from peer=%s because active chain has too little work; sending empty response", peerNumber(c.peer))
		c.send(k, &wire.Headers{})
		return
	}
	if len(m.Locator) == 0 {
		n := tip.Header(m.Stop)
		switch {
		case n == nil:
		case !c.mayTell(tip, n):
			c.note("ProcessMessage: ignoring request from peer=%s for old block header that isn't in the main chain", peerNumber(c.peer))
		default:
			c.sendHeaders(k, []*chainstate.Node{n})
			c.tips.bestSent = n
		}
		return
	}
	nodes := tip.Range(tip.FindFork(m.Locator).Height()+1, wire.MaxHeaders)
	if i := slices.IndexFunc(nodes, func(n *chainstate.Node) bool { return n.Hash() == m.Stop }); i >= 0 {
		nodes = nodes[:i+1]
	}
	c.sendHeaders(k, nodes)
	c.tips.sent(nodes, tip.Tip())
}

func (c *conn) sendHeaders(k *kit.Context, nodes []*chainstate.Node) {
	list := make([]tx.Header, len(nodes))
	for i, n := range nodes {
		list[i] = n.Header()
	}
	c.send(k, &wire.Headers{Headers: list})
}

// staleMonth is how far behind the best header a block off the best chain may
// be for us to tell of it (Core's STALE_RELAY_AGE_LIMIT): older ones would show
// which branches we have seen.
const staleMonth = 30 * 24 * 60 * 60

// mayTell is Core's BlockRequestAllowed.
func (c *conn) mayTell(tip *chainstate.Snapshot, n *chainstate.Node) bool {
	if tip.Contains(n) {
		return true
	}
	best := tip.BestHeader()
	return n.ScriptsValid() && !n.Failed() && int64(best.Time())-int64(n.Time()) < staleMonth &&
		consensus.ProofEquivalentTime(best.Work(), n.Work(), best.Bits(), c.node.Board.Params) < staleMonth
}

// onGetBlocks answers with an inv, for peers that work blocks first.
func (c *conn) onGetBlocks(k *kit.Context, m *wire.GetBlocks) {
	tip := c.node.Board.Tip()
	nodes := tip.Range(tip.FindFork(m.Locator).Height()+1, maxInvBlocks)
	var list []wire.InvVect
	for _, n := range nodes {
		if n.Hash() == m.Stop || !n.HasBody() {
			break
		}
		list = append(list, wire.InvVect{Type: wire.InvBlock, Hash: n.Hash()})
	}
	if len(list) == maxInvBlocks {
		c.goOn = list[maxInvBlocks-1].Hash
	}
	if len(list) > 0 {
		c.send(k, &wire.Inv{List: list})
	}
}

// onGetData queues a source that makes what was asked for, in order. The frame's
// credit is given back when all of it has been sent.
func (c *conn) onGetData(k *kit.Context, f *frame, m *wire.GetData) {
	if len(m.List) == 0 {
		f.Release()
		return
	}
	c.noteGetData(m.List)
	c.out.add(k, entry{from: &serving{
		conn: c, list: m.List, credit: f.credit, goOn: c.goOn,
		noTxs: !c.hearsTxs(), noBan: c.peer.Permissions.Has(permNoBan),
	}})
	if i := slices.IndexFunc(m.List, func(v wire.InvVect) bool { return v.Type.IsBlock() && v.Hash == c.goOn }); i >= 0 {
		c.goOn = tx.Hash{}
	}
}

// serving makes the answers to one getdata.
type serving struct {
	conn    *conn
	list    []wire.InvVect
	at      int
	missing []wire.InvVect
	credit  *kit.Token
	goOn    tx.Hash // behind this block the peer is told that there are more
	noTxs   bool    // it hears of no transactions and gets none
	noBan   bool
}

// done gives back what the list was read against.
func (s *serving) done() { s.credit.Release() }

// next runs in the writer's goroutine: it touches nothing of the actor.
func (s *serving) next() *outgoing {
	for s.at < len(s.list) {
		v := s.list[s.at]
		s.at++
		var f *outgoing
		switch {
		case v.Type.IsTx() && s.noTxs:
			continue
		case v.Type.IsTx():
			f = s.tx(v)
		case v.Type.IsBlock():
			f = s.block(v)
			if v.Hash == s.goOn {
				f = s.more(f)
			}
			if f == nil {
				continue // Core is silent about blocks
			}
		default:
			continue
		}
		if f != nil {
			return f
		}
		s.missing = append(s.missing, v)
	}
	if len(s.missing) > 0 {
		m := &wire.NotFound{List: s.missing}
		s.missing = nil
		return &outgoing{command: m.Command(), head: wire.Append(nil, s.conn.node.Magic, m)}
	}
	return nil
}

// more follows the last block of a long inv by the hash of our tip: a peer that
// works blocks first does not have it, and asks on (Core's hashContinue).
func (s *serving) more(f *outgoing) *outgoing {
	s.goOn = tx.Hash{}
	if f == nil {
		return nil
	}
	tip := s.conn.node.Board.Tip().Tip().Hash()
	f.after = wire.Append(nil, s.conn.node.Magic, &wire.Inv{List: []wire.InvVect{{Type: wire.InvBlock, Hash: tip}}})
	return f
}

func (s *serving) tx(v wire.InvVect) *outgoing {
	pool := s.conn.node.Board.Pool()
	if pool == nil {
		return nil
	}
	var e *mempool.Entry
	if v.Type == wire.InvWTx {
		e = pool.ByWitnessID(v.Hash)
	} else {
		e = pool.ByID(v.Hash)
	}
	// What was not yet announced to this peer is kept from it: when we first saw
	// a transaction is nobody's business (Core's info_for_relay).
	if e == nil || e.Sequence >= s.conn.txs.told.Load() {
		if t := pool.Confirmed().InLastBlock(v.Hash); t != nil {
			return s.framedTx(v, t) // everybody knows it: a compact block may be waiting for it
		}
		return nil
	}
	if e.Unbroadcast() { // if it is lost, the pool announces once more
		s.conn.node.Cast.Mempool().Post(&msg.TxServed{ID: e.Tx.ID()})
	}
	return s.framedTx(v, e.Tx)
}

func (s *serving) framedTx(v wire.InvVect, t *tx.Tx) *outgoing {
	if v.Type == wire.InvTx {
		return s.framed(wire.CmdTx, t.StrippedBytes())
	}
	return s.framed(wire.CmdTx, t.Bytes())
}

func (s *serving) block(v wire.InvVect) *outgoing {
	node := s.conn.node
	for {
		tip := node.Board.Tip()
		n := tip.Header(v.Hash)
		if n == nil || !s.conn.mayTell(tip, n) {
			return nil
		}
		if why := s.refuses(tip, n, v); why != "" {
			s.conn.out.self.Post(&closed{reason: why + ", disconnect peer=" + peerNumber(s.conn.peer)})
			return nil
		}
		if !n.HasBody() {
			return nil
		}
		if !tip.Acquire() {
			continue // another tip has just been published
		}
		defer tip.Release()
		raw, err := tip.Body(n)
		if err != nil {
			return nil // pruned meanwhile
		}
		switch v.Type {
		case wire.InvBlock:
			b, err := tx.ParseBlock(raw)
			if err != nil {
				return nil
			}
			return s.framed(wire.CmdBlock, b.AppendStripped(nil))
		case wire.InvWitnessBlock, wire.InvCmpctBlock:
			return s.framed(wire.CmdBlock, raw)
		}
		return nil // filtered blocks need bloom filters
	}
}

const (
	// limitedDepth is how many blocks a pruned node serves, with two more for races
	// (BIP159). Deeper ones could tell which node this is.
	limitedDepth = 288 + 2
	// historicalAge is the age in seconds beyond which a block's way to others is not
	// ours to pay when -maxuploadtarget is nearly spent (Core's HISTORICAL_BLOCK_AGE).
	historicalAge = 7 * 24 * 60 * 60
)

// refuses says why a block is too old to be served; nothing if it is not.
func (s *serving) refuses(tip *chainstate.Snapshot, n *chainstate.Node, v wire.InvVect) string {
	node := s.conn.node
	old := int64(tip.BestHeader().Time())-int64(n.Time()) > historicalAge || v.Type == wire.InvFilteredBlock
	switch {
	case old && !s.conn.peer.Permissions.Has(permDownload) && node.Board.Upload.NoHistory(s.conn.out.env.Now()):
		return "historical block serving limit reached"
	case !s.noBan && !node.Services.Has(wire.NodeNetwork) && tip.Tip().Height()-n.Height() > limitedDepth:
		return "Ignore block request below NODE_NETWORK_LIMITED threshold"
	}
	return ""
}

func (s *serving) framed(command string, payload []byte) *outgoing {
	var head [wire.HeaderSize]byte
	wire.PutHeader(&head, s.conn.node.Magic, command, payload)
	return &outgoing{command: command, head: head[:], body: payload}
}

// onMempool answers whoever may ask (BIP35).
func (c *conn) onMempool(k *kit.Context) {
	switch {
	case c.peer.Permissions.Has(permMempool):
		c.txs.everything = true
	case !c.peer.Permissions.Has(permNoBan):
		c.end(k, "mempool request with bloom filters disabled, disconnect peer="+peerNumber(c.peer))
	}
}
