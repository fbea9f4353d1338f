package tx

import "crypto/sha256"

// MerkleRoot folds ids into Bitcoin's merkle root, doubling the last of an odd
// row, and tells whether two equal hashes met side by side: then another list
// of transactions has the same root, and a block that fails must not be
// remembered as bad by its hash (CVE-2012-2459; Core's ComputeMerkleRoot).
// The root of nothing is the zero hash. ids is not changed.
func MerkleRoot(ids []Hash) (root Hash, mutated bool) {
	if len(ids) == 0 {
		return Hash{}, false
	}
	row := make([]Hash, len(ids), len(ids)+1)
	copy(row, ids)
	return foldTree(row)
}

// foldTree is MerkleRoot of at least one id, in the memory of row.
func foldTree(row []Hash) (root Hash, mutated bool) {
	for len(row) > 1 {
		for i := 0; i+1 < len(row); i += 2 {
			mutated = mutated || row[i] == row[i+1]
		}
		if len(row)%2 == 1 {
			row = append(row, row[len(row)-1])
		}
		for i := 0; i < len(row); i += 2 {
			row[i/2] = hashPair(&row[i], &row[i+1])
		}
		row = row[:len(row)/2]
	}
	return row[0], mutated
}

// WitnessMerkleRoot is what [Block.WitnessMerkleRoot] computes, for a block that
// is still being made. The ids' tree shows mutations already.
func WitnessMerkleRoot(txs []*Tx) Hash {
	if len(txs) == 0 {
		return Hash{}
	}
	ids := make([]Hash, len(txs), len(txs)+1)
	for i := 1; i < len(txs); i++ {
		ids[i] = txs[i].witnessID
	}
	root, _ := foldTree(ids)
	return root
}

func hashPair(left, right *Hash) Hash {
	var both [2 * HashSize]byte
	copy(both[:], left[:])
	copy(both[HashSize:], right[:])
	first := sha256.Sum256(both[:])
	return sha256.Sum256(first[:])
}
