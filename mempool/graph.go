package mempool

import (
	"container/heap"
	"slices"

	"github.com/troupe-node/troupe/tx"
)

// walk visits start and everything reachable from it through next, once each. It
// is not to be nested.
func (p *Pool) walk(start []*Entry, next func(*Entry) []*Entry, visit func(*Entry)) {
	p.walks++
	mark := p.walks
	stack := p.stack[:0]
	for _, e := range start {
		if e.mark != mark {
			e.mark = mark
			stack = append(stack, e)
		}
	}
	for len(stack) > 0 {
		e := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		visit(e)
		for _, n := range next(e) {
			if n.mark != mark {
				n.mark = mark
				stack = append(stack, n)
			}
		}
	}
	p.stack = stack[:0]
}

func parentsOf(e *Entry) []*Entry  { return e.Links().Parents }
func childrenOf(e *Entry) []*Entry { return e.Links().Children }

// ancestors lists what the entries depend on, themselves included.
func (p *Pool) ancestors(of ...*Entry) (list []*Entry) {
	p.walk(of, parentsOf, func(e *Entry) { list = append(list, e) })
	return list
}

// descendants lists what depends on the entries, themselves included.
func (p *Pool) descendants(of ...*Entry) (list []*Entry) {
	p.walk(of, childrenOf, func(e *Entry) { list = append(list, e) })
	return list
}

// parentsIn finds the pool's transactions that t spends from, once each.
func (p *Pool) parentsIn(t *tx.Tx) (parents []*Entry) {
	p.walks++
	for i := range t.Inputs {
		if e := p.index.byID.get(t.Inputs[i].PrevOut.Hash); e != nil && e.mark != p.walks {
			e.mark = p.walks
			parents = append(parents, e)
		}
	}
	return parents
}

// conflictsOf lists the entries that spend what t spends, once each.
func (p *Pool) conflictsOf(t *tx.Tx) (list []*Entry) {
	p.walks++
	for i := range t.Inputs {
		if e := p.index.spends.get(t.Inputs[i].PrevOut); e != nil && e.mark != p.walks {
			e.mark = p.walks
			list = append(list, e)
		}
	}
	return list
}

// insert links an entry into the graph and the indexes. Children may be there
// already when a block was disconnected.
func (p *Pool) insert(e *Entry) {
	parents := p.parentsIn(e.Tx)
	links := &Links{Parents: parents, Delta: p.deltas[e.Tx.ID()]}
	e.links.Store(links)
	own := e.own()
	links.Ancestors, links.Descendants = own, own
	if len(parents) > 0 {
		p.walk(parents, parentsOf, func(a *Entry) {
			links.Ancestors.add(a.own())
			a.edit(func(l *Links) { l.Descendants.add(own) })
			if e.batch != 0 && a.batch == e.batch {
				a.together.add(Totals{Count: 1, VSize: e.VSize})
			}
			p.rescore(a)
		})
		for _, q := range parents {
			q.addChild(e)
		}
	}
	id := e.Tx.ID()
	p.index.byID.put(id, e)
	p.index.byWitnessID.put(e.Tx.WitnessID(), e)
	for i := range e.Tx.Inputs {
		p.index.spends.put(e.Tx.Inputs[i].PrevOut, e)
	}
	p.totals.add(own)
	p.baseFees += e.Fee
	p.usage += e.usage()
	e.slot = len(p.list)
	p.list = append(p.list, e)
	heap.Push(&p.expiry, e)
	if e.returned {
		p.adoptChildren(e)
	}
	p.track(e)
}

// adoptChildren links entries that spend e and were there before it: a block
// that was disconnected has brought their parent back.
func (p *Pool) adoptChildren(e *Entry) {
	var children []*Entry
	id := e.Tx.ID()
	p.walks++
	for i := range e.Tx.Outputs {
		c := p.index.spends.get(tx.OutPoint{Hash: id, Index: uint32(i)})
		if c != nil && c.mark != p.walks {
			c.mark = p.walks
			children = append(children, c)
			c.edit(func(l *Links) { l.Parents = append(slices.Clip(l.Parents), e) })
		}
	}
	if len(children) == 0 {
		return
	}
	e.edit(func(l *Links) { l.Children = children })
	for _, d := range p.descendants(e) {
		p.recount(d)
	}
	for _, a := range p.ancestors(e) {
		p.recount(a)
	}
}

// recount adds up an entry's relatives afresh.
func (p *Pool) recount(e *Entry) {
	var up, down Totals
	for _, a := range p.ancestors(e) {
		up.add(a.own())
	}
	for _, d := range p.descendants(e) {
		down.add(d.own())
	}
	e.edit(func(l *Links) { l.Ancestors, l.Descendants = up, down })
	p.rescore(e)
}

// unlink takes one entry out of the graph and the indexes; its relatives stay.
func (p *Pool) unlink(e *Entry) {
	own := e.own()
	p.walk([]*Entry{e}, parentsOf, func(a *Entry) {
		if a != e {
			a.edit(func(l *Links) { l.Descendants.sub(own) })
			p.rescore(a)
		}
	})
	p.walk([]*Entry{e}, childrenOf, func(d *Entry) {
		if d != e {
			d.edit(func(l *Links) { l.Ancestors.sub(own) })
		}
	})
	links := e.Links()
	for _, q := range links.Parents {
		q.edit(func(l *Links) { l.Children = without(l.Children, e) })
	}
	for _, c := range links.Children {
		c.edit(func(l *Links) { l.Parents = without(l.Parents, e) })
	}
	p.index.byID.remove(e.Tx.ID())
	p.index.byWitnessID.remove(e.Tx.WitnessID())
	for i := range e.Tx.Inputs {
		p.index.spends.remove(e.Tx.Inputs[i].PrevOut)
	}
	p.totals.sub(own)
	p.baseFees -= e.Fee
	p.usage -= e.usage()
	last := len(p.list) - 1
	p.list[e.slot] = p.list[last]
	p.list[e.slot].slot = e.slot
	p.list[last] = nil
	p.list = p.list[:last]
	heap.Remove(&p.expiry, e.due)
	p.broadcast(e)
	p.untrack(e)
}

// removeAll takes entries and everything that depends on them out.
func (p *Pool) removeAll(why Removal, of ...*Entry) {
	gone := p.descendants(of...)
	// Children first: each step leaves the sums right. A child has all of its parent's
	// ancestors and the parent.
	slices.SortStableFunc(gone, func(a, b *Entry) int { return b.AncestorCount() - a.AncestorCount() })
	for _, e := range gone {
		p.unlink(e)
		p.sequence++
		if why == RemovedReplaced || why == RemovedSizeLimit {
			p.recent.add(e.Tx)
		}
		p.removed = append(p.removed, Removed{Entry: e, Why: why})
	}
}
