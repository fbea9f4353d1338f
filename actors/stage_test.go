package actors

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/chainstate"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/forge"
	"github.com/troupe-node/troupe/internal/testpeer"
	"github.com/troupe-node/troupe/logs"
	"github.com/troupe-node/troupe/tx"
	"github.com/troupe-node/troupe/wire"
	"github.com/troupe-node/troupe/wire/netaddr"
)

// stage is a node with a log that a test can read, and a forge to feed it from.
type stage struct {
	*Node
	t     testing.TB
	log   *logBook
	forge *forge.Forge
	chain *forge.Chain
}

// logBook keeps what a node logs.
type logBook struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *logBook) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.text.WriteString(strings.ReplaceAll(string(p), `\"`, `"`)) // as people read it
	return len(p), nil
}

func (b *logBook) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// play starts a node whose clock stands still at the present second.
func play(t testing.TB, args ...string) *stage {
	t.Helper()
	log := &logBook{}
	s := &stage{t: t, log: log, Node: testNodeLogging(t, logs.Into(log, logs.Debug), args...)}
	params, err := consensus.ParamsFor("regtest")
	if err != nil {
		t.Fatal(err)
	}
	if s.forge, err = forge.New(t.Name(), params); err != nil {
		t.Fatal(err)
	}
	s.restartChain()
	return s
}

// restartChain begins another chain at genesis, whose blocks are of these days.
func (s *stage) restartChain() {
	s.chain = s.forge.Chain(forge.Mix{forge.P2WPKH: 1})
	s.chain.SetTime(uint32(time.Now().Unix()) - 130*600) // the tip is of today
}

// said waits for words in the log.
func (s *stage) said(words string) {
	s.t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if strings.Contains(s.log.String(), words) {
			return
		}
	}
	var about []string
	for _, line := range strings.Split(s.log.String(), "\n") {
		if !strings.Contains(line, `"cat":"actor"`) {
			about = append(about, line)
		}
	}
	s.t.Fatalf("the log never said %q; its end:\n%s", words, strings.Join(about[max(0, len(about)-20):], "\n"))
}

// peer connects a peer that has shaken hands.
func (s *stage) peer(o testpeer.Options) *testpeer.Peer {
	s.t.Helper()
	return testpeer.Dial(s.t, s.Listeners[0].Addr().String(), o)
}

// give hands a block to the node's chain as our operator would.
func (s *stage) give(b *tx.Block) chainstate.Verdict {
	s.t.Helper()
	return ask[*msg.BlockVerdict](s.t, s.Node, s.Cast.Chain(), &msg.AddBlock{Block: b, Requested: true}).Verdict
}

// grow mints n empty blocks that the node gets at once.
func (s *stage) grow(n int) (blocks []*tx.Block) {
	s.t.Helper()
	for b := range s.chain.Empty(n) {
		if v := s.give(b); v.Outcome != chainstate.Connected {
			s.t.Fatalf("block %d: %v %v", s.chain.Height(), v.Outcome, v.Err)
		}
		blocks = append(blocks, b)
	}
	return blocks
}

// coins grows the chain until there are coins to spend.
func (s *stage) coins(n int) {
	s.t.Helper()
	for b := range s.chain.Setup(n) {
		if v := s.give(b); v.Outcome != chainstate.Connected {
			s.t.Fatalf("block %d: %v %v", s.chain.Height(), v.Outcome, v.Err)
		}
	}
}

// payment is a transaction that the pool takes.
func (s *stage) payment(n uint64) *tx.Tx {
	s.t.Helper()
	coin, ok := s.chain.Coin()
	if !ok {
		s.t.Fatal("no coins left")
	}
	spend := s.forge.Payment(coin, n)
	return spend.Sign()
}

// submit gives the pool a transaction of our operator's.
func (s *stage) submit(t *tx.Tx) {
	s.t.Helper()
	if v := ask[*msg.TxVerdict](s.t, s.Node, s.Cast.Mempool(), &msg.SubmitTx{Tx: t}); v.Entry == nil {
		s.t.Fatalf("%s: %v", t.ID(), v.Reject)
	}
}

func (s *stage) inPool(t *tx.Tx) bool { return s.Board.Pool().ByID(t.ID()) != nil }

func (s *stage) tip() tx.Hash { return s.Board.Tip().Tip().Hash() }

// order carries out an operator's order about connections.
func (s *stage) order(m *msg.PeerCommand) error {
	s.t.Helper()
	return ask[*msg.Done](s.t, s.Node, s.Cast.Registry(), m).Err
}

// only is the one connection that there is.
func (s *stage) only() *msg.Peer {
	s.t.Helper()
	waitFor(s.t, "one connection", func() bool { return len(s.Board.Peers().Peers) == 1 })
	return s.Board.Peers().Peers[0]
}

// clock sets the node's clock ahead of now.
func (s *stage) clock(ahead time.Duration) { s.Env.SetMock(time.Now().Add(ahead)) }

// look has every actor look at the clock now, and not at the next tick.
func (s *stage) look() { s.System.MoveClock(s.Env.Now()) }

// settled waits until the cast has done what was sent to it before.
func (s *stage) settled() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := s.Barrier(ctx); err != nil {
		s.t.Fatal(err)
	}
}

func dialTCP(addr string) (net.Conn, error) { return net.DialTimeout("tcp", addr, 5*time.Second) }

// flawed is a copy of a block with something changed, solved again.
func (s *stage) flawed(b *tx.Block, change func(h *tx.Header, txs []*tx.Tx) []*tx.Tx) *tx.Block {
	h := b.Header
	txs := change(&h, append([]*tx.Tx(nil), b.Txs...))
	for {
		next := tx.NewBlock(h, txs)
		if consensus.CheckHeader(&h, next.Hash(), s.Params) == nil {
			return next
		}
		h.Nonce++
	}
}

// tooRich is a block whose coinbase claims more than it may.
func (s *stage) tooRich(b *tx.Block) *tx.Block {
	return s.flawed(b, func(h *tx.Header, txs []*tx.Tx) []*tx.Tx {
		old := txs[0]
		outs := append([]tx.Output(nil), old.Outputs...)
		outs[0].Value++
		txs[0] = tx.New(old.Version, old.Inputs, outs, old.LockTime)
		ids := make([]tx.Hash, len(txs))
		for i, t := range txs {
			ids[i] = t.ID()
		}
		h.MerkleRoot, _ = tx.MerkleRoot(ids)
		return txs
	})
}

func headersOf(blocks []*tx.Block) *wire.Headers {
	m := &wire.Headers{}
	for _, b := range blocks {
		m.Headers = append(m.Headers, b.Header)
	}
	return m
}

func block(b *tx.Block) *wire.Block { return &wire.Block{Block: b} }

func transaction(t *tx.Tx) *wire.Tx { return &wire.Tx{Tx: t} }

// asked are the hashes in the getdata messages of a list.
func asked(list []wire.Message) (hashes []tx.Hash) {
	for _, m := range list {
		if g, ok := m.(*wire.GetData); ok {
			for _, v := range g.List {
				hashes = append(hashes, v.Hash)
			}
		}
	}
	return hashes
}

func expect(t testing.TB, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// called is a peer that the node called, as a connection of that type: registry
// does not know of it.
func (s *stage) called(typ msg.ConnType, o testpeer.Options) *testpeer.Peer {
	s.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	defer l.Close()
	near, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		s.t.Fatal(err)
	}
	far, err := l.Accept()
	if err != nil {
		s.t.Fatal(err)
	}
	ap := netip.MustParseAddrPort(l.Addr().String())
	p := &msg.Peer{ID: s.IDs.Next(), Addr: netaddr.FromAddrPort(ap), Type: typ, Since: s.Env.Now()}
	s.Cast.Root().Post(&msg.StartConn{Peer: p, Conn: near})
	o.Accepted = true
	return testpeer.New(s.t, far, o)
}

var forgeOptions forge.BlockOptions

// solve finds a nonce for a header that was changed.
func (s *stage) solve(h *tx.Header) {
	target := s.Params.Genesis.Header.Bits
	for bits := h.Bits; ; h.Nonce++ {
		probe := *h
		probe.Bits = bits
		if consensus.CheckHeader(&probe, probe.Hash(), s.Params) == nil || bits != target && h.Hash()[31] == 0 {
			return
		}
	}
}
