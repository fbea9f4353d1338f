// Package chainstore keeps the chain: headers, block bodies, undo data, the coins and the tip.
//
// It owns every byte under the store's directory, the layout of its keys (keys.go), and the rule that a commit is seen whole or
// not at all, by a reader as by a restart (commit.go, recover.go). It never validates anything: what is committed was found good
// by somebody else. It never decides when to flush, sync or prune, and it knows no actor.
//
// There are two stores behind one interface. [Badger] is the real one. [Memory] answers the same questions from memory; the
// simulation and the tests of other packages stand on it. A metamorphic test holds the two to the same answers.
//
// Start reading at [Store] in store.go, then [Commit], then [Snapshot]; the hot path of the initial download is [Cache]
// (cache.go, table.go, arena.go). docs/storage.md says what each byte on disk is for.
package chainstore
