// Package netaddr names the places where Bitcoin nodes can be reached: IPv4,
// IPv6, Tor v3, I2P and CJDNS addresses (BIP155), with or without a port, and
// subnets of them.
//
// An address is a small comparable value, so that it can be the key of a map.
// The package knows how addresses are written and grouped; it never resolves a
// name and never opens a connection.
//
// Start reading at [Addr]; group.go says which addresses count as neighbours,
// text.go how they are written.
package netaddr

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
)

// Network is the kind of an address, numbered as in BIP155.
type Network uint8

// The networks of BIP155. Number 3 was Tor v2, which no longer exists.
const (
	None  Network = 0 // the zero Addr
	IPv4  Network = 1
	IPv6  Network = 2
	TorV3 Network = 4
	I2P   Network = 5
	CJDNS Network = 6
)

// Networks are all that an address can belong to.
var Networks = []Network{IPv4, IPv6, TorV3, I2P, CJDNS}

// String is Core's name of the network, as in getpeerinfo.
func (n Network) String() string {
	switch n {
	case IPv4:
		return "ipv4"
	case IPv6:
		return "ipv6"
	case TorV3:
		return "onion"
	case I2P:
		return "i2p"
	case CJDNS:
		return "cjdns"
	}
	return "not_publicly_routable"
}

// Size is the length in bytes of an address of this network, 0 if unknown.
func (n Network) Size() int {
	switch n {
	case IPv4:
		return 4
	case IPv6, CJDNS:
		return 16
	case TorV3, I2P:
		return 32
	}
	return 0
}

// Errors of this package.
var (
	ErrUnknownNetwork = errors.New("unknown network")     // BIP155 wants these skipped, not punished
	ErrLength         = errors.New("wrong length")        // for the network it claims
	ErrEmbedded       = errors.New("not a plain address") // another network's address wrapped as IPv6, or no CJDNS prefix
	ErrSyntax         = errors.New("not an address")
)

// Addr is an address without port. The zero value means no address.
type Addr struct {
	net  Network
	host [32]byte
}

var (
	mappedPrefix   = []byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff} // IPv4 in IPv6
	torV2Prefix    = []byte{0xfd, 0x87, 0xd8, 0x7e, 0xeb, 0x43}       // OnionCat
	internalPrefix = []byte{0xfd, 0x6b, 0x88, 0xc0, 0x87, 0x24}       // Core's names of seeds
)

// FromBytes reads an address as BIP155 writes it.
func FromBytes(network Network, b []byte) (Addr, error) {
	size := network.Size()
	if size == 0 {
		return Addr{}, fmt.Errorf("%w %d", ErrUnknownNetwork, network)
	}
	if len(b) != size {
		return Addr{}, fmt.Errorf("BIP155 %s address with length %d (should be %d): %w", network, len(b), size, ErrLength)
	}
	switch {
	case network == IPv6 && (bytes.HasPrefix(b, mappedPrefix) || bytes.HasPrefix(b, torV2Prefix) || bytes.HasPrefix(b, internalPrefix)):
		return Addr{}, fmt.Errorf("IPv6 address that wraps another network's: %w", ErrEmbedded)
	case network == CJDNS && b[0] != 0xfc:
		return Addr{}, fmt.Errorf("CJDNS address outside fc00::/8: %w", ErrEmbedded)
	}
	a := Addr{net: network}
	copy(a.host[:], b)
	return a, nil
}

// From16 reads the sixteen bytes of the addr message, in which IPv4 is mapped
// into IPv6. What the old message wraps but nobody can reach any more (Tor v2,
// internal names) gives the zero Addr.
func From16(b *[16]byte) Addr {
	a := Addr{net: IPv6}
	switch {
	case bytes.HasPrefix(b[:], mappedPrefix):
		a.net = IPv4
		copy(a.host[:], b[12:])
	case bytes.HasPrefix(b[:], torV2Prefix), bytes.HasPrefix(b[:], internalPrefix):
		return Addr{}
	default:
		copy(a.host[:], b[:])
	}
	return a
}

// As16 is the form of the addr message. Addresses that do not fit into it
// (Tor v3, I2P, CJDNS) become zeros, as in Core; see [Addr.FitsV1].
func (a Addr) As16() (b [16]byte) {
	switch a.net {
	case IPv4:
		copy(b[:], mappedPrefix)
		copy(b[12:], a.host[:4])
	case IPv6:
		copy(b[:], a.host[:16])
	}
	return b
}

// FitsV1 says whether the addr message can carry this address.
func (a Addr) FitsV1() bool { return a.net == IPv4 || a.net == IPv6 }

// FromIP converts an IP address. Zones are dropped.
func FromIP(ip netip.Addr) Addr {
	switch {
	case ip.Is4():
		b := ip.As4()
		a := Addr{net: IPv4}
		copy(a.host[:], b[:])
		return a
	case ip.Is6():
		b := ip.As16()
		return From16(&b)
	}
	return Addr{}
}

// IP is the address for dialling; not ok for Tor and I2P, which want a proxy.
// CJDNS addresses are IPv6 to the operating system.
func (a Addr) IP() (ip netip.Addr, ok bool) {
	switch a.net {
	case IPv4:
		return netip.AddrFrom4([4]byte(a.host[:4])), true
	case IPv6, CJDNS:
		return netip.AddrFrom16([16]byte(a.host[:16])), true
	}
	return netip.Addr{}, false
}

// Network of the address; None for the zero Addr.
func (a Addr) Network() Network { return a.net }

// Bytes are the address as BIP155 writes it.
func (a Addr) Bytes() []byte { return append([]byte(nil), a.host[:a.net.Size()]...) }

// Append appends what Bytes returns.
func (a Addr) Append(dst []byte) []byte { return append(dst, a.host[:a.net.Size()]...) }

// IsZero says whether this is no address at all.
func (a Addr) IsZero() bool { return a.net == None }

// AddrPort is an address with a port.
type AddrPort struct {
	Addr Addr
	Port uint16
}

// FromAddrPort converts what the net package reports.
func FromAddrPort(ap netip.AddrPort) AddrPort {
	return AddrPort{Addr: FromIP(ap.Addr()), Port: ap.Port()}
}
