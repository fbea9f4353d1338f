package wire

import "github.com/troupe-node/troupe/tx"

// The commands this package reads and writes, and Reject, which is known only
// to be ignored.
const (
	CmdAddr         = "addr"
	CmdAddrV2       = "addrv2"
	CmdBlock        = "block"
	CmdBlockTxn     = "blocktxn"
	CmdCFCheckpt    = "cfcheckpt"
	CmdCFHeaders    = "cfheaders"
	CmdCFilter      = "cfilter"
	CmdCmpctBlock   = "cmpctblock"
	CmdFeeFilter    = "feefilter"
	CmdFilterAdd    = "filteradd"
	CmdFilterClear  = "filterclear"
	CmdFilterLoad   = "filterload"
	CmdGetAddr      = "getaddr"
	CmdGetBlocks    = "getblocks"
	CmdGetBlockTxn  = "getblocktxn"
	CmdGetCFCheckpt = "getcfcheckpt"
	CmdGetCFHeaders = "getcfheaders"
	CmdGetCFilters  = "getcfilters"
	CmdGetData      = "getdata"
	CmdGetHeaders   = "getheaders"
	CmdHeaders      = "headers"
	CmdInv          = "inv"
	CmdMempool      = "mempool"
	CmdMerkleBlock  = "merkleblock"
	CmdNotFound     = "notfound"
	CmdPing         = "ping"
	CmdPong         = "pong"
	CmdReject       = "reject"
	CmdSendAddrV2   = "sendaddrv2"
	CmdSendCmpct    = "sendcmpct"
	CmdSendHeaders  = "sendheaders"
	CmdTx           = "tx"
	CmdVerack       = "verack"
	CmdVersion      = "version"
	CmdWTxIDRelay   = "wtxidrelay"
)

// MaxPayload is the largest payload of any message, known or not
// (Core's MAX_PROTOCOL_MESSAGE_LENGTH).
const MaxPayload = 4_000_000

// growth is what a payload may exceed its own definition by: later versions of
// the protocol append fields, and readers skip what they do not know.
const growth = 256

// codec is how a command is read, and its limit.
type codec struct {
	limit  int // bytes of payload by the message's definition
	decode func(*cursor) Message
}

// codecs lists every known command. A new message starts with a line here.
var codecs map[string]codec

func init() {
	empty := func(m Message) codec {
		return codec{0, func(*cursor) Message { return m }}
	}
	inventory := 3 + MaxInv*invSize
	locator := 4 + 1 + (MaxLocator+1)*tx.HashSize
	codecs = map[string]codec{
		CmdAddr:         {3 + MaxAddrs*addrSize + growth, decodeAddr},
		CmdAddrV2:       {3 + MaxAddrs*addrV2Size, decodeAddrV2},
		CmdBlock:        {MaxPayload, decodeBlock},
		CmdBlockTxn:     {MaxPayload, decodeBlockTxn},
		CmdCFCheckpt:    {1 + tx.HashSize + 3 + MaxCFCheckpts*tx.HashSize, decodeCFCheckpt},
		CmdCFHeaders:    {1 + 2*tx.HashSize + 3 + MaxCFHeaders*tx.HashSize, decodeCFHeaders},
		CmdCFilter:      {MaxPayload, decodeCFilter},
		CmdCmpctBlock:   {MaxPayload, decodeCmpctBlock},
		CmdFeeFilter:    {8, decodeFeeFilter},
		CmdFilterAdd:    {3 + MaxFilterAdd, decodeFilterAdd},
		CmdFilterClear:  empty(&FilterClear{}),
		CmdFilterLoad:   {3 + MaxFilterLoad + 9, decodeFilterLoad},
		CmdGetAddr:      empty(&GetAddr{}),
		CmdGetBlocks:    {locator, decodeGetBlocks},
		CmdGetBlockTxn:  {tx.HashSize + 3 + maxBlockTxs*3, decodeGetBlockTxn},
		CmdGetCFCheckpt: {1 + tx.HashSize, decodeGetCFCheckpt},
		CmdGetCFHeaders: {5 + tx.HashSize, decodeGetCFHeaders},
		CmdGetCFilters:  {5 + tx.HashSize, decodeGetCFilters},
		CmdGetData:      {inventory, decodeGetData},
		CmdGetHeaders:   {locator, decodeGetHeaders},
		CmdHeaders:      {3 + MaxHeaders*headerSize, decodeHeaders},
		CmdInv:          {inventory, decodeInv},
		CmdMempool:      empty(&Mempool{}),
		CmdMerkleBlock:  {tx.HeaderSize + 4 + 5 + maxMerkleHashes*tx.HashSize + 3 + maxMerkleHashes/4, decodeMerkleBlock},
		CmdNotFound:     {inventory, decodeNotFound},
		CmdPing:         {8, decodePing},
		CmdPong:         {8, decodePong},
		CmdReject:       {256, nil},
		CmdSendAddrV2:   empty(&SendAddrV2{}),
		CmdSendCmpct:    {9, decodeSendCmpct},
		CmdSendHeaders:  empty(&SendHeaders{}),
		CmdTx:           {MaxPayload, decodeTx},
		CmdVerack:       empty(&Verack{}),
		CmdVersion:      {80 + 3 + MaxUserAgent + 5, decodeVersion},
		CmdWTxIDRelay:   empty(&WTxIDRelay{}),
	}
}

// Limit is the largest payload that a frame of this command may announce, and
// whether the command is known. Unknown commands are allowed the protocol's
// maximum: they cost nothing, since a reader need not keep what it skips.
func Limit(command string) (limit int, known bool) {
	c, known := codecs[command]
	if !known {
		return MaxPayload, false
	}
	return min(c.limit+growth, MaxPayload), true
}

// Commands are all known commands, in no particular order.
func Commands() []string {
	all := make([]string, 0, len(codecs))
	for c := range codecs {
		all = append(all, c)
	}
	return all
}

// commandOf reads the padded command of a header. Core's rule: printable ASCII
// up to the first zero, zeros from there.
func commandOf(b []byte) (command string, ok bool) {
	n := 0
	for n < len(b) && b[n] != 0 {
		if b[n] < ' ' || b[n] > 0x7e {
			return "", false
		}
		n++
	}
	for _, c := range b[n:] {
		if c != 0 {
			return "", false
		}
	}
	if known, ok := interned[string(b[:n])]; ok {
		return known, true // no allocation for the commands that come by the million
	}
	return string(b[:n]), true
}

var interned = map[string]string{}

func init() {
	for c := range codecs {
		interned[c] = c
	}
}
