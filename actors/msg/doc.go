// Package msg is what the cast says to each other: every message that crosses
// from one actor to another, and the views that their owners publish.
//
// One file per receiver. A message's comment says who sends it, who answers and
// what silence means; its registration beside it says the same to the kit, which
// checks each send against it and derives the work graph. Actor packages import
// this package and never each other.
//
// The [Board] holds the views: immutable values behind atomic pointers, each
// written by one actor and read by all. Reads are never messages.
//
// Start reading at [Board], then chain.go.
package msg
