// Package download decides whom to ask for headers, blocks and transactions,
// and when to stop waiting.
//
// It holds three machines: [Headers] follows the header chains of the peers,
// [Blocks] spreads the bodies of the best of them over the peers (the
// tutorial's blocksInTransit became its leases), [Txs] asks for announced
// transactions, each from one peer at a time. Each is driven by calls that say
// what happened and when, and answers with effects, which its owner takes from
// Ready and performs, as in etcd's raft. None of them has a clock, a connection,
// a goroutine or a block's bytes; they know headers through [Tree].
//
// What is not delivered is not invalid, and a slowness of our own blames no
// peer: a closed window stops every clock. Every set is bounded, nothing is
// ever reset as a whole, and each wanted block can tell who holds it, since when
// and why it waits ([Blocks.Explain]).
//
// Start reading at tree.go and effects.go, then headers.go, blocks.go and
// txs.go. The scripts in testdata show the machines at work.
package download
