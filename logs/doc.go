// Package logs owns how the node writes its log: the catalogue of events, the
// keys that stand beside them, the levels per category, and the file with its rotation.
//
// An event is a Go value (TipConnected, PeerDisconnected); it can only be declared in
// this package and only be written through its Log method, so that the catalogue,
// docs/logs.md and the lines on disk cannot disagree. A key is a typed value
// (Height, Reason); none takes bytes, so that a line never carries a payload.
//
// The package never decides what is worth logging, and never writes to standard
// error. Start reading at events.go for what there is, then at logger.go.
package logs
