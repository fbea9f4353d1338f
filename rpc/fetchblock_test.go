package rpc_test

import (
	"encoding/hex"
	"net"
	"testing"
	"time"

	"github.com/troupe-node/troupe/internal/testpeer"
	"github.com/troupe-node/troupe/tx"
	"github.com/troupe-node/troupe/wire"
)

// caller gives the node a peer to call, and waits until they know each other.
func (r *rig) caller(o testpeer.Options) *testpeer.Peer {
	r.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		r.t.Fatal(err)
	}
	defer l.Close()
	r.raw("addnode", l.Addr().String(), "onetry")
	conn, err := l.Accept()
	if err != nil {
		r.t.Fatal(err)
	}
	o.Accepted = true
	p := testpeer.New(r.t, conn, o)
	p.Sync()
	return p
}

// Core's rpc_getblockfrompeer.py.
func TestAPrunedBlockIsFetchedFromThePeerThatOneNames(t *testing.T) {
	r := newRig(t, "-prune=1")
	r.raw("setmocktime", 1_700_000_000)
	for range 11 {
		call[[]string](r, "generatetodescriptor", 100, trueDesc)
	}
	hash := call[string](r, "getblockhash", 100)
	raw, err := hex.DecodeString(call[string](r, "getblock", hash, 0))
	if err != nil {
		t.Fatal(err)
	}
	block, err := tx.ParseBlock(raw)
	if err != nil {
		t.Fatal(err)
	}
	peer, old := r.caller(testpeer.Options{}), r.caller(testpeer.Options{Version: func(v *wire.Version) { v.Services &^= wire.NodeWitness }})
	defer old.Conn.Close()
	r.refuses(-8, "blockhash must be of length 64 (not 4, for '1234')", "getblockfrompeer", "1234", 0)
	r.refuses(-3, "JSON value of type number is not of expected type string", "getblockfrompeer", 1234, 0)
	r.refuses(-3, "JSON value of type string is not of expected type number", "getblockfrompeer", hash, "0")
	r.refuses(-1, "Block header missing", "getblockfrompeer", tx.Hash{1}.String(), 0)
	r.refuses(-1, "Block already downloaded", "getblockfrompeer", hash, 0)
	r.raw("pruneblockchain", 500)
	r.refuses(-1, "Peer does not exist", "getblockfrompeer", hash, -1)
	r.refuses(-1, "Peer does not exist", "getblockfrompeer", hash, 2)
	r.refuses(-1, "Pre-SegWit peer", "getblockfrompeer", hash, 1)
	if got := r.raw("getblockfrompeer", hash, 0); got != "{}" {
		t.Error(got)
	}
	r.refuses(-1, "Already requested from this peer", "getblockfrompeer", hash, 0)
	asked := testpeer.Wait(peer, func(g *wire.GetData) bool { return g.List[0].Hash == block.Hash() })
	if len(asked.List) != 1 || asked.List[0].Type != wire.InvWitnessBlock {
		t.Errorf("asked for %v", asked.List)
	}
	peer.Send(&wire.Block{Block: block})
	peer.Sync()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		if _, missing := r.try("getblock", hash); missing == nil {
			break
		} else if time.Now().After(deadline) {
			t.Fatal(missing)
		}
	}
	if h := call[struct{ PruneHeight int }](r, "getblockchaininfo").PruneHeight; h != 501 {
		t.Errorf("all is there from height %d on", h)
	}
	// What is above the tip is fetched in its turn.
	tip := call[struct {
		Hash string
		Time uint32
	}](r, "getblockheader", call[string](r, "getbestblockhash"))
	next := block.Header
	if next.Prev, err = tx.ParseHash(tip.Hash); err != nil {
		t.Fatal(err)
	}
	for next.Time = tip.Time + 1; next.Hash()[31]&0x80 != 0; next.Nonce++ {
	}
	peer.Send(&wire.Headers{Headers: []tx.Header{next}})
	peer.Sync()
	r.refuses(-1, "In prune mode, only blocks that the node has already synced previously can be fetched from a peer", "getblockfrompeer", next.Hash().String(), 0)
}
