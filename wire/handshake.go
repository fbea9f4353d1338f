package wire

import "encoding/binary"

// Verack accepts the other side's Version. Both sides send it; afterwards all
// messages are allowed. Empty.
type Verack struct{}

// Command is "verack".
func (*Verack) Command() string { return CmdVerack }

// AppendPayload appends nothing.
func (*Verack) AppendPayload(dst []byte) []byte { return dst }

// WTxIDRelay (BIP339) says, between Version and Verack only, that transactions
// are announced by witness id from now on. It takes effect if both sides send
// it. Empty.
type WTxIDRelay struct{}

// Command is "wtxidrelay".
func (*WTxIDRelay) Command() string { return CmdWTxIDRelay }

// AppendPayload appends nothing.
func (*WTxIDRelay) AppendPayload(dst []byte) []byte { return dst }

// SendAddrV2 (BIP155) says, between Version and Verack only, that its sender
// wants AddrV2 instead of Addr. Empty.
type SendAddrV2 struct{}

// Command is "sendaddrv2".
func (*SendAddrV2) Command() string { return CmdSendAddrV2 }

// AppendPayload appends nothing.
func (*SendAddrV2) AppendPayload(dst []byte) []byte { return dst }

// SendHeaders (BIP130) asks for new blocks to be announced by Headers instead
// of Inv. Empty.
type SendHeaders struct{}

// Command is "sendheaders".
func (*SendHeaders) Command() string { return CmdSendHeaders }

// AppendPayload appends nothing.
func (*SendHeaders) AppendPayload(dst []byte) []byte { return dst }

// FeeFilter (BIP133) asks for no announcements of transactions that pay less.
// Eight bytes.
type FeeFilter struct {
	FeePerKVB int64 // satoshis per 1000 virtual bytes
}

// Command is "feefilter".
func (*FeeFilter) Command() string { return CmdFeeFilter }

// AppendPayload writes the rate.
func (m *FeeFilter) AppendPayload(dst []byte) []byte {
	return binary.LittleEndian.AppendUint64(dst, uint64(m.FeePerKVB))
}

func decodeFeeFilter(c *cursor) Message { return &FeeFilter{FeePerKVB: int64(c.u64())} }

// Mempool (BIP35) asks for an Inv of everything in the pool. Core answers only
// peers it offers bloom filters to or that have the permission. Empty.
type Mempool struct{}

// Command is "mempool".
func (*Mempool) Command() string { return CmdMempool }

// AppendPayload appends nothing.
func (*Mempool) AppendPayload(dst []byte) []byte { return dst }

// Ping asks for a Pong with the same nonce (BIP31). Both sides send it every
// two minutes. Eight bytes; peers before version 60001 send none and want no
// answer, and get a nonce of zero here.
type Ping struct{ Nonce uint64 }

// Command is "ping".
func (*Ping) Command() string { return CmdPing }

// AppendPayload writes the nonce.
func (m *Ping) AppendPayload(dst []byte) []byte {
	return binary.LittleEndian.AppendUint64(dst, m.Nonce)
}

func decodePing(c *cursor) Message {
	if len(c.b) == 0 {
		return &Ping{}
	}
	return &Ping{Nonce: c.u64()}
}

// Pong answers a Ping. Eight bytes.
type Pong struct{ Nonce uint64 }

// Command is "pong".
func (*Pong) Command() string { return CmdPong }

// AppendPayload writes the nonce.
func (m *Pong) AppendPayload(dst []byte) []byte {
	return binary.LittleEndian.AppendUint64(dst, m.Nonce)
}

func decodePong(c *cursor) Message { return &Pong{Nonce: c.u64()} }
