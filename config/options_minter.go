package config

import (
	"fmt"
	"math"
	"strconv"
)

var minterOptions = []Option{
	{Name: "minteraddress", Arg: "<address>", Group: GroupMinter, Help: "Where minted coins go; without it blocks are minted only when RPC asks",
		apply: text(func(c *Config) *string { return &c.Minter.Address })},
	{Name: "minterinterval", Arg: "<seconds>", Group: GroupMinter, Default: "0", Help: "Mint a block every <seconds>; 0 is not by time",
		apply: span(func(c *Config) *seconds { return &c.Minter.Interval }, second, 0, math.MaxInt32)},
	{Name: "mintertxs", Arg: "<n>", Group: GroupMinter, Default: "0", Help: "Mint a block as soon as <n> transactions wait; 0 is not by count",
		apply: integer(func(c *Config) *int { return &c.Minter.Txs }, 0, 1_000_000)},
	{Name: "blockmaxweight", Arg: "<n>", Group: GroupMinter, Default: "3996000", Help: "Weight of a minted block at most",
		apply: integer(func(c *Config) *int { return &c.Minter.BlockWeight }, 4_000, 4_000_000)},
	{Name: "blockmintxfee", Arg: "<BTC/kvB>", Group: GroupMinter, Default: "0.00001", Help: "Least fee rate taken into a minted block",
		apply: amount(func(c *Config) *Sats { return &c.Minter.MinFee })},
	{Name: "blockversion", Arg: "<n>", Group: GroupMinter, Debug: true, Help: "Regtest only: version of minted blocks", apply: applyBlockVersion},
}

func applyBlockVersion(c *Config, values []Value) error {
	n, err := strconv.ParseInt(values[0].Text, 10, 32)
	if err != nil {
		return fmt.Errorf("%q is not a block version", values[0].Text)
	}
	c.Rules.TestBlockVersion, c.Rules.HasBlockVersion = int32(n), true
	return nil
}
