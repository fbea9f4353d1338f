package consensus_test

import (
	"errors"
	"math"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/btcsuite/btcd/blockchain"
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/tx"
	"github.com/troupe-node/troupe/tx/msgtx"
)

// btcdKinds are the kinds that may stand for one of btcd's codes.
var btcdKinds = map[blockchain.ErrorCode][]consensus.Kind{
	blockchain.ErrNoTxInputs:                {consensus.ErrNoInputs},
	blockchain.ErrNoTxOutputs:               {consensus.ErrNoOutputs},
	blockchain.ErrTxTooBig:                  {consensus.ErrTxOversize},
	blockchain.ErrBadTxOutValue:             {consensus.ErrValueNegative, consensus.ErrValueTooLarge, consensus.ErrTotalTooLarge},
	blockchain.ErrDuplicateTxInputs:         {consensus.ErrDuplicateInputs},
	blockchain.ErrBadCoinbaseScriptLen:      {consensus.ErrCoinbaseLength},
	blockchain.ErrBadTxInput:                {consensus.ErrPrevOutNull},
	blockchain.ErrUnexpectedWitness:         {consensus.ErrUnexpectedWitness},
	blockchain.ErrInvalidWitnessCommitment:  {consensus.ErrWitnessNonceSize},
	blockchain.ErrWitnessCommitmentMismatch: {consensus.ErrWitnessMerkle},
	blockchain.ErrUnexpectedDifficulty:      {consensus.ErrBadDiffBits},
	blockchain.ErrTimeTooOld:                {consensus.ErrTimeTooOld},
	blockchain.ErrTimewarpAttack:            {consensus.ErrTimeTimewarp},
	blockchain.ErrBlockVersionTooOld:        {consensus.ErrBadVersion},
}

// sameVerdict compares acceptance and, where both refuse, the rule.
func sameVerdict(t *testing.T, what string, ours, theirs error) {
	t.Helper()
	if (ours == nil) != (theirs == nil) {
		t.Errorf("%s: we say %v, btcd says %v", what, ours, theirs)
		return
	}
	var rule blockchain.RuleError
	if theirs == nil || !errors.As(theirs, &rule) {
		return
	}
	kinds, ok := btcdKinds[rule.ErrorCode]
	if !ok || !slices.ContainsFunc(kinds, func(k consensus.Kind) bool { return errors.Is(ours, k) }) {
		t.Errorf("%s: we say %v, btcd says %v (%v)", what, ours, theirs, rule.ErrorCode)
	}
}

// btcdTx is nil for a transaction that btcsuite cannot decode.
func btcdTx(t *tx.Tx) *btcutil.Tx {
	m, err := msgtx.FromTx(t)
	if err != nil {
		return nil
	}
	return btcutil.NewTx(m)
}

func btcdBlock(t *testing.T, b *tx.Block) *btcutil.Block {
	t.Helper()
	m, err := msgtx.FromBlock(b)
	if err != nil {
		return nil
	}
	return btcutil.NewBlock(m)
}

func checkTransactionSanity(t *testing.T, b []byte) {
	d := &dice{b}
	ours := d.transaction()
	theirs := btcdTx(ours)
	if theirs == nil {
		return
	}
	sameVerdict(t, "transaction", consensus.CheckTransaction(ours), blockchain.CheckTransactionSanity(theirs))
}

func TestTransactionSanityAgreesWithBtcd(t *testing.T) { differential(t, 400, checkTransactionSanity) }
func FuzzTransactionSanity(f *testing.F)               { fuzz(f, 400, checkTransactionSanity) }

// rawTransaction compares on whatever decodes on both sides.
func FuzzRawTransactionSanity(f *testing.F) {
	seed := spend(5, manyOutpoints(3)...)
	f.Add(seed.Bytes())
	f.Add(withWitness(seed, []byte{1, 2}, nil).Bytes())
	f.Add(coinbase(500, 7).Bytes())
	f.Fuzz(func(t *testing.T, raw []byte) {
		ours, err := tx.Parse(raw)
		if err != nil {
			return
		}
		if theirs := btcdTx(ours); theirs != nil {
			sameVerdict(t, "transaction", consensus.CheckTransaction(ours), blockchain.CheckTransactionSanity(theirs))
		}
	})
}

func checkBlockSanity(t *testing.T, b []byte) {
	d := &dice{b}
	p, err := consensus.ParamsFor("regtest")
	if err != nil {
		t.Fatal(err)
	}
	txs := []*tx.Tx{coinbase(int32(d.u32()&0xffffff), 5)}
	if d.one(16) {
		txs = nil
	}
	for range d.below(6) {
		txs = append(txs, d.likely())
	}
	if d.one(4) {
		txs = append(txs, d.transaction())
	}
	if d.one(8) && len(txs) > 1 {
		txs = append(txs, txs[1+d.below(len(txs)-1)]) // a duplicate
	}
	if d.one(8) {
		txs = append(txs, tx.New(2, []tx.Input{{PrevOut: tx.OutPoint{Hash: txid(1)}}},
			[]tx.Output{{PkScript: slices.Repeat([]byte{0xac}, 19_990+d.below(20))}}, 0))
	}
	h := tx.Header{Version: 4, Time: 1_600_000_000 + d.u32()%1_000_000, Bits: 0x207fffff}
	h.MerkleRoot, _ = tx.MerkleRoot(idsOf(txs))
	if d.one(16) {
		h.MerkleRoot[3]++
	}
	if !d.one(16) {
		for consensus.CheckHeader(&h, h.Hash(), p) != nil {
			h.Nonce++
		}
	}
	ours := tx.NewBlock(h, txs)
	theirs := btcdBlock(t, ours)
	if theirs == nil {
		return
	}
	err = consensus.CheckBlock(ours, p)
	btcdErr := blockchain.CheckBlockSanity(theirs, chaincfg.RegressionNetParams.PowLimit, blockchain.NewMedianTime())
	var rule blockchain.RuleError
	if err == nil && errors.As(btcdErr, &rule) && rule.ErrorCode == blockchain.ErrDuplicateTx {
		return // btcd refuses every repetition here; Core when it finds the inputs spent
	}
	if (err == nil) != (btcdErr == nil) {
		t.Errorf("block: we say %v, btcd says %v", err, btcdErr)
	}
}

func TestBlockSanityAgreesWithBtcd(t *testing.T) { differential(t, 700, checkBlockSanity) }
func FuzzBlockSanity(f *testing.F)               { fuzz(f, 700, checkBlockSanity) }

func checkSigOpCost(t *testing.T, b []byte) {
	d := &dice{b}
	ins := make([]tx.Input, 1+d.below(4))
	coins := make([]consensus.Coin, len(ins))
	view := blockchain.NewUtxoViewpoint()
	for i := range ins {
		redeem := d.script()
		sig := append([]byte{byte(len(redeem))}, redeem...)
		if len(redeem) > 75 {
			sig = append([]byte{0x4c}, sig...)
		}
		if d.one(4) {
			sig = append(d.script(), sig...)
		}
		ins[i] = tx.Input{PrevOut: tx.OutPoint{Hash: txid(3), Index: uint32(i)}, ScriptSig: sig}
		for range d.below(3) {
			ins[i].Witness = append(ins[i].Witness, d.script())
		}
		coins[i].Output = tx.Output{Value: 1, PkScript: d.script()}
		op := wire.OutPoint{Hash: chainhash.Hash(txid(3)), Index: uint32(i)}
		view.Entries()[op] = blockchain.NewUtxoEntry(&wire.TxOut{Value: 1, PkScript: coins[i].Output.PkScript}, 1, false)
	}
	ours := tx.New(2, ins, []tx.Output{{PkScript: d.script()}}, 0)
	theirs := btcdTx(ours)
	if theirs == nil {
		return
	}
	for flags, segwit := range map[script.Flags]bool{script.VerifyP2SH: false, script.VerifyP2SH | script.VerifyWitness: true} {
		want, err := blockchain.GetSigOpCost(theirs, false, view, true, segwit)
		if err != nil {
			t.Fatal(err)
		}
		if got := consensus.SigOpCost(ours, coins, flags); got != want {
			t.Errorf("sigop cost under %v is %d, in btcd %d", flags, got, want)
		}
	}
	if got, want := consensus.LegacySigOps(ours), blockchain.CountSigOps(theirs); got != want {
		t.Errorf("%d legacy sigops, in btcd %d", got, want)
	}
}

func TestSigOpCostAgreesWithBtcd(t *testing.T) { differential(t, 400, checkSigOpCost) }
func FuzzSigOpCost(f *testing.F)               { fuzz(f, 400, checkSigOpCost) }

func checkMerkleAndCommitment(t *testing.T, b []byte) {
	d := &dice{b}
	p, err := consensus.ParamsFor("regtest", consensus.WithActivationHeight("bip34@1000"), consensus.WithActivationHeight("csv@1000"))
	if err != nil {
		t.Fatal(err)
	}
	var others []*tx.Tx
	for range d.below(20) {
		others = append(others, d.likely())
	}
	outs := []tx.Output{{Value: 1, PkScript: d.script()}}
	reserved := [32]byte(d.bytes(32))
	if !d.one(6) {
		s := consensus.WitnessCommitmentScript(append([]*tx.Tx{nil}, others...), reserved)
		if d.one(6) {
			s[d.below(len(s))] ^= 1
		}
		if d.one(6) {
			s = append(s, d.bytes(d.below(4))...)
		}
		outs = append(outs, tx.Output{PkScript: s})
	}
	if d.one(6) {
		outs = append(outs, tx.Output{PkScript: append([]byte{0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed}, d.bytes(30+d.below(4))...)})
	}
	witness := [][]byte{reserved[:]}
	switch d.below(8) {
	case 0:
		witness = nil
	case 1:
		witness = append(witness, nil)
	case 2:
		witness[0] = witness[0][:31]
	}
	txs := append([]*tx.Tx{coinbaseWith(d.bytes(2), witness, outs)}, others...)
	h := tx.Header{Version: 4}
	root, _ := tx.MerkleRoot(idsOf(txs))
	h.MerkleRoot = root
	ours := tx.NewBlock(h, txs)
	theirs := btcdBlock(t, ours)
	if got := blockchain.CalcMerkleRoot(theirs.Transactions(), false); tx.Hash(got) != root {
		t.Errorf("merkle root of %d is %s, in btcd %s", len(txs), root, got)
	}
	if got := blockchain.CalcMerkleRoot(theirs.Transactions(), true); tx.Hash(got) != tx.WitnessMerkleRoot(txs) {
		t.Errorf("witness merkle root of %d is %s, in btcd %s", len(txs), tx.WitnessMerkleRoot(txs), got)
	}
	sameVerdict(t, "commitment", consensus.CheckBlockContext(ours, nil, p), blockchain.ValidateWitnessCommitment(theirs))
}

func TestMerkleRootAndCommitmentAgreeWithBtcd(t *testing.T) {
	differential(t, 900, checkMerkleAndCommitment)
}
func FuzzMerkleAndCommitment(f *testing.F) { fuzz(f, 900, checkMerkleAndCommitment) }

func checkTargets(t *testing.T, b []byte) {
	d := &dice{b}
	bits := d.u32()
	if d.one(2) { // an exponent near where things matter
		bits = bits&0x00ffffff | uint32(d.below(38))<<24
	}
	target, negative, overflow := consensus.TargetFromBits(bits)
	want := blockchain.CompactToBig(bits)
	if (want.Sign() < 0) != negative {
		t.Errorf("%08x is negative: %v, in btcd %x", bits, negative, want)
	}
	if wide := want.BitLen() > 256; wide != overflow {
		t.Errorf("%08x overflows: %v, in btcd %x", bits, overflow, want)
	}
	if overflow {
		return // btcd's numbers have no end: Core refuses such bits
	}
	if toBig(target).CmpAbs(want) != 0 {
		t.Errorf("%08x is %s, in btcd %x", bits, target, want)
	}
	if got, want := target.Compact(), blockchain.BigToCompact(toBig(target)); got != want {
		t.Errorf("%s is %08x, in btcd %08x", target, got, want)
	}
	if got, want := toBig(consensus.BlockWork(bits)), blockchain.CalcWork(bits); got.Cmp(want) != 0 {
		t.Errorf("work of %08x is %x, in btcd %x", bits, got, want)
	}
	x := consensus.Uint256FromHash((*tx.Hash)(d.bytes(32)))
	x = x.Rsh(uint(d.byte()))
	if got, want := x.Compact(), blockchain.BigToCompact(toBig(x)); got != want {
		t.Errorf("%s is %08x, in btcd %08x", x, got, want)
	}
}

func TestTargetsAgreeWithBtcd(t *testing.T) { differential(t, 40, checkTargets) }
func FuzzTargets(f *testing.F)              { fuzz(f, 40, checkTargets) }

// btcdNode is a node as btcd's header checks want it.
type btcdNode struct{ *node }

func (n btcdNode) Timestamp() int64 { return int64(n.Time()) }
func (n btcdNode) Parent() blockchain.HeaderCtx {
	return n.RelativeAncestorCtx(1)
}
func (n btcdNode) RelativeAncestorCtx(distance int32) blockchain.HeaderCtx {
	a := n.Ancestor(n.Height() - distance)
	if a == nil {
		return nil
	}
	return btcdNode{a.(*node)}
}

// btcdChain are parameters with a short period and no checkpoints.
type btcdChain struct{ p *chaincfg.Params }

func (c btcdChain) ChainParams() *chaincfg.Params { return c.p }
func (c btcdChain) BlocksPerRetarget() int32 {
	return int32(c.p.TargetTimespan / c.p.TargetTimePerBlock)
}
func (c btcdChain) MinRetargetTimespan() int64                            { return int64(c.p.TargetTimespan/time.Second) / 4 }
func (c btcdChain) MaxRetargetTimespan() int64                            { return int64(c.p.TargetTimespan/time.Second) * 4 }
func (c btcdChain) VerifyCheckpoint(int32, *chainhash.Hash) bool          { return true }
func (c btcdChain) FindPreviousCheckpoint() (blockchain.HeaderCtx, error) { return nil, nil }

// headerChains are each chain twice, with periods of twelve blocks.
var headerChains = []struct {
	name string
	btcd *chaincfg.Params
}{
	{"main", &chaincfg.MainNetParams}, {"test", &chaincfg.TestNet3Params}, {"testnet4", &chaincfg.TestNet4Params},
}

func checkHeaderContext(t *testing.T, b []byte) {
	d := &dice{b}
	chain := headerChains[d.below(len(headerChains))]
	p, err := consensus.ParamsFor(chain.name)
	if err != nil {
		t.Fatal(err)
	}
	p.TargetTimespan = 12 * p.TargetSpacing
	short := *chain.btcd
	short.TargetTimespan = 12 * short.TargetTimePerBlock
	if d.one(2) { // let the versions matter; main net's heights are far away
		short.BIP0034Height, short.BIP0066Height, short.BIP0065Height = p.ActivationHeight(consensus.HeightInCoinbase),
			p.ActivationHeight(consensus.DERSig), p.ActivationHeight(consensus.CLTV)
	}
	var c chainBuilder
	h := p.Genesis.Header
	h.Bits = []uint32{0x1d00ffff, 0x1c05a3f4, 0x1b0404cb, 0x1d00d86a}[d.below(4)]
	c.add(h)
	for range 1 + d.below(40) {
		h.Time += uint32(d.below(20)) * 150
		if d.one(6) {
			h.Time -= uint32(d.below(9)) * 300
		}
		h.Bits = consensus.NextWorkRequired(c.tip(), h.Time, p)
		if d.one(24) {
			h.Bits = p.PowLimit.Compact()
		}
		h.Version = int32(1 + d.below(5))
		ours := h
		prev := c.tip()
		ours.Prev = prev.hash
		theirs := wire.BlockHeader{Version: ours.Version, PrevBlock: chainhash.Hash(ours.Prev),
			Timestamp: time.Unix(int64(ours.Time), 0), Bits: ours.Bits}
		sameVerdict(t, chain.name, consensus.CheckHeaderContext(&ours, prev, math.MaxInt32, p),
			blockchain.CheckBlockHeaderContext(&theirs, btcdNode{prev}, blockchain.BFNone, btcdChain{&short}, true))
		if got, want := consensus.MedianTimePast(prev), blockchain.CalcPastMedianTime(btcdNode{prev}).Unix(); got != want {
			t.Errorf("median time past is %d, in btcd %d", got, want)
		}
		c.add(ours) // good or not: more to build on
	}
}

func TestHeaderContextAgreesWithBtcd(t *testing.T) { differential(t, 250, checkHeaderContext) }
func FuzzHeaderContext(f *testing.F)               { fuzz(f, 250, checkHeaderContext) }

func checkSubsidyAndLocks(t *testing.T, b []byte) {
	d := &dice{b}
	p, err := consensus.ParamsFor("main")
	if err != nil {
		t.Fatal(err)
	}
	height := int32(d.u32() & math.MaxInt32)
	if d.one(2) {
		height %= 20_000_000
	}
	if got, want := consensus.Subsidy(height, p), blockchain.CalcBlockSubsidy(height, &chaincfg.MainNetParams); got != want {
		t.Errorf("subsidy at %d is %d, in btcd %d", height, got, want)
	}
	lock, at := d.u32(), d.u32()
	if d.one(2) {
		lock = uint32(int64(height) + int64(d.below(3)) - 1)
	}
	if d.one(2) {
		at = lock + uint32(d.below(3)) - 1
	}
	spend := tx.New(2, []tx.Input{{Sequence: math.MaxUint32 - uint32(d.below(2))}}, []tx.Output{{}}, lock)
	want := blockchain.IsFinalizedTransaction(btcdTx(spend), height, time.Unix(int64(at), 0))
	if got := consensus.IsFinal(spend, height, int64(at)); got != want {
		t.Errorf("locked until %d, at height %d and time %d: final %v, in btcd %v", lock, height, at, got, want)
	}
	target := consensus.Uint256FromHash((*tx.Hash)(d.bytes(32)))
	if blockchain.HashToBig((*chainhash.Hash)(hashBytes(target))).Cmp(new(big.Int).Set(toBig(target))) != 0 {
		t.Errorf("hash %s is another number in btcd", target)
	}
}

func hashBytes(x consensus.Uint256) *[32]byte {
	h := [32]byte(hashOf(x))
	return &h
}

func TestSubsidyAndLockTimesAgreeWithBtcd(t *testing.T) { differential(t, 60, checkSubsidyAndLocks) }
func FuzzSubsidyAndLockTimes(f *testing.F)              { fuzz(f, 60, checkSubsidyAndLocks) }
