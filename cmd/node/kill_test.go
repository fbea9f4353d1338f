package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/troupe-node/troupe/internal/testdata"
)

// mainnetBlocks are the first 14,132 blocks of the main chain.
func mainnetBlocks(t *testing.T) string {
	return filepath.Join(testdata.ModuleDir(t, "github.com/btcsuite/btcd"), "blockchain", "testdata", "blk_0_to_14131.dat")
}

const importHeight = 14131

// importOnce runs an import, and kills it after a while unless that is zero. It
// reports whether the import came to its end.
func importOnce(t *testing.T, dir, file string, killAfter time.Duration) bool {
	t.Helper()
	p := launch(t, "troupe", "import", file, "-datadir="+dir, "-printtoconsole=0")
	if killAfter > 0 {
		select {
		case <-p.waited:
		case <-time.After(killAfter):
			p.Process.Kill()
			<-p.waited
			return false
		}
	}
	<-p.waited
	if p.waitErr != nil {
		t.Fatalf("import: %v\n%s", p.waitErr, p.errs.String())
	}
	return true
}

// mainNode runs a node on the main chain that talks to nobody but who is named.
func mainNode(t *testing.T, dir string, args ...string) *process {
	t.Helper()
	base := []string{"-connect=0", "-listen=1", "-bind=127.0.0.1", "-printtoconsole=0", "-minimumchainwork=0"}
	return launchAnswering(t, dir, dir, append(base, args...))
}

func (p *process) height() (h int) {
	p.t.Helper()
	p.rpc(&h, "getblockcount")
	return h
}

// An import that is killed twenty times at random moments ends at the same tip
// with the same coins as one that nobody disturbed, and a second node gets there
// over the network, killed now and then, too.
func TestAnImportAndASyncKilledAgainAndAgainEndAsIfUndisturbed(t *testing.T) {
	file := mainnetBlocks(t)
	calm, harried := t.TempDir(), t.TempDir()
	start := time.Now()
	importOnce(t, calm, file, 0)
	took := time.Since(start)

	seed := uint64(1)
	if os.Getenv("TROUPE_LONG") != "" {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("an undisturbed import took %v; seed of the kills: %d", took, seed)
	dice := rand.New(rand.NewPCG(seed, 0))
	kills := 0
	for kills < 20 {
		after := time.Duration(float64(took) * (0.02 + 0.3*dice.Float64()))
		if importOnce(t, harried, file, after) {
			// It came to its end between the kills: begin another one.
			if err := os.RemoveAll(filepath.Join(harried, storeDir)); err != nil {
				t.Fatal(err)
			}
			continue
		}
		kills++
	}
	importOnce(t, harried, file, 0)

	a, b := mainNode(t, calm), mainNode(t, harried)
	want := a.coinSet()
	if got := b.coinSet(); got != want || a.height() != importHeight || a.tip() != b.tip() {
		t.Fatalf("undisturbed: height %d, tip %s, coins %s\nkilled 20 times: tip %s, coins %s", a.height(), a.tip(), want, b.tip(), got)
	}
	b.end(15)
	syncKilled(t, a, took, dice, want)
	a.end(15)
}

// syncKilled lets an empty node sync from a, killed a few times.
func syncKilled(t *testing.T, a *process, took time.Duration, dice *rand.Rand, want string) {
	t.Helper()
	dir := t.TempDir()
	peer := fmt.Sprintf("-connect=127.0.0.1:%d", a.p2p)
	for range 5 {
		c := mainNode(t, dir, peer)
		time.Sleep(time.Duration(float64(took) * dice.Float64()))
		c.Process.Kill()
		<-c.waited
	}
	c := mainNode(t, dir, peer)
	c.until("the node has synced", func() bool { return c.tip() == a.tip() })
	if got := c.coinSet(); got != want {
		t.Errorf("synced and killed 5 times: coins %s, want %s", got, want)
	}
	c.end(15)
}
