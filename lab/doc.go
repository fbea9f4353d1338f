// Package lab is where a node is worked hard: import of block files here, floods
// in lab/flood, a peer that serves a chain from memory in lab/serve, and
// measurements side by side with btcd in lab/bench.
//
// It stands above the cast and uses it as any outsider would: messages to actors,
// and sockets of this machine. It never touches an actor's state.
//
// Start reading at [Import].
package lab
