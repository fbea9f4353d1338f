package script

// CountSigOps counts the signature operations of a script before anything runs. A CHECKMULTISIG counts as 20, or, if
// accurate, as the number of keys where a small-integer opcode directly before it says so. Counting stops quietly at a
// malformed push.
func CountSigOps(script []byte, accurate bool) int {
	n := 0
	last := byte(OP_INVALIDOPCODE)
	for pc := 0; pc < len(script); {
		op, _, next, ok := readOp(script, pc)
		if !ok {
			break
		}
		pc = next
		switch op {
		case OP_CHECKSIG, OP_CHECKSIGVERIFY:
			n++
		case OP_CHECKMULTISIG, OP_CHECKMULTISIGVERIFY:
			if accurate && last >= OP_1 && last <= OP_16 {
				n += int(last) - OP_1 + 1
			} else {
				n += MaxMultiSigKeys
			}
		}
		last = op
	}
	return n
}

// CountP2SHSigOps counts the operations of the redeem script accurately, if the spent output is P2SH (BIP16).
func CountP2SHSigOps(scriptSig, pkScript []byte) int {
	if !IsPayToScriptHash(pkScript) {
		return 0
	}
	redeem, ok := lastPush(scriptSig)
	if !ok {
		return 0
	}
	return CountSigOps(redeem, true)
}

// lastPush returns what the last instruction of a push-only script pushes; nothing for the small-integer opcodes.
func lastPush(script []byte) (data []byte, ok bool) {
	for pc := 0; pc < len(script); {
		op, pushed, next, ok := readOp(script, pc)
		if !ok || op > OP_16 {
			return nil, false
		}
		pc, data = next, pushed
	}
	return data, true
}

// CountWitnessSigOps counts the operations of a version 0 program, native or in P2SH (BIP141). Tapscript has a budget
// of its own and counts nothing here.
func CountWitnessSigOps(scriptSig, pkScript []byte, witness [][]byte, flags Flags) int {
	if flags&VerifyWitness == 0 {
		return 0
	}
	version, program, ok := IsWitnessProgram(pkScript)
	if !ok && IsPayToScriptHash(pkScript) {
		if redeem, pushOnly := lastPush(scriptSig); pushOnly {
			version, program, ok = IsWitnessProgram(redeem)
		}
	}
	switch {
	case !ok || version != 0:
		return 0
	case len(program) == 20:
		return 1
	case len(program) == 32 && len(witness) > 0:
		return CountSigOps(witness[len(witness)-1], true)
	}
	return 0
}
