package script

import "encoding/binary"

// readOp reads the instruction at pc. For the push opcodes, OP_0 among them, data is what is pushed; next is where the
// following instruction begins. When the script ends in the middle of a push, ok is false and next stands where Core's
// GetScriptOp stops reading: the legacy signature hash depends on that position.
func readOp(script []byte, pc int) (op byte, data []byte, next int, ok bool) {
	op = script[pc]
	pc++
	if op > OP_PUSHDATA4 {
		return op, nil, pc, true
	}
	left := len(script) - pc
	size := int(op)
	switch op {
	case OP_PUSHDATA1:
		if left < 1 {
			return OP_INVALIDOPCODE, nil, pc, false
		}
		size = int(script[pc])
		pc++
	case OP_PUSHDATA2:
		if left < 2 {
			return OP_INVALIDOPCODE, nil, pc, false
		}
		size = int(binary.LittleEndian.Uint16(script[pc:]))
		pc += 2
	case OP_PUSHDATA4:
		if left < 4 {
			return OP_INVALIDOPCODE, nil, pc, false
		}
		n := binary.LittleEndian.Uint32(script[pc:])
		pc += 4
		if uint64(n) > uint64(len(script)-pc) {
			return OP_INVALIDOPCODE, nil, pc, false
		}
		size = int(n)
	}
	if size > len(script)-pc {
		return OP_INVALIDOPCODE, nil, pc, false
	}
	return op, script[pc : pc+size : pc+size], pc + size, true
}

// IsPushOnly reports whether the script has no opcode above OP_16. OP_RESERVED counts as a push here, because it fails
// when it is executed (Core's IsPushOnly).
func IsPushOnly(script []byte) bool {
	for pc := 0; pc < len(script); {
		op, _, next, ok := readOp(script, pc)
		if !ok || op > OP_16 {
			return false
		}
		pc = next
	}
	return true
}

// IsUnspendable reports whether no input can ever spend an output with this script: such outputs never enter the coin
// set.
func IsUnspendable(pkScript []byte) bool {
	return len(pkScript) > 0 && pkScript[0] == OP_RETURN || len(pkScript) > MaxScriptSize
}

// isMinimalPush reports whether op is the shortest way to push data (BIP62 rule 3).
func isMinimalPush(data []byte, op byte) bool {
	switch n := len(data); {
	case n == 0:
		return op == OP_0
	case n == 1 && data[0] >= 1 && data[0] <= 16:
		return op == OP_1+data[0]-1
	case n == 1 && data[0] == 0x81:
		return op == OP_1NEGATE
	case n < OP_PUSHDATA1:
		return int(op) == n
	case n <= 0xff:
		return op == OP_PUSHDATA1
	case n <= 0xffff:
		return op == OP_PUSHDATA2
	}
	return true
}

// appendPushHeader appends the opcode and length that push n bytes, never using the small-integer opcodes. This is
// what Core's CScript << vector writes, which FindAndDelete and the P2SH witness rule are defined by.
func appendPushHeader(dst []byte, n int) []byte {
	switch {
	case n < OP_PUSHDATA1:
		return append(dst, byte(n))
	case n <= 0xff:
		return append(dst, OP_PUSHDATA1, byte(n))
	case n <= 0xffff:
		return binary.LittleEndian.AppendUint16(append(dst, OP_PUSHDATA2), uint16(n))
	}
	return binary.LittleEndian.AppendUint32(append(dst, OP_PUSHDATA4), uint32(n))
}
