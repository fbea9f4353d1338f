package config

import (
	"io/fs"
	"net/netip"
	"strings"
	"time"

	"github.com/troupe-node/troupe/logs/category"
)

// Config is every setting, parsed. It is filled by Load and not changed afterwards.
type Config struct {
	Chain    Chain
	DataDir  string // absolute
	ChainDir string // DataDir and the chain's folder: everything the node keeps is below it
	ConfFile string // the file that was read; empty when there was none

	Process Process
	Rules   Rules
	Network Network
	RPC     RPC
	Store   Store
	Mempool Mempool
	Minter  Minter
	Logs    Logs
	Notify  Notify
}

// Process is about the process as the system sees it.
type Process struct {
	PIDFile     string // absolute; empty: none
	StopTimeout time.Duration
	MockTime    int64 // Unix seconds; 0: the real clock
	// StopAtHeight ends the node once its chain has this height; 0: never.
	StopAtHeight int32
}

// Notify is about telling other programs: commands for the shell.
type Notify struct {
	Startup  []string // when the node is ready
	Shutdown []string // when it begins to stop
	Block    string   // on a new tip; %s is its hash
	Alert    string   // on a warning; %s is its text
}

// Rules override the chain's parameters, mostly for tests.
type Rules struct {
	EnforceBIP94     bool
	FastPrune        bool
	SignetChallenge  []byte // nil: the public signet's
	Activations      []Activation
	VersionBits      []VersionBits
	AssumeValid      *Hash // nil: the chain's; all zero: verify every script
	MinimumChainWork *Work // nil: the chain's
	MaxTipAge        time.Duration
	TestBlockVersion int32
	HasBlockVersion  bool
}

// Network is about peers.
type Network struct {
	Connect        []Endpoint // the only peers to dial, when OnlyConnect
	OnlyConnect    bool       // -connect was given (also as 0): no automatic connections
	AddNode        []Endpoint
	SeedNode       []string // as written; the port may be missing
	Listen         bool
	Port           uint16
	Bind           []Bind // where to listen; never empty when Listen
	boundPort      uint16 // first port that -bind named
	BindGiven      bool   // -bind was written: failing to bind is then fatal
	WhiteBind      []WhiteBind
	Whitelist      []Whitelist
	WhiteRelay     bool
	WhiteForce     bool
	MaxConnections int
	PeerTimeout    time.Duration
	DialTimeout    time.Duration
	BanTime        time.Duration
	DNSSeed        bool
	ForceDNSSeed   bool
	DNS            bool // names may be looked up for -addnode, -connect, -seednode
	ExternalIP     []Endpoint
	OnlyNet        []string // ipv4, ipv6; empty: both
	UploadTarget   int64    // bytes to send in a day at most, but for new blocks; 0: no limit
	Comments       []string // -uacomment
	Active         bool     // -networkactive
	FixedBook      bool     // the address book's key is known (-test=addrman)
}

// UserAgent is the BIP14 agent of the version message: /name:version(comment; comment)/.
func (n *Network) UserAgent(name, version string) string {
	agent := "/" + name + ":" + version
	if len(n.Comments) > 0 {
		agent += "(" + strings.Join(n.Comments, "; ") + ")"
	}
	return agent + "/"
}

// RPC is about the JSON-RPC server.
type RPC struct {
	Server           bool
	Port             uint16
	Bind             []netip.AddrPort // never empty; loopback unless both rpcbind and rpcallowip say otherwise
	AllowIP          []netip.Prefix   // loopback is always among them
	User, Password   string           // Password empty: cookie only
	Auth             []RPCAuth
	CookieFile       string // absolute; empty: no cookie is written
	CookiePerms      fs.FileMode
	Whitelist        map[string]map[string]bool // user → methods
	WhitelistDefault bool                       // a user without a list may call nothing
	Deprecated       []string                   // old ways of answering that are wanted
	Threads          int
	WorkQueue        int
	Timeout          time.Duration // for reading one request; idle connections are never closed
}

// Allowed tells whether a user may call a method (-rpcwhitelist).
func (r *RPC) Allowed(user, method string) bool {
	if list, ok := r.Whitelist[user]; ok {
		return list[method]
	}
	return !r.WhitelistDefault
}

// Store is about disk, memory and the work of validation.
type Store struct {
	DBCache           int64 // bytes
	Memory            int64 // bytes the process should stay under; 0: no ceiling
	Par               int   // verification workers, always at least 1
	SigCache          int64 // bytes for remembered signatures and scripts
	TxIndex           bool
	Prune             bool     // blocks may be deleted
	PruneTarget       int64    // bytes to stay under; 0 with Prune: only when asked by RPC
	Reindex           bool     // make everything anew from the stored blocks
	ReindexChainstate bool     // make the coins anew
	LoadBlocks        []string // files to import from after the start
}

// Mempool is about the pool and what is relayed. Fee rates are satoshis per 1000 vbytes.
type Mempool struct {
	MaxBytes           int64
	Expiry             time.Duration
	MinRelayFee        Sats
	IncrementalFee     Sats
	DustFee            Sats
	AcceptNonStandard  bool
	DataCarrier        bool
	DataCarrierBytes   int
	PermitBareMultisig bool
	BytesPerSigOp      int
	AncestorCount      int
	AncestorBytes      int64
	DescendantCount    int
	DescendantBytes    int64
	MaxOrphans         int
	FullRBF            bool
	Persist            bool
	BlocksOnly         bool
	AcceptStaleFees    bool // read fee estimates however old
}

// Minter is about making blocks.
type Minter struct {
	Address     string        // empty: mint only when RPC asks
	Interval    time.Duration // 0: not by time
	Txs         int           // mint when that many transactions wait; 0: not by count
	BlockWeight int
	MinFee      Sats // per 1000 vbytes
}

// LogFormat is how log lines are written.
type LogFormat string

const (
	FormatAuto    LogFormat = "auto" // text
	FormatJSON    LogFormat = "json"
	FormatConsole LogFormat = "console"
)

// LogLevel is trace, debug, info, warn or error.
type LogLevel string

// Logs is about debug.log and the console.
type Logs struct {
	File         string // absolute; empty: no file
	Console      bool
	Format       LogFormat
	Level        LogLevel // of every category that is not named
	Categories   map[category.Category]LogLevel
	Timestamps   bool
	Micros       bool
	Sources      bool // file and line of the call
	IPs          bool
	MaxFileBytes int64 // rotation
	MaxFiles     int

	// as written, until resolveLevels
	debug, exclude []string
	global         LogLevel
	named          map[category.Category]LogLevel
}
