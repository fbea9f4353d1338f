package blkfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"github.com/troupe-node/troupe/internal/testdata"
	"github.com/troupe-node/troupe/tx"
)

var magic = [4]byte{0xf9, 0xbe, 0xb4, 0xd9}

func all(t testing.TB, r *Reader) (blocks [][]byte, err error) {
	t.Helper()
	for {
		raw, err := r.Next()
		if err != nil {
			return blocks, err
		}
		blocks = append(blocks, raw)
	}
}

func block(n int, fill byte) []byte { return bytes.Repeat([]byte{fill}, n) }

func TestWhatIsNoBlockIsPassedOver(t *testing.T) {
	a, b := block(100, 1), block(300, 2)
	rec := func(raw []byte) []byte { return Append(nil, magic, raw) }
	claim := func(n uint32) []byte { return binary.LittleEndian.AppendUint32(bytes.Clone(magic[:]), n) }
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	for _, row := range []struct {
		what    string
		in      []byte
		want    [][]byte
		torn    bool
		skipped int64
	}{
		{"nothing at all", nil, nil, false, 0},
		{"two blocks", join(rec(a), rec(b)), [][]byte{a, b}, false, 0},
		{"zeros between and after, as Core allocates them", join(rec(a), make([]byte, 1000), rec(b), make([]byte, 70_001)), [][]byte{a, b}, false, 0},
		{"a magic across the end of what is read at a time", join(make([]byte, 1<<18-2), rec(a), bytes.Repeat([]byte{9}, 1<<18), rec(b)), [][]byte{a, b}, false, 1 << 18},
		{"foreign bytes", join([]byte("hello"), rec(a), []byte("x")), [][]byte{a}, false, 6},
		{"a magic cut short before a whole one", join(magic[:3], rec(a)), [][]byte{a}, false, 3},
		{"a length below a header's", join(claim(80), rec(a)), [][]byte{a}, false, 5},
		{"a length beyond any block's", join(claim(MaxBlock+1), rec(a)), [][]byte{a}, false, 7},
		{"the magic twice", join(magic[:], rec(a)), [][]byte{a}, false, 4},
		{"a block cut at the end", join(rec(a), rec(b)[:200]), [][]byte{a}, true, 0},
		{"a record's head cut at the end", join(rec(a), magic[:], []byte{1, 2}), [][]byte{a}, true, 0},
		{"a length that is a lie at the end", join(rec(a), claim(MaxBlock), block(10, 3)), [][]byte{a}, true, 0},
	} {
		t.Run(row.what, func(t *testing.T) {
			for _, in := range []io.Reader{bytes.NewReader(row.in), iotest.OneByteReader(bytes.NewReader(row.in))} {
				r := NewReader(in, magic)
				got, err := all(t, r)
				if row.torn != errors.Is(err, ErrTorn) || !row.torn && err != io.EOF {
					t.Fatalf("ended with %v", err)
				}
				if len(got) != len(row.want) {
					t.Fatalf("%d blocks, want %d", len(got), len(row.want))
				}
				for i := range got {
					if !bytes.Equal(got[i], row.want[i]) {
						t.Errorf("block %d differs", i)
					}
				}
				if r.Skipped() != row.skipped {
					t.Errorf("skipped %d, want %d", r.Skipped(), row.skipped)
				}
				if !row.torn && r.Offset() != int64(len(row.in)) {
					t.Errorf("read %d of %d bytes", r.Offset(), len(row.in))
				}
			}
		})
	}
}

func TestAFailureToReadIsNoEnd(t *testing.T) {
	in := Append(nil, magic, block(5000, 1))
	bad := errors.New("the disk is on fire")
	r := NewReader(io.MultiReader(bytes.NewReader(in[:3000]), iotest.ErrReader(bad)), magic)
	if _, err := r.Next(); !errors.Is(err, bad) {
		t.Fatalf("got %v", err)
	}
}

func TestReadingGoesOnWhereItEnded(t *testing.T) {
	a, b := block(90, 7), block(91, 8)
	in := Append(Append(nil, magic, a), magic, b)
	first := NewReader(bytes.NewReader(in), magic)
	if _, err := first.Next(); err != nil {
		t.Fatal(err)
	}
	if first.BlockOffset() != 8 {
		t.Errorf("the first block is at %d", first.BlockOffset())
	}
	second := NewReader(bytes.NewReader(in), magic)
	if err := second.Skip(first.Offset()); err != nil {
		t.Fatal(err)
	}
	got, err := second.Next()
	if err != nil || !bytes.Equal(got, b) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
}

func TestXoredFilesReadAsPlainOnes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.SliceOf(rapid.Byte()).Draw(t, "file")
		key := [KeySize]byte(rapid.SliceOfN(rapid.Byte(), KeySize, KeySize).Draw(t, "key"))
		from := rapid.IntRange(0, len(plain)).Draw(t, "from")
		xored := bytes.Clone(plain)
		for i := range xored {
			xored[i] ^= key[i%KeySize]
		}
		in := io.Reader(bytes.NewReader(xored[from:]))
		if rapid.Bool().Draw(t, "in small pieces") {
			in = iotest.HalfReader(in)
		}
		got, err := io.ReadAll(Unxor(in, key, int64(from)))
		if err != nil || !bytes.Equal(got, plain[from:]) {
			t.Fatalf("%x, %v", got, err)
		}
	})
}

func TestTheFirstBlocksOfMainAreRead(t *testing.T) {
	file := testdata.ModuleFile(t, "github.com/btcsuite/btcd", "blockchain", "testdata", "blk_0_to_14131.dat")
	r := NewReader(bytes.NewReader(file), magic)
	n := 0
	for {
		raw, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.ParseBlock(raw); err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n < 14_131 || r.Skipped() != 0 {
		t.Errorf("%d blocks, %d bytes skipped", n, r.Skipped())
	}
}

func FuzzReader(f *testing.F) {
	f.Add(Append(Append(nil, magic, block(100, 1)), magic, block(81, 0)))
	f.Add([]byte{0xf9, 0xbe, 0xb4, 0xd9, 0xff, 0xff, 0, 0})
	f.Fuzz(func(t *testing.T, in []byte) {
		r := NewReader(bytes.NewReader(in), magic)
		total := 0
		for {
			raw, err := r.Next()
			if err != nil {
				if err != io.EOF && !errors.Is(err, ErrTorn) {
					t.Fatal(err)
				}
				break
			}
			if !bytes.Equal(raw, in[r.BlockOffset():r.Offset()]) {
				t.Fatal("a block is not what stands at its offset")
			}
			total += recordHeader + len(raw)
		}
		if int64(total)+r.Skipped() > int64(len(in)) {
			t.Fatalf("%d bytes of blocks and %d skipped out of %d", total, r.Skipped(), len(in))
		}
	})
}

func BenchmarkReader(b *testing.B) {
	file := testdata.ModuleFile(b, "github.com/btcsuite/btcd", "blockchain", "testdata", "blk_0_to_14131.dat")
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		all(b, NewReader(bytes.NewReader(file), magic))
	}
}
