package script

import (
	"sync"
)

// sigVersion says by which rules a script runs.
type sigVersion uint8

const (
	sigBase      sigVersion = iota // legacy and P2SH
	sigWitnessV0                   // BIP143
	sigTaproot                     // BIP341 key path: no script runs
	sigTapscript                   // BIP342
)

// engine runs the scripts of one input. Engines are pooled: all memory ordinary scripts need is in them.
type engine struct {
	ctx   *TxContext
	input int
	flags Flags
	cache *SigCache

	stack, alt, saved stack
	arena             arena

	// The script that runs.
	script     []byte
	version    sigVersion
	pc         int
	codeStart  int    // where the signed part of the script begins: after the last executed CODESEPARATOR
	opPos      uint32 // index of the instruction
	codeSepPos uint32 // index of the last executed CODESEPARATOR (BIP342)
	opCount    int
	cond       conditions

	tap  tapState
	memo sighashMemo
	hash hasher
	// implied is the script a P2WPKH program stands for.
	implied [25]byte
}

var enginePool = sync.Pool{New: func() any { return new(engine) }}

func getEngine(c *TxContext, input int, flags Flags, cache *SigCache) *engine {
	e := enginePool.Get().(*engine)
	e.ctx, e.input, e.flags, e.cache = c, input, flags, cache
	e.stack, e.alt = e.stack[:0], e.alt[:0]
	e.memo.valid = false
	e.arena.reset()
	return e
}

// free gives the engine back without any reference to what it verified.
func (e *engine) free() {
	e.ctx, e.cache, e.script, e.memo.code = nil, nil, nil, nil
	e.stack.release()
	e.alt.release()
	e.saved.release()
	e.arena.chunk = nil
	enginePool.Put(e)
}

func (e *engine) has(f Flags) bool { return e.flags&f != 0 }

// eval runs one script on the current stack (Core's EvalScript).
func (e *engine) eval(script []byte, version sigVersion) Error {
	if version != sigTapscript && len(script) > MaxScriptSize {
		return ErrScriptSize
	}
	e.script, e.version = script, version
	e.pc, e.codeStart, e.opCount = 0, 0, 0
	e.codeSepPos = 0xffffffff
	e.cond = conditions{}
	e.alt = e.alt[:0]
	for e.opPos = 0; e.pc < len(script); e.opPos++ {
		op, data, next, ok := readOp(script, e.pc)
		if !ok {
			return ErrBadOpcode
		}
		e.pc = next
		if err := e.step(op, data); err != errOK {
			return err
		}
		if len(e.stack)+len(e.alt) > MaxStackSize {
			return ErrStackSize
		}
	}
	if e.cond.depth != 0 {
		return ErrUnbalancedConditional
	}
	return errOK
}

// step applies the rules that hold for every instruction, executed or not, and executes it if its branch is taken.
func (e *engine) step(op byte, data []byte) Error {
	if len(data) > MaxElementSize {
		return ErrPushSize
	}
	if e.version != sigTapscript && op > OP_16 {
		// OP_RESERVED does not count.
		if e.opCount++; e.opCount > MaxOpsPerScript {
			return ErrOpCount
		}
		if isDisabled(op) {
			return ErrDisabledOpcode
		}
	}
	if op == OP_CODESEPARATOR && e.version == sigBase && e.has(VerifyConstScriptCode) {
		return ErrOpCodeSeparator
	}
	taken := e.cond.allTrue()
	if op <= OP_PUSHDATA4 {
		if !taken {
			return errOK
		}
		if e.has(VerifyMinimalData) && !isMinimalPush(data, op) {
			return ErrMinimalData
		}
		e.stack.push(data)
		return errOK
	}
	// VERIF and VERNOTIF lie between IF and ENDIF: they fail even where nothing is executed.
	if !taken && (op < OP_IF || op > OP_ENDIF) {
		return errOK
	}
	return e.execute(op)
}

// execute dispatches to the group of opcodes.
func (e *engine) execute(op byte) Error {
	switch {
	case op == OP_1NEGATE:
		e.stack.push(smallElement[16:17:17])
	case op >= OP_1 && op <= OP_16:
		i := int(op - OP_1)
		e.stack.push(smallElement[i : i+1 : i+1])
	case op >= OP_NOP && op <= OP_RETURN:
		return e.opControl(op)
	case op >= OP_TOALTSTACK && op <= OP_TUCK, op == OP_SIZE:
		return e.opStack(op)
	case op == OP_EQUAL, op == OP_EQUALVERIFY:
		return e.opEqual(op)
	case op >= OP_1ADD && op <= OP_0NOTEQUAL:
		return e.opUnary(op)
	case op >= OP_ADD && op <= OP_MAX:
		return e.opBinary(op)
	case op == OP_WITHIN:
		return e.opWithin()
	case op >= OP_RIPEMD160 && op <= OP_HASH256:
		return e.opHash(op)
	case op >= OP_CODESEPARATOR && op <= OP_CHECKMULTISIGVERIFY, op == OP_CHECKSIGADD:
		return e.opSignature(op)
	case op >= OP_NOP1 && op <= OP_NOP10:
		return e.opUpgradable(op)
	default:
		return ErrBadOpcode
	}
	return errOK
}

func (e *engine) pushBool(v bool) {
	if v {
		e.stack.push(trueElement[:1:1])
	} else {
		e.stack.push(nil)
	}
}

func (e *engine) pushNum(n int64) {
	e.stack.push(e.arena.keep(appendNum(e.arena.room(), n)))
}

// num reads the operand at depth; false is ErrUnknown.
func (e *engine) num(depth int) (int64, bool) {
	return parseNum(e.stack.top(depth), e.has(VerifyMinimalData), maxNumSize)
}
