package mempool

import "github.com/troupe-node/troupe/tx"

// Policy is what the operator decides. DefaultPolicy has Core's values.
type Policy struct {
	RequireStandard bool // false with -acceptnonstdtxn
	// Feerates in satoshis per 1000 virtual bytes.
	MinRelayFee    int64 // -minrelaytxfee
	IncrementalFee int64 // -incrementalrelayfee
	DustFee        int64 // -dustrelayfee
	// MaxDataCarrier is how many bytes an OP_RETURN script may have; 0 forbids
	// them (-datacarrier, -datacarriersize).
	MaxDataCarrier   int
	PermitBareMulti  bool // -permitbaremultisig
	BytesPerSigOp    int  // -bytespersigop
	AncestorCount    int  // -limitancestorcount
	AncestorVBytes   int64
	DescendantCount  int
	DescendantVBytes int64
	FullRBF          bool  // -mempoolfullrbf
	MaxBytes         int64 // -maxmempool, of memory
	ExpirySeconds    int64 // -mempoolexpiry
	MaxOrphans       int   // -maxorphantx
}

// DefaultPolicy is Core 28's.
func DefaultPolicy() Policy {
	return Policy{
		RequireStandard: true, MinRelayFee: 1000, IncrementalFee: 1000, DustFee: 3000,
		MaxDataCarrier: 83, PermitBareMulti: true, BytesPerSigOp: 20,
		AncestorCount: 25, AncestorVBytes: 101_000, DescendantCount: 25, DescendantVBytes: 101_000,
		FullRBF: true, MaxBytes: 300_000_000, ExpirySeconds: 336 * 60 * 60, MaxOrphans: 100,
	}
}

// Limits of Core's policy that nobody configures.
const (
	maxStandardWeight     = 400_000
	minStandardStripped   = 65
	maxStandardSigOpsCost = 80_000 / 5
	maxStandardScriptSig  = 1650
	maxP2SHSigOps         = 15
	maxReplacements       = 100
	extraDescendantVBytes = 10_000 // CPFP carve-out
)

// feeFor is what a feerate asks of a size, rounded up as Core's
// CFeeRate::GetFee does; a positive rate asks for at least a satoshi.
func feeFor(perKVB, vsize int64) int64 {
	fee := (perKVB*vsize + 999) / 1000
	if fee == 0 && vsize != 0 && perKVB > 0 {
		return 1
	}
	return fee
}

// virtualSize is the weight in virtual bytes, or what the signature operations
// are worth if that is more (Core's GetVirtualTransactionSize).
func virtualSize(t *tx.Tx, sigOpCost, bytesPerSigOp int) int64 {
	weight := max(t.Weight(), sigOpCost*bytesPerSigOp)
	return int64((weight + tx.WitnessScale - 1) / tx.WitnessScale)
}
