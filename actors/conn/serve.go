package conn

import (
	"fmt"
	"slices"
	"time"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/chainstate"
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
	case *wire.GetData:
		c.onGetData(k, m)
	case *wire.NotFound:
		c.onNotFound(k, m)
	case *wire.SendHeaders:
		c.shake.headers = true
	case *wire.FeeFilter:
		c.onFeeFilter(m)
	case *wire.GetAddr:
		return c.onGetAddr(k)
	case *wire.Addr:
		c.onAddrs(k, m.Addrs)
	case *wire.AddrV2:
		c.onAddrs(k, m.Addrs)
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

func (c *conn) onNotFound(k *kit.Context, m *wire.NotFound) {
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
		if n := tip.Header(m.Stop); n != nil && c.mayTell(tip, n) {
			c.sendHeaders(k, []*chainstate.Node{n})
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
	return n.ScriptsValid() && int64(best.Time())-int64(n.Time()) < staleMonth
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
	if len(list) > 0 {
		c.send(k, &wire.Inv{List: list})
	}
}

// onGetData queues a source that makes what was asked for, in order.
func (c *conn) onGetData(k *kit.Context, m *wire.GetData) {
	if len(m.List) == 0 {
		return
	}
	c.out.add(k, entry{from: &serving{conn: c, list: m.List}})
}

// serving makes the answers to one getdata.
type serving struct {
	conn    *conn
	list    []wire.InvVect
	at      int
	missing []wire.InvVect
}

// next runs in the writer's goroutine: it touches nothing of the actor.
func (s *serving) next() *outgoing {
	for s.at < len(s.list) {
		v := s.list[s.at]
		s.at++
		var f *outgoing
		switch {
		case v.Type.IsTx():
			f = s.tx(v)
		case v.Type.IsBlock():
			f = s.block(v)
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
		return nil
	}
	payload := e.Tx.Bytes()
	if v.Type == wire.InvTx {
		payload = e.Tx.StrippedBytes()
	}
	return s.framed(wire.CmdTx, payload)
}

func (s *serving) block(v wire.InvVect) *outgoing {
	node := s.conn.node
	for {
		tip := node.Board.Tip()
		n := tip.Header(v.Hash)
		if n == nil || !n.HasBody() || !s.conn.mayTell(tip, n) {
			return nil
		}
		if !tip.Acquire() {
			continue // another tip has just been published
		}
		defer tip.Release()
		raw, err := tip.Stored().Block(v.Hash)
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

func (s *serving) framed(command string, payload []byte) *outgoing {
	var head [wire.HeaderSize]byte
	wire.PutHeader(&head, s.conn.node.Magic, command, payload)
	return &outgoing{command: command, head: head[:], body: payload}
}

// onMempool answers whoever may ask (BIP35).
func (c *conn) onMempool(k *kit.Context) {
	if !c.peer.Permissions.Has(permMempool) {
		c.end(k, "mempool request with bloom filters disabled, disconnect peer="+peerNumber(c.peer))
		return
	}
	c.txs.everything = true
}

// addrLimit lets a peer tell us of one address in ten seconds, with a first
// thousand for who was asked (Core's token bucket).
type addrLimit struct {
	tokens   float64
	at       time.Time
	answered bool // getaddr: once
}

const (
	addrRate   = 0.1 // a second
	addrBucket = 1000
)

func (l *addrLimit) init(now time.Time) { l.tokens, l.at = 1, now }

func (l *addrLimit) refill(now time.Time) {
	l.tokens = min(addrBucket, l.tokens+addrRate*max(0, now.Sub(l.at).Seconds()))
	l.at = now
}

func (c *conn) onAddrs(k *kit.Context, list []wire.PeerAddr) {
	if c.peer.Type == msg.BlockRelay {
		c.note("ignoring addr message from peer=%s", peerNumber(c.peer))
		return
	}
	stats := &c.peer.Stats
	c.addrs.refill(k.Now())
	if !c.peer.Inbound() && stats.AddrProcessed.Load() == 0 {
		c.addrs.tokens += addrBucket // the answer to our getaddr
	}
	keep := list[:0:0]
	for _, a := range list {
		if c.addrs.tokens < 1 && !c.peer.Permissions.Has(permAddr) {
			stats.AddrRateLimited.Add(1)
			continue
		}
		c.addrs.tokens--
		stats.AddrProcessed.Add(1)
		keep = append(keep, a)
	}
	if len(keep) > 0 {
		k.Send(c.node.Cast.Registry(), &msg.AddrsArrived{Peer: c.peer, Addrs: keep})
	}
}

// onGetAddr answers callers only, and each once: otherwise the answers would
// show whom we know from whom.
func (c *conn) onGetAddr(k *kit.Context) bool {
	switch {
	case !c.peer.Inbound():
		c.note("Ignoring \"getaddr\" from %s connection. peer=%s", c.peer.Type, peerNumber(c.peer))
		return true
	case c.addrs.answered:
		c.note("Ignoring repeated \"getaddr\". peer=%s", peerNumber(c.peer))
		return true
	}
	if !c.call(k, c.node.Cast.Registry(), &msg.AddrsWanted{Peer: c.peer}, alone, patience) {
		return false
	}
	c.addrs.answered = true
	return true
}

func (c *conn) answerAddrs(k *kit.Context, addrs []wire.PeerAddr) {
	if len(addrs) == 0 {
		return
	}
	if c.shake.addrV2 {
		c.send(k, &wire.AddrV2{Addrs: addrs})
		return
	}
	addrs = slices.DeleteFunc(slices.Clone(addrs), func(a wire.PeerAddr) bool { return !a.Addr.Addr.FitsV1() })
	if len(addrs) > 0 {
		c.send(k, &wire.Addr{Addrs: addrs})
	}
}
