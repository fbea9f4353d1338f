package addrbook

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/troupe-node/troupe/tx"
)

// Anchors are the nodes that we were connected to for blocks alone when we stopped. They
// are the first to be called at the next start: who fills the address book of a node and
// makes it start anew gets less for it. The file is Core's anchors.dat: the chain's
// magic, a list of addresses, and the double SHA-256 of both.

// MaxAnchors is how many are remembered (Core's MAX_BLOCK_RELAY_ONLY_ANCHORS).
const MaxAnchors = 2

// diskAddress marks an address of a file in the form of addrv2 (Core's DISK_VERSION_INIT
// with DISK_VERSION_ADDRV2); the lower bits say nothing.
const (
	diskAddress = 1<<29 | 220_000
	diskIgnored = 1<<19 - 1
)

// ErrAnchors means that a file holds no anchors that can be believed.
var ErrAnchors = errors.New("not an anchors file")

// EncodeAnchors writes at most MaxAnchors addresses.
func EncodeAnchors(list []Seen, magic [4]byte) []byte {
	list = list[:min(len(list), MaxAnchors)]
	out := append(magic[:len(magic):len(magic)], byte(len(list)))
	for _, a := range list {
		out = binary.LittleEndian.AppendUint32(out, diskAddress)
		out = binary.LittleEndian.AppendUint32(out, uint32(max(0, seconds(a.Time))))
		out = tx.AppendCompactSize(out, a.Services)
		out = append(out, byte(a.Addr.Addr.Network()), byte(a.Addr.Addr.Network().Size()))
		out = a.Addr.Addr.Append(out)
		out = binary.BigEndian.AppendUint16(out, a.Addr.Port)
	}
	sum := tx.DoubleSHA256(out)
	return append(out, sum[:]...)
}

// DecodeAnchors reads what EncodeAnchors wrote, or Core.
func DecodeAnchors(file []byte, magic [4]byte) ([]Seen, error) {
	if len(file) < len(magic)+1+sumSize || !bytes.HasPrefix(file, magic[:]) {
		return nil, fmt.Errorf("%w of this chain", ErrAnchors)
	}
	body, sum := file[:len(file)-sumSize], file[len(file)-sumSize:]
	if have := tx.DoubleSHA256(body); !bytes.Equal(have[:], sum) {
		return nil, fmt.Errorf("%w: its checksum is wrong", ErrAnchors)
	}
	r := reader{b: body[len(magic):]}
	var list []Seen
	for range r.compact() {
		version := binary.LittleEndian.Uint32(r.bytes(4))
		a := Seen{Time: time.Unix(int64(binary.LittleEndian.Uint32(r.bytes(4))), 0), Services: r.compact()}
		network, size := r.u8(), r.u8()
		r.bad = r.bad || version&^diskIgnored != diskAddress&^diskIgnored
		a.Addr.Addr = r.addrOf(network, int(size))
		a.Addr.Port = binary.BigEndian.Uint16(r.bytes(2))
		if r.bad {
			return nil, fmt.Errorf("%w: an address is damaged", ErrAnchors)
		}
		list = append(list, a)
	}
	if r.bad || len(r.b) > 0 {
		return nil, fmt.Errorf("%w: its length is wrong", ErrAnchors)
	}
	return list[:min(len(list), MaxAnchors)], nil
}

// compact takes a number of any size, as Core does here: services are no length.
func (r *reader) compact() uint64 {
	switch first := r.u8(); first {
	case 0xfd:
		return uint64(r.u16())
	case 0xfe:
		return uint64(binary.LittleEndian.Uint32(r.bytes(4)))
	case 0xff:
		return r.u64()
	default:
		return uint64(first)
	}
}
