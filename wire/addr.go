package wire

import (
	"encoding/binary"
	"errors"

	"github.com/troupe-node/troupe/tx"
	"github.com/troupe-node/troupe/wire/netaddr"
)

const (
	// MaxAddrs is the most entries of Addr and AddrV2 (Core's MAX_ADDR_TO_SEND).
	MaxAddrs = 1000
	// maxAddrV2 is in bytes; no known network comes near (BIP155).
	maxAddrV2 = 512

	addrSize   = 30
	addrV2Size = 4 + 9 + 1 + 3 + maxAddrV2 + 2
)

// PeerAddr is a place where a node was seen.
type PeerAddr struct {
	Time     uint32 // last seen, seconds since 1970
	Services Services
	Addr     netaddr.AddrPort
}

// GetAddr asks for addresses, once after connecting; Addr or AddrV2 answers,
// and only to peers that called us. Empty.
type GetAddr struct{}

// Command is "getaddr".
func (*GetAddr) Command() string { return CmdGetAddr }

// AppendPayload appends nothing.
func (*GetAddr) AppendPayload(dst []byte) []byte { return dst }

// Addr tells addresses of nodes, as the answer to GetAddr, about its sender, or
// passing on what it heard. At most 1000 entries of 30 bytes. Only addresses
// with FitsV1 may be sent in it.
type Addr struct{ Addrs []PeerAddr }

// Command is "addr".
func (*Addr) Command() string { return CmdAddr }

// AppendPayload writes the list.
func (m *Addr) AppendPayload(dst []byte) []byte {
	dst = tx.AppendCompactSize(dst, uint64(len(m.Addrs)))
	for _, a := range m.Addrs {
		dst = binary.LittleEndian.AppendUint32(dst, a.Time)
		dst = appendEndpoint(dst, Endpoint{Services: a.Services, Addr: a.Addr})
	}
	return dst
}

func decodeAddr(c *cursor) Message {
	n := c.count(MaxAddrs, addrSize)
	m := &Addr{Addrs: make([]PeerAddr, n)}
	for i := range m.Addrs {
		m.Addrs[i].Time = c.u32()
		e := c.endpoint()
		m.Addrs[i].Services, m.Addrs[i].Addr = e.Services, e.Addr
	}
	return m
}

// AddrV2 (BIP155) is Addr for every kind of network, sent to peers that asked
// for it with SendAddrV2. At most 1000 entries. Entries of networks that this
// package does not know, and addresses wrapped in another network's, are left
// out: BIP155 wants them ignored.
type AddrV2 struct{ Addrs []PeerAddr }

// Command is "addrv2".
func (*AddrV2) Command() string { return CmdAddrV2 }

// AppendPayload writes the list.
func (m *AddrV2) AppendPayload(dst []byte) []byte {
	dst = tx.AppendCompactSize(dst, uint64(len(m.Addrs)))
	for _, a := range m.Addrs {
		dst = binary.LittleEndian.AppendUint32(dst, a.Time)
		dst = tx.AppendCompactSize(dst, uint64(a.Services))
		dst = append(dst, byte(a.Addr.Addr.Network()))
		dst = tx.AppendCompactSize(dst, uint64(a.Addr.Addr.Network().Size()))
		dst = a.Addr.Addr.Append(dst)
		dst = binary.BigEndian.AppendUint16(dst, a.Addr.Port)
	}
	return dst
}

// address reads the bytes of an AddrV2's address.
func (c *cursor) address() []byte {
	n := c.size()
	if c.err == nil && n > maxAddrV2 {
		c.fail(failf(Malformed, c.command, "Address too long: %d > %d", n, maxAddrV2))
	}
	return c.bytes(int(min(n, maxAddrV2)))
}

func decodeAddrV2(c *cursor) Message {
	n := c.count(MaxAddrs, 4+1+1+1+2)
	m := &AddrV2{Addrs: make([]PeerAddr, 0, n)}
	for range n {
		a := PeerAddr{Time: c.u32(), Services: Services(c.bits())}
		network := netaddr.Network(c.u8())
		host := c.address()
		a.Addr.Port = c.port()
		if c.err != nil {
			return nil
		}
		var err error
		a.Addr.Addr, err = netaddr.FromBytes(network, host)
		switch {
		case err == nil:
			m.Addrs = append(m.Addrs, a)
		case errors.Is(err, netaddr.ErrLength):
			c.fail(failf(Malformed, c.command, "%s: %v", c.command, err))
			return nil
		}
	}
	return m
}
