// Package addrbook remembers where other nodes are, which of them answered,
// and which are not welcome.
//
// [Book] keeps addresses as Bitcoin Core's address manager does: heard-of
// addresses in 1024 "new" buckets, addresses that answered in 256 "tried"
// ones, 64 places each. A secret key decides the place, and it depends on the
// group of the address and of its source, so that somebody who controls a few
// groups can fill only a few buckets. [Bans], [Discouraged] and [Scores]
// remember misbehaviour. All of them are bounded.
//
// The package is pure: time, randomness and the key come from its owner, files
// are byte slices. It never opens a connection and never resolves a name, and
// nothing in it is safe for concurrent use: it has one owner.
//
// Start reading at [Book]; bucket.go says where an address belongs, select.go
// which one to try next.
package addrbook
