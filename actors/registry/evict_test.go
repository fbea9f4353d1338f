package registry

import (
	"slices"
	"testing"
	"time"

	"github.com/troupe-node/troupe/actors/msg"
)

// TestHalfOfTheCallersAreSafeByTheirAge follows Core's net_peer_eviction_tests
// (peer_protection_test): twelve callers, number 0 the oldest.
func TestHalfOfTheCallersAreSafeByTheirAge(t *testing.T) {
	onion := func(p *msg.Peer) { p.Onion = true }
	for _, c := range []struct {
		what string
		addr func(id int) string
		kind func(id int) func(*msg.Peer)
		safe []int
	}{
		{"the oldest", nil, nil, []int{0, 1, 2, 3, 4, 5}},
		{"a quarter by onion, a quarter by age", nil, func(id int) func(*msg.Peer) {
			if id == 3 || id > 7 {
				return onion
			}
			return nil
		}, []int{0, 1, 2, 3, 8, 9}},
		{"a quarter of this machine", func(id int) string {
			if id > 6 {
				return "127.0.0.1"
			}
			return "8.8.8.8"
		}, nil, []int{0, 1, 2, 7, 8, 9}},
		{"two kinds: one of the rarer one, two of the other", func(id int) string {
			if id == 11 {
				return "127.0.0.1"
			}
			return "8.8.8.8"
		}, func(id int) func(*msg.Peer) {
			if id == 6 || id == 8 || id == 10 {
				return onion
			}
			return nil
		}, []int{0, 1, 2, 6, 8, 11}},
	} {
		var list []*msg.Peer
		for id := range 12 {
			addr := "8.8.8.8"
			if c.addr != nil {
				addr = c.addr(id)
			}
			p := peer(msg.PeerID(id), msg.Inbound, addr, nil)
			if c.kind != nil {
				if change := c.kind(id); change != nil {
					change(p)
				}
			}
			p.Since = time.Unix(1_700_000_000+int64(id), 0)
			list = append(list, p)
		}
		left := protectHalf(list)
		var safe []int
		for id, p := range list {
			if !slices.Contains(left, p) {
				safe = append(safe, id)
			}
		}
		if !slices.Equal(safe, c.safe) {
			t.Errorf("%s: %v are safe, want %v", c.what, safe, c.safe)
		}
	}
}
