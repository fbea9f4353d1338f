package mend

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/troupe-node/troupe/chainstate"
	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/chainstore/blkfile"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/forge"
	"github.com/troupe-node/troupe/tx"
)

const testNow = 1_800_000_000

func regtest(t testing.TB) *consensus.Params {
	t.Helper()
	p, err := consensus.ParamsFor("regtest")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func storeOptions(t testing.TB) chainstore.Options {
	p := regtest(t)
	return chainstore.Options{Network: p.Name, Magic: p.Magic, CreatedBy: "troupe test", Memory: chainstore.SmallMemory}
}

func options(t testing.TB, dir string) Options {
	return Options{Dir: dir, Params: regtest(t), Store: storeOptions(t), Now: testNow}
}

func open(t testing.TB, dir string) *chainstore.Badger {
	t.Helper()
	s, err := chainstore.Open(dir, storeOptions(t))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// forged is a chain with payments, and a branch that it left behind.
func forged(t testing.TB, blocks, perBlock int) (chain, branch []*tx.Block) {
	t.Helper()
	f, err := forge.New("mend", regtest(t))
	if err != nil {
		t.Fatal(err)
	}
	c := f.Chain(forge.Mix{70, 15, 15})
	for b := range c.Setup(2 * perBlock) {
		chain = append(chain, b)
	}
	more := func(c *forge.Chain, n int) (list []*tx.Block) {
		for range n {
			planned := c.Plan(perBlock)
			list = append(list, c.Mint(planned, forge.SignAll(planned)))
		}
		return list
	}
	chain = append(chain, more(c, blocks-3)...)
	other := c.Fork(1)
	return append(chain, more(c, 3)...), more(other, 2)
}

// connect drives a machine over a store: blocks are submitted, and everything
// it wants is done until it rests.
func connect(t testing.TB, s chainstore.Store, blocks ...*tx.Block) {
	t.Helper()
	m, err := chainstate.Open(regtest(t), s, testNow, chainstate.Options{CacheBytes: chainstore.MinCacheBytes})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	run(t, m, s)
	for _, b := range blocks {
		m.AddBlock(testNow, b, chainstate.Submission{Requested: true})
		run(t, m, s)
	}
	for !m.Clean() {
		m.Flush()
		run(t, m, s)
	}
}

func run(t testing.TB, m *chainstate.Machine, s chainstore.Store) {
	t.Helper()
	for busy := true; busy; {
		r := m.Ready()
		if r.Err != nil {
			t.Fatal(r.Err)
		}
		if r.Snapshot != nil {
			r.Snapshot.Release()
		}
		for _, v := range r.Verdicts {
			if v.Err != nil {
				t.Fatal(v.Err)
			}
		}
		busy = r.More || len(r.Writes)+len(r.Loads)+len(r.Jobs) > 0
		for _, w := range r.Writes {
			if err := w.Run(s); err != nil {
				t.Fatal(err)
			}
			m.Committed(w.ID)
		}
		for _, l := range r.Loads {
			l.Run(s)
			m.Loaded(l)
		}
		for _, j := range r.Jobs {
			m.Verified(j.ID, j.Run(nil))
		}
		if r.More {
			m.Continue()
		}
	}
}

// scratch is a directory in memory where there is one.
func scratch(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "troupe-mend")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// stored makes a store with the chain in it.
func stored(t testing.TB, dir string, blocks ...*tx.Block) *chainstore.Badger {
	t.Helper()
	s := open(t, dir)
	connect(t, s, blocks...)
	return s
}

func setHash(t testing.TB, s chainstore.Store) string {
	t.Helper()
	snap, err := s.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	defer snap.Release()
	info, err := chainstore.SetInfo(snap, chainstore.HashSerialized, nil)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(info.Tip, " ", info.TxOuts, " ", info.HashSerialized)
}

func closeStore(t testing.TB, s chainstore.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func verify(t testing.TB, s chainstore.Store, level int) []string {
	t.Helper()
	var stages []string
	damage, err := Verify(s, VerifyOptions{Level: level, Scratch: filepath.Join(scratch(t), "scratch"), Memory: 32 << 20, Report: func(p Progress) error {
		if len(stages) == 0 || stages[len(stages)-1] != p.Stage {
			stages = append(stages, p.Stage)
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(stages)
	var texts []string
	for _, d := range damage {
		texts = append(texts, d.Error())
	}
	return texts
}

func commit(t testing.TB, s chainstore.Store, c *chainstore.Commit) {
	t.Helper()
	if err := s.Commit(c); err != nil {
		t.Fatal(err)
	}
}

func TestAWholeStoreVerifiesAtEveryLevel(t *testing.T) {
	chain, branch := forged(t, 120, 30)
	s := stored(t, filepath.Join(scratch(t), "store"), append(chain, branch...)...)
	defer closeStore(t, s)
	for level := range 5 {
		if got := verify(t, s, level); got != nil {
			t.Errorf("level %d: %q", level, got)
		}
	}
}

func TestDamagedCoinsAreNamedWithTheCommandThatMendsThem(t *testing.T) {
	chain, _ := forged(t, 120, 30)
	last := chain[len(chain)-1]
	unspent := tx.OutPoint{Hash: last.Txs[3].ID()}
	spent := last.Txs[1].Inputs[0].PrevOut
	coin := &consensus.Coin{Output: last.Txs[3].Outputs[0], Height: int32(len(chain))}
	raised := *coin
	raised.Output.Value++
	for _, row := range []struct {
		what   string
		change chainstore.CoinChange
		say    string
	}{
		{"a coin is lost", chainstore.CoinChange{OutPoint: unspent}, "unspent, and it is not in the store"},
		{"a spent coin is back", chainstore.CoinChange{OutPoint: spent, Coin: coin}, "it was spent or never was"},
		{"a coin is worth more", chainstore.CoinChange{OutPoint: unspent, Coin: &raised}, "differs"},
	} {
		t.Run(row.what, func(t *testing.T) {
			s := stored(t, filepath.Join(scratch(t), "store"), chain...)
			defer closeStore(t, s)
			commit(t, s, &chainstore.Commit{Tip: last.Hash(), Coins: []chainstore.CoinChange{row.change}})
			if got := verify(t, s, 3); got != nil {
				t.Errorf("level 3: %q", got)
			}
			got := verify(t, s, 4)
			if len(got) != 1 || !strings.Contains(got[0], row.say) || !strings.Contains(got[0], row.change.OutPoint.String()) || !strings.Contains(got[0], "troupe reindex --chainstate") {
				t.Errorf("level 4: %q", got)
			}
		})
	}
}

func TestAPrunedStoreVerifiesByGoingBackAndForth(t *testing.T) {
	chain, _ := forged(t, 120, 30)
	dir := filepath.Join(scratch(t), "store")
	s := stored(t, dir, chain...)
	prune := &chainstore.Commit{}
	if err := s.Headers(func(r chainstore.HeaderRecord) error {
		if r.Height > 0 && r.Height <= 104 {
			r.Status = r.Status&^(chainstore.StatusHaveBody|chainstore.StatusHaveUndo) | chainstore.StatusPruned
			prune.Headers, prune.Prune = append(prune.Headers, r), append(prune.Prune, r.Hash)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	commit(t, s, prune)
	if got := verify(t, s, 4); got != nil {
		t.Errorf("level 4: %q", got)
	}
	last := chain[len(chain)-1]
	commit(t, s, &chainstore.Commit{Tip: last.Hash(), Coins: []chainstore.CoinChange{{OutPoint: tx.OutPoint{Hash: last.Txs[3].ID()}}}})
	if got := verify(t, s, 4); len(got) != 1 || !strings.Contains(got[0], "coin "+last.Txs[3].ID().String()) {
		t.Errorf("with a lost coin: %q", got)
	}
	if _, err := Export(s, regtest(t).Magic, io.Discard, nil); !errors.Is(err, ErrPruned) {
		t.Errorf("export of a pruned store: %v", err)
	}
	closeStore(t, s)
	if err := WipeCoins(options(t, dir)); !errors.Is(err, ErrPrunedCoins) {
		t.Errorf("coins of a pruned store are to be made anew: %v", err)
	}
}

func TestAnExportHoldsTheBestChainInOrder(t *testing.T) {
	chain, branch := forged(t, 120, 30)
	s := stored(t, filepath.Join(scratch(t), "store"), append(chain, branch...)...)
	defer closeStore(t, s)
	var file bytes.Buffer
	p := regtest(t)
	if n, err := Export(s, p.Magic, &file, nil); err != nil || n != len(chain)+1 {
		t.Fatalf("%d blocks, %v", n, err)
	}
	r := blkfile.NewReader(&file, p.Magic)
	for i := -1; i < len(chain); i++ {
		raw, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		want := p.Genesis
		if i >= 0 {
			want = chain[i]
		}
		if !bytes.Equal(raw, want.Bytes()) {
			t.Fatalf("block %d is another one", i+1)
		}
	}
	if _, err := r.Next(); err != io.EOF {
		t.Errorf("after the last block: %v", err)
	}
}

func cutManifest(t *testing.T, dir string) {
	t.Helper()
	path := filepath.Join(dir, "MANIFEST")
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, info.Size()-1); err != nil {
		t.Fatal(err)
	}
	if _, err := chainstore.Open(dir, storeOptions(t)); !errors.Is(err, chainstore.ErrCorrupt) {
		t.Fatalf("opened with %v", err)
	}
}

func TestAStoreIsMadeAnewWhateverIsDamaged(t *testing.T) {
	chain, branch := forged(t, 120, 70) // bodies beside their key and in the value log
	for _, row := range []struct {
		what  string
		spoil func(t *testing.T, dir string)
		lost  int         // blocks that are no longer connected
		fetch []*tx.Block // and which of them it takes
	}{
		{"nothing", func(*testing.T, string) {}, 0, nil},
		{"the note of what was synced", func(t *testing.T, dir string) { remove(t, dir, "SYNC") }, 0, nil},
		{"the format", func(t *testing.T, dir string) { remove(t, dir, "FORMAT") }, 0, nil},
		{"the manifest", func(t *testing.T, dir string) { remove(t, dir, "MANIFEST") }, 0, nil},
		{"the manifest's end, after which it was opened in vain", cutManifest, 0, nil},
		{"all that is not in the value log", func(t *testing.T, dir string) { remove(t, dir, "*.mem"); remove(t, dir, "*.sst") }, len(chain), chain},
		{"a body", func(t *testing.T, dir string) { flip(t, dir, chain[len(chain)-10]) }, 10, chain[len(chain)-10:][:1]},
	} {
		t.Run(row.what, func(t *testing.T) {
			dir := filepath.Join(scratch(t), "store")
			s := stored(t, dir, append(chain, branch...)...)
			want := setHash(t, s)
			closeStore(t, s)
			row.spoil(t, dir)
			found, err := Reindex(options(t, dir))
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%+v", found)
			if phase, err := Pending(dir); err != nil || phase != Connect {
				t.Fatalf("phase %q %v", phase, err)
			}
			s = open(t, dir)
			defer closeStore(t, s)
			connect(t, s)
			if row.lost > 0 {
				if tip := s.State().Tip; row.lost < len(chain) && tip != chain[len(chain)-row.lost-1].Hash() {
					t.Fatalf("the chain ends at %s", tip)
				}
				connect(t, s, row.fetch...)
			}
			if got := setHash(t, s); got != want {
				t.Errorf("made anew: %s, before: %s", got, want)
			}
			if got := verify(t, s, 4); got != nil {
				t.Errorf("%q", got)
			}
		})
	}
}

func remove(t testing.TB, dir, name string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, name))
	for _, f := range files {
		err = errors.Join(err, os.Remove(f))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// flip changes one byte in the middle of a body, in whatever file it is.
func flip(t testing.TB, dir string, b *tx.Block) {
	t.Helper()
	raw := b.Bytes()
	what := raw[len(raw)/2-50 : len(raw)/2+50]
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if at := bytes.Index(data, what); at >= 0 {
			data[at] ^= 1
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatal("the body is in no file")
}

func TestCoinsAreMadeAnewFromTheStoredBlocks(t *testing.T) {
	chain, _ := forged(t, 120, 30)
	dir := filepath.Join(scratch(t), "store")
	s := stored(t, dir, chain...)
	want := setHash(t, s)
	commit(t, s, &chainstore.Commit{Tip: chain[len(chain)-1].Hash(), Coins: []chainstore.CoinChange{{OutPoint: tx.OutPoint{Hash: tx.Hash{7}}, Coin: &consensus.Coin{Height: 1}}}})
	closeStore(t, s)
	if err := WipeCoins(options(t, dir)); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	defer closeStore(t, s)
	if s.State().Tip != regtest(t).GenesisHash {
		t.Fatalf("tip %s", s.State().Tip)
	}
	connect(t, s)
	if got := setHash(t, s); got != want {
		t.Errorf("made anew: %s, before: %s", got, want)
	}
	if got := verify(t, s, 4); got != nil {
		t.Errorf("%q", got)
	}
}
