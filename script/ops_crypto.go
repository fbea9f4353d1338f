package script

import (
	"crypto/sha1"
	"crypto/sha256"
)

// opHash replaces the top element by its hash.
func (e *engine) opHash(op byte) Error {
	if len(e.stack) < 1 {
		return ErrInvalidStackOperation
	}
	in := e.stack.pop()
	out := e.arena.room()
	switch op {
	case OP_RIPEMD160:
		h := ripemd160(in)
		out = append(out, h[:]...)
	case OP_SHA1:
		h := sha1.Sum(in)
		out = append(out, h[:]...)
	case OP_SHA256:
		h := sha256.Sum256(in)
		out = append(out, h[:]...)
	case OP_HASH160:
		h := Hash160(in)
		out = append(out, h[:]...)
	case OP_HASH256:
		h := sha256.Sum256(in)
		h = sha256.Sum256(h[:])
		out = append(out, h[:]...)
	}
	e.stack.push(e.arena.keep(out))
	return errOK
}

// opSignature executes OP_CODESEPARATOR to OP_CHECKMULTISIGVERIFY, and OP_CHECKSIGADD.
func (e *engine) opSignature(op byte) Error {
	switch op {
	case OP_CODESEPARATOR:
		e.codeStart = e.pc
		e.codeSepPos = e.opPos
		return errOK
	case OP_CHECKSIG, OP_CHECKSIGVERIFY:
		return e.opCheckSig(op)
	case OP_CHECKSIGADD:
		return e.opCheckSigAdd()
	}
	return e.opCheckMultiSig(op)
}

func (e *engine) opCheckSig(op byte) Error {
	if len(e.stack) < 2 {
		return ErrInvalidStackOperation
	}
	ok, err := e.checkSig(e.stack.top(2), e.stack.top(1))
	if err != errOK {
		return err
	}
	e.stack.drop(2)
	if op == OP_CHECKSIG {
		e.pushBool(ok)
		return errOK
	}
	if !ok {
		return ErrCheckSigVerify
	}
	return errOK
}

// opCheckSigAdd is BIP342's replacement of CHECKMULTISIG: (sig n key -- n or n+1).
func (e *engine) opCheckSigAdd() Error {
	if e.version != sigTapscript {
		return ErrBadOpcode
	}
	if len(e.stack) < 3 {
		return ErrInvalidStackOperation
	}
	n, numOK := e.num(2)
	if !numOK {
		return ErrUnknown
	}
	ok, err := e.checkSig(e.stack.top(3), e.stack.top(1))
	if err != errOK {
		return err
	}
	e.stack.drop(3)
	e.pushNum(n + boolNum(ok))
	return errOK
}

// checkSig verifies one signature by the rules of the running script. An error ends the script.
func (e *engine) checkSig(sig, pubKey []byte) (ok bool, err Error) {
	if e.version == sigTapscript {
		return e.checkSigTapscript(sig, pubKey)
	}
	code := e.script[e.codeStart:]
	if e.version == sigBase {
		stripped, found := findAndDelete(code, sig)
		if found && e.has(VerifyConstScriptCode) {
			return false, ErrSigFindAndDelete
		}
		code = stripped
	}
	if err := e.checkEncodings(sig, pubKey); err != errOK {
		return false, err
	}
	ok = e.verifyECDSA(sig, pubKey, code)
	if !ok && len(sig) > 0 && e.has(VerifyNullFail) {
		return false, ErrSigNullFail
	}
	return ok, errOK
}

// multiSigArgs are the positions of CHECKMULTISIG's arguments, as depths from the top of the stack.
type multiSigArgs struct {
	key, keys int // depth of the last key, number of keys
	sig, sigs int // depth of the last signature, number of signatures
	total     int // elements up to and including the first signature
}

// readMultiSig reads and checks the two counts.
func (e *engine) readMultiSig() (a multiSigArgs, err Error) {
	if len(e.stack) < 1 {
		return a, ErrInvalidStackOperation
	}
	keys, ok := e.num(1)
	if !ok {
		return a, ErrUnknown
	}
	if keys < 0 || keys > MaxMultiSigKeys {
		return a, ErrPubKeyCount
	}
	if e.opCount += int(keys); e.opCount > MaxOpsPerScript {
		return a, ErrOpCount
	}
	a.key, a.keys = 2, int(keys)
	if len(e.stack) < a.keys+2 {
		return a, ErrInvalidStackOperation
	}
	sigs, ok := e.num(a.keys + 2)
	if !ok {
		return a, ErrUnknown
	}
	if sigs < 0 || sigs > keys {
		return a, ErrSigCount
	}
	a.sig, a.sigs = a.keys+3, int(sigs)
	a.total = a.keys + a.sigs + 2
	if len(e.stack) < a.total {
		return a, ErrInvalidStackOperation
	}
	return a, errOK
}

// opCheckMultiSig is CHECKMULTISIG: (dummy sigs... m keys... n -- bool).
func (e *engine) opCheckMultiSig(op byte) Error {
	if e.version == sigTapscript {
		return ErrTapscriptCheckMultiSig
	}
	a, err := e.readMultiSig()
	if err != errOK {
		return err
	}
	code := e.script[e.codeStart:]
	if e.version == sigBase {
		// Each signature is removed from what the ones before left, the empty ones (which remove OP_0) included.
		for i := range a.sigs {
			stripped, found := findAndDelete(code, e.stack.top(a.sig+i))
			if found && e.has(VerifyConstScriptCode) {
				return ErrSigFindAndDelete
			}
			code = stripped
		}
	}
	ok, err := e.matchMultiSig(a, code)
	if err != errOK {
		return err
	}
	if !ok && e.has(VerifyNullFail) {
		for i := range a.sigs {
			if len(e.stack.top(a.sig+i)) > 0 {
				return ErrSigNullFail
			}
		}
	}
	e.stack.drop(a.total)
	// One element too many is taken, a mistake of the first release that stays for ever; BIP147 wants it empty.
	if len(e.stack) < 1 {
		return ErrInvalidStackOperation
	}
	if e.has(VerifyNullDummy) && len(e.stack.top(1)) > 0 {
		return ErrSigNullDummy
	}
	e.stack.drop(1)
	if op == OP_CHECKMULTISIG {
		e.pushBool(ok)
		return errOK
	}
	if !ok {
		return ErrCheckMultiSigVerify
	}
	return errOK
}

// matchMultiSig walks keys and signatures from the last to the first: every signature must match a key after those the
// later signatures used. It stops when fewer keys than signatures are left, so that encodings never looked at are
// never judged: BIP66's rules make that order observable.
func (e *engine) matchMultiSig(a multiSigArgs, code []byte) (bool, Error) {
	for a.sigs > 0 {
		sig, key := e.stack.top(a.sig), e.stack.top(a.key)
		if err := e.checkEncodings(sig, key); err != errOK {
			return false, err
		}
		if e.verifyECDSA(sig, key, code) {
			a.sig++
			a.sigs--
		}
		a.key++
		a.keys--
		if a.sigs > a.keys {
			return false, errOK
		}
	}
	return true, errOK
}
