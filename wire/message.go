package wire

import "github.com/troupe-node/troupe/tx"

// Message is one message of the protocol. A message is given away with its
// sending: nobody modifies it afterwards, and those that were decoded may
// alias the payload they came from.
type Message interface {
	// Command names the message in its frame.
	Command() string
	// AppendPayload appends the message without its frame. Lists beyond the
	// protocol's limits are written as they are: keeping to the limits is up
	// to the sender, who alone knows how to split.
	AppendPayload(dst []byte) []byte
}

// Unknown stands for a message that no codec reads: to be counted and ignored,
// as BIP-free extensions and Core's old "alert" and "reject" are.
type Unknown struct {
	Name string
	Size int
}

// Command is the name the peer gave it.
func (m *Unknown) Command() string { return m.Name }

// AppendPayload appends nothing: the payload was not kept.
func (m *Unknown) AppendPayload(dst []byte) []byte { return dst }

// Raw is a message whose payload somebody else already wrote, such as a block
// straight from the store.
type Raw struct {
	Name    string
	Payload []byte
}

// Command of the message.
func (m *Raw) Command() string { return m.Name }

// AppendPayload appends the bytes as they are.
func (m *Raw) AppendPayload(dst []byte) []byte { return append(dst, m.Payload...) }

// Decode reads the payload of a frame. The message may alias payload, which
// must not be modified afterwards. Bytes behind the last known field are
// ignored, as in Core: later versions of the protocol put theirs there.
// A command without codec gives an [Unknown].
func Decode(command string, payload []byte) (Message, error) {
	return DecodeIf(command, payload, nil)
}

// DecodeIf is Decode within the memory that admit allows, which is asked for blocks
// and transactions: all else takes memory in proportion to its bytes.
func DecodeIf(command string, payload []byte, admit tx.Admit) (Message, error) {
	codec, ok := codecs[command]
	if !ok || codec.decode == nil {
		return &Unknown{Name: command, Size: len(payload)}, nil
	}
	c := cursor{command: command, b: payload, admit: admit}
	m := codec.decode(&c)
	if c.err != nil {
		return nil, c.err
	}
	return m, nil
}
