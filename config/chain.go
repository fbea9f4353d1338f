package config

// Chain is a chain by Bitcoin Core's name.
type Chain string

const (
	Main     Chain = "main"
	Testnet3 Chain = "test"
	Testnet4 Chain = "testnet4"
	Signet   Chain = "signet"
	Regtest  Chain = "regtest"
)

// Chains lists every chain the node knows, main first.
var Chains = []Chain{Main, Testnet3, Testnet4, Signet, Regtest}

// chainFacts are the facts about a chain that settings depend on: Core's
// directory names and ports (chainparamsbase.cpp).
type chainFacts struct {
	dir     string
	port    uint16
	rpcPort uint16
}

var facts = map[Chain]chainFacts{
	Main:     {"", 8333, 8332},
	Testnet3: {"testnet3", 18333, 18332},
	Testnet4: {"testnet4", 48333, 48332},
	Signet:   {"signet", 38333, 38332},
	Regtest:  {"regtest", 18444, 18443},
}

// Dir is the folder of the chain below the data directory; empty for main.
func (c Chain) Dir() string { return facts[c].dir }

// DefaultPort is the chain's peer-to-peer port.
func (c Chain) DefaultPort() uint16 { return facts[c].port }

// DefaultRPCPort is the chain's RPC port.
func (c Chain) DefaultRPCPort() uint16 { return facts[c].rpcPort }

// Test tells whether coins on the chain are worthless by design.
func (c Chain) Test() bool { return c != Main }

func (c Chain) known() bool { _, ok := facts[c]; return ok }
