package script

import (
	"fmt"
	"strings"
)

// Flags selects the rules an input is verified under. The names are Core's SCRIPT_VERIFY_*; every flag only ever
// forbids more, so what passes under a set passes under each of its subsets that Core would use.
type Flags uint32

// The rules, with Core's bit positions.
const (
	VerifyP2SH                               Flags = 1 << iota // BIP16
	VerifyStrictEnc                                            // defined public key and hash types only
	VerifyDERSig                                               // BIP66
	VerifyLowS                                                 // BIP146: S at most half the group order
	VerifyNullDummy                                            // BIP147: CHECKMULTISIG's extra element is empty
	VerifySigPushOnly                                          // BIP62 rule 2
	VerifyMinimalData                                          // BIP62 rules 3 and 4
	VerifyDiscourageUpgradableNops                             // NOP1, NOP4 to NOP10 are reserved
	VerifyCleanStack                                           // BIP62 rule 6; needs P2SH and WITNESS
	VerifyCheckLockTimeVerify                                  // BIP65
	VerifyCheckSequenceVerify                                  // BIP112
	VerifyWitness                                              // BIP141; needs P2SH
	VerifyDiscourageUpgradableWitnessProgram                   // unknown witness versions are reserved
	VerifyMinimalIf                                            // IF takes exactly "" or 01 in witness v0
	VerifyNullFail                                             // BIP146: a failed signature check had empty signatures
	VerifyWitnessPubKeyType                                    // compressed keys only in witness v0
	VerifyConstScriptCode                                      // no CODESEPARATOR, no FindAndDelete match in legacy
	VerifyTaproot                                              // BIP341, BIP342
	VerifyDiscourageUpgradableTaprootVersion                   // unknown leaf versions are reserved
	VerifyDiscourageOpSuccess                                  // OP_SUCCESSx are reserved
	VerifyDiscourageUpgradablePubKeyType                       // unknown tapscript key types are reserved

	flagsEnd
)

// VerifyNone applies no rule beyond those of the first release.
const VerifyNone Flags = 0

// MandatoryFlags are the rules every new block enforces on main net. Breaking one of them is a consensus failure, not
// a matter of policy (Core's MANDATORY_SCRIPT_VERIFY_FLAGS).
const MandatoryFlags = VerifyP2SH | VerifyDERSig | VerifyNullDummy | VerifyCheckLockTimeVerify |
	VerifyCheckSequenceVerify | VerifyWitness | VerifyTaproot

// StandardFlags are the rules transactions are relayed under (Core's STANDARD_SCRIPT_VERIFY_FLAGS).
const StandardFlags = MandatoryFlags | VerifyStrictEnc | VerifyMinimalData | VerifyDiscourageUpgradableNops |
	VerifyCleanStack | VerifyMinimalIf | VerifyNullFail | VerifyLowS | VerifyDiscourageUpgradableWitnessProgram |
	VerifyWitnessPubKeyType | VerifyConstScriptCode | VerifyDiscourageUpgradableTaprootVersion |
	VerifyDiscourageOpSuccess | VerifyDiscourageUpgradablePubKeyType

// AllFlags has every flag set.
const AllFlags = flagsEnd - 1

// flagNames is indexed by bit position; Core's names without SCRIPT_VERIFY_.
var flagNames = [...]string{
	"P2SH", "STRICTENC", "DERSIG", "LOW_S", "NULLDUMMY", "SIGPUSHONLY", "MINIMALDATA", "DISCOURAGE_UPGRADABLE_NOPS",
	"CLEANSTACK", "CHECKLOCKTIMEVERIFY", "CHECKSEQUENCEVERIFY", "WITNESS", "DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM",
	"MINIMALIF", "NULLFAIL", "WITNESS_PUBKEYTYPE", "CONST_SCRIPTCODE", "TAPROOT",
	"DISCOURAGE_UPGRADABLE_TAPROOT_VERSION", "DISCOURAGE_OP_SUCCESS", "DISCOURAGE_UPGRADABLE_PUBKEYTYPE",
}

// Has reports whether every flag of want is set in f.
func (f Flags) Has(want Flags) bool { return f&want == want }

// Names lists Core's names of the set flags, in bit order.
func (f Flags) Names() []string {
	names := []string{}
	for i, name := range flagNames {
		if f&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// String joins the names with commas; "NONE" for the empty set.
func (f Flags) String() string {
	if f == VerifyNone {
		return "NONE"
	}
	return strings.Join(f.Names(), ",")
}

// ParseFlags reads what String writes. The empty string and "NONE" are the empty set.
func ParseFlags(s string) (Flags, error) {
	var f Flags
	for _, name := range strings.Split(s, ",") {
		if name == "" || name == "NONE" {
			continue
		}
		bit := -1
		for i, known := range flagNames {
			if name == known {
				bit = i
			}
		}
		if bit < 0 {
			return 0, fmt.Errorf("script: unknown verification flag %q; the names are Core's without SCRIPT_VERIFY_", name)
		}
		f |= 1 << bit
	}
	return f, nil
}
