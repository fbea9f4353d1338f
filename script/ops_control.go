package script

// opControl executes OP_NOP to OP_RETURN. VER, VERIF and VERNOTIF fail.
func (e *engine) opControl(op byte) Error {
	switch op {
	case OP_NOP:
		return errOK
	case OP_IF, OP_NOTIF:
		return e.opIf(op)
	case OP_ELSE, OP_ENDIF:
		if e.cond.depth == 0 {
			return ErrUnbalancedConditional
		}
		if op == OP_ELSE {
			e.cond.toggle()
		} else {
			e.cond.pop()
		}
		return errOK
	case OP_VERIFY:
		if len(e.stack) < 1 {
			return ErrInvalidStackOperation
		}
		if !isTrue(e.stack.top(1)) {
			return ErrVerify
		}
		e.stack.drop(1)
		return errOK
	case OP_RETURN:
		return ErrOpReturn
	}
	return ErrBadOpcode
}

// opIf opens a branch. The minimal argument is consensus in tapscript (BIP342) and policy in witness v0.
func (e *engine) opIf(op byte) Error {
	taken := false
	if e.cond.allTrue() {
		if len(e.stack) < 1 {
			return ErrUnbalancedConditional
		}
		arg := e.stack.top(1)
		if minimal := len(arg) == 0 || len(arg) == 1 && arg[0] == 1; !minimal {
			if e.version == sigTapscript {
				return ErrTapscriptMinimalIf
			}
			if e.version == sigWitnessV0 && e.has(VerifyMinimalIf) {
				return ErrMinimalIf
			}
		}
		taken = isTrue(arg) == (op == OP_IF)
		e.stack.drop(1)
	}
	e.cond.push(taken)
	return errOK
}

// opUpgradable executes NOP1 to NOP10, two of which became CHECKLOCKTIMEVERIFY and CHECKSEQUENCEVERIFY.
func (e *engine) opUpgradable(op byte) Error {
	switch op {
	case OP_CHECKLOCKTIMEVERIFY:
		if e.has(VerifyCheckLockTimeVerify) {
			return e.opCheckLockTime()
		}
		return errOK
	case OP_CHECKSEQUENCEVERIFY:
		if e.has(VerifyCheckSequenceVerify) {
			return e.opCheckSequence()
		}
		return errOK
	}
	if e.has(VerifyDiscourageUpgradableNops) {
		return ErrDiscourageUpgradableNops
	}
	return errOK
}

// lockArgument is what CHECKLOCKTIMEVERIFY and CHECKSEQUENCEVERIFY compare with. It stays on the stack.
func (e *engine) lockArgument() (want int64, err Error) {
	if len(e.stack) < 1 {
		return 0, ErrInvalidStackOperation
	}
	want, ok := parseNum(e.stack.top(1), e.has(VerifyMinimalData), maxLockTimeSize)
	if !ok {
		return 0, ErrUnknown
	}
	if want < 0 {
		return 0, ErrNegativeLockTime
	}
	return want, errOK
}

// opCheckLockTime is BIP65.
func (e *engine) opCheckLockTime() Error {
	want, err := e.lockArgument()
	if err != errOK {
		return err
	}
	have := int64(e.ctx.tx.LockTime)
	// Heights compare with heights and times with times, and a final sequence number would switch the lock time off.
	if (have < lockTimeThreshold) != (want < lockTimeThreshold) || want > have ||
		e.ctx.tx.Inputs[e.input].Sequence == sequenceFinal {
		return ErrUnsatisfiedLockTime
	}
	return errOK
}

// opCheckSequence is BIP112.
func (e *engine) opCheckSequence() Error {
	want, err := e.lockArgument()
	if err != errOK {
		return err
	}
	if want&sequenceDisableFlag != 0 {
		return errOK
	}
	have := int64(e.ctx.tx.Inputs[e.input].Sequence)
	if e.ctx.tx.Version < 2 || have&sequenceDisableFlag != 0 {
		return ErrUnsatisfiedLockTime
	}
	want &= sequenceTypeFlag | sequenceMask
	have &= sequenceTypeFlag | sequenceMask
	if (have < sequenceTypeFlag) != (want < sequenceTypeFlag) || want > have {
		return ErrUnsatisfiedLockTime
	}
	return errOK
}
