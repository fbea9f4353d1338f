package estimate

// records remember, per bucket, how long transactions took. All sums fade by
// decay with every block. (Core's TxConfirmStats.)
type records struct {
	scale  int // blocks in a period
	decay  float64
	enough float64 // transactions a block

	count  []float64   // by bucket: confirmed ones
	paid   []float64   // and the sum of their feerates
	within [][]float64 // by period and bucket: confirmed within so many periods
	failed [][]float64 // left the pool unconfirmed after so many periods

	waiting [][]int32 // by age in blocks (as a ring of heights) and bucket
	old     []int32   // older than all of these
}

func newRecords(buckets, periods, scale int, decay, enough float64) *records {
	r := &records{scale: scale, decay: decay, enough: enough, count: make([]float64, buckets), paid: make([]float64, buckets)}
	r.within, r.failed = table[float64](periods, buckets), table[float64](periods, buckets)
	r.ring(periods * scale)
	return r
}

// ring makes room for those who wait.
func (r *records) ring(blocks int) {
	r.waiting, r.old = table[int32](blocks, len(r.count)), make([]int32, len(r.count))
}

func table[T any](rows, columns int) [][]T {
	all, list := make([]T, rows*columns), make([][]T, rows)
	for i := range list {
		list[i] = all[i*columns : (i+1)*columns : (i+1)*columns]
	}
	return list
}

// longest is the largest target that they can tell of, in blocks.
func (r *records) longest() int { return len(r.within) * r.scale }

// at is the ring's place for a height. Heights below 0 wrap as Core's unsigned
// ones do, so that both count alike on a chain shorter than the ring.
func (r *records) at(height int32) []int32 { return r.waiting[int(uint32(height))%len(r.waiting)] }

func (r *records) enter(height int32, bucket int) { r.at(height)[bucket]++ }

// leave takes out one that came so many blocks ago.
func (r *records) leave(t tracked, ago int, confirmed bool) {
	place := r.old
	if ago < len(r.waiting) {
		place = r.at(t.height)
	}
	if place[t.bucket] > 0 {
		place[t.bucket]--
	}
	if confirmed {
		return
	}
	for i := range min(ago/r.scale, len(r.failed)) {
		r.failed[i][t.bucket]++
	}
}

// next begins another block: what waits in its place of the ring is old now, and
// everything fades.
func (r *records) next(height int32) {
	ring := r.at(height)
	for b, n := range ring {
		r.old[b] += n
		ring[b] = 0
	}
	r.fade(r.count)
	r.fade(r.paid)
	for i := range r.within {
		r.fade(r.within[i])
		r.fade(r.failed[i])
	}
}

func (r *records) fade(sums []float64) {
	for i := range sums {
		sums[i] *= r.decay
	}
}

func (r *records) confirm(took, bucket int, perKVB float64) {
	for i := (took+r.scale-1)/r.scale - 1; i < len(r.within); i++ {
		r.within[i][bucket]++
	}
	r.count[bucket]++
	r.paid[bucket] += perKVB
}
