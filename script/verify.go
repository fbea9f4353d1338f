package script

import (
	"bytes"
	"crypto/sha256"
)

// Verify decides whether the input may spend its output under the flags: nil, or an Error with Core's kind. The cache
// may be nil. Different inputs may be verified concurrently. An input that does not exist, or a context made with the
// wrong number of spent outputs, is ErrUnknown.
func (c *TxContext) Verify(input int, flags Flags, cache *SigCache) error {
	if input < 0 || input >= len(c.tx.Inputs) || len(c.spent) != len(c.tx.Inputs) {
		return ErrUnknown
	}
	e := getEngine(c, input, flags, cache)
	in := &c.tx.Inputs[input]
	pkScript := c.spent[input].PkScript
	err, done := e.verifyTemplate(in, pkScript)
	if !done {
		err = e.verifyScripts(in.ScriptSig, pkScript, in.Witness)
	}
	e.free()
	return err.asError()
}

// verifyScripts is Core's VerifyScript.
func (e *engine) verifyScripts(scriptSig, pkScript []byte, witness [][]byte) Error {
	if e.has(VerifySigPushOnly) && !IsPushOnly(scriptSig) {
		return ErrSigPushOnly
	}
	// One after the other on one stack, never as one concatenated script (CVE-2010-5141).
	if err := e.eval(scriptSig, sigBase); err != errOK {
		return err
	}
	p2sh := e.has(VerifyP2SH) && IsPayToScriptHash(pkScript)
	if p2sh {
		e.saved = append(e.saved[:0], e.stack...)
	}
	if err := e.evalTrue(pkScript); err != errOK {
		return err
	}
	hadWitness := false
	if e.has(VerifyWitness) {
		if version, program, ok := IsWitnessProgram(pkScript); ok {
			hadWitness = true
			if len(scriptSig) != 0 {
				return ErrWitnessMalleated
			}
			if err := e.verifyWitness(version, program, witness, false); err != errOK {
				return err
			}
		}
	}
	if p2sh {
		var err Error
		if hadWitness, err = e.verifyP2SH(scriptSig, witness); err != errOK {
			return err
		}
	}
	// A witness program leaves its own stack clean; the outer one is not looked at.
	if e.has(VerifyCleanStack) && !hadWitness && len(e.stack) != 1 {
		return ErrCleanStack
	}
	if e.has(VerifyWitness) && !hadWitness && len(witness) != 0 {
		return ErrWitnessUnexpected
	}
	return errOK
}

// evalTrue runs a script that must leave a true element on top.
func (e *engine) evalTrue(script []byte) Error {
	if err := e.eval(script, sigBase); err != errOK {
		return err
	}
	if len(e.stack) == 0 || !isTrue(e.stack.top(1)) {
		return ErrEvalFalse
	}
	return errOK
}

// verifyP2SH runs the redeem script, the last element scriptSig pushed, on the elements below it (BIP16).
func (e *engine) verifyP2SH(scriptSig []byte, witness [][]byte) (hadWitness bool, err Error) {
	if !IsPushOnly(scriptSig) {
		return false, ErrSigPushOnly
	}
	e.stack = append(e.stack[:0], e.saved...)
	redeem := e.stack.pop() // HASH160 EQUAL passed, so there is one
	if err := e.evalTrue(redeem); err != errOK {
		return false, err
	}
	if !e.has(VerifyWitness) {
		return false, errOK
	}
	version, program, ok := IsWitnessProgram(redeem)
	if !ok {
		return false, errOK
	}
	// scriptSig must be exactly one push of the redeem script; a program is short enough for a direct push.
	if len(scriptSig) != len(redeem)+1 || int(scriptSig[0]) != len(redeem) || !bytes.Equal(scriptSig[1:], redeem) {
		return true, ErrWitnessMalleatedP2SH
	}
	return true, e.verifyWitness(version, program, witness, true)
}

// verifyWitness is Core's VerifyWitnessProgram.
func (e *engine) verifyWitness(version int, program []byte, witness [][]byte, p2sh bool) Error {
	switch {
	case version == 0 && len(program) == 32:
		if len(witness) == 0 {
			return ErrWitnessProgramWitnessEmpty
		}
		last := len(witness) - 1
		if hash := sha256.Sum256(witness[last]); !bytes.Equal(hash[:], program) {
			return ErrWitnessProgramMismatch
		}
		return e.runWitnessScript(witness[:last], witness[last], sigWitnessV0)
	case version == 0 && len(program) == 20:
		if len(witness) != 2 {
			return ErrWitnessProgramMismatch
		}
		return e.runWitnessScript(witness, e.implyP2PKH(program), sigWitnessV0)
	case version == 0:
		return ErrWitnessProgramWrongLength
	case version == 1 && len(program) == 32 && !p2sh:
		return e.verifyTaproot(witness, program)
	case version == 1 && !p2sh && bytes.Equal(program, anchorProgram):
		return errOK
	case e.has(VerifyDiscourageUpgradableWitnessProgram):
		return ErrDiscourageUpgradableWitnessProgram
	}
	return errOK
}

// implyP2PKH writes the script that a P2WPKH program stands for.
func (e *engine) implyP2PKH(program []byte) []byte {
	s := append(e.implied[:0], OP_DUP, OP_HASH160, 20)
	s = append(s, program...)
	return append(s, OP_EQUALVERIFY, OP_CHECKSIG)
}

// runWitnessScript runs a script on a stack of witness items; it must leave exactly one true element.
func (e *engine) runWitnessScript(items [][]byte, script []byte, version sigVersion) Error {
	e.stack = e.stack[:0]
	for _, item := range items {
		if len(item) > MaxElementSize {
			return ErrPushSize
		}
		e.stack.push(item)
	}
	if err := e.eval(script, version); err != errOK {
		return err
	}
	if len(e.stack) != 1 {
		return ErrCleanStack
	}
	if !isTrue(e.stack.top(1)) {
		return ErrEvalFalse
	}
	return errOK
}
