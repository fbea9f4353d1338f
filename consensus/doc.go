// Package consensus holds the rules of Bitcoin as pure functions: it says
// whether a header, a transaction or a block is allowed, and nothing else.
//
// It owns the parameters of the chains (main, test, testnet4, signet,
// regtest), 256-bit targets and work, retargeting, the sanity of transactions
// and blocks, merkle root and witness commitment, lock times, subsidy, the
// deployments of BIP9 and which script flags a block is verified under. It
// never stores, waits, reads a clock or logs: the time, the ancestors and the
// coins are arguments. It does not run scripts either (only the signet
// solution): [ConnectBlock] hands back what there is to verify.
//
// Every refusal is a [*RuleError] with Bitcoin Core's reject string as its
// kind and with a [Result] that tells a block that is invalid for ever from
// one that was merely mutated on the way. Anything that is not a RuleError is
// an internal failure and says nothing about the block: see [ResultOf].
//
// A block's way through the package, in Core's order: [CheckHeader] and
// [CheckHeaderContext], then [CheckBlock], [CheckBlockContext], and
// [ConnectBlock]. Start reading at block.go.
package consensus
