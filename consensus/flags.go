package consensus

import (
	"github.com/troupe-node/troupe/script"
	"github.com/troupe-node/troupe/tx"
)

// ScriptFlags are the rules that the scripts of a block obey. P2SH, witness
// and taproot hold for every block but the listed ones, since no block before
// their activation breaks them; the rest begins at its buried height (Core's
// GetBlockScriptFlags).
func ScriptFlags(hash tx.Hash, height int32, p *Params) script.Flags {
	flags := script.VerifyP2SH | script.VerifyWitness | script.VerifyTaproot
	if exception, ok := p.scriptFlagExceptions[hash]; ok {
		flags = exception
	}
	if p.ActiveAt(DERSig, height) {
		flags |= script.VerifyDERSig
	}
	if p.ActiveAt(CLTV, height) {
		flags |= script.VerifyCheckLockTimeVerify
	}
	if p.ActiveAt(CSV, height) {
		flags |= script.VerifyCheckSequenceVerify
	}
	if p.ActiveAt(Segwit, height) { // BIP147 came with BIP141
		flags |= script.VerifyNullDummy
	}
	return flags
}
