package actors

import (
	"fmt"
	"testing"
	"time"

	"github.com/troupe-node/troupe/chainstate"
	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/tx"
)

// expected says which coins each block of the history leaves behind, by a replay
// in memory.
func (h *crashHistory) expected(t testing.TB) map[tx.Hash]string {
	t.Helper()
	want := make(map[tx.Hash]string)
	for _, chain := range [][]*tx.Block{h.main, append(append([]*tx.Block(nil), h.main[:crashBlocks-crashFork]...), h.branch...)} {
		store := chainstore.NewMemory()
		m, err := chainstate.Open(regtestParams(t), store, time.Now().Unix(), chainstate.Options{LoadAbove: -1})
		if err != nil {
			t.Fatal(err)
		}
		settle(t, m, store)
		want[store.State().Tip] = coinsOf(t, store)
		for _, b := range chain {
			m.AddBlock(time.Now().Unix(), b, chainstate.Submission{Requested: true})
			settle(t, m, store)
			want[b.Hash()] = coinsOf(t, store)
		}
		m.Close()
	}
	return want
}

// settle does at once what a machine wants until it has committed everything.
func settle(t testing.TB, m *chainstate.Machine, store chainstore.Store) {
	t.Helper()
	settleWith(t, m, store, func(j *chainstate.VerifyJob) error { return j.Run(nil) })
}

func settleWith(t testing.TB, m *chainstate.Machine, store chainstore.Store, check func(*chainstate.VerifyJob) error) {
	t.Helper()
	for {
		r := m.Ready()
		if r.Err != nil {
			t.Fatal(r.Err)
		}
		if r.Snapshot != nil {
			r.Snapshot.Release()
		}
		for _, j := range r.Jobs {
			m.Verified(j.ID, check(j))
		}
		for _, w := range r.Writes {
			if err := w.Run(store); err != nil {
				t.Fatal(err)
			}
			m.Committed(w.ID)
		}
		switch {
		case r.More:
			m.Continue()
		case len(r.Jobs)+len(r.Writes) > 0:
		case m.Clean():
			return
		default:
			m.Flush()
		}
	}
}

func coinsOf(t testing.TB, store chainstore.Store) string {
	t.Helper()
	snap, err := store.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	defer snap.Release()
	info, err := chainstore.SetInfo(snap, chainstore.HashSerialized, nil)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(info.TxOuts, " ", info.TotalAmount, " ", info.HashSerialized)
}
