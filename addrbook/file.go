package addrbook

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/troupe-node/troupe/wire/netaddr"
)

// The file: a signature, the format's version, the chain's magic, the key, the
// entries, and the SHA-256 of everything before. Numbers are little-endian,
// times are Unix seconds with 0 for never.
const (
	fileSignature = "troupe addresses"
	fileVersion   = 2 // 1 kept addresses in other places

	headSize = len(fileSignature) + 2 + 4 + 32 + 4
	sumSize  = sha256.Size
	// The least an entry takes: an IPv4 address and port, services, no source,
	// five numbers, two bytes and no places.
	leastEntry = (1 + 4 + 2) + 8 + 1 + 5*8 + 2
	maxEntries = (newBuckets + triedBuckets) * bucketSize
)

// Errors of the decoders. Each means that the file is of no use: its owner puts
// it aside and starts with an empty book, saying so.
var (
	ErrNotABook     = errors.New("not an address book")
	ErrVersion      = errors.New("written in another format")
	ErrOtherChain   = errors.New("belongs to another chain")
	ErrCorrupt      = errors.New("damaged")
	ErrBanList      = errors.New("not a ban list")
	errInconsistent = fmt.Errorf("%w: its entries contradict its tables", ErrCorrupt)
)

// Encode writes the book for its file. magic is the chain's.
func (b *Book) Encode(magic [4]byte) []byte {
	out := make([]byte, 0, headSize+len(b.order)*110+sumSize)
	out = append(out, fileSignature...)
	out = binary.LittleEndian.AppendUint16(out, fileVersion)
	out = append(out, magic[:]...)
	out = append(out, b.key[:]...)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(b.order)))
	places := b.places()
	for _, e := range b.order {
		out = e.append(out, places[e])
	}
	sum := sha256.Sum256(out)
	return append(out, sum[:]...)
}

// places lists the new buckets of every entry.
func (b *Book) places() map[*entry][]uint16 {
	places := make(map[*entry][]uint16, len(b.order))
	for i, e := range b.fresh.slots {
		if e != nil {
			places[e] = append(places[e], uint16(i/bucketSize))
		}
	}
	return places
}

func (e *entry) append(out []byte, places []uint16) []byte {
	out = appendAddr(out, e.addr.Addr)
	out = binary.LittleEndian.AppendUint16(out, e.addr.Port)
	out = binary.LittleEndian.AppendUint64(out, e.services)
	out = appendAddr(out, e.source)
	for _, t := range []time.Time{e.seen, e.lastTry, e.lastCounted, e.lastSuccess} {
		out = binary.LittleEndian.AppendUint64(out, uint64(seconds(t)))
	}
	out = binary.LittleEndian.AppendUint64(out, uint64(e.attempts))
	tried := byte(0)
	if e.tried {
		tried = 1
	}
	out = append(out, tried, byte(len(places)))
	for _, p := range places {
		out = binary.LittleEndian.AppendUint16(out, p)
	}
	return out
}

func appendAddr(out []byte, a netaddr.Addr) []byte {
	return a.Append(append(out, byte(a.Network())))
}

func seconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

func moment(s int64) time.Time {
	if s == 0 {
		return time.Time{}
	}
	return time.Unix(s, 0)
}

// Decode reads what Encode wrote. rand serves the book from then on.
func Decode(file []byte, magic [4]byte, rand *rand.Rand) (*Book, error) {
	if len(file) < len(fileSignature) || string(file[:len(fileSignature)]) != fileSignature {
		return nil, fmt.Errorf("address file of %d bytes is %w", len(file), ErrNotABook)
	}
	if len(file) < headSize+sumSize {
		return nil, fmt.Errorf("address file is %w: only %d bytes", ErrCorrupt, len(file))
	}
	if v := binary.LittleEndian.Uint16(file[len(fileSignature):]); v != fileVersion {
		return nil, fmt.Errorf("address file %w: version %d, this program reads %d", ErrVersion, v, fileVersion)
	}
	if !bytes.Equal(file[len(fileSignature)+2:][:4], magic[:]) {
		return nil, fmt.Errorf("address file %w", ErrOtherChain)
	}
	body, sum := file[:len(file)-sumSize], file[len(file)-sumSize:]
	if have := sha256.Sum256(body); !bytes.Equal(have[:], sum) {
		return nil, fmt.Errorf("address file is %w: its checksum is wrong", ErrCorrupt)
	}
	return decodeBody(body[len(fileSignature)+2+4:], rand)
}

// decodeBody reads key and entries. It trusts nothing, although a checksum
// stood over it.
func decodeBody(body []byte, rand *rand.Rand) (*Book, error) {
	r := reader{b: body}
	b := New(Key(r.bytes(32)), rand)
	n := binary.LittleEndian.Uint32(r.bytes(4))
	if n > maxEntries || int(n)*leastEntry > len(r.b) {
		return nil, fmt.Errorf("address file is %w: it claims %d entries in %d bytes", ErrCorrupt, n, len(r.b))
	}
	for range n {
		if err := b.readEntry(&r); err != nil {
			return nil, err
		}
	}
	if r.bad || len(r.b) > 0 {
		return nil, errInconsistent
	}
	for _, e := range b.order {
		b.lastGood = later(b.lastGood, e.lastSuccess)
	}
	return b, nil
}

func (b *Book) readEntry(r *reader) error {
	e := &entry{addr: netaddr.AddrPort{Addr: r.addr(), Port: r.u16()}, services: r.u64(), source: r.addr(), at: len(b.order)}
	for _, t := range []*time.Time{&e.seen, &e.lastTry, &e.lastCounted, &e.lastSuccess} {
		*t = moment(int64(r.u64()))
	}
	attempts, tried, refs := r.u64(), r.u8(), int(r.u8())
	if r.bad || attempts > 1<<30 || tried > 1 || refs > maxRefs || (tried == 1) == (refs > 0) || b.entries[e.addr] != nil || e.addr.Addr.IsZero() {
		return errInconsistent
	}
	e.attempts = int(attempts)
	b.entries[e.addr] = e
	b.order = append(b.order, e)
	if tried == 1 {
		bucket := b.key.triedBucket(e.addr)
		position := b.key.position(e.addr, true, bucket)
		if b.proven.get(bucket, position) != nil {
			return errInconsistent
		}
		b.setTried(bucket, position, e)
	}
	for range refs {
		bucket := int(r.u16())
		if r.bad || bucket >= newBuckets {
			return errInconsistent
		}
		position := b.key.position(e.addr, false, bucket)
		if b.fresh.get(bucket, position) != nil {
			return errInconsistent
		}
		b.setNew(bucket, position, e)
	}
	return nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// reader takes fields off the front; the first shortage sticks.
type reader struct {
	b   []byte
	bad bool
}

var nothing [32]byte

func (r *reader) bytes(n int) []byte {
	if r.bad || n > len(r.b) {
		r.bad, r.b = true, nil
		return nothing[:n]
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) u8() byte    { return r.bytes(1)[0] }
func (r *reader) u16() uint16 { return binary.LittleEndian.Uint16(r.bytes(2)) }
func (r *reader) u64() uint64 { return binary.LittleEndian.Uint64(r.bytes(8)) }

func (r *reader) addr() netaddr.Addr {
	network := netaddr.Network(r.u8())
	if network == netaddr.None {
		return netaddr.Addr{} // a source may be nobody: the command line, a seed
	}
	return r.addrOf(byte(network), network.Size())
}

// addrOf takes an address of a network, of the size that the file says it has.
func (r *reader) addrOf(network byte, size int) netaddr.Addr {
	if size > len(nothing) {
		r.bad = true
		return netaddr.Addr{}
	}
	a, err := netaddr.FromBytes(netaddr.Network(network), r.bytes(size))
	if err != nil {
		r.bad = true
	}
	return a
}
