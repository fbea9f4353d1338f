package addrbook

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/troupe-node/troupe/wire/netaddr"
)

var start = time.Unix(1_700_000_000, 0)

func random(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

func newBook() *Book { return New(Key{1}, random(1)) }

func at(s string) netaddr.AddrPort {
	p, err := netaddr.ParseAddrPort(s, 8333)
	if err != nil {
		panic(err)
	}
	return p
}

// publicIP is the n-th of many routable addresses, 256 to a group.
func publicIP(n int) netaddr.AddrPort {
	return netaddr.AddrPort{Addr: netaddr.FromIP(netip.AddrFrom4([4]byte{byte(20 + n>>16), byte(n >> 8), 1, byte(n)})), Port: 8333}
}

func seen(a netaddr.AddrPort, t time.Time) []Seen { return []Seen{{Addr: a, Services: 1, Time: t}} }

// check verifies that tables, counts and entries agree.
func check(t interface{ Fatalf(string, ...any) }, b *Book) {
	refs := map[*entry]int{}
	var heard, tried [netaddr.CJDNS + 1]int
	for i, e := range b.fresh.slots {
		if e == nil {
			continue
		}
		refs[e]++
		if b.key.position(e.addr, false, i/bucketSize) != i%bucketSize {
			t.Fatalf("%s is at the wrong position of a new bucket", e.addr)
		}
	}
	for i, e := range b.proven.slots {
		if e == nil {
			continue
		}
		tried[e.addr.Addr.Network()]++
		if !e.tried || b.key.triedBucket(e.addr) != i/bucketSize || b.key.position(e.addr, true, i/bucketSize) != i%bucketSize {
			t.Fatalf("%s is in a wrong tried place", e.addr)
		}
	}
	for i, e := range b.order {
		if e.at != i || b.entries[e.addr] != e || refs[e] != e.refs || e.tried == (e.refs > 0) || e.refs > maxRefs {
			t.Fatalf("%s: at %d of %d, refs %d, counted %d, tried %v", e.addr, e.at, i, e.refs, refs[e], e.tried)
		}
		if e.refs > 0 {
			heard[e.addr.Addr.Network()]++
		}
	}
	if len(b.entries) != len(b.order) || heard != b.fresh.nets || tried != b.proven.nets {
		t.Fatalf("%d entries in the map, %d in the list; heard of %v, counted %v; tried %v, counted %v", len(b.entries), len(b.order), heard, b.fresh.nets, tried, b.proven.nets)
	}
}

func TestAnyHistoryLeavesTheBookConsistentAndItsFileTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := New(Key{7}, random(rapid.Uint64().Draw(t, "seed")))
		now := start
		// Few addresses and sources, in crowded groups, so that places collide.
		any := rapid.Custom(func(t *rapid.T) netaddr.AddrPort { return publicIP(rapid.IntRange(0, 700).Draw(t, "n")) })
		t.Repeat(map[string]func(*rapid.T){
			"": func(t *rapid.T) { check(t, b) },
			"add": func(t *rapid.T) {
				var list []Seen
				for range rapid.IntRange(1, 60).Draw(t, "count") {
					list = append(list, Seen{any.Draw(t, "addr"), 9, now.Add(-time.Duration(rapid.IntRange(-30, 60*24*40).Draw(t, "age")) * time.Minute)})
				}
				b.Add(list, any.Draw(t, "source").Addr, 2*time.Hour, now)
			},
			"good":      func(t *rapid.T) { b.Good(any.Draw(t, "addr"), now) },
			"attempt":   func(t *rapid.T) { b.Attempt(any.Draw(t, "addr"), rapid.Bool().Draw(t, "count"), now) },
			"connected": func(t *rapid.T) { b.Connected(any.Draw(t, "addr"), now) },
			"resolve":   func(t *rapid.T) { b.Collision(); b.Resolve(now) },
			"wait": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.IntRange(1, 60*24*3).Draw(t, "minutes")) * time.Minute)
			},
			"select": func(t *rapid.T) {
				c := Choice{NewOnly: rapid.Bool().Draw(t, "new"), Network: rapid.SampledFrom([]netaddr.Network{netaddr.None, netaddr.IPv4, netaddr.TorV3}).Draw(t, "net")}
				i, ok := b.Select(c, now)
				heard, tried := b.Counts(c.Network)
				if want := heard > 0 || tried > 0 && !c.NewOnly; ok != want {
					t.Fatalf("selected %v from %d heard of and %d tried", ok, heard, tried)
				}
				if ok && (c.NewOnly && i.Tried || c.Network != netaddr.None && i.Addr.Addr.Network() != c.Network) {
					t.Fatalf("%+v does not match %+v", i, c)
				}
			},
			"save": func(t *rapid.T) {
				file := b.Encode([4]byte{1})
				again, err := Decode(file, [4]byte{1}, b.rand)
				if err != nil {
					t.Fatal(err)
				}
				if string(again.Encode([4]byte{1})) != string(file) {
					t.Fatal("the file changes when it is read and written")
				}
				b = again
			},
		})
	})
}

func TestOnlyRoutableAddressesAreKept(t *testing.T) {
	b := newBook()
	for _, a := range []string{"127.0.0.1", "10.0.0.1", "192.168.1.1", "[::1]", "[fe80::1]", "1.2.3.4:0"} {
		b.Add(seen(at(a), start), netaddr.Addr{}, 0, start)
	}
	if b.Len() != 0 {
		t.Errorf("%d addresses were kept", b.Len())
	}
	if b.Add(seen(at("1.2.3.4"), start), netaddr.Addr{}, 0, start) != 1 || b.Len() != 1 {
		t.Error("a public address was not kept")
	}
}

func TestTheBookIsBoundedHoweverMuchIsTold(t *testing.T) {
	b := newBook()
	for n := range 200_000 {
		b.Add(seen(publicIP(n), start), publicIP(n*7).Addr, 0, start)
	}
	check(t, b)
	if b.Len() > newBuckets*bucketSize || b.Len() < 40_000 {
		t.Errorf("%d addresses", b.Len())
	}
}

func TestOneSourceGroupReachesFewBuckets(t *testing.T) {
	b := newBook()
	for n := range 60_000 {
		b.Add(seen(publicIP(n), start), publicIP(n%200).Addr, 0, start) // 200 hosts of one /16
	}
	buckets := 0
	for _, n := range b.fresh.filled {
		if n > 0 {
			buckets++
		}
	}
	if buckets > newPerSource || b.Len() > newPerSource*bucketSize {
		t.Errorf("one source group filled %d buckets with %d addresses", buckets, b.Len())
	}
}

func TestOneGroupReachesEightTriedBuckets(t *testing.T) {
	k := Key{3}
	buckets := map[int]bool{}
	for port := range 5000 {
		buckets[k.triedBucket(netaddr.AddrPort{Addr: at("9.8.7.6").Addr, Port: uint16(port)})] = true
	}
	if len(buckets) > triedPerGroup {
		t.Errorf("one group reaches %d tried buckets", len(buckets))
	}
	other := Key{4}
	if k.triedBucket(at("9.8.7.6")) == other.triedBucket(at("9.8.7.6")) && k.newBucket(at("9.8.7.6"), at("1.1.1.1").Addr) == other.newBucket(at("9.8.7.6"), at("1.1.1.1").Addr) {
		t.Error("the key does not matter")
	}
}

func TestTerribleAddressesAreThoseOfCore(t *testing.T) {
	day := 24 * time.Hour
	for _, row := range []struct {
		name string
		e    entry
		want bool
	}{
		{"heard of yesterday", entry{seen: start.Add(-day)}, false},
		{"just tried, whatever else", entry{seen: start.Add(-90 * day), lastTry: start.Add(-time.Second)}, false},
		{"from the future", entry{seen: start.Add(11 * time.Minute)}, true},
		{"not heard of for a month", entry{seen: start.Add(-31 * day)}, true},
		{"three attempts, never an answer", entry{seen: start, attempts: 3}, true},
		{"two attempts, never an answer", entry{seen: start, attempts: 2}, false},
		{"ten failures in eight days", entry{seen: start, attempts: 10, lastSuccess: start.Add(-8 * day)}, true},
		{"ten failures in six days", entry{seen: start, attempts: 10, lastSuccess: start.Add(-6 * day)}, false},
	} {
		if got := row.e.terrible(start); got != row.want {
			t.Errorf("%s: %v", row.name, got)
		}
	}
}

func TestFailuresLowerTheChanceAndAnswersRestoreIt(t *testing.T) {
	b := newBook()
	a := at("1.2.3.4")
	b.Add(seen(a, start), netaddr.Addr{}, 0, start)
	b.Add(seen(at("5.6.7.8"), start), netaddr.Addr{}, 0, start)
	now := start
	for range 5 {
		now = now.Add(time.Hour)
		b.Good(at("5.6.7.8"), now) // we are online
		b.Attempt(a, true, now.Add(time.Second))
	}
	e := b.entries[a]
	if e.attempts != 5 || e.chance(now.Add(time.Hour)) > 0.126 || e.chance(now) > 0.0013 {
		t.Errorf("%d attempts, chance %v later and %v now", e.attempts, e.chance(now.Add(time.Hour)), e.chance(now))
	}
	b.Attempt(a, true, now.Add(time.Minute))
	b.Attempt(a, true, now.Add(2*time.Minute))
	if e.attempts != 5 {
		t.Error("failures counted although nobody answered in between: we may be offline")
	}
	b.Good(a, now.Add(time.Hour))
	if e.attempts != 0 || !e.tried {
		t.Error("an answer did not restore it")
	}
}

func TestAHolderIsTestedBeforeItLosesItsPlace(t *testing.T) {
	b := newBook()
	// Two addresses of one group that fight for one tried place.
	var old, young netaddr.AddrPort
	places := map[[2]int]netaddr.AddrPort{}
	for n := 0; young.Port == 0; n++ {
		a := netaddr.AddrPort{Addr: at("1.2.3.4").Addr, Port: uint16(1 + n)}
		bucket := b.key.triedBucket(a)
		place := [2]int{bucket, b.key.position(a, true, bucket)}
		if first, ok := places[place]; ok {
			old, young = first, a
		}
		places[place] = a
	}
	for _, a := range []netaddr.AddrPort{old, young} {
		for i := 0; b.entries[a] == nil; i++ { // their new places may collide too
			b.Add(seen(a, start), publicIP(i*256).Addr, 0, start)
		}
	}
	if !b.Good(old, start) {
		t.Fatal("the first was not moved")
	}
	now := start.Add(time.Hour)
	if b.Good(young, now) {
		t.Fatal("the second took the place at once")
	}
	if i, ok := b.Collision(); !ok || i.Addr != old {
		t.Fatalf("to be tested: %v, %v", i.Addr, ok)
	}
	b.Resolve(now)
	if !b.entries[old].tried || b.entries[young].tried {
		t.Fatal("a holder seen an hour ago must stay")
	}

	now = start.Add(5 * time.Hour)
	b.Good(young, now)
	b.Attempt(old, true, now.Add(time.Second)) // the feeler
	b.Resolve(now.Add(2 * time.Second))
	if !b.entries[old].tried {
		t.Fatal("the test had no time to fail")
	}
	b.Resolve(now.Add(2 * time.Minute))
	if b.entries[old].tried || !b.entries[young].tried || b.entries[old].refs != 1 {
		t.Fatal("a holder that does not answer must go back to a new bucket")
	}
	check(t, b)
	if _, ok := b.Collision(); ok {
		t.Error("the collision is settled")
	}
}

func TestASampleIsAQuarterAndNothingTerrible(t *testing.T) {
	b := newBook()
	for n := range 1000 {
		age := time.Hour
		if n%2 == 0 {
			age = 29 * 24 * time.Hour
		}
		b.Add(seen(publicIP(n*256), start.Add(-age)), publicIP(n*512).Addr, 0, start)
	}
	later := start.Add(2 * 24 * time.Hour) // every second one is terrible by now
	got := b.Sample(0, netaddr.None, later)
	if len(got) != b.Len()*SamplePercent/100 {
		t.Errorf("%d of %d", len(got), b.Len())
	}
	different := map[netaddr.AddrPort]bool{}
	for _, i := range got {
		if later.Sub(i.Seen) > horizon || different[i.Addr] {
			t.Fatalf("%s, seen %s", i.Addr, i.Seen)
		}
		different[i.Addr] = true
	}
	check(t, b)
	if len(b.Sample(10, netaddr.None, later)) != 10 || len(b.Sample(10, netaddr.TorV3, later)) != 0 {
		t.Error("limit or network is not kept")
	}
}

func TestTimesThatCannotBeRightBecomeFiveDaysOld(t *testing.T) {
	b := newBook()
	b.Add(seen(at("1.2.3.4"), start.Add(time.Hour)), netaddr.Addr{}, 0, start)
	b.Add(seen(at("1.3.3.4"), time.Unix(0, 0)), netaddr.Addr{}, 0, start)
	for _, i := range b.All() {
		if !i.Seen.Equal(start.Add(-assumedAge)) {
			t.Errorf("%s seen at %s", i.Addr, i.Seen)
		}
	}
	// What somebody else tells is made older, what a node says of itself is not.
	b.Add(seen(at("1.4.3.4"), start), at("9.9.9.9").Addr, 2*time.Hour, start)
	b.Add(seen(at("1.5.3.4"), start), at("1.5.3.4").Addr, 2*time.Hour, start)
	told, _ := b.Find(at("1.4.3.4"))
	self, _ := b.Find(at("1.5.3.4"))
	if start.Sub(told.Seen) != 2*time.Hour || !self.Seen.Equal(start) {
		t.Errorf("told: %s, itself: %s", told.Seen, self.Seen)
	}
	b.Connected(at("1.4.3.4"), start)
	b.SetServices(at("1.4.3.4"), 1033)
	if told, _ = b.Find(at("1.4.3.4")); !told.Seen.Equal(start) || told.Services != 1033 {
		t.Errorf("after a connection: %+v", told)
	}
}

func BenchmarkAdd1000(b *testing.B) {
	b.ReportAllocs()
	n := 0
	book := newBook()
	list := make([]Seen, 1000)
	for b.Loop() {
		for i := range list {
			n++
			list[i] = Seen{publicIP(n % 500_000), 9, start}
		}
		book.Add(list, publicIP(n%5000).Addr, 0, start)
	}
}

func BenchmarkSelect(b *testing.B) {
	for _, size := range []int{1, 100, 50_000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			b.ReportAllocs()
			book := newBook()
			for n := range size {
				book.Add(seen(publicIP(n), start), publicIP(n*7).Addr, 0, start)
			}
			for b.Loop() {
				book.Select(Choice{}, start)
			}
		})
	}
}

// TestPlacesAreCores holds places that Core's rpc_net.py (test_getrawaddrman, with the
// key 1) expects.
func TestPlacesAreCores(t *testing.T) {
	b := New(Key{1}, random(1))
	cjdns := netaddr.AddrPort{Addr: at("fc00:1:2:3:4:5:6:7").Addr.AsCJDNS(), Port: 8333}
	for _, c := range []struct {
		addr             netaddr.AddrPort
		tried            bool
		bucket, position int
	}{
		{at("2.0.0.0:8333"), false, 82, 8},
		{cjdns, false, 336, 24},
		{at("c4gfnttsuwqomiygupdqqqyy5y5emnk5c73hrfvatri67prd7vyq.b32.i2p:8333"), false, 963, 46},
		{at("[2803:0:1234:abcd::1]:45324"), false, 613, 6},
		{at("1.2.3.4:8333"), true, 6, 33},
		{at("[1233:3432:2434:2343:3234:2345:6546:4534]:8333"), true, 197, 34},
		{at("pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion:8333"), true, 72, 61},
		{at("nrfj6inpyf73gpkyool35hcmne5zwfmse3jl3aw23vk7chdemalyaqad.onion:45324"), true, 139, 46},
	} {
		b.Add(seen(c.addr, start), c.addr.Addr, 0, start)
		if c.tried && !b.Good(c.addr, start) {
			t.Errorf("%s does not move to the tried ones", c.addr)
		}
		heard, tried := b.Places()
		places := heard
		if c.tried {
			places = tried
		}
		found := false
		for _, p := range places {
			found = found || p.Addr == c.addr && p.Bucket == c.bucket && p.Position == c.position
		}
		if !found {
			t.Errorf("%s is not at %d/%d of %v", c.addr, c.bucket, c.position, places)
		}
	}
}
