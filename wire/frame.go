package wire

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash"
	"io"
	"strings"
)

// HeaderSize is the length of a frame's header: magic, command, length and
// checksum.
const HeaderSize = 24

const commandSize = 12

// Magic begins every frame and differs between networks.
type Magic [4]byte

// FrameHeader is what a frame says about its payload.
type FrameHeader struct {
	Command  string
	Length   int
	Checksum [4]byte

	name string // of the command, for people: whatever bytes came
}

// ParseHeader reads a frame's header and applies every limit that can be known
// from it. On an error that leaves the stream in step ([Kind.InStep]) the
// header's Length is valid, so that the payload can be skipped.
func ParseHeader(b *[HeaderSize]byte, magic Magic) (FrameHeader, error) {
	if Magic(b[:4]) != magic {
		return FrameHeader{}, failf(WrongMagic, "", "Header error: Wrong MessageStart %x received, want %x: the peer is on another network or out of step", b[:4], magic)
	}
	h := FrameHeader{Checksum: [4]byte(b[20:24])}
	length := binary.LittleEndian.Uint32(b[16:20])
	command, ok := commandOf(b[4 : 4+commandSize])
	h.Command, h.name = command, shown(b[4:4+commandSize])
	limit, known := Limit(command)
	switch {
	case length > MaxPayload:
		return h, failf(Oversize, command, "Header error: Size too large (%s, %d bytes)", h.name, length)
	case known && int(length) > limit:
		return h, failf(Oversize, command, "Header error: Size too large (%s, %d bytes): this message never needs more than %d", command, length, limit)
	}
	h.Length = int(length)
	if !ok {
		return h, failf(BadCommand, "", "Header error: Invalid message type (%q)", b[4:4+commandSize])
	}
	return h, nil
}

// shown is a command as people see it, up to its end and without what could be taken
// for something else in a log (Core's SanitizeString).
func shown(b []byte) string {
	b, _, _ = bytes.Cut(b, []byte{0})
	return string(bytes.Map(func(c rune) rune {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.ContainsRune(" .,;-_/:?@()", c):
			return c
		}
		return -1
	}, b))
}

// Known says whether Decode has a reader for this command.
func (h FrameHeader) Known() bool {
	c, ok := codecs[h.Command]
	return ok && c.decode != nil
}

// Checksum is the first four bytes of the payload's double SHA-256.
func Checksum(payload []byte) [4]byte {
	first := sha256.Sum256(payload)
	second := sha256.Sum256(first[:])
	return [4]byte(second[:4])
}

// Verify checks the payload against the header's checksum.
func (h FrameHeader) Verify(payload []byte) error { return h.verifySum(Checksum(payload)) }

func (h FrameHeader) verifySum(sum [4]byte) error {
	if sum != h.Checksum {
		return failf(BadChecksum, h.Command, "Header error: Wrong checksum (%s, %d bytes), expected %x was %x", h.name, h.Length, sum, h.Checksum)
	}
	return nil
}

// PutHeader writes the header of a frame with this payload. It serves senders
// that keep header and payload apart, such as one that sends blocks straight
// from the store.
func PutHeader(dst *[HeaderSize]byte, magic Magic, command string, payload []byte) {
	*dst = [HeaderSize]byte{}
	copy(dst[:], magic[:])
	copy(dst[4:4+commandSize], command)
	binary.LittleEndian.PutUint32(dst[16:], uint32(len(payload)))
	sum := Checksum(payload)
	copy(dst[20:], sum[:])
}

// Append appends the whole frame of a message.
func Append(dst []byte, magic Magic, m Message) []byte {
	start := len(dst)
	dst = append(dst, make([]byte, HeaderSize)...)
	dst = m.AppendPayload(dst)
	PutHeader((*[HeaderSize]byte)(dst[start:]), magic, m.Command(), dst[start+HeaderSize:])
	return dst
}

// FrameReader reads frames in two steps, so that its owner can reserve memory
// between them: Next reads a header, then exactly one of Payload and Skip
// must be called. It keeps no more than a header and a small buffer for
// skipping, whatever the peer sends.
type FrameReader struct {
	r      io.Reader
	magic  Magic
	header FrameHeader
	buf    [HeaderSize]byte
	skip   []byte
}

// NewFrameReader reads from r, which should buffer small reads.
func NewFrameReader(r io.Reader, magic Magic) *FrameReader {
	return &FrameReader{r: r, magic: magic}
}

// Next reads the next header. io.EOF means the peer closed between frames,
// io.ErrUnexpectedEOF within one; an *[Error] says what is wrong with the
// header, and if it leaves the stream in step, Skip goes on to the next frame.
func (f *FrameReader) Next() (FrameHeader, error) {
	if _, err := io.ReadFull(f.r, f.buf[:]); err != nil {
		return FrameHeader{}, err
	}
	h, err := ParseHeader(&f.buf, f.magic)
	f.header = h
	return h, err
}

// Payload reads the payload into dst, whose length must be the header's, and
// verifies the checksum.
func (f *FrameReader) Payload(dst []byte) error {
	if _, err := io.ReadFull(f.r, dst); err != nil {
		return unexpected(err)
	}
	return f.header.Verify(dst)
}

// Skip reads the payload away without keeping it and verifies the checksum.
func (f *FrameReader) Skip() error {
	if f.skip == nil {
		f.skip = make([]byte, 4096)
	}
	inner := sha256.New()
	if err := f.skipInto(inner); err != nil {
		return err
	}
	outer := sha256.Sum256(inner.Sum(nil))
	return f.header.verifySum([4]byte(outer[:4]))
}

func (f *FrameReader) skipInto(sum hash.Hash) error {
	for left := f.header.Length; left > 0; {
		part := f.skip[:min(left, len(f.skip))]
		if _, err := io.ReadFull(f.r, part); err != nil {
			return unexpected(err)
		}
		sum.Write(part)
		left -= len(part)
	}
	return nil
}

// unexpected turns the end of the stream within a payload into what it is.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
