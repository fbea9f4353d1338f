package chainstore

import (
	"fmt"
	"sync"
	"testing"

	"github.com/troupe-node/troupe/tx"
)

func putBlock(s Store, hash tx.Hash, raw []byte) error {
	return s.PutAll([]Put{{Hash: hash, Data: raw}})
}

func putUndo(s Store, hash tx.Hash, data []byte) error {
	return s.PutAll([]Put{{Hash: hash, Undo: true, Data: data}})
}

// Bodies handed over at once share transactions: of a small memtable some hold them only in several,
// and commits that begin meanwhile count those that were noted before them.
func TestManyBodiesAtOnceAreAllThereAndCounted(t *testing.T) {
	dir := t.TempDir()
	b, err := Open(dir, Options{Network: "regtest", Magic: [4]byte{1}, tiny: true})
	if err != nil {
		t.Fatal(err)
	}
	const many, batches = 300, 6
	name := func(batch, i int) tx.Hash { return block(1000*batch + i + 1) }
	size := func(i int) int { return 100 + i*i%9000 }
	var group sync.WaitGroup
	for batch := range batches {
		var list []Put
		for i := range many {
			hash := name(batch, i)
			list = append(list, Put{Hash: hash, Data: bodyOf(hash, size(i))}, Put{Hash: hash, Undo: true, Data: bodyOf(hash, 50)})
		}
		list = append(list, list[0]) // once more is no harm
		group.Go(func() {
			if err := b.PutAll(list); err != nil {
				t.Error(err)
			}
		})
		if err := b.Commit(&Commit{}); err != nil {
			t.Fatal(err)
		}
	}
	group.Wait()
	if err := b.PutAll([]Put{{Hash: name(0, 0)}}); err == nil {
		t.Error("an empty body was taken")
	}
	if err := b.Commit(&Commit{}); err != nil {
		t.Fatal(err)
	}
	check := func(when string) {
		snap, err := b.Snapshot()
		if err != nil {
			t.Fatal(err)
		}
		defer snap.Release()
		for batch := range batches {
			for i := range many {
				hash := name(batch, i)
				raw, err := snap.Block(hash)
				undo, err2 := snap.large(prefixUndo, hash)
				if err != nil || err2 != nil || string(raw) != string(bodyOf(hash, size(i))) || len(undo) != 50 {
					t.Fatalf("%s: block %d of batch %d: %d and %d bytes, %v %v", when, i, batch, len(raw), len(undo), err, err2)
				}
			}
		}
	}
	check("before")
	if len(b.putting) > 0 || b.puttingBytes != 0 {
		t.Errorf("%d bodies of %d bytes are still on their way", len(b.putting), b.puttingBytes)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if b, err = Open(dir, Options{Network: "regtest", Magic: [4]byte{1}, tiny: true}); err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if got := fmt.Sprint(b.recovered.RolledBack); got != "0" {
		t.Errorf("%s were taken back at the start", got)
	}
	check("after")
}
