package actors

import (
	"io"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/troupe-node/troupe/tx"
)

// killAfter runs a child and kills it a moment after it has come to so many write
// points: a machine that is slow delays the kill as much as the child.
func (j crashJob) killAfter(t testing.TB, points int, moment time.Duration) {
	t.Helper()
	cmd := j.command(t)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(io.Discard, out, int64(points)); err != nil {
		t.Errorf("the child ended at a write point before the %d-th: %v", points, err)
	}
	time.Sleep(moment)
	_ = cmd.Process.Kill()
	if err := cmd.Wait(); !killed(err) {
		t.Fatalf("the child ended by itself: %v\n%s", err, cmd.Stderr)
	}
}

func TestANodeKilledAtRandomStartsAtABlockAndComesToTheSameEnd(t *testing.T) {
	kills, seed := 20, uint64(1)
	if os.Getenv("TROUPE_LONG") != "" {
		kills, seed = 200, uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 0))
	r := rig(t)
	ends := make(map[tx.Hash]bool)
	for done := 0; done < kills; {
		j := crashJob{Dir: inMemory(t), Chain: r.chain, Again: true, Tell: true}
		for i := range min(3, kills-done) { // on the same store
			points := 700 // from the begin of the download far into the reorganisations
			if i > 0 {
				points = 100 // the download is done, mostly
			}
			j.killAfter(t, dice.IntN(points), time.Duration(dice.IntN(3000))*time.Microsecond)
			ends[r.inspect(t, j.Dir)] = true
			done++
		}
		r.finish(t, j.Dir)
	}
	t.Logf("%d kills left the store at %d different blocks", kills, len(ends))
	if len(ends) < 3 {
		t.Error("the kills hit the same place every time: this test shows nothing")
	}
}
