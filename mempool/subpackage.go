package mempool

import (
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

var missingInputs = reject(MissingInputs, consensus.ErrMissingInputs, "")

// subpackage is several transactions judged together: Core's
// AcceptMultipleTransactions.
type subpackage struct {
	pool     *Pool
	may      rules
	txs      []*tx.Tx
	list     []*work
	vsize    int64
	modified int64 // fees with deltas
	reject   *Reject
}

func (p *Pool) newSubpackage(members []*Attempt, may rules) *subpackage {
	s := &subpackage{pool: p, may: may}
	for _, m := range members {
		s.list = append(s.list, &work{Attempt: m})
		s.txs = append(s.txs, m.Tx)
	}
	return s
}

// examine makes all checks but the scripts, and tells whether all passed.
func (s *subpackage) examine(results []Verdict, now, maxRate int64) bool {
	for i, w := range s.list {
		if r := s.preCheck(w, now, maxRate); r != nil {
			s.failed(results, i, Verdict{Reject: r, Missing: w.missing})
			return false
		}
		s.vsize += w.vsize
		s.modified += w.modified
	}
	for _, w := range s.list {
		if s.reject = s.checkTRUC(w); s.reject != nil {
			return false
		}
	}
	if s.may.packageFees {
		if r := s.pool.policy.checkFee(s.modified, s.vsize, s.pool.minFee(now)); r != nil {
			last := len(s.list) - 1
			s.failed(results, last, Verdict{Reject: r, Effective: perKVB(s.modified, s.vsize), With: s.witnessIDs()})
			return false
		}
	}
	if len(s.list) > 1 {
		if s.reject = s.checkLimits(); s.reject == nil {
			s.reject = s.checkReplacement()
		}
	}
	return s.reject == nil
}

func (s *subpackage) preCheck(w *work, now, maxRate int64) *Reject {
	if w.alone != nil {
		return w.alone
	}
	if s.pool.lostParent(w.Attempt) {
		return missingInputs
	}
	w.parents = s.pool.parentsIn(w.Tx)
	if r := s.pool.preChecks(w, now, s.may); r != nil {
		return r
	}
	if maxRate > 0 && perKVB(w.modified, w.vsize) > maxRate {
		return reject(MempoolPolicy, ErrMaxFeeRate, "")
	}
	return nil
}

// scripts judges by what Check found, and fills in the results.
func (s *subpackage) scripts(results []Verdict) bool {
	for i, w := range s.list {
		if w.script != nil {
			s.failed(results, i, Verdict{Reject: w.script})
			return false
		}
		v := Verdict{Fee: w.fee, VSize: w.vsize, Effective: perKVB(w.modified, w.vsize), With: []tx.Hash{w.Tx.WitnessID()}}
		if s.may.packageFees {
			v.Effective, v.With = perKVB(s.modified, s.vsize), s.witnessIDs()
		}
		results[i] = v
	}
	return true
}

// failed notes the one transaction that spoils all.
func (s *subpackage) failed(results []Verdict, i int, v Verdict) {
	s.reject = reject(MempoolPolicy, ErrPackageFailed, "")
	results[i] = v
}

func (s *subpackage) witnessIDs() []tx.Hash {
	ids := make([]tx.Hash, len(s.txs))
	for i, t := range s.txs {
		ids[i] = t.WitnessID()
	}
	return ids
}

// checkLimits asks whether the package as a whole fits into the chains that it
// would be part of (Core's CheckPackageLimits).
func (s *subpackage) checkLimits() *Reject {
	limits := s.pool.policy.chainLimits()
	tooLong := func(format string, args ...any) *Reject {
		return reject(MempoolPolicy, ErrPackageLimits, format, args...)
	}
	switch n := len(s.list); {
	case n > limits.ancestors:
		return tooLong("package count %d exceeds ancestor count limit [limit: %d]", n, limits.ancestors)
	case n > limits.descendants:
		return tooLong("package count %d exceeds descendant count limit [limit: %d]", n, limits.descendants)
	case s.vsize > limits.ancestorVB:
		return tooLong("package size %d exceeds ancestor size limit [limit: %d]", s.vsize, limits.ancestorVB)
	case s.vsize > limits.descendantVB:
		return tooLong("package size %d exceeds descendant size limit [limit: %d]", s.vsize, limits.descendantVB)
	}
	parents := s.parents()
	if len(parents)+len(s.list) > limits.ancestors {
		return tooLong("too many unconfirmed parents [limit: %d]", limits.ancestors)
	}
	if _, r := s.pool.ancestorsWithin(parents, s.vsize, len(s.list), limits); r != nil {
		return tooLong("possibly %s", r.Debug)
	}
	return nil
}

// parents are all that the package spends from in the pool.
func (s *subpackage) parents() (all []*Entry) {
	seen := map[*Entry]bool{}
	for _, w := range s.list {
		for _, q := range w.parents {
			if !seen[q] {
				seen[q] = true
				all = append(all, q)
			}
		}
	}
	return all
}

// checkTRUC is Core's PackageTRUCChecks, for what checkTRUC could not see of a
// transaction whose relatives are in the package.
func (s *subpackage) checkTRUC(w *work) *Reject {
	var parents []*tx.Tx // in the package
	for _, t := range s.txs {
		if t == w.Tx {
			break
		}
		if spends(w.Tx, t.ID()) {
			parents = append(parents, t)
		}
	}
	t := w.Tx
	if t.Version != trucVersion {
		for _, q := range parents {
			if q.Version == trucVersion {
				return mixesTRUC(t, q)
			}
		}
		return nil
	}
	switch n := len(w.ancestors) + len(parents); {
	case n+1 > trucAncestors:
		return trucReject("tx %s would have too many ancestors", named(t))
	case n == 0:
		return nil
	case w.vsize > trucChildMaxVSize:
		return trucReject("version=3 child tx %s is too big: %d > %d virtual bytes", named(t), w.vsize, trucChildMaxVSize)
	}
	var parent *tx.Tx
	hasChild := false
	if len(w.ancestors) > 0 {
		parent, hasChild = w.ancestors[0].Tx, w.ancestors[0].Links().Descendants.Count > 1
	} else {
		parent = parents[0]
	}
	if parent.Version != trucVersion {
		return mixesTRUC(t, parent)
	}
	for _, other := range s.txs {
		if other == t {
			continue
		}
		for i := range other.Inputs {
			switch other.Inputs[i].PrevOut.Hash {
			case parent.ID():
				hasChild = true
			case t.ID():
				return trucReject("tx %s would have too many ancestors", named(other))
			}
			if hasChild {
				return trucReject("tx %s would exceed descendant count limit", named(parent))
			}
		}
	}
	if hasChild {
		return trucReject("tx %s would exceed descendant count limit", named(parent))
	}
	return nil
}
