package config

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Endpoint is a peer to dial: a name or an address, with a port.
type Endpoint struct {
	Host string // without brackets
	Port uint16
}

func (e Endpoint) String() string {
	if strings.Contains(e.Host, ":") {
		return "[" + e.Host + "]:" + strconv.Itoa(int(e.Port))
	}
	return e.Host + ":" + strconv.Itoa(int(e.Port))
}

// Bind is an address to listen on for peers.
type Bind struct {
	Addr netip.AddrPort
	// Onion marks the target of a Tor onion service: its connections are counted as
	// onion peers and the address is never announced.
	Onion bool
}

// splitPort separates an optional port: host, host:port, [v6]:port, v6.
func splitPort(s string) (host string, port uint16, hasPort bool, err error) {
	if s == "" {
		return "", 0, false, errors.New("it is empty")
	}
	host = s
	colon := strings.LastIndexByte(s, ':')
	bracketed := strings.HasPrefix(s, "[")
	if colon >= 0 && (bracketed && colon > 0 && s[colon-1] == ']' || !bracketed && strings.Count(s, ":") == 1) {
		n, err := strconv.ParseUint(s[colon+1:], 10, 16)
		if err != nil || n == 0 {
			return "", 0, false, fmt.Errorf("%q is not a port", s[colon+1:])
		}
		host, port, hasPort = s[:colon], uint16(n), true
	}
	if bracketed {
		if !strings.HasSuffix(host, "]") {
			return "", 0, false, errors.New("the bracket is not closed")
		}
		host = host[1 : len(host)-1]
		if _, err := netip.ParseAddr(host); err != nil {
			return "", 0, false, errors.New("what is in brackets is not an IPv6 address")
		}
	}
	if host == "" {
		return "", 0, false, errors.New("the host is missing")
	}
	return host, port, hasPort, nil
}

// parseEndpoint reads a peer to dial; the port defaults to the chain's.
func parseEndpoint(s string, defaultPort uint16) (Endpoint, error) {
	host, port, has, err := splitPort(s)
	if err != nil {
		return Endpoint{}, err
	}
	if !has {
		port = defaultPort
	}
	if strings.ContainsAny(host, " \t@/") {
		return Endpoint{}, fmt.Errorf("%q is not a host name or address", host)
	}
	return Endpoint{Host: host, Port: port}, nil
}

// parseListen reads a numeric address to listen on. The name localhost stands for 127.0.0.1.
func parseListen(s string, defaultPort uint16) (netip.AddrPort, error) {
	host, port, has, err := splitPort(s)
	if err != nil {
		return netip.AddrPort{}, err
	}
	if !has {
		port = defaultPort
	}
	if host == "localhost" {
		host = "127.0.0.1"
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("cannot resolve %q: an address in numbers is needed, such as 127.0.0.1 or [::1]", host)
	}
	return netip.AddrPortFrom(addr, port), nil
}

// parseSubnet reads an address, address/bits or address/netmask.
func parseSubnet(s string) (netip.Prefix, error) {
	host, mask, has := strings.Cut(s, "/")
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%q is not an address", host)
	}
	addr = addr.Unmap().WithZone("")
	if !has {
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	bits, err := strconv.Atoi(mask)
	if err != nil {
		if bits, err = maskBits(mask, addr); err != nil {
			return netip.Prefix{}, err
		}
	}
	p, err := addr.Prefix(bits)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("/%s does not fit the address", mask)
	}
	return p, nil
}

// maskBits turns 255.255.255.0 into 24; a mask with holes is refused, as in Core.
func maskBits(mask string, addr netip.Addr) (int, error) {
	m, err := netip.ParseAddr(mask)
	if err != nil || m.BitLen() != addr.BitLen() {
		return 0, fmt.Errorf("%q is not a netmask", mask)
	}
	bits, ended := 0, false
	for _, b := range m.AsSlice() {
		for i := 7; i >= 0; i-- {
			set := b>>i&1 == 1
			if set && ended {
				return 0, fmt.Errorf("%q is not a netmask: its ones are not together", mask)
			}
			if set {
				bits++
			}
			ended = ended || !set
		}
	}
	return bits, nil
}
