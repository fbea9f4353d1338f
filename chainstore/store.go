package chainstore

import (
	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// State is what the store holds: the sequence number of the last commit and the block its coins are those of.
type State struct {
	// Seq counts connect and disconnect steps, never heights. It only grows, across restarts too.
	Seq uint64
	// Tip is the block whose coins the store holds; zero while the store is empty.
	Tip tx.Hash
}

// Store keeps the chain. One goroutine at a time commits; every other method is safe from any goroutine, during a commit too.
type Store interface {
	// State is the last commit's.
	State() State
	// Synced is the last sequence that survives a power cut. At or above it, a process may die without loss; a power cut
	// keeps every commit up to Synced and a whole number of those after it.
	Synced() uint64
	// Headers calls back with each header record, lowest height first, so that a parent always precedes its children.
	Headers(func(HeaderRecord) error) error
	// PutAll stores bodies and encoded undo data, readable at once. What no commit ever follows is gone after a crash, so
	// commit the header record that says "have body" after it. Undo data that is put ahead frees the memory that Commit.Undo
	// would hold until the next flush. After an error, any of them may have been stored.
	PutAll(list []Put) error
	// Commit writes c, atomically as seen by readers and by a restart. It does not wait for the disk: see Sync.
	Commit(c *Commit) error
	// Snapshot pins the last commit.
	Snapshot() (*Snapshot, error)
	// Sync makes everything committed before the call survive a power cut.
	Sync() error
	// Close syncs and closes. Snapshots still open fail with ErrClosed from then on.
	Close() error
}

// Status bits of a header record. The store keeps them and never looks at them.
const (
	StatusHaveBody      uint32 = 1 << iota // the body is stored
	StatusHaveUndo                         // the undo data is stored
	StatusScriptsValid                     // every script was checked, or is covered by assumevalid
	StatusFailed                           // the block itself is invalid
	StatusFailedChild                      // an ancestor is invalid
	StatusPruned                           // body and undo were there and are pruned
	StatusHeaderInvalid                    // refused before its body was looked at
)

// HeaderRecord is what the store remembers of one header.
type HeaderRecord struct {
	Hash    tx.Hash // filled by Headers; derived from Header by Commit when zero
	Header  tx.Header
	Height  int32
	Status  uint32
	Order   uint64 // arrival order: of two tips with equal work the one seen first wins
	TxCount uint32 // zero until the body was seen
}

// Commit is one atomic step of the store: the effect of one block, of many, or of none (headers and records alone).
type Commit struct {
	// Seq must be above the stored sequence. Zero takes the next one.
	Seq uint64
	// Base, unless zero, is the tip this commit starts from: another stored tip refuses it with ErrNotTip. Undo data is not
	// idempotent, so a commit that disconnects a block names that block here.
	Base tx.Hash
	// Tip is the block the coins are those of afterwards. Zero leaves the tip alone; coins must not change then.
	Tip tx.Hash
	// Coins changed, in any order; of two changes to one outpoint the last counts.
	Coins []CoinChange
	// Layer is the other way to say which coins changed: a cache's frozen layer, written without decoding a coin.
	Layer *Layer
	// Undo data of the connected blocks.
	Undo []BlockUndo
	// Headers new or changed.
	Headers []HeaderRecord
	// Prune deletes the bodies and undo data of these blocks. Say so in their header records in the same commit.
	Prune []tx.Hash
	// Records are an index's own keys and values.
	Records []Record
}

// CoinChange sets a coin, or deletes it.
type CoinChange struct {
	OutPoint tx.OutPoint
	Coin     *consensus.Coin // nil: spent
}

// BlockUndo is the undo data of one block, encoded by [Undo.Encode].
type BlockUndo struct {
	Block tx.Hash
	Data  []byte
}

// Record is an entry of an index (the transaction index, say). Begin the key with a byte that names the index.
type Record struct {
	Key   []byte
	Value []byte // nil deletes
}
