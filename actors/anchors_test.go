package actors

import (
	"context"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/addrbook"
	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/internal/testpeer"
	"github.com/troupe-node/troupe/logs"
	"github.com/troupe-node/troupe/wire/netaddr"
)

// TestWhoGaveUsBlocksAloneIsCalledFirstAtTheNextStart follows feature_anchors.py.
func TestWhoGaveUsBlocksAloneIsCalledFirstAtTheNextStart(t *testing.T) {
	dir := t.TempDir()
	life := func() (n *Node, file string, stop func()) {
		loaded, err := loadConfig(t, []string{"-regtest", "-dnsseed=0", "-listen=0", "-datadir=" + dir})
		if err != nil {
			t.Fatal(err)
		}
		params, err := ParamsOf(&loaded.Config)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(loaded.Config.ChainDir, 0o700); err != nil {
			t.Fatal(err)
		}
		n, err = Start(Options{Config: &loaded.Config, Params: params, Store: chainstore.NewMemory(), Log: logs.Into(&logBook{}, logs.Debug)})
		if err != nil {
			t.Fatal(err)
		}
		return n, filepath.Join(loaded.Config.ChainDir, "anchors.dat"), func() {
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			if err := n.Stop(ctx).Err(); err != nil {
				t.Error(err)
			}
		}
	}
	call := func(n *Node, typ msg.ConnType) (net.Listener, *testpeer.Peer) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		if err := ask[*msg.Done](t, n, n.Cast.Registry(), &msg.PeerCommand{What: msg.Connect, Node: l.Addr().String(), Type: typ}).Err; err != nil {
			t.Fatal(err)
		}
		return l, answer(t, l)
	}

	n, file, stop := life()
	l, anchor := call(n, msg.BlockRelay)
	_, full := call(n, msg.OutboundRelay)
	_, gone := call(n, msg.BlockRelay)
	anchor.Sync()
	full.Sync()
	gone.Conn.Close()
	waitFor(t, "two connections", func() bool { return len(n.Board.Peers().Peers) == 2 })
	stop()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	list, err := addrbook.DecodeAnchors(raw, n.Params.Magic)
	want := netaddr.FromAddrPort(netip.MustParseAddrPort(l.Addr().String()))
	if err != nil || len(list) != 1 || list[0].Addr != want {
		t.Fatalf("%v %v, want %s", list, err, want)
	}

	n, _, stop = life()
	defer stop()
	answer(t, l).Sync()
	if p := n.Board.Peers().Peers[0]; p.Type != msg.BlockRelay {
		t.Errorf("called as %s", p.Type)
	}
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("the file is still there: %v", err)
	}
}

// answer takes the node's call.
func answer(t *testing.T, l net.Listener) *testpeer.Peer {
	t.Helper()
	l.(*net.TCPListener).SetDeadline(time.Now().Add(time.Minute))
	c, err := l.Accept()
	if err != nil {
		t.Fatal("nobody called: ", err)
	}
	return testpeer.New(t, c, testpeer.Options{Accepted: true})
}
