// Package wire is Bitcoin's peer-to-peer language: frames and the messages in
// them, read and written.
//
// It owns the bytes of the protocol and the limits that every message has by
// its own definition. A frame's header is read first ([FrameReader.Next]); the
// length in it is checked against the limit of its command before any memory
// is taken; then the payload is read into a buffer of the caller's
// ([FrameReader.Payload]) and its checksum verified; then [Decode] makes a
// [Message] of it. Decoders take memory only for what the payload really
// holds. [Append] writes a message with its header into one buffer.
//
// It never judges a message: whether a transaction is valid, an announcement
// wanted or a peer allowed to speak is decided elsewhere. It never waits and
// knows no clock; all it asks of a connection is io.Reader.
//
// Start reading at frame.go and message.go; each message has its own file or
// shares one with its relatives, with who sends it, what answers it and its
// limits. Addresses are the business of the package netaddr beneath.
package wire
