package chainstate

import (
	"errors"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/btcsuite/btcd/blockchain"
	"github.com/btcsuite/btcd/blockchain/fullblocktests"
	"github.com/btcsuite/btcd/chainhash/v2"
	btcwire "github.com/btcsuite/btcd/wire/v2"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/internal/testdata"
	"github.com/troupe-node/troupe/tx"
	"github.com/troupe-node/troupe/tx/msgtx"
)

// btcdRun drives btcd's test instances through a machine. Blocks whose parent
// is unknown, which btcd keeps as orphans, are fed again when it comes.
type btcdRun struct {
	*rig
	t       *testing.T
	orphans map[tx.Hash][]*tx.Block
	gone    []fullblocktests.BlockDisconnectExpectUTXO
	checked int
}

// TestBTCDsFullBlockTestsPass plays all of btcd's block acceptance tests; with
// TROUPE_LONG=1 also the reorganisation of 1,088 blocks.
func TestBTCDsFullBlockTestsPass(t *testing.T) {
	groups, err := fullblocktests.Generate(os.Getenv("TROUPE_LONG") != "")
	if err != nil {
		t.Fatal(err)
	}
	r := &btcdRun{rig: newRig(t, regtest(t), Options{StepCoins: 1}), t: t, orphans: map[tx.Hash][]*tx.Block{}}
	r.quiet = true
	r.now = time.Now().Unix() // the blocks' times are the clock's
	r.onStep = r.checkGone
	items := 0
	for _, group := range groups {
		for _, item := range group {
			items++
			r.play(item)
		}
	}
	if r.checked != len(r.gone) || len(r.gone) == 0 {
		t.Errorf("%d of %d expectations about taken back blocks were met", r.checked, len(r.gone))
	}
	t.Logf("%d groups, %d items, ended at height %d", len(groups), items, r.published.Tip().Height())
}

func (r *btcdRun) play(item fullblocktests.TestInstance) {
	switch it := item.(type) {
	case fullblocktests.AcceptedBlock:
		r.accepted(it)
	case fullblocktests.RejectedBlock:
		r.refused(it)
	case fullblocktests.RejectedNonCanonicalBlock:
		if _, err := tx.ParseBlock(it.RawBlock); err == nil {
			r.t.Errorf("%s: parsed though it is not canonical", it.Name)
		}
	case fullblocktests.OrphanOrRejectedBlock:
		if v := r.feed(it.Block); v.Outcome != Refused && v.Outcome != AwaitingParent {
			r.t.Errorf("%s: %s, want an orphan or refused", it.Name, v.Outcome)
		}
	case fullblocktests.ExpectedTip:
		if r.published.Tip().Hash() != tx.Hash(it.Block.BlockHash()) || r.published.Tip().Height() != it.Height {
			r.t.Fatalf("%s should be the tip at %d, it is %s at %d", it.Name, it.Height, r.tip(), r.published.Tip().Height())
		}
	case fullblocktests.BlockDisconnectExpectUTXO:
		r.gone = append(r.gone, it)
	default:
		r.t.Fatalf("unknown instance %T", item)
	}
}

func (r *btcdRun) feed(msg *btcwire.MsgBlock) Verdict {
	r.t.Helper()
	b, err := msgtx.ToBlock(msg)
	if err != nil {
		r.t.Fatal(err)
	}
	r.verdicts = nil
	return r.feedBlock(b)
}

func (r *btcdRun) feedBlock(b *tx.Block) Verdict {
	r.t.Helper()
	before := len(r.verdicts)
	r.add(b, Submission{Requested: true})
	v := Verdict{}
	for _, seen := range r.verdicts[before:] {
		if seen.Hash == b.Hash() && !seen.Late {
			v = seen
		}
	}
	if r.err != nil || v.Outcome == Undecided {
		r.t.Fatalf("no verdict about %s (%v)", b.Hash(), r.err)
	}
	switch {
	case errors.Is(v.Err, consensus.ErrPrevNotFound):
		r.orphans[b.Header.Prev] = append(r.orphans[b.Header.Prev], b)
	case v.Outcome != Refused:
		children := r.orphans[b.Hash()]
		delete(r.orphans, b.Hash())
		for _, c := range children {
			r.feedBlock(c)
		}
	}
	return v
}

func (r *btcdRun) accepted(it fullblocktests.AcceptedBlock) {
	r.t.Helper()
	v := r.feed(it.Block)
	orphan := errors.Is(v.Err, consensus.ErrPrevNotFound)
	if v.Outcome == Refused && !orphan || orphan != it.IsOrphan {
		r.t.Fatalf("%s at %d: %s %v, want it accepted (orphan: %v)", it.Name, it.Height, v.Outcome, v.Err, it.IsOrphan)
	}
	n := r.m.Index().Get(tx.Hash(it.Block.BlockHash()))
	if !it.IsOrphan && r.published.Contains(n) != it.IsMainChain {
		r.t.Fatalf("%s at %d: in the best chain: %v, want %v", it.Name, it.Height, !it.IsMainChain, it.IsMainChain)
	}
}

// refused expects a refusal for the reason given: of the block itself, of the
// ancestor on its branch that is to blame, or of an orphan that it adopts.
// btcd reports all three as the block's own.
func (r *btcdRun) refused(it fullblocktests.RejectedBlock) {
	r.t.Helper()
	if v := r.feed(it.Block); v.Outcome == SideBranch && it.RejectCode == blockchain.ErrDuplicateTx {
		// Core looks for that only when it connects the block: make it try.
		if err := r.m.Precious(v.Hash); err != nil {
			r.t.Fatal(err)
		}
		r.run()
	}
	kinds := testdata.RejectReasons[it.RejectCode.String()]
	for _, v := range r.verdicts {
		if slices.ContainsFunc(kinds, func(k string) bool { return errors.Is(v.Err, consensus.Kind(k)) }) {
			return
		}
	}
	r.t.Errorf("%s at %d: %+v, want a refusal for one of %q", it.Name, it.Height, r.verdicts, kinds)
}

// checkGone looks at the coins while a block is taken back.
func (r *btcdRun) checkGone() {
	if !r.m.reorganising() {
		return
	}
	last := r.m.steps[len(r.m.steps)-1]
	for _, g := range r.gone[r.checked:] {
		if last.connect || last.node.Hash() != tx.Hash(g.BlockHash) {
			continue
		}
		r.checked++
		coin, err := r.m.overlay.Coin(outPoint(g.OutPoint.Hash, g.OutPoint.Index))
		if err != nil || (coin != nil) != g.Expected {
			r.t.Errorf("%s after taking back %s: %v (%v), want there: %v", g.Name, g.BlockHash, coin, err, g.Expected)
		}
	}
}

func outPoint(h chainhash.Hash, i uint32) tx.OutPoint { return tx.OutPoint{Hash: tx.Hash(h), Index: i} }
