package actors

import (
	"net"
	"testing"
	"time"

	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/internal/testpeer"
	"github.com/troupe-node/troupe/wire"
	"github.com/troupe-node/troupe/wire/netaddr"
)

// Core's p2p_seednode.py, and what a node of -seednode is called for.
func TestNodesOfSeednodeAreAskedOnceForAddressesOneAfterTheOther(t *testing.T) {
	calls := make(chan net.Conn, 2)
	args := []string{"-onlynet=ipv6"} // nobody but them is called
	for range 2 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		args = append(args, "-seednode="+l.Addr().String())
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				calls <- conn
			}
		}()
	}
	s := play(t, args...)
	first := testpeer.New(t, <-calls, testpeer.Options{Accepted: true})
	s.said("Empty addrman, adding seednode (" + first.Conn.LocalAddr().String() + ") to addrfetch")
	expect(t, "type", s.only().Type, msg.AddrFetch)
	expect(t, "added nodes", len(s.Board.Peers().Added), 0)
	testpeer.Wait(first, func(*wire.GetAddr) bool { return true })
	addrs := &wire.AddrV2{}
	for _, ip := range []string{"1.2.3.4", "5.6.7.8"} {
		a, err := netaddr.ParseAddrPort(ip, 8333)
		if err != nil {
			t.Fatal(err)
		}
		addrs.Addrs = append(addrs.Addrs, wire.PeerAddr{Time: uint32(time.Now().Unix()), Services: wire.NodeNetwork | wire.NodeWitness, Addr: a})
	}
	first.Send(addrs)
	first.WaitClosed()
	s.said("addrfetch connection completed")
	// The addresses are of a network that is not called, and not kept. These are as if
	// they had come.
	for _, a := range addrs.Addrs {
		if err := s.order(&msg.PeerCommand{What: msg.AddAddress, Addr: a.Addr}); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case <-calls:
		t.Fatal("the second one was called although the first had answered just now")
	default:
	}
	s.clock(11 * time.Second)
	second := testpeer.New(t, <-calls, testpeer.Options{Accepted: true})
	s.said("Couldn't connect to peers from addrman after 10 seconds. Adding seednode (" + second.Conn.LocalAddr().String() + ") to addrfetch")
	if second.Conn.LocalAddr().String() == first.Conn.LocalAddr().String() {
		t.Error("the same node was asked again")
	}
}
