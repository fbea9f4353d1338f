package netaddr

import (
	"encoding/hex"
	"errors"
	"net/netip"
	"testing"

	"pgregory.net/rapid"
)

// The key and name of Tor's own documentation and of Core's net_tests.
const (
	onion    = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion"
	onionKey = "79bcc625184b05194975c28b66b66b0469f7f6556fb1ac3189a79b40dda32f1f"
	i2p      = "ukeu3k5oycgaauneqgtnvselmt4yemvoilkln7jpvamvfx7dnkdq.b32.i2p"
	i2pKey   = "a2894dabaec08c0051a481a6dac88b64f98232ae42d4b6fd2fa81952dfe36a87"
)

func key(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

func TestAddressesReadAndWriteAsInCore(t *testing.T) {
	for _, row := range []struct {
		text string
		net  Network
		raw  string
		out  string
	}{
		{"1.2.3.4", IPv4, "01020304", "1.2.3.4"},
		{"127.1", IPv4, "7f000001", "127.0.0.1"},
		{"1.2.259", IPv4, "01020103", "1.2.1.3"},
		{"::ffff:1.2.3.4", IPv4, "01020304", "1.2.3.4"},
		{"[2001:db8::1]", IPv6, "20010db8000000000000000000000001", "2001:db8::1"},
		{onion, TorV3, onionKey, onion},
		{i2p, I2P, i2pKey, i2p},
	} {
		a, err := Parse(row.text)
		if err != nil {
			t.Fatalf("%s: %v", row.text, err)
		}
		if a.Network() != row.net || hex.EncodeToString(a.Bytes()) != row.raw || a.String() != row.out {
			t.Errorf("%s: read as %s %x, written as %s", row.text, a.Network(), a.Bytes(), a)
		}
		b, err := FromBytes(row.net, key(row.raw))
		if err != nil || b != a {
			t.Errorf("%s: from its bytes: %v, %v", row.text, b, err)
		}
	}
}

func TestWrongAddressesAreRefusedWithTheirReason(t *testing.T) {
	for _, s := range []string{"", "example.org", "1.02.3", "1.2.3.4.onion", onion[1:], "a" + onion[1:], i2p[2:], "expyuzz4wqqyqhjn.onion"} {
		if a, err := Parse(s); !errors.Is(err, ErrSyntax) {
			t.Errorf("%q was read as %v, %v", s, a, err)
		}
	}
	for _, row := range []struct {
		net  Network
		raw  string
		want error
	}{
		{IPv4, "010203", ErrLength},
		{TorV3, "00", ErrLength},
		{3, "00000000000000000000", ErrUnknownNetwork},
		{99, "00", ErrUnknownNetwork},
		{IPv6, "00000000000000000000ffff01020304", ErrEmbedded},
		{IPv6, "fd87d87eeb4300000000000000000000", ErrEmbedded},
		{IPv6, "fd6b88c0872400000000000000000000", ErrEmbedded},
		{CJDNS, "fd000000000000000000000000000001", ErrEmbedded},
	} {
		if _, err := FromBytes(row.net, key(row.raw)); !errors.Is(err, row.want) {
			t.Errorf("network %d, %s: %v, want %v", row.net, row.raw, err, row.want)
		}
	}
}

func TestGroupsFollowCore(t *testing.T) {
	for _, row := range []struct{ a, b string }{ // Core's netbase_getgroup, as pairs that share a group
		{"127.0.0.1", "::1"},
		{"10.0.0.1", "169.254.1.1"},
		{"1.2.3.4", "1.2.200.1"},
		{"::ffff:0:102:304", "1.2.9.9"},
		{"64:ff9b::102:304", "1.2.9.9"},
		{"2002:102:304:9999:9999:9999:9999:9999", "1.2.9.9"},
		{"2001:0:9999:9999:9999:9999:fefd:fcfb", "1.2.9.9"},
		{"2001:470:abcd:9999::1", "2001:470:abff::1"},
		{"2001:2001:9999:9999::1", "2001:2001:1::1"},
	} {
		a, _ := Parse(row.a)
		b, _ := Parse(row.b)
		if a.Group() != b.Group() {
			t.Errorf("%s is in group %x, %s in %x", row.a, a.Group(), row.b, b.Group())
		}
	}
	for _, row := range []struct{ a, b string }{
		{"1.2.3.4", "1.3.3.4"}, {"2001:470:abcd::1", "2001:470:bbcd::1"}, {"2001:2001::1", "2001:2002::1"}, {onion, i2p}, {"1.2.3.4", "127.0.0.1"},
	} {
		a, _ := Parse(row.a)
		b, _ := Parse(row.b)
		if a.Group() == b.Group() {
			t.Errorf("%s and %s share group %x", row.a, row.b, a.Group())
		}
	}
}

func TestPrivateAddressesAreNotRoutable(t *testing.T) {
	for _, s := range []string{"0.0.0.0", "10.1.1.1", "100.64.0.1", "127.0.0.1", "169.254.9.9", "172.16.0.1", "192.168.1.1", "198.18.0.1", "203.0.113.9", "255.255.255.255", "::", "::1", "fe80::1", "fd00::1", "2001:db8::1", "2001:10::1"} {
		if a, err := Parse(s); err != nil || a.IsRoutable() {
			t.Errorf("%s counts as routable (%v)", s, err)
		}
	}
	for _, s := range []string{"8.8.8.8", "2a00::1", onion, i2p} {
		if a, err := Parse(s); err != nil || !a.IsRoutable() {
			t.Errorf("%s does not count as routable (%v)", s, err)
		}
	}
	cjdns, _ := Parse("fc00::1")
	if cjdns.IsRoutable() || !cjdns.AsCJDNS().IsRoutable() || cjdns.AsCJDNS().Network() != CJDNS {
		t.Error("fc00::/8 must be routable as CJDNS and only so")
	}
}

func TestSubnetsContainWhatTheirMaskSays(t *testing.T) {
	for _, row := range []struct {
		subnet, text string
		in, out      string
	}{
		{"1.2.3.4", "1.2.3.4/32", "1.2.3.4", "1.2.3.5"},
		{"1.2.3.4/24", "1.2.3.0/24", "1.2.3.200", "1.2.4.1"},
		{"1.2.3.4/255.255.254.0", "1.2.2.0/23", "1.2.2.9", "1.2.4.9"},
		{"1.2.3.4/0", "0.0.0.0/0", "9.9.9.9", "::9"},
		{"2001:db8::/33", "2001:db8::/33", "2001:db8:7fff::", "2001:db8:8000::"},
		{onion, onion, onion, i2p},
	} {
		s, err := ParseSubnet(row.subnet)
		if err != nil {
			t.Fatal(err)
		}
		in, _ := Parse(row.in)
		out, _ := Parse(row.out)
		if s.String() != row.text || !s.Contains(in) || s.Contains(out) {
			t.Errorf("%s: written %s, contains %s: %v, contains %s: %v", row.subnet, s, in, s.Contains(in), out, s.Contains(out))
		}
	}
	for _, s := range []string{"1.2.3.4/33", "1.2.3.4/255.0.255.0", "1.2.3.4/x", onion + "/8", "::1/255.0.0.0", "1.2.3.4/"} {
		if n, err := ParseSubnet(s); !errors.Is(err, ErrSyntax) {
			t.Errorf("%s was read as %v, %v", s, n, err)
		}
	}
}

func TestPortsAreOptional(t *testing.T) {
	for in, want := range map[string]string{
		"1.2.3.4": "1.2.3.4:8333", "1.2.3.4:1": "1.2.3.4:1", "[::2]:7": "[::2]:7", "::2": "[::2]:8333", "[::2]": "[::2]:8333", onion + ":9": onion + ":9",
	} {
		p, err := ParseAddrPort(in, 8333)
		if err != nil || p.String() != want {
			t.Errorf("%s: %s, %v; want %s", in, p, err, want)
		}
	}
	for _, s := range []string{"1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:x", ":1"} {
		if p, err := ParseAddrPort(s, 1); err == nil {
			t.Errorf("%q was read as %s", s, p)
		}
	}
}

// Draw gives any address the wire can carry.
func drawAddr(t *rapid.T) Addr {
	n := rapid.SampledFrom(Networks).Draw(t, "network")
	b := rapid.SliceOfN(rapid.Byte(), n.Size(), n.Size()).Draw(t, "host")
	if n == CJDNS {
		b[0] = 0xfc
	}
	a, err := FromBytes(n, b)
	if err != nil {
		t.Skip(err)
	}
	return a
}

func TestEveryAddressSurvivesItsTextAndItsBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := drawAddr(t)
		b, err := Parse(a.String())
		if a.Network() == CJDNS {
			b = b.AsCJDNS()
		}
		if err != nil || b != a {
			t.Fatalf("%s read back as %s, %v", a, b, err)
		}
		if a.FitsV1() {
			v1 := a.As16()
			if From16(&v1) != a {
				t.Fatalf("%s does not survive the addr message", a)
			}
		}
		if !Single(a).Contains(a) {
			t.Fatalf("%s is not in its own subnet", a)
		}
	})
}

func TestWhatTheSystemReportsIsRead(t *testing.T) {
	p := FromAddrPort(netip.MustParseAddrPort("[::ffff:9.8.7.6]:5"))
	if p.String() != "9.8.7.6:5" {
		t.Errorf("mapped address read as %s", p)
	}
	if !FromIP(netip.Addr{}).IsZero() {
		t.Error("no IP is no address")
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"1.2.3.4:8333", "[::1]:1", onion, i2p, "1.2.3.0/24"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if p, err := ParseAddrPort(s, 1); err == nil {
			if again, err := ParseAddrPort(p.String(), 1); err != nil || (again != p && !p.Addr.IsZero()) {
				t.Fatalf("%q: %s read back as %s, %v", s, p, again, err)
			}
		}
		if n, err := ParseSubnet(s); err == nil && !n.IsZero() {
			if again, err := ParseSubnet(n.String()); err != nil || again != n {
				t.Fatalf("%q: %s read back as %s, %v", s, n, again, err)
			}
		}
	})
}
