package consensus

import (
	"fmt"
	"math"

	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/tx"
)

// Limits that are the same on every chain.
const (
	// SatsPerCoin is how many satoshis one bitcoin has.
	SatsPerCoin = 100_000_000
	// MaxMoney is above every valid amount in satoshis (Core's MAX_MONEY); it
	// is a sanity bound, not the supply.
	MaxMoney = 21_000_000 * SatsPerCoin
	// MaxBlockWeight is in weight units (BIP141).
	MaxBlockWeight = 4_000_000
	// MaxBlockSigOpsCost is in sigop cost units (BIP141).
	MaxBlockSigOpsCost = 80_000
	// CoinbaseMaturity is how many blocks deep a coinbase must be before its
	// outputs may be spent.
	CoinbaseMaturity = 100
	// MaxFutureBlockTime is how many seconds a header may be ahead of the
	// local clock.
	MaxFutureBlockTime = 2 * 60 * 60
	// MaxTimewarp is how many seconds the first block of a period may be
	// earlier than the block before it (BIP94).
	MaxTimewarp = 600
)

// Params are the parameters of one chain. They are Bitcoin Core 28's.
// Whoever holds one must not change it: options go into [ParamsFor].
type Params struct {
	Name    string // as -chain names it: main, test, testnet4, signet, regtest
	DataDir string // below the data directory; empty for main

	// The network.
	Magic     [4]byte
	P2PPort   uint16
	RPCPort   uint16
	OnionPort uint16   // where to listen for the local Tor by default
	DNSSeeds  []string // absolute names

	// Addresses and keys.
	PubKeyHashPrefix byte
	ScriptHashPrefix byte
	SecretKeyPrefix  byte
	ExtPublicKey     [4]byte
	ExtSecretKey     [4]byte
	Bech32HRP        string

	Genesis     *tx.Block
	GenesisHash tx.Hash

	// Proof of work.
	PowLimit                Uint256
	TargetTimespan          int64 // seconds in a period
	TargetSpacing           int64 // seconds between blocks
	AllowMinDifficulty      bool  // a block 20 minutes late may have the lowest difficulty
	NoRetargeting           bool
	EnforceBIP94            bool
	SubsidyHalvingPeriod    int32 // blocks
	MinimumChainWork        Work
	AssumeValid             tx.Hash // zero: verify every script
	Signet                  bool    // blocks carry a solution (BIP325)
	SignetChallenge         []byte
	TxStats                 TxStats
	PruneAfterHeight        int32
	Mockable                bool // the clock may be set and blocks made at will
	scriptFlagExceptions    map[tx.Hash]script.Flags
	bip30Repeats            map[int32]tx.Hash // their coins replace older ones
	bip30Unspendable        map[int32]tx.Hash // their coins were replaced
	bip34Hash               tx.Hash
	activation              [buriedCount]int32
	MinBIP9WarningHeight    int32
	RuleChangeThreshold     int32 // blocks of a window that must signal
	MinerConfirmationWindow int32 // blocks in a window
	Deployments             [DeploymentCount]Deployment
}

// TxStats say how many transactions a chain had at some time and how fast they
// came since, for estimating the progress of a download.
type TxStats struct {
	Time    int64 // seconds since 1970
	Count   int64
	PerSecs float64
}

// Buried names a deployment whose activation height is history.
type Buried int

// The buried deployments, by Core's names for them.
const (
	HeightInCoinbase Buried = iota // BIP34
	DERSig                         // BIP66
	CLTV                           // BIP65
	CSV                            // BIP68, BIP112, BIP113
	Segwit                         // BIP141, BIP143, BIP147
	buriedCount
)

var buriedNames = [buriedCount]string{"bip34", "bip66", "bip65", "csv", "segwit"}

// optionNames are what -testactivationheight calls them.
var buriedOptionNames = [buriedCount]string{"bip34", "dersig", "cltv", "csv", "segwit"}

// String is the name that getdeploymentinfo shows.
func (b Buried) String() string {
	if b >= 0 && b < buriedCount {
		return buriedNames[b]
	}
	return fmt.Sprintf("buried deployment %d", int(b))
}

// BuriedDeployments are all of them, in the order getdeploymentinfo lists them.
func BuriedDeployments() []Buried { return []Buried{HeightInCoinbase, DERSig, CLTV, CSV, Segwit} }

// ActivationHeight is the height of the first block that the deployment binds.
func (p *Params) ActivationHeight(b Buried) int32 { return p.activation[b] }

// ActiveAt tells whether the deployment binds the block at height.
func (p *Params) ActiveAt(b Buried, height int32) bool { return height >= p.activation[b] }

// RetargetInterval is the number of blocks between two changes of difficulty.
func (p *Params) RetargetInterval() int32 { return int32(p.TargetTimespan / p.TargetSpacing) }

// HasMinimumWork tells whether a chain has enough work for us to believe that
// it is the one everybody else follows (-minimumchainwork).
func (p *Params) HasMinimumWork(w Work) bool { return !w.Less(p.MinimumChainWork) }

// chains are the constructors by Core's names.
var chains = map[string]func() *Params{
	"main":     mainParams,
	"test":     testnet3Params,
	"testnet4": testnet4Params,
	"signet":   signetParams,
	"regtest":  regtestParams,
}

// ParamsFor returns fresh parameters of the chain with Core's name for it,
// changed by the options in order.
func ParamsFor(chain string, options ...Option) (*Params, error) {
	make, ok := chains[chain]
	if !ok {
		return nil, fmt.Errorf("unknown chain %q: it is one of main, test, testnet4, signet, regtest", chain)
	}
	p := make()
	for _, option := range options {
		if err := option(p); err != nil {
			return nil, err
		}
	}
	p.GenesisHash = p.Genesis.Hash()
	return p, nil
}

// Deployment is a soft fork that miners signal for (BIP9, with the activation
// height of BIP341's deployment).
type Deployment struct {
	Name                string
	Bit                 uint8
	StartTime           int64 // median time past; or AlwaysActive, NeverActive
	Timeout             int64 // median time past; or NoTimeout
	MinActivationHeight int32
}

// DeploymentID is a place in [Params.Deployments].
type DeploymentID int

// The deployments that Core 28 knows.
const (
	TestDummy DeploymentID = iota
	Taproot                // BIP340, BIP341, BIP342
	DeploymentCount
)

// Special times of a [Deployment].
const (
	AlwaysActive = -1
	NeverActive  = -2
	NoTimeout    = math.MaxInt64
)
