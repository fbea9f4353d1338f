package mempool

import (
	"errors"
	"fmt"

	"github.com/troupe-node/troupe/consensus"
	"github.com/troupe-node/troupe/tx"
)

// Result says what a refusal means: Core's TxValidationResult.
type Result uint8

// The results.
const (
	Accepted          Result = iota
	Consensus                // breaks a rule of consensus
	InputsNotStandard        // spends outputs that policy does not let it spend so
	NotStandard              // breaks policy, in a way that others may not mind
	MissingInputs            // an input's transaction is unknown, or its output spent: perhaps an orphan
	PrematureSpend           // lock time, or an immature coinbase: later, perhaps
	WitnessMutated           // the witness is bad; another one may be good
	WitnessStripped          // the witness is missing
	Conflict                 // is in the pool or the chain, or conflicts with what is
	MempoolPolicy            // limits of the pool: size, chains, replacement
	Reconsiderable           // pays too little alone; with a child, perhaps not
	Unknown                  // an internal failure, which says nothing about it
)

var resultNames = [...]string{"accepted", "consensus", "inputs-not-standard", "not-standard", "missing-inputs", "premature-spend",
	"witness-mutated", "witness-stripped", "conflict", "mempool-policy", "reconsiderable", "unknown"}

// String names the result for logs.
func (r Result) String() string {
	if int(r) < len(resultNames) {
		return resultNames[r]
	}
	return fmt.Sprintf("result %d", uint8(r))
}

// Reason is a reject string of Core's policy. It is an error, so that
// errors.Is(err, mempool.ErrDust) asks for it.
type Reason string

// Error is the reject string.
func (r Reason) Error() string { return string(r) }

// The reasons of policy; those of consensus are consensus.Kind.
const (
	ErrCoinbase        Reason = "coinbase"
	ErrVersion         Reason = "version"
	ErrTxSize          Reason = "tx-size"
	ErrTxSizeSmall     Reason = "tx-size-small"
	ErrScriptSigSize   Reason = "scriptsig-size"
	ErrScriptSigPush   Reason = "scriptsig-not-pushonly"
	ErrScriptPubKey    Reason = "scriptpubkey"
	ErrBareMultisig    Reason = "bare-multisig"
	ErrDust            Reason = "dust"
	ErrMultiOpReturn   Reason = "multi-op-return"
	ErrNonFinal        Reason = "non-final"
	ErrNonBIP68Final   Reason = "non-BIP68-final"
	ErrAlreadyInPool   Reason = "txn-already-in-mempool"
	ErrSameNonWitness  Reason = "txn-same-nonwitness-data-in-mempool"
	ErrAlreadyKnown    Reason = "txn-already-known"
	ErrMempoolConflict Reason = "txn-mempool-conflict"
	ErrNoReplacement   Reason = "bip125-replacement-disallowed"
	ErrNonStdInputs    Reason = "bad-txns-nonstandard-inputs"
	ErrNonStdWitness   Reason = "bad-witness-nonstandard"
	ErrTooManySigOps   Reason = "bad-txns-too-many-sigops"
	ErrMinFeeNotMet    Reason = "mempool min fee not met"
	ErrMinRelayNotMet  Reason = "min relay fee not met"
	ErrMaxFee          Reason = "max-fee-exceeded"
	ErrTooLongChain    Reason = "too-long-mempool-chain"
	ErrSpendsConflict  Reason = "bad-txns-spends-conflicting-tx"
	ErrInsufficientFee Reason = "insufficient fee"
	ErrTooManyReplaced Reason = "too many potential replacements"
	ErrAddsUnconfirmed Reason = "replacement-adds-unconfirmed"
	ErrPoolFull        Reason = "mempool full"
	ErrNonMandatory    Reason = "non-mandatory-script-verify-flag"
	ErrTRUC            Reason = "TRUC-violation"
	ErrPoolUnavailable Reason = "mempool-unavailable"
	ErrMaxFeeRate      Reason = "max feerate exceeded"
)

// The reasons that concern a package as a whole.
const (
	ErrPackageFailed     Reason = "transaction failed" // one of them
	ErrPackageCount      Reason = "package-too-many-transactions"
	ErrPackageSize       Reason = "package-too-large"
	ErrPackageDuplicates Reason = "package-contains-duplicates"
	ErrPackageOrder      Reason = "package-not-sorted"
	ErrPackageConflict   Reason = "conflict-in-package"
	ErrPackageShape      Reason = "package-not-child-with-parents"
	ErrPackageParents    Reason = "package-not-child-with-unconfirmed-parents"
	ErrPackageLimits     Reason = "package-mempool-limits"
	ErrPackageRBF        Reason = "package RBF failed" // the reject string adds why
)

// Reject is a refusal.
type Reject struct {
	Result Result
	Kind   error  // a Reason or a consensus.Kind; errors.Is finds it
	Text   string // Core's reject string; Kind's text when empty
	Debug  string // for people
}

func reject(result Result, kind error, format string, args ...any) *Reject {
	r := &Reject{Result: result, Kind: kind}
	if format != "" {
		r.Debug = fmt.Sprintf(format, args...)
	}
	return r
}

// Reason is Core's reject string, letter for letter.
func (r *Reject) Reason() string {
	if r.Text != "" {
		return r.Text
	}
	return r.Kind.Error()
}

// Error is the reject string and the debug text, as Core logs them.
func (r *Reject) Error() string {
	if r.Debug == "" {
		return r.Reason()
	}
	return r.Reason() + ", " + r.Debug
}

// Unwrap is the kind.
func (r *Reject) Unwrap() error { return r.Kind }

// fromConsensus turns what a rule of consensus says into a refusal.
func fromConsensus(err error, result Result) *Reject {
	var rule *consensus.RuleError
	if !errors.As(err, &rule) {
		return reject(Unknown, err, "")
	}
	return &Reject{Result: result, Kind: rule.Kind, Text: rule.Reason(), Debug: rule.Debug}
}

// Refused is a transaction that was refused, for the log.
type Refused struct {
	Tx     *tx.Tx
	Peer   int64
	Reject *Reject
}

// TooCheapAlone is the refusal of what was refused for its fee before, and comes
// again without a child.
var TooCheapAlone = reject(Reconsiderable, ErrInsufficientFee, "refused before")

// Unavailable is the refusal of a pool that could not find out.
func Unavailable(why string) *Reject { return reject(Unknown, ErrPoolUnavailable, "%s", why) }
