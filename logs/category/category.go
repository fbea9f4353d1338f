// Package category names the kinds of log lines and which of them Bitcoin Core's
// -debug=<category> means. It is a table and nothing else, so that the settings
// can be checked without a logger. Start reading at All.
package category

import "slices"

// Category is a kind of log line with a level of its own.
type Category string

// The categories.
const (
	Node        Category = "node"
	Actor       Category = "actor"
	Supervision Category = "supervision"
	Kit         Category = "kit"
	Net         Category = "net"
	P2P         Category = "p2p"
	AddrMan     Category = "addrman"
	Chain       Category = "chain"
	Validation  Category = "validation"
	Script      Category = "script"
	Store       Category = "store"
	Index       Category = "index"
	Mempool     Category = "mempool"
	Fees        Category = "estimatefee"
	Mining      Category = "mining"
	RPC         Category = "rpc"
	HTTP        Category = "http"
	ZMQ         Category = "zmq"
	Import      Category = "import"
	Flood       Category = "flood"
	Bench       Category = "bench"
)

// Info describes a category.
type Info struct {
	Name Category
	Help string
}

// All lists the categories in the order in which they are documented.
var All = []Info{
	{Node, "start, readiness, stop, settings"},
	{Actor, "the life of every actor, its mailbox and its slow handlers"},
	{Supervision, "restarts, backoff and escalation"},
	{Kit, "credits, timers and the bridge to the actor runtime"},
	{Net, "connections: dialling, listening, handshakes, why a peer left"},
	{P2P, "single messages of the peer-to-peer protocol"},
	{AddrMan, "the address book, bans and scores"},
	{Chain, "tip, headers, reorganisations"},
	{Validation, "blocks and why they were refused"},
	{Script, "script verification"},
	{Store, "the database: flushes, syncs, compaction, recovery"},
	{Index, "optional indexes"},
	{Mempool, "transactions and why they were refused"},
	{Fees, "fee estimation"},
	{Mining, "templates and minted blocks"},
	{RPC, "calls and their results"},
	{HTTP, "the HTTP server below RPC"},
	{ZMQ, "notifications to subscribers"},
	{Import, "import of block files and progress of long work"},
	{Flood, "load tests"},
	{Bench, "how long steps took"},
}

// core maps Bitcoin Core 28's categories that are called otherwise here. Some have
// nothing that answers to them: they are known, and switch nothing.
var core = map[string][]Category{
	"net":              {Net, P2P},
	"validation":       {Validation, Chain},
	"mempoolrej":       {Mempool},
	"txpackages":       {Mempool},
	"cmpctblock":       {P2P},
	"blockstorage":     {Store},
	"coindb":           {Store},
	"prune":            {Store},
	"reindex":          {Store},
	"scan":             {RPC},
	"tor":              nil,
	"i2p":              nil,
	"ipc":              nil,
	"proxy":            nil,
	"walletdb":         nil,
	"selectcoins":      nil,
	"rand":             nil,
	"libevent":         nil,
	"leveldb":          nil,
	"qt":               nil,
	"lock":             nil,
	"txreconciliation": nil,
}

// Resolve finds the categories a name means: one of ours, one of Core's, or "all",
// "1" and "" for every one.
func Resolve(name string) ([]Category, bool) {
	if name == "" || name == "1" || name == "all" {
		list := make([]Category, len(All))
		for i, info := range All {
			list[i] = info.Name
		}
		return list, true
	}
	if list, ok := core[name]; ok {
		return list, true
	}
	for _, info := range All {
		if string(info.Name) == name {
			return []Category{info.Name}, true
		}
	}
	return nil, false
}

// Names lists every name that Resolve knows, sorted.
func Names() []string {
	set := map[string]bool{}
	for _, info := range All {
		set[string(info.Name)] = true
	}
	for name := range core {
		set[name] = true
	}
	names := make([]string, 0, len(set))
	for name := range set {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
