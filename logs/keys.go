package logs

// The keys. A name never changes its meaning; a new meaning gets a new name.
var (
	// Actors and messages.
	Actor    = textKey("actor", "the actor's name, unique for ever: chain, conn-17")
	Kind     = textKey("kind", "its class: conn")
	Parent   = textKey("parent", "name of the actor that supervises it")
	Instance = numberKey("instance", "number of this life, over all actors since the start")
	MsgType  = textKey("msg_type", "type of the message, never its contents")
	Lane     = textKey("lane", "lane of the mailbox")
	Depth    = numberKey("depth", "messages waiting in the lane")
	Mark     = numberKey("mark", "high-water mark that was passed")
	QueueMS  = millisKey("queue_ms", "how long the message waited")
	RunMS    = millisKey("run_ms", "how long the handler ran")
	Attempt  = numberKey("attempt", "failures within the window so far")
	Restarts = numberKey("restarts", "restarts in all")
	Restart  = flagKey("restart", "a fresh one takes its place")
	DelayMS  = millisKey("delay_ms", "how long until the next attempt")
	Lost     = numberKey("lost", "messages lost")
	Fatal    = flagKey("fatal", "the process ends because of it")
	Stack    = stackKey("stack", "where it happened in the code")
	From     = textKey("from", "sender's kind of actor")
	To       = textKey("to", "receiver's kind of actor")
	Task     = textKey("task", "name of a goroutine an actor started")

	// Everywhere.
	Reason = textKey("reason", "why, in Bitcoin Core's words where it has any")
	Err    = errorKey("error", "what failed and why")
	Detail = textKey("detail", "more words, for people")
	Count  = numberKey("count", "how many, since the last line of the kind")
	Total  = numberKey("total", "how many in all")
	Bytes  = numberKey("bytes", "size")
	TookMS = millisKey("took_ms", "how long it took")
	Stage  = textKey("stage", "step of something long")
	Path   = textKey("path", "file or folder")
	Name   = textKey("name", "name of the thing the event is about")

	NewLevel = textKey("level", "level from now on")

	// The node.
	Chain   = textKey("chain", "main, test, testnet4, signet or regtest")
	DataDir = textKey("datadir", "folder of the chain")
	Version = textKey("version", "version of the program")
	PID     = numberKey("pid", "process id")
	Listen  = textKey("listen", "own address that is listened on")
	Code    = numberKey("code", "exit or error code")

	// Peers.
	Peer     = numberKey("peer", "id of the peer, as in getpeerinfo")
	Addr     = addressKey("addr", "the peer's address; only with -logips")
	Inbound  = flagKey("inbound", "the peer connected to us")
	Agent    = textKey("agent", "the peer's user agent")
	Protocol = numberKey("protocol", "protocol version spoken")
	Command  = textKey("command", "command of a peer-to-peer message")

	// Chain and transactions.
	Height     = numberKey("height", "height of the block")
	Hash       = hashKey("hash", "hash of the block")
	PrevHash   = hashKey("prev", "hash of the block before")
	TxID       = hashKey("txid", "transaction")
	WTxID      = hashKey("wtxid", "transaction with its witness")
	Txs        = numberKey("txs", "transactions")
	Fee        = numberKey("fee", "satoshis")
	Fees       = numberKey("fees", "satoshis, over all transactions")
	VSize      = numberKey("vsize", "virtual bytes")
	Weight     = numberKey("weight", "weight units")
	Blocks     = numberKey("blocks", "blocks")
	ForkHeight = numberKey("fork_height", "height of the last common block")
	Back       = numberKey("back", "blocks disconnected")
	Forward    = numberKey("forward", "blocks connected")
	Seq        = numberKey("seq", "sequence number of the commit")
	Warning    = textKey("warning", "what an operator should know")

	// Progress.
	Done = numberKey("done", "units finished")
	Of   = numberKey("of", "units in all, 0 when unknown")
	Unit = textKey("unit", "what is counted")
	Rate = ratioKey("rate", "units a second, lately")
	ETA  = numberKey("eta_s", "estimated seconds left, -1 when unknown")

	// RPC.
	Method = textKey("method", "name of the RPC method")
	User   = textKey("user", "RPC user")
	Client = addressKey("client", "address of the RPC client; only with -logips")
)
