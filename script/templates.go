package script

import (
	"bytes"

	"github.com/troupe-node/troupe/tx"
)

// verifyTemplate decides the spends that nearly every input is, without running the interpreter: P2PKH with two
// ordinary pushes, and native witness programs. done is false for everything that does not have exactly such a shape,
// and the interpreter decides. FuzzTemplates holds both against each other.
func (e *engine) verifyTemplate(in *tx.Input, pkScript []byte) (err Error, done bool) {
	if IsPayToPubKeyHash(pkScript) {
		return e.templateP2PKH(in, pkScript)
	}
	if !e.has(VerifyWitness) || len(in.ScriptSig) != 0 {
		return errOK, false
	}
	version, program, ok := IsWitnessProgram(pkScript)
	if !ok {
		return errOK, false
	}
	// Run as a script, a program pushes two elements that satisfy every rule and leaves itself on top.
	if !isTrue(program) {
		return ErrEvalFalse, true
	}
	if version == 0 && len(program) == 20 && len(in.Witness) == 2 {
		return e.templateP2WPKH(in.Witness[0], in.Witness[1], program), true
	}
	return e.verifyWitness(version, program, in.Witness, false), true
}

// templateP2PKH takes a scriptSig of two direct pushes, neither of which could be written shorter.
func (e *engine) templateP2PKH(in *tx.Input, pkScript []byte) (err Error, done bool) {
	s := in.ScriptSig
	if len(s) < 2 || s[0] < 9 || s[0] >= OP_PUSHDATA1 || len(s) < int(s[0])+2 {
		return errOK, false
	}
	sig, rest := s[1:1+s[0]], s[1+s[0]:]
	if rest[0] != 33 && rest[0] != 65 || len(rest) != int(rest[0])+1 {
		return errOK, false
	}
	pubKey := rest[1:]
	if hash := Hash160(pubKey); !bytes.Equal(hash[:], pkScript[3:23]) {
		return ErrEqualVerify, true
	}
	e.script, e.version, e.codeStart = pkScript, sigBase, 0
	ok, err := e.checkSig(sig, pubKey)
	switch {
	case err != errOK:
		return err, true
	case !ok:
		return ErrEvalFalse, true
	case e.has(VerifyWitness) && len(in.Witness) != 0:
		return ErrWitnessUnexpected, true
	}
	return errOK, true
}

func (e *engine) templateP2WPKH(sig, pubKey, program []byte) Error {
	if len(sig) > MaxElementSize || len(pubKey) > MaxElementSize {
		return ErrPushSize
	}
	if hash := Hash160(pubKey); !bytes.Equal(hash[:], program) {
		return ErrEqualVerify
	}
	e.script, e.version, e.codeStart = e.implyP2PKH(program), sigWitnessV0, 0
	ok, err := e.checkSig(sig, pubKey)
	if err == errOK && !ok {
		err = ErrEvalFalse
	}
	return err
}
