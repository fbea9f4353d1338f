package actors

import (
	"context"
	"net"
	"os"
	"testing"
	"time"

	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/actors/listener"
	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/config"
	"github.com/troupe-node/troupe/logs"
	"github.com/troupe-node/troupe/tx"
)

// anyoneCanSpend is OP_TRUE.
var anyoneCanSpend = []byte{0x51}

// testNode plays a regtest node on a store in memory, with a listener on a free
// port of this machine.
func testNode(t testing.TB, args ...string) *Node {
	t.Helper()
	return testNodeLogging(t, nil, args...)
}

func testNodeLogging(t testing.TB, log *logs.Logger, args ...string) *Node {
	t.Helper()
	loaded, err := loadConfig(t, append([]string{"-regtest", "-dnsseed=0", "-fixedseeds=0", "-listen=0"}, args...))
	if err != nil {
		t.Fatal(err)
	}
	params, err := ParamsOf(&loaded.Config)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	store := chainstore.NewMemory()
	n, err := Start(Options{
		Config: &loaded.Config, Params: params, Store: store, Log: log, UserAgent: "/troupe:test/",
		Listeners: []net.Listener{l}, Addresses: []listener.Address{{Addr: l.Addr().String()}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		report := n.Stop(ctx)
		if err := report.Err(); err != nil {
			t.Error(err)
		}
		for _, l := range []*kit.Ledger{n.Ledger, n.Heavy} {
			if err := l.Check(); err != nil {
				t.Error(err)
			}
		}
	})
	return n
}

func loadConfig(t testing.TB, args []string) (*config.Loaded, error) {
	parsed, problems := config.ParseArgs(args, config.ArgRules{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return config.Load(config.Sources{Args: parsed, Home: t.TempDir(), WorkDir: t.TempDir(), ReadFile: os.ReadFile})
}

func ask[T any](t testing.TB, n *Node, to kit.Ref, m any) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	answer, err := n.System.Ask(ctx, to, m)
	if err != nil {
		t.Fatalf("%T: %v", m, err)
	}
	got, ok := answer.(T)
	if !ok {
		t.Fatalf("%T: answered with %T", m, answer)
	}
	return got
}

func mint(t testing.TB, n *Node, blocks int) []*tx.Block {
	t.Helper()
	m := ask[*msg.Minted](t, n, n.Cast.Minter(), &msg.Mint{Blocks: blocks, PayTo: anyoneCanSpend, MaxTries: 1 << 30})
	if m.Err != nil {
		t.Fatal(m.Err)
	}
	return m.Blocks
}

func waitFor(t testing.TB, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if done() {
			return
		}
	}
	t.Fatalf("waited in vain for %s", what)
}

func connect(t testing.TB, from, to *Node) {
	t.Helper()
	ask[*msg.Done](t, from, from.Cast.Registry(), &msg.PeerCommand{What: msg.AddNode, Node: to.Listeners[0].Addr().String()})
}

func tip(n *Node) tx.Hash { return n.Board.Tip().Tip().Hash() }

func TestANodeMintsAndAnotherSyncsFromIt(t *testing.T) {
	a, b := testNode(t), testNode(t)
	mint(t, a, 120)
	if h := a.Board.Tip().Tip().Height(); h != 120 {
		t.Fatalf("height %d after 120 blocks", h)
	}
	connect(t, b, a)
	waitFor(t, "b at a's tip", func() bool { return tip(a) == tip(b) })
	mint(t, a, 1)
	waitFor(t, "b at a's new tip", func() bool { return tip(a) == tip(b) })
}

func TestTwoBranchesEndAsOneReorganisation(t *testing.T) {
	a, b := testNode(t), testNode(t)
	mint(t, a, 30)
	mint(t, b, 31)
	connect(t, b, a)
	waitFor(t, "one tip", func() bool { return tip(a) == tip(b) })
	if h := a.Board.Tip().Tip().Height(); h != 31 {
		t.Fatalf("height %d, want the longer branch's 31", h)
	}
}

func TestTheWorkGraphHasNoCycleAndEveryMessageIsDeclared(t *testing.T) {
	a, b := testNode(t), testNode(t)
	mint(t, a, 3)
	connect(t, b, a)
	waitFor(t, "one tip", func() bool { return tip(a) == tip(b) })
	if cycle := kit.FindCycle(kit.WorkGraph(kit.Messages())); cycle != "" {
		t.Errorf("work goes in a circle: %s", cycle)
	}
	for _, m := range kit.Unregistered() {
		t.Errorf("%s is sent without a declaration", m.Type)
	}
}
