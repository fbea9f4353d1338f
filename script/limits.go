package script

// The limits of script execution. Tapscript (BIP342) lifts the script size and the operation count and replaces the
// latter by the signature budget; the element and stack limits hold everywhere.
const (
	MaxElementSize  = 520    // bytes in one stack element
	MaxOpsPerScript = 201    // opcodes above OP_16, plus the keys of each CHECKMULTISIG
	MaxMultiSigKeys = 20     // keys in one CHECKMULTISIG
	MaxScriptSize   = 10_000 // bytes in one legacy or witness v0 script
	MaxStackSize    = 1_000  // elements on both stacks together
)

const (
	sigOpBudget       = 50 // weight a passed signature check costs in tapscript (BIP342)
	sigBudgetBase     = 50 // weight every tapscript input has for free
	annexTag          = 0x50
	leafMask          = 0xfe
	leafTapscript     = 0xc0
	controlBaseSize   = 33
	controlNodeSize   = 32
	controlMaxSize    = controlBaseSize + controlNodeSize*128
	lockTimeThreshold = 500_000_000 // lock times below are heights, others Unix times

	sequenceFinal       = 0xffffffff
	sequenceDisableFlag = 1 << 31 // BIP68
	sequenceTypeFlag    = 1 << 22
	sequenceMask        = 0x0000ffff
)
