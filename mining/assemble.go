package mining

import (
	"encoding/binary"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// coinbaseTag ends the coinbase's script, which must be at least two bytes long
// (Core's miner puts OP_0 behind the height for the same reason).
const coinbaseTag = 0x00

// coinbaseVersion is what Core gives coinbases.
const coinbaseVersion = 2

// Job says what to build on and to whom it pays.
type Job struct {
	Params  *consensus.Params
	Prev    consensus.Ancestry // the tip to build on
	Now     int64              // the node's clock, seconds since 1970
	Version int32              // header version; 0 takes consensus.BlockVersion
	PayTo   []byte             // output script of the coinbase
	Extra   uint64             // extra nonce: another one gives another coinbase
	Txs     []*tx.Tx           // without coinbase, in block order
	Fees    int64              // satoshis that Txs pay
	// BlockVersion is consensus.BlockVersion for Prev, if the caller knows it.
	BlockVersion int32
}

// Choose fills the job with the best of the candidates.
func (j *Job) Choose(all []Candidate, limits Limits) {
	for _, i := range Select(all, limits) {
		j.Txs = append(j.Txs, all[i].Tx)
		j.Fees += all[i].Pays
	}
}

// Template is an unsolved block.
type Template struct {
	Block  *tx.Block
	Height int32
	Fees   int64    // satoshis
	Target tx.Hash  // in the order of hashes
	Prev   tx.Hash  // what it builds on
	Commit [32]byte // reserved value of the witness commitment
}

// Assemble puts a coinbase and a header around the job's transactions. The block
// obeys every rule but the proof of work, provided that its transactions do.
func Assemble(job Job) *Template {
	height := job.Prev.Height() + 1
	t := &Template{Height: height, Fees: job.Fees, Prev: job.Prev.Hash()}
	txs := make([]*tx.Tx, 0, 1+len(job.Txs))
	txs = append(txs, nil)
	txs = append(txs, job.Txs...)
	txs[0] = t.coinbase(&job, txs)

	version := job.Version
	if version == 0 {
		version = job.BlockVersion
	}
	if version == 0 {
		version = consensus.BlockVersion(job.Prev, job.Params, nil)
	}
	time := uint32(max(job.Now, consensus.MinimumBlockTime(job.Prev, job.Params)))
	ids := make([]tx.Hash, len(txs))
	for i, t := range txs {
		ids[i] = t.ID()
	}
	root, _ := tx.MerkleRoot(ids)
	header := tx.Header{
		Version: version, Prev: t.Prev, MerkleRoot: root, Time: time,
		Bits: consensus.NextWorkRequired(job.Prev, time, job.Params),
	}
	t.Target = targetHash(header.Bits)
	t.Block = tx.NewBlock(header, txs)
	return t
}

// coinbase pays subsidy and fees, and commits to the witnesses: before segwit's
// rules hold, too, as Core does, but then without the reserved value, which only
// they allow (BIP141). txs has room for it in front.
func (t *Template) coinbase(job *Job, txs []*tx.Tx) *tx.Tx {
	script := append(consensus.AppendHeight(nil, t.Height), coinbaseTag)
	if job.Extra != 0 {
		script = appendExtra(script, job.Extra)
	}
	in := tx.Input{PrevOut: tx.OutPoint{Index: tx.NullIndex}, ScriptSig: script, Sequence: 0xffffffff}
	outs := []tx.Output{{Value: consensus.Subsidy(t.Height, job.Params) + job.Fees, PkScript: job.PayTo}}
	// The commitment covers the coinbase as zero, so any stands in for it.
	txs[0] = tx.New(coinbaseVersion, []tx.Input{in}, outs, 0)
	outs = append(outs, tx.Output{PkScript: consensus.WitnessCommitmentScript(txs, t.Commit)})
	if job.Params.ActiveAt(consensus.Segwit, t.Height) {
		in.Witness = [][]byte{t.Commit[:]}
	}
	return tx.New(coinbaseVersion, []tx.Input{in}, outs, 0)
}

// appendExtra pushes the extra nonce as eight bytes.
func appendExtra(script []byte, extra uint64) []byte {
	return binary.LittleEndian.AppendUint64(append(script, 8), extra)
}

// WithHeader is the template's block under a solved header.
func (t *Template) WithHeader(h tx.Header) *tx.Block { return tx.NewBlock(h, t.Block.Txs) }

// targetHash is the target of bits in the order of hashes.
func targetHash(bits uint32) (h tx.Hash) {
	target, _, _ := consensus.TargetFromBits(bits)
	be := target.Bytes()
	for i, b := range be {
		h[len(be)-1-i] = b
	}
	return h
}
