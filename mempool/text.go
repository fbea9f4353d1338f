package mempool

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"github.com/troupe-node/troupe/tx"
)

// btc prints satoshis as Core's FormatMoney does.
func btc(sats int64) string {
	sign := ""
	if sats < 0 {
		sign, sats = "-", -sats
	}
	text := fmt.Sprintf("%08d", sats%100_000_000)
	for len(text) > 2 && text[len(text)-1] == '0' {
		text = text[:len(text)-1]
	}
	return fmt.Sprintf("%s%d.%s", sign, sats/100_000_000, text)
}

// feerate prints as Core's CFeeRate::ToString does.
func feerate(fee, vsize int64) string {
	perKVB := fee * 1000 / vsize
	return fmt.Sprintf("%d.%08d BTC/kvB", perKVB/100_000_000, perKVB%100_000_000)
}

func spendsAny(parents []*Entry, id tx.Hash) bool {
	return slices.ContainsFunc(parents, func(e *Entry) bool { return e.Tx.ID() == id })
}

// sortTopologically puts parents before children: an ancestor has fewer
// ancestors than its descendants have.
func sortTopologically(list []*Entry) {
	slices.SortFunc(list, func(a, b *Entry) int {
		if d := cmp.Compare(a.Links().Ancestors.Count, b.Links().Ancestors.Count); d != 0 {
			return d
		}
		return cmp.Compare(a.Sequence, b.Sequence)
	})
}

// sortOrphans orders by witness id.
func sortOrphans(list []*Orphan) {
	slices.SortFunc(list, func(a, b *Orphan) int {
		x, y := a.Tx.WitnessID(), b.Tx.WitnessID()
		return bytes.Compare(x[:], y[:])
	})
}
