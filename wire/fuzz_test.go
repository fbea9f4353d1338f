package wire

import (
	"bytes"
	"sort"
	"testing"

	"pgregory.net/rapid"
)

var sortedDraws = func() []string {
	var all []string
	for c := range draws {
		all = append(all, c)
	}
	sort.Strings(all)
	return all
}()

// example is some message of the command, the same for the same seed.
func example(command string, seed int) Message {
	return rapid.Custom(func(t *rapid.T) Message {
		rapid.Bool().Draw(t, "messages without fields draw nothing")
		return draws[command](t)
	}).Example(seed)
}

// fuzzDecoder feeds anything to one decoder. What it accepts must come out the
// same when written and read again.
func fuzzDecoder(f *testing.F, command string) {
	for seed := range 5 {
		f.Add(example(command, seed).AppendPayload(nil))
	}
	f.Add([]byte{0xfd, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, payload []byte) {
		m, err := Decode(command, payload)
		if err != nil {
			if m != nil {
				t.Fatal("an error and a message")
			}
			return
		}
		first := m.AppendPayload(nil)
		again, err := Decode(command, first)
		if err != nil {
			t.Fatalf("what was accepted is refused when written again: %v", err)
		}
		if second := again.AppendPayload(nil); !bytes.Equal(first, second) {
			t.Fatalf("%x, then %x", first, second)
		}
	})
}

func FuzzAddr(f *testing.F)         { fuzzDecoder(f, CmdAddr) }
func FuzzAddrV2(f *testing.F)       { fuzzDecoder(f, CmdAddrV2) }
func FuzzBlock(f *testing.F)        { fuzzDecoder(f, CmdBlock) }
func FuzzBlockTxn(f *testing.F)     { fuzzDecoder(f, CmdBlockTxn) }
func FuzzCFCheckpt(f *testing.F)    { fuzzDecoder(f, CmdCFCheckpt) }
func FuzzCFHeaders(f *testing.F)    { fuzzDecoder(f, CmdCFHeaders) }
func FuzzCFilter(f *testing.F)      { fuzzDecoder(f, CmdCFilter) }
func FuzzCmpctBlock(f *testing.F)   { fuzzDecoder(f, CmdCmpctBlock) }
func FuzzFeeFilter(f *testing.F)    { fuzzDecoder(f, CmdFeeFilter) }
func FuzzFilterAdd(f *testing.F)    { fuzzDecoder(f, CmdFilterAdd) }
func FuzzFilterLoad(f *testing.F)   { fuzzDecoder(f, CmdFilterLoad) }
func FuzzGetBlocks(f *testing.F)    { fuzzDecoder(f, CmdGetBlocks) }
func FuzzGetBlockTxn(f *testing.F)  { fuzzDecoder(f, CmdGetBlockTxn) }
func FuzzGetCFCheckpt(f *testing.F) { fuzzDecoder(f, CmdGetCFCheckpt) }
func FuzzGetCFHeaders(f *testing.F) { fuzzDecoder(f, CmdGetCFHeaders) }
func FuzzGetCFilters(f *testing.F)  { fuzzDecoder(f, CmdGetCFilters) }
func FuzzGetData(f *testing.F)      { fuzzDecoder(f, CmdGetData) }
func FuzzGetHeaders(f *testing.F)   { fuzzDecoder(f, CmdGetHeaders) }
func FuzzHeaders(f *testing.F)      { fuzzDecoder(f, CmdHeaders) }
func FuzzInv(f *testing.F)          { fuzzDecoder(f, CmdInv) }
func FuzzMerkleBlock(f *testing.F)  { fuzzDecoder(f, CmdMerkleBlock) }
func FuzzNotFound(f *testing.F)     { fuzzDecoder(f, CmdNotFound) }
func FuzzPing(f *testing.F)         { fuzzDecoder(f, CmdPing) }
func FuzzPong(f *testing.F)         { fuzzDecoder(f, CmdPong) }
func FuzzSendCmpct(f *testing.F)    { fuzzDecoder(f, CmdSendCmpct) }
func FuzzTx(f *testing.F)           { fuzzDecoder(f, CmdTx) }
func FuzzVersion(f *testing.F)      { fuzzDecoder(f, CmdVersion) }

// FuzzFrames feeds anything to the frame reader, which must end every stream
// without keeping more than the stream had.
func FuzzFrames(f *testing.F) {
	var stream []byte
	for _, c := range sortedDraws {
		stream = Append(stream, mainnet, example(c, 1))
	}
	f.Add(stream)
	f.Add(stream[:100])
	f.Fuzz(func(t *testing.T, stream []byte) {
		got, errs := readAll(stream)
		if len(errs) == 0 {
			t.Fatal("the stream has no end")
		}
		if len(got)*HeaderSize > len(stream) {
			t.Fatalf("%d messages in %d bytes", len(got), len(stream))
		}
	})
}
