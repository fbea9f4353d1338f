package mempool

import "slices"

// Limits of BIP431, topologically restricted transactions.
const (
	trucMaxVSize      = 10_000
	trucChildMaxVSize = 1_000
	trucAncestors     = 2
	trucDescendants   = 2
)

// checkTRUC is Core's SingleTRUCChecks: a version 3 transaction has at most one
// unconfirmed parent and one child, both of version 3, and stays small. When all
// that is wrong is another child, and it could be evicted instead, the refusal
// comes with that sibling.
func checkTRUC(w *work) (sibling *Entry, r *Reject) {
	t, ancestors := w.Tx, w.ancestors
	if w.Batch != 0 { // the others are linked when the batch is in, and not judged by these rules
		ancestors = slices.DeleteFunc(slices.Clone(ancestors), func(q *Entry) bool { return q.batch != w.Batch })
	}
	for _, q := range ancestors {
		if (t.Version == trucVersion) != (q.Tx.Version == trucVersion) {
			return nil, mixesTRUC(t, q.Tx)
		}
	}
	if t.Version != trucVersion {
		return nil, nil
	}
	switch {
	case w.vsize > trucMaxVSize:
		return nil, trucReject("version=3 tx %s is too big: %d > %d virtual bytes", named(t), w.vsize, trucMaxVSize)
	case len(ancestors)+1 > trucAncestors:
		return nil, trucReject("tx %s would have too many ancestors", named(t))
	case len(ancestors) == 0:
		return nil, nil
	case w.vsize > trucChildMaxVSize:
		return nil, trucReject("version=3 child tx %s is too big: %d > %d virtual bytes", named(t), w.vsize, trucChildMaxVSize)
	}
	parent := ancestors[0]
	links := parent.Links()
	below := links.Descendants
	if w.Batch != 0 {
		below = parent.batchOf(w.Batch)
	}
	if below.Count+1 <= trucDescendants {
		return nil, nil
	}
	for _, c := range links.Children {
		if slices.Contains(w.conflicts, c) {
			return nil, nil // it makes room
		}
	}
	// More relatives than two there can only be after a reorganisation.
	if links.Descendants.Count == trucDescendants && links.Children[0].Links().Ancestors.Count == trucAncestors {
		sibling = links.Children[0]
	}
	return sibling, trucReject("tx %s would exceed descendant count limit", named(parent.Tx))
}
