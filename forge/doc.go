// Package forge makes regtest chains and signed transactions out of a seed,
// for tests and for the lab: blocks that are valid in every respect, floods of
// independent transactions, competing branches, conflicts, long chains of
// unconfirmed transactions, and the largest blocks the rules allow. The same
// seed gives the same bytes, in both builds and on every machine.
//
// It owns no clock, socket, file or goroutine, and holds no more of a chain
// than its tip and the coins it can still spend: a chain of any length streams
// through it block by block. Signing is a pure function of a planned
// transaction ([Spend.Sign]), so that a caller can spread it over its cores.
//
// Its keys are derived from the seed by a public rule and are worth nothing.
//
// Start with [New], then [Chain]: [Chain.Setup] matures coins, [Chain.Plan]
// plans payments, [Chain.Mint] makes them a block, [Chain.Blocks] does all
// three. block.go builds one block on any parent.
package forge
