package conn

import (
	"github.com/troupe-node/troupe/wire"
)

// invName is what an inventory entry is called in the log, as in Core.
func invName(t wire.InvType) string {
	switch t {
	case wire.InvTx, wire.InvWitnessTx:
		return "tx"
	case wire.InvWTx:
		return "wtx"
	case wire.InvCmpctBlock:
		return "cmpctblock"
	}
	return "block"
}

// noteRequest says in Core's words what we ask of the peer.
func (c *conn) noteRequest(m wire.Message) {
	switch m := m.(type) {
	case *wire.GetHeaders:
		height := int32(0)
		if len(m.Locator) > 0 {
			if n := c.node.Board.Index.Get(m.Locator[0]); n != nil {
				height = n.Height()
			}
		}
		what := "more getheaders (%d) to end to peer=%s (startheight:%d)"
		if !c.asked {
			what = "initial getheaders (%d) to peer=%s (startheight:%d)"
		}
		c.asked = true
		c.note(what, height, peerNumber(c.peer), c.shake.version.StartHeight)
	case *wire.GetData:
		for _, v := range m.List {
			n := c.node.Board.Index.Get(v.Hash)
			if v.Type.IsBlock() && n != nil {
				c.note("Requesting block %s (%d) peer=%s", v.Hash, n.Height(), peerNumber(c.peer))
				continue
			}
			c.note("Requesting %s %s peer=%s", invName(v.Type), v.Hash, peerNumber(c.peer))
		}
	}
}

// noteGetData says what the peer asks of us.
func (c *conn) noteGetData(list []wire.InvVect) {
	c.note("received getdata (%d invsz) peer=%s", len(list), peerNumber(c.peer))
	c.note("received getdata for: %s %s peer=%s", invName(list[0].Type), list[0].Hash, peerNumber(c.peer))
}
