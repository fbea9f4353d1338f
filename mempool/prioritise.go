package mempool

import (
	"maps"

	"github.com/troupe-node/troupe/tx"
)

// Prioritise adds to the fee that a transaction counts as paying, here or not
// (prioritisetransaction). Satoshis.
func (p *Pool) Prioritise(id tx.Hash, delta int64) {
	p.setDelta(id, p.deltas[id]+delta)
	e := p.index.byID.get(id)
	if e == nil {
		return
	}
	e.edit(func(l *Links) { l.Delta += delta })
	p.totals.Fees += delta
	change := Totals{Fees: delta}
	for _, a := range p.ancestors(e) {
		a.edit(func(l *Links) { l.Descendants.add(change) })
		p.rescore(a)
	}
	for _, d := range p.descendants(e) {
		d.edit(func(l *Links) { l.Ancestors.add(change) })
	}
}

// setDelta replaces a delta; zero forgets it. Views keep the map they have.
func (p *Pool) setDelta(id tx.Hash, delta int64) {
	if p.deltas[id] == delta {
		return
	}
	if p.deltasShown {
		p.deltas, p.deltasShown = maps.Clone(p.deltas), false
	}
	if delta == 0 {
		delete(p.deltas, id)
	} else {
		p.deltas[id] = delta
	}
}
