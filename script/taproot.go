package script

import (
	"github.com/troupe-node/troupe/script/secp"
	"github.com/troupe-node/troupe/tx"
)

// verifyTaproot spends a version 1 program of 32 bytes by key or by script (BIP341). program is the output key.
func (e *engine) verifyTaproot(witness [][]byte, program []byte) Error {
	if !e.has(VerifyTaproot) {
		return errOK
	}
	items := witness
	if len(items) == 0 {
		return ErrWitnessProgramWitnessEmpty
	}
	e.tap.hasAnnex = false
	if last := items[len(items)-1]; len(items) >= 2 && len(last) > 0 && last[0] == annexTag {
		e.tap.setAnnex(last)
		items = items[:len(items)-1]
	}
	if len(items) == 1 {
		e.tap.codeSep = 0xffffffff
		return e.checkSchnorr(items[0], program, sigTaproot)
	}
	control, leafScript := items[len(items)-1], items[len(items)-2]
	items = items[:len(items)-2]
	if len(control) < controlBaseSize || len(control) > controlMaxSize ||
		(len(control)-controlBaseSize)%controlNodeSize != 0 {
		return ErrTaprootWrongControlSize
	}
	leafVersion := control[0] & leafMask
	e.tap.leaf = TapLeafHash(leafVersion, leafScript)
	root := merkleRoot(e.tap.leaf, control[controlBaseSize:])
	if !secp.CheckTapTweak(program, control[1:controlBaseSize], root[:], control[0]&1 != 0) {
		return ErrWitnessProgramMismatch
	}
	if leafVersion == leafTapscript {
		e.tap.weightLeft = witnessSize(witness) + sigBudgetBase
		return e.verifyTapscript(items, leafScript)
	}
	if e.has(VerifyDiscourageUpgradableTaprootVersion) {
		return ErrDiscourageUpgradableTaprootVersion
	}
	return errOK
}

// merkleRoot climbs from a leaf along the path of the control block.
func merkleRoot(leaf [32]byte, path []byte) [32]byte {
	for len(path) > 0 {
		leaf = TapBranchHash(&leaf, (*[32]byte)(path))
		path = path[controlNodeSize:]
	}
	return leaf
}

// witnessSize is the serialised size of a witness stack, from which the signature budget follows.
func witnessSize(witness [][]byte) int {
	n := tx.CompactSizeLen(uint64(len(witness)))
	for _, item := range witness {
		n += tx.CompactSizeLen(uint64(len(item))) + len(item)
	}
	return n
}

// verifyTapscript runs a leaf of version 0xc0. An OP_SUCCESSx anywhere before a malformed push decides before any other
// rule, even before the limits on stack and elements.
func (e *engine) verifyTapscript(items [][]byte, leafScript []byte) Error {
	for pc := 0; pc < len(leafScript); {
		op, _, next, ok := readOp(leafScript, pc)
		if !ok {
			return ErrBadOpcode
		}
		if isOpSuccess(op) {
			if e.has(VerifyDiscourageOpSuccess) {
				return ErrDiscourageOpSuccess
			}
			return errOK
		}
		pc = next
	}
	if len(items) > MaxStackSize {
		return ErrStackSize
	}
	return e.runWitnessScript(items, leafScript, sigTapscript)
}

// checkSigTapscript is a signature check of BIP342: an empty signature is a failed check, an invalid one ends the
// script, and keys of unknown length pass.
func (e *engine) checkSigTapscript(sig, pubKey []byte) (ok bool, err Error) {
	ok = len(sig) > 0
	if ok {
		// Checks of unknown key types cost as much.
		if e.tap.weightLeft -= sigOpBudget; e.tap.weightLeft < 0 {
			return false, ErrTapscriptValidationWeight
		}
	}
	switch len(pubKey) {
	case 0:
		return false, ErrPubKeyType
	case 32:
		if ok {
			e.tap.codeSep = e.codeSepPos
			err = e.checkSchnorr(sig, pubKey, sigTapscript)
		}
	default:
		if e.has(VerifyDiscourageUpgradablePubKeyType) {
			err = ErrDiscourageUpgradablePubKeyType
		}
	}
	return ok, err
}

// checkSchnorr verifies a BIP340 signature of 64 bytes, or 65 with a hash type that is not the default.
func (e *engine) checkSchnorr(sig, pubKey []byte, version sigVersion) Error {
	hashType := byte(SigHashDefault)
	switch len(sig) {
	case 64:
	case 65:
		hashType = sig[64]
		if hashType == SigHashDefault {
			return ErrSchnorrSigHashType
		}
		sig = sig[:64]
	default:
		return ErrSchnorrSigSize
	}
	e.memo.valid = false
	if !e.ctx.taprootHash(&e.hash, e.input, version, &e.tap, hashType, &e.memo.hash) {
		return ErrSchnorrSigHashType
	}
	if !e.cache.verify(kindSchnorr, &e.memo.hash, pubKey, sig) {
		return ErrSchnorrSig
	}
	return errOK
}
