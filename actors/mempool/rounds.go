package mempool

import "github.com/troupe-node/troupe/actors/kit"

// round is the submissions between two barriers.
type round struct{ open int }

func (r *round) leave() {
	if r != nil {
		r.open--
	}
}

// rounds let a barrier wait for what came before it, however much comes after.
type rounds struct {
	last     *round
	barriers []barrier // oldest first
}

type barrier struct {
	before *round // the last round that it waits for, and all before
	reply  kit.ReplyTo
}

// join counts a submission in the round under way.
func (r *rounds) join() *round {
	if r.last == nil {
		r.last = &round{}
	}
	r.last.open++
	return r.last
}

// close ends the round for a barrier.
func (r *rounds) close(reply kit.ReplyTo) {
	r.barriers = append(r.barriers, barrier{r.last, reply})
	r.last = nil
}

// due takes out the barriers that nothing is before any more.
func (r *rounds) due() (replies []kit.ReplyTo) {
	for len(r.barriers) > 0 && (r.barriers[0].before == nil || r.barriers[0].before.open == 0) {
		replies = append(replies, r.barriers[0].reply)
		r.barriers = r.barriers[1:]
	}
	return replies
}
