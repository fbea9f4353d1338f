package script

import (
	"bytes"

	"github.com/troupe-node/troupe/script/secp"
)

// isStrictDER reports whether sig, with its hash type byte, is encoded as BIP66 demands:
// 30 total 02 len R 02 len S hashtype, with R and S positive and without needless padding.
func isStrictDER(sig []byte) bool {
	if len(sig) < 9 || len(sig) > 73 {
		return false
	}
	if sig[0] != 0x30 || int(sig[1]) != len(sig)-3 {
		return false
	}
	lenR := int(sig[3])
	if 5+lenR >= len(sig) {
		return false
	}
	lenS := int(sig[5+lenR])
	if lenR+lenS+7 != len(sig) {
		return false
	}
	return isDERInteger(sig[2:4+lenR]) && isDERInteger(sig[4+lenR:6+lenR+lenS])
}

// isDERInteger checks 02 len bytes, with len already known to be right.
func isDERInteger(b []byte) bool {
	if b[0] != 0x02 || b[1] == 0 || b[2]&0x80 != 0 {
		return false
	}
	return b[1] == 1 || b[2] != 0 || b[3]&0x80 != 0
}

func isDefinedHashType(sig []byte) bool {
	t := sig[len(sig)-1] &^ SigHashAnyoneCanPay
	return t >= SigHashAll && t <= SigHashSingle
}

// checkSignatureEncoding applies STRICTENC, DERSIG and LOW_S. An empty signature passes: it is the compact way to
// write an invalid one.
func checkSignatureEncoding(sig []byte, flags Flags) Error {
	if len(sig) == 0 {
		return errOK
	}
	if flags&(VerifyDERSig|VerifyLowS|VerifyStrictEnc) != 0 && !isStrictDER(sig) {
		return ErrSigDER
	}
	if flags&VerifyLowS != 0 && !secp.IsLowS(sig[:len(sig)-1]) {
		return ErrSigHighS
	}
	if flags&VerifyStrictEnc != 0 && !isDefinedHashType(sig) {
		return ErrSigHashType
	}
	return errOK
}

func isCompressedKey(key []byte) bool {
	return len(key) == 33 && (key[0] == 2 || key[0] == 3)
}

// checkEncodings applies the encoding rules to a signature and then to its key.
func (e *engine) checkEncodings(sig, key []byte) Error {
	if err := checkSignatureEncoding(sig, e.flags); err != errOK {
		return err
	}
	if e.has(VerifyStrictEnc) && !isCompressedKey(key) && (len(key) != 65 || key[0] != 4) {
		return ErrPubKeyType
	}
	if e.has(VerifyWitnessPubKeyType) && e.version == sigWitnessV0 && !isCompressedKey(key) {
		return ErrWitnessPubKeyType
	}
	return errOK
}

// isPubKeySize reports whether the length fits the first byte (CPubKey::ValidSize). Hybrid keys, 6 and 7, included.
func isPubKeySize(key []byte) bool {
	if len(key) == 0 {
		return false
	}
	switch key[0] {
	case 2, 3:
		return len(key) == 33
	case 4, 6, 7:
		return len(key) == 65
	}
	return false
}

// sighashMemo remembers the last ECDSA signature hash of the input: CHECKMULTISIG asks for the same one for every key
// it tries.
type sighashMemo struct {
	valid    bool
	version  sigVersion
	hashType byte
	code     []byte
	hash     [32]byte
}

func (m *sighashMemo) fits(version sigVersion, hashType byte, code []byte) bool {
	return m.valid && m.version == version && m.hashType == hashType &&
		len(code) > 0 && len(m.code) == len(code) && &m.code[0] == &code[0]
}

// verifyECDSA verifies a signature with its hash type byte over the script code.
func (e *engine) verifyECDSA(sig, key, code []byte) bool {
	if len(sig) == 0 || !isPubKeySize(key) {
		return false
	}
	last := len(sig) - 1
	hashType := sig[last]
	if m := &e.memo; !m.fits(e.version, hashType, code) {
		m.valid, m.version, m.hashType, m.code = true, e.version, hashType, code
		if e.version == sigWitnessV0 {
			e.ctx.witnessV0Hash(&e.hash, e.input, code, uint32(hashType), &m.hash)
		} else {
			legacyHash(&e.hash, e.ctx.tx, e.input, code, uint32(hashType), &m.hash)
		}
	}
	return e.cache.verify(kindECDSA, &e.memo.hash, key, sig[:last])
}

// findAndDelete removes every push of sig that stands where an instruction begins, as Core's FindAndDelete does with
// CScript() << sig. The script itself is not touched: without a match it is returned as it is.
func findAndDelete(code, sig []byte) (stripped []byte, found bool) {
	var headerBytes [5]byte
	header := appendPushHeader(headerBytes[:0], len(sig))
	kept := 0 // code[kept:pc] is not yet in stripped
	for pc := 0; ; {
		at := pc
		for bytes.HasPrefix(code[pc:], header) && bytes.HasPrefix(code[pc+len(header):], sig) {
			pc += len(header) + len(sig)
		}
		if pc > at {
			stripped = append(stripped, code[kept:at]...)
			kept, found = pc, true
		}
		if pc >= len(code) {
			break
		}
		_, _, next, ok := readOp(code, pc)
		if !ok {
			break
		}
		pc = next
	}
	if !found {
		return code, false
	}
	return append(stripped, code[kept:]...), true
}
