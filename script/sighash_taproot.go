package script

import (
	"crypto/sha256"

	"github.com/troupe-node/troupe/script/secp"
)

// The tagged hashes of BIP341 that this package computes.
var (
	tagTapSighash = secp.NewTag("TapSighash")
	tagTapLeaf    = secp.NewTag("TapLeaf")
	tagTapBranch  = secp.NewTag("TapBranch")
)

// TaprootSpend is what a BIP341 signature covers beyond the transaction. The zero value is a key path spend without
// annex.
type TaprootSpend struct {
	Annex   []byte    // with its first byte 0x50; nil for none
	Leaf    *[32]byte // the leaf's hash (TapLeafHash) for a script path spend
	CodeSep uint32    // index of the last executed CODESEPARATOR's instruction; 0xffffffff for none
}

// TaprootHash is the signature hash of BIP341 and, with a leaf, of BIP342. It is false for a type those do not define,
// and for SINGLE without an output of the input's index.
func (c *TxContext) TaprootHash(input int, spend TaprootSpend, hashType byte) (hash [32]byte, ok bool) {
	tap := tapState{codeSep: spend.CodeSep}
	if spend.Annex != nil {
		tap.setAnnex(spend.Annex)
	}
	version := sigTaproot
	if spend.Leaf != nil {
		version, tap.leaf = sigTapscript, *spend.Leaf
	}
	h := getHasher()
	defer hasherPool.Put(h)
	ok = c.taprootHash(h, input, version, &tap, hashType, &hash)
	return hash, ok
}

// tapState is the part of a taproot spend that its signatures and limits depend on.
type tapState struct {
	hasAnnex   bool
	annex      [32]byte // SHA-256 of the annex with its length
	leaf       [32]byte
	codeSep    uint32
	weightLeft int // signature budget left (BIP342)
}

func (t *tapState) setAnnex(annex []byte) {
	h := getHasher()
	h.varBytes(annex)
	h.single(&t.annex)
	hasherPool.Put(h)
	t.hasAnnex = true
}

func (c *TxContext) taprootHash(h *hasher, input int, version sigVersion, tap *tapState, hashType byte, out *[32]byte) bool {
	if hashType&^SigHashAnyoneCanPay > SigHashSingle || hashType == SigHashAnyoneCanPay {
		return false
	}
	kind := hashType &^ SigHashAnyoneCanPay
	anyoneCanPay := hashType&SigHashAnyoneCanPay != 0
	var single [32]byte
	if kind == SigHashSingle {
		if input >= len(c.tx.Outputs) {
			return false
		}
		h.reset()
		h.output(&c.tx.Outputs[input])
		h.single(&single)
	}
	shared := c.sharedMidstates()
	h.reset()
	h.bytes(tagTapSighash[:])
	h.byte(0) // epoch
	h.byte(hashType)
	h.uint32(c.tx.Version)
	h.uint32(c.tx.LockTime)
	if !anyoneCanPay {
		taproot := c.taprootMidstates()
		h.hash32(&shared.prevOuts)
		h.hash32(&taproot.amounts)
		h.hash32(&taproot.scripts)
		h.hash32(&shared.sequences)
	}
	if kind == SigHashDefault || kind == SigHashAll {
		h.hash32(&shared.outputs)
	}
	c.taprootInput(h, input, version, tap, anyoneCanPay)
	if kind == SigHashSingle {
		h.hash32(&single)
	}
	if version == sigTapscript {
		h.hash32(&tap.leaf)
		h.byte(0) // key version
		h.uint32(tap.codeSep)
	}
	h.single(out)
	return true
}

// taprootInput writes what BIP341 calls the data about this input.
func (c *TxContext) taprootInput(h *hasher, input int, version sigVersion, tap *tapState, anyoneCanPay bool) {
	spendType := byte(0)
	if version == sigTapscript {
		spendType = 2
	}
	if tap.hasAnnex {
		spendType |= 1
	}
	h.byte(spendType)
	if anyoneCanPay {
		in := &c.tx.Inputs[input]
		h.outPoint(&in.PrevOut)
		h.output(&c.spent[input])
		h.uint32(in.Sequence)
	} else {
		h.uint32(uint32(input))
	}
	if tap.hasAnnex {
		h.hash32(&tap.annex)
	}
}

// TapLeafHash is BIP341's hash of a leaf: its version (0xc0 for tapscript) and its script.
func TapLeafHash(leafVersion byte, leafScript []byte) (hash [32]byte) {
	h := getHasher()
	h.bytes(tagTapLeaf[:])
	h.byte(leafVersion)
	h.varBytes(leafScript)
	h.single(&hash)
	hasherPool.Put(h)
	return hash
}

// TapBranchHash is BIP341's hash of two children of the script tree, in either order.
func TapBranchHash(a, b *[32]byte) [32]byte {
	var buf [128]byte
	n := copy(buf[:], tagTapBranch[:])
	if string(a[:]) > string(b[:]) {
		a, b = b, a
	}
	n += copy(buf[n:], a[:])
	copy(buf[n:], b[:])
	return sha256.Sum256(buf[:])
}
