package mempool

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/troupe-node/troupe/tx"
)

func text(format string, args ...any) string { return fmt.Sprintf(format, args...) }

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

// perKVB is a feerate as Core's CFeeRate keeps it: satoshis per 1000 virtual
// bytes, rounded towards zero.
func perKVB(fee, vsize int64) int64 {
	if vsize == 0 {
		return 0
	}
	return fee * 1000 / vsize
}

// feerate prints satoshis per kvB as Core's CFeeRate::ToString does.
func feerate(perKVB int64) string {
	return fmt.Sprintf("%d.%08d BTC/kvB", perKVB/100_000_000, perKVB%100_000_000)
}

// named is how Core's TRUC texts name a transaction.
func named(t *tx.Tx) string { return fmt.Sprintf("%s (wtxid=%s)", t.ID(), t.WitnessID()) }

func trucReject(format string, args ...any) *Reject {
	return reject(MempoolPolicy, ErrTRUC, format, args...)
}

// mixesTRUC words the refusal of a child whose parent is of the other sort.
func mixesTRUC(child, parent *tx.Tx) *Reject {
	if child.Version == trucVersion {
		return trucReject("version=3 tx %s cannot spend from non-version=3 tx %s", named(child), named(parent))
	}
	return trucReject("non-version=3 tx %s cannot spend from version=3 tx %s", named(child), named(parent))
}

// sortOrphans orders by witness id.
func sortOrphans(list []*Orphan) {
	slices.SortFunc(list, func(a, b *Orphan) int {
		x, y := a.Tx.WitnessID(), b.Tx.WitnessID()
		return bytes.Compare(x[:], y[:])
	})
}
