package consensus

import (
	"bytes"
	"crypto/sha256"

	"github.com/troupe-node/troupe/tx"
)

// witnessCommitmentHead begins the output script that commits to a block's
// witnesses: OP_RETURN, a push of 36 bytes, and a tag (BIP141).
var witnessCommitmentHead = []byte{0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed}

const witnessCommitmentSize = 38

// WitnessCommitmentIndex is the output of a coinbase that holds the witness
// commitment, the last if there are several, or -1.
func WitnessCommitmentIndex(coinbase *tx.Tx) int {
	for i := len(coinbase.Outputs) - 1; i >= 0; i-- {
		s := coinbase.Outputs[i].PkScript
		if len(s) >= witnessCommitmentSize && bytes.HasPrefix(s, witnessCommitmentHead) {
			return i
		}
	}
	return -1
}

// WitnessCommitmentScript is the output script by which a coinbase with the
// reserved value commits to the witnesses of the other transactions.
func WitnessCommitmentScript(txs []*tx.Tx, reserved [32]byte) []byte {
	commitment := witnessCommitment(tx.WitnessMerkleRoot(txs), reserved[:])
	return append(append([]byte(nil), witnessCommitmentHead...), commitment[:]...)
}

// witnessCommitment hashes the root with the reserved value, which is 32 bytes.
func witnessCommitment(root tx.Hash, reserved []byte) tx.Hash {
	var both [64]byte
	copy(both[:], root[:])
	copy(both[32:], reserved)
	first := sha256.Sum256(both[:])
	return sha256.Sum256(first[:])
}

// checkMerkleRoot checks that the header commits to exactly this list.
func checkMerkleRoot(b *tx.Block) error {
	root, mutated := b.MerkleRoot()
	if root != b.Header.MerkleRoot {
		return Reject(ErrBadMerkleRoot, Mutated, "hashMerkleRoot mismatch")
	}
	if mutated {
		return Reject(ErrDuplicateTxs, Mutated, "duplicate transaction")
	}
	return nil
}

// checkWitness checks the witness commitment. A block without one, or before
// segwit, carries no witness at all: nobody would be bound to those bytes
// (Core's CheckWitnessMalleation).
func checkWitness(b *tx.Block, segwit bool) error {
	if segwit && len(b.Txs) > 0 && len(b.Txs[0].Inputs) > 0 {
		coinbase := b.Txs[0]
		if i := WitnessCommitmentIndex(coinbase); i >= 0 {
			reserved := coinbase.Inputs[0].Witness
			if len(reserved) != 1 || len(reserved[0]) != 32 {
				return Reject(ErrWitnessNonceSize, Mutated, "CheckWitnessMalleation : invalid witness reserved value size")
			}
			want := witnessCommitment(b.WitnessMerkleRoot(), reserved[0])
			if !bytes.Equal(want[:], coinbase.Outputs[i].PkScript[6:witnessCommitmentSize]) {
				return Reject(ErrWitnessMerkle, Mutated, "CheckWitnessMalleation : witness merkle commitment mismatch")
			}
			return nil
		}
	}
	for _, t := range b.Txs {
		if t.HasWitness() {
			return Reject(ErrUnexpectedWitness, Mutated, "CheckWitnessMalleation : unexpected witness data found")
		}
	}
	return nil
}

// CheckMutation tells whether a peer's block may be something else than what
// its header stands for, before anything is done with it: a refusal is always
// Mutated and is the peer's fault (Core's IsBlockMutated).
func CheckMutation(b *tx.Block, segwit bool) error {
	if err := checkMerkleRoot(b); err != nil {
		return err
	}
	if len(b.Txs) == 0 || !b.Txs[0].IsCoinbase() {
		// An inner node of the tree is 64 bytes and could pass for a
		// transaction. Such a block is invalid anyway for lack of a coinbase.
		for _, t := range b.Txs {
			if t.StrippedSize() == 64 {
				return Reject(ErrBadMerkleRoot, Mutated, "a transaction of 64 bytes may be a node of the merkle tree")
			}
		}
		return nil
	}
	return checkWitness(b, segwit)
}
