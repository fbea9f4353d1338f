package config

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"runtime"
)

// finish computes what depends on several settings: paths, listening addresses, workers.
func (l *loader) finish() {
	c := &l.out.Config
	c.DataDir = l.finalDataDir()
	c.ChainDir = filepath.Join(c.DataDir, c.Chain.Dir())
	for _, path := range []*string{&c.Process.PIDFile, &c.RPC.CookieFile, &c.Logs.File} {
		if *path != "" {
			*path = l.absolute(*path, c.ChainDir)
		}
	}
	if c.Network.Listen && len(c.Network.Bind) == 0 && len(c.Network.WhiteBind) == 0 {
		c.Network.Bind = defaultBinds(c)
	}
	if !c.Network.Listen {
		c.Network.Bind, c.Network.WhiteBind = nil, nil
	}
	l.finishRPC(&c.RPC)
	if c.Store.Par <= 0 {
		c.Store.Par = max(1, runtime.GOMAXPROCS(0)+c.Store.Par)
	}
	if len(c.Network.Connect) > 0 && len(c.Network.SeedNode) > 0 {
		l.note(Notice, l.out.Origin("seednode"), "-seednode is ignored when -connect is used", "no other nodes are looked for", "")
	}
	c.Logs.resolveLevels()
}

// finalDataDir is the data directory once the files are read: they may name another.
func (l *loader) finalDataDir() string {
	if v, ok := l.value("datadir"); ok && v != "" {
		return l.absolute(v, l.src.WorkDir)
	}
	return l.dataDir()
}

// finishRPC keeps the server on loopback unless it is told both where to answer and whom.
func (l *loader) finishRPC(r *RPC) {
	loopback := []netip.AddrPort{
		netip.AddrPortFrom(netip.IPv6Loopback(), r.Port),
		netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), r.Port),
	}
	switch {
	case len(r.AllowIP) == 0 && len(r.Bind) > 0 && !allLoopback(r.Bind):
		l.note(Warning, l.out.Origin("rpcbind"), "option -rpcbind was ignored because -rpcallowip was not specified",
			"it would refuse everybody else", "add -rpcallowip=<subnet>")
		r.Bind = loopback
	case len(r.AllowIP) > 0 && len(r.Bind) == 0:
		l.note(Warning, l.out.Origin("rpcallowip"), "option -rpcallowip was specified without -rpcbind",
			"the server answers on loopback only", "add -rpcbind=<address>")
		r.Bind = loopback
	case len(r.Bind) == 0:
		r.Bind = loopback
	}
	r.AllowIP = append([]netip.Prefix{
		netip.PrefixFrom(netip.AddrFrom4([4]byte{127}), 8),
		netip.PrefixFrom(netip.IPv6Loopback(), 128),
	}, r.AllowIP...)
}

func allLoopback(list []netip.AddrPort) bool {
	for _, a := range list {
		if !a.Addr().IsLoopback() {
			return false
		}
	}
	return true
}

// check refuses combinations that contradict each other.
func (l *loader) check() {
	c := &l.out.Config
	refuse := func(name, what, why, fix string) { l.fatal(l.out.Origin(name), what, why, fix) }
	if !c.Network.Listen && (l.isSet("bind") || l.isSet("whitebind")) && !l.bindNegated() {
		refuse("listen", "Cannot set -bind or -whitebind together with -listen=0", "", "remove one of them")
	}
	if c.Store.Prune && c.Store.TxIndex {
		refuse("prune", "Prune mode is incompatible with -txindex.", "the index points into blocks that would be deleted", "choose one of them")
	}
	if c.Store.Prune && c.Store.ReindexChainstate {
		refuse("reindex-chainstate", "Prune mode is incompatible with -reindex-chainstate. Use full -reindex instead.", "", "")
	}
	if c.Mempool.AcceptNonStandard && !c.Chain.Test() {
		refuse("acceptnonstdtxn", fmt.Sprintf("acceptnonstdtxn is not currently supported for %s chain", c.Chain), "", "remove it")
	}
	if c.Mempool.AcceptStaleFees && !c.Mempool.BlocksOnly && c.Chain != Regtest {
		refuse("acceptstalefeeestimates", fmt.Sprintf("acceptstalefeeestimates is not supported on %s chain.", c.Chain), "what was paid last week says little of today", "remove it")
	}
	if least := c.Mempool.DescendantBytes * 40; c.Mempool.MaxBytes < least {
		refuse("maxmempool", fmt.Sprintf("-maxmempool must be at least %d MB", (least+999_999)/1_000_000), "it must hold the largest family of transactions forty times", "raise it, or lower limitdescendantsize")
	}
	if c.Network.ForceDNSSeed && !c.Network.DNSSeed {
		refuse("forcednsseed", "Cannot set -forcednsseed to true when setting -dnsseed to false.", "", "remove one of them")
	}
	if c.RPC.Password != "" && c.RPC.User == "" {
		refuse("rpcpassword", "-rpcpassword needs -rpcuser", "", "add rpcuser=<user>")
	}
	if c.Chain != Regtest {
		for _, name := range []string{"testactivationheight", "vbparams", "blockversion", "test"} {
			if l.isSet(name) {
				refuse(name, fmt.Sprintf("-%s is for regtest only", name), "the rules of a public chain are the same for everybody", "remove it")
			}
		}
	}
	if c.Chain != Signet && c.Rules.SignetChallenge != nil {
		refuse("signetchallenge", "-signetchallenge is for signet only", "", "add signet=1, or remove it")
	}
}

func (l *loader) bindNegated() bool {
	for _, name := range []string{"bind", "whitebind"} {
		if values := l.out.resolved[name]; len(values) > 0 && !values[0].Negated {
			return false
		}
	}
	return true
}
