package main

import (
	"context"

	"github.com/troupe-node/troupe/config"
)

// engine is what the commands drive. A command whose function is missing is not
// offered at all.
type engine struct {
	// Run starts a node, calls ready once everything answers (from its own goroutine, not
	// an actor's: ready may call RPC), and returns after an ordered stop. It begins that when ctx
	// ends, when RPC asks for it, or when ready fails, whose error it then returns.
	Run func(ctx context.Context, s *session, ready func(readiness) error) error
	// Import brings the blocks of files into a store that no node has open, and reports
	// the height it has reached as it goes.
	Import func(ctx context.Context, s *session, files []string, progress func(importState)) error
	// Flood forges traffic and pushes it at a node on this machine.
	Flood func(ctx context.Context, o floodOptions) error
}

// readiness is what a person wants to know once a node is up.
type readiness struct {
	RPC    []string // addresses
	P2P    []string
	Height int32
}

// importState is how far an import is.
type importState struct {
	Bytes, OfBytes int64
	Blocks         int64
	Height         int32
	Path           string
}

// floodOptions are the settings of "flood tx" and "flood blocks".
type floodOptions struct {
	Kind        string // tx or blocks
	Target      string // host:port of the node's peer-to-peer port, on this machine
	Connections int
	Count       int
	Rate        int // a second; 0: as fast as it goes
	Seed        uint64
	JSON        bool
	Config      *config.Loaded
	app         *app
}
