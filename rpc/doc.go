// Package rpc speaks Core's JSON-RPC over HTTP: both dialects (1.1 and 2.0),
// batches, named arguments, cookie and password, Core's fields and error codes.
//
// It owns the listener and nothing else. Reads are answered from the snapshots
// that a [Backend] hands out, never by asking an actor; commands go to the cast
// through the Backend, which may wait because each request has a goroutine of
// its own. Every method is one [Method] value in the registry: its parameters,
// help and handler stand together, and `help`, named arguments and type checks
// come from it. Methods live in one file per group, named for Core's groups.
//
// Start reading at [Server] for the dialect, at [Method] for the registry, and
// at [Backend] for what the rest of the node has to offer.
package rpc
