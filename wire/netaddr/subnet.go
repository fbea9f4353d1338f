package netaddr

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Subnet is a set of addresses: an IP prefix, or one Tor, I2P or CJDNS address
// (Core knows no larger sets of those). It is comparable.
type Subnet struct {
	base Addr
	bits uint8
}

// Single is the subnet of one address.
func Single(a Addr) Subnet { return Subnet{base: a, bits: uint8(a.net.Size() * 8)} }

// ParseSubnet reads "address", "address/bits" or "address/netmask".
func ParseSubnet(s string) (Subnet, error) {
	host, mask, masked := strings.Cut(s, "/")
	a, err := Parse(host)
	if err != nil {
		return Subnet{}, err
	}
	if !masked {
		return Single(a), nil
	}
	if a.net != IPv4 && a.net != IPv6 {
		return Subnet{}, fmt.Errorf("%q: only IP addresses have subnets: %w", s, ErrSyntax)
	}
	bits, err := maskBits(a, mask)
	if err != nil {
		return Subnet{}, fmt.Errorf("%q: %w", s, err)
	}
	return Prefix(a, bits), nil
}

// Prefix is the subnet of the addresses that share their first bits with a.
// More bits than the address has mean all of them; only IP addresses can be
// grouped so, for others it is the address alone.
func Prefix(a Addr, bits int) Subnet {
	size := a.net.Size() * 8
	if bits >= size || a.net != IPv4 && a.net != IPv6 {
		return Single(a)
	}
	base := Addr{net: a.net}
	full := bits / 8
	copy(base.host[:full], a.host[:full])
	if rest := bits % 8; rest > 0 {
		base.host[full] = a.host[full] &^ (0xff >> rest)
	}
	return Subnet{base: base, bits: uint8(bits)}
}

func maskBits(a Addr, mask string) (int, error) {
	if n, err := strconv.ParseUint(mask, 10, 8); err == nil {
		if int(n) > a.net.Size()*8 {
			return 0, fmt.Errorf("prefix longer than the address: %w", ErrSyntax)
		}
		return int(n), nil
	}
	m, err := netip.ParseAddr(mask)
	if err != nil || m.BitLen() != a.net.Size()*8 {
		return 0, fmt.Errorf("netmask %q: %w", mask, ErrSyntax)
	}
	bits, ended := 0, false
	for _, b := range m.AsSlice() {
		for i := 7; i >= 0; i-- {
			one := b>>i&1 == 1
			if one && ended {
				return 0, fmt.Errorf("netmask %q has a hole: %w", mask, ErrSyntax)
			}
			if one {
				bits++
			}
			ended = ended || !one
		}
	}
	return bits, nil
}

// Contains says whether the address belongs to the subnet.
func (s Subnet) Contains(a Addr) bool {
	if s.base.net != a.net || a.net == None {
		return false
	}
	full, rest := int(s.bits)/8, int(s.bits)%8
	for i := range full {
		if s.base.host[i] != a.host[i] {
			return false
		}
	}
	return rest == 0 || (s.base.host[full]^a.host[full])>>(8-rest) == 0
}

// Base is the network's own address.
func (s Subnet) Base() Addr { return s.base }

// Bits is the length of the prefix.
func (s Subnet) Bits() int { return int(s.bits) }

// IsZero says whether this is no subnet at all.
func (s Subnet) IsZero() bool { return s.base.IsZero() }

// String is what Core writes into banlist.json: IP subnets always with their
// length, single addresses of other networks without.
func (s Subnet) String() string {
	if s.base.net == IPv4 || s.base.net == IPv6 {
		return s.base.String() + "/" + strconv.Itoa(int(s.bits))
	}
	return s.base.String()
}
