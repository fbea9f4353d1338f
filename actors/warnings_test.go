package actors

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/troupe-node/troupe/actors/msg"
	"github.com/troupe-node/troupe/forge"
	"github.com/troupe-node/troupe/tx"
)

const disagree = "Warning: We do not appear to fully agree with our peers! You may need to upgrade, or other nodes may need to upgrade."

// alertFile is where the command of -alertnotify of a test node writes.
func alertFile(t *testing.T) (path, option string) {
	path = filepath.Join(t.TempDir(), "alerts")
	return path, "-alertnotify=echo %s >> " + path
}

func alerts(path string) string {
	raw, _ := os.ReadFile(path)
	return string(raw)
}

// Signals begin in the second window of 144, and the rules are active two later.
func TestRulesThatWeDoNotKnowAreAWarningAndAnAlertOnce(t *testing.T) {
	path, option := alertFile(t)
	n := testNode(t, option, "-blockversion=671088640") // 0x28000000: bit 27
	mint(t, n, 3*144-2)
	if w := n.Board.Warnings(); len(w) != 0 {
		t.Fatalf("warned before the rules are active: %q", w)
	}
	mint(t, n, 1)
	const text = "Unknown new rules activated (versionbit 27)"
	waitFor(t, "the warning", func() bool { return slices.Equal(n.Board.Warnings(), []string{text}) })
	waitFor(t, "the alert", func() bool { return alerts(path) == text+"\n" })
	mint(t, n, 5)
	if w, a := n.Board.Warnings(), alerts(path); len(w) != 1 || a != text+"\n" {
		t.Errorf("five blocks later %q stands and %q was alerted", w, a)
	}
}

func TestAnInvalidBranchWithMuchMoreWorkIsAWarningWhileItIsAhead(t *testing.T) {
	path, option := alertFile(t)
	n := testNode(t, option)
	blocks := mint(t, n, 9)
	order := func(what msg.ChainOrder, height int32) {
		ask[*msg.Done](t, n, n.Cast.Chain(), &msg.ChainCommand{What: what, Hash: blocks[height-1].Hash()})
	}
	order(msg.InvalidateBlock, 4)
	if n.Board.Tip().OutworkedBy(6) != nil {
		t.Error("six blocks more than ours are much more")
	}
	order(msg.InvalidateBlock, 3)
	waitFor(t, "the warning", func() bool { return slices.Equal(n.Board.Warnings(), []string{disagree}) })
	waitFor(t, "the alert", func() bool { return alerts(path) == strings.ReplaceAll(disagree, "!", "")+"\n" })
	order(msg.ReconsiderBlock, 3)
	waitFor(t, "its end", func() bool { return len(n.Board.Warnings()) == 0 })
}

// Others go on without us, and our tip need not move again.
func TestABranchThatTurnsOutInvalidIsAWarningThoughOurTipStays(t *testing.T) {
	n := testNode(t)
	mint(t, n, 2)
	f, err := forge.New("greedy", n.Params)
	if err != nil {
		t.Fatal(err)
	}
	var headers []tx.Header
	var bodies []*tx.Block
	prev, at := n.Params.GenesisHash, n.Params.Genesis.Header.Time
	for h := int32(1); h <= 12; h++ {
		at += 600
		b := f.Block(prev, h, at, nil, forge.BlockOptions{Fees: 1}) // that nobody paid
		headers, bodies, prev = append(headers, b.Header), append(bodies, b), b.Hash()
	}
	if a := ask[*msg.HeadersAdded](t, n, n.Cast.Chain(), &msg.AddHeaders{Headers: headers}); a.Err != nil {
		t.Fatal(a.Err)
	}
	old := tip(n)
	for _, b := range bodies[:3] { // with the third the branch has more work than our chain
		ask[*msg.BlockVerdict](t, n, n.Cast.Chain(), &msg.AddBlock{Block: b, Requested: true})
	}
	waitFor(t, "the warning", func() bool { return slices.Equal(n.Board.Warnings(), []string{disagree}) })
	if tip(n) != old {
		t.Errorf("the tip moved to %s", tip(n))
	}
}
