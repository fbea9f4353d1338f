package conn

import (
	"testing"

	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/wire/netaddr"
)

func TestAPeerHearsOfAnAddressThatDoesNotTieUsToAnotherNetwork(t *testing.T) {
	parse := func(text string) (a netaddr.AddrPort) {
		if text != "" {
			var err error
			if a, err = netaddr.ParseAddrPort(text, 8333); err != nil {
				t.Fatal(err)
			}
		}
		return a
	}
	const (
		v4    = "8.7.6.5:8333"
		v6    = "[2803:0:1234:abcd::1]:8333"
		onion = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion:8333"
	)
	for _, c := range []struct {
		what  string
		from  string
		onion bool
		own   []string
		want  string // empty: none
	}{
		{"of its own network", "[2a00::1]:1", false, []string{onion, v4, v6}, v6},
		{"of another that hides nothing", "[2a00::1]:1", false, []string{onion, v4}, v4},
		{"a caller of the onion service", "127.0.0.1:1", true, []string{v4, onion}, onion},
		{"a caller of the onion service, of no other network", "127.0.0.1:1", true, []string{v4, v6}, ""},
		{"nobody outside of the onion service", "8.8.8.8:1", false, []string{onion}, ""},
		{"a local caller that is none of the onion service", "127.0.0.1:1", false, []string{onion, v4}, v4},
	} {
		var own []netaddr.AddrPort
		for _, text := range c.own {
			own = append(own, parse(text))
		}
		got, ok := ownFor(&msg.Peer{Addr: parse(c.from), Onion: c.onion}, own)
		if got != parse(c.want) || ok != (c.want != "") {
			t.Errorf("%s: %v %v, want %q", c.what, got, ok, c.want)
		}
	}
}
