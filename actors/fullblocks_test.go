package actors

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/blockchain"
	"github.com/btcsuite/btcd/blockchain/fullblocktests"
	btcwire "github.com/btcsuite/btcd/wire/v2"

	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/chainstate"
	"github.com/troupe-node/troupe/config"
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/internal/testdata"
	"github.com/troupe-node/troupe/logs"
	"github.com/troupe-node/troupe/tx"
	"github.com/troupe-node/troupe/tx/msgtx"
)

// fullBlocks feeds btcd's test instances to the chain actor of a whole node.
// Blocks whose parent is unknown, which btcd keeps as orphans, are fed again
// when it comes.
type fullBlocks struct {
	t       *testing.T
	n       *Node
	log     *bufio.Reader // where the node writes which blocks it refused, and why
	orphans map[tx.Hash][]*tx.Block
}

// TestBTCDsFullBlockTestsPassThroughTheChainActor plays all of btcd's block
// acceptance tests; with TROUPE_LONG=1 also the reorganisation of 1,088 blocks.
func TestBTCDsFullBlockTestsPassThroughTheChainActor(t *testing.T) {
	groups, err := fullblocktests.Generate(os.Getenv("TROUPE_LONG") != "")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "log")
	log, err := logs.Open(&config.Logs{File: path, Format: config.FormatJSON, MaxFileBytes: 1 << 30}, nil)
	if err != nil {
		t.Fatal(err)
	}
	f := &fullBlocks{t: t, n: testNodeLogging(t, log), orphans: map[tx.Hash][]*tx.Block{}}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	f.log = bufio.NewReader(file)
	items := 0
	for _, group := range groups {
		for _, item := range group {
			items++
			f.play(item)
		}
	}
	t.Logf("%d groups, %d items, ended at height %d", len(groups), items, f.n.Board.Tip().Tip().Height())
}

func (f *fullBlocks) play(item fullblocktests.TestInstance) {
	switch it := item.(type) {
	case fullblocktests.AcceptedBlock:
		f.accepted(it)
	case fullblocktests.RejectedBlock:
		f.refused(it)
	case fullblocktests.RejectedNonCanonicalBlock:
		if _, err := tx.ParseBlock(it.RawBlock); err == nil {
			f.t.Errorf("%s: parsed though it is not canonical", it.Name)
		}
	case fullblocktests.OrphanOrRejectedBlock:
		if v := f.feed(it.Block); v.Outcome != chainstate.Refused && v.Outcome != chainstate.AwaitingParent {
			f.t.Errorf("%s: %s, want an orphan or refused", it.Name, v.Outcome)
		}
	case fullblocktests.ExpectedTip:
		if at := f.n.Board.Tip().Tip(); at.Hash() != tx.Hash(it.Block.BlockHash()) || at.Height() != it.Height {
			f.t.Fatalf("%s should be the tip at %d, it is %s at %d", it.Name, it.Height, at.Hash(), at.Height())
		}
	case fullblocktests.BlockDisconnectExpectUTXO:
		// What the coins are like in the middle of a reorganisation is never
		// published; package chainstate looks there.
	default:
		f.t.Fatalf("unknown instance %T", item)
	}
}

func (f *fullBlocks) feed(m *btcwire.MsgBlock) chainstate.Verdict {
	f.t.Helper()
	b, err := msgtx.ToBlock(m)
	if err != nil {
		f.t.Fatal(err)
	}
	return f.feedBlock(b)
}

func (f *fullBlocks) feedBlock(b *tx.Block) chainstate.Verdict {
	f.t.Helper()
	v := ask[*msg.BlockVerdict](f.t, f.n, f.n.Cast.Chain(), &msg.AddBlock{Block: b, Requested: true}).Verdict
	switch {
	case errors.Is(v.Err, consensus.ErrPrevNotFound):
		f.orphans[b.Header.Prev] = append(f.orphans[b.Header.Prev], b)
	case v.Outcome != chainstate.Refused:
		children := f.orphans[b.Hash()]
		delete(f.orphans, b.Hash())
		for _, c := range children {
			f.feedBlock(c)
		}
	}
	return v
}

func (f *fullBlocks) accepted(it fullblocktests.AcceptedBlock) {
	f.t.Helper()
	v := f.feed(it.Block)
	orphan := errors.Is(v.Err, consensus.ErrPrevNotFound)
	if v.Outcome == chainstate.Refused && !orphan || orphan != it.IsOrphan {
		f.t.Fatalf("%s at %d: %s %v, want it accepted (orphan: %v)", it.Name, it.Height, v.Outcome, v.Err, it.IsOrphan)
	}
	node := f.n.Board.Index.Get(tx.Hash(it.Block.BlockHash()))
	if !it.IsOrphan && f.n.Board.Tip().Contains(node) != it.IsMainChain {
		f.t.Fatalf("%s at %d: in the best chain: %v, want %v", it.Name, it.Height, !it.IsMainChain, it.IsMainChain)
	}
}

// refused expects a refusal for the reason given: of the block itself, of the
// ancestor on its branch that is to blame, or of an orphan that it adopts.
// btcd reports all three as the block's own; the log has each.
func (f *fullBlocks) refused(it fullblocktests.RejectedBlock) {
	f.t.Helper()
	f.reasons()
	if v := f.feed(it.Block); v.Outcome == chainstate.SideBranch && it.RejectCode == blockchain.ErrDuplicateTx {
		// Core looks for that only when it connects the block: make it try.
		ask[*msg.Done](f.t, f.n, f.n.Cast.Chain(), &msg.ChainCommand{What: msg.PreciousBlock, Hash: v.Hash})
	}
	want, got := testdata.RejectReasons[it.RejectCode.String()], f.reasons()
	for _, reason := range got {
		if slices.ContainsFunc(want, func(w string) bool { return reason == w || strings.HasPrefix(reason, w+",") }) {
			return
		}
	}
	f.t.Errorf("%s at %d: refused for %q, want one of %q", it.Name, it.Height, got, want)
}

// reasons reads the refusals that were logged since the last call.
func (f *fullBlocks) reasons() (list []string) {
	f.t.Helper()
	for {
		line, err := f.log.ReadBytes('\n')
		if err != nil {
			return list
		}
		var event struct{ Evt, Reason string }
		if err := json.Unmarshal(line, &event); err != nil {
			f.t.Fatalf("%v: %s", err, line)
		}
		if event.Evt == logs.BlockRefused.Name() {
			list = append(list, event.Reason)
		}
	}
}
