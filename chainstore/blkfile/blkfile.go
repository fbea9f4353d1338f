// Package blkfile reads block files as Bitcoin Core writes them (blk00000.dat)
// and as they are handed around (bootstrap.dat): the network's magic, a length of four
// bytes, the block, over and over, in any order of heights.
//
// It owns the format and nothing more: it never parses a block, never opens a file, and
// holds one block at a time. What is no block is passed over as Core does: the zeros
// that Core allocates ahead, torn records, foreign bytes.
//
// Start reading at [Reader].
package blkfile

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// MinBlock is a header and the count of transactions.
const MinBlock = 81

// MaxBlock is the most bytes that a block can have (Core's MAX_BLOCK_SERIALIZED_SIZE).
const MaxBlock = 4_000_000

// recordHeader is the magic and the length.
const recordHeader = 8

// chunk is how much memory is taken at a time for a block whose length is only claimed.
const chunk = 1 << 20

// ErrTorn says that the input ended in the middle of a block: it was cut, or a record
// claims more than there is.
var ErrTorn = errors.New("the file ends in the middle of a block")

// Reader reads blocks one after the other.
type Reader struct {
	in      *bufio.Reader
	magic   [4]byte
	at      int64 // bytes read
	start   int64 // of the last block
	skipped int64
}

// NewReader reads from r, which need not be buffered.
func NewReader(r io.Reader, magic [4]byte) *Reader {
	return &Reader{in: bufio.NewReaderSize(r, 1<<18), magic: magic}
}

// Offset is how many bytes have been read.
func (r *Reader) Offset() int64 { return r.at }

// BlockOffset is where the last block's bytes began.
func (r *Reader) BlockOffset() int64 { return r.start }

// Skipped is how many bytes belonged to no block, zeros not counted.
func (r *Reader) Skipped() int64 { return r.skipped }

// Next reads the next block into memory of its own. It returns io.EOF at the end and
// ErrTorn when the last block is cut; both are final.
func (r *Reader) Next() ([]byte, error) {
	for {
		if err := r.findMagic(); err != nil {
			return nil, err
		}
		head, err := r.in.Peek(recordHeader)
		if err != nil {
			return nil, r.ended(err)
		}
		size := binary.LittleEndian.Uint32(head[4:])
		if size < MinBlock || size > MaxBlock {
			r.skip(1) // not a record after all; the next one may begin in what looked like it
			continue
		}
		r.discard(recordHeader)
		r.start = r.at
		return r.body(int(size))
	}
}

// Skip passes over bytes without looking at them, to go on where an earlier reading
// ended.
func (r *Reader) Skip(n int64) error {
	m, err := io.CopyN(io.Discard, r.in, n)
	r.at += m
	return err
}

// findMagic goes to where the magic stands next.
func (r *Reader) findMagic() error {
	for {
		head, err := r.in.Peek(4)
		if err != nil {
			if len(head) == 0 {
				return eof(err)
			}
			return r.tail(head, err)
		}
		if [4]byte(head) == r.magic {
			return nil
		}
		r.passOver()
	}
}

// passOver goes to the next byte that a magic may begin with, or to the end of what is
// buffered: Core allocates up to 16 MiB of zeros ahead.
func (r *Reader) passOver() {
	ahead, _ := r.in.Peek(r.in.Buffered()) // has at least four bytes
	if n := bytes.IndexByte(ahead[1:], r.magic[0]); n >= 0 {
		ahead = ahead[:n+1]
	}
	if r.magic[0] != 0 {
		r.skipped -= int64(bytes.Count(ahead, []byte{0}))
	}
	r.skip(len(ahead))
}

// tail looks at the last bytes, too few for a magic: zeros are no damage.
func (r *Reader) tail(rest []byte, err error) error {
	for _, b := range rest {
		if b != 0 {
			r.skipped++
		}
	}
	r.discard(len(rest))
	return eof(err)
}

// ended tells the end of the input inside a record from a failure to read.
func (r *Reader) ended(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w (at byte %d)", ErrTorn, r.at)
	}
	return err
}

// body reads size bytes; memory follows what is really there.
func (r *Reader) body(size int) ([]byte, error) {
	raw := make([]byte, 0, min(size, chunk))
	for len(raw) < size {
		if len(raw) == cap(raw) {
			grown := make([]byte, len(raw), min(size, 2*cap(raw)))
			copy(grown, raw)
			raw = grown
		}
		n, err := io.ReadFull(r.in, raw[len(raw):cap(raw)])
		r.at += int64(n)
		raw = raw[:len(raw)+n]
		if err != nil {
			return nil, r.ended(err)
		}
	}
	return raw, nil
}

func (r *Reader) skip(n int) {
	r.skipped += int64(n)
	r.discard(n)
}

// discard drops bytes that were peeked at, which cannot fail.
func (r *Reader) discard(n int) {
	n, _ = r.in.Discard(n)
	r.at += int64(n)
}

func eof(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return io.EOF
	}
	return err
}

// Append appends a block's record.
func Append(dst []byte, magic [4]byte, raw []byte) []byte {
	dst = append(dst, magic[:]...)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(raw)))
	return append(dst, raw...)
}
