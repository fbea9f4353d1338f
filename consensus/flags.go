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

// mainScriptExceptions are the blocks of main net that break a rule which all
// others obey from the first on.
// See https://github.com/bitcoin/bitcoin/pull/23536.
func mainScriptExceptions() map[tx.Hash]script.Flags {
	return map[tx.Hash]script.Flags{
		// Block 170,060 spends a P2SH output in a way BIP16 forbids.
		tx.MustHash("00000000000002dc756eebf4f49723ed8d30cc28a5f108eb94b1ba88ac4f9c22"): script.VerifyNone,
		// Block 692,261 has a taproot-shaped spend that taproot forbids.
		tx.MustHash("0000000000000000000f14c35b2d841e986ab5441de8c585d5ffe55ea1e395ad"): script.VerifyP2SH | script.VerifyWitness,
	}
}

// testnet3ScriptExceptions is the one such block of testnet3, against BIP16.
func testnet3ScriptExceptions() map[tx.Hash]script.Flags {
	return map[tx.Hash]script.Flags{
		tx.MustHash("00000000dd30457c001f4095d208cc1296b0eed002427aa599874af7a432b105"): script.VerifyNone,
	}
}
