package mempool

import (
	"bytes"
	"encoding/binary"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/tx"
)

// lastPush is the last thing that a script of pushes leaves on the stack; false
// when it is not one, fails, or leaves nothing.
func lastPush(s []byte) (last []byte, ok bool) {
	for count := 0; len(s) > 0; count++ {
		if count == script.MaxStackSize {
			return nil, false
		}
		op, size, skip := s[0], 0, 1
		switch {
		case op <= 75:
			size = int(op)
		case op == script.OP_PUSHDATA1 && len(s) > 1:
			size, skip = int(s[1]), 2
		case op == script.OP_PUSHDATA2 && len(s) > 2:
			size, skip = int(s[1])|int(s[2])<<8, 3
		case op == script.OP_PUSHDATA4 && len(s) > 4:
			size, skip = int(binary.LittleEndian.Uint32(s[1:])), 5
		case op == script.OP_1NEGATE:
			last, ok, s = []byte{0x81}, true, s[1:]
			continue
		case op >= script.OP_1 && op <= script.OP_16:
			last, ok, s = []byte{op - script.OP_1 + 1}, true, s[1:]
			continue
		default:
			return nil, false
		}
		if size > script.MaxElementSize || len(s) < skip+size {
			return nil, false
		}
		last, ok, s = s[skip:skip+size], true, s[skip+size:]
	}
	return last, ok
}

// Limits of Core's IsWitnessStandard.
const (
	maxP2WSHStackItems = 100
	maxP2WSHStackItem  = 80
	maxP2WSHScript     = 3600
	maxTapscriptItem   = 80
	annexTag           = 0x50
	tapscriptLeaf      = 0xc0
	leafMask           = 0xfe
)

// checkWitness is Core's IsWitnessStandard.
func checkWitness(t *tx.Tx, coins []consensus.Coin) *Reject {
	for i := range t.Inputs {
		witness := t.Inputs[i].Witness
		if len(witness) == 0 {
			continue
		}
		if !standardWitness(coins[i].Output.PkScript, &t.Inputs[i]) {
			return reject(WitnessMutated, ErrNonStdWitness, "")
		}
	}
	return nil
}

func standardWitness(prev []byte, in *tx.Input) bool {
	if script.IsPayToAnchor(prev) {
		return false // it needs none, so that it cannot be bloated
	}
	p2sh := script.IsPayToScriptHash(prev)
	if p2sh {
		redeem, ok := lastPush(in.ScriptSig)
		if !ok {
			return false
		}
		prev = redeem
	}
	version, program, ok := script.IsWitnessProgram(prev)
	switch {
	case !ok:
		return false
	case version == 0 && len(program) == 32:
		return standardP2WSH(in.Witness)
	case version == 1 && len(program) == 32 && !p2sh:
		return standardTaproot(in.Witness)
	}
	return true
}

func standardP2WSH(witness [][]byte) bool {
	last := len(witness) - 1
	if len(witness[last]) > maxP2WSHScript || last > maxP2WSHStackItems {
		return false
	}
	for _, item := range witness[:last] {
		if len(item) > maxP2WSHStackItem {
			return false
		}
	}
	return true
}

func standardTaproot(stack [][]byte) bool {
	if len(stack) >= 2 && bytes.HasPrefix(stack[len(stack)-1], []byte{annexTag}) {
		return false // annexes have no meaning yet
	}
	if len(stack) < 2 {
		return len(stack) == 1 // key path; an empty stack is invalid
	}
	control := stack[len(stack)-1]
	if len(control) == 0 {
		return false
	}
	if control[0]&leafMask != tapscriptLeaf {
		return true
	}
	for _, item := range stack[:len(stack)-2] {
		if len(item) > maxTapscriptItem {
			return false
		}
	}
	return true
}
