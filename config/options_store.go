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
		Help:  "Ceiling for everything that is kept in memory (caches, pool, mailboxes, staged blocks), in MiB or with a unit; 0 adds up the single settings",
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
	{Name: "blockfilterindex", Arg: "<type>", Group: GroupStore, Default: "0", Bare: true, Help: "Index compact block filters (BIP158): basic, or 1",
		apply: one(func(c *Config) *bool { return &c.Store.BlockFilterIndex }, parseFilterType)},
	{Name: "coinstatsindex", Group: GroupStore, Default: "0", Help: "Index the statistics of the coin set by height",
		apply: boolean(func(c *Config) *bool { return &c.Store.CoinStatsIndex })},
	{Name: "peerblockfilters", Group: GroupStore, Default: "0", Help: "Serve block filters to peers (BIP157); needs -blockfilterindex",
		apply: boolean(func(c *Config) *bool { return &c.Store.PeerBlockFilters })},
	{Name: "blockreconstructionextratxn", Arg: "<n>", Group: GroupStore, Default: "100", Debug: true, Help: "Transactions kept beside the pool to rebuild compact blocks",
		apply: integer(func(c *Config) *int { return &c.Store.ReconstructionExtra }, 0, 100_000)},
	{Name: "reindex", Group: GroupStore, Default: "0", Help: "Rebuild headers, coins and undo data from the stored blocks before starting; every time, so take it away afterwards",
		apply: boolean(func(c *Config) *bool { return &c.Store.Reindex })},
	{Name: "reindex-chainstate", Group: GroupStore, Default: "0", Help: "Rebuild coins and undo data from the stored blocks before starting; every time, so take it away afterwards",
		apply: boolean(func(c *Config) *bool { return &c.Store.ReindexChainstate })},
	{Name: "loadblock", Arg: "<file>", Group: GroupStore, Multi: true, Use: Refused, Help: "Import blocks from a file",
		Why: "use the command: troupe import <file>"},
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

func parseFilterType(s string) (bool, error) {
	switch s {
	case "", "1", "basic":
		return true, nil
	case "0":
		return false, nil
	}
	return false, fmt.Errorf("Unknown -blockfilterindex value %s.", s)
}

// parseRatio reads the checks that run once in n changes; bare is every time.
func parseRatio(s string) (int, error) {
	if s == "" {
		return 1, nil
	}
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%q is not a whole number", s)
	}
	return int(n), nil
}

const hour = time.Hour
