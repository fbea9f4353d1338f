package chainstate

import "github.com/troupe-node/troupe/tx"

// target is the block that the working tip should reach: the end of the most
// preferred chain whose bodies are all here and that has not failed. Without a
// better one it is the connected tip, or what is valid of it.
func (m *Machine) target() *Node {
	floor := m.connected
	for floor.Failed() {
		floor = floor.parent
	}
	for {
		n := m.candidates.best(floor)
		if n == floor || m.reachable(n) {
			return n
		}
		m.candidates.drop()
	}
}

// reachable reports whether the bodies from the connected chain to n are here,
// and what it takes to leave that chain: some may have been pruned, from the
// bottom up. A candidate thrown away for this comes back when a body does
// (storeBody).
func (m *Machine) reachable(n *Node) bool {
	if n == m.reached {
		return true
	}
	fork := Fork(n, m.connected)
	if fork != m.connected && !m.connected.At(fork.height+1).canLeave() {
		return false
	}
	for d := n; d != fork && d != m.reached; d = d.parent {
		if !d.HasBody() {
			return false
		}
	}
	m.reached = n
	return true
}

// canLeave reports whether a block can be taken back. Undo data on its way to
// the store counts.
func (n *Node) canLeave() bool { return n.HasBody() && n.HasUndo() }

// working is the block whose coins the overlay shows.
func (m *Machine) working() *Node {
	if len(m.steps) == 0 {
		return m.connected
	}
	return m.steps[len(m.steps)-1].after()
}

// reorganising reports whether the overlay leaves the connected chain.
func (m *Machine) reorganising() bool { return len(m.steps) > 0 && !m.steps[0].connect }

// advance does as much work as one call may: merging what is verified, moving
// the working tip towards the target, and settling verdicts when nothing is
// left to do.
func (m *Machine) advance() {
	for spent := 0; m.err == nil; {
		if spent >= m.opts.StepCoins {
			m.out.More = true
			return
		}
		if m.merging > 0 {
			spent += m.mergeStep()
			continue
		}
		target := m.target()
		if m.reorganising() && !target.Descends(m.goal) {
			m.goal = target
		}
		if m.merging = m.publishable(); m.merging > 0 {
			continue
		}
		cost, moved := m.move(target)
		if !moved {
			break
		}
		spent += cost + moveCost
	}
	if m.err == nil {
		m.settle(m.Idle())
	}
}

// moveCost is what any step costs, in coin changes, so that thousands of
// nearly empty blocks do not make one long call.
const moveCost = 20

// move takes one step of the working tip towards the target.
func (m *Machine) move(target *Node) (cost int, moved bool) {
	w := m.working()
	if n := len(m.steps); n > 0 && !m.steps[n-1].leadsTo(target) {
		return m.popStep(), true
	}
	if w == target {
		return 0, false
	}
	if !target.Descends(w) {
		return m.disconnect(w, target)
	}
	return m.connectNext(target)
}

// publishable is how many of the oldest steps can be merged: those before the
// first whose scripts are still out. A reorganisation counts as a whole, up to
// its goal at least, unless it has grown too large to be held in memory.
func (m *Machine) publishable() int {
	good, reached, changes := 0, !m.reorganising(), 0
	for _, s := range m.steps {
		if !s.done() {
			break
		}
		good++
		changes += len(s.coins.changes)
		if s.after() == m.goal {
			reached = true
		}
	}
	if good == 0 || reached {
		return good
	}
	end := m.steps[good-1].after()
	if changes >= m.opts.ReorgCoins && (m.connected.Failed() || m.connected.work.Less(end.work)) {
		return good
	}
	return 0
}

// refillCandidates looks through the whole index for chains that could be the
// best: after a decision that made worse ones interesting again.
func (m *Machine) refillCandidates() {
	floor := m.connected
	for floor.Failed() {
		floor = floor.parent
	}
	var nodes []*Node
	m.index.All(func(n *Node) bool {
		if n.chainTxs.Load() != 0 && !n.Failed() && better(n, floor) {
			nodes = append(nodes, n)
		}
		return true
	})
	m.candidates.fill(nodes)
	m.reached = nil
}

// Precious makes a block win against others with the same work, as if its
// chain had been complete first; a later call counts more (preciousblock).
func (m *Machine) Precious(hash tx.Hash) error {
	n, err := m.lookup(hash)
	if err != nil {
		return err
	}
	if n.work.Less(m.connected.work) {
		return nil // nothing can come of it
	}
	if m.preciousWork.Less(m.connected.work) {
		m.precious = 0 // earlier calls were about older tips
	}
	m.preciousWork = m.connected.work
	m.precious--
	n.order = m.precious
	m.refillCandidates()
	m.advance()
	return nil
}
