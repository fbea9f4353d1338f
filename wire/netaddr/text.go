package netaddr

import (
	"crypto/sha3"
	"encoding/base32"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

var lower32 = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

const (
	onionSuffix  = ".onion"
	i2pSuffix    = ".b32.i2p"
	onionVersion = 3
)

// onionChecksum are the two bytes behind the key in a v3 onion name
// (Tor's rend-spec-v3, "[ONIONADDRESS]").
func onionChecksum(key []byte) [2]byte {
	h := sha3.New256()
	h.Write([]byte(".onion checksum"))
	h.Write(key)
	h.Write([]byte{onionVersion})
	return [2]byte(h.Sum(nil)[:2])
}

// String writes the address as Core does.
func (a Addr) String() string {
	switch a.net {
	case TorV3:
		sum := onionChecksum(a.host[:])
		full := append(a.Bytes(), sum[0], sum[1], onionVersion)
		return lower32.EncodeToString(full) + onionSuffix
	case I2P:
		return lower32.EncodeToString(a.host[:]) + i2pSuffix
	}
	if ip, ok := a.IP(); ok {
		return ip.String()
	}
	return "[::]"
}

// Parse reads an address without port. Names that need a resolver are refused.
// Addresses in fc00::/8 are read as IPv6; [Addr.AsCJDNS] converts them where
// that network is in use (Core's -cjdnsreachable).
func Parse(s string) (Addr, error) {
	low := strings.ToLower(s)
	switch {
	case strings.HasSuffix(low, onionSuffix):
		raw, err := lower32.DecodeString(strings.TrimSuffix(low, onionSuffix))
		if err != nil || len(raw) != 35 || raw[34] != onionVersion || onionChecksum(raw[:32]) != [2]byte(raw[32:34]) {
			return Addr{}, fmt.Errorf("%q is no v3 onion name: %w", s, ErrSyntax)
		}
		return FromBytes(TorV3, raw[:32])
	case strings.HasSuffix(low, i2pSuffix):
		raw, err := lower32.DecodeString(strings.TrimSuffix(low, i2pSuffix))
		if err != nil || len(raw) != 32 {
			return Addr{}, fmt.Errorf("%q is no I2P name: %w", s, ErrSyntax)
		}
		return FromBytes(I2P, raw)
	}
	if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		s = s[1 : len(s)-1]
	}
	ip, err := netip.ParseAddr(s)
	if short, ok := shortIPv4(s); err != nil && ok {
		return FromIP(short), nil
	}
	if err != nil {
		return Addr{}, fmt.Errorf("%q is neither an IP address nor an onion or I2P name: %w", s, ErrSyntax)
	}
	return FromIP(ip), nil
}

// shortIPv4 reads an address with fewer than four numbers, of which the last fills the
// bytes that are left: 127.1 is 127.0.0.1. The resolver that Core asks does so, too;
// its octal and hexadecimal forms are refused.
func shortIPv4(s string) (netip.Addr, bool) {
	parts := strings.Split(s, ".")
	if len(parts) < 2 || len(parts) > 3 {
		return netip.Addr{}, false
	}
	var all uint32
	for i, part := range parts {
		bits := 8
		if i == len(parts)-1 {
			bits = 32 - 8*i
		}
		n, err := strconv.ParseUint(part, 10, bits)
		if err != nil || len(part) > 1 && part[0] == '0' {
			return netip.Addr{}, false
		}
		all |= uint32(n) << (32 - 8*i - bits)
	}
	return netip.AddrFrom4([4]byte{byte(all >> 24), byte(all >> 16), byte(all >> 8), byte(all)}), true
}

// AsCJDNS turns an IPv6 address in fc00::/8 into a CJDNS one and leaves others
// alone.
func (a Addr) AsCJDNS() Addr {
	if a.net == IPv6 && a.host[0] == 0xfc {
		a.net = CJDNS
	}
	return a
}

// String writes address and port, with brackets where IPv6 needs them.
func (p AddrPort) String() string {
	port := strconv.Itoa(int(p.Port))
	if p.Addr.net == IPv6 || p.Addr.net == CJDNS {
		return "[" + p.Addr.String() + "]:" + port
	}
	return p.Addr.String() + ":" + port
}

// ParseAddrPort reads an address with an optional port.
func ParseAddrPort(s string, defaultPort uint16) (AddrPort, error) {
	host, port := s, defaultPort
	if i := strings.LastIndexByte(s, ':'); i >= 0 && (strings.HasSuffix(s[:i], "]") || strings.Count(s, ":") == 1) {
		n, err := strconv.ParseUint(s[i+1:], 10, 16)
		if err != nil {
			return AddrPort{}, fmt.Errorf("port in %q: %w", s, ErrSyntax)
		}
		host, port = s[:i], uint16(n)
	}
	a, err := Parse(host)
	if err != nil {
		return AddrPort{}, err
	}
	return AddrPort{Addr: a, Port: port}, nil
}
