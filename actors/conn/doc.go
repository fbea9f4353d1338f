// Package conn is one connection: handshake, framing, the order in which a
// peer's messages take effect, serving what it asks for, and telling it what is
// new.
//
// A conn owns its socket and what it knows of its peer; nobody else touches
// either. Its reader goroutine takes credit before it takes memory, decodes, and
// posts frames to the actor. The actor handles them strictly in order: a block
// may follow a block and a transaction a transaction while the ones before are
// still being checked, and everything else waits until nothing is outstanding.
// That is why a pong says that all before the ping has taken effect. The writer
// goroutine lives as long as there is something to write; bodies of blocks are
// read from the store by it, one at a time as the socket drains.
//
// A conn never restarts. It ends, saying why, and the registry decides about
// another one.
//
// Start reading at [Spec], then order.go.
package conn
