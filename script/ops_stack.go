package script

import "bytes"

// stackNeeds is how many elements each stack opcode takes, indexed from OP_TOALTSTACK.
var stackNeeds = [...]int8{
	0:                               1, // OP_TOALTSTACK itself
	OP_FROMALTSTACK - OP_TOALTSTACK: 0,
	OP_2DROP - OP_TOALTSTACK:        2, OP_2DUP - OP_TOALTSTACK: 2, OP_3DUP - OP_TOALTSTACK: 3,
	OP_2OVER - OP_TOALTSTACK: 4, OP_2ROT - OP_TOALTSTACK: 6, OP_2SWAP - OP_TOALTSTACK: 4,
	OP_IFDUP - OP_TOALTSTACK: 1, OP_DEPTH - OP_TOALTSTACK: 0, OP_DROP - OP_TOALTSTACK: 1,
	OP_DUP - OP_TOALTSTACK: 1, OP_NIP - OP_TOALTSTACK: 2, OP_OVER - OP_TOALTSTACK: 2,
	OP_PICK - OP_TOALTSTACK: 2, OP_ROLL - OP_TOALTSTACK: 2, OP_ROT - OP_TOALTSTACK: 3,
	OP_SWAP - OP_TOALTSTACK: 2, OP_TUCK - OP_TOALTSTACK: 2, OP_SIZE - OP_TOALTSTACK: 1,
}

// opStack executes OP_TOALTSTACK to OP_TUCK, and OP_SIZE.
func (e *engine) opStack(op byte) Error {
	if len(e.stack) < int(stackNeeds[op-OP_TOALTSTACK]) {
		return ErrInvalidStackOperation
	}
	s := &e.stack
	switch op {
	case OP_TOALTSTACK:
		e.alt.push(s.pop())
	case OP_FROMALTSTACK:
		if len(e.alt) < 1 {
			return ErrInvalidAltStackOperation
		}
		s.push(e.alt.pop())
	case OP_2DROP:
		s.drop(2)
	case OP_2DUP:
		*s = append(*s, s.top(2), s.top(1))
	case OP_3DUP:
		*s = append(*s, s.top(3), s.top(2), s.top(1))
	case OP_2OVER:
		*s = append(*s, s.top(4), s.top(3))
	case OP_2ROT:
		s.push(s.remove(6))
		s.push(s.remove(6))
	case OP_2SWAP:
		s.push(s.remove(4))
		s.push(s.remove(4))
	case OP_IFDUP:
		if isTrue(s.top(1)) {
			s.push(s.top(1))
		}
	case OP_DEPTH:
		e.pushNum(int64(len(*s)))
	case OP_DROP:
		s.drop(1)
	case OP_DUP:
		s.push(s.top(1))
	case OP_NIP:
		s.remove(2)
	case OP_OVER:
		s.push(s.top(2))
	case OP_PICK, OP_ROLL:
		return e.opPick(op)
	case OP_ROT:
		s.push(s.remove(3))
	case OP_SWAP:
		s.push(s.remove(2))
	case OP_TUCK:
		x2, x1 := s.pop(), s.pop()
		*s = append(*s, x2, x1, x2)
	case OP_SIZE:
		e.pushNum(int64(len(s.top(1))))
	}
	return errOK
}

// opPick copies (PICK) or moves (ROLL) the element n below the top to the top.
func (e *engine) opPick(op byte) Error {
	n, ok := e.num(1)
	if !ok {
		return ErrUnknown
	}
	e.stack.drop(1)
	if n < 0 || n >= int64(len(e.stack)) {
		return ErrInvalidStackOperation
	}
	if op == OP_PICK {
		e.stack.push(e.stack.top(int(n) + 1))
	} else {
		e.stack.push(e.stack.remove(int(n) + 1))
	}
	return errOK
}

// opEqual compares bytes, not numbers.
func (e *engine) opEqual(op byte) Error {
	if len(e.stack) < 2 {
		return ErrInvalidStackOperation
	}
	equal := bytes.Equal(e.stack.top(1), e.stack.top(2))
	e.stack.drop(2)
	if op == OP_EQUAL {
		e.pushBool(equal)
		return errOK
	}
	if !equal {
		return ErrEqualVerify
	}
	return errOK
}
