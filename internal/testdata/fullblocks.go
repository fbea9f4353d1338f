package testdata

// RejectReasons are Core's reject strings for the error codes that btcd's full block tests expect, by the code's name.
var RejectReasons = map[string][]string{
	"ErrBadCoinbaseHeight":    {"bad-cb-height"},
	"ErrBadCoinbaseScriptLen": {"bad-cb-length"},
	"ErrBadCoinbaseValue":     {"bad-cb-amount"},
	"ErrBadMerkleRoot":        {"bad-txnmrklroot"},
	"ErrBlockTooBig":          {"bad-blk-length"},
	// Core refuses a repeated transaction as a mutation where the merkle root shows it, and otherwise for spending the
	// same coins twice.
	"ErrDuplicateTx":          {"bad-txns-duplicate", "bad-txns-inputs-missingorspent"},
	"ErrFirstTxNotCoinbase":   {"bad-cb-missing"},
	"ErrHighHash":             {"high-hash"},
	"ErrImmatureSpend":        {"bad-txns-premature-spend-of-coinbase"},
	"ErrMissingTxOut":         {"bad-txns-inputs-missingorspent"},
	"ErrMultipleCoinbases":    {"bad-cb-multiple"},
	"ErrNoTransactions":       {"bad-blk-length"},
	"ErrOverwriteTx":          {"bad-txns-BIP30"},
	"ErrSpendTooHigh":         {"bad-txns-in-belowout"},
	"ErrTimeTooNew":           {"time-too-new"},
	"ErrTimeTooOld":           {"time-too-old"},
	"ErrTooManySigOps":        {"bad-blk-sigops"},
	"ErrUnexpectedDifficulty": {"bad-diffbits", "high-hash"},
	"ErrUnfinalizedTx":        {"bad-txns-nonfinal"},
}
