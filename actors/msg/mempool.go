package msg

import (
	"github.com/troupe-node/troupe/actors/kit"
	"github.com/troupe-node/troupe/mempool"
	"github.com/troupe-node/troupe/mempool/estimate"
	"github.com/troupe-node/troupe/tx"
	"github.com/troupe-node/troupe/wire"
)

// TxsAnnounced says that a peer has transactions by these ids (inv).
// Sender: conn. Answer: *Done, when what we want of them has been asked for or is
// scheduled to be.
type TxsAnnounced struct {
	Peer *Peer
	List []wire.InvVect
}

// Size is what the list takes.
func (m *TxsAnnounced) Size() int { return 64 + 36*len(m.List) }

// TxsNotFound says that a peer does not have transactions it was asked for.
// Sender: conn.
type TxsNotFound struct {
	Peer *Peer
	List []wire.InvVect
}

// TxArrived gives txfetch a transaction from a peer. Sender: conn.
// Answer: *Done, when it is in the pool, an orphan, refused or shed.
type TxArrived struct {
	Peer   *Peer
	Tx     *tx.Tx
	Credit *kit.Token
}

// Size is what the transaction takes.
func (m *TxArrived) Size() int { return 256 + m.Tx.Size() }

// Release gives the credit back.
func (m *TxArrived) Release() { m.Credit.Release() }

// SubmitTx asks the pool to take a transaction. Sender: txfetch, outside
// (sendrawtransaction). Answer: *TxVerdict.
type SubmitTx struct {
	Tx   *tx.Tx
	Peer PeerID // who gave it; 0 for our operator
	// MaxFeePerKVB, unless zero, refuses with mempool.ErrMaxFee what would be
	// accepted but pays more, in satoshis per 1000 virtual bytes
	// (sendrawtransaction's maxfeerate).
	MaxFeePerKVB int64
}

// Size is what the transaction takes.
func (m *SubmitTx) Size() int { return 256 + m.Tx.Size() }

// TxVerdict answers SubmitTx. What our operator submits and is in the pool already
// counts as accepted, and is announced once more.
type TxVerdict struct {
	mempool.Verdict
	// Kept says that it is an orphan now: its parents are worth asking for.
	Kept bool
}

// OrphanTurnedBad says that an orphan of a peer's broke a rule of consensus when its
// parents had come. Sender: mempool.
type OrphanTurnedBad struct {
	Peer   PeerID
	Reject *mempool.Reject
}

// AnnounceTx asks for a transaction that is in the pool to be announced once more, as
// if it were new (the forcerelay permission). Sender: txfetch.
type AnnounceTx struct{ ID tx.Hash }

// TestTxs asks what would become of transactions that were submitted now, in
// this order, each with those before it in the pool; nothing changes
// (testmempoolaccept). After the first that would be refused the others need no
// verdict: theirs may be zero. Sender: outside. Answer: *TxsTested.
type TestTxs struct{ Txs []*tx.Tx }

// Size is what the transactions take.
func (m *TestTxs) Size() int { return 64 + sizeOf(m.Txs) }

// TxsTested answers TestTxs: one verdict for each transaction. Package is what
// is wrong with several as a whole; nil when nothing is, or only with one of them.
type TxsTested struct {
	Verdicts []mempool.Verdict
	Package  *mempool.Reject
}

// Prioritise adds to the fee that a transaction counts as paying, whether it is
// in the pool or not (prioritisetransaction). Sender: outside. Answer: *Done,
// once the view shows it.
type Prioritise struct {
	ID    tx.Hash
	Delta int64 // satoshis
}

// ListDeltas asks for what Prioritise has added so far. Sender: outside.
// Answer: *DeltasListed.
type ListDeltas struct{}

// DeltasListed answers ListDeltas: satoshis by transaction id.
type DeltasListed struct{ Deltas map[tx.Hash]int64 }

// SubmitPackage asks the pool to take a child with all of its unconfirmed
// parents, parents first (submitpackage). Sender: outside. Answer:
// *PackageJudged.
type SubmitPackage struct {
	Txs []*tx.Tx
	// MaxRate is the feerate, in satoshis per kvB, above which a transaction is
	// taken for a mistake; 0 allows any.
	MaxRate int64
}

// Size is what the transactions take.
func (m *SubmitPackage) Size() int { return 64 + sizeOf(m.Txs) }

func sizeOf(txs []*tx.Tx) (size int) {
	for _, t := range txs {
		size += 256 + t.Size()
	}
	return size
}

// PackageJudged answers SubmitPackage. A list that is no package has only a
// Reject; one that is has a verdict for each transaction, too.
type PackageJudged struct{ mempool.PackageVerdict }

// SavePool asks the pool to write mempool.dat now (savemempool).
// Sender: outside. Answer: *Done, with why it failed.
type SavePool struct{}

// ImportPool asks the pool to take what another mempool.dat holds
// (importmempool). Sender: outside. Answer: *Done, when all were decided about.
type ImportPool struct {
	Path             string
	KeepTimes        bool // they came when the file says, not now
	ApplyDeltas      bool
	ApplyUnbroadcast bool
}

// TxServed says that a peer has asked for a transaction of our operator's, so
// that it need not be announced again. Sender: conn, for entries that are
// Unbroadcast.
type TxServed struct{ ID tx.Hash }

// EstimateFee asks what a transaction should pay to be in a block soon
// (estimatesmartfee). Sender: outside. Answer: *FeeEstimated, when the pool has
// seen the tip of the moment.
type EstimateFee struct {
	Blocks       int  // within which it is to be confirmed
	Conservative bool // rather too much than too little
}

// FeeEstimated answers EstimateFee.
type FeeEstimated struct{ estimate.Answer }

// EstimateRawFee asks what each horizon's records say of a target by themselves
// (estimaterawfee). Sender: outside. Answer: *RawFeeEstimated.
type EstimateRawFee struct {
	Blocks int
	Share  float64 // of transactions that must have been confirmed by then
}

// RawFeeEstimated answers EstimateRawFee.
type RawFeeEstimated struct{ Horizons []estimate.Raw }

// PickTxs asks the pool for what a template on the published tip may hold.
// Sender: minter, outside. Answer: *TxsPicked.
type PickTxs struct{}

// TxsPicked answers PickTxs: candidates valid on the block Tip. Sequence is the
// pool's then.
type TxsPicked struct {
	Tip      tx.Hash
	Sequence uint64
	Picks    mempool.Candidates
}

var (
	_ = kit.Register[*TxsAnnounced](kit.Message{
		Lane: kit.Gossip, Full: kit.Hold, Role: kit.Work, From: []string{KindConn}, To: []string{KindTxFetch},
		Reply: "*Done", Doc: "a peer announced transactions",
	})
	_ = kit.Register[*TxsNotFound](kit.Message{
		Lane: kit.Gossip, Full: kit.Shed, Role: kit.Work, From: []string{KindConn}, To: []string{KindTxFetch},
		Doc: "a peer does not have what it was asked for; if lost, the request times out",
	})
	_ = kit.Register[*TxArrived](kit.Message{
		Lane: kit.Tx, Full: kit.Hold, Role: kit.Work, From: []string{KindConn}, To: []string{KindTxFetch},
		Reply: "*Done", Doc: "a transaction from a peer",
	})
	_ = kit.Register[*SubmitTx](kit.Message{
		Lane: kit.Tx, Full: kit.Hold, Role: kit.Work, From: []string{KindTxFetch, KindOutside}, To: []string{KindMempool},
		Reply: "*TxVerdict", Doc: "a transaction for the pool",
	})
	_ = kit.Register[*TxVerdict](kit.Message{
		Lane: kit.Reply, Role: kit.Answer, From: []string{KindMempool}, To: []string{KindTxFetch}, Doc: "in or not, and why",
	})
	_ = kit.Register[*OrphanTurnedBad](kit.Message{
		Lane: kit.Control, Full: kit.Shed, Role: kit.Event, From: []string{KindMempool}, To: []string{KindTxFetch},
		Doc: "an orphan broke a rule of consensus; if lost, its sender gets away with it",
	})
	_ = kit.Register[*AnnounceTx](kit.Message{
		Lane: kit.Gossip, Full: kit.Shed, Role: kit.Work, From: []string{KindTxFetch}, To: []string{KindMempool},
		Doc: "announce a transaction once more; if lost, whoever wants it sends it once more",
	})
	_ = kit.Register[*TestTxs](kit.Message{
		Lane: kit.Tx, Full: kit.Hold, Role: kit.Work, From: []string{KindOutside}, To: []string{KindMempool},
		Reply: "*TxsTested", Doc: "would the pool take these",
	})
	_ = kit.Register[*TxsTested](kit.Message{
		Lane: kit.Reply, Role: kit.Answer, From: []string{KindMempool}, To: []string{KindOutside}, Doc: "what would become of them",
	})
	_ = kit.Register[*Prioritise](kit.Message{
		Lane: kit.Local, Full: kit.Hold, Role: kit.Work, From: []string{KindOutside}, To: []string{KindMempool},
		Reply: "*Done", Doc: "count a transaction as paying more or less than it does",
	})
	_ = kit.Register[*ListDeltas](kit.Message{
		Lane: kit.Local, Full: kit.Hold, Role: kit.Work, From: []string{KindOutside}, To: []string{KindMempool},
		Reply: "*DeltasListed", Doc: "which transactions count as paying something else",
	})
	_ = kit.Register[*DeltasListed](kit.Message{
		Lane: kit.Reply, Role: kit.Answer, From: []string{KindMempool}, To: []string{KindOutside}, Doc: "fee deltas by transaction",
	})
	_ = kit.Register[*SubmitPackage](kit.Message{
		Lane: kit.Local, Full: kit.Hold, Role: kit.Work, From: []string{KindOutside}, To: []string{KindMempool},
		Reply: "*PackageJudged", Doc: "a child with its parents for the pool",
	})
	_ = kit.Register[*PackageJudged](kit.Message{
		Lane: kit.Reply, Role: kit.Answer, From: []string{KindMempool}, To: []string{KindOutside}, Doc: "in or not, and why, one by one",
	})
	_ = kit.Register[*SavePool](kit.Message{
		Lane: kit.Local, Full: kit.Hold, Role: kit.Work, From: []string{KindOutside}, To: []string{KindMempool},
		Reply: "*Done", Doc: "write mempool.dat",
	})
	_ = kit.Register[*ImportPool](kit.Message{
		Lane: kit.Local, Full: kit.Hold, Role: kit.Work, From: []string{KindOutside}, To: []string{KindMempool},
		Reply: "*Done", Doc: "take what another mempool.dat holds",
	})
	_ = kit.Register[*TxServed](kit.Message{
		Lane: kit.Gossip, Full: kit.Shed, Role: kit.Return, From: []string{KindConn}, To: []string{KindMempool},
		Doc: "a peer has asked for our operator's transaction; if lost, it is announced once more",
	})
	_ = kit.Register[*EstimateFee](kit.Message{
		Lane: kit.Local, Full: kit.Hold, Role: kit.Work, From: []string{KindOutside}, To: []string{KindMempool},
		Reply: "*FeeEstimated", Doc: "what to pay",
	})
	_ = kit.Register[*FeeEstimated](kit.Message{
		Lane: kit.Reply, Role: kit.Answer, From: []string{KindMempool}, To: []string{KindOutside}, Doc: "a feerate, or that nobody knows",
	})
	_ = kit.Register[*EstimateRawFee](kit.Message{
		Lane: kit.Local, Full: kit.Hold, Role: kit.Work, From: []string{KindOutside}, To: []string{KindMempool},
		Reply: "*RawFeeEstimated", Doc: "what the records of fees say",
	})
	_ = kit.Register[*RawFeeEstimated](kit.Message{
		Lane: kit.Reply, Role: kit.Answer, From: []string{KindMempool}, To: []string{KindOutside}, Doc: "feerates, and what they rest on",
	})
	_ = kit.Register[*PickTxs](kit.Message{
		Lane: kit.Local, Full: kit.Hold, Role: kit.Work, From: []string{KindMinter, KindOutside}, To: []string{KindMempool},
		Reply: "*TxsPicked", Doc: "what a block may hold",
	})
	_ = kit.Register[*TxsPicked](kit.Message{
		Lane: kit.Reply, Role: kit.Answer, From: []string{KindMempool}, To: []string{KindMinter}, Doc: "candidates for a block",
	})
)
