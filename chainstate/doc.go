// Package chainstate is the machine behind the chain actor: it decides which
// chain of blocks is the best one and keeps the coins in step with it.
//
// It owns the header tree ([Node], [Index]), the choice of the best chain, the
// coins applied and undone ([Machine]), and the immutable view of all this that
// everybody else reads ([Snapshot]). It never starts a goroutine, reads a
// clock, writes anything or runs a script: headers, blocks, results and the
// time are put in, and what there is to do comes out of [Machine.Ready], as in
// etcd's raft. Its only I/O is reading coins, bodies and undo data that are not
// in memory, and even that can be handed to workers ([Load]).
//
// Blocks are applied ahead of their verification. Coins of a block are changed
// in an overlay above the cache as soon as its parent's are; its scripts go out
// as a [VerifyJob]; the overlay's oldest block reaches the cache, and readers,
// only when its scripts are good. A reorganisation happens in the overlay as a
// whole: whatever fails in its middle leaves the old tip where it was.
//
// Start reading at [Machine] in machine.go, then choose.go (which chain),
// steps.go (how the overlay moves towards it) and commit.go (when the store and
// the readers hear of it). The scripts in testdata show it at work.
package chainstate
