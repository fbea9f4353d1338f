package logs

import "github.com/troupe-node/troupe/logs/category"

// The life of the process.
var (
	NodeStarting = newEvent("node.starting", category.Node, Info, "starting", Version, Chain, DataDir, PID)
	NodeReady    = newEvent("node.ready", category.Node, Info, "ready", Chain, Height, Hash, TookMS)
	NodeStage    = newEvent("node.stage", category.Node, Info, "step of starting or stopping", Stage, TookMS)
	NodeStopping = newEvent("node.stopping", category.Node, Info, "stopping", Reason)
	NodeLate     = newEvent("node.late", category.Node, Warn, "a step of stopping takes too long", Stage, Actor, TookMS)
	NodeStopped  = newEvent("node.stopped", category.Node, Info, "stopped", Code, TookMS, Lost)
	NodeFailed   = newEvent("node.failed", category.Node, Error, "cannot go on", Err, Code, Actor)
	ConfigNote   = newEvent("config.note", category.Node, Info, "about the configuration", Name)
	ConfigWarn   = newEvent("config.warning", category.Node, Warn, "about the configuration", Name)
	LevelChanged = newEvent("log.level", category.Node, Info, "level of a category changed", Name, Reason)
	NodeWarning  = newEvent("node.warning", category.Node, Warn, "an operator should know", Warning)
	NotifyFailed = newEvent("notify.failed", category.Node, Warn, "a notification command failed", Name, Err)
)

// The life of every actor.
var (
	ActorSpawned   = newEvent("actor.spawned", category.Actor, Debug, "actor spawned", Actor, Kind, Parent, Instance, Peer)
	ActorStarted   = newEvent("actor.started", category.Actor, Info, "actor started", Actor, Kind, Parent, Instance, Peer)
	ActorStopping  = newEvent("actor.stopping", category.Actor, Debug, "actor stopping", Actor, Kind, Parent, Instance, Peer, Reason, Restart)
	ActorStopped   = newEvent("actor.stopped", category.Actor, Info, "actor stopped", Actor, Kind, Parent, Instance, Peer, Reason, Restart, Lost, TookMS)
	ActorPanicked  = newEvent("actor.panicked", category.Actor, Error, "actor panicked", Actor, Kind, Parent, Instance, Peer, Reason, MsgType, Stack)
	ActorRestarted = newEvent("actor.restarted", category.Supervision, Warn, "actor restarted", Actor, Kind, Parent, Instance, Peer, Reason, Attempt, Restarts, DelayMS)
	ActorEscalated = newEvent("actor.escalated", category.Supervision, Error, "failure handed upward", Actor, Kind, Parent, Instance, Peer, Reason, Fatal)
)

// Mailboxes, messages, handlers.
var (
	MailboxHighWater  = newEvent("mailbox.highwater", category.Actor, Info, "mailbox lane deeper than ever since it was shallow", Actor, Kind, Parent, Instance, Peer, Lane, Mark, Depth, Bytes)
	MessageShed       = newEvent("message.shed", category.Actor, Info, "messages not taken because a lane was full", Actor, Kind, Parent, Instance, Peer, MsgType, Reason, Count, Total)
	MessageLost       = newEvent("message.lost", category.Actor, Warn, "messages lost at a stop", Actor, Kind, Parent, Instance, Peer, MsgType, Count)
	MessageDead       = newEvent("message.dead", category.Actor, Debug, "messages to an actor that has stopped", Actor, Kind, Parent, Instance, Peer, MsgType, Count)
	MessageUndeclared = newEvent("message.undeclared", category.Kit, Error, "a send that the message's declaration does not know", From, To, MsgType)
	ReplyLate         = newEvent("reply.late", category.Kit, Debug, "an answer came after its deadline", Actor, Kind, Parent, Instance, Peer, MsgType, TookMS)
	TaskLate          = newEvent("task.late", category.Kit, Warn, "a goroutine outlived its actor", Actor, Kind, Parent, Instance, Peer, Task, TookMS)
	ActorStuck        = newEvent("actor.stuck", category.Supervision, Error, "an actor does not come back from a message", Actor, Kind, MsgType, RunMS)
	CreditLeak        = newEvent("credit.leak", category.Kit, Error, "credit that nobody holds was not given back")
	HandlerSlow       = newEvent("handler.slow", category.Actor, Warn, "slow handler", Actor, Kind, Parent, Instance, Peer, MsgType, QueueMS, RunMS)
	RuntimeNote       = newEvent("runtime.note", category.Kit, Debug, "the actor runtime says")
	RuntimeWarning    = newEvent("runtime.warning", category.Kit, Warn, "the actor runtime warns")
)

// Peers.
var (
	ListenOpened     = newEvent("listen.opened", category.Net, Info, "listening for peers", Listen)
	ListenFailed     = newEvent("listen.failed", category.Net, Error, "cannot listen", Listen, Err)
	DialFailed       = newEvent("dial.failed", category.Net, Debug, "peer not reached", Addr, Err, DelayMS)
	PeerConnected    = newEvent("peer.connected", category.Net, Info, "peer connected", Peer, Addr, Inbound, Permitted, Actor)
	PeerReady        = newEvent("peer.ready", category.Net, Info, "handshake done", Peer, Addr, Inbound, Agent, Protocol, Height, Actor)
	PeerDisconnected = newEvent("peer.disconnected", category.Net, Info, "peer gone", Peer, Addr, Inbound, Reason, TookMS, Actor)
	PeerRefused      = newEvent("peer.refused", category.Net, Info, "connection refused", Addr, Inbound, Reason)
	PeerNote         = newEvent("peer.note", category.Net, Debug, "about a peer", Peer)
	PeerMisbehaving  = newEvent("peer.misbehaving", category.Net, Warn, "peer misbehaves", Peer, Addr, Reason, Score, Command)
	PeerBanned       = newEvent("peer.banned", category.AddrMan, Warn, "peer banned", Peer, Addr, Reason, Until)
	MessageReceived  = frequent(newEvent("p2p.received", category.P2P, Trace, "received", Peer, Command, Bytes))
	MessageSent      = frequent(newEvent("p2p.sent", category.P2P, Trace, "sent", Peer, Command, Bytes))
	MessageUnknown   = frequent(newEvent("p2p.unknown", category.P2P, Debug, "unknown command ignored", Peer, Command, Bytes))
	MessageMalformed = newEvent("p2p.malformed", category.P2P, Debug, "malformed message", Peer, Command, Bytes, Reason)
	NetNote          = newEvent("net.note", category.Net, Info, "about the network")
	AddressBookSaved = newEvent("addrman.saved", category.AddrMan, Debug, "address book saved", Count, TookMS)
)

// The chain.
var (
	TipConnected    = newEvent("tip.connected", category.Chain, Info, "new tip", Height, Hash, PrevHash, Txs, Fees, Weight, Coins, TookMS, Peer)
	TipDisconnected = newEvent("tip.disconnected", category.Chain, Info, "tip undone", Height, Hash, PrevHash, TookMS)
	Reorg           = newEvent("reorg", category.Chain, Warn, "reorganisation", ForkHeight, Back, Forward, Height, Hash, TookMS)
	HeadersAdded    = newEvent("headers.added", category.Chain, Debug, "headers added", Count, Height, Hash, Peer)
	HeaderRefused   = newEvent("header.refused", category.Validation, Info, "header refused", Hash, Height, Reason, Peer)
	BlockStored     = newEvent("block.stored", category.Chain, Debug, "block stored", Height, Hash, Bytes, Peer)
	BlockRefused    = newEvent("block.refused", category.Validation, Warn, "block refused", Height, Hash, Reason, TxID, Peer)
	SyncProgress    = newEvent("sync.progress", category.Import, Info, "catching up", Done, Of, Unit, Rate, ETA, Height)
	SyncDone        = newEvent("sync.done", category.Import, Info, "caught up", Height, Hash, TookMS)
	SyncStalled     = newEvent("sync.stalled", category.Import, Warn, "download does not move", Peer, Height, Reason)
	ImportProgress  = newEvent("import.progress", category.Import, Info, "importing", Done, Of, Unit, Rate, ETA, Height, Path)
	ImportDone      = newEvent("import.done", category.Import, Info, "imported", Blocks, Height, Hash, TookMS, Path)
)

// Transactions.
var (
	TxAccepted    = frequent(newEvent("tx.accepted", category.Mempool, Debug, "transaction accepted", TxID, WTxID, Fee, VSize, Peer))
	TxRefused     = newEvent("tx.refused", category.Mempool, Debug, "transaction refused", TxID, WTxID, Reason, Peer)
	TxOrphaned    = frequent(newEvent("tx.orphaned", category.Mempool, Debug, "transaction waits for its parents", TxID, WTxID, Peer))
	TxRemoved     = frequent(newEvent("tx.removed", category.Mempool, Debug, "transaction left the pool", TxID, WTxID, Reason))
	MempoolNote   = newEvent("mempool.note", category.Mempool, Warn, "about the pool")
	MempoolFull   = newEvent("mempool.full", category.Mempool, Info, "pool trimmed", Count, Bytes, Fee)
	MempoolLoaded = newEvent("mempool.loaded", category.Mempool, Info, "pool loaded", Count, Lost, TookMS)
	MempoolSaved  = newEvent("mempool.saved", category.Mempool, Info, "pool saved", Count, Bytes, TookMS)
)

// The store.
var (
	StoreOpened    = newEvent("store.opened", category.Store, Info, "store open", Path, Seq, Height, Hash, TookMS)
	StoreRecovered = newEvent("store.recovered", category.Store, Warn, "unfinished flush replayed", Seq, Count, TookMS)
	StoreFlush     = newEvent("store.flush", category.Store, Debug, "coins written", Seq, Coins, Blocks, Bytes, Height, TookMS)
	StoreSync      = newEvent("store.sync", category.Store, Debug, "everything committed is on disk", Seq, TookMS)
	StoreCompacted = newEvent("store.compacted", category.Store, Debug, "store compacted", Bytes, TookMS)
	StoreClosed    = newEvent("store.closed", category.Store, Info, "store closed", Seq, TookMS)
	StoreFailed    = newEvent("store.failed", category.Store, Error, "store failed", Err, Path)
	DiskLow        = newEvent("disk.low", category.Store, Warn, "little room on the disk", Path, Bytes)
	StoreWarn      = newEvent("store.warning", category.Store, Warn, "about the store")
	StoreNote      = newEvent("store.note", category.Store, Debug, "the database says")
)

// Indexes.
var (
	IndexProgress = newEvent("index.progress", category.Index, Info, "index catches up", Name, Done, Of, Unit)
	IndexSynced   = newEvent("index.synced", category.Index, Info, "index is at the tip", Name, Height, TookMS)
)

// Minting.
var (
	MinterBlock    = newEvent("minter.block", category.Mining, Info, "block minted", Height, Hash, Txs, Fees, Weight, Reason, TookMS)
	MinterRefused  = newEvent("minter.refused", category.Mining, Error, "own block refused", Height, Hash, Reason)
	MinterFailed   = newEvent("minter.failed", category.Mining, Error, "no block could be minted", Reason, Err)
	MinterTemplate = newEvent("minter.template", category.Mining, Debug, "template built", Height, Txs, Fees, Weight, TookMS)
)

// RPC.
var (
	RPCListening = newEvent("rpc.listening", category.RPC, Info, "answering RPC", Listen, Path)
	RPCCall      = newEvent("rpc.call", category.RPC, Debug, "call answered", Method, User, Client, Code, TookMS)
	RPCDenied    = newEvent("rpc.denied", category.RPC, Warn, "call denied", Method, User, Client, Reason)
	RPCPanicked  = newEvent("rpc.panicked", category.RPC, Error, "a call failed by a bug of ours", Method, Reason, Stack)
	RPCOverload  = newEvent("rpc.overload", category.HTTP, Warn, "calls turned away because too many wait", Count, Total)
)

// Load tests.
var (
	FloodStarted  = newEvent("flood.started", category.Flood, Info, "flood begins", Name, Total)
	FloodProgress = newEvent("flood.progress", category.Flood, Info, "flooding", Done, Of, Unit, Rate, ETA)
	FloodDone     = newEvent("flood.done", category.Flood, Info, "flood over", Done, Rate, TookMS)
)
