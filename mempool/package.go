package mempool

import (
	"slices"

	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/tx"
)

// Limits of packages.
const (
	maxPackageCount  = 25
	maxPackageWeight = 404_000
)

// checkPackage is what a list of transactions must be to count as a package:
// few, small, in order, and at peace with each other (Core's
// IsWellFormedPackage).
func checkPackage(txs []*tx.Tx) *Reject {
	if len(txs) > maxPackageCount {
		return reject(MempoolPolicy, ErrPackageCount, "")
	}
	weight := 0
	later := map[tx.Hash]bool{}
	for _, t := range txs {
		weight += t.Weight()
		later[t.ID()] = true
	}
	switch {
	case len(txs) > 1 && weight > maxPackageWeight:
		return reject(MempoolPolicy, ErrPackageSize, "")
	case len(later) < len(txs):
		return reject(MempoolPolicy, ErrPackageDuplicates, "")
	}
	for _, t := range txs {
		for i := range t.Inputs {
			if later[t.Inputs[i].PrevOut.Hash] {
				return reject(MempoolPolicy, ErrPackageOrder, "")
			}
		}
		delete(later, t.ID())
	}
	spent := map[tx.OutPoint]*tx.Tx{}
	for _, t := range txs {
		for i := range t.Inputs {
			op := t.Inputs[i].PrevOut
			if by := spent[op]; by != nil && by != t { // twice in one is that one's own fault
				return reject(MempoolPolicy, ErrPackageConflict, "")
			}
			spent[op] = t
		}
	}
	return nil
}

// ChildWithParents tells whether the last of a package spends from all others.
func ChildWithParents(txs []*tx.Tx) bool {
	if len(txs) < 2 {
		return false
	}
	child := txs[len(txs)-1]
	for _, t := range txs[:len(txs)-1] {
		if !spends(child, t.ID()) {
			return false
		}
	}
	return true
}

// ChildWithParentsTree tells whether besides no parent spends from another, which
// is what submitpackage takes.
func ChildWithParentsTree(txs []*tx.Tx) bool {
	if !ChildWithParents(txs) {
		return false
	}
	parents := txs[:len(txs)-1]
	for _, t := range parents {
		for _, other := range parents {
			if spends(t, other.ID()) {
				return false
			}
		}
	}
	return true
}

func spends(t *tx.Tx, id tx.Hash) bool {
	return slices.ContainsFunc(t.Inputs, func(in tx.Input) bool { return in.PrevOut.Hash == id })
}

// PreparePackage is Prepare for several transactions that are judged together:
// parents before children. The attempt is checked like any other, and then given
// to FinishPackage or TestPackage. What is wrong with one of them is for these to
// say.
func (p *Pool) PreparePackage(txs []*tx.Tx, now int64) (*Attempt, *Reject) {
	if r := checkPackage(txs); r != nil {
		return nil, r
	}
	whole := &Attempt{tip: p.tip, members: make([]*Attempt, len(txs))}
	for i, t := range txs {
		a := p.attempt(t, now, false)
		a.packed, a.family, a.alone, a.known = true, txs[:i], p.policy.checkAlone(t), p.index.byID.get(t.ID())
		whole.members[i] = a
	}
	return whole, nil
}

func (a *Attempt) checkMembers(coins Coins, cache *script.SigCache) error {
	for _, m := range a.members {
		if m.alone != nil {
			continue
		}
		if err := m.Check(coins, cache); err != nil {
			return err
		}
	}
	return nil
}

func (p *Pool) staleMembers(a *Attempt) bool {
	return slices.ContainsFunc(a.members, func(m *Attempt) bool {
		return m.known != p.index.byID.get(m.Tx.ID()) || !slices.Equal(p.parentsIn(m.Tx), m.parents)
	})
}

// PackageVerdict is what became of a package: of each transaction in order, and
// of the whole.
type PackageVerdict struct {
	Reject *Reject // ErrPackageFailed points to the transactions
	Txs    []Verdict
}

func newPackageVerdict(n int) *PackageVerdict {
	v := &PackageVerdict{Txs: make([]Verdict, n)}
	for i := range v.Txs {
		v.Txs[i].Unknown = true
	}
	return v
}

func (v *PackageVerdict) failed() { v.Reject = reject(MempoolPolicy, ErrPackageFailed, "") }

// TestPackage says of each transaction whether it would be taken, if those before
// it were, and changes nothing (testmempoolaccept). It stops at the first that
// would not.
func (p *Pool) TestPackage(a *Attempt, now int64) *PackageVerdict {
	v := newPackageVerdict(len(a.members))
	s := p.newSubpackage(a.members, rules{})
	if s.examine(v.Txs, now, 0) {
		s.scripts(v.Txs)
	}
	v.Reject = s.reject
	return v
}

// FinishPackage decides about a child with its parents (Core's AcceptPackage):
// each alone as far as it can stand so, the rest together. The parents must be all
// that the child has unconfirmed. A feerate above maxRate, in satoshis per kvB, is
// taken for a mistake; 0 allows any.
func (p *Pool) FinishPackage(a *Attempt, now, maxRate int64) *PackageVerdict {
	v := newPackageVerdict(len(a.members))
	if len(a.members) > 1 {
		if v.Reject = a.checkShape(); v.Reject != nil {
			return v
		}
	}
	var together []*Attempt
	var places []int
	for i, m := range a.members {
		if m.known != nil {
			v.Txs[i] = Verdict{Entry: m.known, Known: true, Fee: m.known.Fee, VSize: m.known.VSize}
			continue
		}
		v.Txs[i] = p.finishMember(m, now, maxRate)
		if r := v.Txs[i].Reject; r != nil {
			if len(a.members) == 1 || r.Result != Reconsiderable && r.Result != MissingInputs {
				v.failed()
			}
			together, places = append(together, m), append(places, i)
		}
	}
	if v.Reject == nil && len(together) > 0 {
		v.Reject = p.finishTogether(together, places, v.Txs, now, maxRate)
	}
	p.Expire(now)
	p.TrimToSize()
	for i := range v.Txs {
		if e := v.Txs[i].Entry; e != nil && p.index.byID.get(e.Tx.ID()) != e {
			v.failed()
			v.Txs[i] = Verdict{Reject: reject(MempoolPolicy, ErrPoolFull, "")}
		}
	}
	return v
}

// checkShape asks for a child with all of its unconfirmed parents.
func (a *Attempt) checkShape() *Reject {
	txs := make([]*tx.Tx, len(a.members))
	for i, m := range a.members {
		txs[i] = m.Tx
	}
	if !ChildWithParents(txs) {
		return reject(MempoolPolicy, ErrPackageShape, "")
	}
	child := a.members[len(a.members)-1]
	inPackage := func(id tx.Hash) bool {
		return slices.ContainsFunc(child.family, func(t *tx.Tx) bool { return t.ID() == id })
	}
	for _, id := range child.missing {
		if !inPackage(id) {
			return reject(MempoolPolicy, ErrPackageParents, "")
		}
	}
	for _, q := range child.parents {
		if !inPackage(q.Tx.ID()) {
			return reject(MempoolPolicy, ErrPackageParents, "")
		}
	}
	return nil
}

// lostParent tells whether another member of the package has replaced what this one
// spends from, whose coins were there when it was checked.
func (p *Pool) lostParent(m *Attempt) bool {
	return slices.ContainsFunc(m.parents, func(q *Entry) bool { return p.index.byID.get(q.Tx.ID()) != q })
}

// finishMember tries a transaction of a package alone.
func (p *Pool) finishMember(m *Attempt, now, maxRate int64) Verdict {
	if m.alone != nil {
		return Verdict{Reject: m.alone}
	}
	if p.lostParent(m) {
		return Verdict{Reject: missingInputs}
	}
	m.parents = p.parentsIn(m.Tx) // those before it may be in by now
	if r := p.checkPlace(m.Tx, anyRules); r != nil {
		return Verdict{Reject: r}
	}
	for _, t := range m.family {
		if id := t.ID(); spends(m.Tx, id) && p.index.byID.get(id) == nil {
			r := *missingInputs
			return Verdict{Reject: &r, Missing: []tx.Hash{id}}
		}
	}
	w, v := p.judge(m, now)
	if v.Reject == nil && maxRate > 0 && v.Effective > maxRate {
		v.Reject = reject(MempoolPolicy, ErrMaxFeeRate, "")
	}
	if v.Reject == nil {
		v.Entry = p.admit(w)
	}
	return v
}

// finishTogether judges what could not stand alone, and puts it in. places are
// where the results belong.
func (p *Pool) finishTogether(members []*Attempt, places []int, results []Verdict, now, maxRate int64) *Reject {
	found := make([]Verdict, len(members))
	for i := range found {
		found[i].Unknown = true
	}
	s := p.newSubpackage(members, rules{replace: true, packageFees: true})
	if s.examine(found, now, maxRate) && s.scripts(found) {
		for i, w := range s.list {
			w.parents = p.parentsIn(w.Tx)
			found[i].Entry = p.admit(w)
			found[i].Replaced = w.replaced
		}
	}
	for i, at := range places {
		if found[i].Entry != nil || found[i].Reject != nil { // what passed is not in if another failed
			results[at] = found[i]
		}
	}
	return s.reject
}
