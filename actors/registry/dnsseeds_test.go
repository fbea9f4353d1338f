package registry

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestDNSIsAskedOnlyAsFarAsTheBookDoesNotDo follows p2p_dns_seeds.py.
func TestDNSIsAskedOnlyAsFarAsTheBookDoesNotDo(t *testing.T) {
	names := []string{"a", "b", "c", "d", "e"}
	begin := time.Unix(1_700_000_000, 0)
	type step struct {
		after        time.Duration
		known, peers int
		ask, note    string
	}
	for _, c := range []struct {
		what  string
		now   int
		steps []step
	}{
		{"an empty book", seedsAtOnce, []step{
			{0, 0, 0, "abc", ""},
			{0, 50, 0, "", "Waiting 11 seconds before querying DNS seeds."},
			{10 * time.Second, 50, 1, "", ""},
			{11 * time.Second, 50, 1, "de", ""},
		}},
		{"an empty book, and DNS knows nothing", seedsAtOnce, []step{
			{0, 0, 0, "abc", ""},
			{0, 0, 0, "de", ""},
		}},
		{"few addresses", 0, []step{
			{0, 5, 0, "", "Waiting 11 seconds before querying DNS seeds."},
			{11 * time.Second, 5, 1, "abc", ""},
			{11 * time.Second, 70, 1, "", "Waiting 11 seconds before querying DNS seeds."},
			{22 * time.Second, 70, 2, "", "P2P peers available. Skipped DNS seeding."},
			{99 * time.Second, 70, 0, "", ""},
		}},
		{"many addresses", 0, []step{
			{0, 1000, 0, "", "Waiting 300 seconds before querying DNS seeds."},
			{299 * time.Second, 1000, 1, "", ""},
			{300 * time.Second, 1000, 1, "abc", ""},
		}},
		{"forced", len(names), []step{{0, 5, 9, "abcde", ""}}},
	} {
		s := dnsSeeds{names: slices.Clone(names), now: c.now}
		for i, x := range c.steps {
			if len(s.names) == 0 {
				break // nothing asks it any more
			}
			ask, note := s.next(begin.Add(x.after), x.known, x.peers)
			if strings.Join(ask, "") != x.ask || note != x.note {
				t.Errorf("%s, step %d: asks %v and says %q, want %q and %q", c.what, i, ask, note, x.ask, x.note)
			}
		}
	}
}

func TestOneSeedCannotFillTheBook(t *testing.T) {
	for answered, want := range map[int]int{0: 0, mostOfSeed: mostOfSeed, 4000: mostOfSeed} {
		if got := ofSeed(make([]netip.Addr, answered), 8333); len(got) != want {
			t.Errorf("of %d addresses %d count, want %d", answered, len(got), want)
		}
	}
}
