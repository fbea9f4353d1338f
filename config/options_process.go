package config

import "time"

// Short names keep the tables readable.
type seconds = time.Duration

const second = time.Second

var processOptions = []Option{
	{Name: "datadir", Arg: "<dir>", Group: GroupProcess, Default: "~/.troupe", NoNegate: true,
		Help: "Where everything is kept. The chains other than main have a folder each in it"},
	{Name: "conf", Arg: "<file>", Group: GroupProcess, Default: "bitcoin.conf",
		Help: "Configuration file, relative to the data directory; -noconf reads none"},
	{Name: "allowignoredconf", Group: GroupProcess, Default: "0",
		Help: "Start even though the data directory has a bitcoin.conf that is not read, because -conf or a datadir= in another file leads elsewhere"},
	{Name: "includeconf", Arg: "<file>", Group: GroupProcess, Multi: true,
		Help: "Another configuration file, relative to the data directory; only inside bitcoin.conf"},
	{Name: "pid", Arg: "<file>", Group: GroupProcess, Default: "troupe.pid",
		Help:  "File with the process id, relative to the chain's folder; -nopid writes none. Called as bitcoind: bitcoind.pid",
		apply: text(func(c *Config) *string { return &c.Process.PIDFile })},
	{Name: "stoptimeout", Arg: "<seconds>", Group: GroupProcess, Default: "60",
		Help:  "How long an ordered stop may take before the process ends anyway; nothing committed is lost",
		apply: span(func(c *Config) *seconds { return &c.Process.StopTimeout }, second, 1, 86400)},
	{Name: "daemon", Group: GroupProcess, Default: "0", Use: Refused, Help: "Run in the background",
		Why: "the node stays in the foreground: use a service manager (configs/troupe.service), or a shell's &"},
	{Name: "daemonwait", Group: GroupProcess, Default: "0", Use: Refused, Help: "Run in the background once ready",
		Why: "the node stays in the foreground: use a service manager, and wait for node.ready in the log"},
}
