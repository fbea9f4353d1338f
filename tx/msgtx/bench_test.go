package msgtx

import (
	"bytes"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"

	"github.com/troupe-node/troupe/internal/testdata"
	"github.com/troupe-node/troupe/tx"
)

// BenchmarkParseBlock reads block 574200 (1.25 MB, 3,315 transactions), by us
// and by btcsuite. Ours computes all ids and witness ids on the way; btcsuite's
// does not, hence the third.
func BenchmarkParseBlock(b *testing.B) {
	raw := testdata.ModuleFile(b, "github.com/btcsuite/btcd/wire/v2", "testdata",
		"block-0000000000000000001602407ac49862a7bca9d00f7f402db20b7be2f5de59d2.blk")
	b.Run("troupe", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := tx.ParseBlock(raw); err != nil {
				b.Fatal(err)
			}
		}
	})
	decode := func() *wire.MsgBlock {
		m := new(wire.MsgBlock)
		if err := m.Deserialize(bytes.NewReader(raw)); err != nil {
			b.Fatal(err)
		}
		return m
	}
	b.Run("btcsuite", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			decode()
		}
	})
	b.Run("btcsuite with ids", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for _, t := range decode().Transactions {
				t.TxHash()
				t.WitnessHash()
			}
		}
	})
}
