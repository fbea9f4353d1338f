package mempool

import "github.com/troupe-node/troupe/tx"

// MarkUnbroadcast notes that our operator gave us a transaction and that no peer
// is known to have it (Core's unbroadcast set).
func (p *Pool) MarkUnbroadcast(id tx.Hash) {
	if e := p.index.byID.get(id); e != nil && !e.unbroad.Load() {
		e.unbroad.Store(true)
		p.unbroadcast[id] = e
	}
}

// Broadcast notes that a peer has asked for it.
func (p *Pool) Broadcast(id tx.Hash) {
	if e := p.unbroadcast[id]; e != nil {
		p.broadcast(e)
	}
}

func (p *Pool) broadcast(e *Entry) {
	if e.unbroad.Load() {
		e.unbroad.Store(false)
		delete(p.unbroadcast, e.Tx.ID())
	}
}

// Reannounce appends what is still unbroadcast to the log once more, for every
// reader to see as if it were new, and tells how many there were.
func (p *Pool) Reannounce() int {
	for _, e := range p.unbroadcast {
		p.Announce(e)
	}
	return len(p.unbroadcast)
}
