package config

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

var networkOptions = []Option{
	{Name: "connect", Arg: "<host>", Group: GroupNetwork, Multi: true, NetworkOnly: true,
		Help:  "Connect only to these; 0 makes no automatic connections at all. Switches -dnsseed and -listen off unless they are given",
		apply: applyConnect},
	{Name: "addnode", Arg: "<host>", Group: GroupNetwork, Multi: true, NetworkOnly: true,
		Help: "Keep a connection to this peer", apply: endpoints(func(c *Config) *[]Endpoint { return &c.Network.AddNode })},
	{Name: "seednode", Arg: "<host>", Group: GroupNetwork, Multi: true,
		Help:  "Connect once to learn addresses, then leave: at once when none is known, and every 10 seconds another while there are fewer than two peers",
		apply: applySeedNodes},
	{Name: "listen", Group: GroupNetwork, Default: "1", Help: "Accept connections from peers",
		apply: boolean(func(c *Config) *bool { return &c.Network.Listen })},
	{Name: "port", Arg: "<port>", Group: GroupNetwork, NetworkOnly: true, PerChain: func(c Chain) string { return portText(c.DefaultPort()) },
		Help: "Port to listen on for peers", apply: port("-port", func(c *Config) *uint16 { return &c.Network.Port })},
	{Name: "bind", Arg: "<address>[:<port>][=onion]", Group: GroupNetwork, Multi: true, NetworkOnly: true,
		Help:  "Address to listen on; =onion marks the target of a Tor onion service (default: every address, and 127.0.0.1 for onion)",
		apply: applyBind},
	{Name: "whitebind", Arg: "<[permissions@]address:port>", Group: GroupNetwork, Multi: true,
		Help:  "Listen there and give who connects the permissions: bloomfilter, noban, forcerelay, relay, mempool, download, addr, all",
		apply: many(func(c *Config) *[]WhiteBind { return &c.Network.WhiteBind }, parseWhiteBind)},
	{Name: "whitelist", Arg: "<[permissions@]subnet>", Group: GroupNetwork, Multi: true,
		Help:  "Give the peers of a subnet the permissions of -whitebind; in and out among them choose the direction of connection",
		apply: many(func(c *Config) *[]Whitelist { return &c.Network.Whitelist }, parseWhitelist)},
	{Name: "whitelistrelay", Group: GroupNetwork, Default: "1", Help: "Peers whitelisted without permissions by name get relay",
		apply: boolean(func(c *Config) *bool { return &c.Network.WhiteRelay })},
	{Name: "whitelistforcerelay", Group: GroupNetwork, Default: "0", Help: "Peers whitelisted without permissions by name get forcerelay",
		apply: boolean(func(c *Config) *bool { return &c.Network.WhiteForce })},
	{Name: "maxconnections", Arg: "<n>", Group: GroupNetwork, Default: "125", Help: "Connections at most, both directions",
		apply: integer(func(c *Config) *int { return &c.Network.MaxConnections }, 0, 1_000_000)},
	{Name: "peertimeout", Arg: "<seconds>", Group: GroupNetwork, Default: "60", Debug: true,
		Help:  "A peer silent for this long after connecting is dropped",
		apply: span(func(c *Config) *seconds { return &c.Network.PeerTimeout }, second, 1, math.MaxInt32)},
	{Name: "timeout", Arg: "<milliseconds>", Group: GroupNetwork, Default: "5000", Help: "How long a connection may take to open",
		apply: span(func(c *Config) *seconds { return &c.Network.DialTimeout }, time.Millisecond, 1, math.MaxInt32)},
	{Name: "bantime", Arg: "<seconds>", Group: GroupNetwork, Default: "86400", Help: "How long a ban lasts when none is named",
		apply: span(func(c *Config) *seconds { return &c.Network.BanTime }, second, 1, math.MaxInt32)},
	{Name: "dns", Group: GroupNetwork, Default: "1", Help: "Look up names given to -addnode and -connect",
		apply: boolean(func(c *Config) *bool { return &c.Network.DNS })},
	{Name: "dnsseed", Group: GroupNetwork, Default: "1", Help: "Ask the DNS seeds for peers when few addresses are known",
		apply: boolean(func(c *Config) *bool { return &c.Network.DNSSeed })},
	{Name: "forcednsseed", Group: GroupNetwork, Default: "0", Help: "Ask the DNS seeds even when addresses are known",
		apply: boolean(func(c *Config) *bool { return &c.Network.ForceDNSSeed })},
	{Name: "fixedseeds", Group: GroupNetwork, Use: Accepted, Help: "Use the built-in addresses when nothing else gives any",
		Why: "no addresses are built in: they come from DNS seeds, peers and -addnode"},
	{Name: "discover", Group: GroupNetwork, Use: Accepted, Help: "Find out the own address",
		Why: "the own address is never looked for: name it with -externalip"},
	{Name: "externalip", Arg: "<address>", Group: GroupNetwork, Multi: true, Help: "Own address to announce",
		apply: applyExternalIP},
	{Name: "onlynet", Arg: "<network>", Group: GroupNetwork, Multi: true, Help: "Make automatic connections only to ipv4 or ipv6",
		apply: many(func(c *Config) *[]string { return &c.Network.OnlyNet }, parseNetwork)},
	{Name: "networkactive", Group: GroupNetwork, Default: "1", Help: "Have network activity at all; RPC setnetworkactive changes it",
		apply: boolean(func(c *Config) *bool { return &c.Network.Active })},
	{Name: "uacomment", Arg: "<comment>", Group: GroupNetwork, Multi: true, Whole: true, Help: "Comment in the user agent",
		apply: applyComments},
	{Name: "maxuploadtarget", Arg: "<size>", Group: GroupNetwork, Default: "0M",
		Help:  "Bytes to send in 24 hours at most: near it, blocks older than a week are refused, but not to peers with the download permission. A number is MiB, or with a unit: k, m, g, t of 1000, K, M, G, T of 1024; 0 is no limit",
		apply: one(func(c *Config) *int64 { return &c.Network.UploadTarget }, parseUploadTarget)},
	{Name: "maxreceivebuffer", Arg: "<n>", Group: GroupNetwork, Use: Accepted, Help: "Receive buffer of a connection, in 1000 bytes",
		Why: "what a connection may hold is bounded by credit, before it is read"},
	{Name: "maxsendbuffer", Arg: "<n>", Group: GroupNetwork, Use: Accepted, Help: "Send buffer of a connection, in 1000 bytes",
		Why: "what a connection may hold is bounded by credit, before it is read"},
	{Name: "v2transport", Group: GroupNetwork, Default: "0", Use: Refused, Help: "Encrypted transport (BIP324)",
		Why: "the encrypted transport is not supported: peers are spoken to by the v1 protocol"},
	{Name: "listenonion", Group: GroupNetwork, Default: "0", Use: Refused, Help: "Create a Tor onion service",
		Why: "Tor is not controlled: create the onion service in torrc and point it at -bind=127.0.0.1:<port>=onion"},
	{Name: "proxy", Arg: "<host:port>", Group: GroupNetwork, Use: Refused, Help: "Connect through a SOCKS5 proxy",
		Why: "proxies are not supported, and connecting without one would show what was meant to be hidden"},
	{Name: "onion", Arg: "<host:port>", Group: GroupNetwork, Use: Refused, Help: "SOCKS5 proxy for onion peers",
		Why: "onion peers are not dialled"},
	{Name: "i2psam", Arg: "<host:port>", Group: GroupNetwork, Use: Refused, Help: "I2P SAM proxy", Why: "I2P peers are not dialled"},
	{Name: "cjdnsreachable", Group: GroupNetwork, Default: "0", Use: Refused, Help: "This host is on CJDNS", Why: "CJDNS is not supported"},
	{Name: "txreconciliation", Group: GroupNetwork, Default: "0", Debug: true, Use: Refused, Help: "Transaction reconciliation (BIP330)",
		Why: "reconciliation is not supported"},
	{Name: "peerbloomfilters", Group: GroupNetwork, Default: "0", Use: Refused, Help: "Serve bloom filters (BIP37)",
		Why: "bloom filters are not served: light clients use block filters (BIP157)"},
	{Name: "upnp", Group: GroupNetwork, Default: "0", Use: Refused, Help: "Map the port with UPnP",
		Why: "ports are not mapped: forward the port in the router"},
	{Name: "natpmp", Group: GroupNetwork, Default: "0", Use: Refused, Help: "Map the port with NAT-PMP",
		Why: "ports are not mapped: forward the port in the router"},
}

// applySeedNodes keeps what was written: the log names it so.
func applySeedNodes(c *Config, values []Value) error {
	for _, v := range values {
		if _, err := parseEndpoint(v.Text, c.Network.Port); err != nil {
			return valueError{v.Origin, err}
		}
		c.Network.SeedNode = append(c.Network.SeedNode, v.Text)
	}
	return nil
}

func portText(p uint16) string { return strconv.Itoa(int(p)) }

func port(option string, field func(*Config) *uint16) func(*Config, []Value) error {
	return one(field, func(s string) (uint16, error) {
		n, err := strconv.ParseUint(s, 10, 16)
		if err != nil || n == 0 {
			return 0, fmt.Errorf("Invalid port specified in %s: '%s'", option, s)
		}
		return uint16(n), nil
	})
}

func thousands(field func(*Config) *int64) func(*Config, []Value) error {
	return one(field, func(s string) (int64, error) {
		n, err := strconv.ParseInt(s, 10, 32)
		if err != nil || n < 0 {
			return 0, fmt.Errorf("%q is not a whole number", s)
		}
		return n * 1000, nil
	})
}
