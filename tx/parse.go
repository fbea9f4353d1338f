package tx

import (
	"encoding/binary"
	"fmt"
	"unsafe"
)

// Parse reads exactly one transaction, with or without witness, and keeps raw.
// The errors are the kinds in this package, wrapped.
func Parse(raw []byte) (*Tx, error) {
	return parseWhole(raw, true)
}

// ParseStripped reads exactly one transaction in the form that knows no
// witness, so that one without inputs is not mistaken for a witness marker.
// RPC tries this form too, as Core's DecodeHexTx does.
func ParseStripped(raw []byte) (*Tx, error) {
	return parseWhole(raw, false)
}

func parseWhole(raw []byte, witness bool) (*Tx, error) {
	t, n, err := parseOne(raw, witness, nil)
	if err != nil {
		return nil, err
	}
	if n != len(raw) {
		return nil, fmt.Errorf("transaction of %d bytes %w: %d more", n, ErrTrailing, len(raw)-n)
	}
	return t, nil
}

// ParsePrefix reads the transaction at the head of raw and tells how many
// bytes it took.
func ParsePrefix(raw []byte) (*Tx, int, error) {
	return parseOne(raw, true, nil)
}

// ParsePrefixIf is ParsePrefix for bytes of a stranger, within the memory that
// admit allows.
func ParsePrefixIf(raw []byte, admit Admit) (*Tx, int, error) {
	return parseOne(raw, true, admit)
}

// Admit is asked before a parse takes memory: how many bytes it will take beside
// what it was given. It may wait; its error ends the parse. What is small on the wire
// can be large in memory: a witness item of no bytes takes one byte there, and 24 here.
type Admit func(bytes int) error

func (a Admit) ask(s *scanner, txs int) error {
	if a == nil {
		return nil
	}
	return a(s.ins*int(unsafe.Sizeof(Input{})) + s.outs*int(unsafe.Sizeof(Output{})) +
		s.items*int(unsafe.Sizeof([]byte{})) + txs*int(unsafe.Sizeof(Tx{})+unsafe.Sizeof(&Tx{})))
}

func parseOne(raw []byte, witness bool, admit Admit) (*Tx, int, error) {
	s := scanner{raw: raw, allowWitness: witness}
	if err := s.transaction(); err != nil {
		return nil, 0, fmt.Errorf("transaction %w (at byte %d of %d)", err, s.pos, len(raw))
	}
	if err := admit.ask(&s, 1); err != nil {
		return nil, 0, err
	}
	f := filler{
		raw:   raw[:s.pos:s.pos],
		arena: newArena(&s),
	}
	t := new(Tx)
	f.transaction(t, witness)
	var scratch [idScratch]byte
	t.computeIDs(scratch[:0])
	return t, s.pos, nil
}

// idScratch is room on the stack for what most transactions hash their id from.
const idScratch = 1 << 10

// scanner walks serialised bytes, takes no memory, and counts what a filler
// will need. What it accepts is what Core's UnserializeTransaction accepts.
type scanner struct {
	raw          []byte
	pos          int
	allowWitness bool

	ins, outs, items int // totals over all transactions seen
}

func (s *scanner) skip(n uint64) error {
	if n > uint64(len(s.raw)-s.pos) {
		return ErrTruncated
	}
	s.pos += int(n)
	return nil
}

func (s *scanner) size() (uint64, error) {
	v, n, err := ReadCompactSize(s.raw[s.pos:])
	s.pos += n
	return v, err
}

func (s *scanner) skipBytes() error {
	n, err := s.size()
	if err != nil {
		return err
	}
	return s.skip(n)
}

func (s *scanner) inputs() (int, error) {
	n, err := s.size()
	if err != nil {
		return 0, err
	}
	for range n {
		if err := s.skip(36); err != nil {
			return 0, err
		}
		if err := s.skipBytes(); err != nil {
			return 0, err
		}
		if err := s.skip(4); err != nil {
			return 0, err
		}
	}
	s.ins += int(n)
	return int(n), nil
}

func (s *scanner) outputs() error {
	n, err := s.size()
	if err != nil {
		return err
	}
	for range n {
		if err := s.skip(8); err != nil {
			return err
		}
		if err := s.skipBytes(); err != nil {
			return err
		}
	}
	s.outs += int(n)
	return nil
}

// witnesses walks one stack per input; a transaction marked as having a
// witness must have one.
func (s *scanner) witnesses(ins int) error {
	before := s.items
	for range ins {
		n, err := s.size()
		if err != nil {
			return err
		}
		for range n {
			if err := s.skipBytes(); err != nil {
				return err
			}
		}
		s.items += int(n)
	}
	if s.items == before {
		return ErrSuperfluousWitness
	}
	return nil
}

func (s *scanner) transaction() error {
	if err := s.skip(4); err != nil {
		return err
	}
	ins, err := s.inputs()
	if err != nil {
		return err
	}
	flags := byte(0)
	if ins == 0 && s.allowWitness {
		if err := s.skip(1); err != nil {
			return err
		}
		flags = s.raw[s.pos-1]
		if flags != 0 {
			if ins, err = s.inputs(); err != nil {
				return err
			}
		}
	}
	// An empty input list followed by a zero byte is an empty output list too.
	if ins > 0 || flags != 0 || !s.allowWitness {
		if err := s.outputs(); err != nil {
			return err
		}
	}
	if flags&1 != 0 {
		if err := s.witnesses(ins); err != nil {
			return err
		}
	}
	if flags&^1 != 0 {
		return ErrUnknownFlags
	}
	return s.skip(4)
}

// arena holds what all transactions of one parse need, taken in one go.
type arena struct {
	ins   []Input
	outs  []Output
	items [][]byte
}

func newArena(s *scanner) arena {
	return arena{
		ins:   make([]Input, s.ins),
		outs:  make([]Output, s.outs),
		items: make([][]byte, s.items),
	}
}

// filler reads bytes that a scanner has approved.
type filler struct {
	raw []byte
	pos int
	arena
}

func (f *filler) u32() uint32 {
	f.pos += 4
	return binary.LittleEndian.Uint32(f.raw[f.pos-4:])
}

func (f *filler) size() int {
	v, n, _ := ReadCompactSize(f.raw[f.pos:]) // the scanner has seen it
	f.pos += n
	return int(v)
}

func (f *filler) bytes() []byte {
	n := f.size()
	f.pos += n
	return f.raw[f.pos-n : f.pos : f.pos]
}

func (f *filler) transaction(t *Tx, allowWitness bool) {
	start := f.pos
	t.Version = f.u32()
	witness := allowWitness && f.raw[f.pos] == 0 && f.raw[f.pos+1] != 0
	if witness {
		f.pos += 2
	}
	f.inputs(t)
	f.outputs(t)
	t.stripped = f.pos - start + 4
	if witness {
		t.stripped -= 2
		f.witnesses(t)
		t.witnessEnd = f.pos - start
	}
	t.LockTime = f.u32()
	t.raw = f.raw[start:f.pos:f.pos]
}

func (f *filler) inputs(t *Tx) {
	n := f.size()
	t.Inputs, f.ins = f.ins[:n:n], f.ins[n:]
	for i := range t.Inputs {
		in := &t.Inputs[i]
		copy(in.PrevOut.Hash[:], f.raw[f.pos:])
		f.pos += HashSize
		in.PrevOut.Index = f.u32()
		in.ScriptSig = f.bytes()
		in.Sequence = f.u32()
	}
}

func (f *filler) outputs(t *Tx) {
	n := f.size()
	t.Outputs, f.outs = f.outs[:n:n], f.outs[n:]
	for i := range t.Outputs {
		out := &t.Outputs[i]
		out.Value = int64(binary.LittleEndian.Uint64(f.raw[f.pos:]))
		f.pos += 8
		out.PkScript = f.bytes()
	}
}

func (f *filler) witnesses(t *Tx) {
	for i := range t.Inputs {
		n := f.size()
		if n == 0 {
			continue
		}
		in := &t.Inputs[i]
		in.Witness, f.items = f.items[:n:n], f.items[n:]
		for j := range in.Witness {
			in.Witness[j] = f.bytes()
		}
	}
}
