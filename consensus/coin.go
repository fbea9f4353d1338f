package consensus

import "github.com/troupe-node/troupe/tx"

// Coin is an unspent output and what the rules want to know of its birth.
type Coin struct {
	Output   tx.Output
	Height   int32 // of the block that made it
	Coinbase bool
}

// CoinSource finds coins: the state before a block.
type CoinSource interface {
	// Coin returns nil without error when there is no such coin, or when it
	// is spent. An error is a failure of the source. The coin must stay
	// unchanged for as long as anybody holds it.
	Coin(op tx.OutPoint) (*Coin, error)
}
