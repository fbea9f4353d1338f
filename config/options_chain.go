package config

import (
	"fmt"
	"math"
)

var chainOptions = []Option{
	{Name: "chain", Arg: "<chain>", Group: GroupChain, Default: "main", NoNegate: true,
		Help: "The chain to use: main, test, testnet4, signet or regtest"},
	{Name: "testnet", Group: GroupChain, Default: "0", Help: "Use testnet3; the same as -chain=test"},
	{Name: "testnet4", Group: GroupChain, Default: "0", Help: "Use testnet4; the same as -chain=testnet4"},
	{Name: "signet", Group: GroupChain, Default: "0", Help: "Use signet; the same as -chain=signet"},
	{Name: "regtest", Group: GroupChain, Default: "0",
		Help: "Use a private chain whose blocks are minted at will; the same as -chain=regtest"},
	{Name: "signetchallenge", Arg: "<hex>", Group: GroupChain, NoNegate: true, Once: true,
		Help:  "Block script of a signet of one's own, instead of the public one",
		apply: one(func(c *Config) *[]byte { return &c.Rules.SignetChallenge }, parseChallenge)},
	{Name: "assumevalid", Arg: "<hash>", Group: GroupChain, Help: "Skip the scripts of this block and its ancestors; 0 verifies all (default: the chain's)",
		apply: one(func(c *Config) **Hash { return &c.Rules.AssumeValid }, parseAssumeValid)},
	{Name: "minimumchainwork", Arg: "<hex>", Group: GroupChain, Debug: true,
		Help:  "Least work a chain must have to be downloaded (default: the chain's)",
		apply: one(func(c *Config) **Work { return &c.Rules.MinimumChainWork }, parseMinimumWork)},
	{Name: "maxtipage", Arg: "<seconds>", Group: GroupChain, Default: "86400", Debug: true,
		Help:  "A tip older than this means the initial download is not over",
		apply: span(func(c *Config) *seconds { return &c.Rules.MaxTipAge }, second, 0, math.MaxInt64)},
	{Name: "testactivationheight", Arg: "<name@height>", Group: GroupChain, Multi: true, Debug: true,
		Help:  "Regtest only: height at which segwit, bip34, dersig, cltv or csv applies",
		apply: many(func(c *Config) *[]Activation { return &c.Rules.Activations }, parseActivation)},
	{Name: "vbparams", Arg: "<deployment:start:end[:min_height]>", Group: GroupChain, Multi: true, Debug: true,
		Help:  "Regtest only: window of a version bits deployment",
		apply: many(func(c *Config) *[]VersionBits { return &c.Rules.VersionBits }, parseVersionBits)},
	{Name: "checkblocks", Arg: "<n>", Group: GroupChain, Debug: true, Use: Accepted, Help: "How many blocks are checked at the start",
		Why: "the store proves its last commits whole at every start; troupe store verify checks the rest"},
	{Name: "checklevel", Arg: "<n>", Group: GroupChain, Debug: true, Use: Accepted, Help: "How thoroughly they are checked",
		Why: "the store proves its last commits whole at every start; troupe store verify checks the rest"},
	{Name: "checkblockindex", Arg: "<n>", Group: GroupChain, Debug: true, Bare: true, Use: Accepted, Help: "Check the header tree once in <n> changes",
		Why: "the header tree is checked in tests"},
	{Name: "checkpoints", Group: GroupChain, Debug: true, Use: Accepted, Help: "Refuse chains that fork off before known old blocks",
		Why: "there are no checkpoints: chains of too little work are not stored (-minimumchainwork)"},
	{Name: "mocktime", Arg: "<seconds>", Group: GroupChain, Default: "0", Debug: true,
		Help:  "Unix time the node believes in; 0 is the real clock",
		apply: integer(func(c *Config) *int64 { return &c.Process.MockTime }, 0, math.MaxInt64)},
	{Name: "test", Arg: "<option>", Group: GroupChain, Multi: true, Debug: true, Help: "bip94: keep the first block of a difficulty period from being early (regtest); addrman: keep addresses where everybody can foresee it",
		apply: applyTests},
	{Name: "fastprune", Group: GroupChain, Default: "0", Debug: true, Help: "Let blocks be deleted once the chain has 100 (regtest)",
		apply: boolean(func(c *Config) *bool { return &c.Rules.FastPrune })},
	{Name: "stopatheight", Arg: "<height>", Group: GroupChain, Debug: true, Default: "0", Help: "Stop once the chain has this height; 0: never",
		apply: integer(func(c *Config) *int32 { return &c.Process.StopAtHeight }, 0, math.MaxInt32)},
}

// applyTests reads the switches of -test.
func applyTests(c *Config, values []Value) error {
	for _, v := range values {
		switch v.Text {
		case "bip94":
			c.Rules.EnforceBIP94 = true
		case "addrman":
			c.Network.FixedBook = true
		default:
			return valueError{v.Origin, fmt.Errorf("Unrecognised option %q provided in -test=<option>.", v.Text)}
		}
	}
	return nil
}
