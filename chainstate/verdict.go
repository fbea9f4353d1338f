package chainstate

import (
	"errors"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// Outcome is what became of a submitted block.
type Outcome uint8

// The outcomes.
const (
	// Undecided is never the outcome of a Verdict.
	Undecided Outcome = iota
	// Connected: part of the published chain.
	Connected
	// Duplicate: the body was here before.
	Duplicate
	// AwaitingParent: stored; the body of an ancestor is missing.
	AwaitingParent
	// SideBranch: stored on a chain with less work than the best one, or with
	// equal work and later.
	SideBranch
	// Ignored: nobody asked for it and it would not help; only its header was
	// kept.
	Ignored
	// Refused: Err is the rule it breaks.
	Refused
	// Failed: an internal failure, which says nothing about the block.
	Failed
)

var outcomeNames = [...]string{"undecided", "connected", "duplicate", "awaiting-parent", "side-branch", "ignored",
	"refused", "failed"}

// String names the outcome for logs.
func (o Outcome) String() string {
	if int(o) < len(outcomeNames) {
		return outcomeNames[o]
	}
	return "unknown"
}

// Verdict answers one AddBlock. A block that was answered with AwaitingParent
// or SideBranch gets a second, Late one when it is connected or found invalid
// after all, so that its origin can be held to account.
type Verdict struct {
	Origin  uint64
	Hash    tx.Hash
	Node    *Node // nil when the header was refused
	Outcome Outcome
	Err     error // with Refused and Failed
	Late    bool
}

// Result is Err's, for deciding what the origin deserves.
func (v *Verdict) Result() consensus.Result { return consensus.ResultOf(v.Err) }

type subscriber struct {
	origin    uint64
	duplicate bool // the block was known, but not decided
	answered  bool
}

// subscribers remember who submitted the blocks that are not yet connected or
// refused.
type subscribers struct {
	of        map[*Node][]subscriber
	undecided []*Node
	answered  []*Node // oldest first, bounded by maxAnswered
}

// maxAnswered bounds the submitters remembered for a late verdict.
const maxAnswered = 4096

func (s *subscribers) add(n *Node, sub subscriber) {
	if !s.waits(n) {
		s.undecided = append(s.undecided, n)
	}
	s.of[n] = append(s.of[n], sub)
}

// waits reports whether somebody waits for a first verdict about n.
func (s *subscribers) waits(n *Node) bool {
	for _, sub := range s.of[n] {
		if !sub.answered {
			return true
		}
	}
	return false
}

func (m *Machine) verdict(v Verdict) { m.out.Verdicts = append(m.out.Verdicts, v) }

// deciding reports whether a block that is here already is still on its way to
// a verdict.
func (m *Machine) deciding(n *Node) bool { return m.subs.waits(n) }

// settleStored answers for a block just stored when its fate is clear.
func (m *Machine) settleStored(n *Node) {
	switch {
	case m.published.Contains(n): // it was pruned: nothing will ask for the body
		m.bodies.settled(n)
		m.conclude(n, Connected, nil)
	case n.chainTxs.Load() == 0:
		m.answer(n, AwaitingParent)
	case m.published.tip.Failed():
	case !m.published.tip.work.Less(n.work):
		// Unless the chain it is on is about to win.
		if !m.target().Descends(n) {
			m.answer(n, SideBranch)
		}
	}
}

// answer gives a first verdict to everybody who waits for one; a later one
// may follow.
func (m *Machine) answer(n *Node, o Outcome) {
	subs := m.subs.of[n]
	for i := range subs {
		sub := &subs[i]
		if sub.answered {
			continue
		}
		sub.answered = true
		v := Verdict{Origin: sub.origin, Hash: n.hash, Node: n, Outcome: o}
		if sub.duplicate {
			v.Outcome = Duplicate
		}
		m.verdict(v)
	}
	m.subs.answered = append(m.subs.answered, n)
	if len(m.subs.answered) > maxAnswered {
		old := m.subs.answered[0]
		m.subs.answered = m.subs.answered[1:]
		if !m.subs.waits(old) {
			delete(m.subs.of, old)
		}
	}
}

// conclude gives the final verdict about n.
func (m *Machine) conclude(n *Node, o Outcome, err error) {
	for _, sub := range m.subs.of[n] {
		v := Verdict{Origin: sub.origin, Hash: n.hash, Node: n, Outcome: o, Err: err, Late: sub.answered}
		if sub.duplicate {
			if sub.answered {
				continue
			}
			v.Outcome, v.Err = Duplicate, nil
			if o == Refused {
				v.Outcome = Refused
				v.Err = reject(consensus.ErrDuplicate, consensus.CachedInvalid, "block "+n.hash.String()+" is marked invalid")
			}
		}
		m.verdict(v)
	}
	delete(m.subs.of, n)
}

// concludeConnected tells the submitters of the blocks between two published
// tips.
func (m *Machine) concludeConnected(from, to *Node) {
	if len(m.subs.of) == 0 {
		return
	}
	fork := Fork(from, to)
	var path []*Node
	for n := to; n != fork; n = n.parent {
		if _, ok := m.subs.of[n]; ok {
			path = append(path, n)
		}
	}
	for i := len(path) - 1; i >= 0; i-- {
		m.conclude(path[i], Connected, nil)
	}
}

// concludeFailed tells the submitters of a block that broke a rule, and of
// those on top of it.
func (m *Machine) concludeFailed(n *Node, err error) {
	m.conclude(n, Refused, err)
	for _, d := range m.subs.undecided {
		if d != n && d.Descends(n) {
			m.conclude(d, Refused, reject(consensus.ErrBadPrev, consensus.InvalidParent,
				"ancestor "+n.hash.String()+" is invalid"))
		}
	}
}

// settle answers for the undecided blocks that will not be connected: the
// published tip has at least their work, or nothing is left to do.
func (m *Machine) settle(idle bool) {
	keep := m.subs.undecided[:0]
	for _, n := range m.subs.undecided {
		switch {
		case !m.subs.waits(n):
		case n.chainTxs.Load() == 0:
			m.answer(n, AwaitingParent)
		case idle, !m.published.tip.Failed() && !m.published.tip.work.Less(n.work) && !m.target().Descends(n):
			m.answer(n, SideBranch)
		default:
			keep = append(keep, n)
		}
	}
	clear(m.subs.undecided[len(keep):])
	m.subs.undecided = keep
}

// failAll tells everybody who waits that we could not find out.
func (s *subscribers) failAll(m *Machine, err error) {
	for _, n := range s.undecided {
		if s.waits(n) {
			m.conclude(n, Failed, err)
		}
	}
	s.undecided = nil
}

// isRule reports whether err is a broken rule, and not a failure of ours.
func isRule(err error) bool {
	var rule *consensus.RuleError
	return errors.As(err, &rule) && rule.Result != consensus.Internal
}
