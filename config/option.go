package config

// Group is the heading an option stands under in the help and in docs/options.md.
type Group string

// The groups, in the order in which they are printed.
const (
	GroupProcess    Group = "Process and files"
	GroupChain      Group = "Chain selection and rules"
	GroupNetwork    Group = "Peers and network"
	GroupRPC        Group = "RPC server"
	GroupStore      Group = "Storage, memory and validation"
	GroupMempool    Group = "Mempool and relay policy"
	GroupMinter     Group = "Minting"
	GroupLogs       Group = "Logs"
	GroupNotify     Group = "Notifications"
	GroupCompatible Group = "Known from Bitcoin Core"
)

var groups = []Group{
	GroupProcess, GroupChain, GroupNetwork, GroupRPC, GroupStore,
	GroupMempool, GroupMinter, GroupLogs, GroupNotify, GroupCompatible,
}

// Use says what the node does with an option it knows.
type Use int

const (
	// Used: the node obeys it.
	Used Use = iota
	// Accepted: known from Bitcoin Core and harmless to ignore; Why says why. It
	// becomes a notice, never an error, because files are shared between programs.
	Accepted
	// Refused: known from Bitcoin Core, and ignoring it would mislead; Why says
	// what is missing. Switching it off (0 or the "no" form) is always accepted.
	Refused
)

// Option is one entry of the registry.
type Option struct {
	Name    string // as in bitcoin.conf, lower case, without a dash
	Arg     string // what stands after "=" in the help; empty for a switch
	Group   Group
	Help    string
	Default string // as a user would write it; empty when there is none

	// PerChain overrides Default where it depends on the chain.
	PerChain func(Chain) string

	Multi       bool // every value counts, instead of one winning
	Once        bool // a second value is a mistake, instead of losing against the first
	NetworkOnly bool // outside its [section] it applies to the main chain alone
	Secret      bool // never printed
	Debug       bool // for tests and rigs: listed by -help-debug and docs/options.md
	Bare        bool // may stand without a value although it takes one
	NoNegate    bool // the "no" form means nothing
	Whole       bool // in the environment a Multi option's value is one value, not split at spaces

	Use Use
	Why string // for Accepted and Refused

	// apply stores the resolved values. A single-valued option gets exactly one.
	apply func(c *Config, values []Value) error
}

// Switch tells whether the option is a plain on/off switch.
func (o *Option) Switch() bool { return o.Arg == "" }

// TakesValue tells whether the option means nothing without a value, which is what
// lets "--name value" be written with a space.
func (o *Option) TakesValue() bool { return o.Arg != "" && !o.Bare }

// DefaultFor is the default on a chain, as a user would write it.
func (o *Option) DefaultFor(chain Chain) string {
	if o.PerChain != nil {
		return o.PerChain(chain)
	}
	return o.Default
}

// Env is the name of the option's environment variable.
func (o *Option) Env() string { return envName(o.Name) }

// Value is one value of an option with the place it came from.
type Value struct {
	Text    string
	Negated bool // the "no" form: -nolisten, nolisten=1
	Origin  Origin
}
