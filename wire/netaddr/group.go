package netaddr

import "net/netip"

// Group names the neighbourhood of an address: whoever controls one address
// of a group probably controls all of it, so limits and bucket choices count
// groups. The rules are Core's without an AS map: /16 for IPv4 and what embeds
// it, /32 for IPv6 (/36 for he.net), the first 4 bits of Tor and I2P keys, the
// first 12 of CJDNS, one group for everything that is local or unroutable.
type Group string

// Group of the address: Core's bytes, for the address book hashes them.
func (a Addr) Group() Group {
	if !a.IsRoutable() {
		return "\x00"
	}
	if v4, ok := a.linkedIPv4(); ok {
		return Group([]byte{byte(IPv4), v4[0], v4[1]})
	}
	switch a.net {
	case TorV3, I2P:
		return Group([]byte{byte(a.net) - 1, a.host[0] | 0x0f}) // Core counts without Tor v2
	case CJDNS:
		return Group([]byte{byte(CJDNS) - 1, a.host[0], a.host[1] | 0x0f})
	}
	if a.within(heNet) {
		return Group([]byte{byte(IPv6), a.host[0], a.host[1], a.host[2], a.host[3], a.host[4] | 0x0f})
	}
	return Group([]byte{byte(IPv6), a.host[0], a.host[1], a.host[2], a.host[3]})
}

// linkedIPv4 is the IPv4 address itself or the one that an IPv6 transition
// mechanism embeds (RFC 6145, 6052, 3964 and 4380).
func (a Addr) linkedIPv4() (v4 [4]byte, ok bool) {
	h := a.host[:]
	switch {
	case a.net == IPv4:
		return [4]byte(h[:4]), true
	case a.net != IPv6:
		return v4, false
	case a.within(rfc6145), a.within(rfc6052):
		return [4]byte(h[12:16]), true
	case a.within(rfc3964):
		return [4]byte(h[2:6]), true
	case a.within(rfc4380):
		return [4]byte{^h[12], ^h[13], ^h[14], ^h[15]}, true
	}
	return v4, false
}

var (
	heNet   = netip.MustParsePrefix("2001:470::/32")
	rfc3964 = netip.MustParsePrefix("2002::/16")       // 6to4
	rfc4380 = netip.MustParsePrefix("2001::/32")       // Teredo
	rfc6052 = netip.MustParsePrefix("64:ff9b::/96")    // well-known translation prefix
	rfc6145 = netip.MustParsePrefix("::ffff:0:0:0/96") // IPv4-translated
)

// unroutable lists what can be an address but never that of a node on the
// internet, each with the document that reserves it.
var unroutable = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),          // "this network"
	netip.MustParsePrefix("10.0.0.0/8"),         // RFC 1918
	netip.MustParsePrefix("100.64.0.0/10"),      // RFC 6598
	netip.MustParsePrefix("127.0.0.0/8"),        // loopback
	netip.MustParsePrefix("169.254.0.0/16"),     // RFC 3927
	netip.MustParsePrefix("172.16.0.0/12"),      // RFC 1918
	netip.MustParsePrefix("192.0.2.0/24"),       // RFC 5737
	netip.MustParsePrefix("192.168.0.0/16"),     // RFC 1918
	netip.MustParsePrefix("198.18.0.0/15"),      // RFC 2544
	netip.MustParsePrefix("198.51.100.0/24"),    // RFC 5737
	netip.MustParsePrefix("203.0.113.0/24"),     // RFC 5737
	netip.MustParsePrefix("255.255.255.255/32"), // broadcast
	netip.MustParsePrefix("::/128"),             // unspecified
	netip.MustParsePrefix("::1/128"),            // loopback
	netip.MustParsePrefix("2001:10::/28"),       // RFC 4843, ORCHID
	netip.MustParsePrefix("2001:20::/28"),       // RFC 7343, ORCHIDv2
	netip.MustParsePrefix("2001:db8::/32"),      // RFC 3849
	netip.MustParsePrefix("fc00::/7"),           // RFC 4193
	netip.MustParsePrefix("fe80::/64"),          // RFC 4862
}

func (a Addr) within(p netip.Prefix) bool {
	if a.net != IPv4 && a.net != IPv6 {
		return false
	}
	ip, _ := a.IP()
	return p.Contains(ip)
}

// IsLocal says whether the address is this machine's own.
func (a Addr) IsLocal() bool {
	switch a.net {
	case IPv4:
		return a.host[0] == 127 || a.host[0] == 0
	case IPv6:
		return a.host == Addr{host: [32]byte{15: 1}}.host
	}
	return false
}

// IsRoutable says whether the address can be that of a node anywhere, and so
// whether it belongs into an address book.
func (a Addr) IsRoutable() bool {
	if a.net == None {
		return false
	}
	for _, p := range unroutable {
		if a.within(p) {
			return false
		}
	}
	return true
}
