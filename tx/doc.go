// Package tx is the leaf everything else stands on: transactions, headers and
// blocks as views over the one byte slice they came in.
//
// A value is read once. [Parse] and [ParseBlock] first walk the bytes to see
// that every length is honest, and only then take memory, in a handful of
// allocations per transaction or per block. Ids, witness ids and sizes are
// computed on the way, so that asking for them later is free.
//
// What is taken is bounded by the bytes: at most 24 for each, for a witness made
// of empty items, which the rules allow and nobody has reason to make; ordinary
// blocks take about one. Whoever reads for strangers bounds the bytes that are
// under way.
//
// Everything here is immutable after it was made: scripts and witness items
// alias the original bytes. Whoever keeps a script for longer than its
// transaction must copy it, or it pins the whole block in memory.
//
// The package knows how things are written down, never whether they are
// allowed: that is the business of package consensus.
//
// Start reading at [Tx], then parse.go.
package tx
