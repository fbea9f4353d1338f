package config

import "math"

// anyCount is no bound but the type's own.
const anyCount = math.MaxInt32

var mempoolOptions = []Option{
	{Name: "maxmempool", Arg: "<MB>", Group: GroupMempool, Default: "300", Help: "Memory for waiting transactions",
		apply: one(func(c *Config) *int64 { return &c.Mempool.MaxBytes }, parseMegabytes)},
	{Name: "mempoolexpiry", Arg: "<hours>", Group: GroupMempool, Default: "336", Help: "How long a transaction may wait",
		apply: span(func(c *Config) *seconds { return &c.Mempool.Expiry }, hour, 1, 1_000_000)},
	{Name: "persistmempool", Group: GroupMempool, Default: "1", Help: "Keep the pool over a restart",
		apply: boolean(func(c *Config) *bool { return &c.Mempool.Persist })},
	{Name: "blocksonly", Group: GroupMempool, Default: "0", Help: "Take no transactions from peers without the relay permission",
		apply: boolean(func(c *Config) *bool { return &c.Mempool.BlocksOnly })},
	{Name: "acceptstalefeeestimates", Group: GroupMempool, Default: "0", Debug: true, Help: "Read fee estimates that are older than 60 hours; regtest only",
		apply: boolean(func(c *Config) *bool { return &c.Mempool.AcceptStaleFees })},
	{Name: "minrelaytxfee", Arg: "<BTC/kvB>", Group: GroupMempool, Default: "0.00001", Help: "Least fee rate that is relayed",
		apply: amount(func(c *Config) *Sats { return &c.Mempool.MinRelayFee })},
	{Name: "incrementalrelayfee", Arg: "<BTC/kvB>", Group: GroupMempool, Default: "0.00001", Debug: true, Help: "Step of fee rate for replacements and a full pool",
		apply: amount(func(c *Config) *Sats { return &c.Mempool.IncrementalFee })},
	{Name: "dustrelayfee", Arg: "<BTC/kvB>", Group: GroupMempool, Default: "0.00003", Debug: true, Help: "Fee rate by which an output counts as dust",
		apply: amount(func(c *Config) *Sats { return &c.Mempool.DustFee })},
	{Name: "acceptnonstdtxn", Group: GroupMempool, Default: "0", Debug: true, Help: "Relay and mint non-standard transactions; test chains only",
		apply: boolean(func(c *Config) *bool { return &c.Mempool.AcceptNonStandard })},
	{Name: "datacarrier", Group: GroupMempool, Default: "1", Help: "Relay transactions with data outputs",
		apply: boolean(func(c *Config) *bool { return &c.Mempool.DataCarrier })},
	{Name: "datacarriersize", Arg: "<bytes>", Group: GroupMempool, Default: "83", Help: "Size of a data output at most, script included",
		apply: integer(func(c *Config) *int { return &c.Mempool.DataCarrierBytes }, 0, anyCount)},
	{Name: "permitbaremultisig", Group: GroupMempool, Default: "1", Help: "Relay multisig outputs that are not behind a hash",
		apply: boolean(func(c *Config) *bool { return &c.Mempool.PermitBareMultisig })},
	{Name: "bytespersigop", Arg: "<n>", Group: GroupMempool, Default: "20", Help: "Bytes a signature operation counts as",
		apply: integer(func(c *Config) *int { return &c.Mempool.BytesPerSigOp }, 1, anyCount)},
	// 0 forbids whatever has an unconfirmed parent, as in Core: the limits are not asked of others.
	{Name: "limitancestorcount", Arg: "<n>", Group: GroupMempool, Default: "25", Debug: true, Help: "Unconfirmed ancestors at most, itself included",
		apply: integer(func(c *Config) *int { return &c.Mempool.AncestorCount }, 0, anyCount)},
	{Name: "limitancestorsize", Arg: "<kvB>", Group: GroupMempool, Default: "101", Debug: true, Help: "Their size at most",
		apply: thousands(func(c *Config) *int64 { return &c.Mempool.AncestorBytes })},
	{Name: "limitdescendantcount", Arg: "<n>", Group: GroupMempool, Default: "25", Debug: true, Help: "Unconfirmed descendants at most, itself included",
		apply: integer(func(c *Config) *int { return &c.Mempool.DescendantCount }, 0, anyCount)},
	{Name: "limitdescendantsize", Arg: "<kvB>", Group: GroupMempool, Default: "101", Debug: true, Help: "Their size at most",
		apply: thousands(func(c *Config) *int64 { return &c.Mempool.DescendantBytes })},
	{Name: "maxorphantx", Arg: "<n>", Group: GroupMempool, Default: "100", Help: "Transactions with unknown parents kept at most",
		apply: integer(func(c *Config) *int { return &c.Mempool.MaxOrphans }, 0, anyCount)},
	{Name: "mempoolfullrbf", Group: GroupMempool, Default: "1", Help: "A higher fee replaces even without signalling",
		apply: boolean(func(c *Config) *bool { return &c.Mempool.FullRBF })},
	{Name: "checkmempool", Arg: "<n>", Group: GroupMempool, Debug: true, Bare: true, Use: Accepted, Help: "Check the pool's consistency once in <n> changes",
		Why: "the pool's sums are checked in tests"},
}

// parseMegabytes reads -maxmempool: millions of bytes, as Core counts it.
func parseMegabytes(s string) (int64, error) {
	n, err := parseMiB(s)
	return n / mib * 1_000_000, err
}
