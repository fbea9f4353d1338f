package chainstate

import (
	"testing"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
	"pgregory.net/rapid"
)

// coinTableModel is what a Go map says of the same changes.
type coinTableModel struct {
	table coinTable
	want  map[tx.OutPoint]overlayEntry
	slots map[tx.OutPoint]int32
}

func (m *coinTableModel) set(t *rapid.T, op tx.OutPoint, e overlayEntry) {
	slot, prev := m.table.set(&op, e)
	if prev != m.want[op] {
		t.Fatalf("set %v replaced %v, the map had %v", op, prev, m.want[op])
	}
	if old, ok := m.slots[op]; ok && old != slot {
		t.Fatalf("%v moved from slot %d to %d", op, old, slot)
	}
	m.want[op], m.slots[op] = e, slot
}

func (m *coinTableModel) remove(op tx.OutPoint) {
	if slot, ok := m.slots[op]; ok {
		m.table.remove(slot)
		delete(m.want, op)
		delete(m.slots, op)
	}
}

func (m *coinTableModel) check(t *rapid.T, ops []tx.OutPoint) {
	if m.table.n != len(m.want) {
		t.Fatalf("%d entries, the map has %d", m.table.n, len(m.want))
	}
	for i := range ops {
		e, found := m.want[ops[i]]
		s := m.table.find(&ops[i])
		if (s != nil) != found || found && s.overlayEntry != e {
			t.Fatalf("find %v: %v, the map has %v", ops[i], s, e)
		}
	}
}

func TestCoinTableAnswersAsAMapDoesAndKeepsItsSlots(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &coinTableModel{table: newCoinTable(), want: map[tx.OutPoint]overlayEntry{}, slots: map[tx.OutPoint]int32{}}
		ops := make([]tx.OutPoint, rapid.SampledFrom([]int{3, 40, 2 * minBuckets}).Draw(t, "outpoints"))
		for i := range ops {
			ops[i] = tx.OutPoint{Hash: tx.Hash{byte(i), byte(i >> 8)}, Index: uint32(i % 3)}
		}
		for range rapid.IntRange(1, 8).Draw(t, "rounds") {
			from := rapid.IntRange(0, len(ops)-1).Draw(t, "from")
			to := rapid.IntRange(from, len(ops)).Draw(t, "to")
			switch rapid.IntRange(0, 5).Draw(t, "what") {
			case 0:
				m.table.clear()
				clear(m.want)
				clear(m.slots)
			case 1, 2:
				for _, op := range ops[from:to] {
					m.remove(op)
				}
			default:
				for i, op := range ops[from:to] {
					m.set(t, op, overlayEntry{coin: &consensus.Coin{Height: int32(i)}, step: uint64(i + 1)})
				}
			}
			m.check(t, ops)
		}
	})
}

func TestCoinTableGivesBackWhatAReorganisationTook(t *testing.T) {
	table := newCoinTable()
	for i := range keepSlots + 1 {
		table.set(&tx.OutPoint{Index: uint32(i)}, overlayEntry{step: 1})
	}
	table.clear()
	if cap(table.slots) > 0 || len(table.buckets) > minBuckets {
		t.Errorf("%d slots and %d buckets are left", cap(table.slots), len(table.buckets))
	}
}
