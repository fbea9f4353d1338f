package chainstate

import (
	"errors"
	"fmt"

	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// step is one block connected to, or taken from, the working chain in the
// overlay. From the connected tip upwards there are first the blocks taken
// away, then the blocks connected.
type step struct {
	node      *Node
	connect   bool
	coins     coinStep
	block     *tx.Block
	connected *consensus.Connected // of a connect
	job       *VerifyJob
	verified  bool
	retried   bool
}

// after is the working tip that the step leaves behind.
func (s *step) after() *Node {
	if s.connect {
		return s.node
	}
	return s.node.parent
}

// leadsTo reports whether the step is on the way to target.
func (s *step) leadsTo(target *Node) bool { return target.Descends(s.node) == s.connect }

// done reports whether the step waits for no verification.
func (s *step) done() bool { return !s.connect || s.verified }

// pushStep applies changes on top of the working tip.
func (m *Machine) pushStep(s *step) {
	m.stepID++
	s.coins.id = m.stepID
	m.steps = append(m.steps, s)
}

// popStep takes the newest step back.
func (m *Machine) popStep() (cost int) {
	s := m.steps[len(m.steps)-1]
	m.steps[len(m.steps)-1] = nil
	m.steps = m.steps[:len(m.steps)-1]
	if s.job != nil && !s.verified {
		s.job.cancelled.Store(true)
		delete(m.jobs, s.job.ID)
	}
	cost = len(s.coins.changes)
	m.overlay.rollback(&s.coins)
	return cost
}

// dropFailed takes back the steps that connect n or what is on top of it.
func (m *Machine) dropFailed(n *Node) {
	for i, s := range m.steps {
		if s.connect && s.node.Descends(n) {
			for len(m.steps) > i {
				m.popStep()
			}
			return
		}
	}
}

// connectNext applies the next block on the way to target, if the bounds allow
// and what it needs is in memory; otherwise it asks for that.
func (m *Machine) connectNext(target *Node) (cost int, moved bool) {
	n := target.At(m.working().height + 1)
	if n.Failed() || !m.mayRunAhead() {
		return 0, false
	}
	m.loadAhead(n, target)
	b, ready := m.ready(n, false)
	if !ready {
		return 0, false
	}
	c, err := m.connectBlock(n, b)
	switch {
	case isRule(err):
		if damage := m.confirmMissing(b, err); damage != nil {
			m.fail(&internalError{"looking for a coin of block " + n.hash.String(), damage})
			return 0, false
		}
		m.refuse(n, err)
		return len(b.Txs), true
	case err != nil:
		m.fail(&internalError{"connecting block " + n.hash.String(), err})
		return 0, false
	}
	s := &step{node: n, connect: true, block: b, connected: c}
	m.pushStep(s)
	m.applyConnect(s)
	m.loads.forget(n)
	switch {
	case c.Inputs == 0 || n.ScriptsValid() || m.assumedValid(n):
		s.verified = true
		if !n.ScriptsValid() {
			n.set(chainstore.StatusScriptsValid)
			m.markDirty(n)
		}
	default:
		m.giveOut(s)
	}
	return len(s.coins.changes), true
}

// connectBlock looks for what a block does to the coins.
//
// Looking for coins that a block would overwrite (BIP30) means a read from the
// store for every output, to find nothing. Where BIP34 binds every block since
// genesis, a block can only repeat a transaction by breaking another rule, too:
// coinbases differ by their height, and other transactions spend coins that
// are gone. There the store is asked only to name the right rule of a block
// that is refused anyway.
func (m *Machine) connectBlock(n *Node, b *tx.Block) (*consensus.Connected, error) {
	if m.params.ActivationHeight(consensus.HeightInCoinbase) <= 1 {
		c, err := consensus.ConnectUnrepeated(b, n.Parent(), m.overlay, m.params)
		if !isRule(err) {
			return c, err
		}
	}
	return consensus.ConnectBlock(b, n.Parent(), m.overlay, m.params)
}

// mayRunAhead reports whether another block may be applied before those below
// it are verified.
func (m *Machine) mayRunAhead() bool {
	if m.cache.Full() {
		return false // until the commit under way has made room
	}
	blocks, inputs := 0, 0
	for i := len(m.steps) - 1; i >= 0; i-- {
		if s := m.steps[i]; !s.done() {
			blocks++
			inputs += s.connected.Inputs
		}
	}
	return blocks == 0 || blocks < m.opts.AheadBlocks && inputs < m.opts.AheadInputs
}

// assumedValid reports whether -assumevalid covers the block's scripts.
func (m *Machine) assumedValid(n *Node) bool {
	if m.params.AssumeValid.IsZero() {
		return false
	}
	assumed := m.index.Get(m.params.AssumeValid)
	if assumed == nil {
		return false
	}
	return consensus.ScriptsAssumedValid(consensus.Chainwork{Header: n, Work: n.work}, assumed,
		consensus.Chainwork{Header: m.best, Work: m.best.work}, m.params)
}

// applyConnect puts what a block did to the coins into the overlay.
func (m *Machine) applyConnect(s *step) {
	outputs := 0
	for _, t := range s.block.Txs {
		outputs += len(t.Outputs)
	}
	s.coins.reserve(outputs + s.connected.Inputs)
	for op := range s.connected.Spends() {
		m.overlay.put(&s.coins, op, nil)
	}
	made := make([]consensus.Coin, 0, outputs)
	for op, coin := range s.connected.Creates() {
		made = append(made, *coin)
		m.overlay.put(&s.coins, op, &made[len(made)-1])
	}
}

// disconnect takes the working tip back, on the way to target.
func (m *Machine) disconnect(n, target *Node) (cost int, moved bool) {
	b, ready := m.ready(n, true)
	if !ready {
		return 0, false
	}
	undo, err := m.undoOf(n)
	if err == nil {
		err = fits(undo, b)
	}
	if err != nil {
		m.fail(&internalError{"taking back block " + n.hash.String(), err})
		return 0, false
	}
	if len(m.steps) == 0 {
		m.goal = target
	}
	s := &step{node: n, block: b}
	m.pushStep(s)
	m.applyDisconnect(s, undo)
	m.loads.forget(n)
	return len(s.coins.changes), true
}

var errUndoMismatch = errors.New("undo data does not fit the block (run `troupe store verify`)")

func fits(u *chainstore.Undo, b *tx.Block) error {
	if len(u.Txs) != len(b.Txs)-1 {
		return errUndoMismatch
	}
	for i, t := range b.Txs[1:] {
		if len(u.Txs[i]) != len(t.Inputs) {
			return errUndoMismatch
		}
	}
	return nil
}

// applyDisconnect puts the coins into the overlay as they were before the
// block. A coin that the block made and spent itself never was one.
func (m *Machine) applyDisconnect(s *step, undo *chainstore.Undo) {
	txs := s.block.Txs
	made := make(map[tx.Hash]bool, len(txs))
	for _, t := range txs {
		made[t.ID()] = true
	}
	inside := make(map[tx.OutPoint]bool)
	for i, t := range txs[1:] {
		for j := range t.Inputs {
			op := t.Inputs[j].PrevOut
			if made[op.Hash] {
				inside[op] = true
				continue
			}
			m.overlay.put(&s.coins, op, &undo.Txs[i][j])
		}
	}
	for _, t := range txs {
		for j := range t.Outputs {
			op := tx.OutPoint{Hash: t.ID(), Index: uint32(j)}
			if !inside[op] && !unspendable(&t.Outputs[j]) {
				m.overlay.put(&s.coins, op, nil)
			}
		}
	}
}

// mergeStep hands the oldest step to the cache: there is no way back but by
// disconnecting. With the last of those decided on, the connected tip is one
// that readers may see.
func (m *Machine) mergeStep() (cost int) {
	s := m.steps[0]
	if err := m.mergeCoins(s); err != nil {
		m.fail(&internalError{fmt.Sprintf("applying block %s to the coins", s.node.hash), err})
		return 0
	}
	m.overlay.release(&s.coins, len(m.steps) == 1)
	m.steps[0] = nil
	m.steps = m.steps[1:]
	m.seq++
	m.layers.add(m.seq, s.coins.changes)
	m.connected = s.after()
	if s.connect {
		m.keepUndo(s)
	}
	m.bodies.settled(s.node)
	m.commits.changed(len(s.coins.changes))
	m.merging--
	if m.merging == 0 {
		m.connectedMoved()
	}
	return len(s.coins.changes) + moveCost
}

func (m *Machine) mergeCoins(s *step) error {
	for i := range s.coins.changes {
		op, coin := s.coins.changes[i].OutPoint, s.coins.changes[i].Coin
		switch {
		case coin == nil:
			if _, ok, err := m.cache.Spend(op); err != nil {
				return err
			} else if !ok && !(!s.connect && consensus.BIP30Unspendable(s.node.hash, s.node.height, m.params)) {
				return errors.New("coin " + op.String() + " is gone (run `troupe store verify`)")
			}
		case s.connect && !coin.Coinbase:
			if err := m.cache.Add(op, &coin.Output, coin.Height, false); err != nil {
				return err
			}
		default:
			// Coins taken back, and coinbases: two of them repeat another.
			m.cache.Restore(op, coin)
		}
	}
	return nil
}
