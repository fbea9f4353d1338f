package rpc

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/troupe-node/troupe/script"
)

// eachOp calls f with every opcode of a script and what it pushes, until f says
// stop; false when a push runs over the end.
func eachOp(s []byte, f func(op byte, data []byte) bool) bool {
	for len(s) > 0 {
		op := s[0]
		s = s[1:]
		size := 0
		switch {
		case op < script.OP_PUSHDATA1:
			size = int(op)
		case op <= script.OP_PUSHDATA4:
			width := 1 << (op - script.OP_PUSHDATA1)
			if len(s) < width {
				return false
			}
			var le [8]byte
			copy(le[:], s[:width])
			size, s = int(binary.LittleEndian.Uint64(le[:])), s[width:]
		}
		if len(s) < size {
			return false
		}
		if !f(op, s[:size]) {
			return true
		}
		s = s[size:]
	}
	return true
}

// hasValidOps tells whether every opcode is known and every push has at most 520
// bytes (Core's CScript::HasValidOps).
func hasValidOps(s []byte) bool {
	valid := true
	whole := eachOp(s, func(op byte, data []byte) bool {
		valid = op <= script.OP_NOP10 && len(data) <= script.MaxElementSize
		return valid
	})
	return whole && valid
}

// hasTapscriptOps tells whether a script has opcodes that only tapscript gives a
// meaning (BIP342): such a script is no legacy one.
func hasTapscriptOps(s []byte) bool {
	found := false
	eachOp(s, func(op byte, _ []byte) bool {
		found = op == script.OP_CHECKSIGADD || isOpSuccess(op)
		return !found
	})
	return found
}

// isOpSuccess are BIP342's OP_SUCCESSx.
func isOpSuccess(op byte) bool {
	return op == 80 || op == 98 || op >= 126 && op <= 129 || op >= 131 && op <= 134 || op == 137 || op == 138 ||
		op == 141 || op == 142 || op >= 149 && op <= 153 || op >= 187 && op <= 254
}

// pushes are the elements that a script of pushes leaves on the stack; false for
// any other script.
func pushes(s []byte) (stack [][]byte, ok bool) {
	if !script.IsPushOnly(s) {
		return nil, false
	}
	ok = eachOp(s, func(op byte, data []byte) bool {
		switch {
		case op == script.OP_1NEGATE:
			data = []byte{0x81}
		case op >= script.OP_1 && op <= script.OP_16:
			data = []byte{op - script.OP_1 + 1}
		}
		stack = append(stack, data)
		return true
	})
	return stack, ok
}

// pushAll is the script that leaves these elements on the stack (Core's PushAll).
func pushAll(stack [][]byte) []byte {
	b := script.NewBuilder()
	for _, item := range stack {
		b.Data(item)
	}
	return b.Script()
}

// payToWitnessScript is the P2WSH output of a script.
func payToWitnessScript(s []byte) []byte {
	hash := sha256.Sum256(s)
	return script.PayToWitness(0, hash[:])
}
