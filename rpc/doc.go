// Package rpc speaks Core's JSON-RPC over HTTP: both dialects (1.1 and 2.0),
// batches, named arguments, cookie and password, Core's fields and error codes.
//
// It owns the door and nothing else. Reads are answered from the views on the
// board, never by asking an actor; commands go to the cast as messages, and may
// wait because each request has a goroutine of its own. Every method is one
// [Method] value in the registry: its parameters, help and handler stand together,
// and `help`, named arguments and type checks come from it. Methods live in one
// file per group, named for what they are about.
//
// Start reading at [Server] for the dialect, at [Method] for the registry, at
// [Node] for what methods work on, and at [Door] for the actor around it all.
package rpc
