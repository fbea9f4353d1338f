package consensus

// Kind is a rule that can be broken, by Core's reject string. It is an error
// so that errors.Is(err, consensus.ErrBadMerkleRoot) asks for it.
type Kind string

// Error is the reject string.
func (k Kind) Error() string { return string(k) }

// Headers.
const (
	ErrHighHash      Kind = "high-hash"            // the hash is above the target
	ErrBadDiffBits   Kind = "bad-diffbits"         // not the target this height demands
	ErrTimeTooOld    Kind = "time-too-old"         // not after the median time past
	ErrTimeTooNew    Kind = "time-too-new"         // more than two hours ahead of us
	ErrTimeTimewarp  Kind = "time-timewarp-attack" // BIP94
	ErrBadVersion    Kind = "bad-version"          // BIP34, BIP66, BIP65; the reject string adds the version
	ErrPrevNotFound  Kind = "prev-blk-not-found"
	ErrBadPrev       Kind = "bad-prevblk"
	ErrDuplicate     Kind = "duplicate" // a header known to be invalid
	ErrTooLittleWork Kind = "too-little-chainwork"
)

// Transactions by themselves (Core's CheckTransaction).
const (
	ErrNoInputs        Kind = "bad-txns-vin-empty"
	ErrNoOutputs       Kind = "bad-txns-vout-empty"
	ErrTxOversize      Kind = "bad-txns-oversize"
	ErrValueNegative   Kind = "bad-txns-vout-negative"
	ErrValueTooLarge   Kind = "bad-txns-vout-toolarge"
	ErrTotalTooLarge   Kind = "bad-txns-txouttotal-toolarge"
	ErrDuplicateInputs Kind = "bad-txns-inputs-duplicate"
	ErrCoinbaseLength  Kind = "bad-cb-length"
	ErrPrevOutNull     Kind = "bad-txns-prevout-null"
	ErrNonFinal        Kind = "bad-txns-nonfinal" // lock time, or BIP68
	ErrMissingInputs   Kind = "bad-txns-inputs-missingorspent"
	ErrPrematureSpend  Kind = "bad-txns-premature-spend-of-coinbase"
	ErrInputValues     Kind = "bad-txns-inputvalues-outofrange"
	ErrInBelowOut      Kind = "bad-txns-in-belowout"
	ErrFeeOutOfRange   Kind = "bad-txns-fee-outofrange"
	ErrFeesOutOfRange  Kind = "bad-txns-accumulated-fee-outofrange"
	ErrOverwrite       Kind = "bad-txns-BIP30"
	ErrScript          Kind = "mandatory-script-verify-flag-failed"
)

// Blocks.
const (
	ErrBadMerkleRoot     Kind = "bad-txnmrklroot"
	ErrDuplicateTxs      Kind = "bad-txns-duplicate" // CVE-2012-2459
	ErrBlockLength       Kind = "bad-blk-length"
	ErrCoinbaseMissing   Kind = "bad-cb-missing"
	ErrCoinbaseMultiple  Kind = "bad-cb-multiple"
	ErrSigOps            Kind = "bad-blk-sigops"
	ErrSignetSolution    Kind = "bad-signet-blksig"        // BIP325
	ErrCoinbaseHeight    Kind = "bad-cb-height"            // BIP34
	ErrWitnessNonceSize  Kind = "bad-witness-nonce-size"   // BIP141
	ErrWitnessMerkle     Kind = "bad-witness-merkle-match" // BIP141
	ErrUnexpectedWitness Kind = "unexpected-witness"       // BIP141
	ErrBlockWeight       Kind = "bad-blk-weight"           // BIP141
	ErrCoinbaseAmount    Kind = "bad-cb-amount"
)
