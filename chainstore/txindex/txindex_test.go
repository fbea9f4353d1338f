package txindex

import (
	"testing"

	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/forge"
	"github.com/troupe-node/troupe/tx"
)

func forged(t testing.TB) *tx.Block {
	t.Helper()
	p, err := consensus.ParamsFor("regtest")
	if err != nil {
		t.Fatal(err)
	}
	f, err := forge.New("txindex", p)
	if err != nil {
		t.Fatal(err)
	}
	c := f.Chain(forge.Mix{50, 25, 25})
	for range c.Setup(300) {
	}
	planned := c.Plan(300) // more than 252, so that the count takes three bytes
	return c.Mint(planned, forge.SignAll(planned))
}

func TestEveryTransactionOfABlockIsFoundAtItsPlace(t *testing.T) {
	b := forged(t)
	s := chainstore.NewMemory()
	records := append(Append(nil, b, 70_000), Position(b.Hash()))
	if err := s.Commit(&chainstore.Commit{Records: records}); err != nil {
		t.Fatal(err)
	}
	snap, err := s.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	defer snap.Release()
	if hash, ok, err := ReadPosition(snap); err != nil || !ok || hash != b.Hash() {
		t.Fatalf("position %s %v %v", hash, ok, err)
	}
	for i, want := range b.Txs {
		p, ok, err := Find(snap, want.ID())
		if err != nil || !ok || p.Height != 70_000 {
			t.Fatalf("transaction %d: %+v %v %v", i, p, ok, err)
		}
		if got := p.Read(b.Bytes(), want.ID()); got == nil || got.WitnessID() != want.WitnessID() {
			t.Fatalf("transaction %d is not at %+v", i, p)
		}
		if p.Read(b.Bytes(), tx.Hash{1}) != nil {
			t.Fatalf("another transaction was taken for it")
		}
	}
	if _, ok, err := Find(snap, tx.Hash{1}); ok || err != nil {
		t.Errorf("an unknown transaction: %v %v", ok, err)
	}
}

func TestAnEmptyStoreHasNoPosition(t *testing.T) {
	snap, err := chainstore.NewMemory().Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	if _, ok, err := ReadPosition(snap); ok || err != nil {
		t.Errorf("%v %v", ok, err)
	}
}

func FuzzAPlaceDecodesOrIsRefused(f *testing.F) {
	f.Add([]byte{1, 2})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0x7f, 1})
	b := forged(f)
	f.Fuzz(func(t *testing.T, val []byte) {
		p, ok, err := decodePlace(val)
		if ok == (err != nil) {
			t.Fatalf("%v and %v", ok, err)
		}
		if got := p.Read(b.Bytes(), b.Txs[0].ID()); got != nil && got != b.Txs[0] && got.ID() != b.Txs[0].ID() {
			t.Fatal("another transaction")
		}
	})
}
