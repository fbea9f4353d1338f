package forge

import (
	"testing"

	"github.com/troupe-node/troupe/script/secp"
)

// One transaction per operation: plan and sign, on one core.
func BenchmarkPayment(b *testing.B) {
	for kind := range kindCount {
		mix := Mix{}
		mix[kind] = 1
		b.Run(kind.String()+"/"+secp.Engine, func(b *testing.B) {
			c, _ := grow(b, "bench", 1, mix)
			coin, _ := c.Coin()
			n := uint64(0)
			b.ReportAllocs()
			for b.Loop() {
				spend := c.forge.Payment(coin, n)
				spend.Sign()
				n++
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tx/s")
		})
	}
}

// A block of 2,000 payments per operation, signed on one core.
func BenchmarkBlocks(b *testing.B) {
	const perBlock = 2000
	c, _ := grow(b, "bench", perBlock, DefaultMix)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		for _, err := range c.Blocks(perBlock, perBlock) {
			if err != nil {
				b.Fatal(err)
			}
			n += perBlock
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "tx/s")
}
