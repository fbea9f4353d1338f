// Package flood pushes forged traffic at a node of this machine, over many
// connections that speak the protocol as any peer does, and measures how it fares:
// goodput, latencies, memory.
//
// Everything that is sent is forged from a seed. The node's chain is prepared first: a
// forged chain, longer than what it has, with a coin for every transaction. Only
// regtest nodes on loopback addresses can be flooded; [peer.CheckLocal] is asked before
// anything else.
//
// Latency is taken from the outside. A ping behind every batch tells when the batch was
// worked off: a node that keeps its peer's order, as Core and troupe do, sends the pong
// when everything before it has had its effect. A quiet connection, which sends pings and
// nothing else, tells how the node feels to its other peers.
//
// Start reading at [Run], then txs.go and blocks.go.
package flood
