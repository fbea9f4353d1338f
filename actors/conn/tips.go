package conn

import (
	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/chainstate"
	"github.com/troupe-node/troupe/wire"
)

// maxAnnounce is how many new blocks are announced one by one; of more, the last
// alone (Core's MAX_BLOCKS_TO_ANNOUNCE).
const maxAnnounce = 8

// tipRelay is where the announcing of blocks has come to.
type tipRelay struct {
	last     *chainstate.Node // tip when we last announced
	bestSent *chainstate.Node // best header that we have sent
}

// sent notes an answer to getheaders: an empty one says that the peer has all.
func (t *tipRelay) sent(nodes []*chainstate.Node, tip *chainstate.Node) {
	if len(nodes) > 0 {
		tip = nodes[len(nodes)-1]
	}
	t.bestSent = tip
}

// announceTip tells the peer of the blocks between the tip that it was last told
// of and the published one: by headers if it asked for them and they will
// connect to what it has, else by the hash of the last (BIP130 as Core does it).
func (c *conn) announceTip(k *kit.Context) {
	if !c.shake.done() || c.ended || c.out.crowded() {
		return
	}
	snapshot := c.node.Board.Tip()
	tip := snapshot.Tip()
	if tip == c.tips.last {
		return
	}
	fork := chainstate.Fork(c.tips.last, tip)
	c.tips.last = tip
	if snapshot.InitialDownload() || fork == tip {
		return
	}
	fresh := newest(fork, tip)
	if c.shake.headers && len(fresh) <= maxAnnounce {
		if headers, ok := c.connecting(fresh); ok {
			if len(headers) > 0 {
				c.sendHeaders(k, headers)
				c.tips.bestSent = tip
			}
			return
		}
	}
	if !c.hasHeader(tip) {
		c.send(k, &wire.Inv{List: []wire.InvVect{{Type: wire.InvBlock, Hash: tip.Hash()}}})
	}
}

// newest lists the blocks above fork up to tip, at most one more than are
// announced.
func newest(fork, tip *chainstate.Node) []*chainstate.Node {
	var path []*chainstate.Node
	for n := tip; n != fork && len(path) <= maxAnnounce; n = n.Prev() {
		path = append(path, n)
	}
	for i, j := 0, len(path)-1; i < j; i, j = i+1, j-1 {
		path[i], path[j] = path[j], path[i]
	}
	return path
}

// connecting drops the headers that the peer has, and tells whether the rest
// connects to one that it has.
func (c *conn) connecting(fresh []*chainstate.Node) (headers []*chainstate.Node, ok bool) {
	for i, n := range fresh {
		switch {
		case c.hasHeader(n):
		case n.Prev() == nil || c.hasHeader(n.Prev()):
			return fresh[i:], true
		default:
			return nil, false
		}
	}
	return nil, true
}

// hasHeader tells whether the peer has the header, as far as we know.
func (c *conn) hasHeader(n *chainstate.Node) bool {
	return c.known != nil && c.known.Descends(n) || c.tips.bestSent != nil && c.tips.bestSent.Descends(n)
}
