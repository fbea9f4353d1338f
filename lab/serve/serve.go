// Package serve is a peer that has a chain and hands it out: headers, inventories
// and blocks, and nothing else. It answers from frames that were made before, so that
// next to no CPU is its own and a download measures the node that downloads.
//
// It listens on addresses of this machine only, and takes nothing in.
//
// Start reading at [Load] and [Server.Serve].
package serve

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"

	"github.com/troupe-node/troupe/chainstore/blkfile"
	"github.com/troupe-node/troupe/lab/peer"
	"github.com/troupe-node/troupe/tx"
	"github.com/troupe-node/troupe/wire"
)

// invBatch is how many blocks answer getblocks.
const invBatch = 500

// Chain is what is served: blocks 1 to the tip, each as a whole frame.
type Chain struct {
	magic   wire.Magic
	frames  [][]byte
	headers []tx.Header
	hashes  []tx.Hash
	heights map[tx.Hash]int // index in the slices above, -1 for genesis
}

// NewChain is a chain of genesis alone.
func NewChain(magic wire.Magic, genesis tx.Hash) *Chain {
	return &Chain{magic: magic, heights: map[tx.Hash]int{genesis: -1}}
}

// Add puts a block on top.
func (c *Chain) Add(raw []byte) error {
	header, err := tx.ParseHeader(raw)
	if err != nil {
		return err
	}
	if prev, ok := c.heights[header.Prev]; !ok || prev != len(c.hashes)-1 {
		return fmt.Errorf("block %s does not stand on the one before it", header.Hash())
	}
	hash := header.Hash()
	c.heights[hash] = len(c.hashes)
	c.hashes = append(c.hashes, hash)
	c.headers = append(c.headers, header)
	c.frames = append(c.frames, wire.Append(nil, c.magic, &wire.Raw{Name: wire.CmdBlock, Payload: raw}))
	return nil
}

// Load reads a block file whose blocks stand in the order of their heights.
func Load(path string, magic wire.Magic, genesis tx.Hash) (*Chain, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	c := NewChain(magic, genesis)
	for r := blkfile.NewReader(bufio.NewReader(f), magic); ; {
		raw, err := r.Next()
		if err == io.EOF {
			return c, nil
		}
		if err == nil {
			err = c.Add(raw)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
}

// Height is the tip's.
func (c *Chain) Height() int { return len(c.hashes) }

// Tip is the last block, zero if there is none.
func (c *Chain) Tip() (hash tx.Hash) {
	if n := len(c.hashes); n > 0 {
		hash = c.hashes[n-1]
	}
	return hash
}

// Serve answers whoever calls until ctx ends or the listener fails. It closes the
// listener.
func (c *Chain) Serve(ctx context.Context, l net.Listener) error {
	defer l.Close()
	if err := peer.CheckLocal(l.Addr().String()); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	var calls sync.WaitGroup
	defer calls.Wait()
	for nonce := uint64(1); ; nonce++ {
		conn, err := l.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		calls.Go(func() {
			// What goes wrong with a peer is the peer's to notice: it is the one measured.
			_ = c.talk(ctx, conn, nonce)
		})
	}
}

func (c *Chain) talk(ctx context.Context, conn net.Conn, nonce uint64) error {
	p, err := peer.Accept(ctx, conn, peer.Hello{
		Magic: c.magic, Services: wire.NodeNetwork | wire.NodeWitness, UserAgent: "/troupe-lab:serve/",
		Height: int32(c.Height()), Nonce: nonce,
	})
	if err != nil {
		return err
	}
	return c.Talk(ctx, p, nil)
}

// Talk answers a peer's questions until it or ctx ends, and closes it. Each, if any, is
// shown every message, and may send frames of its own by put, behind what it causes.
func (c *Chain) Talk(ctx context.Context, p *peer.Peer, each func(m wire.Message, put func(frame []byte)) error) error {
	stop := context.AfterFunc(ctx, func() { p.Close() })
	defer stop()
	out := newQueue(p)
	defer out.stop()
	defer p.Close()  // first: whoever writes must not wait for a peer that we no longer hear
	var last tx.Hash // of an inventory that has a sequel
	for {
		m, err := p.Next()
		if err != nil {
			if errors.Is(err, io.EOF) || ctx.Err() != nil {
				return nil
			}
			return err
		}
		switch m := m.(type) {
		case *wire.GetHeaders:
			from, to := c.span(m.Locator, m.Stop, wire.MaxHeaders)
			out.put(wire.Append(nil, c.magic, &wire.Headers{Headers: c.headers[from:to]}))
		case *wire.GetBlocks:
			from, to := c.span(m.Locator, m.Stop, invBatch)
			if last = (tx.Hash{}); to < len(c.hashes) && to > from {
				last = c.hashes[to-1]
			}
			if to > from {
				out.put(wire.Append(nil, c.magic, inventory(c.hashes[from:to]...)))
			}
		case *wire.GetData:
			c.give(out, m.List, &last)
		}
		if each != nil {
			if err := each(m, out.put); err != nil {
				return err
			}
		}
	}
}

// Announce tells of the tip, as a node does whose peer does not want headers.
func (c *Chain) Announce(p *peer.Peer) error { return p.Send(inventory(c.Tip())) }

// give queues what is asked for. Behind the last block of an inventory the tip is
// announced, which makes old nodes ask on.
func (c *Chain) give(out *queue, list []wire.InvVect, last *tx.Hash) {
	var missing []wire.InvVect
	for _, v := range list {
		i, ok := c.heights[v.Hash]
		if !ok || i < 0 || !v.Type.IsBlock() {
			missing = append(missing, v)
			continue
		}
		out.put(c.frames[i])
		if v.Hash == *last {
			*last = tx.Hash{}
			out.put(wire.Append(nil, c.magic, inventory(c.Tip())))
		}
	}
	if len(missing) > 0 {
		out.put(wire.Append(nil, c.magic, &wire.NotFound{List: missing}))
	}
}

// span finds what follows the locator: the indices [from, to).
func (c *Chain) span(locator []tx.Hash, stop tx.Hash, most int) (from, to int) {
	for _, h := range locator {
		if i, ok := c.heights[h]; ok {
			from = i + 1
			break
		}
	}
	to = min(from+most, len(c.hashes))
	if i, ok := c.heights[stop]; ok && i >= from {
		to = min(to, i+1)
	}
	return from, to
}

func inventory(hashes ...tx.Hash) *wire.Inv {
	inv := &wire.Inv{List: make([]wire.InvVect, len(hashes))}
	for i, h := range hashes {
		inv.List[i] = wire.InvVect{Type: wire.InvBlock, Hash: h}
	}
	return inv
}
