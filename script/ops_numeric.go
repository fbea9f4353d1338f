package script

// opUnary executes OP_1ADD to OP_0NOTEQUAL; 2MUL and 2DIV never reach it.
func (e *engine) opUnary(op byte) Error {
	if len(e.stack) < 1 {
		return ErrInvalidStackOperation
	}
	n, ok := e.num(1)
	if !ok {
		return ErrUnknown
	}
	e.stack.drop(1)
	switch op {
	case OP_1ADD:
		n++
	case OP_1SUB:
		n--
	case OP_NEGATE:
		n = -n
	case OP_ABS:
		n = max(n, -n)
	case OP_NOT:
		n = boolNum(n == 0)
	case OP_0NOTEQUAL:
		n = boolNum(n != 0)
	}
	e.pushNum(n)
	return errOK
}

// opBinary executes OP_ADD to OP_MAX; MUL to RSHIFT never reach it.
func (e *engine) opBinary(op byte) Error {
	if len(e.stack) < 2 {
		return ErrInvalidStackOperation
	}
	a, okA := e.num(2)
	b, okB := e.num(1)
	if !okA || !okB {
		return ErrUnknown
	}
	e.stack.drop(2)
	var n int64
	switch op {
	case OP_ADD:
		n = a + b
	case OP_SUB:
		n = a - b
	case OP_BOOLAND:
		n = boolNum(a != 0 && b != 0)
	case OP_BOOLOR:
		n = boolNum(a != 0 || b != 0)
	case OP_NUMEQUAL, OP_NUMEQUALVERIFY:
		n = boolNum(a == b)
	case OP_NUMNOTEQUAL:
		n = boolNum(a != b)
	case OP_LESSTHAN:
		n = boolNum(a < b)
	case OP_GREATERTHAN:
		n = boolNum(a > b)
	case OP_LESSTHANOREQUAL:
		n = boolNum(a <= b)
	case OP_GREATERTHANOREQUAL:
		n = boolNum(a >= b)
	case OP_MIN:
		n = min(a, b)
	case OP_MAX:
		n = max(a, b)
	}
	if op != OP_NUMEQUALVERIFY {
		e.pushNum(n)
	} else if n == 0 {
		return ErrNumEqualVerify
	}
	return errOK
}

// opWithin tells whether x lies in [low, high).
func (e *engine) opWithin() Error {
	if len(e.stack) < 3 {
		return ErrInvalidStackOperation
	}
	x, okX := e.num(3)
	low, okLow := e.num(2)
	high, okHigh := e.num(1)
	if !okX || !okLow || !okHigh {
		return ErrUnknown
	}
	e.stack.drop(3)
	e.pushBool(low <= x && x < high)
	return errOK
}

func boolNum(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
