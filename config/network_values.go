package config

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// endpoints reads peers to dial; the default port is the chain's, not -port: that one
// is where this node listens.
func endpoints(field func(*Config) *[]Endpoint) func(*Config, []Value) error {
	return func(c *Config, values []Value) error {
		return many(field, func(s string) (Endpoint, error) {
			return parseEndpoint(s, c.Chain.DefaultPort())
		})(c, values)
	}
}

// applyConnect knows the one value that is no host: -connect=0, and -noconnect.
func applyConnect(c *Config, values []Value) error {
	c.Network.OnlyConnect = true
	if len(values) == 1 && (values[0].Text == "0" || values[0].Negated) {
		return nil
	}
	return endpoints(func(c *Config) *[]Endpoint { return &c.Network.Connect })(c, values)
}

func applyBind(c *Config, values []Value) error {
	var errs []error
	for _, v := range values {
		text, onion := strings.CutSuffix(v.Text, "=onion")
		port := c.Network.Port
		if onion {
			port = c.Network.onionPort()
		}
		if !onion && strings.Contains(text, "=") {
			errs = append(errs, valueError{v.Origin, fmt.Errorf("Cannot resolve -bind address: '%s'", v.Text)})
			continue
		}
		addr, err := parseListen(text, port)
		if err != nil {
			errs = append(errs, valueError{v.Origin, fmt.Errorf("Cannot resolve -bind address: '%s'", v.Text)})
			continue
		}
		c.Network.Bind = append(c.Network.Bind, Bind{Addr: addr, Onion: onion})
		if _, _, given, _ := splitPort(text); given && !onion && c.Network.boundPort == 0 {
			c.Network.boundPort = addr.Port()
		}
	}
	c.Network.BindGiven = true
	return errors.Join(errs...)
}

// onionPort is where the target of an onion service listens if nothing names a port: one
// above -port, so that several nodes of one machine need no -bind (Core 28.1).
func (n *Network) onionPort() uint16 { return n.Port + 1 }

// listenPort is the port that others can reach us at (Core's GetListenPort): that of
// the first -bind that names one, of the first -whitebind that is not for friends, or
// -port.
func (n *Network) listenPort() uint16 {
	if n.boundPort != 0 {
		return n.boundPort
	}
	for _, w := range n.WhiteBind {
		if w.Permissions&PermNoBan != PermNoBan {
			return w.Addr.Port()
		}
	}
	return n.Port
}

// applyExternalIP takes our own addresses: without a port they are where we listen.
func applyExternalIP(c *Config, values []Value) error {
	return many(func(c *Config) *[]Endpoint { return &c.Network.ExternalIP }, func(s string) (Endpoint, error) {
		return parseEndpoint(s, c.Network.listenPort())
	})(c, values)
}

// defaultBinds are Core's: every address for clearnet, loopback for an onion service.
func defaultBinds(c *Config) []Bind {
	onion := c.Network.onionPort()
	return []Bind{
		{Addr: netip.AddrPortFrom(netip.IPv6Unspecified(), c.Network.Port)},
		{Addr: netip.AddrPortFrom(netip.IPv4Unspecified(), c.Network.Port)},
		{Addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), onion), Onion: true},
	}
}

func parseNetwork(s string) (string, error) {
	switch n := strings.ToLower(s); n {
	case "ipv4", "ipv6":
		return n, nil
	case "onion", "i2p", "cjdns":
		return "", fmt.Errorf("network %q is not supported: ipv4 and ipv6 are", s)
	}
	return "", fmt.Errorf("Unknown network specified in -onlynet: '%s'", s)
}

// BIP14 leaves 256 bytes for the whole agent; the rest is kept for name and version.
const (
	maxAgentBytes  = 256
	agentNameBytes = 32
)

func applyComments(c *Config, values []Value) error {
	var errs []error
	length := 0
	for _, v := range values {
		if bad := strings.Trim(v.Text, agentSafe); bad != "" {
			errs = append(errs, valueError{v.Origin, fmt.Errorf("User Agent comment (%s) contains unsafe characters.", v.Text)})
			continue
		}
		length += len(v.Text) + 2
		c.Network.Comments = append(c.Network.Comments, v.Text)
	}
	if most := maxAgentBytes - agentNameBytes; length > most {
		errs = append(errs, fmt.Errorf("Total length of network version string (%d) exceeds maximum length (%d). Reduce the number or size of uacomments.", agentNameBytes+length, maxAgentBytes))
	}
	return errors.Join(errs...)
}

// agentSafe is Core's SAFE_CHARS_UA_COMMENT.
const agentSafe = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 .,;-_?@"
