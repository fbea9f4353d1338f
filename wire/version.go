package wire

import (
	"encoding/binary"

	"github.com/troupe-node/troupe/tx"
	"github.com/troupe-node/troupe/wire/netaddr"
)

// MaxUserAgent is in bytes (Core's MAX_SUBVERSION_LENGTH).
const MaxUserAgent = 256

// Endpoint is an address inside a version message: without time, and in the
// old sixteen-byte form.
type Endpoint struct {
	Services Services
	Addr     netaddr.AddrPort
}

// Version opens a connection: the caller sends it first, the other side
// answers with its own and a Verack, and nothing else may come before. Fields
// after From are missing in messages of very old peers and then zero, Relay
// true. Limits: a user agent of 256 bytes.
type Version struct {
	Protocol    int32
	Services    Services
	Time        int64 // seconds since 1970; negative ones are read as 0, as in Core
	To, From    Endpoint
	Nonce       uint64 // to recognise a connection to ourselves
	UserAgent   string // BIP14; may hold anything, see CleanUserAgent
	StartHeight int32
	Relay       bool // BIP37: false asks for no transaction announcements
}

// Command is "version".
func (*Version) Command() string { return CmdVersion }

// AppendPayload writes every field.
func (m *Version) AppendPayload(dst []byte) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(m.Protocol))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(m.Services))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(m.Time))
	for _, e := range []Endpoint{m.To, m.From} {
		dst = appendEndpoint(dst, e)
	}
	dst = binary.LittleEndian.AppendUint64(dst, m.Nonce)
	dst = tx.AppendCompactSize(dst, uint64(len(m.UserAgent)))
	dst = append(dst, m.UserAgent...)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(m.StartHeight))
	if m.Relay {
		return append(dst, 1)
	}
	return append(dst, 0)
}

func decodeVersion(c *cursor) Message {
	m := &Version{Protocol: int32(c.u32()), Services: Services(c.u64()), Time: max(0, int64(c.u64())), To: c.endpoint(), Relay: true}
	if len(c.b) > 0 {
		m.From = c.endpoint()
		m.Nonce = c.u64()
	}
	if len(c.b) > 0 {
		m.UserAgent = string(c.varBytes(MaxUserAgent))
	}
	if len(c.b) > 0 {
		m.StartHeight = int32(c.u32())
	}
	if len(c.b) > 0 {
		m.Relay = c.u8() != 0
	}
	return m
}

// CleanUserAgent is the user agent with only those characters that Core lets
// through to logs and RPC (SAFE_CHARS_DEFAULT).
func (m *Version) CleanUserAgent() string {
	clean := make([]byte, 0, len(m.UserAgent))
	for i := range len(m.UserAgent) {
		b := m.UserAgent[i]
		switch {
		case b >= 'a' && b <= 'z', b >= 'A' && b <= 'Z', b >= '0' && b <= '9':
			clean = append(clean, b)
		default:
			switch b {
			case ' ', '.', ',', ';', '-', '_', '/', ':', '?', '@', '(', ')':
				clean = append(clean, b)
			}
		}
	}
	return string(clean)
}

func appendEndpoint(dst []byte, e Endpoint) []byte {
	dst = binary.LittleEndian.AppendUint64(dst, uint64(e.Services))
	host := e.Addr.Addr.As16()
	dst = append(dst, host[:]...)
	return binary.BigEndian.AppendUint16(dst, e.Addr.Port)
}

func (c *cursor) endpoint() (e Endpoint) {
	e.Services = Services(c.u64())
	if host := c.bytes(16); host != nil {
		e.Addr.Addr = netaddr.From16((*[16]byte)(host))
	}
	e.Addr.Port = c.port()
	return e
}
