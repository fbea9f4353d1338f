// Package mining makes block templates and grinds them.
//
// It is pure: the pool's transactions, the tip and the time go in, a block comes
// out. [Select] chooses transactions by the feerate of each with its unconfirmed
// ancestors, [Assemble] puts a coinbase and a header around them, and [Grind]
// looks for a nonce. Who mints when, and to whom, is the minter actor's business.
//
// Start reading at [Select].
package mining
