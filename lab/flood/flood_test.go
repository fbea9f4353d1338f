package flood

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/troupe-node/troupe/actors"
	"github.com/troupe-node/troupe/actors/listener"
	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/config"
	"github.com/troupe-node/troupe/lab/peer"
)

// playNode plays a regtest node that listens on this machine.
func playNode(t testing.TB) (*actors.Node, string) {
	t.Helper()
	parsed, problems := config.ParseArgs([]string{"-regtest", "-dnsseed=0", "-fixedseeds=0", "-listen=0", "-connect=0"}, config.ArgRules{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	loaded, err := config.Load(config.Sources{Args: parsed, Home: t.TempDir(), WorkDir: t.TempDir(), ReadFile: os.ReadFile})
	if err != nil {
		t.Fatal(err)
	}
	params, err := actors.ParamsOf(&loaded.Config)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n, err := actors.Start(actors.Options{
		Config: &loaded.Config, Params: params, Store: chainstore.NewMemory(), UserAgent: "/troupe:test/",
		Listeners: []net.Listener{l}, Addresses: []listener.Address{{Addr: l.Addr().String()}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := n.Stop(ctx).Err(); err != nil {
			t.Error(err)
		}
	})
	return n, l.Addr().String()
}

func TestOnlyThisMachineIsFlooded(t *testing.T) {
	for _, target := range []string{"192.0.2.1:18444", "[2001:db8::1]:18444", "example.org:18444", "localhost:18444", "0.0.0.0:18444", "127.0.0.1", ""} {
		_, err := Run(t.Context(), Options{Kind: Txs, Target: target, Connections: 1, Count: 1})
		if !errors.Is(err, peer.ErrNotLocal) {
			t.Errorf("%q: %v", target, err)
		}
	}
	if err := peer.CheckLocal("[::1]:18444"); err != nil {
		t.Error(err)
	}
}

func TestEveryTransactionOfAFloodIsInThePool(t *testing.T) {
	n, target := playNode(t)
	const count = 300
	o := Options{Kind: Txs, Target: target, Connections: 3, Count: count, Seed: 7, PoolSize: func(context.Context) (int, error) {
		return n.Board.Pool().Count(), nil
	}}
	var last State
	o.Progress = func(s State) { last = s }
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Accepted == nil || *r.Accepted != count || r.Worked != count || r.Sent != count || r.Lost != 0 {
		t.Errorf("%+v", r)
	}
	if r.Accept.Count != count || r.Accept.Max < r.Accept.P50 || r.Ping.Count == 0 || r.Goodput <= 0 {
		t.Errorf("%+v", r)
	}
	if last.Done != count || last.Of != count {
		t.Errorf("progress ended at %+v", last)
	}
	var out strings.Builder
	r.Print(&out)
	for _, want := range []string{"300 transactions over 3 connections", "accepted   300", "p99"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}

	// Once more with other transactions, at a rate: the node leaves its chain for a longer one.
	o.Seed, o.Count, o.Rate = 8, 40, 400
	if r, err = Run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if r.Worked != 40 || r.Seconds < 0.05 {
		t.Errorf("%+v", r)
	}
}

func TestBlocksOfPoolTransactionsAreAnnouncedInAFlood(t *testing.T) {
	n, target := playNode(t)
	const count = 300
	r, err := Run(t.Context(), Options{
		Kind: Txs, Target: target, Connections: 2, Count: count, Seed: 9, Mined: 2, PerBlock: 25,
		PoolSize: func(context.Context) (int, error) { return n.Board.Pool().Count(), nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	if r.Accepted == nil || *r.Accepted != count {
		t.Errorf("%+v", r)
	}
	if m := r.Mined; m == nil || m.Quiet.Count != 2 || m.Loaded.Count != 2 || m.Loaded.Max <= 0 || m.PerBlock != 25 {
		t.Errorf("%+v", m)
	}
	if txs := n.Board.Tip().Tip().Txs(); txs != 26 {
		t.Errorf("the last block has %d transactions", txs)
	}
}

func TestEveryBlockOfAFloodIsConnected(t *testing.T) {
	n, target := playNode(t)
	r, err := Run(t.Context(), Options{Kind: Blocks, Target: target, Connections: 2, Count: 30, Seed: 1, PerBlock: 10})
	if err != nil {
		t.Fatal(err)
	}
	if r.Accepted == nil || *r.Accepted != 30 || r.Goodput <= 0 {
		t.Errorf("%+v", r)
	}
	if txs := n.Board.Tip().Tip().Txs(); txs != 11 {
		t.Errorf("the last block has %d transactions", txs)
	}
}

func TestAFloodEndsWhenItIsToldTo(t *testing.T) {
	_, target := playNode(t)
	ctx, cancel := context.WithTimeoutCause(t.Context(), 300*time.Millisecond, errors.New("enough"))
	defer cancel()
	_, err := Run(ctx, Options{Kind: Txs, Target: target, Connections: 2, Count: 5000, Rate: 10, Seed: 3})
	if err == nil {
		t.Fatal("it went on to its end")
	}
}

func TestThereIsNoFloodWithoutANode(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	target := l.Addr().String()
	l.Close()
	if _, err := Run(t.Context(), Options{Kind: Txs, Target: target, Connections: 1, Count: 1}); err == nil || !strings.Contains(err.Error(), "no node at") {
		t.Fatal(err)
	}
}
