package consensus

import (
	"bytes"
	"encoding/binary"

	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/tx"
)

// signetHeader begins the push in the witness commitment's script that holds
// a block's solution (BIP325).
var signetHeader = []byte{0xec, 0xc7, 0xda, 0xa2}

// signetFlags are the rules a solution is verified under, whatever the height
// (Core's BLOCK_SCRIPT_VERIFY_FLAGS).
const signetFlags = script.VerifyP2SH | script.VerifyWitness | script.VerifyDERSig | script.VerifyNullDummy

// checkSignetSolution checks that a block carries a solution of the chain's
// challenge. The genesis block needs none.
func checkSignetSolution(b *tx.Block, p *Params) error {
	if b.Hash() == p.GenesisHash {
		return nil
	}
	challenge, solution, ok := SignetTxs(b, p.SignetChallenge)
	if !ok {
		return Reject(ErrSignetSolution, Invalid, "signet block signature validation failure")
	}
	context := script.NewTxContext(solution, challenge.Outputs)
	if err := context.Verify(0, signetFlags, nil); err != nil {
		return &RuleError{Kind: ErrSignetSolution, Result: Invalid,
			Debug: "signet block signature validation failure", Cause: err}
	}
	return nil
}

// SignetTxs makes the two virtual transactions of BIP325: the one that holds
// the block's challenge, and the one that spends it with the block's solution.
// ok is false if the block has no witness commitment, or a solution that does
// not decode. Without a solution the spending input is empty, which a
// challenge like OP_TRUE accepts. A miner signs the second and puts the result
// into the commitment.
func SignetTxs(b *tx.Block, challenge []byte) (toSpend, spending *tx.Tx, ok bool) {
	if len(b.Txs) == 0 {
		return nil, nil, false
	}
	coinbase := b.Txs[0]
	index := WitnessCommitmentIndex(coinbase)
	if index < 0 {
		return nil, nil, false
	}
	in := tx.Input{}
	cleared, solution, found := cutSolution(coinbase.Outputs[index].PkScript)
	if found && !parseSolution(solution, &in) {
		return nil, nil, false
	}
	root := signetMerkleRoot(b, index, cleared)

	// OP_0, then one push of 72 bytes: the header without bits and nonce.
	data := make([]byte, 0, 2+72)
	data = append(data, 0x00, 72)
	data = binary.LittleEndian.AppendUint32(data, uint32(b.Header.Version))
	data = append(data, b.Header.Prev[:]...)
	data = append(data, root[:]...)
	data = binary.LittleEndian.AppendUint32(data, b.Header.Time)

	toSpend = tx.New(0,
		[]tx.Input{{PrevOut: tx.OutPoint{Index: tx.NullIndex}, ScriptSig: data}},
		[]tx.Output{{PkScript: challenge}}, 0)
	in.PrevOut = tx.OutPoint{Hash: toSpend.ID()}
	spending = tx.New(0, []tx.Input{in}, []tx.Output{{PkScript: []byte{0x6a}}}, 0) // OP_RETURN
	return toSpend, spending, true
}

// signetMerkleRoot is the block's merkle root as it was before the solution.
func signetMerkleRoot(b *tx.Block, index int, cleared []byte) tx.Hash {
	coinbase := b.Txs[0]
	outs := append([]tx.Output(nil), coinbase.Outputs...)
	outs[index].PkScript = cleared
	unsolved := tx.New(coinbase.Version, coinbase.Inputs, outs, coinbase.LockTime)
	ids := make([]tx.Hash, len(b.Txs))
	ids[0] = unsolved.ID()
	for i := 1; i < len(ids); i++ {
		ids[i] = b.Txs[i].ID()
	}
	root, _ := tx.MerkleRoot(ids)
	return root
}

// cutSolution takes the solution out of a commitment's script: what follows
// the header in the first push that has both. The pushes are written anew, and
// what does not parse falls away, as in Core's FetchAndClearCommitmentSection.
func cutSolution(commitment []byte) (cleared, solution []byte, found bool) {
	for rest := commitment; len(rest) > 0; {
		op, data, next, ok := nextPush(rest)
		if !ok {
			break
		}
		rest = next
		if len(data) == 0 {
			cleared = append(cleared, op)
			continue
		}
		if !found && len(data) > len(signetHeader) && bytes.HasPrefix(data, signetHeader) {
			found = true
			solution, data = data[len(signetHeader):], data[:len(signetHeader)]
		}
		cleared = appendPush(cleared, data)
	}
	if !found {
		return commitment, nil, false
	}
	return cleared, solution, true
}

// nextPush reads one opcode and what it pushes.
func nextPush(s []byte) (op byte, data, rest []byte, ok bool) {
	op, s = s[0], s[1:]
	n := 0
	switch {
	case op < 0x4c:
		n = int(op)
	case op <= 0x4e: // OP_PUSHDATA1, 2, 4
		width := 1 << (op - 0x4c)
		if len(s) < width {
			return 0, nil, nil, false
		}
		var size [4]byte
		copy(size[:], s[:width])
		s = s[width:]
		if v := binary.LittleEndian.Uint32(size[:]); int64(v) <= int64(len(s)) {
			n = int(v)
		} else {
			return 0, nil, nil, false
		}
	}
	if len(s) < n {
		return 0, nil, nil, false
	}
	return op, s[:n], s[n:], true
}

// appendPush writes a push in the shortest of the forms with a length.
func appendPush(dst, data []byte) []byte {
	switch n := len(data); {
	case n < 0x4c:
		dst = append(dst, byte(n))
	case n <= 0xff:
		dst = append(dst, 0x4c, byte(n))
	case n <= 0xffff:
		dst = binary.LittleEndian.AppendUint16(append(dst, 0x4d), uint16(n))
	default:
		dst = binary.LittleEndian.AppendUint32(append(dst, 0x4e), uint32(n))
	}
	return append(dst, data...)
}

// parseSolution reads a script and a witness, and nothing behind them.
func parseSolution(b []byte, in *tx.Input) bool {
	var ok bool
	if in.ScriptSig, b, ok = cutBytes(b); !ok {
		return false
	}
	count, n, err := tx.ReadCompactSize(b)
	if err != nil || count > uint64(len(b)) {
		return false
	}
	b = b[n:]
	for range count {
		var item []byte
		if item, b, ok = cutBytes(b); !ok {
			return false
		}
		in.Witness = append(in.Witness, item)
	}
	return len(b) == 0
}

func cutBytes(b []byte) (data, rest []byte, ok bool) {
	size, n, err := tx.ReadCompactSize(b)
	if err != nil || size > uint64(len(b)-n) {
		return nil, nil, false
	}
	b = b[n:]
	return b[:size:size], b[size:], true
}
