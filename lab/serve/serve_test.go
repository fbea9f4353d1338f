package serve

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/troupe-node/troupe/chainstore/blkfile"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/forge"
	"github.com/troupe-node/troupe/lab/peer"
	"github.com/troupe-node/troupe/tx"
	"github.com/troupe-node/troupe/wire"
)

// served serves a forged chain of n empty blocks and calls it.
func served(t *testing.T, n int) (*Chain, *peer.Peer) {
	t.Helper()
	p, err := consensus.ParamsFor("regtest")
	if err != nil {
		t.Fatal(err)
	}
	f, err := forge.New("serve", p)
	if err != nil {
		t.Fatal(err)
	}
	var file []byte
	for b := range f.Chain(forge.DefaultMix).Empty(n) {
		file = blkfile.Append(file, p.Magic, b.Bytes())
	}
	path := filepath.Join(t.TempDir(), "blk00000.dat")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(path, p.Magic, p.GenesisHash)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- c.Serve(ctx, l) }()
	caller, err := peer.Dial(t.Context(), l.Addr().String(), peer.Hello{Magic: p.Magic, UserAgent: "/test/", Nonce: 9})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(time.Minute):
			t.Error("it does not end")
		}
		caller.Close()
	})
	return c, caller
}

func ask[T wire.Message](t *testing.T, p *peer.Peer, m wire.Message) T {
	t.Helper()
	if err := p.Send(m); err != nil {
		t.Fatal(err)
	}
	for {
		got, err := p.Next()
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := got.(T); ok {
			return got
		}
	}
}

func TestHeadersInventoriesAndBlocksAreServed(t *testing.T) {
	c, p := served(t, 1203)
	if p.Version.StartHeight != 1203 || c.Height() != 1203 {
		t.Fatalf("height %d", p.Version.StartHeight)
	}
	if h := ask[*wire.Headers](t, p, &wire.GetHeaders{Locator: []tx.Hash{{1}, c.hashes[99]}}); len(h.Headers) != 1103 || h.Headers[0].Prev != c.hashes[99] {
		t.Errorf("%d headers", len(h.Headers))
	}
	if h := ask[*wire.Headers](t, p, &wire.GetHeaders{Stop: c.hashes[4]}); len(h.Headers) != 5 {
		t.Errorf("%d headers up to the fifth", len(h.Headers))
	}
	inv := ask[*wire.Inv](t, p, &wire.GetBlocks{Locator: []tx.Hash{c.hashes[9]}})
	if len(inv.List) != 500 || inv.List[0].Hash != c.hashes[10] {
		t.Fatalf("%d blocks", len(inv.List))
	}
	// Behind the last block of an inventory the tip is announced, so that the caller asks on.
	if err := p.Send(&wire.GetData{List: slices.Clone(inv.List[498:])}); err != nil {
		t.Fatal(err)
	}
	var got []wire.Message
	for range 3 {
		m, err := p.Next()
		if err != nil {
			t.Fatal(err)
		}
		switch m := m.(type) {
		case *wire.Block:
			if m.Block.Hash() != c.hashes[508+len(got)] {
				t.Errorf("block %d is another", len(got))
			}
		case *wire.Inv:
			if len(got) != 2 || m.List[0].Hash != c.Tip() {
				t.Errorf("%v after %d", m.List, len(got))
			}
		}
		got = append(got, m)
	}
	if nf := ask[*wire.NotFound](t, p, &wire.GetData{List: []wire.InvVect{{Type: wire.InvTx, Hash: c.hashes[0]}, {Type: wire.InvBlock}}}); len(nf.List) != 2 {
		t.Errorf("%v", nf.List)
	}
}

func TestAChainTakesNoBlockBesideItsTip(t *testing.T) {
	c, _ := served(t, 3)
	raw := c.frames[0][wire.HeaderSize:]
	if err := c.Add(raw); err == nil {
		t.Error("a block stands on genesis twice")
	}
	if err := c.Add(raw[:10]); err == nil {
		t.Error("ten bytes are a block")
	}
}
