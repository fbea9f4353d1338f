package mempool

// Limits of BIP431, topologically restricted transactions.
const (
	trucMaxVSize      = 10_000
	trucChildMaxVSize = 1_000
	trucAncestors     = 2
	trucDescendants   = 2
)

// checkTRUC is Core's SingleTRUCChecks: a version 3 transaction has at most one
// unconfirmed parent and one child, both of version 3, and stays small.
func (p *Pool) checkTRUC(a *Attempt, ancestors, conflicts []*Entry) *Reject {
	parents := p.parentsIn(a.Tx)
	id, wtxid := a.Tx.ID(), a.Tx.WitnessID()
	for _, q := range parents {
		if (a.Tx.Version == trucVersion) == (q.Tx.Version == trucVersion) {
			continue
		}
		if a.Tx.Version == trucVersion {
			return reject(MempoolPolicy, ErrTRUC, "version=3 tx %s (wtxid=%s) cannot spend from non-version=3 tx %s (wtxid=%s)",
				id, wtxid, q.Tx.ID(), q.Tx.WitnessID())
		}
		return reject(MempoolPolicy, ErrTRUC, "non-version=3 tx %s (wtxid=%s) cannot spend from version=3 tx %s (wtxid=%s)",
			id, wtxid, q.Tx.ID(), q.Tx.WitnessID())
	}
	if a.Tx.Version != trucVersion {
		return nil
	}
	switch {
	case a.vsize > trucMaxVSize:
		return reject(MempoolPolicy, ErrTRUC, "version=3 tx %s (wtxid=%s) is too big: %d > %d virtual bytes", id, wtxid, a.vsize, trucMaxVSize)
	case len(ancestors)+1 > trucAncestors:
		return reject(MempoolPolicy, ErrTRUC, "tx %s (wtxid=%s) would have too many ancestors", id, wtxid)
	case len(parents) == 0:
		return nil
	case a.vsize > trucChildMaxVSize:
		return reject(MempoolPolicy, ErrTRUC, "version=3 child tx %s (wtxid=%s) is too big: %d > %d virtual bytes", id, wtxid, a.vsize, trucChildMaxVSize)
	}
	return p.checkSibling(a, parents[0], conflicts)
}

// checkSibling refuses a second child, unless it replaces the first.
func (p *Pool) checkSibling(a *Attempt, parent *Entry, conflicts []*Entry) *Reject {
	links := parent.Links()
	if links.Descendants.Count+1 <= trucDescendants {
		return nil
	}
	for _, c := range links.Children {
		for _, gone := range conflicts {
			if c == gone {
				return nil
			}
		}
	}
	return reject(MempoolPolicy, ErrTRUC, "tx %s (wtxid=%s) would exceed descendant count limit", parent.Tx.ID(), parent.Tx.WitnessID())
}
