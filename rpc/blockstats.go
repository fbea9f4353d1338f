package rpc

import (
	"cmp"
	"slices"

	"github.com/troupe-node/troupe/chainstate"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/tx"
)

var statsMethods = []Method{{
	Name: "getblockstats", Category: "blockchain",
	Params: []Param{
		{Name: "hash_or_height", Kind: Any, Doc: "The block hash or height of the target block"},
		{Name: "stats", Kind: Array, Optional: true, Default: "all values", Shape: "stats", Doc: "Values to plot (see result below)"},
	},
	Summary: "Compute per block statistics for a given window. All amounts are in satoshis.\nIt won't work for some heights with pruning.",
	Result: `{ "avgfee", "avgfeerate", "avgtxsize", "blockhash", "feerate_percentiles": [ ... ], "height", "ins", "maxfee", "maxfeerate", "maxtxsize",
  "medianfee", "mediantime", "mediantxsize", "minfee", "minfeerate", "mintxsize", "outs", "subsidy", "swtotal_size", "swtotal_weight", "swtxs",
  "time", "total_out", "total_size", "total_weight", "totalfee", "txs", "utxo_increase", "utxo_size_inc", "utxo_increase_actual",
  "utxo_size_inc_actual" }    (json object)`,
	Handler: getBlockStats,
}}

// coinOverhead is what a coin takes besides its output: outpoint, height and the
// coinbase mark (Core's PER_UTXO_OVERHEAD).
const coinOverhead = 36 + 4 + 1

// span keeps the extremes, the sum and the median of some numbers.
type span struct{ all []int64 }

func (s *span) add(v int64) { s.all = append(s.all, v) }

func (s *span) sum() (total int64) {
	for _, v := range s.all {
		total += v
	}
	return total
}

func (s *span) average() int64 {
	if len(s.all) == 0 {
		return 0
	}
	return s.sum() / int64(len(s.all))
}

func (s *span) least() int64 {
	if len(s.all) == 0 {
		return 0
	}
	return slices.Min(s.all)
}

func (s *span) most() int64 {
	if len(s.all) == 0 {
		return 0
	}
	return max(0, slices.Max(s.all))
}

// median is cut to a whole number.
func (s *span) median() int64 {
	n := len(s.all)
	if n == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s.all))
	if n%2 == 0 {
		return (sorted[n/2-1] + sorted[n/2]) / 2
	}
	return sorted[n/2]
}

// blockStats gathers what getblockstats shows.
type blockStats struct {
	fees, rates, sizes                span
	weights                           []int64 // as rates
	ins, outs, totalOut, totalWeight  int64
	swTxs, swSize, swWeight           int64
	coins, coinBytes, coinBytesActual int64
}

func getBlockStats(c *Call) (any, error) {
	_, node, err := c.blockAt(0)
	if err != nil {
		return nil, err
	}
	s, err := c.Node.pinned()
	if err != nil {
		return nil, err
	}
	defer s.Release()
	b, err := c.Node.body(s, node)
	if err != nil {
		return nil, err
	}
	var spent [][]consensus.Coin
	if node.Height() > 0 {
		if !node.HasUndo() {
			return nil, Errorf(CodeMisc, "Undo data not available")
		}
		undo, err := s.Undo(node)
		if err != nil || len(undo.Txs) != len(b.Txs)-1 {
			return nil, Errorf(CodeMisc, "Can't read undo data from disk")
		}
		spent = undo.Txs
	}
	p := c.Node.Board.Params
	uncounted := node.Height() == 0 || consensus.BIP30Repeat(node.Hash(), node.Height(), p)
	var st blockStats
	for i, t := range b.Txs {
		if i == 0 {
			st.addOutputs(t, uncounted)
			continue
		}
		st.addTx(t, spent[i-1], node.Height() == 0)
	}
	return c.selectStats(st.fields(b, node, p))
}

// addOutputs counts the coins that a transaction makes.
func (st *blockStats) addOutputs(t *tx.Tx, uncounted bool) (total int64) {
	st.outs += int64(len(t.Outputs))
	for i := range t.Outputs {
		o := &t.Outputs[i]
		total += o.Value
		size := outputSize(o)
		st.coinBytes += size
		if !uncounted && !script.IsUnspendable(o.PkScript) {
			st.coins++
			st.coinBytesActual += size
		}
	}
	return total
}

func outputSize(o *tx.Output) int64 { return int64(len(o.Append(nil))) + coinOverhead }

func (st *blockStats) addTx(t *tx.Tx, spent []consensus.Coin, uncounted bool) {
	out := st.addOutputs(t, uncounted)
	st.ins += int64(len(t.Inputs))
	st.totalOut += out
	size, weight := int64(t.Size()), int64(t.Weight())
	st.sizes.add(size)
	st.totalWeight += weight
	if t.HasWitness() {
		st.swTxs++
		st.swSize += size
		st.swWeight += weight
	}
	in := int64(0)
	for i := range spent {
		in += spent[i].Output.Value
		size := outputSize(&spent[i].Output)
		st.coinBytes -= size
		st.coinBytesActual -= size
	}
	st.fees.add(in - out)
	st.rates.add((in - out) * tx.WitnessScale / weight)
	st.weights = append(st.weights, weight)
}

// percentiles are the feerates at the 10th, 25th, 50th, 75th and 90th percentile
// of weight.
func (st *blockStats) percentiles() [5]int64 {
	var result [5]int64
	order := make([]int, len(st.weights))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(st.rates.all[a], st.rates.all[b]), cmp.Compare(st.weights[a], st.weights[b]))
	})
	total := float64(st.totalWeight)
	marks := [5]float64{total / 10, total / 4, total / 2, total * 3 / 4, total * 9 / 10}
	next, sum := 0, int64(0)
	for _, i := range order {
		sum += st.weights[i]
		for ; next < len(marks) && float64(sum) >= marks[next]; next++ {
			result[next] = st.rates.all[i]
		}
	}
	for ; len(order) > 0 && next < len(marks); next++ {
		result[next] = st.rates.all[order[len(order)-1]]
	}
	return result
}

func (st *blockStats) fields(b *tx.Block, node *chainstate.Node, p *consensus.Params) Object {
	avgRate := int64(0)
	if st.totalWeight > 0 {
		avgRate = st.fees.sum() * tx.WitnessScale / st.totalWeight
	}
	return Object{
		{"avgfee", st.fees.average()}, {"avgfeerate", avgRate}, {"avgtxsize", st.sizes.average()},
		{"blockhash", node.Hash()}, {"feerate_percentiles", st.percentiles()}, {"height", node.Height()}, {"ins", st.ins},
		{"maxfee", st.fees.most()}, {"maxfeerate", st.rates.most()}, {"maxtxsize", st.sizes.most()},
		{"medianfee", st.fees.median()}, {"mediantime", consensus.MedianTimePast(node)}, {"mediantxsize", st.sizes.median()},
		{"minfee", st.fees.least()}, {"minfeerate", st.rates.least()}, {"mintxsize", st.sizes.least()},
		{"outs", st.outs}, {"subsidy", consensus.Subsidy(node.Height(), p)},
		{"swtotal_size", st.swSize}, {"swtotal_weight", st.swWeight}, {"swtxs", st.swTxs}, {"time", node.Time()},
		{"total_out", st.totalOut}, {"total_size", st.sizes.sum()}, {"total_weight", st.totalWeight}, {"totalfee", st.fees.sum()},
		{"txs", len(b.Txs)}, {"utxo_increase", st.outs - st.ins}, {"utxo_size_inc", st.coinBytes},
		{"utxo_increase_actual", st.coins - st.ins}, {"utxo_size_inc_actual", st.coinBytesActual},
	}
}

// selectStats keeps the values that argument 1 names, in order of names.
func (c *Call) selectStats(all Object) (any, error) {
	var names []string
	for _, raw := range c.Elements(1) {
		name, err := text(raw)
		if err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return all, nil
	}
	slices.Sort(names)
	selected := Object{}
	for _, name := range slices.Compact(names) {
		i := slices.IndexFunc(all, func(f Field) bool { return f.Name == name })
		if i < 0 {
			return nil, Errorf(CodeInvalidParam, "Invalid selected statistic '%s'", name)
		}
		selected = append(selected, all[i])
	}
	return selected, nil
}
