package config

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

const mib = 1 << 20

var storeOptions = []Option{
	{Name: "dbcache", Arg: "<MiB>", Group: GroupStore, Default: "450", Help: "Memory for coins, at least 4",
		apply: one(func(c *Config) *int64 { return &c.Store.DBCache }, parseDBCache)},
	{Name: "memory", Arg: "<size>", Group: GroupStore, Default: "0",
		Help:  "Soft ceiling for the memory of the whole process, in MiB or with a unit: near it the collector works harder. What each part may hold is set by its own option; 0 is no ceiling",
		apply: size(func(c *Config) *int64 { return &c.Store.Memory })},
	{Name: "par", Arg: "<n>", Group: GroupStore, Default: "0",
		Help:  "Verification workers; 0 is one per core, -n leaves n cores free",
		apply: integer(func(c *Config) *int { return &c.Store.Par }, -1024, 1024)},
	{Name: "maxsigcachesize", Arg: "<MiB>", Group: GroupStore, Default: "32", Debug: true, Help: "Memory for signatures and scripts found good",
		apply: one(func(c *Config) *int64 { return &c.Store.SigCache }, parseMiB)},
	{Name: "prune", Arg: "<MiB>", Group: GroupStore, Default: "0",
		Help:  "Delete old blocks: 0 keeps all, 1 lets RPC pruneblockchain delete, 550 or more is the size to stay under",
		apply: applyPrune},
	{Name: "txindex", Group: GroupStore, Default: "0", Help: "Index every transaction, for getrawtransaction",
		apply: boolean(func(c *Config) *bool { return &c.Store.TxIndex })},
	{Name: "blockfilterindex", Arg: "<type>", Group: GroupStore, Bare: true, Use: Refused, Help: "Index compact block filters (BIP158)",
		Why: "block filters are not built"},
	{Name: "coinstatsindex", Group: GroupStore, Use: Refused, Help: "Index the statistics of the coin set by height",
		Why: "gettxoutsetinfo computes them for the tip when asked, and for no other height"},
	{Name: "peerblockfilters", Group: GroupStore, Use: Refused, Help: "Serve block filters to peers (BIP157)",
		Why: "block filters are not built"},
	{Name: "dbbatchsize", Arg: "<bytes>", Group: GroupStore, Debug: true, Use: Accepted, Help: "How much of the coins is written at once",
		Why: "commits are written in small parts whatever their size"},
	{Name: "dbcrashratio", Arg: "<n>", Group: GroupStore, Debug: true, Use: Refused, Help: "Crash once in <n> writes of the coins",
		Why: "no crash is acted: kill the process"},
	{Name: "blockreconstructionextratxn", Arg: "<n>", Group: GroupStore, Debug: true, Use: Accepted, Help: "Transactions kept beside the pool to rebuild compact blocks",
		Why: "compact blocks are not spoken"},
	{Name: "reindex", Group: GroupStore, Default: "0", Help: "Rebuild headers, coins and undo data from the stored blocks before starting; every time, so take it away afterwards",
		apply: boolean(func(c *Config) *bool { return &c.Store.Reindex })},
	{Name: "reindex-chainstate", Group: GroupStore, Default: "0", Help: "Rebuild coins and undo data from the stored blocks before starting; every time, so take it away afterwards",
		apply: boolean(func(c *Config) *bool { return &c.Store.ReindexChainstate })},
	{Name: "loadblock", Arg: "<file>", Group: GroupStore, Multi: true, Help: "Import blocks from this file after the start",
		apply: texts(func(c *Config) *[]string { return &c.Store.LoadBlocks })},
	{Name: "blocksxor", Group: GroupStore, Use: Accepted, Help: "Whether block files are obscured with a key",
		Why: "there are no block files: the store keeps blocks in its own form"},
	{Name: "blocksdir", Arg: "<dir>", Group: GroupStore, Use: Refused, Help: "Where block files are kept",
		Why: "blocks live in the store below -datadir; put that on the disk that has the room"},
}

func parseMiB(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64/mib {
		return 0, fmt.Errorf("%q is not a whole number of MiB", s)
	}
	return n * mib, nil
}

// parseDBCache keeps Core's floor of 4 MiB: less is raised, not refused.
func parseDBCache(s string) (int64, error) {
	n, err := parseMiB(s)
	return max(n, 4*mib), err
}

// minPruneMiB is Core's least target: 288 blocks with their undo data and a reserve.
const minPruneMiB = 550

func applyPrune(c *Config, values []Value) error {
	v := values[0]
	if v.Negated {
		return nil
	}
	n, err := strconv.ParseInt(v.Text, 10, 64)
	switch {
	case err != nil:
		return fmt.Errorf("%q is not a whole number of MiB", v.Text)
	case n < 0:
		return fmt.Errorf("Prune cannot be configured with a negative value.")
	case n > 1 && n < minPruneMiB:
		return fmt.Errorf("Prune configured below the minimum of %d MiB.  Please use a higher number.", minPruneMiB)
	case n > math.MaxInt64/mib:
		return fmt.Errorf("%d is too large", n)
	}
	c.Store.Prune = n > 0
	if n > 1 {
		c.Store.PruneTarget = n * mib
	}
	return nil
}

const hour = time.Hour
