package estimate

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/troupe-node/troupe/tx"
)

// replay plays 420 blocks of a market that a small generator makes up, with a
// restart on the way, and reports what the estimator says. testdata/core28.txt is
// what a second implementation, in another language, said of the same: it follows
// Core 28's policy/fees.cpp statement by statement, sums in the same order.
type replay struct {
	e       *Estimator
	seed    uint64
	serial  uint64
	height  int32
	waiting []waiter
	out     strings.Builder
}

type waiter struct {
	id   tx.Hash
	rate int64
}

func (r *replay) n(m uint64) int64 {
	r.seed = r.seed*6364136223846793005 + 1442695040888963407
	return int64(r.seed >> 33 % m)
}

func (r *replay) step(i int) {
	for range r.n(30) {
		r.serial++
		w := waiter{rate: 900 + r.n(400)*(1+r.n(60))}
		binary.LittleEndian.PutUint64(w.id[:], r.serial)
		r.e.Added(w.id, r.height, w.rate)
		r.waiting = append(r.waiting, w)
	}
	r.height++
	price := int64(2000 + i/40%5*3000)
	var confirmed []Confirmation
	var rest []waiter
	for _, w := range r.waiting {
		switch x := r.n(100); {
		case w.rate >= price && x < 90 || x < 2:
			confirmed = append(confirmed, Confirmation{w.id, w.rate})
		case x == 99:
			r.e.Removed(w.id)
		default:
			rest = append(rest, w)
		}
	}
	r.waiting = rest
	r.e.Block(r.height, confirmed)
}

func (r *replay) report() {
	smart := func(blocks int, conservative bool) (int64, int) {
		a := r.e.Estimate(blocks, conservative)
		return a.PerKVB, a.Blocks
	}
	for _, blocks := range []int{1, 2, 3, 5, 6, 12, 13, 24, 30, 48, 60, 100, 144, 500, 1008, 1009} {
		rate, target := smart(blocks, false)
		careful, carefulTarget := smart(blocks, true)
		fmt.Fprintf(&r.out, "%d smart %d: %d %d, %d %d\n", r.height, blocks, rate, target, careful, carefulTarget)
	}
	text := func(x Range) string {
		return fmt.Sprintf("%.9g %.9g %.9g %.9g %.9g %.9g", x.From, x.To, x.Within, x.Confirmed, x.Waiting, x.Left)
	}
	for _, blocks := range []int{1, 7, 20, 200} {
		for _, share := range []float64{0.5, 0.95} {
			for _, x := range r.e.Raw(blocks, share) {
				fmt.Fprintf(&r.out, "%d raw %d %.2f %s: %d; %s; %s\n", r.height, blocks, share, x.Horizon, x.PerKVB, text(x.Pass), text(x.Fail))
			}
		}
	}
	fmt.Fprintf(&r.out, "%d file %x\n", r.height, sha256.Sum256(r.e.Encode()))
}

func TestItSaysToTheBitWhatCoreSaysAlsoOfItsFile(t *testing.T) {
	want, err := os.ReadFile("testdata/core28.txt")
	if err != nil {
		t.Fatal(err)
	}
	r := &replay{e: New(), seed: 28, height: 100}
	r.e.Block(100, nil)
	for i := range 420 {
		r.step(i)
		if i == 250 {
			r.report()
			r.e.FlushUnconfirmed()
			r.waiting = nil
			if r.e, err = Decode(r.e.Encode()); err != nil {
				t.Fatal(err)
			}
		}
		switch i {
		case 3, 20, 60, 150, 251, 280, 419:
			r.report()
		}
	}
	got := strings.Split(r.out.String(), "\n")
	lines := strings.Split(string(want), "\n")
	if len(got) != len(lines) {
		t.Errorf("%d lines, want %d", len(got), len(lines))
	}
	for i, line := range lines {
		if i < len(got) && got[i] != line {
			t.Fatalf("line %d:\n got %s\nwant %s", i+1, got[i], line)
		}
	}
	if size := len(r.e.Encode()); size != 247_985 {
		t.Errorf("a file has %d bytes, and Core's has 247,985", size)
	}
}

// someFile has 300 blocks in it.
func someFile() []byte {
	r := &replay{e: New(), seed: 1, height: 1000}
	r.e.Block(1000, nil)
	for i := range 300 {
		r.step(i)
	}
	r.e.FlushUnconfirmed()
	return r.e.Encode()
}

// small has two buckets and one period in each horizon, by hand.
func small(change func([]any)) []byte {
	parts := []any{int32(149900), int32(280000), uint32(500), uint32(100), uint32(500),
		uint8(2), 1000.0, 1e99}
	for _, scale := range []uint32{2, 1, 24} {
		parts = append(parts, 0.5, scale,
			uint8(2), 3000.0, 0.0, // feerates
			uint8(2), 3.0, 0.0, // confirmed
			uint8(1), uint8(2), 3.0, 0.0, // within the first period
			uint8(1), uint8(2), 0.0, 0.0) // failed
	}
	if change != nil {
		change(parts)
	}
	var b bytes.Buffer
	for _, p := range parts {
		if err := binary.Write(&b, binary.LittleEndian, p); err != nil {
			panic(err)
		}
	}
	return b.Bytes()
}

func TestAFileOfOtherBucketsIsTakenAsItIs(t *testing.T) {
	raw := small(nil)
	e, err := Decode(raw)
	if err != nil {
		t.Fatal(err)
	}
	if e.Height() != 500 || e.Longest() != 24 {
		t.Fatal(e.Height(), e.Longest())
	}
	if got := e.Raw(1, 0.95); len(got) != 3 || got[0].PerKVB != 1000 || got[0].Decay != 0.5 || got[2].Scale != 24 {
		t.Fatalf("%+v", got)
	}
	again := e.Encode()
	copy(raw[4:], again[4:8]) // the version that wrote it
	if !bytes.Equal(again, raw) {
		t.Fatalf("\n%x\n%x", again, raw)
	}
	e.Block(501, nil)
	e.Added(tx.Hash{1}, 501, 1e9) // dearer than any bucket of some files
	e.Block(502, []Confirmation{{tx.Hash{1}, 1e9}})
	if got := e.Raw(1, 0.5)[0]; got.Pass.Confirmed+got.Fail.Confirmed == 0 {
		t.Fatalf("%+v", got)
	}
}

func TestWhatFileIsRefused(t *testing.T) {
	for what, change := range map[string]func(p []any){
		"its version is 149901, and later":       func(p []any) { p[0] = int32(149901) },
		"its version is 109900, and earlier":     func(p []any) { p[0] = int32(109900) },
		"its version is -1, and earlier":         func(p []any) { p[0] = int32(-1) },
		"it is of block 2147483648":              func(p []any) { p[2] = uint32(1 << 31) },
		"it is of the blocks 600 to 500 of 500":  func(p []any) { p[3] = uint32(600) },
		"it is of the blocks 100 to 501 of 500":  func(p []any) { p[4] = uint32(501) },
		"it has 1 buckets":                       func(p []any) { p[5] = uint8(1) },
		"bucket 1 ends at 1000":                  func(p []any) { p[7] = 1000.0 },
		"its past fades by 0":                    func(p []any) { p[8] = 0.0 },
		"its past fades by 1":                    func(p []any) { p[8] = 1.0 },
		"its periods have 0 blocks":              func(p []any) { p[9] = uint32(0) },
		"its periods have 4294967295 blocks":     func(p []any) { p[9] = uint32(math.MaxUint32) },
		"2 buckets in one place, and 1":          func(p []any) { p[10] = uint8(1) },
		"it counts to NaN":                       func(p []any) { p[11] = math.NaN() },
		"it counts to -1":                        func(p []any) { p[14] = -1.0 },
		"it counts to +Inf":                      func(p []any) { p[14] = math.Inf(1) },
		"its horizons reach 3, 2 and 24 blocks":  func(p []any) { p[25] = uint32(3) },
		"its horizons reach 1, 25 and 24 blocks": func(p []any) { p[9] = uint32(25) },
		"it has records of 0 blocks":             func(p []any) { p[16], p[17] = uint8(0), uint8(0) },
		"1 periods for what was confirmed, and ": func(p []any) { p[20] = uint8(0) },
	} {
		e, err := Decode(small(change))
		if e != nil || err == nil || !strings.Contains(err.Error(), what) || !strings.Contains(err.Error(), "fee_estimates.dat") {
			t.Errorf("%q: %v", what, err)
		}
	}
	whole := small(nil)
	for n := range whole {
		if _, err := Decode(whole[:n]); err == nil {
			t.Errorf("cut after %d bytes, it is read", n)
		}
	}
}

func TestAFileSaysAllThatCountsWhenTheNodeGoesOn(t *testing.T) {
	raw := someFile()
	one, err := Decode(raw)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(one.Encode(), raw) {
		t.Fatal("written again without a block between, it has other bytes")
	}
	// Six weeks later what it says is history.
	if one.Longest() < 100 {
		t.Fatal(one.Longest())
	}
	for range oldestPast + 1 {
		one.Block(one.height+1, nil)
	}
	if one.Longest() != 0 || one.Estimate(6, true).Known {
		t.Fatal(one.Longest())
	}
}

// FuzzDecode: nothing that a file holds makes the reader or what follows fail.
func FuzzDecode(f *testing.F) {
	f.Add(small(nil))
	f.Add(someFile()[:4000])
	f.Add(New().Encode())
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, err := Decode(raw)
		if err != nil {
			return
		}
		again, err := Decode(e.Encode())
		if err != nil {
			t.Fatalf("what was read is written so that it is not: %v", err)
		}
		for blocks := 0; blocks <= 1100; blocks += 7 {
			if a, b := e.Estimate(blocks, true), again.Estimate(blocks, true); a != b {
				t.Fatal(blocks, a, b)
			}
			e.Estimate(blocks, false)
			e.Raw(blocks, 0.9)
		}
		if e.height < math.MaxInt32-2 {
			e.Block(e.height+1, nil)
			e.Added(tx.Hash{1}, e.height, 5000)
			e.Added(tx.Hash{2}, e.height, 5000)
			e.Block(e.height+1, []Confirmation{{tx.Hash{1}, 5000}})
			e.FlushUnconfirmed()
			e.Estimate(6, false)
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	e, _ := Decode(someFile())
	b.ReportAllocs()
	for b.Loop() {
		e.Encode()
	}
}

func BenchmarkDecode(b *testing.B) {
	raw := someFile()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(raw); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEstimate(b *testing.B) {
	e, _ := Decode(someFile())
	b.ReportAllocs()
	for b.Loop() {
		e.Estimate(144, true)
	}
}
