package lab

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/troupe-node/troupe/actors"
	"github.com/troupe-node/troupe/chainstore"
	"github.com/troupe-node/troupe/chainstore/blkfile"
	"github.com/troupe-node/troupe/config"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/forge"
	"github.com/troupe-node/troupe/internal/testdata"
	"github.com/troupe-node/troupe/tx"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/golang/glog.(*loggingT).flushDaemon"),
		goleak.IgnoreTopFunction("go.opencensus.io/stats/view.(*worker).start"))
}

// playNode plays a node without sockets.
func playNode(t testing.TB, chain string, store chainstore.Store) *actors.Node {
	t.Helper()
	parsed, problems := config.ParseArgs([]string{"-chain=" + chain, "-dnsseed=0", "-fixedseeds=0", "-listen=0", "-connect=0"}, config.ArgRules{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	loaded, err := config.Load(config.Sources{Args: parsed, Home: t.TempDir(), WorkDir: t.TempDir(), ReadFile: os.ReadFile})
	if err != nil {
		t.Fatal(err)
	}
	params, err := actors.ParamsOf(&loaded.Config)
	if err != nil {
		t.Fatal(err)
	}
	n, err := actors.Start(actors.Options{Config: &loaded.Config, Params: params, Store: store})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := n.Stop(ctx).Err(); err != nil {
			t.Error(err)
		}
	})
	return n
}

func silent(ImportState) {}

// forged is a chain of small blocks, each with some signatures.
func forged(t testing.TB, seed string, payments int) (*consensus.Params, []*tx.Block) {
	t.Helper()
	p, err := consensus.ParamsFor("regtest")
	if err != nil {
		t.Fatal(err)
	}
	f, err := forge.New(seed, p)
	if err != nil {
		t.Fatal(err)
	}
	c := f.Chain(forge.DefaultMix)
	blocks := slices.Collect(c.Setup(payments))
	for b, err := range c.Blocks(2*payments, payments) {
		if err != nil {
			t.Fatal(err)
		}
		blocks = append(blocks, b)
	}
	return p, blocks
}

func write(t testing.TB, magic [4]byte, blocks []*tx.Block) string {
	t.Helper()
	var out []byte
	for _, b := range blocks {
		out = blkfile.Append(out, magic, b.Bytes())
	}
	path := filepath.Join(t.TempDir(), "blk00000.dat")
	if err := os.WriteFile(path, out, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestBlocksAreImportedInWhateverOrderTheyStand(t *testing.T) {
	p, blocks := forged(t, "order", 20)
	tip := blocks[len(blocks)-1].Hash()
	rng := rand.New(rand.NewPCG(1, 2))
	for _, row := range []struct {
		what string
		sort func([]*tx.Block)
	}{
		{"ascending", func([]*tx.Block) {}},
		{"descending", slices.Reverse[[]*tx.Block]},
		{"shuffled", func(b []*tx.Block) { rng.Shuffle(len(b), func(i, j int) { b[i], b[j] = b[j], b[i] }) }},
	} {
		t.Run(row.what, func(t *testing.T) {
			n := playNode(t, "regtest", chainstore.NewMemory())
			mixed := append([]*tx.Block{p.Genesis}, blocks...)
			row.sort(mixed)
			got, err := Import(t.Context(), n, []string{write(t, p.Magic, mixed)}, silent)
			if err != nil {
				t.Fatal(err)
			}
			if n.Board.Tip().Tip().Hash() != tip || got.Height != int32(len(blocks)) {
				t.Errorf("height %d of %d", got.Height, len(blocks))
			}
			if got.Blocks != int64(len(blocks)) || got.Known != 1 || got.Orphans != 0 || got.Bytes != got.OfBytes {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestAnImportIsTakenUpAgainInAnotherFile(t *testing.T) {
	p, blocks := forged(t, "again", 10)
	half := len(blocks) / 2
	low, high := write(t, p.Magic, blocks[:half]), write(t, p.Magic, blocks[half:])
	n := playNode(t, "regtest", chainstore.NewMemory())

	got, err := Import(t.Context(), n, []string{high}, silent)
	if err != nil || got.Height != 0 || got.Orphans != int64(len(blocks)-half) {
		t.Fatalf("without their parents: %+v, %v", got, err)
	}
	got, err = Import(t.Context(), n, []string{high, low}, silent)
	if err != nil || got.Height != int32(len(blocks)) || got.Orphans != 0 {
		t.Fatalf("children first: %+v, %v", got, err)
	}
	got, err = Import(t.Context(), n, []string{low, high}, silent)
	if err != nil || got.Blocks != 0 || got.Known != int64(len(blocks)) {
		t.Fatalf("once more: %+v, %v", got, err)
	}
}

func TestXoredAndTornFilesAreImported(t *testing.T) {
	p, blocks := forged(t, "xor", 5)
	path := write(t, p.Magic, blocks)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	key := [blkfile.KeySize]byte{1, 2, 3, 4, 5, 6, 7, 8}
	raw = raw[:len(raw)-1]
	for i := range raw {
		raw[i] ^= key[i%len(key)]
	}
	if err := errors.Join(os.WriteFile(path, raw, 0o600), os.WriteFile(filepath.Join(filepath.Dir(path), blkfile.KeyFile), key[:], 0o600)); err != nil {
		t.Fatal(err)
	}
	n := playNode(t, "regtest", chainstore.NewMemory())
	got, err := Import(t.Context(), n, []string{path}, silent)
	if err != nil || got.Height != int32(len(blocks)-1) || got.Torn != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
}

func TestABlockThatBreaksARuleIsNamedAndTheRestGoesOn(t *testing.T) {
	p, blocks := forged(t, "bad", 5)
	last := len(blocks) - 1
	for _, row := range []struct {
		what string
		harm func(raw []byte)
	}{
		{"by itself", func(raw []byte) { raw[40] ^= 1 }},                  // the merkle root, and so the proof of work or the root
		{"in what cannot be parsed", func(raw []byte) { raw[80] = 0xff }}, // the count of transactions
	} {
		t.Run(row.what, func(t *testing.T) {
			raw := bytes.Clone(blocks[last].Bytes())
			row.harm(raw)
			path := write(t, p.Magic, blocks)
			f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			_, err = f.Write(blkfile.Append(nil, p.Magic, raw))
			if err := errors.Join(err, f.Close()); err != nil {
				t.Fatal(err)
			}
			n := playNode(t, "regtest", chainstore.NewMemory())
			got, err := Import(t.Context(), n, []string{path}, silent)
			if got.Height != int32(len(blocks)) {
				t.Errorf("height %d", got.Height)
			}
			if row.what == "by itself" && (!errors.Is(err, ErrRefused) || got.Refused != 1) {
				t.Errorf("%+v, %v", got, err)
			}
			if row.what != "by itself" && (err != nil || got.Known != 1) {
				t.Errorf("a block of the same header is here already: %+v, %v", got, err)
			}
		})
	}
}

func TestAnImportEndsWhenItIsToldTo(t *testing.T) {
	p, blocks := forged(t, "cancel", 5)
	n := playNode(t, "regtest", chainstore.NewMemory())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Import(ctx, n, []string{write(t, p.Magic, blocks)}, silent); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

func TestTheFirstBlocksOfMainAreValidatedIntoAStoreOnDisk(t *testing.T) {
	file := filepath.Join(testdata.ModuleDir(t, "github.com/btcsuite/btcd"), "blockchain", "testdata", "blk_0_to_14131.dat")
	p, err := consensus.ParamsFor("main")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	store, err := chainstore.Open(dir, chainstore.Options{Network: "main", Magic: p.Magic, CreatedBy: "test", Memory: chainstore.SmallMemory})
	if err != nil {
		t.Fatal(err)
	}
	n := playNode(t, "main", store)
	start := time.Now()
	told := 0
	got, err := Import(t.Context(), n, []string{file}, func(ImportState) { told++ })
	if err != nil || got.Height != 14_131 || told == 0 {
		t.Fatalf("%+v, %v, told %d times", got, err, told)
	}
	t.Logf("%d blocks in %v", got.Blocks, time.Since(start))
}
