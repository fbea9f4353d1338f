package chainstate

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

func TestASnapshotIsReadWhileBlocksConnect(t *testing.T) {
	mk := newMaker(t, regtest(t))
	mk.chain("a", "genesis", 40)
	mk.chain("b", "a20", 30)
	r := newRig(t, mk.params, Options{})
	r.quiet = true
	var current atomic.Pointer[Snapshot]
	held := r.published
	current.Store(held)
	held.Acquire()
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() { readSnapshots(t, mk, &current, stop) })
	}
	for _, n := range append(names("a", 40), names("b", 30)...) {
		r.add(mk.get(n), Submission{Requested: true})
		next := r.published
		next.Acquire()
		current.Swap(next).Release()
	}
	close(stop)
	wg.Wait()
	if r.tip() != mk.get("b30").Hash().String()[:8] {
		t.Fatalf("ended at %s", r.tip())
	}
}

func names(prefix string, n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = prefix + itoa(i+1)
	}
	return list
}

// readSnapshots checks that each snapshot has exactly the coinbases of its own
// chain.
func readSnapshots(t *testing.T, mk *maker, current *atomic.Pointer[Snapshot], stop chan struct{}) {
	for {
		select {
		case <-stop:
			return
		default:
		}
		s := current.Load()
		if !s.Acquire() {
			continue
		}
		for _, n := range []string{"a1", "a20", "a21", "a40", "b1", "b30"} {
			b := mk.get(n)
			coin, err := s.Coin(mk.reward(n))
			node := s.Header(b.Hash())
			want := node != nil && s.Contains(node)
			if err != nil || (coin != nil) != want {
				t.Errorf("coin of %s: %v, %v; in the chain: %v", n, coin, err, want)
			}
		}
		s.Tips()
		s.Release()
	}
}

func TestAReleasedSnapshotRefusesToReadCoins(t *testing.T) {
	mk := newMaker(t, regtest(t))
	r := newRig(t, mk.params, Options{})
	old := r.published
	r.addAll(mk.chain("a", "genesis", 1))
	if old.Acquire() {
		t.Fatal("acquired a snapshot that nobody holds any more")
	}
	if _, err := old.Coin(tx.OutPoint{}); !errors.Is(err, ErrReleased) {
		t.Fatalf("read a coin: %v", err)
	}
	if old.Tip().Height() != 0 || old.AtHeight(0) == nil {
		t.Fatal("headers must stay readable")
	}
	if b, err := r.published.Block(r.published.Tip()); err != nil || b.Hash() != mk.get("a1").Hash() {
		t.Fatalf("body of the tip: %v", err)
	}
	if u, err := r.published.Undo(r.published.Tip()); err != nil || len(u.Txs) != 0 {
		t.Fatalf("undo data of the tip: %+v, %v", u, err)
	}
	if r.published.Seq() <= old.Seq() {
		t.Fatal("the sequence did not grow")
	}
	nodes := r.published.Range(0, 10)
	if len(nodes) != 2 || nodes[0].Height() != 0 || nodes[1] != r.published.Tip() || r.published.Range(2, 1) != nil {
		t.Fatalf("range: %v", nodes)
	}
}

func TestInitialDownloadEndsOnceWithARecentTip(t *testing.T) {
	mk := newMaker(t, regtest(t))
	r := newRig(t, mk.params, Options{MaxTipAge: 1000})
	old := mk.block("old", "genesis", blockOption{time: testNow - 1001})
	fresh := mk.block("fresh", "old", blockOption{time: testNow - 500})
	r.add(old, Submission{Requested: true})
	if !r.published.InitialDownload() {
		t.Fatal("over with an old tip")
	}
	r.add(fresh, Submission{Requested: true})
	if r.published.InitialDownload() {
		t.Fatal("not over with a fresh tip")
	}
	r.now += 100_000
	r.m.Tick(r.now)
	r.run()
	if r.published.InitialDownload() {
		t.Fatal("it began again")
	}
	r.crash()
	if !r.published.InitialDownload() {
		t.Fatal("a restart with an old tip is a download")
	}
	r.now = testNow
	r.m.Tick(r.now)
	r.run()
	if r.published.InitialDownload() {
		t.Fatal("a tick does not notice that the tip is recent")
	}
}

func TestInitialDownloadEndsWithTheTipWhoseCoinsComeWithTheCommit(t *testing.T) {
	p := regtest(t)
	mk := newMaker(t, p)
	r := newRig(t, p, Options{LayerBytes: 1})
	recent := mk.block("recent", "genesis", blockOption{time: testNow - 60})
	r.holdWrites = true
	r.add(recent, Submission{Requested: true})
	if r.tip() != r.name(recent.Hash()) || r.published.HasCoins() || r.published.InitialDownload() {
		t.Errorf("before the commit: tip %s, its coins %v, downloading %v", r.tip(),
			r.published.HasCoins(), r.published.InitialDownload())
	}
	if before := r.m.Stored(); before >= r.published.Seq() {
		t.Errorf("stored up to %d, published %d", before, r.published.Seq())
	}
	r.holdWrites = false
	r.run()
	if !r.published.HasCoins() || r.published.InitialDownload() || r.m.Stored() < r.published.Seq() {
		t.Error("the coins do not come with the commit")
	}
}

func TestInitialDownloadLastsUntilTheMinimumWork(t *testing.T) {
	p := regtest(t, consensus.WithMinimumChainWork(consensus.Work{7}))
	mk := newMaker(t, p)
	r := newRig(t, p, Options{MaxTipAge: 1 << 40})
	for i, b := range mk.chain("a", "genesis", 3) { // two hashes a block, genesis too
		r.add(b, Submission{Requested: true})
		if got, want := r.published.InitialDownload(), i < 2; got != want {
			t.Fatalf("after %d blocks: %v", i+1, got)
		}
	}
	// Unrequested blocks below the minimum are not kept.
	low := mk.block("low", "genesis", blockOption{})
	r.add(low, Submission{})
	if v := r.verdicts[len(r.verdicts)-1]; v.Outcome != Ignored {
		t.Fatalf("a worthless block was %s", v.Outcome)
	}
}

func TestProgressIsEstimatedAsCoreDoes(t *testing.T) {
	p := regtest(t)
	p.TxStats = consensus.TxStats{Time: testNow, Count: 8, PerSecs: 0.5}
	mk := newMaker(t, p)
	r := newRig(t, p, Options{})
	r.addAll(mk.chain("a", "genesis", 3))
	if got := r.published.Progress(testNow); got != 0.5 { // 4 of 8
		t.Fatalf("progress %v", got)
	}
	if got := r.published.Progress(testNow + 16); got != 0.25 { // 4 of 16
		t.Fatalf("progress %v", got)
	}
	p.TxStats.Count = 2
	tip := int64(r.published.Tip().Time())
	if got := r.published.Progress(tip + 24); got != 0.25 { // 4 of 4+12
		t.Fatalf("progress %v", got)
	}
	if got := r.published.Progress(tip - 100); got != 1 {
		t.Fatalf("progress %v", got)
	}
}

func TestDeploymentsAreListedForTheNextBlock(t *testing.T) {
	p := regtest(t, consensus.WithActivationHeight("csv@3"))
	mk := newMaker(t, p)
	r := newRig(t, p, Options{})
	r.addAll(mk.chain("a", "genesis", 150))
	byName := func(at int32) map[string]DeploymentInfo {
		all := map[string]DeploymentInfo{}
		for _, d := range r.published.Deployments(r.published.AtHeight(at)) {
			all[d.Name] = d
		}
		return all
	}
	if d := byName(1)["csv"]; d.Active || !d.Buried || d.Height != 3 {
		t.Fatalf("csv after block 1: %+v", d)
	}
	if d := byName(2)["csv"]; !d.Active {
		t.Fatalf("csv after block 2: %+v", d)
	}
	d := byName(150)["testdummy"]
	if d.Active || d.Height != -1 || d.BIP9.State != consensus.Started || d.BIP9.Since != 144 || d.BIP9.Stats == nil || d.BIP9.Stats.Elapsed != 7 {
		t.Fatalf("testdummy after block 150: %+v %+v", d, d.BIP9)
	}
	if d := byName(150)["taproot"]; !d.Active || d.Height != 0 || d.BIP9.Next != consensus.Active {
		t.Fatalf("taproot: %+v", d)
	}
}

func TestScriptsBelowTheAssumedBlockAreNotRun(t *testing.T) {
	mk := newMaker(t, regtest(t))
	mk.chain("base", "genesis", 101)
	mk.block("c1", "base101", blockOption{txs: []*tx.Tx{spend([]tx.OutPoint{mk.reward("base1")}, 1000, opFalse)}})
	mk.block("c2", "c1", blockOption{txs: []*tx.Tx{spend([]tx.OutPoint{{Hash: mk.get("c1").Txs[1].ID()}}, 900, opTrue)}})
	rest := mk.chain("d", "c2", 2100) // two weeks of work and more
	chain := []*tx.Block{}
	for _, n := range append(names("base", 101), "c1", "c2") {
		chain = append(chain, mk.get(n))
	}
	headers := []tx.Header{}
	for _, b := range append(chain[:103:103], rest...) {
		headers = append(headers, b.Header)
	}
	for _, c := range []struct {
		what   string
		assume tx.Hash
		heads  int
		valid  bool
	}{
		{"assumed", mk.get("d1").Hash(), len(headers), true},
		{"nothing assumed", tx.Hash{}, len(headers), false},
		{"too little work on top", mk.get("d1").Hash(), 200, false},
		{"not an ancestor of the assumed one", mk.get("c1").Hash(), len(headers), false},
	} {
		p := regtest(t, consensus.WithAssumeValid(c.assume))
		r := newRig(t, p, Options{})
		r.quiet = true
		if _, err := r.m.AddHeaders(r.now, headers[:c.heads]); err != nil {
			t.Fatal(err)
		}
		for _, b := range chain {
			r.add(b, Submission{Requested: true})
		}
		if got := !r.m.Index().Get(mk.get("c2").Hash()).Failed(); got != c.valid {
			t.Errorf("%s: valid %v, want %v", c.what, got, c.valid)
		}
	}
}

func TestPruningKeepsWhatIsNeeded(t *testing.T) {
	mk := newMaker(t, regtest(t))
	r := newRig(t, mk.params, Options{})
	r.quiet = true
	r.addAll(mk.chain("a", "genesis", 300))
	r.flush()
	targets := r.m.PruneTargets(1000, 100)
	if len(targets) != 12 || targets[0].Height() != 1 || targets[11].Height() != 12 {
		t.Fatalf("%d targets", len(targets))
	}
	if got := r.m.PruneTargets(1000, 5); len(got) != 5 || got[4].Height() != 5 {
		t.Fatalf("bounded: %d targets", len(got))
	}
	r.m.Prune(targets[:5])
	r.run()
	if r.published.PruneHeight() != 6 || r.published.AtHeight(5).HasBody() || !r.published.AtHeight(6).HasBody() {
		t.Fatalf("pruned up to %d", r.published.PruneHeight())
	}
	if _, err := r.published.Block(r.published.AtHeight(5)); err == nil {
		t.Fatal("a pruned body is still there")
	}
	if err := r.m.Invalidate(mk.get("a4").Hash()); !errors.Is(err, ErrPruned) {
		t.Fatalf("invalidated what cannot be taken back: %v", err)
	}
	r.crash()
	if r.published.Tip().Height() != 300 || r.published.PruneHeight() != 6 {
		t.Fatalf("after a restart: tip %d, pruned up to %d", r.published.Tip().Height(), r.published.PruneHeight())
	}
	// Nobody asked for it: we had it. When asked for, it is stored again.
	r.add(mk.get("a5"), Submission{})
	r.add(mk.get("a5"), Submission{Requested: true})
	if got := r.verdicts[len(r.verdicts)-2:]; got[0].Outcome != Ignored || got[1].Outcome != Connected || !r.published.AtHeight(5).HasBody() {
		t.Fatalf("a pruned block came again: %s, %s", got[0].Outcome, got[1].Outcome)
	}
	if h := r.published.PruneHeight(); h != 6 {
		t.Errorf("a body without undo data came again, and blocks from %d on count as not pruned", h)
	}
	r.flush()
	if got := r.m.PruneTargets(5, 100); len(got) != 1 || !r.m.MayPrune(got[0]) {
		t.Fatalf("a block that came again cannot be pruned again: %d targets", len(got))
	}
}

func TestAReorganisationIntoWhatWasPrunedDoesNotHappen(t *testing.T) {
	mk := newMaker(t, regtest(t))
	r := newRig(t, mk.params, Options{})
	r.quiet = true
	// The branch leaves the chain at a30; only its first blocks are pruned.
	r.addAll(mk.chain("a", "genesis", 30))
	r.addAll(mk.chain("b", "a30", 5))
	mk.chain("c", "a30", 330)
	mk.chain("d", "a20", 345)
	for _, n := range names("c", 330) {
		r.add(mk.get(n), Submission{Requested: true})
	}
	r.flush()
	pruned := r.m.PruneTargets(40, 1000)
	r.m.Prune(pruned)
	r.run()
	if len(pruned) != 40+5 || mustNode(t, r, "b1", mk).HasBody() {
		t.Fatalf("%d blocks pruned", len(pruned))
	}
	// More work, but a20 to a30 cannot be taken back any more.
	for _, n := range names("d", 345) {
		r.add(mk.get(n), Submission{Requested: true})
	}
	if r.err != nil || r.published.Tip().Hash() != mk.get("c330").Hash() {
		t.Fatalf("tip %s (%v)", r.tip(), r.err)
	}
	// Nor is there a way through a pruned branch until its bodies come again;
	// then it is the chain below that is in the way.
	for _, b := range mk.chain("e", "b5", 340) {
		r.add(b, Submission{Requested: true})
	}
	for _, n := range names("b", 5) {
		r.add(mk.get(n), Submission{Requested: true})
	}
	if r.err != nil || r.published.Tip().Hash() != mk.get("c330").Hash() || !r.m.Idle() {
		t.Fatalf("tip %s (%v)", r.tip(), r.err)
	}
	// On top of the tip all goes on.
	for _, b := range mk.chain("f", "c330", 2) {
		r.add(b, Submission{Requested: true})
	}
	if r.published.Tip().Hash() != mk.get("f2").Hash() {
		t.Fatalf("tip %s", r.tip())
	}
}

func mustNode(t *testing.T, r *rig, name string, mk *maker) *Node {
	t.Helper()
	n := r.m.Index().Get(mk.get(name).Hash())
	if n == nil {
		t.Fatalf("block %s is unknown", name)
	}
	return n
}
