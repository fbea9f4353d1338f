package conn

import (
	"errors"
	"time"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
	"github.com/troupe-node/troupe/wire"
)

// How long a conn waits for the cast before it goes on without an answer. A
// block may have to wait for a long reorganisation.
const (
	blockPatience = 30 * time.Minute
	patience      = 2 * time.Minute
)

// class is what may be on its way together: blocks with blocks, transactions
// with transactions. Everything else goes alone.
type class uint8

const (
	alone class = iota
	blocks
	txs
)

func classOf(f *frame) class {
	switch f.message.(type) {
	case *wire.Block:
		return blocks
	case *wire.Tx:
		return txs
	}
	return alone
}

// order is the queue of a peer's frames and what of them is under way.
type order struct {
	queue       []*frame
	head        int
	outstanding int
	class       class   // of what is outstanding
	half        bool    // of the inv at the head, the blocks have been passed on
	announced   tx.Hash // last block of what is outstanding: the peer has it
}

func (o *order) push(f *frame) { o.queue = append(o.queue, f) }

// next is the frame that may start now, or nil.
func (o *order) next() *frame {
	if o.head == len(o.queue) {
		o.queue, o.head = o.queue[:0], 0
		return nil
	}
	f := o.queue[o.head]
	if o.outstanding > 0 && (classOf(f) == alone || classOf(f) != o.class) {
		return nil
	}
	return f
}

func (o *order) pop() {
	o.queue[o.head] = nil
	o.head++
}

// drop releases what was not handled.
func (o *order) drop() {
	for _, f := range o.queue[o.head:] {
		f.Release()
	}
	o.queue, o.head = nil, 0
}

// pump starts frames for as long as the order allows, and as long as the peer
// takes what it asked for (Core's fPauseSend).
func (c *conn) pump(k *kit.Context) {
	for !c.ended && !c.out.crowded() {
		f := c.order.next()
		if f == nil {
			return
		}
		if !c.begin(k, f) {
			return // somebody has no room: Room comes when there is some
		}
		c.order.pop()
	}
}

// begin starts one frame; false leaves it at the head of the queue.
func (c *conn) begin(k *kit.Context, f *frame) bool {
	if f.broken != nil {
		c.broken(k, f)
		return true
	}
	if !c.shake.done() {
		c.shakeHands(k, f.message)
		f.Release()
		return true
	}
	switch m := f.message.(type) {
	case *wire.Block:
		return c.onBlock(k, f, m)
	case *wire.Tx:
		return c.onTx(k, f, m)
	case *wire.GetData:
		c.onGetData(k, f, m)
		return true
	}
	if !c.handle(k, f.message) {
		return false
	}
	f.Release()
	return true
}

// broken is a frame that gave no message. A damaged one, and a message that does
// not follow its definition, are dropped as Core drops them: the stream is in step.
// A list longer than allowed costs the connection.
func (c *conn) broken(k *kit.Context, f *frame) {
	f.Release()
	var e *wire.Error
	if !errors.As(f.broken, &e) {
		c.end(k, f.broken.Error())
		return
	}
	switch e.Kind {
	case wire.BadChecksum, wire.BadCommand:
		c.node.Log.PeerNote(c.peer, e.Error()+", peer="+peerNumber(c.peer))
	case wire.Malformed, wire.NonCanonical:
		c.note("ProcessMessages(%s, %d bytes): Exception '%s' caught, peer=%s", f.command, f.size, e.Error(), peerNumber(c.peer))
		if f.command == wire.CmdPong && c.shake.done() {
			c.onShortPong()
		}
	default:
		c.punish(k, e.Error())
	}
}

// call asks an actor on behalf of a frame; the frame is outstanding until the
// answer, or the lack of one, comes back.
func (c *conn) call(k *kit.Context, to kit.Ref, m any, cl class, patience time.Duration) bool {
	switch _, result := k.Call(to, m, patience); result {
	case kit.Ok:
		c.order.outstanding++
		c.order.class = cl
		return true
	case kit.Full:
		return false
	}
	return true // dead: the node is stopping
}

// finish ends one outstanding frame.
func (c *conn) finish(k *kit.Context, err error) {
	if c.order.outstanding > 0 {
		c.order.outstanding--
	}
	if c.order.outstanding == 0 && !c.order.announced.IsZero() {
		c.learnHash(c.order.announced)
		c.order.announced = tx.Hash{}
	}
	if err != nil && !c.ended {
		c.blame(k, err)
	}
	c.pump(k)
}

// blame decides what a refusal means for the peer (Core's
// MaybePunishNodeForBlock, whose verdicts headers and blocks pass on).
func (c *conn) blame(k *kit.Context, err error) {
	switch consensus.ResultOf(err) {
	case consensus.Invalid, consensus.Mutated, consensus.HeaderInvalid, consensus.InvalidParent, consensus.MissingParent:
		c.punish(k, err.Error())
	case consensus.CachedInvalid:
		// An inbound peer may follow a chain that we know to be bad; one that we
		// chose is worth replacing.
		if !c.peer.Inbound() {
			c.punish(k, err.Error())
		}
	}
}

// onBlock hands a block to blocks.
func (c *conn) onBlock(k *kit.Context, f *frame, m *wire.Block) bool {
	if consensus.ResultOf(f.checked) == consensus.Mutated {
		c.note("Block mutated: %s", f.checked)
	}
	arrived := &msg.BlockArrived{Peer: c.peer, Block: m.Block, Err: f.checked, Credit: f.credit}
	return c.call(k, c.node.Cast.Blocks(), arrived, blocks, blockPatience)
}

// onTx hands a transaction to txfetch.
func (c *conn) onTx(k *kit.Context, f *frame, m *wire.Tx) bool {
	if c.rejectsTxs() {
		c.end(k, "transaction sent in violation of protocol peer="+peerNumber(c.peer))
		f.Release()
		return true
	}
	if c.node.Board.Tip().InitialDownload() {
		f.Release() // we could not judge it
		return true
	}
	c.txs.hasTx(m.Tx)
	return c.call(k, c.node.Cast.TxFetch(), &msg.TxArrived{Peer: c.peer, Tx: m.Tx, Credit: f.credit}, txs, patience)
}

// rejectsTxs tells whether the peer was told not to send transactions.
func (c *conn) rejectsTxs() bool {
	return !c.peer.RelaysTxs() ||
		c.node.BlocksOnly && !c.peer.Permissions.Has(permRelay)
}
