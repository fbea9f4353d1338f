package logs

import "github.com/troupe-node/troupe/logs/category"

// The life of the process.
var (
	NodeStarting = newEvent("node.starting", category.Node, Info, "starting", Version, Chain, DataDir, PID)
	NodeReady    = newEvent("node.ready", category.Node, Info, "ready", Chain, Height, TookMS)
	NodeStopping = newEvent("node.stopping", category.Node, Info, "stopping", Reason)
	NodeLate     = newEvent("node.late", category.Node, Warn, "a step of stopping takes too long", Stage, Actor, TookMS)
	NodeStopped  = newEvent("node.stopped", category.Node, Info, "stopped", Code, TookMS)
	NodeFailed   = newEvent("node.failed", category.Node, Error, "cannot go on", Err, Code)
	ConfigNote   = newEvent("config.note", category.Node, Info, "about the configuration")
	ConfigWarn   = newEvent("config.warning", category.Node, Warn, "about the configuration")
	LevelChanged = newEvent("log.level", category.Node, Info, "level of a category changed", Name, NewLevel, User)
	Incomplete   = newEvent("log.incomplete", category.Node, Info, "frequent lines were thinned out", Name, Count)
	NodeWarning  = newEvent("node.warning", category.Node, Warn, "an operator should know", Warning)
	NotifyFailed = newEvent("notify.failed", category.Node, Warn, "a notification command failed", Err)
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
	ListenFailed     = newEvent("listen.failed", category.Net, Warn, "cannot listen", Listen, Err)
	DialFailed       = newEvent("dial.failed", category.Net, Debug, "peer not reached", Addr, Err, DelayMS)
	PeerReady        = newEvent("peer.ready", category.Net, Info, "handshake done", Peer, Addr, Inbound, Agent, Protocol, Height, Actor)
	PeerDisconnected = newEvent("peer.disconnected", category.Net, Info, "peer gone", Peer, Addr, Inbound, Reason, TookMS, Actor)
	PeerRefused      = newEvent("peer.refused", category.Net, Info, "connection refused", Addr, Inbound, Reason)
	PeerNote         = newEvent("peer.note", category.Net, Debug, "about a peer", Peer)
	PeerBanned       = newEvent("peer.banned", category.AddrMan, Warn, "peer banned", Addr, Reason)
	MessageReceived  = frequent(newEvent("p2p.received", category.P2P, Debug, "received", Peer, Command, Bytes))
	MessageSent      = frequent(newEvent("p2p.sent", category.P2P, Debug, "sent", Peer, Command, Bytes))
	MessageUnknown   = frequent(newEvent("p2p.unknown", category.P2P, Debug, "unknown command ignored", Peer, Command, Bytes))
	DownloadNote     = newEvent("download.note", category.Net, Debug, "about the download of blocks")
	NetNote          = newEvent("net.note", category.Net, Info, "about the network")
)

// The chain.
var (
	TipConnected    = newEvent("tip.connected", category.Chain, Info, "new tip", Height, Hash, PrevHash, Txs)
	TipDisconnected = newEvent("tip.disconnected", category.Chain, Info, "tip undone", Height, Hash, PrevHash)
	Reorg           = newEvent("reorg", category.Chain, Warn, "reorganisation", ForkHeight, Back, Forward, Height, Hash)
	BlockRefused    = newEvent("block.refused", category.Validation, Warn, "block refused", Height, Hash, Reason)
	SyncProgress    = newEvent("sync.progress", category.Import, Info, "catching up", Done, Of, Unit, Rate, ETA, Height)
	SyncDone        = newEvent("sync.done", category.Import, Info, "caught up", Height, Hash)
	ImportProgress  = newEvent("import.progress", category.Import, Info, "importing", Done, Of, Unit, Rate, ETA, Height, Path)
	ImportDone      = newEvent("import.done", category.Import, Info, "imported", Blocks, Height, TookMS)
)

// Transactions.
var (
	TxAccepted  = frequent(newEvent("tx.accepted", category.Mempool, Debug, "transaction accepted", TxID, WTxID, Fee, VSize, Peer))
	TxRefused   = newEvent("tx.refused", category.Mempool, Debug, "transaction refused", TxID, WTxID, Reason, Peer)
	OrphanNote  = newEvent("orphan.note", category.Mempool, Debug, "about orphans")
	MempoolNote = newEvent("mempool.note", category.Mempool, Info, "about the pool")
	FeesNote    = newEvent("fees.note", category.Fees, Info, "about fee estimates")
	FeesLearned = newEvent("fees.learned", category.Fees, Debug, "fee estimates updated", Height, Txs, Of, Blocks)
)

// The store.
var (
	StoreOpened    = newEvent("store.opened", category.Store, Info, "store open", Path, Seq, Hash, TookMS)
	StoreSync      = newEvent("store.sync", category.Store, Debug, "everything committed is on disk", Seq, TookMS)
	StoreCompacted = newEvent("store.compacted", category.Store, Debug, "store compacted", Bytes, TookMS)
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
	MinterBlock  = newEvent("minter.block", category.Mining, Info, "block minted", Height, Hash, Txs, Fees, Weight, Reason)
	MinterFailed = newEvent("minter.failed", category.Mining, Error, "no block could be minted", Reason, Err)
)

// RPC.
var (
	RPCListening = newEvent("rpc.listening", category.RPC, Info, "answering RPC", Listen, Path)
	RPCCall      = newEvent("rpc.call", category.RPC, Debug, "call answered", Method, User, Code, TookMS)
	RPCDenied    = newEvent("rpc.denied", category.RPC, Warn, "call denied", User, Client, Reason)
	RPCPanicked  = newEvent("rpc.panicked", category.RPC, Error, "a call failed by a bug of ours", Method, Reason, Stack)
	RPCOverload  = newEvent("rpc.overload", category.HTTP, Warn, "calls turned away because too many wait", Count)
)
