package chainstate

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/forge"
	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/tx"
	"pgregory.net/rapid"
)

func TestBatchesCoverEveryInputOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		counts := rapid.SliceOfN(rapid.IntRange(1, 9), 0, 12).Draw(t, "inputs")
		c := &consensus.Connected{Block: &tx.Block{Txs: []*tx.Tx{nil}}, Txs: make([]consensus.ConnectedTx, len(counts)+1)}
		for _, n := range counts {
			c.Block.Txs = append(c.Block.Txs, &tx.Tx{Inputs: make([]tx.Input, n)})
			c.Inputs += n
		}
		size := rapid.IntRange(1, 10).Draw(t, "size")
		type place struct{ tx, input int }
		var got, want []place
		for _, b := range newVerifyJob(1, nil, c, size).Batches() {
			inputs := 0
			for i, part := range b.parts() {
				for in := part.from; in < part.to; in++ {
					got = append(got, place{i, in})
					inputs++
				}
			}
			if inputs != b.Inputs() || inputs < 1 || inputs > size || inputs < size && len(got) != c.Inputs {
				t.Fatalf("a batch of %d inputs (it says %d), want %d", inputs, b.Inputs(), size)
			}
		}
		for i, n := range counts {
			for in := range n {
				want = append(want, place{i + 1, in})
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("verified %v, want %v", got, want)
		}
	})
}

// bigBlock connects a chain up to a block of many payments whose job is held.
func bigBlock(t *testing.T, spoil func([]*tx.Tx)) (*rig, *VerifyJob) {
	t.Helper()
	f, c, blocks := forged(t, "verify", 300)
	r := newRig(t, f.Params(), Options{BatchInputs: 7})
	r.quiet = true
	r.addAll(blocks)
	planned := c.Plan(200)
	txs := forge.SignAll(planned)
	if spoil != nil {
		spoil(txs)
	}
	b := c.Mint(planned, txs)
	r.holdJobs = true
	r.add(b, Submission{Requested: true})
	if len(r.jobs) != 1 {
		t.Fatalf("%d jobs (%+v)", len(r.jobs), r.verdicts[len(r.verdicts)-1])
	}
	return r, r.jobs[0]
}

// runAll runs the batches on four goroutines and returns the first error in
// order.
func runAll(j *VerifyJob, cache *script.SigCache) error {
	batches := j.Batches()
	errs := make([]error, len(batches))
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := w; i < len(batches); i += 4 {
				errs[i] = batches[i].Run(cache)
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func TestBatchesOfOneBlockRunConcurrently(t *testing.T) {
	r, j := bigBlock(t, nil)
	cache := script.NewSigCache(1<<20, [32]byte{1})
	if err := runAll(j, cache); err != nil {
		t.Fatal(err)
	}
	r.m.Verified(j.ID, nil)
	r.run()
	if r.published.Tip() != j.Node || !j.Node.ScriptsValid() {
		t.Fatal("the block is not connected")
	}
}

func TestABadSignatureIsNamedAsCoreNamesIt(t *testing.T) {
	r, j := bigBlock(t, func(txs []*tx.Tx) {
		for i, bad := range txs {
			if bad.HasWitness() && len(bad.Inputs[0].Witness) == 2 {
				in := append([]tx.Input(nil), bad.Inputs...)
				sig := append([]byte(nil), in[0].Witness[0]...)
				sig[20] ^= 1
				in[0].Witness = [][]byte{sig, in[0].Witness[1]}
				txs[i] = tx.New(bad.Version, in, bad.Outputs, bad.LockTime)
				return
			}
		}
		t.Fatal("no P2WPKH input")
	})
	err := runAll(j, nil)
	var rule *consensus.RuleError
	if !errors.As(err, &rule) || !errors.Is(err, consensus.ErrScript) {
		t.Fatalf("got %v", err)
	}
	const want = "mandatory-script-verify-flag-failed (Signature must be zero for failed CHECK(MULTI)SIG operation)"
	const without = "mandatory-script-verify-flag-failed (Script evaluated without error but finished with a false/empty top stack element)"
	if got := rule.Reason(); got != want && got != without {
		t.Fatalf("reason %q", got)
	}
	r.m.Verified(j.ID, err)
	r.run()
	if !j.Node.Failed() || r.published.Tip() != j.Node.Prev() || r.verdicts[len(r.verdicts)-1].Outcome != Refused {
		t.Fatal("the block was not refused")
	}
}

func TestScriptsKnownFromThePoolAreNotRunAgain(t *testing.T) {
	_, j := bigBlock(t, nil)
	cache := script.NewSigCache(1<<20, [32]byte{1})
	// Say of all but one that they are good, then spoil nothing: the run must
	// look at that one alone, which the context shows.
	for i, made := range j.Connected.Block.Txs[1:] {
		if i != 17 {
			cache.RememberScripts(made.WitnessID(), j.Connected.Flags)
		}
	}
	if err := runAll(j, cache); err != nil {
		t.Fatal(err)
	}
	prepared := 0
	for i := range j.contexts {
		if j.contexts[i].Load() != nil {
			prepared++
		}
	}
	if prepared != 1 {
		t.Fatalf("%d transactions were verified, want 1", prepared)
	}
}

func TestABlockTakenBackIsNotVerifiedFurther(t *testing.T) {
	r, j := bigBlock(t, nil)
	if err := r.m.Invalidate(j.Node.Hash()); err != nil {
		t.Fatal(err)
	}
	if err := j.Run(nil); !errors.Is(err, ErrCancelled) {
		t.Fatalf("the job went on: %v", err)
	}
	r.m.Verified(j.ID, nil) // too late: nobody minds
	r.run()
	if r.published.Tip() != j.Node.Prev() || r.err != nil {
		t.Fatalf("tip %s, %v", r.tip(), r.err)
	}
}
