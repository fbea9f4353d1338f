// Package script is Bitcoin's script system: the interpreter for legacy, pay-to-script-hash, witness version 0,
// taproot and tapscript spends, the three signature hashes, output classification, signature-operation counting,
// disassembly, and the cache of verified signatures and scripts.
//
// It owns the question "may this input spend that output under these flags", and answers it exactly as Bitcoin Core
// 28 does, down to the error. It never decides which flags apply to a block (package consensus) or to a transaction
// that wants into the pool (package mempool), never looks up coins, and holds no state besides a cache the caller
// makes and passes in. It has no clock, no goroutine and no randomness of its own.
//
// Start reading at TxContext.Verify (verify.go), which runs the shapes nearly every input has through templates.go and
// everything else through the interpreter: engine.go holds the loop and the limits, the ops_*.go files one group of
// opcodes each. Rules that come from a BIP or from Core name it where they stand.
package script
