package config

import (
	"fmt"
	"io/fs"
	"math"
)

var rpcOptions = []Option{
	{Name: "server", Group: GroupRPC, Default: "1", Help: "Answer JSON-RPC",
		apply: boolean(func(c *Config) *bool { return &c.RPC.Server })},
	{Name: "rest", Group: GroupRPC, Use: Refused, Help: "Answer unauthenticated REST requests too", Why: "JSON-RPC alone is answered"},
	{Name: "rpcport", Arg: "<port>", Group: GroupRPC, NetworkOnly: true, PerChain: func(c Chain) string { return portText(c.DefaultRPCPort()) },
		Help: "Port for JSON-RPC", apply: port("-rpcport", func(c *Config) *uint16 { return &c.RPC.Port })},
	{Name: "rpcbind", Arg: "<address>[:<port>]", Group: GroupRPC, Multi: true, NetworkOnly: true,
		Help:  "Address to answer at; needs -rpcallowip. Never expose it to untrusted networks (default: loopback)",
		apply: applyRPCBind},
	{Name: "rpcallowip", Arg: "<subnet>", Group: GroupRPC, Multi: true,
		Help: "Who may connect, besides this host: an address, address/bits or address/netmask", apply: applyAllowIP},
	{Name: "rpcuser", Arg: "<user>", Group: GroupRPC, Help: "User name, with -rpcpassword",
		apply: text(func(c *Config) *string { return &c.RPC.User })},
	{Name: "rpcpassword", Arg: "<password>", Group: GroupRPC, Secret: true, Help: "Password; the cookie goes on working beside it",
		apply: text(func(c *Config) *string { return &c.RPC.Password })},
	{Name: "rpcauth", Arg: "<user:salt$hmac>", Group: GroupRPC, Multi: true, Secret: true, Help: "User with a hashed password, as made by Core's rpcauth.py",
		apply: many(func(c *Config) *[]RPCAuth { return &c.RPC.Auth }, parseRPCAuth)},
	{Name: "rpccookiefile", Arg: "<file>", Group: GroupRPC, Default: ".cookie",
		Help:  "Authentication cookie, relative to the chain's folder; -norpccookiefile writes none",
		apply: text(func(c *Config) *string { return &c.RPC.CookieFile })},
	{Name: "rpccookieperms", Arg: "<readable-by>", Group: GroupRPC, Default: "owner", NoNegate: true, Help: "Who may read the cookie: owner, group or all",
		apply: one(func(c *Config) *fs.FileMode { return &c.RPC.CookiePerms }, parseCookiePerms)},
	{Name: "rpcwhitelist", Arg: "<user:method,method>", Group: GroupRPC, Multi: true, Help: "Methods a user may call; several lists of one user are intersected",
		apply: applyWhitelist},
	{Name: "rpcwhitelistdefault", Group: GroupRPC, Help: "Users without a list may call nothing (default: 1 when any -rpcwhitelist is given)",
		apply: boolean(func(c *Config) *bool { return &c.RPC.WhitelistDefault })},
	{Name: "deprecatedrpc", Arg: "<method>", Group: GroupRPC, Multi: true, Debug: true, Help: "Answer as older releases did; known is: warnings (one string instead of a list)",
		apply: texts(func(c *Config) *[]string { return &c.RPC.Deprecated })},
	{Name: "rpcthreads", Arg: "<n>", Group: GroupRPC, Default: "16", Help: "Requests answered at a time",
		apply: integer(func(c *Config) *int { return &c.RPC.Threads }, 1, 4096)},
	{Name: "rpcworkqueue", Arg: "<n>", Group: GroupRPC, Default: "64", Debug: true, Help: "Requests that may wait; more are answered 503",
		apply: integer(func(c *Config) *int { return &c.RPC.WorkQueue }, 1, 1_000_000)},
	{Name: "rpcservertimeout", Arg: "<seconds>", Group: GroupRPC, Default: "30", Debug: true,
		Help:  "How long reading one request may take; idle connections are kept",
		apply: span(func(c *Config) *seconds { return &c.RPC.Timeout }, second, 1, math.MaxInt32)},
}

func applyRPCBind(c *Config, values []Value) error {
	for _, v := range values {
		addr, err := parseListen(v.Text, c.RPC.Port)
		if err != nil {
			return valueError{v.Origin, fmt.Errorf("Invalid address %q for -rpcbind: %w", v.Text, err)}
		}
		c.RPC.Bind = append(c.RPC.Bind, addr)
	}
	return nil
}

func applyAllowIP(c *Config, values []Value) error {
	for _, v := range values {
		subnet, err := parseSubnet(v.Text)
		if err != nil {
			return valueError{v.Origin, fmt.Errorf("Invalid -rpcallowip subnet specification: %s. Valid are a single IP (e.g. 1.2.3.4), a network/netmask (e.g. 1.2.3.4/255.255.255.0), a network/CIDR (e.g. 1.2.3.4/24), all ipv4 (0.0.0.0/0), or all ipv6 (::/0).", v.Text)}
		}
		c.RPC.AllowIP = append(c.RPC.AllowIP, subnet)
	}
	return nil
}
